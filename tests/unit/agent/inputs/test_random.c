/**
 * Random lives of a log: appends, rotations, turns and crashes in any order, in four
 * styles of rotation, followed by name, by pattern or by a link in another folder. At
 * the end every line was counted once. The one thing left out is a copytruncate of a
 * file of which nothing was read yet, on a file system that tells no birth: nothing is
 * known then by which its copy could be told. TOCSIN_SEED=N runs the script of that
 * number alone, TOCSIN_SEEDS=N so many.
 */
#include "agent/base/rng.h"
#include "bench.h"

#include <sys/stat.h>
#include <unistd.h>

enum { SCRIPTS = 20, STEPS = 40, MAX_LINES = 4000 };

struct life {
    struct bench b;
    struct rng rng;
    bool is_copied, is_dated; /* the style of rotation */
    bool is_bare;             /* inodes have no birth */
    int line_count, rotation_count;
    bool is_partial;
    bool has_lines, is_known; /**< a.log has some; some of them were read */
    int64_t written;
};

static uint64_t draw(struct life *life, uint64_t below)
{
    return rng_next(&life->rng) % below;
}

static void put(struct life *life, const char *name, const char *text)
{
    life->written += (int64_t)strlen(text);
    bench_append(&life->b, name, text);
}

static void write_line(struct life *life, const char *name)
{
    char line[200];
    int pad = (int)draw(life, 120);
    snprintf(line, sizeof line, "%06d %.*s\n", life->line_count++, pad,
             "........................................................................"
             "................................................");
    put(life, name, line);
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

static void append(struct life *life)
{
    end_line(life);
    for (uint64_t i = 1 + draw(life, 20); i > 0; i--)
        write_line(life, "a.log");
    life->has_lines = true;
}

static void name_of_rotation(struct life *life, int age, char *name, size_t size)
{
    if (life->is_dated)
        snprintf(name, size, "a.log-%08d", 20260000 + life->rotation_count - age);
    else
        snprintf(name, size, "a.log.%d", age + 1);
}

static void shift_names(struct life *life)
{
    char from[32], to[32];
    for (int age = life->rotation_count; age-- > 0;) {
        name_of_rotation(life, age, from, sizeof from);
        name_of_rotation(life, age + 1, to, sizeof to);
        bench_rename(&life->b, from, to);
    }
}

static void rotate(struct life *life)
{
    char name[32];
    end_line(life);
    write_line(life, "a.log");
    life->has_lines = true;
    if (life->is_copied && !life->is_known && life->is_bare)
        return;
    bench_tick(&life->b);
    life->has_lines = life->is_known = false;
    if (life->is_dated)
        life->rotation_count++;
    else
        shift_names(life);
    name_of_rotation(life, 0, name, sizeof name);
    if (life->is_copied) {
        bench_copy(&life->b, "a.log", name);
        bench_truncate(&life->b, "a.log", 0);
    } else {
        bench_rename(&life->b, "a.log", name);
        for (uint64_t i = draw(life, 3); i > 0; i--)
            write_line(life, name);
        bench_append(&life->b, "a.log", "");
    }
    if (!life->is_dated)
        life->rotation_count++;
}

static void crash(struct life *life)
{
    if (life->b.inputs && draw(life, 2))
        bench_read(&life->b);
    bench_crash(&life->b);
}

static void turn(struct life *life)
{
    if (!life->b.inputs)
        bench_start(&life->b);
    bench_turns(&life->b, draw(life, 8) == 0 ? 13 : 1);
    life->is_known = life->has_lines;
}

static void step(struct life *life)
{
    switch (draw(life, 10)) {
    case 0:
        rotate(life);
        return;
    case 1:
        crash(life);
        return;
    case 2:
        begin_line(life);
        return;
    case 3:
    case 4:
    case 5:
        append(life);
        return;
    default:
        turn(life);
    }
}

static void check_lines(struct life *life, uint64_t seed)
{
    static int seen[MAX_LINES];
    struct slice rest = buf_slice(&life->b.counted), line;
    memset(seen, 0, sizeof seen);
    while (slice_next(&rest, '\n', &line)) {
        int64_t number = -1;
        ck_assert(line.len >= 7 && slice_to_int(slice_make(line.ptr, 6), &number));
        seen[number]++;
    }
    for (int i = 0; i < life->line_count; i++)
        ck_assert_msg(seen[i] == 1, "seed %llu: line %d was counted %d times\n%s",
                      (unsigned long long)seed, i, seen[i], bench_text(&life->b.told));
}

static void live(uint64_t seed)
{
    struct life life = { 0 };
    rng_seed(&life.rng, seed);
    life.is_copied = draw(&life, 2);
    life.is_dated = draw(&life, 2);
    bench_init(&life.b, draw(&life, 2));
    life.is_bare = draw(&life, 4) == 0;
    if (life.is_bare)
        bench_bare(&life.b);
    static const char *const patterns[] = { "a.log", "a.log*", "links/*.log" };
    bench_follow(&life.b, 0, patterns[draw(&life, 3)]);
    ck_assert_int_eq(mkdir(bench_path(&life.b, "links"), 0700), 0);
    ck_assert_int_eq(symlink("../a.log", bench_path(&life.b, "links/x.log")), 0);
    bench_append(&life.b, "a.log", "");
    bench_start(&life.b);
    bench_turn(&life.b);
    for (int i = 0; i < STEPS && life.line_count < MAX_LINES - 100; i++)
        step(&life);
    end_line(&life);
    turn(&life);
    bench_turns(&life.b, 14);
    check_lines(&life, seed);
    ck_assert_int_eq(bench_sum(&life.b, "read"), life.written);
    ck_assert_int_eq(bench_sum(&life.b, "appeared"), life.written);
    bench_clear(&life.b);
}

TEST(tail, any_life_of_a_log_counts_every_line_once)
{
    const char *only = getenv("TOCSIN_SEED");
    int64_t number;
    if (only && slice_to_int(slice_of(only), &number)) {
        live((uint64_t)number);
        return;
    }
    const char *many = getenv("TOCSIN_SEEDS");
    if (!many || !slice_to_int(slice_of(many), &number))
        number = SCRIPTS;
    for (uint64_t seed = 1; seed <= (uint64_t)number; seed++)
        live(seed);
}
