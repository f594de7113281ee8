/** The courier on virtual time: what happens to mails whatever the server says. */
#include "courier_world.h"

#include "outputs/outbox.h"

#include "test.h"

#define WAITING "SELECT count(*) FROM outbox WHERE state = 0"
#define DEAD "SELECT count(*) FROM outbox WHERE state = 2"
#define SENT "SELECT count(*) FROM outbox WHERE state = 3"
#define ATTEMPTS "SELECT attempts FROM outbox"

static struct smtp_reply login_says(int code, const char *enhanced, const char *text)
{
    struct smtp_reply reply = { .phase = PHASE_AUTH, .code = code };
    snprintf(reply.enhanced, sizeof reply.enhanced, "%s", enhanced);
    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply;
}

TEST(courier, a_mail_is_sent_once_to_all_its_recipients)
{
    struct courier_world *world = world_create();
    world_put(world, "disk full");
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_str_eq(world->server.envelopes[0], "me@x.org>a@x.org>b@x.org>");
    ck_assert_ptr_nonnull(strstr(world->server.mails[0], "disk full"));
    ck_assert_int_eq(world_ask(world, SENT), 1);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox_body"), 0);
    ck_assert_uint_eq(outputs_tally(world->door)->sent, 1);
    ck_assert_uint_eq(outputs_tally(world->door)->waiting, 0);
    ck_assert_int_eq(world->server.open_count, 0);
    world_free(world);
}

TEST(courier, with_an_open_connection_one_commit_stands_between_put_and_sent)
{
    struct courier_world *world = world_create();
    world->server.has_pipelining = true;
    world_put(world, "first");
    world_run(world, SECOND_MS);
    int commits = world->commit_count;
    world_put(world, "second");
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_int_eq(world->commit_count, commits + 1);
    world_free(world);
}

TEST(courier, no_byte_of_a_mail_leaves_before_its_commit)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, SECOND_MS);
    world->failing_commits = 3;
    world_put(world, "second");
    ck_assert_int_eq(world->failing_commits, 0);
    ck_assert_int_eq(world->server.mail_count, 2);
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox"), 2);
    ck_assert_int_eq(world_ask(world, SENT), 2);
    ck_assert_uint_eq(outputs_tally(world->door)->put, 2);
    ck_assert_uint_eq(outputs_tally(world->door)->sent, 2);
    world_free(world);
}

TEST(courier, an_idle_world_writes_nothing_and_sleeps)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    int commits = world->commit_count, turns = world->turn_count;
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->commit_count, commits);
    ck_assert_int_le(world->turn_count, turns + 3);
    ck_assert_int_eq(outputs_wake_at(world->door), NEVER_MS);
    world_free(world);
}

TEST(courier, one_connection_carries_many_mails)
{
    struct courier_world *world = world_create();
    for (int i = 0; i < 50; i++)
        world_put(world, "one of many");
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 50);
    ck_assert_int_eq(world->server.login_count, 1);
    world_free(world);
}

TEST(courier, after_a_hundred_mails_there_is_a_new_connection)
{
    struct courier_world *world = world_create();
    for (int i = 0; i < 250; i++)
        world_put(world, "one of many");
    world_run(world, 10 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 250);
    ck_assert_int_eq(world->server.login_count, 3);
    world_free(world);
}

TEST(courier, the_critical_overtakes_the_others)
{
    struct courier_world *world = world_create();
    world->server.login = login_says(454, "4.7.0", "temporary problem");
    world_turn(world, "ops", "warning one", SEVERITY_WARNING);
    world_turn(world, "ops", "warning two", SEVERITY_WARNING);
    world_turn(world, "ops", "now this burns", SEVERITY_CRITICAL);
    world->server.login = (struct smtp_reply){ 0 };
    world_run(world, HOUR_MS);
    ck_assert_int_eq(world->server.mail_count, 3);
    ck_assert_ptr_nonnull(strstr(world->server.mails[0], "now this burns"));
    world_free(world);
}

