/** The world of the courier's tests: a server of 200 lines and a turn of ten. */
#include "courier_world.h"

#include <unistd.h>

#include "agent/base/mem.h"
#include "outputs/reply.h"

#include "test.h"

struct link {
    struct fake_server *server;
    struct buf in, out;
    char envelope[2048];
    bool is_body, is_closed;
};

/* --- the server ------------------------------------------------------------------- */

static struct link *fake_open(void *ctx, const struct account *account,
                              const struct wakes *wakes, struct now now)
{
    struct link *link = mem_zalloc(sizeof *link);
    (void)account;
    (void)wakes;
    (void)now;
    link->server = ctx;
    link->server->open_count++;
    link->in = buf_make(4 << 20);
    link->out = buf_make(1 << 20);
    return link;
}

static enum link_state fake_step(struct link *link, struct now now)
{
    (void)now;
    if (link->server->login.code != 0 || link->server->login.text[0])
        return LINK_FAILED;
    if (link->server->is_silent_at_login)
        return LINK_OPENING;
    link->server->login_count++;
    return LINK_READY;
}

static const struct smtp_reply *fake_failure(const struct link *link)
{
    return &link->server->login;
}

static bool fake_has_extension(const struct link *link, struct slice keyword)
{
    return link->server->has_pipelining && slice_equal(keyword, SLICE("PIPELINING"));
}

static const struct link_complaint *fake_complaint(const struct link *link)
{
    return &link->server->complaint;
}

static void say(struct link *link, const char *chosen, const char *usual)
{
    const char *reply = chosen ? chosen : usual;
    if (link->server->is_silent)
        return;
    buf_puts(&link->out, reply);
    buf_puts(&link->out, "\r\n");
    if (strncmp(reply, "421", 3) == 0)
        link->is_closed = true;
}

static void note_address(struct link *link, struct slice line)
{
    size_t begin = slice_find(line, SLICE("<")) + 1;
    size_t len = strlen(link->envelope);
    snprintf(link->envelope + len, sizeof link->envelope - len, "%.*s",
             (int)(slice_find(line, SLICE(">")) + 1 - begin), line.ptr + begin);
}

static void hear_recipient(struct link *link, struct slice line)
{
    const char *bad = link->server->bad_recipient;
    if (bad && slice_find(line, slice_of(bad)) != SIZE_MAX) {
        say(link, link->server->rcpt, "550 5.1.1 no such mailbox");
        return;
    }
    note_address(link, line);
    say(link, NULL, "250 2.1.5 ok");
}

static void hear_command(struct link *link, struct slice line)
{
    struct fake_server *server = link->server;
    if (slice_starts(line, SLICE("MAIL"))) {
        link->envelope[0] = '\0';
        if (!server->mail)
            note_address(link, line);
        say(link, server->mail, "250 2.1.0 ok");
    } else if (slice_starts(line, SLICE("RCPT"))) {
        hear_recipient(link, line);
    } else if (slice_starts(line, SLICE("DATA"))) {
        say(link, server->data, "354 go ahead");
        link->is_body = !server->data;
    } else if (slice_starts(line, SLICE("QUIT"))) {
        say(link, NULL, "221 bye");
    } else {
        say(link, NULL, "250 ok");
    }
}

static bool hear_body(struct link *link)
{
    struct fake_server *server = link->server;
    size_t end = slice_find(buf_slice(&link->in), SLICE("\r\n.\r\n"));
    if (server->hangs_up_at_body)
        link->is_closed = true;
    if (end == SIZE_MAX || server->hangs_up_at_body || server->swallows_body)
        return false;
    ck_assert_int_lt(server->mail_count, WORLD_MAILS_MAX);
    server->mails[server->mail_count] = mem_copy(slice_make(link->in.ptr, end + 2));
    server->envelopes[server->mail_count++] = mem_copy_text(link->envelope);
    buf_drop(&link->in, end + 5);
    link->is_body = false;
    if (server->hangs_up_at_dot)
        link->is_closed = true;
    else if (!server->is_silent_at_dot)
        say(link, server->dot, "250 2.0.0 OK");
    return true;
}

