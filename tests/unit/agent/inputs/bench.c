/** The bench for inputs. */
#include "bench.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct db_migration migrations[] = {
    { inputs_schema_sql },  { inputs_ledger_sql }, { inputs_places_sql },
    { journal_schema_sql }, { spool_schema_sql },
};
enum { MIGRATIONS = sizeof migrations / sizeof *migrations };

/** A path that is never freed, but stays reachable. */
struct kept {
    struct kept *next;
    char path[PATH_MAX];
};

static char *keep_path(const char *folder, const char *name)
{
    static struct kept *all;
    struct kept *kept = malloc(sizeof *kept);
    ck_assert(kept != NULL);
    kept->next = all;
    all = kept;
    snprintf(kept->path, PATH_MAX, "%s/%s", folder, name);
    return kept->path;
}

const char *bench_path(struct bench *bench, const char *name)
{
    return keep_path(bench->folder, name);
}

const char *bench_text(const struct buf *buf)
{
    return buf->ptr ? buf->ptr : "";
}

static void hear(void *ctx, enum log_level level, const char *text)
{
    struct bench *bench = ctx;
    (void)level;
    buf_printf(&bench->told, "%s\n", text);
}

void bench_follow(struct bench *bench, size_t index, const char *pattern)
{
    struct source_config *config = &bench->configs[index];
    bench->patterns[index].value = slice_of(bench_path(bench, pattern));
    config->files = (struct conf_texts){ &bench->patterns[index], 1 };
    if (bench->source_count <= index)
        bench->source_count = index + 1;
}

static void open_store(struct bench *bench)
{
    struct err err;
    static const char *const names[] = { "app", "other" };
    for (size_t i = 0; i < BENCH_SOURCES; i++) {
        bench->sources[i].name = bench->configs[i].name.value = slice_of(names[i]);
        bench->sources[i].index = i;
    }
    bench->db =
        db_open(bench_path(bench, "store.db"), NULL, migrations, MIGRATIONS, &err);
    ck_assert_msg(bench->db != NULL, "%s", err.text);
}

/** A folder of its own for each bench of a test. */
static const char *next_folder(void)
{
    static const char *top;
    static int count;
    char name[16];
    if (!top)
        top = unit_test_folder();
    snprintf(name, sizeof name, "%d", count++);
    const char *folder = keep_path(top, name);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    return folder;
}

void bench_init(struct bench *bench, bool inotify)
{
    *bench = (struct bench){ .folder = next_folder(),
                             .now = { 1000000, 1700000000000 },
                             .fs = fs_real(),
                             .stdin_fd = -1,
                             .world = inotify ? "inotify" : "sweep",
                             .pending = buf_make(64 << 20),
                             .counted = buf_make(64 << 20),
                             .told = buf_make(1 << 20),
                             .reported = buf_make(1 << 20),
                             .fields = buf_make(1 << 20) };
    bench->log = (struct log_sink){ hear, bench, LOG_LEVEL_DEBUG, 0 };
    for (size_t i = 0; i < BENCH_SOURCES; i++) {
        bench->configs[i].inotify = inotify;
        bench->configs[i].sweep = SECOND_MS;
        bench->configs[i].rotate_wait = 10 * SECOND_MS;
    }
    bench_follow(bench, 0, "*.log");
}

void bench_clear(struct bench *bench)
{
    bench_crash(bench);
    buf_free(&bench->pending);
    buf_free(&bench->counted);
    buf_free(&bench->told);
    buf_free(&bench->reported);
    buf_free(&bench->fields);
}

/* --- a file system that knows no more of an inode than its number ----------------- */

static bool bare(bool ok, struct fs_stat *stat)
{
    stat->birth = stat->generation = 0;
    return ok;
}

static int bare_open(void *ctx, const char *path, struct fs_stat *stat, struct err *err)
{
    struct fs real = fs_real();
    int fd = real.open(ctx, path, stat, err);
    bare(true, stat);
    return fd;
}

