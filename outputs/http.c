/** Lines of the head, then the body by its length, by chunks, or until the end. */
#include "outputs/http.h"

#include <string.h>

#include "agent/base/civil.h"

bool http_begin(struct http_response *response, struct err *err)
{
    http_clear(response);
    response->retry_after_s = response->length = -1;
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

static bool take_number(struct slice text, size_t at, size_t len, int64_t most,
                        int64_t *value)
{
    for (size_t i = at; i < at + len; i++)
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    return slice_to_int(slice_make(text.ptr + at, len), value) && *value <= most;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7); the two obsolete forms are no date
 * to us. @return 0 when it is none. */
static int64_t date_of(struct slice text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t day, year, hour, minute, second;
    if (text.len != 29 || !slice_equal(slice_make(text.ptr + 25, 4), SLICE(" GMT")) ||
        !take_number(text, 5, 2, 31, &day) || !take_number(text, 12, 4, 9999, &year) ||
        !take_number(text, 17, 2, 23, &hour) ||
        !take_number(text, 20, 2, 59, &minute) ||
        !take_number(text, 23, 2, 60, &second))
        return 0;
    for (int month = 0; month < 12; month++)
        if (memcmp(text.ptr + 8, months + 3 * (size_t)month, 3) == 0)
            return civil_to_days((struct civil_date){ year, month + 1, (int)day }) *
                       DAY_SECONDS +
                   (hour * 60 + minute) * 60 + second;
    return 0;
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
        response->date_s = date_of(value);
    if (slice_equal_nocase(name, SLICE("connection")))
        response->closes =
            response->closes || slice_equal_nocase(value, SLICE("close"));
    if (slice_equal_nocase(name, SLICE("retry-after")) &&
        (!slice_to_int(value, &response->retry_after_s) || response->retry_after_s < 0))
        response->retry_after_s = -1;
    return true;
}

/* The head is over: which way does the body come? */
static enum http_state begin_body(struct http_response *response)
{
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