TEST(courier, a_temporary_refusal_is_tried_again_with_growing_waits)
{
    struct courier_world *world = world_create();
    world->server.dot = "451 4.3.0 try later";
    world_put(world, "first");
    world_run(world, 20 * SECOND_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_int_eq(world_ask(world, ATTEMPTS), 1);
    world_run(world, HOUR_MS);
    int tries = world->server.mail_count;
    ck_assert_int_ge(tries, 5);
    ck_assert_int_le(tries, 9);
    world->server.dot = NULL;
    world_run(world, 2 * HOUR_MS);
    ck_assert_int_eq(world->server.mail_count, tries + 1);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    for (int i = 1; i <= tries; i++)
        ck_assert_str_eq(world->server.mails[i], world->server.mails[0]);
    world_free(world);
}

TEST(courier, a_refused_mail_is_dead_at_once_and_the_queue_goes_on)
{
    struct courier_world *world = world_create();
    world->server.dot = "554 5.6.0 malformed";
    world_put(world, "first");
    world_run(world, SECOND_MS);
    world->server.dot = NULL;
    world_put(world, "second");
    world_run(world, SECOND_MS);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    ck_assert_int_eq(world->server.login_count, 1);
    world_free(world);
}

TEST(courier, one_bad_recipient_does_not_hold_back_the_other)
{
    struct courier_world *world = world_create();
    world->server.bad_recipient = "a@x.org";
    world_put(world, "first");
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_str_eq(world->server.envelopes[0], "me@x.org>b@x.org>");
    ck_assert_int_eq(world_ask(world, SENT), 1);
    ck_assert_uint_eq(outputs_tally(world->door)->recipients_refused, 1);
    world_free(world);
}

TEST(courier, only_the_recipient_that_was_postponed_is_tried_again)
{
    struct courier_world *world = world_create();
    world->server.bad_recipient = "a@x.org";
    world->server.rcpt = "450 4.2.1 receiving too quickly";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    ck_assert_str_eq(world->server.envelopes[0], "me@x.org>b@x.org>");
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    world->server.bad_recipient = NULL;
    world_run(world, HOUR_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_str_eq(world->server.envelopes[1], "me@x.org>a@x.org>");
    ck_assert_str_eq(world->server.mails[1], world->server.mails[0]);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, a_spent_quota_holds_the_account_for_an_hour_and_costs_no_attempt)
{
    struct courier_world *world = world_create();
    world->server.mail = "550 5.4.5 Daily user sending limit exceeded.";
    world_put(world, "first");
    world_put(world, "second");
    world_run(world, 59 * MINUTE_MS);
    ck_assert_int_eq(world->server.login_count, 1);
    ck_assert_int_eq(world_ask(world, WAITING), 2);
    ck_assert_int_eq(world_ask(world, "SELECT max(attempts) FROM outbox"), 0);
    world->server.mail = NULL;
    world_run(world, 2 * MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 2);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM account_hold"), 0);
    world_free(world);
}

TEST(courier, a_hold_outlives_a_crash)
{
    struct courier_world *world = world_create();
    world->server.mail = "550 5.4.5 Daily user sending limit exceeded.";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world_crash(world);
    world->server.mail = NULL;
    world->now.mono_ms = 5;
    world_start(world);
    world_run(world, 58 * MINUTE_MS);
    ck_assert_int_eq(world->server.login_count, 1);
    struct buf text = buf_make(4096);
    outputs_describe(world->door, world->now, FORM_BRIEF, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "Daily user sending limit exceeded"));
    buf_free(&text);
    world_run(world, 2 * MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, S08_a_wrong_password_is_not_tried_twice_in_half_an_hour)
{
    struct courier_world *world = world_create();
    world->server.login =
        login_says(535, "5.7.8", "Username and Password not accepted");
    world_put(world, "first");
    world_run(world, 29 * MINUTE_MS);
    ck_assert_uint_eq(outputs_tally(world->door)->connections, 1);
    world_run(world, 9 * MINUTE_MS);
    ck_assert_uint_eq(outputs_tally(world->door)->connections, 2);
    world_run(world, 22 * MINUTE_MS);
    ck_assert_uint_le(outputs_tally(world->door)->connections, 3);
    ck_assert_int_eq(world_ask(world, ATTEMPTS), 0);
    world_free(world);
}

TEST(courier, a_changed_secret_file_ends_the_wait_for_it)
{
    struct courier_world *world = world_create();
    char path[512];
    snprintf(path, sizeof path, "%s/secret", unit_test_folder());
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs("wrong", out);
    fclose(out);
    world->account.password_file = slice_of(path);
    outputs_configure(world->door, &world->config, world->now);
    world->server.login =
        login_says(535, "5.7.8", "Username and Password not accepted");
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world->server.login = (struct smtp_reply){ 0 };
    world_run(world, 5 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 0);
    ck_assert_int_eq(remove(path), 0);
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    world_free(world);
}

TEST(courier, too_many_logins_are_answered_by_doubled_waits)
{
    struct courier_world *world = world_create();
    world->server.login = login_says(454, "4.7.0", "Too many login attempts");
    world_put(world, "first");
    world_run(world, 14 * MINUTE_MS);
    ck_assert_uint_eq(outputs_tally(world->door)->connections, 1);
    world_run(world, 20 * MINUTE_MS);
    ck_assert_uint_eq(outputs_tally(world->door)->connections, 2);
    world_run(world, 20 * MINUTE_MS);
    ck_assert_uint_eq(outputs_tally(world->door)->connections, 3);
    world_free(world);
}

TEST(courier, a_network_that_is_down_costs_no_attempt_and_is_asked_seldom)
{
    struct courier_world *world = world_create();
    world->server.login =
        (struct smtp_reply){ .phase = PHASE_CONNECT, .text = "Connection refused" };
    world_put(world, "first");
    world_run(world, HOUR_MS);
    ck_assert_uint_ge(outputs_tally(world->door)->connections, 5);
    ck_assert_uint_le(outputs_tally(world->door)->connections, 12);
    ck_assert_int_eq(world_ask(world, ATTEMPTS), 0);
    world->server.login = (struct smtp_reply){ 0 };
    world_run(world, 13 * MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, a_connection_lost_before_the_dot_leaves_no_doubt)
{
    struct courier_world *world = world_create();
    world->server.data = "421 4.3.0 closing";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    ck_assert_uint_eq(outputs_tally(world->door)->in_doubt, 0);
    world->server.data = NULL;
    world_run(world, HOUR_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, S02_a_mail_in_doubt_goes_again_as_the_same_bytes_at_most_twice)
{
    struct courier_world *world = world_create();
    world->server.hangs_up_at_dot = true;
    world_put(world, "first");
    world_run(world, 9 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_uint_eq(outputs_tally(world->door)->in_doubt, 1);
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 3);
    ck_assert_str_eq(world->server.mails[1], world->server.mails[0]);
    ck_assert_str_eq(world->server.mails[2], world->server.mails[0]);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    char *advice = world_ask_text(world, "SELECT advice FROM outbox");
    ck_assert(strncmp(advice, "in doubt", 8) == 0);
    free(advice);
    world_free(world);
}

TEST(courier, a_crash_after_the_claim_leaves_the_mail_in_doubt_and_the_same)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, SECOND_MS);
    world->server.is_silent = true;
    world_put(world, "second");
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox WHERE state = 1"),
                     1);
    char *bytes = world_ask_text(world, "SELECT bytes FROM outbox_body");
    world_crash(world);
    world->server.is_silent = false;
    world_start(world);
    world_run(world, 9 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_uint_eq(outputs_tally(world->door)->in_doubt, 1);
    world_run(world, 4 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_str_eq(world->server.mails[1], bytes);
    free(bytes);
    world_free(world);
}

TEST(courier, a_crash_at_every_turn_loses_no_mail)
{
    for (int crash_at = 0; crash_at < 12; crash_at++) {
        struct courier_world *world = world_create();
        world_put(world, "one");
        world_put(world, "two!");
        for (int i = 0; i < crash_at; i++)
            world_turn(world, NULL, NULL, SEVERITY_INFO);
        world_crash(world);
        world_start(world);
        world_run(world, HOUR_MS);
        ck_assert_int_eq(world_ask(world, SENT), 2);
        ck_assert_int_ge(world->server.mail_count, 2);
        ck_assert_int_le(world->server.mail_count, 3);
        world_free(world);
    }
}

TEST(courier, S27_an_idle_connection_that_died_costs_nothing)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, 5 * SECOND_MS);
    world->server.hangs_up_when_idle = true;
    world_put(world, "second");
    world->server.hangs_up_when_idle = false;
    world_run(world, 2 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_int_eq(world_ask(world, "SELECT max(attempts) FROM outbox"), 0);
    ck_assert_uint_eq(outputs_tally(world->door)->retries, 0);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM account_hold"), 0);
    world_free(world);
}

TEST(courier, a_silent_server_is_given_up_and_the_mail_kept)
{
    struct courier_world *world = world_create();
    world->server.is_silent = true;
    world_put(world, "first");
    world_run(world, 5 * MINUTE_MS + 10 * SECOND_MS);
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    ck_assert_int_eq(world_ask(world, ATTEMPTS), 1);
    ck_assert_uint_eq(outputs_tally(world->door)->in_doubt, 0);
    world->server.is_silent = false;
    world_run(world, 15 * MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, logins_keep_to_one_a_minute_in_the_long_run)
{
    struct courier_world *world = world_create();
    for (int i = 0; i < 30; i++) {
        world_put(world, "every 35 seconds");
        world_run(world, 35 * SECOND_MS);
    }
    ck_assert_int_le(world->server.login_count, 30 * 35 / 60 + 3);
    world_run(world, 5 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 30);
    world_free(world);
}

TEST(courier, a_server_without_a_login_is_not_waited_for)
{
    struct courier_world *world = world_create();
    world->account.user = SLICE("");
    outputs_configure(world->door, &world->config, world->now);
    for (int i = 0; i < 30; i++) {
        world_put(world, "every 35 seconds");
        world_run(world, 35 * SECOND_MS);
        ck_assert_int_eq(world->server.mail_count, i + 1);
    }
    world_free(world);
}

TEST(courier, an_output_that_is_gone_leaves_dead_letters_that_say_so)
{
    struct courier_world *world = world_create();
    world->server.mail = "550 5.4.5 Daily user sending limit exceeded.";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world->outputs[0].name = SLICE("other");
    outputs_configure(world->door, &world->config, world->now);
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    char *advice = world_ask_text(world, "SELECT advice FROM outbox");
    ck_assert_str_eq(advice, "the output 'ops' is not in the configuration any more");
    free(advice);
    world_free(world);
}

TEST(courier, an_output_that_changes_its_account_keeps_its_mails)
{
    struct courier_world *world = world_create();
    world->server.mail = "550 5.4.5 Daily user sending limit exceeded.";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world->server.mail = NULL;
    world->account.name = world->outputs[0].lane = SLICE("second");
    outputs_configure(world->door, &world->config, world->now);
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, stopping_does_not_wait_for_an_idle_connection)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, SECOND_MS);
    ck_assert(!outputs_stop(world->door, world->now));
    ck_assert_int_le(outputs_wake_at(world->door), world->now.mono_ms);
    world_run(world, SECOND_MS);
    ck_assert(outputs_stop(world->door, world->now));
    world_free(world);
}

TEST(courier, stopping_does_not_wait_for_a_login)
{
    struct courier_world *world = world_create();
    world->server.is_silent_at_login = true;
    world_put(world, "first");
    world_run(world, SECOND_MS);
    ck_assert(!outputs_stop(world->door, world->now));
    world_run(world, 1);
    ck_assert(outputs_stop(world->door, world->now));
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    world_free(world);
}

TEST(courier, stopping_says_quit_and_waits_for_the_mail_under_way)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, SECOND_MS);
    world->server.is_silent = true;
    world_put(world, "second");
    ck_assert(!outputs_stop(world->door, world->now));
    world_turn(world, NULL, NULL, SEVERITY_INFO);
    ck_assert(!outputs_stop(world->door, world->now));
    world_run(world, 6 * MINUTE_MS);
    ck_assert(outputs_stop(world->door, world->now));
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    world_free(world);
}

