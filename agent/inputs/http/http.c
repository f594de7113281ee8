/**
 * The HTTP server as an input. In a turn: whole bodies are read into alerts, the commit
 * makes them durable, and only then they are answered with 200. All requests that came
 * together share the commit.
 */
#include "agent/inputs/http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/plant.h"
#include "agent/base/secret.h"
#include "agent/inputs/http/httpd.h"
#include "agent/inputs/http/listener.h"
#include "agent/inputs/http/porter.h"
#include "agent/inputs/http/tidings.h"

/* Of a server that cannot start; each wait is twice the one before. */
#define FIRST_RESTART_MS SECOND_MS
#define LAST_RESTART_MS MINUTE_MS

struct http_input {
    const struct input_world *world;
    struct inputs_tally *tally;
    const struct http_config *config; /**< NULL: nobody wants it */
    const struct source *source;
    struct porter *porter;
    struct listener listeners[LIMIT_HTTP_LISTENERS];
    size_t listener_count;
    struct httpd *plain, *tls; /**< NULL: no listener needs it */
    char *certificate, *key;   /**< PEM that `tls` was started with */
    int64_t restart_wait_ms;   /**< 0: all servers run, or were not tried yet */
    int64_t restart_at_ms;     /**< NEVER_MS: they run, or are not wanted */
    struct err why;            /**< one does not */
    bool is_told;              /**< that by mail, since all ran last */
    struct arena scratch;      /**< of one body */
    struct now now;            /**< of the turn */
    struct http_reply refusal; /**< of a head in this turn, to be told; or status 0 */
    char refused_path[40];     /**< what it was about; no path for posts is longer */
    bool is_closed, wants_reload;
    bool has_more; /**< whole requests are left for the next turn */
};

static void *create(const struct input_world *world, struct inputs_tally *tally)
{
    struct http_input *input = mem_zalloc(sizeof *input);
    input->world = world;
    input->tally = tally;
    input->restart_at_ms = NEVER_MS;
    return input;
}

static void wipe(char *text, size_t len)
{
    if (text)
        explicit_bzero(text, len);
}

static void free_key(char *key)
{
    wipe(key, key ? strlen(key) : 0);
    free(key);
}

/* --- configuration ---------------------------------------------------------------- */

static void close_server(struct http_input *input)
{
    for (size_t i = 0; i < input->listener_count; i++)
        listener_close(&input->listeners[i], input->world->wakes);
    input->listener_count = 0;
    httpd_close(mem_take(&input->plain));
    httpd_close(mem_take(&input->tls));
    free(mem_take(&input->certificate));
    free_key(mem_take(&input->key));
    porter_free(mem_take(&input->porter));
    input->restart_at_ms = NEVER_MS;
}

static void destroy(void *self)
{
    struct http_input *input = self;
    close_server(input);
    arena_free(&input->scratch);
    free(input);
}

static struct http_reply judge(void *ctx, const struct http_head *head,
                               int64_t *delay_ms, const char **signature_header)
{
    struct http_input *input = ctx;
    struct porter_answer answer =
        porter_judge(input->porter, head,
                     (struct porter_moment){ input->now, input->is_closed });
    input->wants_reload |= answer.wants_reload;
    if (answer.is_lost_post) {
        input->refusal = answer.reply;
        snprintf(input->refused_path, sizeof input->refused_path, "%.*s",
                 SLICE_ARG(head->path));
    }
    *delay_ms = answer.delay_ms;
    *signature_header = porter_signature_header(input->porter);
    return answer.reply;
}

/** Why a server does not run is said once, not at each further try. */
static void note_why(struct http_input *input, const struct err *err,
                     const char *what_then)
{
    input->why = *err;
    if (input->restart_wait_ms == 0)
        log_error(input->world->log, "%s: %s", err->text, what_then);
}

static const char tried_again[] = "it is tried again by itself, nobody can post so far";

static void start_httpd(struct http_input *input, struct httpd **httpd,
                        const char *certificate, const char *key)
{
    struct err err = { 0 };
    const struct httpd_setting setting = {
        .wakes = input->world->wakes,
        .tally = input->tally,
        .certificate = certificate,
        .key = key,
        .judge = judge,
        .ctx = input,
        .metrics = input->world->metrics,
    };
    if (*httpd)
        return;
    *httpd = httpd_create(&setting, &err);
    if (!*httpd)
        note_why(input, &err, tried_again);
}

static bool read_pem(struct slice path, bool is_key, char **text, struct err *err)
{
    struct buf pem = buf_make(LIMIT_HTTP_PEM_BYTES);
    bool is_read = secret_read_pem(path, is_key, &pem, err);
    if (is_read)
        *text = mem_copy(buf_slice(&pem));
    wipe(pem.ptr, pem.len);
    buf_free(&pem);
    return is_read;
}

