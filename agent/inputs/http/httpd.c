/**
 * libmicrohttpd. Its own time-outs are off, because they read a clock; its suspended
 * connections are what waits for a commit.
 */
#include "agent/inputs/http/httpd.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/inputs/http/exchange.h"

enum {
    HEAD_MS = 10 * 1000,
    BODY_MS = 30 * 1000,
    WRITE_MS = 10 * 1000,
    IDLE_MS = 60 * 1000, /* between two requests */
    REPLIES = 48,
    RUNS = 16, /* a turn; the library reads half a head's bound of each in one */
    CLOSING_RUNS = 3,
};

/** A reply that was made once. */
struct cached {
    struct http_reply reply;
    bool keeps;
    struct MHD_Response *response;
};

struct httpd {
    struct httpd_setting setting;
    struct MHD_Daemon *daemon;
    int epoll_fd;
    struct exchanges all;
    bool is_tls;
    bool is_closing; /**< nothing waits any more */
    struct cached cache[REPLIES];
    size_t cached_count;
    struct now now; /**< of the run */
    const struct http_peer *arriving;
    char complaint[200]; /**< what the library said last */
};

static const struct http_reply closing_reply = { 503, "tocsin ends: send it again",
                                                 "Retry-After", "5" };

bool httpd_has_tls(void)
{
    return MHD_is_feature_supported(MHD_FEATURE_TLS) == MHD_YES;
}

void httpd_put_version(struct buf *out)
{
    buf_printf(out, "libmicrohttpd %s", MHD_get_version());
}

/* --- waiting ---------------------------------------------------------------------- */

static void suspend(struct exchange *exchange)
{
    exchange->is_suspended = true;
    exchange->deadline_ms = NEVER_MS;
    MHD_suspend_connection(exchange->handle);
}

static void resume(struct exchange *exchange)
{
    exchange->is_suspended = false;
    MHD_resume_connection(exchange->handle);
}

/* --- replies ---------------------------------------------------------------------- */

static struct MHD_Response *make_response(struct httpd *httpd, struct http_reply reply,
                                          bool keeps)
{
    const struct metrics_source *metrics = &httpd->setting.metrics;
    struct buf text = buf_make(LIMIT_HTTP_METRICS_BYTES);
    if (reply.text)
        buf_printf(&text, "%s\n", reply.text);
    else if (metrics->put)
        metrics->put(metrics->ctx, &text);
    must(!text.overflowed);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(text.len, text.ptr, MHD_RESPMEM_MUST_COPY);
    buf_free(&text);
    mem_there(response);
    (void)MHD_add_response_header(response, "Content-Type",
                                  reply.text
                                      ? "text/plain; charset=utf-8"
                                      : "text/plain; version=0.0.4; charset=utf-8");
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    if (reply.name)
        (void)MHD_add_response_header(response, reply.name, reply.value);
    if (!keeps)
        (void)MHD_add_response_header(response, "Connection", "close");
    return response;
}

/** Replies are few and constant, but for the metrics, so each is made once. */
static struct MHD_Response *find_response(struct httpd *httpd, struct http_reply reply,
                                          bool keeps)
{
    for (size_t i = 0; i < httpd->cached_count; i++) {
        struct cached *cached = &httpd->cache[i];
        if (cached->reply.status == reply.status && cached->reply.text == reply.text &&
            cached->reply.value == reply.value && cached->keeps == keeps)
            return cached->response;
    }
    if (httpd->cached_count == REPLIES)
        MHD_destroy_response(httpd->cache[--httpd->cached_count].response);
    struct cached *cached = &httpd->cache[httpd->cached_count++];
    *cached = (struct cached){ reply, keeps, make_response(httpd, reply, keeps) };
    return cached->response;
}

static void count_reply(struct http_tally *tally, int status)
{
    if (status < 300)
        tally->accepted++;
    else if (status == 401)
        tally->unauthorized++;
    else if (status < 500)
        tally->refused++;
    else
        tally->busy++;
}

/** The library may have answered by itself what it cannot read; then ours is not
 *  taken, which is right. */
static void answer(struct exchange *exchange)
{
    struct httpd *httpd = exchange->httpd;
    bool keeps = exchange->is_keepable && exchange->reply.status == 200;
    struct MHD_Response *fresh =
        exchange->reply.text ? NULL : make_response(httpd, exchange->reply, keeps);
    (void)MHD_queue_response(exchange->handle, (unsigned)exchange->reply.status,
                             fresh ? fresh
                                   : find_response(httpd, exchange->reply, keeps));
    if (fresh)
        MHD_destroy_response(fresh); /* the library has its own reference */
    count_reply(&httpd->setting.tally->http, exchange->reply.status);
    exchange->stage = STAGE_ANSWERED;
    exchange->deadline_ms = httpd->now.mono_ms + WRITE_MS;
}

