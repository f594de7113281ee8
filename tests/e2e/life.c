/**
 * One scripted life of the real binary, for the tests that hurt it at one exact place:
 *
 *     life FIRST LATER PORT
 *
 * When agent.err says that an agent runs (by then it has stored where its files
 * begin), 300 numbered lines go to logs/app.log over two rotations by rename, and one
 * alert to PORT until it is answered with 200. Then mails/ must say all of it: three
 * mails of lines and one of the alert, more after a crash. FIRST is the program that is
 * hurt; as often as it is gone, LATER takes its place. At the end LATER runs --once.
 *
 * Prints one line, and ends with 0 when each line and the alert were told once: "good";
 * "late" when the first agent did not tell all of it in time (a file ./forget then says
 * to LATER that a hold on the mail server is not to be waited for); or "bad" and why.
 * Then the wait status of FIRST and what was counted.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "tests/e2e/shared/tally.h"

enum {
    LINES = 300,
    LINES_A_BATCH = 10,
    ROTATE_AT = 75,
    ROTATE_AGAIN_AT = 175,
    POST_AT = 150,
    TICK_MS = 10,
    PATIENCE_MS = 4000, /* then the first agent is asked to end */
    END_MS = 30000,     /* then the test has failed */
    STOP_MS = 15000,
    MOST_STARTS = 8,
    ONCE_RUNS = 3, /* a mail may be left to wait for its time */
    WORKERS = 3,
};

struct life {
    const char *first, *later;
    int port;
    pid_t agent; /* 0: none runs */
    int starts, first_status;
    bool is_late, is_stopping;
    uint64_t sum;
    int64_t began_ms;
    const char *trouble; /* NULL: none so far */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(int64_t ms)
{
    struct timespec span = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
    nanosleep(&span, NULL);
}

/* --- the agent -------------------------------------------------------------------- */

static pid_t start(const char *program, char *option)
{
    char name[] = "agent";
    char *argv[] = { name, option, NULL };
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        execv(program, argv);
        _exit(127);
    }
    return child;
}

/** Collect the agent if it is gone. @return whether it is. */
static bool is_gone(struct life *life)
{
    int status = 0;
    if (life->agent != 0 && waitpid(life->agent, &status, WNOHANG) == life->agent) {
        if (life->starts == 1)
            life->first_status = status;
        else if (status != 0 && !life->is_stopping)
            life->trouble = "an agent that nothing was done to ended by itself";
        life->agent = 0;
    }
    return life->agent == 0;
}