static bool bare_fstat(void *ctx, int fd, struct fs_stat *stat, struct err *err)
{
    struct fs real = fs_real();
    return bare(real.fstat(ctx, fd, stat, err), stat);
}

static bool bare_stat(void *ctx, const char *path, struct fs_stat *stat,
                      struct err *err)
{
    struct fs real = fs_real();
    return bare(real.stat(ctx, path, stat, err), stat);
}

void bench_bare(struct bench *bench)
{
    bench->fs.open = bare_open;
    bench->fs.fstat = bare_fstat;
    bench->fs.stat = bare_stat;
    bench->world = "bare";
}

void bench_run(void (*story)(struct bench *bench))
{
    static const char *const worlds[] = { "sweep", "inotify", "bare" };
    const char *only = getenv("TOCSIN_WORLD");
    for (int i = 0; i < 3; i++) {
        struct bench bench;
        if (only && strcmp(only, worlds[i]) != 0)
            continue;
        bench_init(&bench, i == 1);
        if (i == 2)
            bench_bare(&bench);
        bench_start(&bench);
        bench_turn(&bench);
        story(&bench);
        bench_clear(&bench);
    }
}

void bench_start(struct bench *bench)
{
    struct conf_blocks blocks = { bench->configs, bench->source_count };
    open_store(bench);
    struct input_world world = { .fs = bench->fs,
                                 .db = bench->db,
                                 .log = &bench->log,
                                 .journals = bench->journals,
                                 .stdin_fd = bench->stdin_fd };
    struct inputs_config config = { &blocks, bench->sources };
    bench->inputs = inputs_create(&world, &config, bench->now);
}

void bench_crash(struct bench *bench)
{
    if (!bench->inputs)
        return;
    const struct inputs_tally *tally = inputs_tally(bench->inputs);
    bench->tally.lost_bytes += tally->lost_bytes;
    bench->tally.rotations += tally->rotations;
    bench->tally.truncations += tally->truncations;
    inputs_free(bench->inputs);
    bench->inputs = NULL;
    db_close(bench->db);
    buf_clear(&bench->pending);
}

void bench_restart(struct bench *bench)
{
    bench_crash(bench);
    bench_start(bench);
}

static void collect_record(struct bench *bench, const struct block *block)
{
    buf_clear(&bench->fields);
    for (size_t i = 0; i < block->field_count; i++) {
        buf_put(&bench->fields, block->fields[i].name);
        buf_putc(&bench->fields, '=');
        buf_put(&bench->fields, block->fields[i].value);
        buf_putc(&bench->fields, '\n');
    }
    bench->record_ms = block->unix_ms;
    if (bench->is_attributed)
        buf_printf(&bench->pending, "%.*s ", SLICE_ARG(block->path));
    if (block->is_cut)
        buf_printf(&bench->pending, "<cut %zu>", block->bytes.len);
    else
        buf_put(&bench->pending, block->bytes);
    buf_putc(&bench->pending, '\n');
}

static void collect(void *ctx, const struct block *block)
{
    struct bench *bench = ctx;
    const char *slash = memrchr(block->path.ptr, '/', block->path.len);
    bench->blocks++;
    if (block->is_record) {
        collect_record(bench, block);
        return;
    }
    if (bench->is_attributed && slash)
        buf_printf(&bench->pending, "%.*s:%.*s: ", SLICE_ARG(block->source->name),
                   (int)(block->path.ptr + block->path.len - slash - 1), slash + 1);
    if (block->is_cut) {
        buf_printf(&bench->pending, "<cut %zu>\n", block->bytes.len);
        return;
    }
    buf_put(&bench->pending, block->bytes);
    if (block->is_unterminated)
        buf_puts(&bench->pending, "<end>\n");
    else
        ck_assert_int_eq(block->bytes.ptr[block->bytes.len - 1], '\n');
}

void bench_pass(struct bench *bench, int64_t ms)
{
    bench->now.mono_ms += ms;
    bench->now.unix_ms += ms;
}

