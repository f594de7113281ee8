/** What became of every byte: the sums add up, and a loss is counted and told once. */
#include <fcntl.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/rng.h"
#include "agent/inputs/ledger.h"
#include "bench.h"

enum { LINE_BYTES = 16 * 1024, FLOOD_LINES = 5 * LIMIT_TURN_BYTES / 4 / LINE_BYTES };

/** Lines of LINE_BYTES each. @return bytes. */
static int64_t flood(struct bench *b, const char *name, int lines)
{
    int fd = open(bench_path(b, name), O_WRONLY | O_CREAT | O_APPEND, 0600);
    char line[LINE_BYTES];
    static int number; /* equal lines could not be told apart after a truncation */
    memset(line, '.', sizeof line);
    line[sizeof line - 1] = '\n';
    for (int i = 0; i < lines; i++) {
        snprintf(line, 12, "%010d", number++);
        line[10] = ' ';
        ck_assert_int_eq(write(fd, line, sizeof line), (ssize_t)sizeof line);
    }
    close(fd);
    return (int64_t)lines * LINE_BYTES;
}

/** The number behind @name at @text. */
static int64_t number_at(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    int64_t value = -1;
    ck_assert_ptr_nonnull(at);
    at += strlen(name);
    ck_assert(slice_to_int(slice_make(at, strspn(at, "0123456789")), &value));
    return value;
}

/** Does the account of each generation that is followed add up by itself? */
static void expect_balanced_generations(struct bench *b)
{
    struct buf out = buf_make(1 << 20);
    inputs_describe(b->inputs, FORM_JSON, &out);
    const char *at = bench_text(&out);
    while ((at = strstr(at, "\"generation\":")) != NULL) {
        ck_assert_int_eq(number_at(at, "\"appeared\":"),
                         number_at(at, "\"read\":") + number_at(at, "\"skipped\":") +
                             number_at(at, "\"lost\":") +
                             number_at(at, "\"waiting\":"));
        at++;
    }
    buf_free(&out);
}

static void expect_balance(struct bench *b, int64_t written)
{
    int64_t lost = bench_sum(b, "nul\":{\"bytes");
    lost += bench_sum(b, "truncated\":{\"bytes");
    lost += bench_sum(b, "rotated_away\":{\"bytes");
    int64_t skipped = bench_sum(b, "hole") + bench_sum(b, "long_line") +
                      bench_sum(b, "old") + bench_sum(b, "copy");
    ck_assert_int_eq(bench_sum(b, "appeared"), written);
    ck_assert_int_eq(bench_sum(b, "read") + skipped + lost + bench_sum(b, "waiting"),
                     written);
    expect_balanced_generations(b);
}

STORY(L54_a_truncation_during_a_flood_loses_what_was_not_read_to_the_byte)
{
    int64_t written = flood(b, "a.log", FLOOD_LINES);
    bench_glance(b);
    ck_assert(bench_commit(b));
    int64_t read = bench_sum(b, "read");
    ck_assert_int_ge(read, LIMIT_FILE_TURN_BYTES);
    ck_assert_int_eq(bench_sum(b, "waiting"), written - read);
    bench_truncate(b, "a.log", 0);
    bench_turn(b);
    ck_assert_int_eq(bench_sum(b, "truncated\":{\"bytes"), written - read);
    expect_balance(b, written);
    written += flood(b, "a.log", 3);
    bench_turn(b);
    ck_assert_int_eq(bench_sum(b, "read"), read + 3 * LINE_BYTES);
    expect_balance(b, written);
}

STORY(L54_a_crash_between_a_loss_and_its_commit_counts_it_once)
{
    int64_t written = flood(b, "a.log", FLOOD_LINES);
    bench_glance(b);
    ck_assert(bench_commit(b));
    int64_t lost = bench_sum(b, "waiting");
    bench_truncate(b, "a.log", 0);
    bench_read(b);
    ck_assert_int_eq(bench_sum(b, "truncated\":{\"bytes"), lost);
    bench_restart(b);
    ck_assert_int_eq(bench_sum(b, "truncated\":{\"bytes"), 0);
    bench_turn(b);
    bench_restart(b);
    bench_turn(b);
    ck_assert_int_eq(bench_sum(b, "truncated\":{\"bytes"), lost);
    expect_balance(b, written);
}