/** The certificate may have been renewed: what is read decides, not its name. */
static void start_tls(struct http_input *input)
{
    struct err err = { 0 };
    char *certificate = NULL, *key = NULL;
    if (!read_pem(input->config->certificate.value, false, &certificate, &err) ||
        !read_pem(input->config->key.value, true, &key, &err)) {
        note_why(input, &err,
                 input->tls ? "the one that was read before stays in use"
                            : tried_again);
    } else if (!input->tls || strcmp(certificate, input->certificate) != 0 ||
               strcmp(key, input->key) != 0) {
        httpd_close(mem_take(&input->tls));
        free(input->certificate);
        free_key(input->key);
        input->certificate = mem_take(&certificate);
        input->key = mem_take(&key);
        start_httpd(input, &input->tls, input->certificate, input->key);
    }
    free(certificate);
    free(key);
}

/** Start what is wanted and does not run. Descriptors or memory may have been short. */
static void start_servers(struct http_input *input)
{
    bool wants_tls = input->config->certificate.value.len > 0;
    start_httpd(input, &input->plain, NULL, NULL);
    if (wants_tls && !input->tls)
        start_tls(input);
    int64_t waited_ms = input->restart_wait_ms;
    if (input->plain && (input->tls || !wants_tls)) {
        input->restart_wait_ms = 0;
        input->restart_at_ms = NEVER_MS;
        input->is_told = false;
        if (waited_ms > 0)
            log_info(input->world->log, "http: the server runs now");
        return;
    }
    input->restart_wait_ms = waited_ms == 0 ? FIRST_RESTART_MS : 2 * waited_ms;
    if (input->restart_wait_ms > LAST_RESTART_MS)
        input->restart_wait_ms = LAST_RESTART_MS;
    input->restart_at_ms = later_by_ms(input->now.mono_ms, input->restart_wait_ms);
}

static bool is_listed(const struct conf_texts *texts, const char *text)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (slice_equal(texts->items[i].value, slice_of(text)))
            return true;
    }
    return false;
}

static bool is_there(const struct http_input *input, struct slice text)
{
    for (size_t i = 0; i < input->listener_count; i++) {
        if (slice_equal(slice_of(input->listeners[i].text), text))
            return true;
    }
    return false;
}

static void open_listener(struct http_input *input, struct listener *listener)
{
    if (listener_open(listener, input->config->group.value, input->now))
        log_info(input->world->log, "http: listening at %s", listener->shown);
    else if (listener->failures == 1)
        log_error(input->world->log, "%s: it is tried again every few seconds",
                  listener->why.text);
}

/** Listeners that stay are not touched, and so nothing that is under way there. */
static void change_listeners(struct http_input *input)
{
    const struct conf_texts *wanted = &input->config->listen;
    size_t kept = 0;
    for (size_t i = 0; i < input->listener_count; i++) {
        if (is_listed(wanted, input->listeners[i].text))
            input->listeners[kept++] = input->listeners[i];
        else
            listener_close(&input->listeners[i], input->world->wakes);
    }
    input->listener_count = kept;
    for (size_t i = 0; i < wanted->count; i++) {
        if (is_there(input, wanted->items[i].value) ||
            input->listener_count == LIMIT_HTTP_LISTENERS)
            continue;
        struct listener *listener = &input->listeners[input->listener_count++];
        listener_init(listener, wanted->items[i].value);
        open_listener(input, listener);
    }
}

static void configure(void *self, const struct inputs_config *config, struct now now)
{
    struct http_input *input = self;
    input->now = now;
    input->config = input->world->listens ? config->http : NULL;
    input->source = config->http_source;
    if (!input->config) {
        close_server(input);
        return;
    }
    struct porter *before = input->porter;
    input->porter = porter_create(input->config, config->host_name, input->world->log);
    porter_inherit(input->porter, before);
    porter_free(before);
    input->restart_wait_ms = 0;
    if (input->config->certificate.value.len == 0)
        httpd_close(mem_take(&input->tls));
    else if (input->tls)
        start_tls(input);
    start_servers(input);
    change_listeners(input);
}

/* --- connections ------------------------------------------------------------------ */

static struct httpd *httpd_of(const struct http_input *input,
                              const struct listener *listener)
{
    bool is_tls = input->config->certificate.value.len > 0 && !listener->is_unix;
    return is_tls ? input->tls : input->plain;
}

