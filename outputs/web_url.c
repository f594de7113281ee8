/** From an address to its parts, and to the first lines of a request. */
#include "outputs/web_url.h"

#include <ctype.h>
#include <stdio.h>

enum { HOST_MAX = 253, PORT_BYTES = 16 };

static bool is_name(struct slice host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!isalnum((unsigned char)host.ptr[i]) && host.ptr[i] != '.' &&
            host.ptr[i] != '-')
            return false;
    return host.len > 0 && host.len <= HOST_MAX;
}

/* "[::1]" */
static bool is_v6(struct slice host)
{
    for (size_t i = 1; i + 1 < host.len; i++)
        if (!isxdigit((unsigned char)host.ptr[i]) && host.ptr[i] != ':' &&
            host.ptr[i] != '.')
            return false;
    return host.len > 4 && host.len <= 48 && host.ptr[0] == '[' &&
           host.ptr[host.len - 1] == ']';
}

static bool is_path(struct slice path)
{
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~' || path.ptr[i] == '#')
            return false;
    return true;
}

static struct slice behind(struct slice text, size_t count)
{
    return slice_make(text.ptr + count, text.len - count);
}

static bool take_place(struct slice place, struct web_url *url)
{
    size_t bracket = slice_find(place, SLICE("]"));
    size_t from = bracket == SIZE_MAX ? 0 : bracket;
    size_t colon = slice_find(behind(place, from), SLICE(":"));
    int64_t port = url->is_plain ? 80 : 443;
    url->host = colon == SIZE_MAX ? place : slice_make(place.ptr, from + colon);
    if (colon != SIZE_MAX && !slice_to_int(behind(place, from + colon + 1), &port))
        return false;
    url->port = port >= 1 && port <= 65535 ? (int)port : 0;
    return url->port > 0 && (is_name(url->host) || is_v6(url->host));
}

bool web_url_parse(struct slice text, struct web_url *url)
{
    static const struct slice secure = { "https://", 8 }, plain = { "http://", 7 };
    *url = (struct web_url){ .is_plain = slice_starts(text, plain) };
    if (!url->is_plain && !slice_starts(text, secure))
        return false;
    struct slice rest = behind(text, url->is_plain ? plain.len : secure.len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    url->path = end < rest.len ? behind(rest, end) : SLICE("/");
    return url->path.ptr[0] == '/' && is_path(url->path) &&
           take_place(slice_make(rest.ptr, end), url);
}

/* "127.0.0.1", and not a name that begins so. */
static bool is_v4_loopback(struct slice host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!isdigit((unsigned char)host.ptr[i]) && host.ptr[i] != '.')
            return false;
    return slice_starts(host, SLICE("127."));
}

bool web_host_is_loopback(struct slice host)
{
    return slice_equal_nocase(host, SLICE("localhost")) ||
           slice_equal(host, SLICE("::1")) || slice_equal(host, SLICE("[::1]")) ||
           is_v4_loopback(host);
}

bool web_url_put_post(struct secret *head, const struct web_url *url)
{
    char port[PORT_BYTES] = "";
    if (url->port != (url->is_plain ? 80 : 443))
        snprintf(port, sizeof port, ":%d", url->port);
    return secret_put(head, SLICE("POST ")) && secret_put(head, url->path) &&
           secret_put(head, SLICE(" HTTP/1.1\r\nHost: ")) &&
           secret_put(head, url->host) && secret_put(head, slice_of(port)) &&
           secret_put(head, SLICE("\r\nUser-Agent: tocsin\r\n"));
}
