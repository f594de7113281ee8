/** The shape of heads. */
#include "agent/inputs/http/head.h"

#include <ctype.h>

/* Headers that decide how the request is read: one of each at most. */
static const char *const single_headers[] = {
    "Host",   "Content-Length", "Transfer-Encoding", "Content-Type", "Content-Encoding",
    "Origin", "Authorization",  "Sec-Fetch-Site",
};

static size_t count_headers(const struct http_head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++)
        count += slice_equal_nocase(head->headers[i].name, slice_of(name));
    return count;
}

struct slice http_head_find(const struct http_head *head, const char *name)
{
    for (size_t i = 0; i < head->header_count; i++) {
        if (slice_equal_nocase(head->headers[i].name, slice_of(name)))
            return head->headers[i].value;
    }
    return SLICE("");
}

struct slice http_head_find_last(const struct http_head *head, const char *name)
{
    for (size_t i = head->header_count; i-- > 0;) {
        if (slice_equal_nocase(head->headers[i].name, slice_of(name)))
            return head->headers[i].value;
    }
    return SLICE("");
}

int64_t http_head_length(const struct http_head *head)
{
    int64_t length;
    struct slice value = http_head_find(head, "Content-Length");
    if (value.len == 0)
        return -1;
    return slice_to_int(value, &length) ? length : INT64_MAX;
}

bool http_head_is_chunked(const struct http_head *head)
{
    return count_headers(head, "Transfer-Encoding") > 0;
}

/** A token of RFC 9110, 5.6.2. */
static bool is_token(struct slice name)
{
    bool is_good = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        is_good = is_good && (isalnum((unsigned char)name.ptr[i]) ||
                              (name.ptr[i] && strchr("!#$%&'*+-.^_`|~", name.ptr[i])));
    return is_good;
}

static bool is_field_text(struct slice value)
{
    bool is_good = true;
    for (size_t i = 0; i < value.len; i++)
        is_good =
            is_good && (value.ptr[i] == '\t' || !iscntrl((unsigned char)value.ptr[i]));
    return is_good;
}

static bool is_target(struct slice text)
{
    bool is_good = true;
    for (size_t i = 0; i < text.len; i++)
        is_good = is_good && text.ptr[i] > ' ' && text.ptr[i] < 127;
    return is_good;
}

static bool are_fields_right(const struct http_head *head)
{
    bool is_good = is_token(head->method) && is_target(head->path) &&
                   is_target(head->query) && slice_starts(head->path, SLICE("/"));
    for (size_t i = 0; i < head->header_count; i++)
        is_good = is_good && is_token(head->headers[i].name) &&
                  is_field_text(head->headers[i].value);
    for (size_t i = 0; i < sizeof single_headers / sizeof *single_headers; i++)
        is_good = is_good && count_headers(head, single_headers[i]) <= 1;
    return is_good;
}

static bool is_number(struct slice text)
{
    bool is_good = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        is_good = is_good && isdigit((unsigned char)text.ptr[i]);
    return is_good;
}

/** Is there one way only to tell where the body ends? */
static bool is_framing_right(const struct http_head *head)
{
    bool has_length = count_headers(head, "Content-Length") > 0;
    if (!http_head_is_chunked(head))
        return !has_length || is_number(http_head_find(head, "Content-Length"));
    return !has_length && !head->is_http_1_0 &&
           slice_equal_nocase(http_head_find(head, "Transfer-Encoding"),
                              SLICE("chunked"));
}

struct http_reply http_head_check(const struct http_head *head)
{
    if (head->is_too_long)
        return (struct http_reply){ 431, "the head of the request is too long" };
    if (head->is_odd || !are_fields_right(head))
        return (struct http_reply){ 400, "this is not how a request is written" };
    if (!is_framing_right(head))
        return (struct http_reply){ 400, "where the body ends cannot be told" };
    if (!head->is_http_1_0 && count_headers(head, "Host") != 1)
        return (struct http_reply){ 400, "a request names its host once" };
    return (struct http_reply){ 0 };
}
