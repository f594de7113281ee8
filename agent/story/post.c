/**
 * Each link owns one conversation. What the server says is there at once, unless a
 * script holds it back or lets it drip; then post_wake_at() tells the runner when to go
 * on.
 */
#include "agent/story/post.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/base64.h"
#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/secret.h"
#include "agent/sink/sink_limits.h"
#include "outputs/reply.h"

/* What libcurl grants each step of a login (smtp.c). */
enum { MAX_LINKS = 16, STEP_TIMEOUT_MS = 30 * 1000, HANDSHAKE_BYTES = 3000 };

/** What libcurl would be to outputs/; struct link is this. */
struct post_link {
    struct post *post;
    struct smtpd *session; /* NULL: never connected, or broken */
    enum link_state state;
    enum smtp_phase phase;
    struct smtp_reply failure;
    struct reply_parser parser;
    struct slice user, ehlo_name;
    int tls;
    struct secret secret;
    struct buf heard, ehlo;
    int64_t step_ms;      /* since when the server owes what comes next */
    int64_t resume_at_ms; /* NEVER_MS: the server holds nothing back */
    bool is_judged;       /* the script has spoken before this phase */
    int64_t drips_from_ms, dripped_bytes;
    int events;
};

struct post {
    const struct now *now;
    struct link_ops ops;
    struct smtpd_config configs[3]; /* by TLS_* */
    struct smtpd_tally tally;
    struct script script;
    bool is_down;
    struct post_link *links[MAX_LINKS];
    size_t link_count;
    uint64_t connection_number;
    struct post_mail *mails;
    size_t mail_count, mail_capacity;
    struct arena arena; /* what mails borrow */
};

/* --- the bytes ------------------------------------------------------------------- */

/** Let the clock have its effect: a held reply, bytes that drip. */
static void refresh(struct post_link *link)
{
    int64_t mono_ms = link->post->now->mono_ms;
    if (!link->session)
        return;
    if (smtpd_pause_ms(link->session) > 0 && link->resume_at_ms == NEVER_MS)
        link->resume_at_ms = later_by_ms(mono_ms, smtpd_pause_ms(link->session));
    if (mono_ms >= link->resume_at_ms) {
        link->resume_at_ms = NEVER_MS;
        smtpd_resume(link->session);
    }
    if (smtpd_slow_bytes(link->session) > 0 && link->drips_from_ms == 0)
        link->drips_from_ms = mono_ms;
}

/** Bytes that have dripped since it began and were not taken. */
static size_t dripped(const struct post_link *link)
{
    int64_t span_ms = link->post->now->mono_ms - link->drips_from_ms;
    int64_t all = 1 + span_ms * smtpd_slow_bytes(link->session) / SECOND_MS;
    return (size_t)(all - link->dripped_bytes);
}

static struct slice available(const struct post_link *link)
{
    struct slice output = smtpd_output(link->session);
    if (smtpd_slow_bytes(link->session) > 0 && dripped(link) < output.len)
        output.len = dripped(link);
    return output;
}

static void take(struct post_link *link, size_t count)
{
    smtpd_sent(link->session, count);
    if (smtpd_slow_bytes(link->session) > 0)
        link->dripped_bytes += (int64_t)count;
}

/** Will the server say nothing more? */
static bool is_closed(const struct post_link *link)
{
    if (!link->session)
        return true;
    enum smtpd_wish wish = smtpd_wish(link->session);
    return smtpd_output(link->session).len == 0 &&
           (wish == SMTPD_CLOSE || wish == SMTPD_RESET);
}

static ssize_t link_receive(struct link *handle, void *into, size_t size)
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

static ssize_t link_send(struct link *handle, struct slice bytes)
{
    struct post_link *link = (void *)handle;
    refresh(link);
    if (!link->session || smtpd_wish(link->session) == SMTPD_RESET)
        return -1;
    if (link->resume_at_ms != NEVER_MS)
        return 0;
    if (bytes.len > LIMIT_SINK_INBOX_BYTES)
        bytes.len = LIMIT_SINK_INBOX_BYTES;
    smtpd_feed(link->session, bytes);
    refresh(link);
    return (ssize_t)bytes.len;
}

