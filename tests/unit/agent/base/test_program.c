/** Programs that print a secret: what is taken of them, and how they end. */
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/program.h"
#include "test.h"

static struct now now_real(void)
{
    struct clock_source clock = clock_real();
    return clock_read(&clock);
}

static struct program *start(const char *script)
{
    const struct slice words[] = { SLICE("/bin/sh"), SLICE("-c"), slice_of(script) };
    return program_start(words, 3, NULL, now_real());
}

/* @ahead_ms  how far the clock has gone meanwhile */
static enum program_state run(struct program *program, int64_t ahead_ms,
                              struct err *err)
{
    enum program_state state;
    for (int i = 0; i < 1000; i++) {
        struct now now = now_real();
        now.mono_ms += ahead_ms;
        state = program_step(program, now, err);
        if (state != PROGRAM_RUNS)
            return state;
        poll(NULL, 0, 5);
    }
    return PROGRAM_RUNS;
}

static void must_fail(const char *script, int64_t ahead_ms, const char *part)
{
    struct err err = { 0 };
    struct program *program = start(script);
    ck_assert_int_eq(run(program, ahead_ms, &err), PROGRAM_FAILED);
    ck_assert_msg(strstr(err.text, part) != NULL, "no '%s' in '%s'", part, err.text);
    program_free(program);
}

TEST(program, what_it_prints_is_the_password)
{
    struct err err = { 0 };
    struct program *program = start("echo abcd efgh ijkl mnop");
    ck_assert_int_eq(run(program, 0, &err), PROGRAM_DONE);
    ck_assert_slice(secret_slice(program_secret(program)), "abcdefghijklmnop");
    ck_assert_int_eq(program_step(program, now_real(), &err), PROGRAM_DONE);
    program_free(program);
}

TEST(program, no_shell_reads_the_words)
{
    struct err err = { 0 };
    const struct slice words[] = { SLICE("/bin/echo"), SLICE("$HOME;`id`"),
                                   SLICE("a  b") };
    struct program *program = program_start(words, 3, NULL, now_real());
    ck_assert_int_eq(run(program, 0, &err), PROGRAM_DONE);
    ck_assert_slice(secret_slice(program_secret(program)), "$HOME;`id` a  b");
    program_free(program);
}

TEST(program, it_has_an_empty_input_and_dies_of_a_broken_pipe_as_ever)
{
    struct err err = { 0 };
    signal(SIGPIPE, SIG_IGN); /* as the agent has it */
    struct program *program = start("cat; kill -PIPE $$; echo survived");
    ck_assert_int_eq(run(program, 0, &err), PROGRAM_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "was ended by signal 13"));
    program_free(program);
}

TEST(program, what_fails_is_told_with_what_it_said)
{
    must_fail("echo secret; echo 'no key for tocsin' >&2; exit 7", 0,
              "ended with status 7 and said: no key for tocsin");
    must_fail("printf 'a\\033[2Jb' >&2; exit 1", 0, "a\\x1B[2Jb");
    must_fail("kill -9 $$", 0, "was ended by signal 9");
    must_fail("echo; exit 0", 0, "printed no password");
    must_fail("echo one; echo two", 0, "printed no password");
    must_fail("yes", 0, "printed more than a password can be");
}

TEST(program, what_it_complains_of_at_length_does_not_stop_it)
{
    struct err err = { 0 };
    struct program *program = start("head -c 300000 /dev/zero >&2; echo fine");
    ck_assert_int_eq(run(program, 0, &err), PROGRAM_DONE);
    ck_assert_slice(secret_slice(program_secret(program)), "fine");
    program_free(program);
}

TEST(program, what_is_not_there_is_told)
{
    struct err err = { 0 };
    const struct slice words[] = { SLICE("/nonexistent/program") };
    struct program *program = program_start(words, 1, NULL, now_real());
    ck_assert_int_eq(run(program, 0, &err), PROGRAM_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "'/nonexistent/program' cannot be started"));
    program_free(program);
}

TEST(program, what_takes_too_long_is_ended_with_its_children)
{
    char path[300], script[700];
    snprintf(path, sizeof path, "%.200s/pid", unit_test_folder());
    snprintf(script, sizeof script, "sleep 600 & echo $! >%s; wait", path);
    struct err err = { 0 };
    struct program *program = start(script);
    ck_assert_int_eq(program_step(program, now_real(), &err), PROGRAM_RUNS);
    ck_assert(program_wake_at(program) <= now_real().mono_ms + PROGRAM_TIMEOUT_MS);
    int64_t pid = 0;
    for (int i = 0; i < 400 && pid == 0; i++) {
        char text[32] = "";
        FILE *in = fopen(path, "r");
        if (in && fgets(text, sizeof text, in))
            slice_to_int(slice_trim(slice_of(text)), &pid);
        if (in)
            fclose(in);
        poll(NULL, 0, 5);
    }
    ck_assert_int_gt(pid, 0);
    ck_assert_int_eq(run(program, PROGRAM_TIMEOUT_MS, &err), PROGRAM_FAILED);
    ck_assert_ptr_nonnull(strstr(err.text, "took longer than 10 s"));
    program_free(program);
    /* The kernel reaps it in its own time: a zombie is gone as well. */
    bool is_gone = false;
    for (int i = 0; i < 400 && !is_gone; i++) {
        char name[64], state[256] = "";
        snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
        FILE *in = fopen(name, "r");
        is_gone = !in || !fgets(state, sizeof state, in) || strstr(state, ") Z ");
        if (in)
            fclose(in);
        poll(NULL, 0, 5);
    }
    ck_assert(is_gone);
}