static void no_alert(void *ctx, const struct incoming *incoming)
{
    (void)ctx;
    ck_abort_msg("an alert '%.*s' out of files", SLICE_ARG(incoming->title));
}

static void note_report(void *ctx, const struct self_report *report)
{
    struct bench *bench = ctx;
    buf_printf(&bench->reported, "%.*s %.*s: %.*s\n", SLICE_ARG(report->kind),
               SLICE_ARG(report->object), SLICE_ARG(report->summary));
}

struct intake bench_intake(struct bench *bench,
                           void (*block)(void *ctx, const struct block *block))
{
    return (struct intake){ block, no_alert, note_report, bench };
}

bool bench_step(struct bench *bench)
{
    const struct intake intake = bench_intake(bench, collect);
    return inputs_read(bench->inputs, bench->now, &intake);
}

void bench_read(struct bench *bench)
{
    int steps = 0;
    bench_pass(bench, SECOND_MS);
    while (bench_step(bench))
        ck_assert_int_lt(++steps, 10000);
}

void bench_glance(struct bench *bench)
{
    bench_pass(bench, SECOND_MS);
    (void)bench_step(bench);
}

int64_t bench_sum(struct bench *bench, const char *name)
{
    char key[80];
    struct buf out = buf_make(1 << 20);
    snprintf(key, sizeof key, "\"%s\":", name);
    inputs_describe_sums(bench->inputs, FORM_JSON, &out);
    const char *at = strstr(bench_text(&out), key);
    ck_assert_msg(at != NULL, "no %s in %s", key, bench_text(&out));
    const char *digits = at + strlen(key);
    int64_t value = -1;
    ck_assert(slice_to_int(slice_make(digits, strspn(digits, "0123456789")), &value));
    buf_free(&out);
    return value;
}

bool bench_commit(struct bench *bench)
{
    struct err err;
    inputs_save(bench->inputs, bench->now);
    if (!db_commit(bench->db, &err))
        return false;
    inputs_committed(bench->inputs);
    buf_put(&bench->counted, buf_slice(&bench->pending));
    buf_clear(&bench->pending);
    return true;
}

void bench_turn(struct bench *bench)
{
    bench_read(bench);
    ck_assert(bench_commit(bench));
}

void bench_turns(struct bench *bench, int count)
{
    while (count-- > 0)
        bench_turn(bench);
}

static void put(struct bench *bench, const char *name, const char *text, int flags)
{
    int fd = open(bench_path(bench, name), O_WRONLY | O_CREAT | flags, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

void bench_tick(struct bench *bench)
{
    struct err err;
    struct fs_stat first, now;
    bench_write(bench, "tick", "1");
    ck_assert(bench->fs.stat(NULL, bench_path(bench, "tick"), &first, &err));
    do {
        bench_write(bench, "tick", "1");
        ck_assert(bench->fs.stat(NULL, bench_path(bench, "tick"), &now, &err));
    } while (now.modified_ns == first.modified_ns);
}

void bench_append(struct bench *bench, const char *name, const char *text)
{
    put(bench, name, text, O_APPEND);
}

void bench_write(struct bench *bench, const char *name, const char *text)
{
    put(bench, name, text, O_TRUNC);
}

void bench_rename(struct bench *bench, const char *from, const char *to)
{
    ck_assert_int_eq(rename(bench_path(bench, from), bench_path(bench, to)), 0);
}

void bench_truncate(struct bench *bench, const char *name, int64_t size)
{
    ck_assert_int_eq(truncate(bench_path(bench, name), size), 0);
}

void bench_remove(struct bench *bench, const char *name)
{
    ck_assert_int_eq(unlink(bench_path(bench, name)), 0);
}

void bench_copy(struct bench *bench, const char *from, const char *to)
{
    char bytes[4096];
    ssize_t got;
    int in = open(bench_path(bench, from), O_RDONLY);
    int out = open(bench_path(bench, to), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    while ((got = read(in, bytes, sizeof bytes)) > 0)
        ck_assert_int_eq(write(out, bytes, (size_t)got), got);
    close(in);
    close(out);
}
