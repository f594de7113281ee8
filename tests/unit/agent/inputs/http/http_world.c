/** The world of the HTTP server's tests. */
#include "http_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"

enum { QUIET_TURNS = 40, REPLY_BYTES = 64 * 1024 };

static const struct db_migration migrations[] = { { inputs_schema_sql },
                                                  { inputs_ledger_sql },
                                                  { inputs_places_sql },
                                                  { journal_schema_sql },
                                                  { spool_schema_sql } };
enum { MIGRATIONS = sizeof migrations / sizeof *migrations };

static void hear_log(void *ctx, enum log_level level, const char *text)
{
    struct http_world *world = ctx;
    (void)level;
    buf_printf(&world->told, "%s\n", text);
}

/** The first descriptor that is asked for is the server's, the second the listener's;
 *  only whether the listener is heard is of interest. */
static void note_wake(void *ctx, int fd, int events)
{
    struct http_world *world = ctx;
    int is_listening = 0;
    socklen_t size = sizeof is_listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 &&
        is_listening)
        world->is_heard = events != 0;
}

static void put_metrics(void *ctx, struct buf *out)
{
    struct http_world *world = ctx;
    world->asked++;
    if (world->metrics_bytes == 0)
        buf_printf(out, "asked %d\n", world->asked);
    for (size_t i = 0; i < world->metrics_bytes; i++)
        buf_putc(out, 'x');
}

static struct config *load(const char *keys)
{
    static struct buf out;
    char yaml[4096];
    buf_free(&out);
    out = buf_make(64 * 1024);
    snprintf(yaml, sizeof yaml,
             "http: {%s}\noutputs: [{name: local, maildir: /nowhere/mail}]\n",
             keys ? keys : "listen: ['127.0.0.1:0']");
    struct config *config = config_load_text("t.yaml", slice_of(yaml), &out);
    ck_assert_msg(config != NULL, "%s", out.ptr);
    return config;
}

/** The number at the start of @text. */
static int number_at(const char *text)
{
    int64_t number;
    size_t len = strspn(text, "0123456789");
    return slice_to_int(slice_make(text, len), &number) ? (int)number : 0;
}

static void find_port(struct http_world *world)
{
    struct buf text = buf_make(64 * 1024);
    inputs_describe(world->inputs, FORM_BRIEF, &text);
    const char *at = text.ptr ? strstr(text.ptr, "127.0.0.1:") : NULL;
    world->port = at ? number_at(at + 10) : 0;
    buf_free(&text);
}

void http_world_init(struct http_world *world, const char *keys)
{
    static struct wakes wakes;
    struct err err;
    char path[4200];
    const char *folder = world->folder ? world->folder : unit_test_folder();
    *world = (struct http_world){ .folder = folder,
                                  .now = { 1000000, 1700000000000 },
                                  .told = buf_make(1 << 20),
                                  .reports = buf_make(1 << 16) };
    world->log = (struct log_sink){ hear_log, world, LOG_LEVEL_DEBUG, 0 };
    wakes = (struct wakes){ note_wake, world };
    world->config = load(keys);
    snprintf(path, sizeof path, "%s/store.db", world->folder);
    world->db = db_open(path, NULL, migrations, MIGRATIONS, &err);
    ck_assert_msg(world->db != NULL, "%s", err.text);
    struct input_world input_world = { .fs = fs_real(),
                                       .db = world->db,
                                       .wakes = &wakes,
                                       .log = &world->log,
                                       .stdin_fd = -1,
                                       .listens = true,
                                       .metrics = { put_metrics, world } };
    struct inputs_config config = config_inputs(world->config);
    world->inputs = inputs_create(&input_world, &config, world->now);
    find_port(world);
}

void http_world_reload(struct http_world *world, const char *keys)
{
    struct config *before = world->config;
    world->config = load(keys);
    struct inputs_config config = config_inputs(world->config);
    inputs_configure(world->inputs, &config, world->now);
    config_free(before);
    find_port(world);
}

void http_world_end(struct http_world *world)
{
    inputs_free(mem_take(&world->inputs));
}

void http_world_clear(struct http_world *world)
{
    http_world_end(world);
    db_close(world->db);
    config_free(world->config);
    buf_free(&world->told);
    buf_free(&world->reports);
}

