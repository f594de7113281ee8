/** `tocsin test` on files: what passes, what fails, and what is said about it. */
#include "test.h"

#include <limits.h>

#include "agent/story/tell.h"

#define CONFIG                                                               \
    "config:\n"                                                              \
    "  sources: [{name: app, files: [app.log], start: beginning}]\n"         \
    "  rules: [{name: refused, match: 'refused'}]\n"                         \
    "  routes: [{to: [ops], group_wait: 0s}]\n"                              \
    "  accounts: [{name: a, gmail: a@example.com, password_file: secret}]\n" \
    "  outputs: [{name: ops, account: a, to: [ops@example.com]}]\n"

struct run {
    struct test_tally tally;
    struct buf out;
};

static void run_text(struct run *run, const char *yaml)
{
    struct test_options options = { 0 };
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/file.yaml", unit_test_folder());
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(yaml, file);
    fclose(file);
    *run = (struct run){ .out = buf_make(1 << 20) };
    tell_file(path, &options, &run->tally, &run->out);
}

#define ck_assert_tally(run, passed_, failed_, invalid_)         \
    do {                                                         \
        ck_assert_msg((run)->tally.passed == (passed_) &&        \
                          (run)->tally.failed == (failed_) &&    \
                          (run)->tally.is_invalid == (invalid_), \
                      "%s", (run)->out.ptr);                     \
    } while (0)

TEST(tell, a_story_that_comes_true_passes)
{
    struct run run;
    run_text(&run, "scenario: x\n" CONFIG "steps:\n"
                   "  - {at: 1s, append: {file: app.log, line: 'refused'}}\n"
                   "  - {at: 1h, expect: {mails: 1, told: 1, totals: {refused: 1}}}\n");
    ck_assert_tally(&run, 1, 0, false);
    buf_free(&run.out);
}

TEST(tell, every_expectation_that_is_not_met_is_told_with_its_place_and_the_mails)
{
    struct run run;
    run_text(&run, "scenario: x\n" CONFIG "steps:\n"
                   "  - {at: 1s, append: {file: app.log, line: 'refused'}}\n"
                   "  - {at: 1m, expect: {mails: 2, smtp: {logins: 3}}}\n"
                   "  - {at: 1m, expect: {mails: {subject: nothing}, log: nothing}}\n");
    ck_assert_tally(&run, 0, 1, false);
    ck_assert_ptr_nonnull(
        strstr(run.out.ptr, ":10:30: error: mails was to be 2 and is 1"));
    ck_assert_ptr_nonnull(strstr(run.out.ptr, ": error: logins was to be 3 and is 1"));
    ck_assert_ptr_nonnull(strstr(run.out.ptr, ": error: no mail is like this"));
    ck_assert_ptr_nonnull(strstr(run.out.ptr, "the log was to have 'nothing'"));
    ck_assert_ptr_nonnull(strstr(run.out.ptr, "1 mail so far:\n  1. at 1s to ops@"));
    buf_free(&run.out);
}

TEST(tell, threads_copies_and_stdin_can_be_expected)
{
    struct run run;
    run_text(&run, "scenario: x\n"
                   "config:\n"
                   "  sources: [{name: in, stdin: true}]\n"
                   "  rules: [{name: odd, match: odd}]\n"
                   "  routes: [{to: [ops], group_wait: 0s, repeat_interval: 5m}]\n"
                   "  accounts: [{name: a, smtp: {host: localhost, tls: none},\n"
                   "              from: a@example.com, doubt_wait: 1m}]\n"
                   "  outputs: [{name: ops, account: a, to: [ops@example.com]}]\n"
                   "steps:\n"
                   "  - {at: 0s, smtp: {rule: 'dot:1x take close'}}\n"
                   "  - {at: 1s, append: {file: x, hex: 'ff 0a'}}\n"
                   "  - {at: 1s, stdin: [odd, even]}\n"
                   "  - {at: 4m, expect: {mails: 2, copies: 1, told: 1}}\n"
                   "  - {at: 7m, expect: {mails: {number: 3, answers: 1}}}\n"
                   "  - {at: 7m, expect: {mails: {answers: 1, count: 9}}}\n");
    ck_assert_tally(&run, 0, 1, false);
    ck_assert_ptr_nonnull(strstr(run.out.ptr, "count was to be 9 and is 1"));
    buf_free(&run.out);
}

TEST(tell, a_story_with_mistakes_is_not_told)
{
    struct run run;
    run_text(&run, "scenario: x\nstep: []\nsteps: []\nconfig: {rulez: []}\n");
    ck_assert_tally(&run, 0, 1, true);
    ck_assert_ptr_nonnull(strstr(run.out.ptr, "did you mean 'steps'?"));
    ck_assert_ptr_nonnull(strstr(run.out.ptr, "did you mean 'rules'?"));
    buf_free(&run.out);
}

TEST(tell, samples_of_rules_are_run)
{
    struct run run;
    run_text(&run, "rules:\n"
                   "  - name: refused\n"
                   "    match: refused\n"
                   "    samples: {match: [refused, fine], no_match: [fine]}\n");
    ck_assert_tally(&run, 2, 1, false);
    ck_assert_ptr_nonnull(strstr(run.out.ptr, "rule 'refused' does not match this"));
    buf_free(&run.out);
}

TEST(tell, a_file_that_is_not_there_is_invalid)
{
    struct run run = { .out = buf_make(4096) };
    struct test_options options = { 0 };
    tell_file("/nonexistent/x.yaml", &options, &run.tally, &run.out);
    ck_assert_tally(&run, 0, 1, true);
    buf_free(&run.out);
}
