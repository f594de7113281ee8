/** One POST for each mail, behind the words of a mail server. */
#include "outputs/webhook.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/text.h"
#include "outputs/front.h"
#include "outputs/https.h"
#include "outputs/reply.h"
#include "outputs/webhook_body.h"

enum { ANSWER_SHOWN_BYTES = 300, NUMBER_BYTES = 64, BODY_BYTES = 8 * LIMIT_MAIL_BYTES };

enum hook_state {
    HOOK_OPENING,
    HOOK_SERVES,   /* the front has the word, or a mail may come once it is connected */
    HOOK_CONNECTS, /* the mail is at hand, the connection is not there yet */
    HOOK_POSTS,    /* the receiver has the word */
    HOOK_CLOSED,
};

struct webhook {
    enum hook_state state;
    const struct account *account;
    struct front front;
    struct secret address, token; /* out of their files; may be empty */
    struct web_url url;
    struct https https;
    struct https_place place;
    struct now now; /* of the last step */
    struct buf body;
    struct smtp_reply failure;
};

/* --- where to --------------------------------------------------------------------- */

bool webhook_find_url(const struct account *account, struct secret *text,
                      struct web_url *url, struct err *err)
{
    struct slice address = account->url;
    if (account->url_file.len > 0 && !secret_read(account->url_file, text, err))
        return false;
    if (account->url_file.len > 0)
        address = secret_slice(text);
    if (!web_url_parse(address, url))
        return err_set(err, ERR_INVALID,
                       "the secret '%.*s' cannot be used: it is no address like "
                       "https://HOST/PATH",
                       SLICE_ARG(text_cut(account->url_file, 200)));
    if (url->is_plain && !account->allows_plain && !web_host_is_loopback(url->host))
        return err_set(err, ERR_INVALID,
                       "the secret '%.*s' cannot be used: its address begins with "
                       "http://, and what is posted would go in clear (allow_http)",
                       SLICE_ARG(text_cut(account->url_file, 200)));
    return true;
}

static bool read_secrets(struct webhook *webhook, struct err *err)
{
    const struct account *account = webhook->account;
    if (!webhook_find_url(account, &webhook->address, &webhook->url, err))
        return false;
    webhook->place = (struct https_place){ .host = webhook->url.host,
                                           .port = webhook->url.port,
                                           .ca_file = account->ca_file,
                                           .is_plain = webhook->url.is_plain };
    return account->token_file.len == 0 ||
           secret_read(account->token_file, &webhook->token, err);
}

/* --- a request -------------------------------------------------------------------- */

static void say(struct webhook *webhook, const char *line)
{
    front_say(&webhook->front, line);
    webhook->state = HOOK_SERVES;
}

static bool put_head(const struct webhook *webhook, struct secret *head)
{
    char length[NUMBER_BYTES];
    bool has_token = webhook->token.len > 0;
    snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", webhook->body.len);
    return web_url_put_post(head, &webhook->url) &&
           secret_put(head,
                      SLICE("Accept: */*\r\n"
                            "Content-Type: application/json; charset=utf-8\r\n")) &&
           (!has_token || (secret_put(head, SLICE("Authorization: Bearer ")) &&
                           secret_put(head, secret_slice(&webhook->token)) &&
                           secret_put(head, SLICE("\r\n")))) &&
           secret_put(head, slice_of(length));
}

static void post(struct webhook *webhook)
{
    struct secret head = { 0 };
    struct err err = { 0 };
    buf_clear(&webhook->body);
    webhook_body_put(&webhook->body, buf_slice(&webhook->front.mail),
                     webhook->account->is_text_only);
    if (secret_open(&head, LIMIT_REQUEST_HEAD_BYTES, &err) &&
        put_head(webhook, &head) && !webhook->body.overflowed) {
        https_ask(&webhook->https, &head, buf_slice(&webhook->body), webhook->now);
        webhook->state = HOOK_POSTS;
    } else {
        say(webhook, "451 4.3.0 the request could not be made");
    }
    secret_wipe(&head);
}

/* --- the answer ------------------------------------------------------------------- */

/* What a mail server could not say as a reply to the dot becomes "not there", which is
 * what an address that leads elsewhere is; the words keep HTTP's own status. */
static int code_of(int status)
{
    bool is_known = (status >= 200 && status < 300) || (status >= 400 && status < 600);
    return is_known ? status : 404;
}

static void say_answer(struct webhook *webhook)
{
    const struct http_response *response = &webhook->https.response;
    struct buf text = buf_make(LIMIT_REPLY_TEXT_BYTES);
    struct slice said = slice_trim(secret_slice(&response->body));
    buf_printf(&text, "%d HTTP %d", code_of(response->status), response->status);
    if (response->status >= 300 && said.len > 0) {
        buf_puts(&text, ": ");
        text_put_clean(&text, text_cut(said, ANSWER_SHOWN_BYTES), false);
    }
    if (response->retry_after_s >= 0)
        buf_printf(&text, " (retry after %lld s)", (long long)response->retry_after_s);
    say(webhook, text.ptr);
    buf_free(&text);
}

/* Without its last byte a request is none. */
static void lose_answer(struct webhook *webhook)
{
    if (webhook->https.is_offered)
        webhook->state = HOOK_CLOSED;
    else
        say(webhook, "451 4.4.2 the connection broke before the request had left");
}

