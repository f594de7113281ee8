/** The agent's own log: safe on a terminal, and never a reason to wait. */
#include "agent/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "test.h"

static char last_text[8192];
static enum log_level last_level;
static int line_count;

static void keep(void *ctx, enum log_level level, const char *text)
{
    (void)ctx;
    snprintf(last_text, sizeof last_text, "%s", text);
    last_level = level;
    line_count++;
}

TEST(log, control_characters_are_shown_not_obeyed)
{
    struct log_sink log = { .write = keep, .max_level = LOG_LEVEL_DEBUG };
    log_info(&log, "a\x1b[31mred\nforged\r\x7f \xff\xc2\x9b %d", 7);
    ck_assert_str_eq(last_text, "a\\x1B[31mred\\x0Aforged\\x0D\\x7F \\xFF\\xC2\\x9B 7");
}

TEST(log, what_is_less_important_than_wanted_is_not_written)
{
    struct log_sink log = { .write = keep, .max_level = LOG_LEVEL_WARNING };
    log_info(&log, "nothing");
    log_debug(&log, "nothing");
    ck_assert_int_eq(line_count, 0);
    log_error(&log, "something");
    ck_assert_int_eq(line_count, 1);
    ck_assert_int_eq(last_level, LOG_LEVEL_ERROR);
    log_error(NULL, "a log that is not there is silence");
}

TEST(log, a_line_without_end_is_cut)
{
    struct log_sink log = { .write = keep, .max_level = LOG_LEVEL_DEBUG };
    char *text = malloc(100001);
    memset(text, 'x', 100000);
    text[100000] = '\0';
    log_info(&log, "%s", text);
    ck_assert_uint_gt(strlen(last_text), 1000);
    ck_assert_uint_lt(strlen(last_text), 4096);
    free(text);
}

/** Puts a pipe in the place of standard error. @return its reading end. */
static int pipe_as_stderr(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    close(ends[1]);
    return ends[0];
}

static void read_line(int fd, char *into, size_t size)
{
    ssize_t got = read(fd, into, size - 1);
    ck_assert_int_ge(got, 0);
    into[got] = '\0';
}

TEST(log, a_person_reads_words_and_the_journal_reads_priorities)
{
    struct log_sink log;
    char line[200];
    int fd = pipe_as_stderr();
    log_to_stderr(&log, LOG_LEVEL_INFO, 0);
    log_warning(&log, "slow");
    read_line(fd, line, sizeof line);
    ck_assert_str_eq(line, "tocsin: warning: slow\n");
    log_to_stderr(&log, LOG_LEVEL_INFO, 1);
    log_warning(&log, "slow");
    read_line(fd, line, sizeof line);
    ck_assert_str_eq(line, "<4>tocsin: slow\n");
}

/* Blocking would show as the runner's time-out. The longest lines, because a pipe that
 * is ready takes only PIPE_BUF bytes for certain. */
TEST(log, P23_a_full_pipe_costs_counted_lines_and_no_time)
{
    struct log_sink log;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int fd = pipe_as_stderr();
    ck_assert_int_ge(fcntl(fd, F_SETPIPE_SZ, 4096), 4096);
    log_to_stderr(&log, LOG_LEVEL_INFO, 0);
    for (int i = 0; i < 10; i++)
        log_error(&log, "%s", text);
    ck_assert_uint_eq(log.dropped_count, 9);
}

TEST(log, P03_P23_a_reader_that_went_away_costs_counted_lines_and_no_signal)
{
    struct log_sink log;
    signal(SIGPIPE, SIG_DFL);
    close(pipe_as_stderr());
    log_to_stderr(&log, LOG_LEVEL_INFO, 0);
    log_error(&log, "nobody listens");
    ck_assert_uint_eq(log.dropped_count, 1);
}