static void hear(struct link *link)
{
    while (!link->is_closed) {
        if (link->is_body) {
            if (!hear_body(link))
                return;
            continue;
        }
        struct slice line, rest = buf_slice(&link->in);
        if (slice_find(rest, SLICE("\n")) == SIZE_MAX ||
            !slice_next(&rest, '\n', &line))
            return;
        hear_command(link, line);
        buf_drop(&link->in, line.len + 1);
    }
}

static ssize_t fake_send(struct link *link, struct slice bytes)
{
    if (link->is_closed)
        return -1;
    buf_put(&link->in, bytes);
    hear(link);
    return (ssize_t)bytes.len;
}

static ssize_t fake_receive(struct link *link, void *into, size_t size)
{
    if (link->server->hangs_up_when_idle)
        link->is_closed = true;
    if (link->out.len == 0)
        return link->is_closed ? -1 : 0;
    size_t len = link->out.len < size ? link->out.len : size;
    memcpy(into, link->out.ptr, len);
    buf_drop(&link->out, len);
    return (ssize_t)len;
}

static void fake_want(struct link *link, int events)
{
    (void)link;
    (void)events;
}

static void fake_close(struct link *link)
{
    link->server->open_count--;
    buf_free(&link->in);
    buf_free(&link->out);
    free(link);
}

static int64_t fake_wake_at(const struct link *link)
{
    (void)link;
    return NEVER_MS;
}

/* --- the world -------------------------------------------------------------------- */

static void describe_outputs(struct courier_world *world)
{
    world->account = (struct account){ .name = SLICE("gmail"),
                                       .host = SLICE("mail.x.org"),
                                       .user = SLICE("a@x.org"),
                                       .from = SLICE("me@x.org"),
                                       .doubt_wait_ms = 10 * MINUTE_MS };
    world->to[0] = SLICE("a@x.org");
    world->to[1] = SLICE("b@x.org");
    world->outputs[0] = (struct output){ .name = SLICE("ops"),
                                         .lane = SLICE("gmail"),
                                         .account = &world->account,
                                         .to = world->to,
                                         .to_count = 2,
                                         .from = world->account.from,
                                         .from_name = SLICE("tocsin on host") };
    world->config = (struct outputs_config){ .accounts = &world->account,
                                             .account_count = 1,
                                             .outputs = world->outputs,
                                             .output_count = 1 };
}

struct courier_world *world_create(void)
{
    struct courier_world *world = mem_zalloc(sizeof *world);
    world->now = (struct now){ .mono_ms = 1000, .unix_ms = INT64_C(1795000000000) };
    world->links = (struct link_ops){ .open = fake_open,
                                      .step = fake_step,
                                      .failure = fake_failure,
                                      .has_extension = fake_has_extension,
                                      .complaint = fake_complaint,
                                      .send = fake_send,
                                      .receive = fake_receive,
                                      .want = fake_want,
                                      .close = fake_close,
                                      .wake_at = fake_wake_at,
                                      .ctx = &world->server };
    world->path = mem_zalloc(512);
    snprintf(world->path, 512, "%s/t.db", unit_test_folder());
    describe_outputs(world);
    world_start(world);
    return world;
}

void world_start(struct courier_world *world)
{
    struct err err = { 0 };
    static const struct db_migration steps[] = { { outputs_schema_sql },
                                                 { outputs_more_schema_sql } };
    world->db = db_open(world->path, NULL, steps, 2, &err);
    ck_assert_msg(world->db != NULL, "%s", err.text);
    world->door = outputs_create(&(struct outputs_world){ .db = world->db,
                                                          .links = &world->links,
                                                          .log = world->log,
                                                          .seed = 7,
                                                          .host = SLICE("host") },
                                 &world->config, world->now);
}