TEST(courier, a_maildir_gets_a_file_and_a_crash_makes_no_second_one)
{
    struct courier_world *world = world_create();
    char path[512], command[700];
    snprintf(path, sizeof path, "%s/mail", unit_test_folder());
    world->outputs[1] = (struct output){ .name = SLICE("local"),
                                         .lane = SLICE("maildir:local"),
                                         .maildir = slice_of(path),
                                         .from = SLICE("tocsin@host"),
                                         .from_name = SLICE("tocsin on host") };
    world->config.output_count = 2;
    outputs_configure(world->door, &world->config, world->now);
    world_turn(world, "local", "into a file", SEVERITY_WARNING);
    world_crash(world); /* the file is there, its outcome not stored */
    world_start(world);
    world_run(world, HOUR_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    snprintf(command, sizeof command, "%s/new/%lld.R1.host", path,
             (long long)(INT64_C(1795000000000) / SECOND_MS));
    FILE *in = fopen(command, "r");
    ck_assert_ptr_nonnull(in);
    fclose(in);
    world_free(world);
}

TEST(courier, a_maildir_that_cannot_be_written_keeps_its_mail_and_says_why)
{
    struct courier_world *world = world_create();
    world->outputs[0] = (struct output){ .name = SLICE("local"),
                                         .lane = SLICE("maildir:local"),
                                         .maildir = SLICE("/nowhere/at/all"),
                                         .from = SLICE("tocsin@host"),
                                         .from_name = SLICE("tocsin on host") };
    outputs_configure(world->door, &world->config, world->now);
    world_turn(world, "local", "into a file", SEVERITY_WARNING);
    world_run(world, 10 * SECOND_MS);
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    ck_assert_int_eq(world_ask(world, ATTEMPTS), 1);
    char *reply = world_ask_text(world, "SELECT reply FROM outbox");
    ck_assert_ptr_nonnull(strstr(reply, "'/nowhere/at/all'"));
    free(reply);
    world_free(world);
}

TEST(courier, a_claim_among_ten_thousand_rows_uses_an_index)
{
    struct courier_world *world = world_create();
    struct db_row *row = db_query(
        world->db,
        "EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE state = 0 AND account = "
        "? AND priority = ? AND next_at <= ? ORDER BY next_at, id LIMIT 1");
    ck_assert(db_next(row));
    struct slice plan = db_text(row, 3);
    ck_assert_msg(slice_find(plan,
                             SLICE("INDEX outbox_due (account=? AND priority=? AND "
                                   "next_at<?)")) != SIZE_MAX,
                  "%.*s", SLICE_ARG(plan));
    ck_assert(!db_next(row));
    world_free(world);
}
