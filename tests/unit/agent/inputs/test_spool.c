/** The spool: each entry counts once, wherever the agent dies. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/inputs/input.h"
#include "agent/inputs/spool_config.h"
#include "agent/inputs/spool_entry.h"
#include "test.h"

static const struct db_migration migrations[] = {
    { inputs_schema_sql },  { inputs_ledger_sql }, { inputs_places_sql },
    { journal_schema_sql }, { spool_schema_sql },
};

static struct world {
    char folder[PATH_MAX], store[PATH_MAX];
    struct db *db;
    struct inputs *inputs;
    struct now now;
    struct fs fs;
    struct log_sink log;
    struct buf pending, counted; /* titles, a line each, "over " before what is */
    struct buf reported, told;
    struct arena paths;
} world;

static const struct source source = { .name = { "notify", 6 }, .brings_alerts = true };

static void hear(void *ctx, enum log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    buf_printf(&world.told, "%s\n", text);
}

static void note_alert(void *ctx, const struct incoming *incoming)
{
    (void)ctx;
    buf_puts(&world.pending, incoming->is_resolved ? "over " : "");
    buf_put(&world.pending, incoming->title);
    buf_putc(&world.pending, '\n');
    ck_assert_ptr_eq(incoming->source, &source);
}

static void note_report(void *ctx, const struct self_report *report)
{
    (void)ctx;
    buf_printf(&world.reported, "%.*s: %.*s\n", SLICE_ARG(report->kind),
               SLICE_ARG(report->summary));
}

static void start(void)
{
    static struct spool_config config = { .resolve_after = 7 * DAY_MS };
    static const struct conf_blocks none = { 0 };
    struct err err;
    world.db = db_open(world.store, NULL, migrations,
                       sizeof migrations / sizeof *migrations, &err);
    ck_assert_msg(world.db != NULL, "%s", err.text);
    config.folder.value = slice_of(world.folder);
    world.inputs =
        inputs_create(&(struct input_world){ .fs = world.fs,
                                             .db = world.db,
                                             .log = &world.log,
                                             .stdin_fd = -1,
                                             .empties_spool = true },
                      &(struct inputs_config){
                          .blocks = &none, .spool = &config, .spool_source = &source },
                      world.now);
}

static void crash(void)
{
    inputs_free(world.inputs);
    db_close(world.db);
    world.inputs = NULL;
    world.db = NULL;
    buf_clear(&world.pending);
}

static void begin(void)
{
    struct arena arena = { 0 };
    world = (struct world){ .now = { 1000000, 1700000000000 },
                            .fs = fs_real(),
                            .pending = buf_make(1 << 20),
                            .counted = buf_make(1 << 20),
                            .reported = buf_make(1 << 20),
                            .told = buf_make(1 << 20) };
    world.log = (struct log_sink){ hear, NULL, LOG_LEVEL_DEBUG, 0 };
    const char *top = unit_test_folder();
    snprintf(world.folder, PATH_MAX, "%s", arena_printf(&arena, "%s/spool", top));
    snprintf(world.store, PATH_MAX, "%s", arena_printf(&arena, "%s/store.db", top));
    ck_assert_int_eq(mkdir(world.folder, 0700), 0);
    arena_free(&arena);
    start();
}

static void end(void)
{
    crash();
    buf_free(&world.pending);
    buf_free(&world.counted);
    buf_free(&world.reported);
    buf_free(&world.told);
    arena_free(&world.paths);
}

static void read_all(void)
{
    const struct intake intake = { .alert = note_alert, .report = note_report };
    world.now.mono_ms += SECOND_MS;
    world.now.unix_ms += SECOND_MS;
    while (inputs_read(world.inputs, world.now, &intake))
        ;
}

static void commit(void)
{
    struct err err;
    inputs_save(world.inputs, world.now);
    ck_assert(db_commit(world.db, &err));
    inputs_committed(world.inputs);
    buf_put(&world.counted, buf_slice(&world.pending));
    buf_clear(&world.pending);
}