const char *http_world_file(struct http_world *world, const char *name,
                            const char *text)
{
    static char paths[8][4200];
    static size_t used;
    char *path = paths[used++ % 8];
    if (!world->folder)
        world->folder = unit_test_folder();
    snprintf(path, sizeof paths[0], "%s/%s", world->folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

/* --- turns ------------------------------------------------------------------------ */

static void no_block(void *ctx, const struct block *block)
{
    (void)ctx;
    (void)block;
    ck_abort_msg("lines out of HTTP");
}

static void note_alert(void *ctx, const struct incoming *incoming)
{
    struct http_world *world = ctx;
    world->pending++;
    world->severity = incoming->severity;
    snprintf(world->title, sizeof world->title, "%.*s", SLICE_ARG(incoming->title));
}

static void note_report(void *ctx, const struct self_report *report)
{
    struct http_world *world = ctx;
    buf_printf(&world->reports, "%.*s %.*s: %.*s\n", SLICE_ARG(report->kind),
               SLICE_ARG(report->object), SLICE_ARG(report->summary));
}

void http_read(struct http_world *world)
{
    const struct intake intake = { no_block, note_alert, note_report, world };
    if (world->is_stopping)
        inputs_refuse(world->inputs, world->now);
    else if (!world->is_held_back)
        (void)inputs_read(world->inputs, world->now, &intake);
}

void http_commit(struct http_world *world)
{
    world->is_held_back = world->is_full;
    if (world->is_full) {
        inputs_refuse(world->inputs, world->now);
        return;
    }
    inputs_save(world->inputs, world->now);
    world->counted += world->pending;
    world->pending = 0;
    inputs_committed(world->inputs);
}

void http_turn(struct http_world *world)
{
    http_read(world);
    http_commit(world);
}

void http_pass(struct http_world *world, int64_t ms)
{
    world->now.mono_ms += ms;
    world->now.unix_ms += ms;
    http_turn(world);
}

const struct http_tally *http_tally_of(struct http_world *world)
{
    return &inputs_tally(world->inputs)->http;
}

/* --- a client --------------------------------------------------------------------- */

int http_connect_from(struct http_world *world, const char *address)
{
    struct sockaddr_in own = { .sin_family = AF_INET };
    struct sockaddr_in server = { .sin_family = AF_INET,
                                  .sin_port = htons((in_port_t)world->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(inet_pton(AF_INET, address, &own.sin_addr), 1);
    ck_assert_int_eq(bind(fd, (void *)&own, sizeof own), 0);
    ck_assert_int_eq(connect(fd, (void *)&server, sizeof server), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

int http_connect(struct http_world *world)
{
    return http_connect_from(world, "127.0.0.1");
}

void http_say_bytes(struct http_world *world, int fd, struct slice bytes)
{
    int stuck = 0;
    while (bytes.len > 0 && stuck < 100) {
        ssize_t put = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (put < 0 && errno != EAGAIN)
            return; /* the server has closed: what it said is to be heard */
        stuck = put > 0 ? 0 : stuck + 1;
        bytes.ptr += put > 0 ? put : 0;
        bytes.len -= put > 0 ? (size_t)put : 0;
        if (bytes.len > 0)
            http_turn(world);
    }
}

void http_say(struct http_world *world, int fd, const char *text)
{
    http_say_bytes(world, fd, slice_of(text));
}

/** Is there a head with a Content-Length, and as much behind it? */
static bool is_whole(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    const char *length = strstr(reply, "Content-Length: ");
    return end && length && length < end &&
           strlen(end + 4) >= (size_t)number_at(length + 16);
}

const char *http_hear(struct http_world *world, int fd)
{
    static char reply[REPLY_BYTES];
    size_t len = 0;
    int quiet = 0;
    reply[0] = '\0';
    while (quiet < QUIET_TURNS && !is_whole(reply)) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        http_turn(world);
        ssize_t got = poll(&poll_fd, 1, 1) == 1
                          ? recv(fd, reply + len, sizeof reply - 1 - len, 0)
                          : -1;
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return len > 0 ? reply : NULL;
        quiet = got > 0 ? 0 : quiet + 1;
        len += got > 0 ? (size_t)got : 0;
        reply[len] = '\0';
    }
    return reply;
}

int http_status(struct http_world *world, int fd)
{
    const char *reply = http_hear(world, fd);
    if (!reply)
        return -1;
    return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? number_at(reply + 9) : 0;
}

bool http_is_closed(struct http_world *world, int fd)
{
    char bytes[4096];
    for (int quiet = 0; quiet < QUIET_TURNS; quiet++) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
        http_turn(world);
        if (poll(&poll_fd, 1, 1) != 1)
            continue;
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return true;
    }
    return false;
}

const char *http_reply_to(struct http_world *world, const char *request)
{
    int fd = http_connect(world);
    http_say(world, fd, request);
    const char *reply = http_hear(world, fd);
    close(fd);
    return reply ? reply : "";
}

int http_ask(struct http_world *world, const char *request)
{
    int fd = http_connect(world);
    http_say(world, fd, request);
    int status = http_status(world, fd);
    close(fd);
    return status;
}

const char *http_post(const char *path, const char *headers, const char *body)
{
    static char text[64 * 1024];
    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s",
             path, headers, strlen(body), body);
    return text;
}