/** Under TLS the connection just ends. */
static void answer_raw(struct exchange *exchange, const char *status)
{
    if (!exchange->httpd->is_tls)
        exchange_answer_raw(exchange, status);
}

/* --- heads ------------------------------------------------------------------------ */

struct reading {
    struct http_head *head;
    const char *end; /**< of what was seen of the head so far */
};

/* This library reads in place: a line that ended with CR LF leaves both their bytes
 * before the next one. So a bare LF, a folded line or a NUL shows in the distance. From
 * version 1.0 on it refuses them itself, and says nothing about where it keeps them. */
#define READS_IN_PLACE (MHD_VERSION < 0x01000000)

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct reading *reading = cls;
    struct http_head *head = reading->head;
    (void)kind;
    if (READS_IN_PLACE && name != reading->end + 2)
        head->is_odd = true;
    reading->end = value ? value + value_len : name + name_len;
    if (head->header_count == LIMIT_HTTP_HEADERS) {
        head->is_too_long = true;
        return MHD_NO;
    }
    head->headers[head->header_count++] = (struct http_header){
        .name = slice_make(name, name_len),
        .value = slice_trim(slice_make(value ? value : "", value_len)),
    };
    return MHD_YES;
}

/** Two bytes of the last line, two of the empty one. */
static bool ends_rightly(const struct exchange *exchange, const char *method,
                         const char *end)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->handle,
                                MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return !READS_IN_PLACE || (info && method + info->header_size == end + 4);
}

static void read_head(struct exchange *exchange, const char *method,
                      const char *version, struct http_head *head)
{
    struct slice target = exchange->target;
    struct reading reading = { head, version + strlen(version) };
    head->method = slice_of(method);
    head->query = buf_slice(&exchange->target_text);
    (void)slice_next(&head->query, '?', &head->path);
    head->peer = &exchange->peer;
    head->is_http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    if (READS_IN_PLACE && (target.ptr != method + head->method.len + 1 ||
                           version != target.ptr + target.len + 1))
        head->is_odd = true;
    (void)MHD_get_connection_values_n(exchange->handle, MHD_HEADER_KIND, read_header,
                                      &reading);
    if (!head->is_too_long && !ends_rightly(exchange, method, reading.end))
        head->is_odd = true;
}

static void begin_body(struct exchange *exchange, const struct http_head *head,
                       const char *signature_header)
{
    int64_t length = http_head_length(head);
    struct http_request *request = &exchange->request;
    if (length > 0 &&
        !exchange_reserve(&exchange->httpd->all, exchange, (size_t)length)) {
        exchange->reply =
            (struct http_reply){ 503, "too much is sent at once", "Retry-After", "1" };
        answer(exchange);
        return;
    }
    request->path = head->path;
    request->query = head->query;
    request->content_type = http_head_find(head, "Content-Type");
    request->signature =
        signature_header ? http_head_find(head, signature_header) : SLICE("");
    exchange->is_keepable = length >= 0 && !head->is_odd;
    exchange->stage = STAGE_BODY;
    exchange->deadline_ms = exchange->httpd->now.mono_ms + BODY_MS;
}

static void begin(struct exchange *exchange, const char *method, const char *version)
{
    struct httpd *httpd = exchange->httpd;
    struct http_head head = { .header_count = 0 };
    const char *signature_header = NULL;
    int64_t delay_ms = 0;
    httpd->setting.tally->http.requests++;
    read_head(exchange, method, version, &head);
    exchange->reply = httpd->is_closing
                          ? closing_reply
                          : httpd->setting.judge(httpd->setting.ctx, &head, &delay_ms,
                                                 &signature_header);
    if (exchange->reply.status == 0) {
        begin_body(exchange, &head, signature_header);
    } else if (delay_ms > 0) {
        exchange->stage = STAGE_DELAYED;
        suspend(exchange);
        exchange->deadline_ms = httpd->now.mono_ms + delay_ms;
    } else {
        answer(exchange);
    }
}

/* --- bodies ----------------------------------------------------------------------- */

