/**
 * A sender of alerts over kept HTTP connections, one request under way on each: as fast
 * as the server answers.
 *
 *   ingest PORT FORM CONNECTIONS ALERTS BATCH DISTINCT STARTS_AT
 *     FORM      api: Alertmanager's POST /api/v2/alerts; webhook: what Alertmanager
 *               sends, to /webhook/alertmanager
 *     BATCH     alerts a request
 *     DISTINCT  alert i is alert i % DISTINCT again; 0: none is like another
 *
 * Prints "<alerts> <wall s> <p50 ms> <p99 ms> <replies that are no 2xx>".
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/buf.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"

#define STALL_MS 20000 /* without any reply; then it is given up */
#define MOST_CONNECTIONS 64

struct connection {
    int fd;
    char in[8192];
    size_t have;
    double sent_at;
    uint64_t under_way; /* alerts */
};

struct sender {
    bool is_webhook;
    uint64_t total, sent, answered, batch, distinct, refused;
    const char *start; /* RFC 3339 */
    struct buf body, request;
    double *latencies;
    size_t latency_count, latency_capacity;
};

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void put_alert(struct sender *sender, uint64_t number)
{
    uint64_t id = sender->distinct ? number % sender->distinct : number;
    buf_printf(
        &sender->body,
        "{%s\"labels\":{\"alertname\":\"DiskWillFill%" PRIu64
        "\",\"instance\":\"host-%" PRIu64
        ".example.net:9100\",\"job\":\"node\",\"severity\":\"critical\","
        "\"mountpoint\":\"/data/%" PRIu64
        "\"},\"annotations\":{\"summary\":\"Disk of host-%" PRIu64
        " will fill in 4 hours\",\"description\":\"Free space is 3.2%% and falls "
        "by 1.1 GB/h\"},\"startsAt\":\"%s\",\"generatorURL\":"
        "\"http://prometheus.example.net:9090/graph?g0.expr=predict_linear\"}",
        sender->is_webhook ? "\"status\":\"firing\"," : "", id % 1000, id, id % 7, id,
        sender->start);
}

static void put_body(struct sender *sender, uint64_t count)
{
    buf_clear(&sender->body);
    buf_puts(&sender->body,
             sender->is_webhook
                 ? "{\"version\":\"4\",\"groupKey\":\"{}:{}\",\"status\":\"firing\","
                   "\"receiver\":\"tocsin\",\"groupLabels\":{},\"commonLabels\":{},"
                   "\"commonAnnotations\":{},\"truncatedAlerts\":0,\"alerts\":["
                 : "[");
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0)
            buf_putc(&sender->body, ',');
        put_alert(sender, sender->sent + i);
    }
    buf_puts(&sender->body, sender->is_webhook ? "]}" : "]");
}

/* @return false when all alerts were sent. */
static bool send_next(struct sender *sender, struct connection *connection)
{
    uint64_t count = sender->total - sender->sent;
    if (count == 0)
        return false;
    if (count > sender->batch)
        count = sender->batch;
    put_body(sender, count);
    buf_clear(&sender->request);
    buf_printf(
        &sender->request,
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        sender->is_webhook ? "/webhook/alertmanager" : "/api/v2/alerts",
        sender->body.len);
    buf_put(&sender->request, buf_slice(&sender->body));
    must(!sender->body.overflowed && !sender->request.overflowed);
    sender->sent += count;
    connection->under_way = count;
    connection->have = 0;
    connection->sent_at = now();
    must(send(connection->fd, sender->request.ptr, sender->request.len, MSG_NOSIGNAL) ==
         (ssize_t)sender->request.len);
    return true;
}

/* @return a whole reply is here. */
static bool receive(struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->in + connection->have,
                       sizeof connection->in - 1 - connection->have, 0);
    if (got <= 0) {
        fprintf(stderr, "ingest: the server closed a connection\n");
        exit(76);
    }
    connection->have += (size_t)got;
    connection->in[connection->have] = '\0';
    const char *end = strstr(connection->in, "\r\n\r\n");
    const char *length = strcasestr(connection->in, "content-length:");
    size_t body = 0;
    if (length && end && length < end)
        body = strtoul(length + 15, NULL, 10);
    return end && connection->have >= (size_t)(end + 4 - connection->in) + body;
}

static void note_reply(struct sender *sender, const struct connection *connection)
{
    *mem_push(sender->latencies, sender->latency_count, sender->latency_capacity) =
        (now() - connection->sent_at) * 1000;
    sender->answered += connection->under_way;
    if (strncmp(connection->in, "HTTP/1.1 2", 10) != 0 && sender->refused++ == 0)
        fprintf(stderr, "ingest: %.200s\n", connection->in);
}

static int open_connection(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0 || connect(fd, (void *)&to, sizeof to) != 0) {
        perror("ingest: connect");
        exit(69);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void converse(struct sender *sender, int poll, size_t active)
{
    while (sender->answered < sender->total && active > 0) {
        struct epoll_event events[MOST_CONNECTIONS];
        int count = epoll_wait(poll, events, MOST_CONNECTIONS, STALL_MS);
        if (count <= 0)
            return;
        for (int i = 0; i < count; i++) {
            struct connection *connection = events[i].data.ptr;
            if (!receive(connection))
                continue;
            note_reply(sender, connection);
            if (!send_next(sender, connection))
                active--;
        }
    }
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int run(struct sender *sender, uint16_t port, size_t connections)
{
    struct connection *all = mem_zalloc(connections * sizeof *all);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    must(poll >= 0);
    double start = now();
    size_t active = 0;
    for (size_t i = 0; i < connections; i++) {
        all[i].fd = open_connection(port);
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = &all[i] };
        must(epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event) == 0);
        active += send_next(sender, &all[i]);
    }
    converse(sender, poll, active);
    double took = now() - start;
    if (sender->latency_count == 0)
        return 1;
    qsort(sender->latencies, sender->latency_count, sizeof(double), order);
    printf("%" PRIu64 " %.6f %.3f %.3f %" PRIu64 "\n", sender->answered, took,
           sender->latencies[sender->latency_count / 2],
           sender->latencies[sender->latency_count * 99 / 100], sender->refused);
    return sender->answered == sender->total && sender->refused == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: see the head of tests/bench/ingest.c\n");
        return 64;
    }
    struct sender sender = { .is_webhook = strcmp(argv[2], "webhook") == 0,
                             .total = strtoull(argv[4], NULL, 10),
                             .batch = strtoull(argv[5], NULL, 10),
                             .distinct = strtoull(argv[6], NULL, 10),
                             .start = argv[7],
                             .body = buf_make(1024 * 1024),
                             .request = buf_make(1024 * 1024) };
    size_t connections = strtoul(argv[3], NULL, 10);
    must(connections > 0 && connections <= MOST_CONNECTIONS && sender.batch > 0);
    return run(&sender, (uint16_t)strtoul(argv[1], NULL, 10), connections);
}