/* --- going on --------------------------------------------------------------------- */

static enum link_state prepare(struct webhook *webhook)
{
    enum link_state state =
        https_prepare(&webhook->https, &webhook->place, webhook->now);
    if (state == LINK_FAILED)
        webhook->failure = webhook->https.failure;
    return state;
}

static void at_opening(struct webhook *webhook)
{
    enum link_state state = prepare(webhook);
    if (state != LINK_OPENING)
        webhook->state = state == LINK_READY ? HOOK_SERVES : HOOK_CLOSED;
}

/* A mail is announced. The next login tells why there is no connection. */
static void invite(struct webhook *webhook)
{
    enum link_state state = prepare(webhook);
    if (state == LINK_READY)
        say(webhook, "250 2.1.0 OK");
    else if (state == LINK_FAILED)
        webhook->state = HOOK_CLOSED;
}

static void at_serves(struct webhook *webhook)
{
    front_take(&webhook->front);
    if (webhook->front.state == FRONT_ASKED)
        invite(webhook);
    else if (webhook->front.state == FRONT_FULL)
        webhook->state = HOOK_CONNECTS;
    else if (webhook->front.state == FRONT_ENDED)
        webhook->state = HOOK_CLOSED;
}

static void at_connects(struct webhook *webhook)
{
    enum link_state state = prepare(webhook);
    if (state == LINK_READY)
        post(webhook);
    else if (state == LINK_FAILED)
        say(webhook, "421 4.4.2 the connection expired, and no new one could be made");
}

static void at_posts(struct webhook *webhook)
{
    enum https_state state = https_step(&webhook->https, webhook->now);
    if (state == HTTPS_ANSWERED)
        say_answer(webhook);
    else if (state == HTTPS_CLOSED)
        lose_answer(webhook);
}

static void at_closed(struct webhook *webhook)
{
    (void)webhook;
}

static void (*const steps[])(struct webhook *) = {
    [HOOK_OPENING] = at_opening,   [HOOK_SERVES] = at_serves,
    [HOOK_CONNECTS] = at_connects, [HOOK_POSTS] = at_posts,
    [HOOK_CLOSED] = at_closed,
};

/* Until nothing more happens without waiting. */
static void go_on(struct webhook *webhook)
{
    enum hook_state before;
    enum front_state before_it;
    do {
        before = webhook->state;
        before_it = webhook->front.state;
        steps[before](webhook);
    } while (webhook->state != before || webhook->front.state != before_it);
}

/* --- as a link -------------------------------------------------------------------- */

struct webhook *webhook_open(const struct account *account,
                             const struct link_ops *links, const struct wakes *wakes,
                             struct now now)
{
    struct webhook *webhook = mem_zalloc(sizeof *webhook);
    struct err err = { 0 };
    webhook->account = account;
    webhook->now = now;
    webhook->https.ops = links;
    webhook->https.wakes = wakes;
    webhook->body = buf_make(BODY_BYTES);
    front_init(&webhook->front);
    if (!read_secrets(webhook, &err)) {
        webhook->failure = reply_of_network(PHASE_AUTH, slice_of(err.text));
        webhook->state = HOOK_CLOSED;
    }
    return webhook;
}

void webhook_close(struct webhook *webhook)
{
    if (!webhook)
        return;
    https_close(&webhook->https);
    front_clear(&webhook->front);
    secret_wipe(&webhook->address);
    secret_wipe(&webhook->token);
    buf_free(&webhook->body);
    free(webhook);
}

enum link_state webhook_step(struct webhook *webhook, struct now now)
{
    webhook->now = now;
    go_on(webhook);
    return webhook->state == HOOK_OPENING  ? LINK_OPENING
           : webhook->state == HOOK_CLOSED ? LINK_FAILED
                                           : LINK_READY;
}

const struct smtp_reply *webhook_failure(const struct webhook *webhook)
{
    return &webhook->failure;
}

bool webhook_has_extension(struct slice keyword)
{
    return slice_equal(keyword, SLICE("PIPELINING")) ||
           slice_equal(keyword, SLICE("8BITMIME")) ||
           slice_equal(keyword, SLICE(WEBHOOK_EXTENSION));
}

ssize_t webhook_send(struct webhook *webhook, struct slice bytes)
{
    if (webhook->state == HOOK_CLOSED || !front_feed(&webhook->front, bytes))
        return -1;
    go_on(webhook);
    return (ssize_t)bytes.len;
}

ssize_t webhook_receive(struct webhook *webhook, void *into, size_t size)
{
    go_on(webhook);
    size_t len = front_give(&webhook->front, into, size);
    return len > 0 ? (ssize_t)len : webhook->state == HOOK_CLOSED ? -1 : 0;
}

/* A request on its way has its own wishes, which https.c tells. */
void webhook_want(struct webhook *webhook, int events)
{
    if (webhook->https.link && webhook->state == HOOK_SERVES &&
        front_listens(&webhook->front))
        webhook->https.ops->want(webhook->https.link, events & WAKE_READ);
}

int64_t webhook_wake_at(const struct webhook *webhook)
{
    return https_wake_at(&webhook->https);
}

const struct link *webhook_link(const struct webhook *webhook)
{
    return webhook->https.link;
}