/* --- the login ------------------------------------------------------------------- */

static enum link_state fail(struct post_link *link, const struct smtp_reply *reply)
{
    link->failure = *reply;
    link->failure.phase = link->phase;
    link->state = LINK_FAILED;
    return LINK_FAILED;
}

static enum link_state fail_network(struct post_link *link, const char *text)
{
    struct smtp_reply reply = reply_of_network(link->phase, slice_of(text));
    return fail(link, &reply);
}

static void enter(struct post_link *link, enum smtp_phase phase)
{
    link->phase = phase;
    link->step_ms = link->post->now->mono_ms;
    link->is_judged = false;
}

static void say(struct post_link *link, enum smtp_phase phase, const struct buf *line)
{
    enter(link, phase);
    buf_clear(&link->heard);
    (void)link_send((struct link *)link, buf_slice(line));
}

static void say_ehlo(struct post_link *link)
{
    struct buf line = buf_make(1024);
    buf_printf(&line, "EHLO %.*s\r\n", SLICE_ARG(link->ehlo_name));
    say(link, PHASE_EHLO, &line);
    buf_free(&line);
}

static void say_starttls(struct post_link *link)
{
    struct buf line = buf_make(64);
    buf_puts(&line, "STARTTLS\r\n");
    say(link, PHASE_STARTTLS, &line);
    buf_free(&line);
}

static void say_auth(struct post_link *link)
{
    struct buf plain = buf_make(8192), line = buf_make(16384);
    buf_putc(&plain, '\0');
    buf_put(&plain, link->user);
    buf_putc(&plain, '\0');
    buf_put(&plain, secret_slice(&link->secret));
    buf_puts(&line, "AUTH PLAIN ");
    base64_put(&line, buf_slice(&plain), BASE64);
    buf_puts(&line, "\r\n");
    say(link, PHASE_AUTH, &line);
    buf_free(&plain);
    buf_free(&line);
}

static bool link_has_extension(const struct link *handle, struct slice keyword)
{
    const struct post_link *link = (const void *)handle;
    struct slice rest = buf_slice(&link->ehlo), line;
    while (slice_next(&rest, '\n', &line)) {
        line = slice_trim(line);
        if (line.len < 4 + keyword.len)
            continue;
        struct slice word = slice_make(line.ptr + 4, keyword.len);
        bool ends = line.len == 4 + keyword.len || line.ptr[4 + keyword.len] == ' ';
        if (ends && slice_equal_nocase(word, keyword))
            return true;
    }
    return false;
}

static enum link_state after_ehlo(struct post_link *link)
{
    buf_clear(&link->ehlo);
    buf_put(&link->ehlo, buf_slice(&link->heard));
    if (link->tls == TLS_STARTTLS &&
        !link_has_extension((struct link *)link, SLICE("STARTTLS"))) {
        link->phase = PHASE_STARTTLS;
        return fail_network(link, "the server does not offer STARTTLS");
    }
    if (link->tls == TLS_STARTTLS) {
        say_starttls(link);
        return LINK_OPENING;
    }
    if (link->user.len > 0) {
        say_auth(link);
        return LINK_OPENING;
    }
    link->state = LINK_READY;
    return LINK_READY;
}

/** A whole reply is there. @return what the link is now. */
static enum link_state go_on(struct post_link *link, const struct smtp_reply *reply)
{
    static const int wanted[] = { [PHASE_GREETING] = 220,
                                  [PHASE_EHLO] = 250,
                                  [PHASE_STARTTLS] = 220,
                                  [PHASE_AUTH] = 235 };
    if (reply->code != wanted[link->phase])
        return fail(link, reply);
    switch (link->phase) {
    case PHASE_GREETING:
        say_ehlo(link);
        return LINK_OPENING;
    case PHASE_EHLO:
        return after_ehlo(link);
    case PHASE_STARTTLS:
        enter(link, PHASE_TLS);
        return LINK_OPENING;
    default:
        link->state = LINK_READY;
        return LINK_READY;
    }
}

