/**
 * Each link owns one conversation. What the server says is there at once, unless a
 * script holds it back or lets it drip; then post_wake_at() tells the runner when to go
 * on.
 */
#include "agent/story/post.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/must.h"
#include "agent/base/unmime.h"
#include "agent/sink/sink_limits.h"
#include "agent/story/post_inside.h"
#include "outputs/login.h"

enum { TOKEN_LIFE_S = 3599 };

/* --- the bytes ------------------------------------------------------------------- */

/** Let the clock have its effect: a held reply, bytes that drip. */
static void refresh(struct post_link *link)
{
    int64_t mono_ms = link->post->now->mono_ms;
    if (!link->session)
        return;
    if (link->talker->pause_ms(link->session) > 0 && link->resume_at_ms == NEVER_MS)
        link->resume_at_ms =
            later_by_ms(mono_ms, link->talker->pause_ms(link->session));
    if (mono_ms >= link->resume_at_ms) {
        link->resume_at_ms = NEVER_MS;
        link->talker->resume(link->session);
    }
    if (link->talker->slow_bytes(link->session) > 0 && link->drips_from_ms == 0)
        link->drips_from_ms = mono_ms;
}

/** Bytes that have dripped since it began and were not taken. */
static size_t dripped(const struct post_link *link)
{
    int64_t span_ms = link->post->now->mono_ms - link->drips_from_ms;
    int64_t all = 1 + span_ms * link->talker->slow_bytes(link->session) / SECOND_MS;
    return (size_t)(all - link->dripped_bytes);
}

static struct slice available(const struct post_link *link)
{
    struct slice output = link->talker->output(link->session);
    if (link->talker->slow_bytes(link->session) > 0 && dripped(link) < output.len)
        output.len = dripped(link);
    return output;
}

static void take(struct post_link *link, size_t count)
{
    link->talker->sent(link->session, count);
    if (link->talker->slow_bytes(link->session) > 0)
        link->dripped_bytes += (int64_t)count;
}

/** Will the server say nothing more? */
static bool is_closed(const struct post_link *link)
{
    if (!link->session)
        return true;
    enum smtpd_wish wish = link->talker->wish(link->session);
    return link->talker->output(link->session).len == 0 &&
           (wish == SMTPD_CLOSE || wish == SMTPD_RESET);
}

ssize_t post_receive(struct link *handle, void *into, size_t size)
{
    struct post_link *link = (void *)handle;
    refresh(link);
    if (is_closed(link))
        return -1;
    struct slice bytes = available(link);
    if (bytes.len > size)
        bytes.len = size;
    if (bytes.len > 0)
        memcpy(into, bytes.ptr, bytes.len);
    take(link, bytes.len);
    return (ssize_t)bytes.len;
}

ssize_t post_send(struct link *handle, struct slice bytes)
{
    struct post_link *link = (void *)handle;
    refresh(link);
    if (!link->session || link->talker->wish(link->session) == SMTPD_RESET)
        return -1;
    if (link->resume_at_ms != NEVER_MS)
        return 0;
    if (bytes.len > LIMIT_SINK_INBOX_BYTES)
        bytes.len = LIMIT_SINK_INBOX_BYTES;
    link->talker->feed(link->session, bytes);
    refresh(link);
    return (ssize_t)bytes.len;
}

/* --- links ----------------------------------------------------------------------- */

/** As in earnest, but for one thing: a story need not bring a password file. */
static bool read_secret(struct post_link *link, const struct account *account)
{
    struct err err = { 0 };
    if (account->user.len == 0 || account->password_file.len == 0)
        return true;
    if (secret_read(account->password_file, &link->secret, &err) ||
        err.kind == ERR_MISSING)
        return true;
    link->phase = PHASE_AUTH;
    post_fail(link, err.text);
    return false;
}

static const struct smtp_reply *link_failure(const struct link *handle)
{
    return &((const struct post_link *)(const void *)handle)->failure;
}

