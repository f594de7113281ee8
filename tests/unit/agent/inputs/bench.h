/**
 * A bench for inputs: a real folder and a real store, a clock that the test moves, and
 * lines that count only when they are committed. A crash forgets what was not.
 */
#ifndef TOCSIN_TESTS_INPUTS_BENCH_H
#define TOCSIN_TESTS_INPUTS_BENCH_H

#include "agent/inputs/input.h"
#include "test.h"

enum { BENCH_SOURCES = 2 };

struct bench {
    const char *folder;
    struct db *db;
    struct inputs *inputs;
    struct now now;
    struct fs fs;
    struct log_sink log;
    const struct journal_ops *journals;
    int stdin_fd;
    struct source_config configs[BENCH_SOURCES];
    struct source sources[BENCH_SOURCES];
    struct conf_text patterns[BENCH_SOURCES];
    struct conf_text excludes[BENCH_SOURCES];
    size_t source_count;
    struct buf pending, counted; /**< lines fed, and lines committed */
    struct buf told;             /**< the log */
    struct buf reported;         /**< "kind object: summary" a self-report */
    struct inputs_tally tally;   /**< of the lives that ended */
    struct buf fields;           /**< "name=value" a line, of the last record */
    int64_t record_ms;           /**< when it happened */
    uint64_t blocks;
    const char *world; /**< in which of bench_run() it is */
    bool
        is_attributed; /**< put "source:file-name: " before each block, or the path of a
                             record */
};

/** Run @story without inotify, with it, and on a file system that tells neither birth
 *  nor generation; each in a folder of its own. The source "app" follows "*.log" there,
 *  started for the first time while the folder was empty. TOCSIN_WORLD=sweep, inotify
 *  or bare leaves the other two out. */
void bench_run(void (*story)(struct bench *bench));
void bench_init(struct bench *bench, bool inotify);
/** Let the file system tell nothing of an inode but its number. Before the start. */
void bench_bare(struct bench *bench);
void bench_clear(struct bench *bench);

#define STORY(name)                            \
    static void name##_story(struct bench *b); \
    TEST(tail, name)                           \
    {                                          \
        bench_run(name##_story);               \
    }                                          \
    static void name##_story(struct bench *b)

/** Let source @index follow @pattern, relative to the folder. Before the start. */
void bench_follow(struct bench *bench, size_t index, const char *pattern);

void bench_start(struct bench *bench);
/** Die without a word: what is not committed never happened. */
void bench_crash(struct bench *bench);
void bench_restart(struct bench *bench);

/** A second passes; read all that is there; commit. */
void bench_turn(struct bench *bench);
/** That many turns. */
void bench_turns(struct bench *bench, int count);
/** Gives blocks to @block, with @bench, and keeps reports in bench->reported. */
struct intake bench_intake(struct bench *bench,
                           void (*block)(void *ctx, const struct block *block));
/** One call of inputs_read(), which ends when the budget of a turn does. */
void bench_glance(struct bench *bench);
/** The first number behind "@name": in the sums of all bytes. */
int64_t bench_sum(struct bench *bench, const char *name);
/** One step of a turn, at the same moment. @return true when more is waiting. */
bool bench_step(struct bench *bench);
/** A turn without committing. */
void bench_read(struct bench *bench);
bool bench_commit(struct bench *bench);
void bench_pass(struct bench *bench, int64_t ms);

void bench_append(struct bench *bench, const char *name, const char *text);
void bench_write(struct bench *bench, const char *name, const char *text);
void bench_rename(struct bench *bench, const char *from, const char *to);
void bench_truncate(struct bench *bench, const char *name, int64_t size);
void bench_remove(struct bench *bench, const char *name);
void bench_copy(struct bench *bench, const char *from, const char *to);
/** Wait, some milliseconds at most, until the clock of the kernel has moved by which
 *  files are stamped: what is made from now on is younger than all before. */
void bench_tick(struct bench *bench);
/** The path of @name in the folder. Never freed: each test is a process of its own. */
const char *bench_path(struct bench *bench, const char *name);

/** What was counted since the last time, in order. A cut line is shown by its length,
 *  an unterminated one with "<end>". */
#define bench_expect(bench, text)                                                \
    do {                                                                         \
        ck_assert_msg(strcmp(bench_text(&(bench)->counted), (text)) == 0,        \
                      "%s: counted\n%sinstead of\n%s\nlog:\n%s", (bench)->world, \
                      bench_text(&(bench)->counted), (text),                     \
                      bench_text(&(bench)->told));                               \
        buf_clear(&(bench)->counted);                                            \
    } while (0)
const char *bench_text(const struct buf *buf);

#endif
