/** Any life of a log in the simulator's file system: writes, half lines, rotations of
 *  both styles, looks, commits and crashes, as the bytes say. At the end every line was
 *  counted once and nothing was lost. The first byte chooses the file system, the style
 *  of rotation and how the log is found; each further one is an action. */
#include "frame/fuzz.h"

#include <stdio.h>

#include "agent/inputs/input.h"
#include "tests/sim/disk.h"

enum {
    MOST_LINES = 2000,
    MOST_ACTIONS = 120,
    MOST_ROTATIONS = 20, /* of a life */
    MOST_UNSEEN = 4,     /* between two looks; more cost the oldest, and it is told */
    TURNS_AT_THE_END = 14,
};

static const struct db_migration migrations[] = {
    { inputs_schema_sql },
    { inputs_ledger_sql },
    { inputs_places_sql },
    { journal_schema_sql },
};
enum { MIGRATIONS = sizeof migrations / sizeof *migrations };

struct life {
    struct disk disk;
    struct db *db;
    struct log_sink log;
    struct input_world world;
    struct conf_text pattern;
    struct source_config config;
    struct source source;
    struct conf_blocks blocks;
    struct inputs_config inputs_config;
    struct inputs *inputs;
    struct now now;
    bool is_copied, is_partial;
    bool is_known; /* a line that lies in a.log was read */
    int line_count, rotation_count, unseen;
    unsigned char pending[MOST_LINES + 64], counted[MOST_LINES + 64];
};

/* --- the writer ------------------------------------------------------------------- */

static void put(struct life *life, const char *name, const char *text)
{
    disk_append(&life->disk, disk_find(&life->disk, name), slice_of(text));
}

static void write_lines(struct life *life, const char *name, int count)
{
    char line[64];
    while (count-- > 0) {
        int number = life->line_count++;
        snprintf(line, sizeof line, "%06d %.*s\n", number, number % 23,
                 ".......................");
        put(life, name, line);
    }
}

static void end_line(struct life *life)
{
    if (life->is_partial)
        put(life, "a.log", "end\n");
    life->is_partial = false;
}

static void begin_line(struct life *life)
{
    char line[32];
    end_line(life);
    snprintf(line, sizeof line, "%06d half", life->line_count++);
    put(life, "a.log", line);
    life->is_partial = true;
}

static void shift_names(struct life *life)
{
    char from[32], to[32];
    for (int i = life->rotation_count; i > 0; i--) {
        snprintf(from, sizeof from, "a.log.%d", i);
        snprintf(to, sizeof to, "a.log.%d", i + 1);
        disk_rename(&life->disk, from, to);
    }
}

/* A copy of a file of which nothing was read is not known as one where a file system
 * tells no birth; that is the one rotation left out. */
static void rotate(struct life *life, int late)
{
    end_line(life);
    write_lines(life, "a.log", 1);
    if (life->rotation_count == MOST_ROTATIONS || life->unseen == MOST_UNSEEN ||
        (life->is_copied && life->disk.style == DISK_PLAIN && !life->is_known))
        return;
    shift_names(life);
    if (life->is_copied) {
        struct disk_file *log = disk_find(&life->disk, "a.log");
        disk_append(&life->disk, disk_make(&life->disk, "a.log.1"),
                    buf_slice(&log->bytes));
        disk_truncate(&life->disk, log, 0);
    } else {
        disk_rename(&life->disk, "a.log", "a.log.1");
        write_lines(life, "a.log.1", late);
        (void)disk_make(&life->disk, "a.log");
    }
    life->rotation_count++;
    life->unseen++;
    life->is_known = false;
}

/* --- the agent -------------------------------------------------------------------- */

static void hear(void *ctx, const struct block *block)
{
    struct life *life = ctx;
    struct slice rest = block->bytes, line;
    must(!block->is_cut && !block->is_unterminated);
    while (slice_next(&rest, '\n', &line)) {
        int64_t number = -1;
        must(line.len >= 7 && slice_to_int(slice_make(line.ptr, 6), &number));
        must(number < life->line_count);
        life->pending[number]++;
    }
}

static void no_alert(void *ctx, const struct incoming *incoming)
{
    (void)ctx;
    (void)incoming;
    must(false);
}