STORY(a_loss_is_reported_with_file_bytes_and_reason)
{
    char expected[2000];
    flood(b, "a.log", FLOOD_LINES);
    bench_glance(b);
    ck_assert(bench_commit(b));
    int64_t lost = bench_sum(b, "waiting");
    bench_truncate(b, "a.log", 0);
    bench_turns(b, 3);
    snprintf(expected, sizeof expected,
             "lost-truncated %s: %lld bytes of %s were lost: it was truncated before "
             "they were read\n",
             bench_path(b, "a.log"), (long long)lost, bench_path(b, "a.log"));
    ck_assert_str_eq(bench_text(&b->reported), expected);
}

STORY(L12_generations_that_nobody_saw_are_a_loss_of_unknown_size)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    /* Made before the old one goes, so that it cannot have its inode: then nothing says
     * that there was another. */
    bench_tick(b);
    bench_append(b, "a.new", "two\n");
    bench_remove(b, "a.log");
    bench_rename(b, "a.new", "a.log");
    bench_start(b);
    bench_turns(b, 13);
    bench_expect(b, "one\ntwo\n");
    ck_assert_int_eq(bench_sum(b, "unknown"), 0);
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-rotated-away"));
    ck_assert_ptr_nonnull(
        strstr(bench_text(&b->reported), "perhaps an unknown number of"));
}

/* Without births only its number is the same, and its size says nothing of the old one;
 * with them it was truncated. */
STORY(L13_what_another_file_under_its_number_held_is_not_called_lost)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    bench_write(b, "a.log", "two, and longer\n");
    bench_start(b);
    bench_rename(b, "a.log", "a-1.log");
    bench_append(b, "a.log", "three\n");
    bench_turns(b, 14);
    bench_expect(b, "one\ntwo, and longer\nthree\n");
    expect_balance(b, 26);
    ck_assert_int_eq(bench_sum(b, "read"), 26);
}

STORY(L12_a_copy_of_what_was_read_that_is_gone_is_not_called_lost)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    bench_copy(b, "a.log", "a-1.log");
    bench_truncate(b, "a.log", 0);
    bench_start(b);
    bench_remove(b, "a-1.log");
    bench_turn(b);
    bench_pass(b, HOUR_MS); /* it is waited for */
    bench_turn(b);
    bench_expect(b, "one\n");
    expect_balance(b, 4);
    ck_assert_ptr_nonnull(
        strstr(bench_text(&b->reported), "perhaps an unknown number of"));
}

STORY(L12_a_log_that_was_seen_and_deleted_unread_is_told)
{
    bench_crash(b);
    bench_append(b, "a.log", "one\n");
    bench_start(b);
    bench_remove(b, "a.log");
    bench_turn(b);
    bench_pass(b, HOUR_MS);
    bench_turn(b);
    ck_assert_ptr_nonnull(strstr(bench_text(&b->reported), "lost-rotated-away"));
}

STORY(L11_more_generations_than_are_followed_cost_the_oldest_and_say_so)
{
    const int count = LIMIT_GENERATIONS + 6;
    char name[32], line[32];
    bench_append(b, "a.log", "first\n");
    bench_turn(b);
    bench_crash(b);
    snprintf(name, sizeof name, "a.log.%d", count);
    bench_rename(b, "a.log", name);
    for (int age = count - 1; age > 0; age--) {
        snprintf(name, sizeof name, "a.log.%d", age);
        snprintf(line, sizeof line, "age %03d\n", age);
        bench_append(b, name, line);
    }
    bench_append(b, "a.log", "last\n");
    bench_start(b);
    bench_turns(b, 20);
    /* count - 1 lie between the first and the last. */
    ck_assert_int_eq(bench_sum(b, "too_many_generations\":{\"bytes"), 5 * 8);
    const char *text = bench_text(&b->counted);
    ck_assert_int_eq(strncmp(text, "first\nage 064\n", 14), 0);
    ck_assert_ptr_nonnull(strstr(text, "age 001\nlast\n"));
    ck_assert_ptr_nonnull(
        strstr(bench_text(&b->reported), "lost-too-many-generations"));
}

STORY(L04_what_came_behind_a_truncation_is_no_loss)
{
    bench_append(b, "a.log", "one\n");
    bench_turn(b);
    bench_crash(b);
    bench_write(b, "a.log", "a longer line\nand another\n");
    bench_start(b);
    bench_turns(b, 2);
    bench_expect(b, "one\na longer line\nand another\n");
    ck_assert_str_eq(bench_text(&b->reported), "");
    ck_assert_int_eq(bench_sum(b, "read"), bench_sum(b, "appeared"));
}

