/** Commands in, replies out, and one POST for each mail. */
#include "outputs/gmail_api.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/text.h"
#include "outputs/addressees.h"
#include "outputs/reply.h"

enum {
    IN_BYTES = 2 * LIMIT_MAIL_BYTES + 64 * 1024,
    OUT_BYTES = 64 * 1024,
};

enum api_state {
    API_OPENING,
    API_TALKS,    /* commands are answered at once */
    API_PREPARES, /* a mail is announced, and token or connection are not there yet */
    API_TAKES,    /* the mail comes in */
    API_RENEWS,   /* as API_PREPARES, with the mail at hand */
    API_POSTS,    /* Google has the word */
    API_CLOSED,
};

struct gmail_api {
    enum api_state state;
    struct token *token;
    struct https https;
    struct https_place place;
    struct now now; /* of the last step */
    struct buf in, out;
    struct addressees to;
    struct buf mail;
    bool has_renewed; /* the token of this mail was refused once */
    struct smtp_reply failure;
};

/* --- replies ---------------------------------------------------------------------- */

static void say(struct gmail_api *api, const char *line)
{
    buf_printf(&api->out, "%s\r\n", line);
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
    struct slice reason = text_at(root, "/error/errors/0/reason");
    if (reason.len == 0)
        reason = text_at(root, "/error/status");
    text_put_clean(&text, text_cut(text_at(root, "/error/message"), 1000), false);
    if (api->https.response.retry_after_s >= 0)
        buf_printf(&text, " (retry after %lld s)",
                   (long long)api->https.response.retry_after_s);
    buf_puts(&text, " ?p=");
    text_put_clean(&text, text_cut(reason, 40), false);
    buf_printf(&api->out, "%d %s\r\n", status < 400 ? 500 : status, text.ptr);
    buf_free(&text);
}