static size_t count_connections(const struct http_input *input)
{
    return (input->plain ? httpd_connections(input->plain) : 0) +
           (input->tls ? httpd_connections(input->tls) : 0);
}

static bool has_too_many(const struct httpd *httpd,
                         const struct sockaddr_storage *socket)
{
    struct http_peer peer;
    http_peer_of(socket, &peer);
    return socket->ss_family != AF_UNIX &&
           httpd_connections_of(httpd, &peer) >= LIMIT_HTTP_PEER_CONNECTIONS;
}

static void turn_away(struct http_input *input, int fd)
{
    static const char text[] = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"
                               "Connection: close\r\nContent-Length: 0\r\n\r\n";
    (void)!send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    input->tally->http.turned_away++;
}

static void accept_some(struct http_input *input, struct listener *listener)
{
    struct sockaddr_storage socket;
    socklen_t length;
    struct httpd *httpd = httpd_of(input, listener);
    for (int i = 0; httpd && i < LIMIT_HTTP_ACCEPTS &&
                    count_connections(input) < LIMIT_HTTP_CONNECTIONS;
         i++) {
        int fd = listener_accept(listener, &socket, &length, input->now);
        if (fd < 0)
            return;
        if (has_too_many(httpd, &socket))
            turn_away(input, fd);
        else
            httpd_add(httpd, fd, &socket, length, input->now);
    }
}

/** With all places taken, further connections wait in the kernel's queue. */
static void accept_all(struct http_input *input)
{
    for (size_t i = 0; i < input->listener_count; i++) {
        struct listener *listener = &input->listeners[i];
        if (!listener_is_rested(listener, input->now))
            continue;
        if (listener->fd < 0)
            open_listener(input, listener);
        if (listener->fd >= 0)
            accept_some(input, listener);
    }
}

static void run(struct http_input *input)
{
    if (input->now.mono_ms >= input->restart_at_ms)
        start_servers(input);
    if (input->plain)
        httpd_run(input->plain, input->now);
    if (input->tls)
        httpd_run(input->tls, input->now);
    input->tally->http.connections = count_connections(input);
    input->tally->http.pauses = 0;
    bool has_room = count_connections(input) < LIMIT_HTTP_CONNECTIONS;
    for (size_t i = 0; i < input->listener_count; i++) {
        struct listener *listener = &input->listeners[i];
        input->tally->http.pauses += listener->pauses;
        listener_hear(listener, input->world->wakes,
                      has_room && httpd_of(input, listener) &&
                          listener->retry_ms == NEVER_MS);
    }
}

/* --- requests --------------------------------------------------------------------- */

static struct http_reply take(struct http_input *input, struct http_request *request,
                              const struct intake *intake)
{
    bool is_replay = false;
    struct slice body = buf_slice(&request->body);
    if (!porter_verify(input->porter, request->signature, body, input->now,
                       request->digest, &is_replay))
        return (struct http_reply){ 401,
                                    "this needs a signature that is right and new" };
    if (is_replay)
        return (struct http_reply){ 200, "this was taken before" };
    struct webhook_reply reply =
        webhook_take(&(struct webhook_request){ .path = request->path,
                                                .query = request->query,
                                                .content_type = request->content_type,
                                                .body = body,
                                                .source = input->source,
                                                .config = input->config->generic,
                                                .resolve_after_ms =
                                                    input->config->resolve_after,
                                                .now_unix_ms = input->now.unix_ms },
                     intake, &input->scratch);
    arena_clear(&input->scratch);
    input->tally->http.alerts += reply.alert_count;
    input->tally->http.odd_fields += reply.odd_count;
    input->tally->http.repaired += reply.repaired_count;
    request->has_digest = reply.status == 200;
    struct http_reply answer = { reply.status, reply.text };
    if (tidings_is_final(&answer))
        tidings_refused(intake, request->path, &answer);
    return answer;
}

/** A share of the turn: what is left waits, while files are read. */
static void take_some(struct http_input *input, struct httpd *httpd,
                      const struct intake *intake)
{
    struct http_request *request;
    size_t bytes = 0;
    while (bytes < LIMIT_TURN_BYTES && (request = httpd_next(httpd))) {
        bytes += request->body.len;
        httpd_hold(httpd, request, take(input, request, intake));
        if (planted(PLANT_ANSWER_FIRST)) {
            httpd_release(httpd);
            run(input);
        }
    }
    input->has_more |= httpd_next(httpd) != NULL;
}

/* --- what is told ----------------------------------------------------------------- */

