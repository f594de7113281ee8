/** Symbolic links and hard links to logs (shared/facts/faults.md 2.1, L17 to L20). */
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

static void make_folder(struct bench *b, const char *name)
{
    ck_assert_int_eq(mkdir(bench_path(b, name), 0700), 0);
}

static void make_link(struct bench *b, const char *target, const char *name)
{
    ck_assert_int_eq(symlink(target, bench_path(b, name)), 0);
}

/** As `ln -sfn`: the new link takes the place of the old one at once. */
static void turn_link(struct bench *b, const char *target, const char *name)
{
    make_link(b, target, "new-link");
    bench_rename(b, "new-link", name);
}

/* A volume of Kubernetes: x.log -> ..data/x.log, ..data -> a folder of one version. */
STORY(L17_a_swapped_folder_behind_a_link_is_a_rotation)
{
    make_folder(b, "..v1");
    make_folder(b, "..v2");
    bench_append(b, "..v1/x.log", "1\n");
    bench_append(b, "..v2/x.log", "3\n");
    make_link(b, "..v1", "..data");
    make_link(b, "..data/x.log", "x.log");
    bench_turn(b);
    bench_append(b, "..v1/x.log", "2\n");
    turn_link(b, "..v2", "..data");
    bench_turn(b);
    bench_append(b, "..v1/x.log", "late\n");
    bench_turn(b);
    bench_append(b, "..v2/x.log", "4\n");
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\nlate\n4\n");
    ck_assert_uint_eq(inputs_tally(b->inputs)->lost_bytes, 0);
}

/* As kubelet does: /var/log/containers/x.log -> /var/log/pods/x/0.log, and 0.log is
 * renamed in its own folder. */
static void rotate_target(struct bench *b, const char *away)
{
    bench_append(b, "pods/0.log", "2\n");
    bench_rename(b, "pods/0.log", away);
    bench_append(b, away, "3\n");
    bench_append(b, "pods/0.log", "4\n");
}

STORY(L17_a_rotation_in_the_folder_of_the_target_is_read_to_its_end)
{
    make_folder(b, "pods");
    bench_append(b, "pods/0.log", "1\n");
    make_link(b, "pods/0.log", "x.log");
    bench_turn(b);
    rotate_target(b, "pods/0.log.20261123-060000");
    bench_turn(b);
    bench_append(b, "pods/0.log.20261123-060000", "late\n");
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\n4\nlate\n");
    ck_assert_uint_eq(inputs_tally(b->inputs)->lost_bytes, 0);
}

STORY(L17_L10_a_rotation_in_the_folder_of_the_target_while_down_loses_nothing)
{
    make_folder(b, "pods");
    bench_append(b, "pods/0.log", "1\n");
    make_link(b, "pods/0.log", "x.log");
    bench_turn(b);
    bench_crash(b);
    rotate_target(b, "pods/0.log.20261123-060000");
    bench_start(b);
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\n4\n");
    ck_assert_uint_eq(inputs_tally(b->inputs)->lost_bytes, 0);
}

STORY(L17_L11_two_rotations_in_the_folder_of_the_target_while_down_lose_nothing)
{
    make_folder(b, "pods");
    bench_append(b, "pods/0.log", "1\n");
    make_link(b, "pods/0.log", "x.log");
    bench_turn(b);
    bench_crash(b);
    rotate_target(b, "pods/0.log.20261123-060000");
    bench_rename(b, "pods/0.log", "pods/0.log.20261123-070000");
    bench_append(b, "pods/0.log", "5\n");
    bench_start(b);
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\n4\n5\n");
}

STORY(L17_a_link_that_turns_while_down_gives_up_no_line_of_its_old_target)
{
    make_folder(b, "pods");
    bench_append(b, "pods/0.log", "1\n");
    make_link(b, "pods/0.log", "x.log");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "pods/0.log", "2\n");
    bench_append(b, "pods/1.log", "3\n");
    turn_link(b, "pods/1.log", "x.log");
    bench_start(b);
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\n");
}

STORY(L17_what_is_known_is_the_target_and_not_the_name_of_the_link)
{
    bench_append(b, "target", "1\n");
    make_link(b, "target", "x.log");
    bench_turn(b);
    bench_rename(b, "x.log", "y.log");
    bench_append(b, "target", "2\n");
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n");
}

STORY(L18_a_link_to_itself_is_told_once_and_read_when_it_leads_to_a_file)
{
    make_link(b, "x.log", "x.log");
    bench_turns(b, 70);
    ck_assert_uint_eq(inputs_tally(b->inputs)->refused_files, 1);
    bench_append(b, "target", "1\n");
    turn_link(b, "target", "x.log");
    bench_append(b, "target", "2\n");
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n");
}

TEST(tail, L17_a_link_to_the_folder_changes_nothing)
{
    for (int i = 0; i < 2; i++) {
        struct bench b;
        bench_init(&b, i == 1);
        bench_follow(&b, 0, "logs/a.log*");
        make_folder(&b, "real");
        make_link(&b, "real", "logs");
        bench_start(&b);
        bench_turn(&b);
        bench_append(&b, "logs/a.log", "1\n");
        bench_turn(&b);
        bench_append(&b, "logs/a.log", "2\n");
        bench_rename(&b, "logs/a.log", "logs/a.log.1");
        bench_append(&b, "logs/a.log", "3\n");
        bench_turns(&b, 14);
        bench_crash(&b);
        bench_append(&b, "logs/a.log", "4\n");
        bench_rename(&b, "logs/a.log.1", "logs/a.log.2");
        bench_rename(&b, "logs/a.log", "logs/a.log.1");
        bench_append(&b, "logs/a.log", "5\n");
        bench_start(&b);
        bench_turns(&b, 14);
        bench_restart(&b);
        bench_turns(&b, 2);
        bench_expect(&b, "1\n2\n3\n4\n5\n");
        bench_clear(&b);
    }
}

STORY(L17_a_link_to_a_file_beside_it_is_followed_over_its_rotations)
{
    bench_append(b, "app-current", "1\n");
    make_link(b, "app-current", "x.log");
    bench_turn(b);
    bench_crash(b);
    bench_append(b, "app-current", "2\n");
    bench_rename(b, "app-current", "app-current.1");
    bench_append(b, "app-current", "3\n");
    bench_start(b);
    bench_turns(b, 14);
    bench_restart(b);
    bench_turns(b, 2);
    bench_expect(b, "1\n2\n3\n");
}
