/** The sink, forked, and libcurl's links to it. */
#include "sink_world.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/clock.h"

#include "test.h"

/* --- the server ------------------------------------------------------------------- */

static void serve(struct smtp_world *world, const struct sink_wishes *wishes, int out)
{
    struct err err = { 0 };
    struct sink_options options = { .address = "127.0.0.1",
                                    .max_bytes = 1 << 20,
                                    .write_ca = world->ca,
                                    .log = world->log,
                                    .user = SLICE("me@x.org"),
                                    .password = SLICE("abcdefghijklmnop") };
    struct likeness likeness;
    struct oauthd *oauth = &options.google.oauth;
    likeness_init(&likeness);
    likeness.logins.max = likeness.recipients.max = 0;
    options.likeness = &likeness;
    *oauth = (struct oauthd){ .user = options.user,
                              .client_id = slice_of(wishes->client),
                              .client_secret = SLICE("secret"),
                              .refresh_token = slice_of(wishes->refresh_token),
                              .life_s = wishes->life_s ? wishes->life_s : 3599,
                              .rotates = wishes->rotates };
    if (wishes->service_account &&
        !(oauth->key = claim_key_read(wishes->service_account, &err)))
        _exit(5);
    options.is_plain = wishes->script && strcmp(wishes->script, "plain") == 0;
    if (wishes->script && !options.is_plain &&
        !script_add(&options.script, slice_of(wishes->script), &err))
        _exit(2);
    if (dup2(out, STDOUT_FILENO) < 0)
        _exit(3);
    _exit(sink_run(&options, &err) ? 0 : 4);
}

/* "smtp=127.0.0.1:12345 smtps=..." */
static int port_behind(const char *line, const char *name)
{
    int64_t port = 0;
    const char *at = strstr(line, name);
    ck_assert_msg(at != NULL, "no '%s' in '%s'", name, line);
    at = strchr(at, ':') + 1;
    ck_assert(slice_to_int(slice_make(at, strspn(at, "0123456789")), &port));
    return (int)port;
}

static void start_server(struct smtp_world *world, const struct sink_wishes *wishes)
{
    int ends[2];
    char line[512];
    ck_assert_int_eq(pipe(ends), 0);
    world->pid = fork();
    ck_assert_int_ge(world->pid, 0);
    if (world->pid == 0)
        serve(world, wishes, ends[1]);
    close(ends[1]);
    FILE *in = fdopen(ends[0], "r");
    ck_assert_ptr_nonnull(in);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, in));
    world->smtp_port = port_behind(line, "smtp=");
    if (strstr(line, "smtps=")) {
        world->smtps_port = port_behind(line, "smtps=");
        world->https_port = port_behind(line, "https=");
    }
    fclose(in);
}

static void watch(void *ctx, int fd, int events)
{
    struct smtp_world *world = ctx;
    int i = 0;
    while (i < world->fd_count && world->fds[i].fd != fd)
        i++;
    if (events == 0) {
        if (i < world->fd_count)
            world->fds[i] = world->fds[--world->fd_count];
        return;
    }
    ck_assert_int_lt(i, FDS_MAX);
    if (i == world->fd_count)
        world->fd_count++;
    world->fds[i] =
        (struct pollfd){ .fd = fd,
                         .events = (short)((events & WAKE_READ ? POLLIN : 0) |
                                           (events & WAKE_WRITE ? POLLOUT : 0)) };
}

void write_secret(const struct smtp_world *world, const char *text)
{
    FILE *out = fopen(world->secret, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(chmod(world->secret, 0600), 0);
}

struct smtp_world *smtp_world_with(const struct sink_wishes *wishes)
{
    struct smtp_world *world = calloc(1, sizeof *world);
    const char *folder = unit_test_folder();
    snprintf(world->ca, sizeof world->ca, "%.200s/ca.pem", folder);
    snprintf(world->secret, sizeof world->secret, "%.200s/secret", folder);
    snprintf(world->log, sizeof world->log, "%.200s/log", folder);
    write_secret(world, "abcd efgh ijkl mnop\n");
    start_server(world, wishes);
    world->wakes = (struct wakes){ .set = watch, .ctx = world };
    world->ops = links_curl();
    world->connection.ops = world->ops;
    world->connection.wakes = &world->wakes;
    world->account = (struct account){ .name = SLICE("gmail"),
                                       .host = SLICE("localhost"),
                                       .port = world->smtps_port,
                                       .tls = TLS_IMPLICIT,
                                       .user = SLICE("me@x.org"),
                                       .password_file = slice_of(world->secret),
                                       .ca_file = slice_of(world->ca),
                                       .ehlo = SLICE("host.x.org") };
    return world;
}

struct smtp_world *smtp_world(const char *script)
{
    const struct sink_wishes wishes = { .script = script };
    return smtp_world_with(&wishes);
}

void smtp_world_free(struct smtp_world *world)
{
    connection_free(&world->connection);
    links_curl_free(world->ops);
    ck_assert_int_eq(world->fd_count, 0);
    kill(world->pid, SIGTERM);
    waitpid(world->pid, NULL, 0);
    free(world);
}

struct now now_real(void)
{
    struct clock_source clock = clock_real();
    return clock_read(&clock);
}

void step(struct smtp_world *world)
{
    int64_t wait = connection_wake_at(&world->connection) - now_real().mono_ms;
    poll(world->fds, (nfds_t)world->fd_count,
         wait < 0     ? 0
         : wait > 200 ? 200
                      : (int)wait);
    int64_t before = now_real().mono_ms;
    connection_step(&world->connection, now_real());
    int64_t took = now_real().mono_ms - before;
    if (took > world->longest_ms)
        world->longest_ms = took;
}

void log_in(struct smtp_world *world)
{
    int64_t end = now_real().mono_ms + PATIENCE_MS;
    connection_open(&world->connection, &world->account, now_real());
    connection_step(&world->connection, now_real());
    while (world->connection.state == CONNECTION_OPENING && now_real().mono_ms < end)
        step(world);
    ck_assert_int_ne(world->connection.state, CONNECTION_OPENING);
}

void must_log_in(struct smtp_world *world)
{
    log_in(world);
    const struct smtp_reply *failure = &world->connection.failure;
    ck_assert_msg(connection_is_idle(&world->connection), "%s %d %s",
                  smtp_phase_name(failure->phase), failure->code, failure->text);
}

const struct dialog_result *send_whole(struct smtp_world *world,
                                       const struct dialog_mail *mail)
{
    int64_t end = now_real().mono_ms + PATIENCE_MS;
    connection_start(&world->connection, mail, now_real());
    while (!world->connection.dialog.result.is_ready && now_real().mono_ms < end)
        step(world);
    ck_assert(world->connection.dialog.result.is_ready);
    return &world->connection.dialog.result;
}

void end_connection(struct smtp_world *world)
{
    int64_t end = now_real().mono_ms + PATIENCE_MS;
    connection_end(&world->connection, now_real());
    while (world->connection.state != CONNECTION_CLOSED && now_real().mono_ms < end)
        step(world);
    ck_assert_int_eq(world->connection.state, CONNECTION_CLOSED);
    ck_assert(!world->connection.is_broken);
}

size_t log_count(const struct smtp_world *world, const char *part)
{
    size_t count = 0;
    char line[4096];
    FILE *in = fopen(world->log, "r");
    while (in && fgets(line, sizeof line, in))
        count += strstr(line, part) != NULL;
    if (in)
        fclose(in);
    return count;
}