static void turn(void)
{
    read_all();
    if (inputs_wants_commit(world.inputs))
        commit();
}

static void expect(const char *counted)
{
    ck_assert_slice(buf_slice(&world.counted), counted);
}

static const char *path_of(const char *name)
{
    return arena_printf(&world.paths, "%s/%s", world.folder, name);
}

/** An entry of that moment, as `tocsin notify` would have left it. */
static const char *put(int moment, const char *form, const char *body)
{
    const char *path =
        path_of(arena_printf(&world.paths, "%012x-7.%s", (unsigned)moment, form));
    FILE *file = fopen(path, "w");
    ck_assert(file != NULL);
    fputs(body, file);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

static size_t files_left(void)
{
    DIR *folder = opendir(world.folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(folder);
    return count;
}

static int64_t rows(void)
{
    struct db_row *row = db_query(world.db, "SELECT count(*) FROM input_spool");
    ck_assert(db_next(row));
    int64_t count = db_int(row, 0);
    db_done(row);
    return count;
}

/* --- the way of an entry ---------------------------------------------------------- */

TEST(spool, entries_are_taken_in_the_order_of_their_time_and_removed)
{
    begin();
    put(3, "alertmanager",
        "{\"receiver\":\"x\",\"alerts\":[{\"status\":\"resolved\",\"labels\":{},"
        "\"annotations\":{\"summary\":\"disk\"}}]}");
    put(2, "generic", "{\"title\":\"disk\"}");
    put(1, "text", "first");
    turn();
    expect("first\ndisk\nover disk\n");
    ck_assert_uint_eq(files_left(), 0);
    turn();
    commit();
    ck_assert_int_eq(rows(), 0);
    end();
}

TEST(spool, an_entry_counts_once_when_the_agent_dies_before_its_commit)
{
    begin();
    put(1, "text", "one");
    read_all();
    crash();
    start();
    turn();
    turn();
    expect("one\n");
    ck_assert_uint_eq(files_left(), 0);
    end();
}

static bool refuse_to_remove(void *ctx, const char *path, struct err *err)
{
    (void)ctx;
    return err_set(err, ERR_DENIED, "'%s' cannot be removed", path);
}

TEST(spool, an_entry_counts_once_when_the_agent_dies_before_it_is_removed)
{
    begin();
    crash();
    world.fs.remove = refuse_to_remove;
    start();
    put(1, "text", "one");
    turn();
    turn();
    ck_assert_uint_eq(files_left(), 1);
    ck_assert_ptr_nonnull(strstr(world.told.ptr, "cannot be removed"));
    crash();
    world.fs.remove = fs_real().remove;
    start();
    turn();
    expect("one\n");
    ck_assert_uint_eq(files_left(), 0);
    commit();
    ck_assert_int_eq(rows(), 0);
    end();
}

TEST(spool, many_entries_are_taken_a_share_at_a_time_and_in_order)
{
    struct buf wanted = buf_make(1 << 20);
    begin();
    for (int i = 0; i < 3 * LIMIT_TURN_ENTRIES; i++)
        put(3 * LIMIT_TURN_ENTRIES - i, "text",
            arena_printf(&world.paths, "%d", 3 * LIMIT_TURN_ENTRIES - i));
    for (int i = 1; i <= 3 * LIMIT_TURN_ENTRIES; i++)
        buf_printf(&wanted, "%d\n", i);
    turn();
    expect(wanted.ptr);
    ck_assert_uint_eq(files_left(), 0);
    buf_free(&wanted);
    end();
}

TEST(spool, what_comes_later_is_seen_without_inotify_within_a_second)
{
    begin();
    turn();
    put(1, "text", "one");
    turn();
    expect("one\n");
    ck_assert_int_eq(inputs_wake_at(world.inputs), world.now.mono_ms + 1000);
    end();
}

/* --- what is no entry ------------------------------------------------------------- */

TEST(spool, what_nobody_can_read_is_told_once_and_left_to_a_person)
{
    begin();
    put(1, "generic", "no JSON");
    put(2, "text", "two");
    turn();
    expect("two\n");
    crash();
    start();
    turn();
    ck_assert_msg(strstr(world.reported.ptr, "spool-refused: an alert in '") != NULL &&
                      strchr(world.reported.ptr, '\n')[1] == '\0',
                  "%s", world.reported.ptr);
    ck_assert_uint_eq(files_left(), 1);
    ck_assert_int_eq(unlink(put(1, "generic", "")), 0);
    turn();
    turn();
    commit();
    ck_assert_int_eq(rows(), 0);
    end();
}

TEST(spool, links_fifos_folders_and_other_names_are_not_read)
{
    begin();
    ck_assert_int_eq(symlink("/etc/hostname", path_of("000000000001-1.text")), 0);
    ck_assert_int_eq(mkfifo(path_of("000000000002-1.text"), 0600), 0);
    ck_assert_int_eq(mkdir(path_of("000000000003-1.text"), 0700), 0);
    put(4, "exe", "no form");
    put(5, "text", "five");
    turn();
    expect("five\n");
    ck_assert_uint_eq(files_left(), 4);
    end();
}

TEST(spool, an_entry_past_its_bound_is_refused)
{
    begin();
    int fd = open(put(1, "text", "long"), O_WRONLY | O_APPEND);
    ck_assert_int_eq(ftruncate(fd, LIMIT_HTTP_BODY_BYTES + 1), 0);
    close(fd);
    turn();
    expect("");
    ck_assert_ptr_nonnull(strstr(world.reported.ptr, "it is too long"));
    end();
}

TEST(spool, a_folder_that_is_not_there_is_told_once_and_read_when_it_comes)
{
    begin();
    ck_assert_int_eq(rmdir(world.folder), 0);
    for (int i = 0; i < 30; i++)
        turn();
    ck_assert_ptr_eq(strchr(world.reported.ptr, '\n'),
                     world.reported.ptr + world.reported.len - 1);
    ck_assert_int_eq(mkdir(world.folder, 0700), 0);
    put(1, "text", "one");
    for (int i = 0; i < 11; i++)
        turn();
    expect("one\n");
    end();
}

/* --- who writes ------------------------------------------------------------------- */

TEST(spool, what_is_put_is_read_whole)
{
    struct err err = { 0 };
    begin();
    ck_assert(spool_put(world.folder, spool_form_find(SLICE("text")),
                        SLICE("one\nand more"), &err));
    ck_assert_uint_eq(files_left(), 1);
    turn();
    expect("one\n");
    end();
}

TEST(spool, what_cannot_be_put_is_said_and_leaves_nothing_behind)
{
    struct err err = { 0 };
    const struct spool_form *text = spool_form_find(SLICE("text"));
    begin();
    char *much = calloc(1, LIMIT_HTTP_BODY_BYTES + 1);
    ck_assert(!spool_put(world.folder, text,
                         slice_make(much, LIMIT_HTTP_BODY_BYTES + 1), &err));
    ck_assert_int_eq(err.kind, ERR_INVALID);
    free(much);
    ck_assert(!spool_put("/nowhere", text, SLICE("x"), &err));
    ck_assert_int_eq(err.kind, ERR_MISSING);
    ck_assert_uint_eq(files_left(), 0);
    end();
}

TEST(spool, what_a_writer_that_died_left_half_is_removed_after_an_hour)
{
    int64_t hour_ago_ms = 1700000000000 - HOUR_MS;
    begin();
    FILE *file = fopen(path_of(arena_printf(&world.paths, ".%012llx-1.text",
                                            (unsigned long long)hour_ago_ms)),
                       "w");
    fclose(file);
    file = fopen(path_of(arena_printf(&world.paths, ".%012llx-1.text",
                                      (unsigned long long)hour_ago_ms + HOUR_MS)),
                 "w");
    fclose(file);
    turn();
    ck_assert_uint_eq(files_left(), 1);
    expect("");
    end();
}
