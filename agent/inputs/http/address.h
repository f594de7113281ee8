/** Where we listen, as it is written: "127.0.0.1:9093", "[::1]:9093", "unix:/path". */
#ifndef TOCSIN_HTTP_ADDRESS_H
#define TOCSIN_HTTP_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "agent/base/slice.h"

struct http_address {
    bool is_unix;
    bool is_loopback;  /**< only this host can reach it; a unix socket as well */
    struct slice path; /**< of a unix socket; borrowed */
    struct sockaddr_storage socket;
    socklen_t length;
};

/** Parse what the key `listen` may say: an address of this host in digits (or
 *  "localhost", which is 127.0.0.1) with its port (0: any that is free), or "unix:"
 *  with a path from the top. @return false for anything else. */
bool http_address_parse(struct slice text, struct http_address *address);

/** Whose connection it is: what a peer is called in counts and in the log. */
struct http_peer {
    char text[INET6_ADDRSTRLEN]; /**< in digits, without the port; "unix" */
};

/** IPv4 inside IPv6 is told as IPv4, so that it counts as the same peer. */
void http_peer_of(const struct sockaddr_storage *socket, struct http_peer *peer);

/** Put "127.0.0.1:9093" of a bound socket into @text. */
void http_address_of(int fd, char *text, size_t size);

/** Are these only digits of an IPv4 or IPv6 address, without port and brackets? */
bool http_is_address(struct slice text);

#endif