/** Wait a moment, and see to it that an agent runs. @return false when it is no use. */
static bool tick(struct life *life)
{
    pause_ms(TICK_MS);
    if (is_gone(life) && life->starts > MOST_STARTS)
        life->trouble = "no agent stays";
    if (life->agent == 0 && !life->trouble)
        life->agent = start(life->starts++ == 0 ? life->first : life->later, NULL);
    int64_t age_ms = now_ms() - life->began_ms;
    bool is_first = life->starts == 1 && life->agent != 0;
    if (is_first && !life->is_late && age_ms > PATIENCE_MS) {
        life->is_late = true;
        close(open("forget", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        kill(life->agent, SIGTERM);
        life->began_ms = now_ms();
    } else if (age_ms > END_MS) {
        life->trouble = "not everything is told in time";
    }
    return !life->trouble;
}

static void stop(struct life *life)
{
    int64_t until_ms = now_ms() + STOP_MS;
    life->is_stopping = true; /* a young agent knows no SIGTERM yet */
    if (!is_gone(life))
        kill(life->agent, SIGTERM);
    while (!is_gone(life) && now_ms() < until_ms)
        pause_ms(TICK_MS);
    if (life->agent == 0)
        return;
    kill(life->agent, SIGKILL);
    waitpid(life->agent, NULL, 0);
    life->trouble = "SIGTERM does not end the agent";
}

/* --- its world -------------------------------------------------------------------- */

static int open_log(void)
{
    int fd = open("logs/app.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    must(fd >= 0);
    return fd;
}

static int rotate(int fd)
{
    (void)rename("logs/app.log.1", "logs/app.log.2");
    must(rename("logs/app.log", "logs/app.log.1") == 0);
    close(fd);
    return open_log();
}

static void write_line(struct life *life, int fd, int number)
{
    char line[160];
    int len = snprintf(line, sizeof line,
                       "web01 app[%d]: ERROR seq=%06d connection to db1 refused",
                       number * WORKERS / LINES, number);
    life->sum += hash_bytes(slice_make(line, (size_t)len));
    line[len++] = '\n';
    must(write(fd, line, (size_t)len) == len);
}

static int connect_to(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval span = { .tv_sec = 2 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span);
    if (connect(fd, (const void *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/** @return whether the answer was 200. */
static bool post(int port)
{
    static const char body[] =
        "{\"version\":\"4\",\"groupKey\":\"{}:{alertname=\\\"Down\\\"}\","
        "\"status\":\"firing\",\"receiver\":\"tocsin\",\"alerts\":[{\"status\":"
        "\"firing\","
        "\"labels\":{\"alertname\":\"Down\",\"instance\":\"web1:9100\"},"
        "\"annotations\":{\"summary\":\"web1 is down\"},"
        "\"startsAt\":\"2026-11-23T05:59:00.000Z\",\"endsAt\":\"0001-01-01T00:00:00Z\","
        "\"fingerprint\":\"00000000deadbeef\"}]}";
    char request[1024], answer[64] = "";
    int fd = connect_to(port);
    if (fd < 0)
        return false;
    int len = snprintf(request, sizeof request,
                       "POST /webhook/alertmanager HTTP/1.1\r\nHost: localhost\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s",
                       sizeof body - 1, body);
    bool ok = send(fd, request, (size_t)len, MSG_NOSIGNAL) == len &&
              recv(fd, answer, sizeof answer - 1, MSG_WAITALL) > 0 &&
              strncmp(answer, "HTTP/1.1 200", 12) == 0;
    close(fd);
    return ok;
}

/* --- the script ------------------------------------------------------------------- */

static bool is_running(void)
{
    char text[16384];
    FILE *in = fopen("agent.err", "r");
    size_t len = in ? fread(text, 1, sizeof text, in) : 0;
    if (in)
        fclose(in);
    return slice_find(slice_make(text, len), SLICE("running: ")) != SIZE_MAX;
}

static void write_and_post(struct life *life)
{
    int fd = open_log();
    while (!is_running() && tick(life))
        ;
    for (int i = 0; i < LINES; i++) {
        write_line(life, fd, i);
        if (i == ROTATE_AT || i == ROTATE_AGAIN_AT)
            fd = rotate(fd);
        if (i % LINES_A_BATCH == 0 && !tick(life))
            break;
        while (i == POST_AT && !post(life->port) && tick(life))
            ;
    }
    close(fd);
}

static bool is_told(struct tally *tally)
{
    tally_clear(tally);
    tally_folder(tally, "mails");
    return tally->count >= LINES && tally->posted >= 1;
}

/** What is in doubt is sent again, and nothing is left. */
static void finish(struct life *life)
{
    char once[] = "--once";
    int status = -1;
    for (int i = 0; i < ONCE_RUNS && status != 0; i++) {
        pid_t last = start(life->later, once);
        must(waitpid(last, &status, 0) == last);
    }
    if (status != 0 && !life->trouble)
        life->trouble = "--once did not end well";
}

static const char *judge(const struct life *life, const struct tally *tally)
{
    if (life->trouble)
        return life->trouble;
    if (tally->count < LINES || tally->posted < 1)
        return "lost";
    if (tally->count > LINES || tally->posted > 1)
        return "told twice";
    if (tally->forged > 0)
        return "a second copy differs";
    return tally->sum == life->sum ? NULL : "the hash sum is wrong";
}

int main(int argc, char **argv)
{
    struct tally tally = { 0 };
    if (argc != 4) {
        fprintf(stderr, "usage: see the head of tests/e2e/life.c\n");
        return 64;
    }
    struct life life = { .first = argv[1],
                         .later = argv[2],
                         .port = (int)strtol(argv[3], NULL, 10),
                         .began_ms = now_ms() };
    write_and_post(&life);
    while (!is_told(&tally) && tick(&life))
        ;
    stop(&life);
    finish(&life);
    is_told(&tally);
    const char *trouble = judge(&life, &tally);
    printf("%s status=%d starts=%d lines=%" PRIu64 " posted=%" PRIu64 " mails=%" PRIu64
           " copies=%" PRIu64 "%s%s\n",
           trouble        ? "bad "
           : life.is_late ? "late"
                          : "good",
           life.first_status, life.starts, tally.count, tally.posted, tally.mails,
           tally.copies, trouble ? ": " : "", trouble ? trouble : "");
    tally_clear(&tally);
    return trouble ? 1 : 0;
}