static enum MHD_Result append(struct exchange *exchange, struct slice part)
{
    struct httpd *httpd = exchange->httpd;
    int status = exchange_append(&httpd->all, exchange, part);
    if (status == 0)
        return MHD_YES;
    count_reply(&httpd->setting.tally->http, status);
    answer_raw(exchange, status == 413 ? "413 Content Too Large"
                                       : "503 Service Unavailable\r\nRetry-After: 1");
    return MHD_NO;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd,
                                  const char *url, const char *method,
                                  const char *version, const char *data, size_t *size,
                                  void **context)
{
    struct exchange *exchange = *context;
    (void)cls;
    (void)url;
    exchange->handle = mhd;
    if (exchange->stage == STAGE_HEAD) {
        begin(exchange, method, version);
        return MHD_YES;
    }
    if (exchange->stage == STAGE_BODY && *size > 0) {
        struct slice part = { data, *size };
        *size = 0;
        return append(exchange, part);
    }
    if (exchange->stage == STAGE_BODY && exchange->httpd->is_closing) {
        exchange->reply = closing_reply;
        answer(exchange);
        return MHD_YES;
    }
    if (exchange->stage == STAGE_BODY) {
        exchange->stage = STAGE_WHOLE;
        exchange_queue_put(&exchange->httpd->all.whole, exchange);
        suspend(exchange);
        return MHD_YES;
    }
    if (exchange->stage == STAGE_HELD || exchange->stage == STAGE_DELAYED)
        answer(exchange);
    return MHD_YES;
}

/* --- connections ------------------------------------------------------------------ */

/** The library hands over what its caller sees in every later call. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *exchange = info->socket_context;
    (void)cls;
    exchange->target = slice_of(target ? target : "");
    buf_clear(&exchange->target_text);
    buf_put(&exchange->target_text, exchange->target);
    return exchange;
}

/** "%2f" is no way to write a '/': nothing is decoded. */
static size_t keep_encoded(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct exchange *exchange = *context;
    struct httpd *httpd = cls;
    (void)mhd;
    (void)code;
    if (!exchange)
        return;
    if (exchange->stage == STAGE_HEAD)
        httpd->setting.tally->http.malformed++;
    exchange_reset(&httpd->all, exchange, httpd->now.mono_ms + IDLE_MS);
}

static void open_exchange(struct httpd *httpd, struct MHD_Connection *mhd,
                          void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct exchange *exchange =
        exchange_open(&httpd->all, httpd->arriving, httpd->now.mono_ms + HEAD_MS);
    exchange->httpd = httpd;
    exchange->handle = mhd;
    exchange->fd = info->connect_fd;
    *context = exchange;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        open_exchange(cls, mhd, context);
    else if (*context)
        exchange_close(&((struct httpd *)cls)->all, *context);
}

/* --- the door --------------------------------------------------------------------- */

static void note_complaint(void *cls, const char *format, va_list args)
{
    struct httpd *httpd = cls;
    vsnprintf(httpd->complaint, sizeof httpd->complaint, format, args);
}

static struct MHD_Daemon *start(struct httpd *httpd)
{
    const struct httpd_setting *setting = &httpd->setting;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
                     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)setting->key },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)setting->certificate },
        { MHD_OPTION_END, 0, NULL },
    };
    return MHD_start_daemon(setting->certificate ? flags | MHD_USE_TLS : flags, 0, NULL,
                            NULL, on_request, httpd, MHD_OPTION_EXTERNAL_LOGGER,
                            note_complaint, httpd, MHD_OPTION_NOTIFY_CONNECTION,
                            on_connection, httpd, MHD_OPTION_NOTIFY_COMPLETED,
                            on_completed, httpd, MHD_OPTION_URI_LOG_CALLBACK, on_target,
                            httpd, MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)LIMIT_HTTP_HEAD_BYTES, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)LIMIT_HTTP_CONNECTIONS,
#if !READS_IN_PLACE
                            MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#endif
                            MHD_OPTION_ARRAY, setting->certificate ? tls : tls + 2,
                            MHD_OPTION_END);
}