/* --- before the first byte ------------------------------------------------------- */

/** What a script's reply says in a phase without words is what the network says. */
static enum link_state refuse(struct post_link *link,
                              const struct script_action *action)
{
    static const char *const usual[] = { [PHASE_RESOLVE] = "Could not resolve host",
                                         [PHASE_CONNECT] = "Connection refused",
                                         [PHASE_TLS] = "Connection reset by peer" };
    struct buf text = buf_make(LIMIT_REPLY_TEXT_BYTES);
    if (action->act == SCRIPT_REPLY)
        buf_put(&text, action->text);
    else if (action->act == SCRIPT_RAW && link->phase == PHASE_TLS)
        buf_puts(&text, "wrong version number");
    else
        buf_puts(&text, usual[link->phase]);
    enum link_state state = fail_network(link, text.ptr);
    buf_free(&text);
    return state;
}

/** Lets the script speak once. @return false when the phase is not over. */
static bool pass_phase(struct post_link *link, enum script_phase phase)
{
    int64_t mono_ms = link->post->now->mono_ms;
    if (!link->is_judged) {
        const struct script_action *action =
            script_judge(&link->post->script, phase, SLICE(""));
        link->is_judged = true;
        if (action && action->act == SCRIPT_HANG)
            link->resume_at_ms = NEVER_MS - 1;
        else if (action && action->act != SCRIPT_PASS)
            refuse(link, action);
        else if (action && action->slow_bytes > 0)
            link->resume_at_ms =
                mono_ms + HANDSHAKE_BYTES * SECOND_MS / action->slow_bytes;
        else if (action && action->wait_ms > 0)
            link->resume_at_ms = later_by_ms(mono_ms, action->wait_ms);
    }
    if (link->state == LINK_FAILED ||
        (link->resume_at_ms != NEVER_MS && mono_ms < link->resume_at_ms))
        return false;
    link->resume_at_ms = NEVER_MS;
    return true;
}

static void greet(struct post_link *link)
{
    struct post *post = link->post;
    enter(link, PHASE_GREETING);
    link->session = smtpd_create(&post->configs[link->tls], ++post->connection_number,
                                 link->tls == TLS_IMPLICIT);
}

/** TLS stands: from the start, or behind STARTTLS. */
static void secure(struct post_link *link)
{
    if (!link->session) {
        greet(link);
        return;
    }
    smtpd_secured(link->session);
    link->tls = TLS_IMPLICIT;
    say_ehlo(link);
}

/** One of the phases without words. @return false when it is not over. */
static bool go_on_silently(struct post_link *link)
{
    if (link->post->is_down && link->phase > PHASE_RESOLVE) {
        fail_network(link, link->phase == PHASE_CONNECT ? "Connection refused"
                                                        : "Connection reset by peer");
        return false;
    }
    switch (link->phase) {
    case PHASE_RESOLVE:
        if (!pass_phase(link, SCRIPT_RESOLVE))
            return false;
        enter(link, PHASE_CONNECT);
        return true;
    case PHASE_CONNECT:
        if (!pass_phase(link, SCRIPT_CONNECT))
            return false;
        if (link->tls == TLS_IMPLICIT)
            enter(link, PHASE_TLS);
        else
            greet(link);
        return true;
    default:
        if (!pass_phase(link, SCRIPT_TLS))
            return false;
        secure(link);
        return true;
    }
}

/** One octet at a time: what stands behind a reply belongs to the next. @return false
 *  when nothing is there. */