STORY(what_is_skipped_on_purpose_is_no_loss)
{
    char line[LINE_BYTES + 1];
    memset(line, 'x', LINE_BYTES);
    line[LINE_BYTES] = '\0';
    int64_t written = 0;
    for (int i = 0; i < LIMIT_LINE_BYTES / LINE_BYTES + 1; i++, written += LINE_BYTES)
        bench_append(b, "a.log", line);
    bench_append(b, "a.log", "\nnext\n");
    bench_turn(b);
    ck_assert_int_eq(bench_sum(b, "long_line"), LINE_BYTES + 1);
    expect_balance(b, written + 6);
    bench_append(b, "b.log", "");
    bench_truncate(b, "b.log", 1 << 20);
    bench_append(b, "b.log", "first\n");
    bench_turn(b);
    ck_assert_int_eq(bench_sum(b, "hole"), 1 << 20);
    expect_balance(b, written + 6 + (1 << 20) + 6);
    ck_assert_str_eq(bench_text(&b->reported), "");
}

TEST(ledger, what_was_there_before_the_first_start_is_skipped)
{
    struct bench b;
    bench_init(&b, true);
    bench_append(&b, "a.log", "old\npar");
    bench_start(&b);
    bench_turn(&b);
    ck_assert_int_eq(bench_sum(&b, "old"), 4);
    expect_balance(&b, 7);
    bench_append(&b, "a.log", "tial\n");
    bench_turn(&b);
    ck_assert_int_eq(bench_sum(&b, "read"), 8);
    expect_balance(&b, 12);
    bench_clear(&b);
}

STORY(L56_a_cut_counts_what_was_read_and_what_was_not)
{
    int64_t written = flood(b, "a.log", FLOOD_LINES);
    bench_glance(b);
    ck_assert(bench_commit(b));
    int64_t waiting = bench_sum(b, "waiting");
    bench_truncate(b, "a.log", 10 * LINE_BYTES);
    bench_turn(b);
    ck_assert_int_eq(bench_sum(b, "truncated\":{\"bytes"), waiting);
    expect_balance(b, written);
    written += flood(b, "a.log", 2);
    bench_turn(b);
    expect_balance(b, written);
}

struct life {
    struct bench b;
    struct rng rng;
    int64_t written, size;
};

static void step(struct life *life)
{
    struct bench *b = &life->b;
    int64_t bytes;
    switch (rng_next(&life->rng) % 8) {
    case 0:
        bench_restart(b);
        return;
    case 1:
        bench_glance(b);
        break;
    case 2:
        bench_turn(b);
        break;
    case 3:
        bytes = (int64_t)(rng_next(&life->rng) % 3) * 300 * LINE_BYTES;
        life->size = bytes < life->size ? bytes : life->size;
        bench_truncate(b, "a.log", life->size);
        bench_turn(b);
        break;
    default:
        bytes = flood(b, "a.log", (int)(rng_next(&life->rng) % 750));
        life->written += bytes;
        life->size += bytes;
        bench_glance(b);
        ck_assert(bench_commit(b));
    }
    expect_balance(b, life->written);
}

/** Floods, looks, truncations, cuts, commits and crashes in any order. Every byte was
 *  seen before it can go, so that the sums have to be exact. */
static void live(uint64_t seed, bool inotify)
{
    struct life life = { 0 };
    rng_seed(&life.rng, seed);
    bench_init(&life.b, inotify);
    bench_start(&life.b);
    bench_append(&life.b, "a.log", "");
    bench_turn(&life.b);
    for (int i = 0; i < 40; i++)
        step(&life);
    bench_turn(&life.b);
    expect_balance(&life.b, life.written);
    ck_assert_int_eq(bench_sum(&life.b, "waiting"), 0);
    bench_clear(&life.b);
}

TEST(ledger, any_life_of_a_log_has_sums_that_add_up)
{
    for (uint64_t seed = 1; seed <= 6; seed++)
        live(seed, seed % 2);
}

TEST(ledger, every_reason_has_a_name_and_every_loss_a_remedy)
{
    for (int i = 0; i < REASON_COUNT; i++) {
        const struct ledger_row *row = &ledger_table[i];
        ck_assert(row->name && row->what[0]);
        ck_assert_int_eq(row->fate == LEDGER_LOST, row->remedy[0] != '\0');
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(row->name, ledger_table[k].name);
    }
}