static void say_sent(struct gmail_api *api, const struct json *root)
{
    struct buf text = buf_make(LIMIT_REPLY_TEXT_BYTES);
    text_put_clean(&text, text_cut(text_at(root, "/id"), 100), false);
    buf_printf(&api->out, "250 2.0.0 OK, Gmail's id is %s\r\n", text.ptr);
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
    char length[64], port[16] = "";
    if (api->place.port != 443)
        snprintf(port, sizeof port, ":%d", api->place.port);
    snprintf(length, sizeof length, "%zu\r\n\r\n", api->mail.len);
    return secret_put(head, SLICE("POST /upload/gmail/v1/users/me/messages/send"
                                  "?uploadType=media HTTP/1.1\r\nHost: ")) &&
           secret_put(head, api->place.host) && secret_put(head, slice_of(port)) &&
           secret_put(head, SLICE("\r\nUser-Agent: tocsin\r\nAccept: application/json"
                                  "\r\nContent-Type: message/rfc822\r\n"
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
        https_ask(&api->https, &head, buf_slice(&api->mail), api->now);
        api->state = API_POSTS;
    } else {
        say(api, "451 4.3.0 the request could not be made");
        api->state = API_TALKS;
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
    if (response->status == 401 && !api->has_renewed) {
        renew(api);
    } else {
        api->state = API_TALKS;
        if (response->status >= 200 && response->status < 300)
            say_sent(api, root);
        else
            say_refusal(api, response->status, root);
    }
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
    api->state = API_TALKS;
}

/* --- going on --------------------------------------------------------------------- */

static void at_opening(struct gmail_api *api)
{
    enum link_state state = prepare(api);
    if (state != LINK_OPENING)
        api->state = state == LINK_READY ? API_TALKS : API_CLOSED;
}

/* The next login tells why there is no token or no connection. */
static void at_prepares(struct gmail_api *api)
{
    enum link_state state = prepare(api);
    if (state == LINK_OPENING)
        return;
    api->state = state == LINK_READY ? API_TALKS : API_CLOSED;
    if (state == LINK_READY)
        say(api, "250 2.1.0 OK");
}

static void at_renews(struct gmail_api *api)
{
    enum link_state state = prepare(api);
    if (state == LINK_READY) {
        post(api);
    } else if (state == LINK_FAILED) {
        say(api, "421 4.7.0 connection expired, and no new token could be got");
        api->state = API_TALKS;
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

static void (*const steps[])(struct gmail_api *) = {
    [API_OPENING] = at_opening, [API_PREPARES] = at_prepares, [API_RENEWS] = at_renews,
    [API_POSTS] = at_posts,     [API_CLOSED] = NULL,
};

/* --- commands --------------------------------------------------------------------- */

static void on_mail(struct gmail_api *api, struct slice line)
{
    (void)line;
    addressees_clear(&api->to);
    api->has_renewed = false;
    api->state = API_PREPARES;
}

static void on_rcpt(struct gmail_api *api, struct slice line)
{
    size_t open = slice_find(line, SLICE("<")), close = slice_find(line, SLICE(">"));
    bool ok =
        open != SIZE_MAX && close != SIZE_MAX && close > open + 1 &&
        addressees_put(&api->to, slice_make(line.ptr + open + 1, close - open - 1));
    say(api, ok ? "250 2.1.5 OK, the API looks at it when the mail comes"
                : "501 5.1.3 this is no recipient");
}

static void on_data(struct gmail_api *api, struct slice line)
{
    (void)line;
    buf_clear(&api->mail);
    api->state = API_TAKES;
    say(api, "354 Go ahead");
}

static void on_rset(struct gmail_api *api, struct slice line)
{
    (void)line;
    addressees_clear(&api->to);
    say(api, "250 2.1.5 Flushed");
}

static void on_quit(struct gmail_api *api, struct slice line)
{
    (void)line;
    say(api, "221 2.0.0 closing connection");
    api->state = API_CLOSED;
}

static const struct {
    const char *verb;
    void (*take)(struct gmail_api *api, struct slice line);
} commands[] = {
    { "MAIL ", on_mail }, { "RCPT ", on_rcpt }, { "DATA", on_data },
    { "RSET", on_rset },  { "QUIT", on_quit },
};

static void take_command(struct gmail_api *api, struct slice line)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (slice_starts(line, slice_of(commands[i].verb))) {
            commands[i].take(api, line);
            return;
        }
    }
    say(api, "502 5.5.1 Unrecognized command");
}

/* The dot ends the mail, and stuffed dots lose one. */
static void take_line(struct gmail_api *api, struct slice line)
{
    bool is_stuffed = line.len > 0 && line.ptr[0] == '.';
    if (is_stuffed && line.len == 1) {
        addressees_apply(&api->to, &api->mail);
        api->state = API_RENEWS;
        return;
    }
    buf_put(&api->mail, slice_make(line.ptr + is_stuffed, line.len - is_stuffed));
    buf_puts(&api->mail, "\r\n");
}

static bool takes_lines(const struct gmail_api *api)
{
    return api->state == API_TALKS || api->state == API_TAKES;
}

/* Whole lines are taken as far as the state lets them; the rest waits. */
static void take_lines(struct gmail_api *api)
{
    size_t taken = 0;
    while (takes_lines(api)) {
        struct slice rest = slice_make(api->in.ptr + taken, api->in.len - taken);
        size_t end = slice_find(rest, SLICE("\r\n"));
        if (rest.len == 0 || end == SIZE_MAX)
            break;
        taken += end + 2;
        if (api->state == API_TAKES)
            take_line(api, slice_make(rest.ptr, end));
        else
            take_command(api, slice_make(rest.ptr, end));
    }
    if (taken > 0)
        buf_drop(&api->in, taken);
}

/* Until nothing more happens without waiting. */
static void go_on(struct gmail_api *api)
{
    enum api_state before;
    do {
        before = api->state;
        if (takes_lines(api))
            take_lines(api);
        else if (steps[before])
            steps[before](api);
    } while (api->state != before);
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
    api->in = buf_make(IN_BYTES);
    api->out = buf_make(OUT_BYTES);
    api->mail = buf_make(IN_BYTES);
    return api;
}

void gmail_api_close(struct gmail_api *api)
{
    if (!api)
        return;
    https_close(&api->https);
    addressees_clear(&api->to);
    buf_free(&api->in);
    buf_free(&api->out);
    buf_free(&api->mail);
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
    if (api->state == API_CLOSED)
        return -1;
    buf_put(&api->in, bytes);
    if (api->in.overflowed) /* a mail has its bound, so these are no mails of ours */
        return -1;
    go_on(api);
    return (ssize_t)bytes.len;
}

ssize_t gmail_api_receive(struct gmail_api *api, void *into, size_t size)
{
    go_on(api);
    size_t len = api->out.len < size ? api->out.len : size;
    if (len > 0) {
        memcpy(into, api->out.ptr, len);
        buf_drop(&api->out, len);
        return (ssize_t)len;
    }
    return api->state == API_CLOSED ? -1 : 0;
}

/* A request on its way has its own wishes, which https.c tells. */
void gmail_api_want(struct gmail_api *api, int events)
{
    if (api->https.link && takes_lines(api))
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