static struct link *link_open(void *ctx, const struct account *account,
                              const struct wakes *wakes, struct now now)
{
    struct post *post = ctx;
    struct post_link *link = mem_zalloc(sizeof *link);
    (void)wakes;
    must(post->link_count < POST_LINKS);
    post->links[post->link_count++] = link;
    link->post = post;
    link->user = account->user;
    link->is_web = account->is_bare;
    link->talker = account->is_bare ? &talker_web : &talker_smtp;
    link->ehlo_name = account->ehlo;
    link->tls = account->tls;
    link->heard = link->ehlo = buf_make(LIMIT_SMTP_REPLY_BYTES);
    link->step_ms = now.mono_ms;
    link->resume_at_ms = NEVER_MS;
    (void)read_secret(link, account);
    return (struct link *)link;
}

static void link_want(struct link *handle, int events)
{
    ((struct post_link *)(void *)handle)->events = events;
}

static void link_close(struct link *handle)
{
    struct post_link *link = (void *)handle;
    struct post *post = link->post;
    for (size_t i = 0; i < post->link_count; i++) {
        if (post->links[i] == link) {
            post->links[i] = post->links[--post->link_count];
            break;
        }
    }
    link->talker->free(link->session);
    secret_wipe(&link->secret);
    buf_free(&link->heard);
    buf_free(&link->ehlo);
    free(link);
}

static int64_t link_wake_at(const struct link *handle)
{
    const struct post_link *link = (const void *)handle;
    if (link->state != LINK_OPENING)
        return NEVER_MS;
    return link->step_ms + POST_STEP_MS;
}

/* --- the server ------------------------------------------------------------------ */

static uint64_t hash_of_id(struct slice mail)
{
    struct buf id = buf_make(LIMIT_MAIL_BYTES);
    unmime_header(mail, "Message-ID", &id);
    uint64_t hash = id.len > 0 ? hash_bytes(buf_slice(&id)) : 0;
    buf_free(&id);
    return hash;
}

/** Tokens end by the story's clock. */
static void answer_web(void *ctx, const struct web_request *request,
                       struct web_answer *answer)
{
    struct post *post = ctx;
    post->google.oauth.now_ms = post->now->mono_ms;
    post->google.oauth.unix_s = post->now->unix_ms / SECOND_MS;
    google_answer(&post->google, request, answer);
}

static void keep_mail(void *ctx, const struct smtpd_mail *mail)
{
    struct post *post = ctx;
    struct buf recipients = buf_make(64 * 1024);
    for (size_t i = 0; i < mail->recipient_count; i++) {
        buf_puts(&recipients, i > 0 ? ", " : "");
        buf_put(&recipients, mail->recipients[i]);
    }
    *mem_push(post->mails, post->mail_count, post->mail_capacity) =
        (struct post_mail){ .mono_ms = post->now->mono_ms,
                            .from = arena_slice(&post->arena, mail->from),
                            .recipients =
                                arena_slice(&post->arena, buf_slice(&recipients)),
                            .bytes = arena_slice(&post->arena, mail->bytes),
                            .id_hash = hash_of_id(mail->bytes) };
    buf_free(&recipients);
}

/** A Maildir is a folder of this host, which a story leaves alone: what would lie there
 *  is kept with the others, for "maildir:FOLDER". */
static bool keep_file(void *ctx, struct slice folder, struct slice bytes)
{
    struct buf recipient = buf_make(64 * 1024);
    buf_puts(&recipient, "maildir:");
    buf_put(&recipient, folder);
    const struct slice to = buf_slice(&recipient);
    const struct smtpd_mail mail = { .recipients = &to,
                                     .recipient_count = 1,
                                     .bytes = bytes };
    keep_mail(ctx, &mail);
    buf_free(&recipient);
    return true;
}

