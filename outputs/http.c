/** Lines of the head, then the body by its length, by chunks, or until the end. */
#include "outputs/http.h"

#include <string.h>

#include "agent/base/civil.h"
#include "outputs/http_date.h"

bool http_begin(struct http_response *response, struct now now, struct err *err)
{
    http_clear(response);
    response->retry_after_s = response->retry_at_s = response->length = -1;
    response->asked_s = floor_div(now.unix_ms, SECOND_MS);
    return secret_open(&response->body, LIMIT_REPLY_BODY_BYTES, err);
}

void http_clear(struct http_response *response)
{
    secret_wipe(&response->body);
    *response = (struct http_response){ 0 };
}

/* --- the head --------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK" */
static bool take_status(struct http_response *response, struct slice line)
{
    int64_t status = 0;
    if (line.len < 12 || !slice_starts(line, SLICE("HTTP/1.")) || line.ptr[8] != ' ' ||
        (line.len > 12 && line.ptr[12] != ' ') ||
        !slice_to_int(slice_make(line.ptr + 9, 3), &status) || status < 100 ||
        status > 599)
        return false;
    response->status = (int)status;
    response->closes = line.ptr[7] == '0';
    response->part = HTTP_HEADERS;
    return true;
}

static bool take_length(struct http_response *response, struct slice value)
{
    int64_t length = 0;
    if (!slice_to_int(value, &length) || length < 0 ||
        (response->length >= 0 && response->length != length))
        return false;
    response->length = length;
    return true;
}

static void take_date(struct http_response *response, struct slice value)
{
    if (!http_date_parse(value, response->asked_s, &response->date_s))
        response->date_s = 0;
}

/* Seconds, or the time when it may be asked again (RFC 9110 10.2.3). */
static void take_retry(struct http_response *response, struct slice value)
{
    response->retry_after_s = response->retry_at_s = -1;
    if (slice_to_int(value, &response->retry_after_s))
        return;
    response->retry_after_s = -1;
    if (!http_date_parse(value, response->asked_s, &response->retry_at_s))
        response->retry_at_s = -1;
}

/* A time is held against the clock that it was read from, since ours may be wrong. */
static void judge_retry(struct http_response *response)
{
    int64_t now_s = response->date_s > 0 ? response->date_s : response->asked_s;
    if (response->retry_at_s >= 0)
        response->retry_after_s =
            response->retry_at_s > now_s ? response->retry_at_s - now_s : 0;
    if (response->retry_after_s < 0)
        response->retry_after_s = -1;
    if (response->retry_after_s > DAY_SECONDS)
        response->retry_after_s = DAY_SECONDS;
}

static bool take_header(struct http_response *response, struct slice line)
{
    struct slice name, value = line;
    if (!slice_next(&value, ':', &name) || name.len == line.len)
        return false;
    value = slice_trim(value);
    if (slice_equal_nocase(name, SLICE("content-length")))
        return take_length(response, value);
    if (slice_equal_nocase(name, SLICE("transfer-encoding"))) {
        response->is_chunked = slice_equal_nocase(value, SLICE("chunked"));
        return response->is_chunked;
    }
    if (slice_equal_nocase(name, SLICE("date")))
        take_date(response, value);
    if (slice_equal_nocase(name, SLICE("connection")))
        response->closes =
            response->closes || slice_equal_nocase(value, SLICE("close"));
    if (slice_equal_nocase(name, SLICE("retry-after")))
        take_retry(response, value);
    return true;
}

/* The head is over: which way does the body come? */
static enum http_state begin_body(struct http_response *response)
{
    judge_retry(response);
    if (response->status < 200) { /* "100 Continue": the response is still to come */
        response->part = HTTP_STATUS;
        response->length = -1;
        response->is_chunked = false;
        return HTTP_MORE;
    }
    if (response->status == 204 || response->status == 304)
        return HTTP_DONE;
    if (response->is_chunked) {
        response->part = HTTP_CHUNK_SIZE;
        return HTTP_MORE;
    }
    response->part = HTTP_BODY;
    response->closes = response->closes || response->length < 0;
    response->left = response->length < 0 ? UINT64_MAX : (uint64_t)response->length;
    return response->left == 0 ? HTTP_DONE : HTTP_MORE;
}

/* --- chunks ----------------------------------------------------------------------- */

static int hex_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    return c != '\0' && at ? (int)(at - digits) : -1;
}

/* "1a2b" or "1a2b;extension" */
static bool take_chunk_size(struct http_response *response, struct slice line)
{
    uint64_t size = 0;
    size_t count = 0;
    while (count < line.len && hex_of(line.ptr[count]) >= 0 && count < 8)
        size = size * 16 + (uint64_t)hex_of(line.ptr[count++]);
    if (count == 0 ||
        (count < line.len && line.ptr[count] != ';' && line.ptr[count] != ' '))
        return false;
    response->left = size;
    response->part = size == 0 ? HTTP_TRAILER : HTTP_CHUNK;
    return true;
}

static enum http_state take_line(struct http_response *response, struct slice line)
{
    bool ok = true;
    switch (response->part) {
    case HTTP_STATUS:
        ok = take_status(response, line);
        break;
    case HTTP_HEADERS:
        if (line.len == 0)
            return begin_body(response);
        ok = take_header(response, line);
        break;
    case HTTP_CHUNK_SIZE:
        ok = take_chunk_size(response, line);
        break;
    case HTTP_CHUNK_END:
        ok = line.len == 0;
        response->part = HTTP_CHUNK_SIZE;
        break;
    default: /* a trailer, of which we want none */
        return line.len == 0 ? HTTP_DONE : HTTP_MORE;
    }
    return ok ? HTTP_MORE : HTTP_BROKEN;
}

/* --- bytes ------------------------------------------------------------------------ */

static enum http_state take_byte_of_line(struct http_response *response, char c)
{
    if (++response->head_bytes > LIMIT_REPLY_HEAD_BYTES)
        return HTTP_BROKEN;
    if (c != '\n') {
        if (response->line_len < sizeof response->line)
            response->line[response->line_len++] = c;
        return HTTP_MORE;
    }
    struct slice line = slice_make(response->line, response->line_len);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    response->line_len = 0;
    return take_line(response, line);
}

static enum http_state take_body(struct http_response *response, struct slice *bytes)
{
    size_t len = bytes->len < response->left ? bytes->len : (size_t)response->left;
    if (!secret_put(&response->body, slice_make(bytes->ptr, len)))
        return HTTP_BROKEN;
    *bytes = slice_make(bytes->ptr + len, bytes->len - len);
    if (response->left != UINT64_MAX)
        response->left -= len;
    if (response->left > 0)
        return HTTP_MORE;
    if (response->part == HTTP_BODY)
        return HTTP_DONE;
    response->part = HTTP_CHUNK_END;
    return HTTP_MORE;
}

enum http_state http_feed(struct http_response *response, struct slice *bytes)
{
    enum http_state state = HTTP_MORE;
    while (bytes->len > 0 && state == HTTP_MORE) {
        if (response->part == HTTP_BODY || response->part == HTTP_CHUNK) {
            state = take_body(response, bytes);
            continue;
        }
        state = take_byte_of_line(response, *bytes->ptr);
        *bytes = slice_make(bytes->ptr + 1, bytes->len - 1);
    }
    return state;
}

enum http_state http_closed(const struct http_response *response)
{
    return response->part == HTTP_BODY && response->left == UINT64_MAX ? HTTP_DONE
                                                                       : HTTP_BROKEN;
}
