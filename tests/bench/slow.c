/**
 * Slow clients (slow loris): many connections, each of which sends a byte of a head
 * that never ends once a second, and comes again when it is turned away.
 *
 *   slow PORT CONNECTIONS SECONDS
 *
 * They come from 127.0.0.1 to 127.0.0.32, because a server may bound the connections of
 * one address. Prints "<open at the end> <opened in all> <closed by the server>".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { ADDRESSES = 32, MOST_CONNECTIONS = 4000, TICK_MS = 50, TICKS_A_BYTE = 20 };

static const char head[] = "POST /webhook/text HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ";

struct slow {
    struct pollfd *polled;
    size_t *sent;
    size_t count;
    unsigned long opened, closed;
};

static int connect_from(size_t number, uint16_t port)
{
    struct sockaddr_in from = { .sin_family = AF_INET,
                                .sin_addr.s_addr =
                                    htonl(INADDR_LOOPBACK + number % ADDRESSES) };
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(fd >= 0 && bind(fd, (void *)&from, sizeof from) == 0);
    if (connect(fd, (void *)&to, sizeof to) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void give_byte(struct slow *slow, size_t i)
{
    size_t at = slow->sent[i]++;
    char byte = 'x';
    if (at < sizeof head - 1)
        byte = head[at];
    (void)!send(slow->polled[i].fd, &byte, 1, MSG_NOSIGNAL);
}

/** What the server closed is closed; a reply of it is not read. */
static void let_go(struct slow *slow)
{
    if (poll(slow->polled, slow->count, TICK_MS) <= 0)
        return;
    for (size_t i = 0; i < slow->count; i++) {
        if (slow->polled[i].fd < 0 || slow->polled[i].revents == 0)
            continue;
        close(slow->polled[i].fd);
        slow->polled[i].fd = -1;
        slow->closed++;
    }
}

/** A share of the connections a tick, so that their bytes do not come in one wave. */
static void turn(struct slow *slow, unsigned long tick, uint16_t port)
{
    for (size_t i = tick % TICKS_A_BYTE; i < slow->count; i += TICKS_A_BYTE) {
        if (slow->polled[i].fd >= 0) {
            give_byte(slow, i);
            continue;
        }
        slow->polled[i].fd = connect_from(i, port);
        slow->sent[i] = 0;
        slow->opened += slow->polled[i].fd >= 0;
    }
    let_go(slow);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: see the head of tests/bench/slow.c\n");
        return 64;
    }
    struct slow slow = { .count = strtoul(argv[2], NULL, 10) };
    must(slow.count > 0 && slow.count <= MOST_CONNECTIONS);
    slow.polled = mem_zalloc(slow.count * sizeof *slow.polled);
    slow.sent = mem_zalloc(slow.count * sizeof *slow.sent);
    for (size_t i = 0; i < slow.count; i++)
        slow.polled[i] = (struct pollfd){ -1, POLLIN | POLLRDHUP, 0 };
    time_t end = time(NULL) + strtol(argv[3], NULL, 10);
    for (unsigned long tick = 0; time(NULL) < end; tick++)
        turn(&slow, tick, (uint16_t)strtoul(argv[1], NULL, 10));
    size_t open = 0;
    for (size_t i = 0; i < slow.count; i++)
        open += slow.polled[i].fd >= 0;
    printf("%zu %lu %lu\n", open, slow.opened, slow.closed);
    return 0;
}