/** What fails once may be a moment's want; what fails twice in a row is told. */
static void tell_closed(struct http_input *input, const struct intake *intake)
{
    if (input->restart_wait_ms > FIRST_RESTART_MS && !input->is_told) {
        input->is_told = true;
        tidings_closed(intake, "", &input->why);
    }
    for (size_t i = 0; i < input->listener_count; i++) {
        struct listener *listener = &input->listeners[i];
        if (listener->failures < 2 || listener->is_told)
            continue;
        listener->is_told = true;
        tidings_closed(intake, listener->shown, &listener->why);
    }
}

static void tell_refused(struct http_input *input, const struct intake *intake)
{
    if (input->refusal.status != 0)
        tidings_refused(intake, slice_of(input->refused_path), &input->refusal);
    input->refusal = (struct http_reply){ 0 };
}

static bool read_turn(void *self, struct now now, const struct intake *intake)
{
    struct http_input *input = self;
    input->now = now;
    input->is_closed = input->has_more = false;
    if (!input->config)
        return false;
    accept_all(input);
    run(input);
    tell_closed(input, intake);
    tell_refused(input, intake);
    if (input->plain)
        take_some(input, input->plain, intake);
    if (input->tls)
        take_some(input, input->tls, intake);
    return input->has_more;
}

static bool wants_commit(const void *self)
{
    const struct http_input *input = self;
    return (input->plain && httpd_held(input->plain, NULL)) ||
           (input->tls && httpd_held(input->tls, NULL));
}

static void release(struct http_input *input, struct httpd *httpd)
{
    struct http_request *at = NULL;
    while ((at = httpd_held(httpd, at))) {
        if (at->has_digest)
            porter_remember(input->porter, at->digest, input->now);
    }
    httpd_release(httpd);
}

static void committed(void *self)
{
    struct http_input *input = self;
    if (!input->config || !wants_commit(input))
        return;
    if (input->plain)
        release(input, input->plain);
    if (input->tls)
        release(input, input->tls);
    run(input);
}

static void refuse(void *self, struct now now)
{
    struct http_input *input = self;
    input->now = now;
    input->is_closed = true;
    if (!input->config)
        return;
    accept_all(input);
    run(input);
    if (input->plain)
        httpd_refuse(input->plain, porter_closed());
    if (input->tls)
        httpd_refuse(input->tls, porter_closed());
    run(input);
}

static bool takes_reload(void *self)
{
    struct http_input *input = self;
    bool wants = input->wants_reload;
    input->wants_reload = false;
    return wants;
}

static int64_t wake_at(const void *self)
{
    const struct http_input *input = self;
    int64_t at = input->has_more ? 0 : input->restart_at_ms;
    for (size_t i = 0; i < input->listener_count; i++)
        at = earlier_ms(at, input->listeners[i].retry_ms);
    if (input->plain)
        at = earlier_ms(at, httpd_wake_at(input->plain));
    return input->tls ? earlier_ms(at, httpd_wake_at(input->tls)) : at;
}

/** `run --once` waits for nobody. */
static bool is_at_end(const void *self)
{
    (void)self;
    return true;
}

/* --- status ----------------------------------------------------------------------- */

/** Nobody answers there, though the kernel takes connections. */
static const char *state_of(const struct http_input *input,
                            const struct listener *listener)
{
    if (listener->fd < 0)
        return "closed";
    return httpd_of(input, listener) ? "listening" : "no server";
}

static void describe(const void *self, enum text_form form, struct buf *out)
{
    const struct http_input *input = self;
    if (input->restart_at_ms != NEVER_MS && form != FORM_JSON) {
        buf_puts(out, "  http: NOBODY CAN POST, it is tried again by itself: ");
        text_put_clean(out, slice_of(input->why.text), false);
        buf_putc(out, '\n');
    }
    for (size_t i = 0; i < input->listener_count; i++) {
        const struct listener *listener = &input->listeners[i];
        const char *state =
            listener->fd >= 0 ? state_of(input, listener) : "not open, tried again";
        if (form != FORM_JSON) {
            buf_printf(out, "  http %s: %s, ", listener->shown, state);
            text_put_count(out, listener->accepted, "connection", "connections");
            buf_puts(out, " taken\n");
            continue;
        }
        text_put_comma(out);
        buf_puts(out, "{\"listen\":");
        text_put_json(out, slice_of(listener->shown));
        buf_printf(out, ",\"state\":\"%s\",\"connections\":%llu}",
                   state_of(input, listener), (unsigned long long)listener->accepted);
    }
}

const struct input_kind http_kind = {
    .name = "http",
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .read = read_turn,
    .committed = committed,
    .refuse = refuse,
    .wants_commit = wants_commit,
    .takes_reload = takes_reload,
    .wake_at = wake_at,
    .is_at_end = is_at_end,
    .describe = describe,
};
