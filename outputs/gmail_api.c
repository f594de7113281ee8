/** One POST for each mail, behind the words of a mail server. */
#include "outputs/gmail_api.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/text.h"
#include "outputs/front.h"
#include "outputs/reply.h"
#include "outputs/web_url.h"

enum api_state {
    API_OPENING,
    API_SERVES, /* the front has the word, or a mail may come as soon as token and
                   connection are there */
    API_RENEWS, /* the mail is at hand, and token or connection are not there yet */
    API_POSTS,  /* Google has the word */
    API_CLOSED,
};

struct gmail_api {
    enum api_state state;
    struct front front;
    struct token *token;
    struct https https;
    struct https_place place;
    struct now now;   /* of the last step */
    bool has_renewed; /* the token of this mail was refused once */
    struct smtp_reply failure;
};

/* --- replies ---------------------------------------------------------------------- */

/* What became of the mail, or why it did not leave. */
static void say(struct gmail_api *api, const char *line)
{
    front_say(&api->front, line);
    api->state = API_SERVES;
}

static struct slice text_at(const struct json *root, const char *pointer)
{
    const struct json *value = json_point(root, slice_of(pointer));
    return value && value->type == JSON_STRING ? value->text : SLICE("");
}

/* One line: the code, the words, and the reason where the SMTP side has its p=. */
static void say_refusal(struct gmail_api *api, int status, const struct json *root)
{
    struct buf text = buf_make(2 * LIMIT_REPLY_TEXT_BYTES);
    buf_printf(&text, "%d ", status < 400 ? 500 : status);
    struct slice reason = text_at(root, "/error/errors/0/reason");
    if (reason.len == 0)
        reason = text_at(root, "/error/status");
    text_put_clean(&text, text_cut(text_at(root, "/error/message"), 1000), false);
    if (api->https.response.retry_after_s >= 0)
        buf_printf(&text, " (retry after %lld s)",
                   (long long)api->https.response.retry_after_s);
    buf_puts(&text, " ?p=");
    text_put_clean(&text, text_cut(reason, 40), false);
    say(api, text.ptr);
    buf_free(&text);
}

static void say_sent(struct gmail_api *api, const struct json *root)
{
    struct buf text = buf_make(LIMIT_REPLY_TEXT_BYTES);
    buf_puts(&text, "250 2.0.0 OK, Gmail's id is ");
    text_put_clean(&text, text_cut(text_at(root, "/id"), 100), false);
    say(api, text.ptr);
    buf_free(&text);
}

/* --- token and connection --------------------------------------------------------- */

/* @return LINK_READY when a request may begin. */
static enum link_state prepare(struct gmail_api *api)
{
    enum token_state token = token_step(api->token, api->now);
    if (token == TOKEN_FAILED) {
        api->failure = *token_failure(api->token);
        return LINK_FAILED;
    }
    if (api->https.state == HTTPS_ANSWERED && api->https.response.closes)
        https_close(&api->https);
    if (api->https.state == HTTPS_CLOSED)
        https_open(&api->https, &api->place, api->now);
    if (https_step(&api->https, api->now) == HTTPS_CLOSED) {
        api->failure = api->https.failure;
        return LINK_FAILED;
    }
    bool is_open = api->https.state == HTTPS_IDLE || api->https.state == HTTPS_ANSWERED;
    return token == TOKEN_READY && is_open ? LINK_READY : LINK_OPENING;
}

static bool put_head(const struct gmail_api *api, struct secret *head)
{
    char length[64];
    const struct web_url url = {
        .host = api->place.host,
        .port = api->place.port,
        .path = SLICE("/upload/gmail/v1/users/me/messages/send?uploadType=media"),
    };
    snprintf(length, sizeof length, "%zu\r\n\r\n", api->front.mail.len);
    return web_url_put_post(head, &url) &&
           secret_put(head, SLICE("Accept: application/json\r\n"
                                  "Content-Type: message/rfc822\r\n"
                                  "Authorization: Bearer ")) &&
           secret_put(head, token_text(api->token)) &&
           secret_put(head, SLICE("\r\nContent-Length: ")) &&
           secret_put(head, slice_of(length));
}

static void post(struct gmail_api *api)
{
    struct secret head = { 0 };
    struct err err = { 0 };
    if (secret_open(&head, LIMIT_REQUEST_HEAD_BYTES, &err) && put_head(api, &head)) {
        https_ask(&api->https, &head, buf_slice(&api->front.mail), api->now);
        api->state = API_POSTS;
    } else {
        say(api, "451 4.3.0 the request could not be made");
    }
    secret_wipe(&head);
}

/* --- the end of a mail ------------------------------------------------------------ */

/* 401 says that nothing was done with the mail, so it may go again at once. */
static void renew(struct gmail_api *api)
{
    token_refuse(api->token);
    api->has_renewed = true;
    api->state = API_RENEWS;
}