static void hear_loss(void *ctx, const struct self_report *report)
{
    (void)ctx;
    (void)report;
    must(false);
}

static void look(struct life *life, int64_t ms)
{
    const struct intake intake = { hear, no_alert, hear_loss, life, NULL };
    int looks = 0;
    life->now.mono_ms += ms;
    life->now.unix_ms += ms;
    while (inputs_read(life->inputs, life->now, &intake))
        must(++looks < 10000);
}

static void commit(struct life *life)
{
    struct err err;
    inputs_save(life->inputs, life->now);
    must(!db_is_dirty(life->db) || db_commit(life->db, &err));
    inputs_committed(life->inputs);
    for (int i = 0; i < life->line_count; i++)
        life->counted[i] += life->pending[i];
    memset(life->pending, 0, sizeof life->pending);
    life->unseen = 0;
    struct slice log = buf_slice(&disk_find(&life->disk, "a.log")->bytes);
    life->is_known = slice_find(log, SLICE("\n")) != SIZE_MAX;
}

static void turn(struct life *life, int64_t ms)
{
    look(life, ms);
    commit(life);
}

static void crash(struct life *life)
{
    inputs_free(life->inputs);
    db_rollback(life->db);
    disk_close_all(&life->disk);
    memset(life->pending, 0, sizeof life->pending);
    life->inputs = inputs_create(&life->world, &life->inputs_config, life->now);
}

/* --- a life ----------------------------------------------------------------------- */

static void act(struct life *life, uint8_t what)
{
    int size = what / 8;
    switch (what % 8) {
    case 0:
        rotate(life, size % 3);
        return;
    case 1:
        begin_line(life);
        return;
    case 2:
    case 3:
        end_line(life);
        write_lines(life, "a.log", 1 + size % 8);
        return;
    case 4:
        look(life, SECOND_MS);
        return;
    case 5:
        crash(life);
        return;
    default:
        turn(life, size % 8 == 0 ? 13 * SECOND_MS : SECOND_MS);
    }
}

static void forget_nothing(void *owner)
{
    (void)owner;
}

static void begin(struct life *life, uint8_t choice)
{
    struct err err;
    disk_init(&life->disk, (enum disk_style)(choice % DISK_STYLES), forget_nothing);
    life->disk.folder = "/logs";
    life->is_copied = choice / 8 % 2;
    life->pattern.value =
        choice / 16 % 2 ? SLICE("/logs/a.log*") : SLICE("/logs/a.log");
    life->config = (struct source_config){ .name = { .value = SLICE("app") },
                                           .files = { &life->pattern, 1 },
                                           .sweep = SECOND_MS,
                                           .rotate_wait = 10 * SECOND_MS };
    life->source = (struct source){ .name = SLICE("app") };
    life->blocks = (struct conf_blocks){ &life->config, 1 };
    life->inputs_config =
        (struct inputs_config){ .blocks = &life->blocks, .sources = &life->source };
    life->now = (struct now){ 1000000, INT64_C(1700000000000) };
    life->db = db_open(":memory:", NULL, migrations, MIGRATIONS, &err);
    must(life->db != NULL);
    life->world = (struct input_world){
        .fs = disk_fs(&life->disk), .db = life->db, .log = &life->log, .stdin_fd = -1
    };
    (void)disk_make(&life->disk, "a.log");
    life->inputs = inputs_create(&life->world, &life->inputs_config, life->now);
    turn(life, SECOND_MS);
}

static void end(struct life *life)
{
    end_line(life);
    for (int i = 0; i < TURNS_AT_THE_END; i++)
        turn(life, SECOND_MS);
    for (int i = 0; i < life->line_count; i++)
        must(life->counted[i] == 1);
    must(inputs_tally(life->inputs)->lost_bytes == 0);
    inputs_free(life->inputs);
    db_close(life->db);
    disk_clear(&life->disk);
}

static void no_line(void *ctx, enum log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct life life;
    if (size < 1 || size > MOST_ACTIONS)
        return 0;
    life = (struct life){ .log = { no_line, NULL, LOG_LEVEL_ERROR, 0 } };
    begin(&life, data[0]);
    for (size_t i = 1; i < size && life.line_count < MOST_LINES; i++)
        act(&life, data[i]);
    end(&life);
    return 0;
}
