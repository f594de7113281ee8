/** What libcurl would do for outputs/, in memory: resolve, connect, TLS, EHLO, AUTH. */
#include <stdlib.h>

#include "agent/base/base64.h"
#include "agent/base/limits.h"
#include "agent/story/post_inside.h"

enum { HANDSHAKE_BYTES = 3000 };

/* --- the login ------------------------------------------------------------------- */

static enum link_state fail(struct post_link *link, const struct smtp_reply *reply)
{
    link->failure = *reply;
    link->failure.phase = link->phase;
    link->state = LINK_FAILED;
    return LINK_FAILED;
}

enum link_state post_fail(struct post_link *link, const char *text)
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
    (void)post_send((struct link *)link, buf_slice(line));
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

bool post_offers(const struct link *handle, struct slice keyword)
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
        !post_offers((struct link *)link, SLICE("STARTTLS"))) {
        link->phase = PHASE_STARTTLS;
        return post_fail(link, "the server does not offer STARTTLS");
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
    enum link_state state = post_fail(link, text.ptr);
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
    const void *config = link->is_web ? (const void *)&post->web
                                      : (const void *)&post->configs[link->tls];
    enter(link, PHASE_GREETING);
    link->session = link->talker->create(config, ++post->connection_number,
                                         link->tls == TLS_IMPLICIT);
    if (link->is_web)
        link->state = LINK_READY;
}

/** TLS stands: from the start, or behind STARTTLS. */
static void secure(struct post_link *link)
{
    if (!link->session) {
        greet(link);
        return;
    }
    link->talker->secured(link->session);
    link->tls = TLS_IMPLICIT;
    say_ehlo(link);
}

/** One of the phases without words. @return false when it is not over. */
static bool go_on_silently(struct post_link *link)
{
    if (link->post->is_down && !link->is_web && link->phase > PHASE_RESOLVE) {
        post_fail(link, link->phase == PHASE_CONNECT ? "Connection refused"
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
    ssize_t got = post_receive((struct link *)link, &byte, 1);
    if (got < 0)
        post_fail(link, "The server closed the connection");
    if (got <= 0)
        return false;
    struct slice rest = slice_make(&byte, 1);
    buf_put(&link->heard, rest);
    enum reply_state state = reply_feed(&link->parser, &rest, &link->reply);
    if (state == REPLY_BROKEN)
        post_fail(link, "The server's reply is no SMTP");
    else if (state == REPLY_DONE)
        go_on(link, &link->reply);
    return true;
}

enum link_state post_log_in(struct link *handle, struct now now)
{
    struct post_link *link = (void *)handle;
    bool is_going = true;
    while (is_going && link->state == LINK_OPENING) {
        if (now.mono_ms - link->step_ms >= POST_STEP_MS)
            return post_fail(link, "Connection timed out");
        is_going = link->phase < PHASE_GREETING ? go_on_silently(link) : hear(link);
    }
    return link->state;
}

int64_t post_size_max(const struct link *handle)
{
    const struct post_link *link = (const void *)handle;
    struct slice rest = buf_slice(&link->ehlo), line;
    struct buf offers = buf_make(rest.len);
    while (slice_next(&rest, '\n', &line))
        if (line.len > 4) {
            buf_put(&offers, slice_make(line.ptr + 4, line.len - 4));
            buf_putc(&offers, '\n');
        }
    int64_t size = reply_size_max(buf_slice(&offers));
    buf_free(&offers);
    return size;
}