struct httpd *httpd_create(const struct httpd_setting *setting, struct err *err)
{
    struct httpd *httpd = mem_zalloc(sizeof *httpd);
    httpd->setting = *setting;
    httpd->daemon = start(httpd);
    if (!httpd->daemon) {
        err_set(err, setting->certificate ? ERR_INVALID : ERR_IO,
                "the HTTP server cannot start%s: %.*s",
                setting->certificate ? " with this certificate and key" : "",
                (int)strcspn(httpd->complaint, "\n"), httpd->complaint);
        free(httpd);
        return NULL;
    }
    httpd->is_tls = setting->certificate != NULL;
    httpd->setting.certificate = httpd->setting.key = NULL; /* it has its own copy */
    httpd->epoll_fd =
        MHD_get_daemon_info(httpd->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    wakes_set(setting->wakes, httpd->epoll_fd, WAKE_READ);
    return httpd;
}

void httpd_add(struct httpd *httpd, int fd, const struct sockaddr_storage *socket,
               socklen_t length, struct now now)
{
    struct http_peer peer;
    http_peer_of(socket, &peer);
    httpd->now = now;
    httpd->arriving = &peer;
    (void)MHD_add_connection(httpd->daemon, fd, (const void *)socket, length);
    httpd->arriving = NULL;
}

/** What is too slow is shut down, which makes the library see its end. */
static void expire(struct exchange *exchange)
{
    if (exchange->stage == STAGE_DELAYED) {
        if (exchange->is_suspended)
            resume(exchange);
    } else {
        if (exchange->stage == STAGE_BODY)
            answer_raw(exchange, "408 Request Timeout");
        exchange->httpd->setting.tally->http.expired++;
        (void)shutdown(exchange->fd, SHUT_RDWR);
    }
    exchange->deadline_ms = NEVER_MS;
}

/** Is there more to do than waiting? */
static bool is_busy(const struct httpd *httpd)
{
    MHD_UNSIGNED_LONG_LONG timeout;
    return MHD_get_timeout(httpd->daemon, &timeout) == MHD_YES && timeout == 0;
}

void httpd_run(struct httpd *httpd, struct now now)
{
    httpd->now = now;
    for (struct exchange *at = httpd->all.first; at; at = at->next) {
        if (at->deadline_ms <= now.mono_ms)
            expire(at);
    }
    for (int i = 0; i < RUNS && (i == 0 || is_busy(httpd)); i++)
        (void)MHD_run(httpd->daemon);
}

struct http_request *httpd_next(struct httpd *httpd)
{
    return httpd->all.whole.first ? &httpd->all.whole.first->request : NULL;
}

void httpd_hold(struct httpd *httpd, struct http_request *request,
                struct http_reply reply)
{
    struct exchange *exchange = exchange_queue_take(&httpd->all.whole);
    must(exchange && &exchange->request == request);
    exchange->reply = reply;
    exchange->stage = STAGE_HELD;
    exchange_queue_put(&httpd->all.held, exchange);
}

struct http_request *httpd_held(struct httpd *httpd, struct http_request *at)
{
    struct exchange *exchange =
        at ? ((struct exchange *)at)->after : httpd->all.held.first;
    return exchange ? &exchange->request : NULL;
}

void httpd_release(struct httpd *httpd)
{
    struct exchange *exchange;
    while ((exchange = exchange_queue_take(&httpd->all.held)))
        resume(exchange);
}

void httpd_refuse(struct httpd *httpd, struct http_reply reply)
{
    while (httpd->all.whole.first)
        httpd_hold(httpd, &httpd->all.whole.first->request, reply);
    for (struct exchange *at = httpd->all.held.first; at; at = at->after)
        at->reply = reply;
    httpd_release(httpd);
}

int64_t httpd_wake_at(const struct httpd *httpd)
{
    return httpd->all.whole.first || is_busy(httpd) ? 0
                                                    : exchanges_deadline(&httpd->all);
}

size_t httpd_connections(const struct httpd *httpd)
{
    return httpd->all.count;
}

size_t httpd_connections_of(const struct httpd *httpd, const struct http_peer *peer)
{
    return exchanges_of(&httpd->all, peer);
}

void httpd_close(struct httpd *httpd)
{
    if (!httpd)
        return;
    httpd->is_closing = true;
    wakes_set(httpd->setting.wakes, httpd->epoll_fd, 0);
    httpd_refuse(httpd, closing_reply);
    for (struct exchange *at = httpd->all.first; at; at = at->next) {
        if (at->stage == STAGE_DELAYED && at->is_suspended)
            resume(at);
    }
    for (int i = 0; i < CLOSING_RUNS; i++)
        (void)MHD_run(httpd->daemon);
    for (struct exchange *at = httpd->all.first; at; at = at->next) {
        if (at->stage == STAGE_BODY)
            answer_raw(at, "503 Service Unavailable\r\nRetry-After: 5");
    }
    MHD_stop_daemon(httpd->daemon);
    must(httpd->all.first == NULL);
    for (size_t i = 0; i < httpd->cached_count; i++)
        MHD_destroy_response(httpd->cache[i].response);
    free(httpd);
}