static bool hear(struct post_link *link)
{
    char byte;
    struct smtp_reply reply = { 0 };
    ssize_t got = link_receive((struct link *)link, &byte, 1);
    if (got < 0)
        fail_network(link, "The server closed the connection");
    if (got <= 0)
        return false;
    struct slice rest = slice_make(&byte, 1);
    buf_put(&link->heard, rest);
    enum reply_state state = reply_feed(&link->parser, &rest, &reply);
    if (state == REPLY_BROKEN)
        fail_network(link, "The server's reply is no SMTP");
    else if (state == REPLY_DONE)
        go_on(link, &reply);
    return true;
}

static enum link_state link_step(struct link *handle, struct now now)
{
    struct post_link *link = (void *)handle;
    bool is_going = true;
    while (is_going && link->state == LINK_OPENING) {
        if (now.mono_ms - link->step_ms >= STEP_TIMEOUT_MS)
            return fail_network(link, "Connection timed out");
        is_going = link->phase < PHASE_GREETING ? go_on_silently(link) : hear(link);
    }
    return link->state;
}

static const struct smtp_reply *link_failure(const struct link *handle)
{
    return &((const struct post_link *)(const void *)handle)->failure;
}

/* --- links ----------------------------------------------------------------------- */

/** As in earnest, but for one thing: a story need not bring a password file. */
static bool read_secret(struct post_link *link, const struct account *account)
{
    struct err err = { 0 };
    if (account->password_file.len == 0)
        return true;
    if (secret_read(account->password_file, &link->secret, &err) ||
        err.kind == ERR_MISSING)
        return true;
    link->phase = PHASE_AUTH;
    fail_network(link, err.text);
    return false;
}

static struct link *link_open(void *ctx, const struct account *account,
                              const struct wakes *wakes, struct now now)
{
    struct post *post = ctx;
    struct post_link *link = mem_zalloc(sizeof *link);
    (void)wakes;
    must(post->link_count < MAX_LINKS);
    post->links[post->link_count++] = link;
    link->post = post;
    link->user = account->user;
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
    smtpd_free(link->session);
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
    return link->step_ms + STEP_TIMEOUT_MS;
}

/* --- the server ------------------------------------------------------------------ */

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
                            .bytes = arena_slice(&post->arena, mail->bytes) };
    buf_free(&recipients);
}

struct post *post_create(const struct now *now)
{
    struct post *post = mem_zalloc(sizeof *post);
    post->now = now;
    post->ops = (struct link_ops){ .open = link_open,
                                   .step = link_step,
                                   .failure = link_failure,
                                   .has_extension = link_has_extension,
                                   .send = link_send,
                                   .receive = link_receive,
                                   .want = link_want,
                                   .close = link_close,
                                   .wake_at = link_wake_at,
                                   .ctx = post };
    for (int tls = TLS_IMPLICIT; tls <= TLS_NONE; tls++)
        post->configs[tls] =
            (struct smtpd_config){ .host = SLICE("smtp.gmail.com"),
                                   .offers_starttls = tls == TLS_STARTTLS,
                                   .wants_login = tls != TLS_NONE,
                                   .is_strict = true,
                                   .max_bytes = SMTPD_GMAIL_SIZE,
                                   .script = &post->script,
                                   .tally = &post->tally,
                                   .accept = keep_mail,
                                   .ctx = post };
    return post;
}

void post_free(struct post *post)
{
    if (!post)
        return;
    while (post->link_count > 0)
        link_close((struct link *)post->links[0]);
    script_clear(&post->script);
    free(post->mails);
    arena_free(&post->arena);
    free(post);
}

const struct link_ops *post_links(const struct post *post)
{
    return &post->ops;
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
        smtpd_free(post->links[i]->session);
        post->links[i]->session = NULL;
        post->links[i]->resume_at_ms = NEVER_MS;
    }
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
    int64_t rate = link->session ? smtpd_slow_bytes(link->session) : 0;
    if (rate == 0 || link->drips_from_ms == 0 || smtpd_output(link->session).len == 0)
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