void world_crash(struct courier_world *world)
{
    outputs_free(world->door);
    db_close(world->db);
    world->door = NULL;
    world->db = NULL;
}

void world_free(struct courier_world *world)
{
    world_crash(world);
    ck_assert_int_eq(world->server.open_count, 0);
    for (int i = 0; i < world->server.mail_count; i++) {
        free(world->server.mails[i]);
        free(world->server.envelopes[i]);
    }
    free(world->path);
    free(world);
}

static void put_notice(struct courier_world *world, const char *output,
                       const char *title, enum severity severity, struct arena *arena)
{
    struct conf_text to = { .value = slice_of(output) };
    struct notice_alert alert = { .severity = severity,
                                  .is_firing = true,
                                  .summary = slice_of(title),
                                  .new_count = 1,
                                  .total_count = 1,
                                  .first_unix_ms = world->now.unix_ms,
                                  .last_unix_ms = world->now.unix_ms };
    struct notice notice = { .reason = NOTICE_FIRST,
                             .route = SLICE("route-1"),
                             .to = &to,
                             .to_count = 1,
                             .severity = severity,
                             .title = slice_of(title),
                             .alerts = &alert,
                             .alert_count = 1,
                             .new_count = 1,
                             .since_unix_ms = world->now.unix_ms };
    snprintf(notice.thread, sizeof notice.thread, "%032x", (unsigned)strlen(title));
    outputs_put(world->door, &notice, world->now, arena);
}

static bool commit(struct courier_world *world)
{
    struct err err = { 0 };
    if (!db_is_dirty(world->db))
        return true;
    if (world->failing_commits > 0) {
        world->failing_commits--;
        db_rollback(world->db);
        return false;
    }
    world->commit_count++;
    ck_assert_msg(db_commit(world->db, &err), "%s", err.text);
    return true;
}

void world_turn(struct courier_world *world, const char *output, const char *title,
                enum severity severity)
{
    struct arena arena = { 0 };
    bool ok = false;
    while (!ok) {
        if (title)
            put_notice(world, output, title, severity, &arena);
        outputs_write(world->door, world->now);
        ok = commit(world);
        if (ok)
            outputs_committed(world->door, world->now);
        outputs_pump(world->door, world->now);
    }
    world->turn_count++;
    arena_free(&arena);
}

void world_put(struct courier_world *world, const char *title)
{
    world_turn(world, "ops", title, SEVERITY_WARNING);
}

void world_run(struct courier_world *world, int64_t ms)
{
    int64_t end = world->now.mono_ms + ms;
    int busy = 0;
    for (;;) {
        world_turn(world, NULL, NULL, SEVERITY_INFO);
        int64_t at = earlier_ms(outputs_wake_at(world->door), end);
        busy = at <= world->now.mono_ms ? busy + 1 : 0;
        ck_assert_msg(busy < 2000, "the outputs never sleep");
        if (at >= end && world->now.mono_ms == end && busy == 0)
            break;
        if (at > world->now.mono_ms) {
            world->now.unix_ms += at - world->now.mono_ms;
            world->now.mono_ms = at;
        } else if (world->now.mono_ms == end && outputs_wake_at(world->door) > end) {
            break;
        }
    }
}

int64_t world_ask(struct courier_world *world, const char *sql)
{
    struct db_row *row = db_query(world->db, sql);
    ck_assert_msg(db_next(row), "%s gives no row", sql);
    int64_t value = db_int(row, 0);
    db_done(row);
    return value;
}

char *world_ask_text(struct courier_world *world, const char *sql)
{
    struct db_row *row = db_query(world->db, sql);
    ck_assert_msg(db_next(row), "%s gives no row", sql);
    char *text = mem_copy(db_text(row, 0));
    db_done(row);
    return text;
}
