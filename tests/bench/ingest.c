/**
 * The client of the ingest bench: posts alerts over kept connections, one request in
 * flight on each, and says how fast they were taken.
 *
 *   ingest PORT PATH ALERTS BATCH CONNECTIONS DISTINCT
 *
 * PATH /api/v2/alerts gets the list that Alertmanager takes, any other the body that
 * Alertmanager sends; the alerts in it are the same bytes. DISTINCT 0: all are new.
 * Prints "<alerts/s> <p50 ms> <p99 ms> <requests that were not answered with 200>".
 */
#include <arpa/inet.h>
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

struct poster {
    int fd;
    struct buf request;
    char reply[4096];
    size_t reply_len;
    int64_t sent_ns;
    long alerts; /* in the request under way */
};

struct bench {
    const char *path;
    long total, batch, distinct;
    long sent, answered, bad;
    int64_t *times_ns;
    size_t time_count;
    int epoll_fd;
};

static int64_t now_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void put_alert(struct buf *out, const struct bench *bench, long number)
{
    long id = bench->distinct > 0 ? number % bench->distinct : number;
    buf_printf(out,
               "{\"status\":\"firing\",\"labels\":{\"alertname\":\"DiskWillFill%ld\","
               "\"instance\":\"host-%ld.example.net:9100\",\"job\":\"node\","
               "\"severity\":\"critical\",\"mountpoint\":\"/data/%ld\"},"
               "\"annotations\":{\"summary\":\"Disk of host-%ld will fill in 4 hours\","
               "\"description\":\"Free space is 3.2%% and falls by 1.1 GB/h\"},"
               "\"startsAt\":\"2026-11-26T08:00:00Z\","
               "\"generatorURL\":\"http://prometheus.example.net:9090/graph?"
               "g0.expr=predict_linear&g0.tab=1\"}",
               id % 1000, id, id % 7, id);
}

static void put_body(struct buf *out, const struct bench *bench, long count)
{
    bool is_list = strcmp(bench->path, "/api/v2/alerts") == 0;
    buf_puts(out,
             is_list ? "[" : "{\"version\":\"4\",\"status\":\"firing\",\"alerts\":[");
    for (long i = 0; i < count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        put_alert(out, bench, bench->sent + i);
    }
    buf_puts(out, is_list ? "]" : "]}");
}

/** @return false when everything is sent. */
static bool post(struct bench *bench, struct poster *poster)
{
    static struct buf body;
    long left = bench->total - bench->sent;
    poster->alerts = left < bench->batch ? left : bench->batch;
    if (poster->alerts == 0)
        return false;
    body.max_bytes = poster->request.max_bytes = 1 << 20;
    buf_clear(&body);
    buf_clear(&poster->request);
    put_body(&body, bench, poster->alerts);
    buf_printf(
        &poster->request,
        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        bench->path, body.len, body.ptr);
    bench->sent += poster->alerts;
    poster->sent_ns = now_ns();
    must(send(poster->fd, poster->request.ptr, poster->request.len, MSG_NOSIGNAL) ==
         (ssize_t)poster->request.len);
    return true;
}

static void connect_to(struct bench *bench, struct poster *poster, in_port_t port)
{
    int on = 1;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = poster };
    poster->fd = socket(AF_INET, SOCK_STREAM, 0);
    must(connect(poster->fd, (void *)&address, sizeof address) == 0);
    (void)setsockopt(poster->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    must(epoll_ctl(bench->epoll_fd, EPOLL_CTL_ADD, poster->fd, &event) == 0);
}

/** Is the reply whole? A closed connection ends the bench. */
static bool hear(struct poster *poster)
{
    ssize_t got = recv(poster->fd, poster->reply + poster->reply_len,
                       sizeof poster->reply - 1 - poster->reply_len, 0);
    must(got > 0);
    poster->reply_len += (size_t)got;
    poster->reply[poster->reply_len] = '\0';
    const char *end = strstr(poster->reply, "\r\n\r\n");
    const char *length = strcasestr(poster->reply, "content-length:");
    size_t wanted = length && length < end ? strtoul(length + 15, NULL, 10) : 0;
    return end && strlen(end + 4) >= wanted;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void run(struct bench *bench)
{
    struct epoll_event events[64];
    while (bench->answered < bench->total) {
        int count = epoll_wait(bench->epoll_fd, events, 64, 30000);
        must(count > 0);
        for (int i = 0; i < count; i++) {
            struct poster *poster = events[i].data.ptr;
            if (!hear(poster))
                continue;
            bench->bad += strncmp(poster->reply, "HTTP/1.1 200", 12) != 0;
            bench->times_ns[bench->time_count++] = now_ns() - poster->sent_ns;
            bench->answered += poster->alerts;
            poster->reply_len = 0;
            (void)post(bench, poster);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    must(argc == 7);
    bench.path = argv[2];
    bench.total = strtol(argv[3], NULL, 10);
    bench.batch = strtol(argv[4], NULL, 10);
    long connections = strtol(argv[5], NULL, 10);
    bench.distinct = strtol(argv[6], NULL, 10);
    bench.epoll_fd = epoll_create1(0);
    bench.times_ns = mem_zalloc((size_t)bench.total * sizeof *bench.times_ns);
    struct poster *posters = mem_zalloc((size_t)connections * sizeof *posters);
    for (long i = 0; i < connections; i++)
        connect_to(&bench, &posters[i], (in_port_t)strtol(argv[1], NULL, 10));
    int64_t began_ns = now_ns();
    for (long i = 0; i < connections; i++)
        (void)post(&bench, &posters[i]);
    run(&bench);
    double seconds = (double)(now_ns() - began_ns) / 1e9;
    qsort(bench.times_ns, bench.time_count, sizeof *bench.times_ns, compare);
    printf("%.0f %.2f %.2f %ld\n", (double)bench.total / seconds,
           (double)bench.times_ns[bench.time_count / 2] / 1e6,
           (double)bench.times_ns[bench.time_count * 99 / 100] / 1e6, bench.bad);
    return 0;
}