struct post *post_create(const struct now *now)
{
    struct post *post = mem_zalloc(sizeof *post);
    post->now = now;
    post->ops = (struct link_ops){ .open = link_open,
                                   .step = post_log_in,
                                   .failure = link_failure,
                                   .has_extension = post_offers,
                                   .size_max = post_size_max,
                                   .send = post_send,
                                   .receive = post_receive,
                                   .want = link_want,
                                   .close = link_close,
                                   .wake_at = link_wake_at,
                                   .keep = keep_file,
                                   .ctx = post };
    for (int tls = TLS_IMPLICIT; tls <= TLS_NONE; tls++)
        post->configs[tls] =
            (struct smtpd_config){ .host = SLICE("smtp.gmail.com"),
                                   .offers_starttls = tls == TLS_STARTTLS,
                                   .wants_login = tls != TLS_NONE,
                                   .is_strict = true,
                                   .max_bytes = SMTPD_GMAIL_SIZE,
                                   .google = &post->google,
                                   .script = &post->script,
                                   .tally = &post->tally,
                                   .accept = keep_mail,
                                   .ctx = post };
    post->google = (struct google){ .script = &post->script,
                                    .tally = &post->tally,
                                    .accept = keep_mail,
                                    .ctx = post,
                                    .oauth.life_s = TOKEN_LIFE_S };
    post->web = (struct webd_config){ 2 * SMTPD_GMAIL_SIZE, answer_web, post };
    post->logins = links_with_login(&post->ops);
    return post;
}

void post_free(struct post *post)
{
    if (!post)
        return;
    while (post->link_count > 0)
        link_close((struct link *)post->links[0]);
    (void)links_login_free(post->logins);
    script_clear(&post->script);
    free(post->mails);
    arena_free(&post->arena);
    free(post);
}

const struct link_ops *post_links(const struct post *post)
{
    return post->logins;
}

struct script *post_script(struct post *post)
{
    return &post->script;
}

const struct smtpd_tally *post_tally(const struct post *post)
{
    return &post->tally;
}

size_t post_mail_count(const struct post *post)
{
    return post->mail_count;
}

const struct post_mail *post_mail(const struct post *post, size_t index)
{
    must(index < post->mail_count);
    return &post->mails[index];
}

void post_set_down(struct post *post, bool is_down)
{
    post->is_down = is_down;
    for (size_t i = 0; is_down && i < post->link_count; i++) {
        if (post->links[i]->is_web)
            continue;
        post->links[i]->talker->free(post->links[i]->session);
        post->links[i]->session = NULL;
        post->links[i]->resume_at_ms = NEVER_MS;
    }
}

void post_set_size(struct post *post, size_t bytes)
{
    for (int tls = TLS_IMPLICIT; tls <= TLS_NONE; tls++)
        post->configs[tls].max_bytes = bytes;
}

static bool is_ready(const struct post_link *link)
{
    if (is_closed(link))
        return link->events != 0;
    if ((link->events & WAKE_READ) && available(link).len > 0)
        return true;
    return (link->events & WAKE_WRITE) && link->resume_at_ms == NEVER_MS;
}

bool post_is_ready(const struct post *post)
{
    for (size_t i = 0; i < post->link_count; i++) {
        if (is_ready(post->links[i]))
            return true;
    }
    return false;
}

static int64_t next_drip_ms(const struct post_link *link)
{
    int64_t rate = link->session ? link->talker->slow_bytes(link->session) : 0;
    if (rate == 0 || link->drips_from_ms == 0 ||
        link->talker->output(link->session).len == 0)
        return NEVER_MS;
    /* Rounded up, so that the byte is really there then. */
    return link->drips_from_ms + (link->dripped_bytes * SECOND_MS + rate - 1) / rate;
}

int64_t post_wake_at(const struct post *post)
{
    int64_t wake_at = NEVER_MS;
    for (size_t i = 0; i < post->link_count; i++) {
        wake_at = earlier_ms(wake_at, post->links[i]->resume_at_ms);
        wake_at = earlier_ms(wake_at, next_drip_ms(post->links[i]));
    }
    return wake_at;
}
