/** Addresses as people write them. */
#include "agent/inputs/http/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/un.h>

static bool copy_text(struct slice text, char *into, size_t size)
{
    if (text.len >= size || (text.len > 0 && memchr(text.ptr, '\0', text.len)))
        return false;
    memcpy(into, text.ptr, text.len);
    into[text.len] = '\0';
    return true;
}

static bool parse_v4(struct slice host, in_port_t port, struct http_address *address)
{
    char text[INET_ADDRSTRLEN];
    struct sockaddr_in socket = { .sin_family = AF_INET, .sin_port = port };
    if (slice_equal(host, SLICE("localhost")))
        host = SLICE("127.0.0.1");
    if (!copy_text(host, text, sizeof text) ||
        inet_pton(AF_INET, text, &socket.sin_addr) != 1)
        return false;
    address->is_loopback = ntohl(socket.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    address->length = sizeof socket;
    memcpy(&address->socket, &socket, sizeof socket);
    return true;
}

static bool parse_v6(struct slice host, in_port_t port, struct http_address *address)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in6 socket = { .sin6_family = AF_INET6, .sin6_port = port };
    if (!copy_text(host, text, sizeof text) ||
        inet_pton(AF_INET6, text, &socket.sin6_addr) != 1)
        return false;
    address->is_loopback = IN6_IS_ADDR_LOOPBACK(&socket.sin6_addr);
    address->length = sizeof socket;
    memcpy(&address->socket, &socket, sizeof socket);
    return true;
}

static bool parse_unix(struct slice path, struct http_address *address)
{
    address->is_unix = address->is_loopback = true;
    address->path = path;
    return slice_starts(path, SLICE("/")) &&
           path.len < sizeof((struct sockaddr_un *)NULL)->sun_path &&
           !memchr(path.ptr, '\0', path.len);
}

bool http_address_parse(struct slice text, struct http_address *address)
{
    int64_t port;
    *address = (struct http_address){ 0 };
    if (slice_starts(text, SLICE("unix:")))
        return parse_unix(slice_make(text.ptr + 5, text.len - 5), address);
    const char *colon = text.len > 0 ? memrchr(text.ptr, ':', text.len) : NULL;
    if (!colon)
        return false;
    struct slice host = { text.ptr, (size_t)(colon - text.ptr) };
    struct slice digits = { colon + 1, text.len - host.len - 1 };
    if (digits.len > 5 || !slice_to_int(digits, &port) || port < 0 || port > 65535)
        return false;
    in_port_t net_port = htons((in_port_t)port);
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        return parse_v6(slice_make(host.ptr + 1, host.len - 2), net_port, address);
    return parse_v4(host, net_port, address);
}

void http_peer_of(const struct sockaddr_storage *socket, struct http_peer *peer)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    snprintf(peer->text, sizeof peer->text, "unix");
    if (socket->ss_family == AF_INET) {
        memcpy(&v4, socket, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, peer->text, sizeof peer->text);
    } else if (socket->ss_family == AF_INET6) {
        memcpy(&v6, socket, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, peer->text,
                      sizeof peer->text);
        else
            inet_ntop(AF_INET6, &v6.sin6_addr, peer->text, sizeof peer->text);
    }
}

void http_address_of(int fd, char *text, size_t size)
{
    struct sockaddr_storage socket = { 0 };
    socklen_t length = sizeof socket;
    struct http_peer host;
    struct sockaddr_in v4;
    (void)getsockname(fd, (void *)&socket, &length);
    http_peer_of(&socket, &host);
    memcpy(&v4, &socket, sizeof v4); /* both families have their port there */
    bool is_v6 = strchr(host.text, ':') != NULL;
    snprintf(text, size, "%s%s%s:%u", is_v6 ? "[" : "", host.text, is_v6 ? "]" : "",
             (unsigned)ntohs(v4.sin_port));
}

bool http_is_address(struct slice text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    return copy_text(text, copy, sizeof copy) &&
           (inet_pton(AF_INET, copy, &address) == 1 ||
            inet_pton(AF_INET6, copy, &address) == 1);
}
