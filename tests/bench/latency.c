/**
 * The clock of the latency bench: gives off events, each with a token, and later joins
 * their times with the times at which a sink saw the end of DATA.
 *
 *   latency give FILE PORT ROUND EVENTS GAP_MS
 *       EVENTS lines to FILE and, in between, as many alerts to Alertmanager's API at
 *       PORT (0: none); prints "<ns> <token>" for each. Tokens of a ROUND are its own.
 *   latency report TIMES SINKLOG
 *       prints "<got> <p50> <p90> <p99> <max>" in ms, of the events that the sink saw
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/map.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/rng.h"

static int64_t wall_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static void pause_about(struct rng *rng, int64_t gap_ms)
{
    int64_t us = rng_jitter(rng, gap_ms * 1000, 40);
    struct timespec span = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
    nanosleep(&span, NULL);
}

static void give_line(int fd, const char *token)
{
    char line[200];
    int len =
        snprintf(line, sizeof line,
                 "Nov 23 08:00:00 web01 %s sshd[123]: Failed password for root from "
                 "192.0.2.7 port 22 ssh2\n",
                 token);
    must(write(fd, line, (size_t)len) == len);
}

static void give_alert(uint16_t port, const char *token)
{
    char body[300], request[600], reply[1024];
    int len =
        snprintf(body, sizeof body,
                 "[{\"labels\":{\"alertname\":\"%s\",\"id\":\"%s\","
                 "\"severity\":\"critical\"},\"annotations\":{\"summary\":\"x\"}}]",
                 token, token);
    int all = snprintf(request, sizeof request,
                       "POST /api/v2/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                       "Content-Type: application/json\r\nContent-Length: %d\r\n"
                       "Connection: close\r\n\r\n%s",
                       len, body);
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && connect(fd, (void *)&to, sizeof to) == 0);
    must(write(fd, request, (size_t)all) == all);
    ssize_t got = read(fd, reply, sizeof reply - 1);
    must(got > 12 && strncmp(reply + 9, "200", 3) == 0);
    close(fd);
}

/* Times are taken before the event leaves. */
static void start_event(char token[32], long number)
{
    snprintf(token, 32, "EVT-%06ld", number);
    printf("%" PRId64 " %s\n", wall_ns(), token);
}

static int give(char **args)
{
    int fd = open(args[0], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    uint16_t port = (uint16_t)strtoul(args[1], NULL, 10);
    long round = strtol(args[2], NULL, 10), events = strtol(args[3], NULL, 10);
    long gap_ms = strtol(args[4], NULL, 10);
    struct rng rng;
    rng_seed(&rng, (uint64_t)round);
    for (long i = 0; i < events; i++) {
        char token[32];
        start_event(token, round * 10000 + 2 * i);
        give_line(fd, token);
        pause_about(&rng, gap_ms);
        if (port == 0)
            continue;
        start_event(token, round * 10000 + 2 * i + 1);
        give_alert(port, token);
        pause_about(&rng, gap_ms);
    }
    return 0;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int report(const char *times, const char *sink_log)
{
    struct map given = { 0 };
    char line[2048];
    double *took = NULL;
    size_t count = 0, capacity = 0;
    FILE *in = fopen(times, "r");
    must(in != NULL);
    while (fgets(line, sizeof line, in)) {
        int64_t *at = mem_zalloc(sizeof *at);
        char *rest;
        *at = strtoll(line, &rest, 10);
        map_put(&given, slice_of(mem_copy(slice_trim(slice_of(rest)))), at);
    }
    fclose(in);
    in = fopen(sink_log, "r");
    must(in != NULL);
    while (fgets(line, sizeof line, in)) {
        const char *token = strstr(line, "EVT-");
        int64_t *at = token ? map_take(&given, slice_make(token, 10)) : NULL;
        if (at)
            *mem_push(took, count, capacity) =
                (double)(strtoll(line, NULL, 10) - *at) / 1e6;
    }
    fclose(in);
    if (count == 0) {
        puts("0 - - - -");
        return 1;
    }
    qsort(took, count, sizeof *took, order);
    printf("%zu %.2f %.2f %.2f %.2f\n", count, took[count / 2], took[count * 9 / 10],
           took[count * 99 / 100], took[count - 1]);
    return 0;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 7 && strcmp(argv[1], "give") == 0)
        return give(argv + 2);
    if (argc == 4 && strcmp(argv[1], "report") == 0)
        return report(argv[2], argv[3]);
    fprintf(stderr, "usage: see the head of tests/bench/latency.c\n");
    return 64;
}
