/** Folders that come, go and move (shared/facts/faults.md 2.1, L26 to L30). */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { STORM_FOLDERS = 2000 };

static void make_folder(struct bench *b, const char *name)
{
    ck_assert_int_eq(mkdir(bench_path(b, name), 0700), 0);
}

/** A bench that follows @pattern, with or without inotify. */
static void init(struct bench *b, bool inotify, const char *pattern)
{
    bench_init(b, inotify);
    bench_follow(b, 0, pattern);
    bench_start(b);
    bench_turn(b);
}

/** mkdir, create and write, as fast as a machine can, beside the agent. */
static void storm(struct bench *b)
{
    char name[64];
    for (int i = 0; i < STORM_FOLDERS; i++) {
        snprintf(name, sizeof name, "%d", i);
        make_folder(b, name);
        snprintf(name, sizeof name, "%d/x.log", i);
        bench_append(b, name, "line\n");
    }
}

TEST(tail, L28_folders_made_as_fast_as_possible_lose_no_line)
{
    for (int i = 0; i < 2; i++) {
        struct bench b;
        init(&b, i == 1, "*/x.log");
        b.configs[0].sweep = 10 * SECOND_MS;
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            storm(&b);
            _exit(0);
        }
        while (waitpid(child, NULL, WNOHANG) == 0)
            bench_turn(&b);
        bench_turns(&b, 12);
        ck_assert_uint_eq(b.counted.len, STORM_FOLDERS * strlen("line\n"));
        bench_clear(&b);
    }
}

TEST(tail, L29_a_whole_tree_that_is_moved_in_is_read)
{
    for (int i = 0; i < 2; i++) {
        struct bench b;
        init(&b, i == 1, "logs/**/x.log");
        b.configs[0].sweep = i == 1 ? HOUR_MS : SECOND_MS;
        make_folder(&b, "logs");
        bench_turn(&b);
        make_folder(&b, "tree");
        make_folder(&b, "tree/deep");
        make_folder(&b, "tree/deep/deeper");
        bench_append(&b, "tree/deep/deeper/x.log", "1\n");
        bench_rename(&b, "tree", "logs/tree");
        bench_turns(&b, 2);
        bench_append(&b, "logs/tree/deep/deeper/x.log", "2\n");
        bench_turns(&b, 2);
        bench_expect(&b, "1\n2\n");
        bench_clear(&b);
    }
}

TEST(tail, L30_a_folder_removed_and_made_anew_is_watched_again)
{
    for (int i = 0; i < 2; i++) {
        struct bench b;
        init(&b, i == 1, "*/x.log");
        b.configs[0].sweep = i == 1 ? HOUR_MS : SECOND_MS;
        for (int round = 0; round < 3; round++) {
            make_folder(&b, "web");
            bench_append(&b, "web/x.log", "1\n");
            bench_turns(&b, 2);
            bench_append(&b, "web/x.log", "2\n");
            bench_turn(&b);
            bench_remove(&b, "web/x.log");
            ck_assert_int_eq(rmdir(bench_path(&b, "web")), 0);
            bench_turns(&b, round);
        }
        bench_expect(&b, "1\n2\n1\n2\n1\n2\n");
        bench_clear(&b);
    }
}

/* The kernel gives a watch descriptor's number away again only after 2^31 of them, so
 * what can go wrong is an old watch that still stands for the path of a new folder. */
TEST(tail, L30_two_folders_that_change_names_keep_their_lines_apart)
{
    struct bench b;
    init(&b, true, "*/x.log");
    b.configs[0].sweep = HOUR_MS;
    b.is_attributed = true;
    make_folder(&b, "a");
    make_folder(&b, "b");
    bench_append(&b, "a/x.log", "of a\n");
    bench_append(&b, "b/x.log", "of b\n");
    bench_turns(&b, 2);
    buf_clear(&b.counted);
    bench_rename(&b, "a", "c");
    bench_rename(&b, "b", "a");
    bench_rename(&b, "c", "b");
    bench_append(&b, "a/x.log", "of b\n");
    bench_append(&b, "b/x.log", "of a\n");
    bench_turns(&b, 3);
    ck_assert_uint_eq(b.counted.len, 2 * strlen("app:x.log: of a\n"));
    buf_clear(&b.counted);
    bench_append(&b, "a/x.log", "more of b\n");
    bench_turn(&b);
    bench_expect(&b, "app:x.log: more of b\n");
    bench_clear(&b);
}

/* The folder above is not watched here, as where a pattern begins with its path: nobody
 * tells that the folder is gone, because a file in it is still open. */
TEST(tail, L30_a_folder_under_no_watch_that_is_made_anew_is_read_by_the_next_sweep)
{
    for (int i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, i == 1);
        bench_follow(&b, 0, "web/*.log");
        make_folder(&b, "web");
        bench_append(&b, "web/x.log", "at the start\n");
        bench_start(&b);
        bench_turns(&b, 2);
        for (int round = 0; round < 3; round++) {
            bench_remove(&b, "web/x.log");
            ck_assert_int_eq(rmdir(bench_path(&b, "web")), 0);
            bench_turns(&b, round);
            make_folder(&b, "web");
            bench_append(&b, "web/new.log", "2\n");
            bench_append(&b, "web/x.log", "3\n");
            bench_turns(&b, 2);
            bench_remove(&b, "web/new.log");
        }
        ck_assert_uint_eq(b.counted.len, strlen("3\n2\n3\n2\n3\n2\n"));
        bench_clear(&b);
    }
}

enum { MANY_FOLDERS = 150, ROUND = 3 }; /* 64 in each sweep */

/* As above, for more folders than are asked about in one sweep. */
TEST(tail, L30_of_many_folders_each_that_is_made_anew_is_read_within_a_round_of_sweeps)
{
    struct bench b;
    char folder[32], log[32];
    bench_init(&b, true);
    bench_follow(&b, 0, "top/*/sub/*.log");
    make_folder(&b, "top");
    for (int i = 0; i < MANY_FOLDERS; i++) {
        snprintf(folder, sizeof folder, "top/%d", i);
        make_folder(&b, folder);
        snprintf(folder, sizeof folder, "top/%d/sub", i);
        make_folder(&b, folder);
    }
    bench_start(&b);
    for (int i = 0; i < MANY_FOLDERS; i += 10) {
        snprintf(folder, sizeof folder, "top/%d/sub", i);
        snprintf(log, sizeof log, "top/%d/sub/x.log", i);
        bench_append(&b, log, "1\n");
        bench_turn(&b);
        bench_remove(&b, log);
        ck_assert_int_eq(rmdir(bench_path(&b, folder)), 0);
        make_folder(&b, folder);
        snprintf(log, sizeof log, "top/%d/sub/new.log", i);
        bench_append(&b, log, "2\n");
        snprintf(log, sizeof log, "top/%d/sub/x.log", i);
        bench_append(&b, log, "3\n");
        bench_turns(&b, ROUND);
        ck_assert_uint_eq(b.counted.len, strlen("1\n2\n3\n"));
        buf_clear(&b.counted);
    }
    bench_clear(&b);
}