static void take_answer(struct gmail_api *api)
{
    const struct http_response *response = &api->https.response;
    struct arena arena = { 0 };
    const struct json *root = json_parse(secret_slice(&response->body), &arena).root;
    if (response->status == 401 && !api->has_renewed)
        renew(api);
    else if (response->status >= 200 && response->status < 300)
        say_sent(api, root);
    else
        say_refusal(api, response->status, root);
    arena_wipe(&arena);
}

/* Without its last byte a request is none, and nothing was done with the mail. */
static void lose_answer(struct gmail_api *api)
{
    if (api->https.is_offered) {
        api->state = API_CLOSED;
        return;
    }
    say(api, "451 4.4.2 the connection to Google broke before the mail had left");
}

/* --- going on --------------------------------------------------------------------- */

static void at_opening(struct gmail_api *api)
{
    enum link_state state = prepare(api);
    if (state != LINK_OPENING)
        api->state = state == LINK_READY ? API_SERVES : API_CLOSED;
}

/* A mail is announced. The next login tells why there is no token or no connection. */
static void invite(struct gmail_api *api)
{
    enum link_state state = prepare(api);
    api->has_renewed = false;
    if (state == LINK_READY)
        say(api, "250 2.1.0 OK");
    else if (state == LINK_FAILED)
        api->state = API_CLOSED;
}

static void at_serves(struct gmail_api *api)
{
    front_take(&api->front);
    if (api->front.state == FRONT_ASKED) {
        invite(api);
    } else if (api->front.state == FRONT_FULL) {
        addressees_apply(&api->front.to, &api->front.mail);
        api->state = API_RENEWS;
    } else if (api->front.state == FRONT_ENDED) {
        api->state = API_CLOSED;
    }
}

static void at_renews(struct gmail_api *api)
{
    enum link_state state = prepare(api);
    if (state == LINK_READY) {
        post(api);
    } else if (state == LINK_FAILED) {
        say(api, "421 4.7.0 connection expired, and no new token could be got");
    }
}

static void at_posts(struct gmail_api *api)
{
    enum https_state state = https_step(&api->https, api->now);
    if (state == HTTPS_ANSWERED)
        take_answer(api);
    else if (state == HTTPS_CLOSED)
        lose_answer(api);
}

static void at_closed(struct gmail_api *api)
{
    (void)api;
}

static void (*const steps[])(struct gmail_api *) = {
    [API_OPENING] = at_opening, [API_SERVES] = at_serves, [API_RENEWS] = at_renews,
    [API_POSTS] = at_posts,     [API_CLOSED] = at_closed,
};

/* Until nothing more happens without waiting. */
static void go_on(struct gmail_api *api)
{
    enum api_state before;
    enum front_state before_it;
    do {
        before = api->state;
        before_it = api->front.state;
        steps[before](api);
    } while (api->state != before || api->front.state != before_it);
}

/* --- as a link -------------------------------------------------------------------- */

struct gmail_api *gmail_api_open(const struct account *account,
                                 const struct link_ops *links,
                                 const struct wakes *wakes, struct token *token,
                                 struct now now)
{
    struct gmail_api *api = mem_zalloc(sizeof *api);
    api->token = token;
    api->now = now;
    api->https.ops = links;
    api->https.wakes = wakes;
    api->place = (struct https_place){ account->host, account->port, account->ca_file };
    front_init(&api->front);
    return api;
}

void gmail_api_close(struct gmail_api *api)
{
    if (!api)
        return;
    https_close(&api->https);
    front_clear(&api->front);
    free(api);
}

enum link_state gmail_api_step(struct gmail_api *api, struct now now)
{
    api->now = now;
    go_on(api);
    return api->state == API_OPENING  ? LINK_OPENING
           : api->state == API_CLOSED ? LINK_FAILED
                                      : LINK_READY;
}

const struct smtp_reply *gmail_api_failure(const struct gmail_api *api)
{
    return &api->failure;
}

bool gmail_api_has_extension(struct slice keyword)
{
    return slice_equal(keyword, SLICE("PIPELINING")) ||
           slice_equal(keyword, SLICE("8BITMIME")) ||
           slice_equal(keyword, SLICE(GMAIL_API_EXTENSION));
}

ssize_t gmail_api_send(struct gmail_api *api, struct slice bytes)
{
    if (api->state == API_CLOSED || !front_feed(&api->front, bytes))
        return -1;
    go_on(api);
    return (ssize_t)bytes.len;
}

ssize_t gmail_api_receive(struct gmail_api *api, void *into, size_t size)
{
    go_on(api);
    size_t len = front_give(&api->front, into, size);
    return len > 0 ? (ssize_t)len : api->state == API_CLOSED ? -1 : 0;
}

/* A request on its way has its own wishes, which https.c tells. */
void gmail_api_want(struct gmail_api *api, int events)
{
    if (api->https.link && api->state == API_SERVES && front_listens(&api->front))
        api->https.ops->want(api->https.link, events & WAKE_READ);
}

int64_t gmail_api_wake_at(const struct gmail_api *api)
{
    return earlier_ms(https_wake_at(&api->https), token_wake_at(api->token));
}

const struct link *gmail_api_link(const struct gmail_api *api)
{
    return api->https.link;
}
