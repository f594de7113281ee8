/** When mail does not come: what is told, and how it goes in parts. */
#include "courier_world.h"

#include "agent/base/unmime.h"
#include "outputs/outbox.h"

#include "test.h"

#define SENT "SELECT count(*) FROM outbox WHERE state = 3"
#define DEAD "SELECT count(*) FROM outbox WHERE state = 2"
#define QUOTA "550 5.4.5 Daily user sending limit exceeded."

static bool says(struct courier_world *world, int mail, const char *text)
{
    struct buf plain = buf_make(1 << 20);
    ck_assert_int_lt(mail, world->server.mail_count);
    unmime_text(slice_of(world->server.mails[mail]), &plain);
    bool found = strstr(plain.ptr, text) != NULL;
    buf_free(&plain);
    return found;
}

TEST(troubles, S21_a_mail_that_is_too_large_comes_shorter_with_another_id)
{
    struct courier_world *world = world_create();
    struct buf first = buf_make(512), second = buf_make(512);
    world->server.dot = "552 5.3.4 Your message exceeded Google's message size limits.";
    world_put(world, "disk full");
    while (world->server.mail_count == 0)
        world_turn(world, NULL, NULL, SEVERITY_INFO);
    world->server.dot = NULL;
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert(says(world, 1, "too large for the server"));
    ck_assert(says(world, 1, "disk full"));
    ck_assert(unmime_header(slice_of(world->server.mails[0]), "Message-ID", &first));
    ck_assert(unmime_header(slice_of(world->server.mails[1]), "Message-ID", &second));
    ck_assert_str_ne(first.ptr, second.ptr);
    ck_assert_int_lt(strlen(world->server.mails[1]), strlen(world->server.mails[0]));
    ck_assert_int_eq(world_ask(world, SENT), 1);
    buf_free(&first);
    buf_free(&second);
    world_free(world);
}

TEST(troubles, S21_a_mail_that_stays_too_large_is_dead_after_two_tries)
{
    struct courier_world *world = world_create();
    world->server.dot = "552 5.3.4 Your message exceeded Google's message size limits.";
    world_put(world, "disk full");
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    world_free(world);
}

TEST(troubles, too_many_recipients_at_data_are_told_in_two_mails)
{
    struct courier_world *world = world_create();
    world->server.data = "452 4.5.3 Your message has too many recipients.";
    world_put(world, "disk full");
    while (world_ask(world, "SELECT part FROM outbox") == 0)
        world_turn(world, NULL, NULL, SEVERITY_INFO);
    world->server.data = NULL;
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_str_eq(world->server.envelopes[0], "me@x.org>a@x.org>");
    ck_assert_str_eq(world->server.envelopes[1], "me@x.org>b@x.org>");
    ck_assert_str_eq(world->server.mails[0], world->server.mails[1]);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox_recipient WHERE "
                                      "state = 1"),
                     2);
    world_free(world);
}

TEST(troubles, a_dead_letter_is_told_until_a_mail_that_tells_it_arrives)
{
    struct courier_world *world = world_create();
    world->server.dot = "554 5.6.0 malformed";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world->server.dot = "451 4.3.0 not now";
    world_put(world, "second");
    world_put(world, "third");
    world->server.dot = NULL;
    world_run(world, HOUR_MS);
    world_put(world, "fourth");
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 3);
    ck_assert(!says(world, 0, "given up"));
    ck_assert(says(world, 1, "1 mail was given up"));
    ck_assert(says(world, 2, "554 5.6.0 malformed"));
    ck_assert(!says(world, world->server.mail_count - 1, "given up"));
    world_free(world);
}

TEST(troubles, status_names_dead_letters_that_nobody_was_told_of)
{
    struct courier_world *world = world_create();
    struct buf text = buf_make(4096);
    world->server.dot = "554 5.6.0 malformed";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    outputs_describe(world->door, world->now, FORM_BRIEF, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "1 mail was given up"));
    buf_free(&text);
    world_free(world);
}

TEST(troubles, a_wrong_password_shows_as_stopped_and_a_quota_as_held)
{
    struct courier_world *world = world_create();
    struct buf text = buf_make(8192);
    world->server.login = (struct smtp_reply){ .phase = PHASE_AUTH, .code = 535 };
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    outputs_describe(world->door, world->now, FORM_JSON, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "\"state\":\"stopped\""));
    world_crash(world);
    world_start(world);
    buf_clear(&text);
    outputs_describe(world->door, world->now, FORM_BRIEF, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "STOPPED until you act"));
    world->server.login = (struct smtp_reply){ 0 };
    world->server.mail = QUOTA;
    world_run(world, HOUR_MS);
    buf_clear(&text);
    outputs_describe(world->door, world->now, FORM_JSON, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "\"state\":\"held\""));
    buf_free(&text);
    world_free(world);
}

/* --- what a login complains of ---------------------------------------------------- */

static void count_line(void *ctx, enum log_level level, const char *text)
{
    int *count = ctx;
    if (level == LOG_LEVEL_WARNING && strstr(text, "'gmail': not stored: disk: let"))
        ++*count;
}

/* Its logins say that something was not stored. */
static struct courier_world *complaining_world(struct log_sink *log)
{
    struct courier_world *world = world_create();
    world_crash(world);
    world->log = log;
    world_start(world);
    world->server.complaint =
        (struct link_complaint){ "not stored: disk", "let the user write" };
    return world;
}

TEST(troubles, a_token_that_is_not_stored_is_logged_once_in_six_hours_with_its_remedy)
{
    int count = 0;
    struct log_sink log = { .write = count_line,
                            .ctx = &count,
                            .max_level = LOG_LEVEL_INFO };
    struct courier_world *world = complaining_world(&log);
    for (int i = 0; i < 5; i++) {
        world_put(world, "one more");
        world_run(world, HOUR_MS);
    }
    ck_assert_int_eq(world->server.login_count, 5);
    ck_assert_int_eq(count, 1);
    world_run(world, 2 * HOUR_MS);
    world_put(world, "later");
    world_run(world, HOUR_MS);
    ck_assert_int_eq(count, 2);
    world_free(world);
}

TEST(troubles, what_explains_a_login_that_fails_is_logged_beside_the_refusal)
{
    int count = 0;
    struct log_sink log = { .write = count_line,
                            .ctx = &count,
                            .max_level = LOG_LEVEL_INFO };
    struct courier_world *world = complaining_world(&log);
    world->server.login = (struct smtp_reply){ .phase = PHASE_AUTH, .code = 535 };
    world_put(world, "first");
    world_run(world, 2 * HOUR_MS);
    ck_assert_int_eq(count, 1);
    world_free(world);
}

TEST(troubles, status_says_which_token_is_not_stored_until_it_is)
{
    struct courier_world *world = world_create();
    struct buf text = buf_make(8192);
    world->server.complaint =
        (struct link_complaint){ "not stored: \"disk\"", "let the user write" };
    world_put(world, "first");
    world_run(world, HOUR_MS);
    outputs_describe(world->door, world->now, FORM_BRIEF, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "warning: not stored: \"disk\"\n"));
    ck_assert_ptr_nonnull(strstr(text.ptr, "advice: let the user"));
    buf_clear(&text);
    outputs_describe(world->door, world->now, FORM_JSON, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "\"complaint\":\"not stored: \\\"disk"));
    world->server.complaint = (struct link_complaint){ 0 };
    world_put(world, "second");
    world_run(world, HOUR_MS);
    buf_clear(&text);
    outputs_describe(world->door, world->now, FORM_BRIEF, &text);
    ck_assert_ptr_null(strstr(text.ptr, "warning"));
    buf_free(&text);
    world_free(world);
}

TEST(troubles, a_retry_by_hand_tries_a_held_account_at_once)
{
    struct courier_world *world = world_create();
    struct err err = { 0 };
    world->server.mail = QUOTA;
    world_put(world, "first");
    world_run(world, 5 * MINUTE_MS);
    world->server.mail = NULL;
    ck_assert(outputs_queue_retry(world->door, 1, world->now, &err));
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(troubles, an_end_while_the_server_hangs_before_the_text_leaves_no_doubt)
{
    struct courier_world *world = world_create();
    world->server.is_silent = true;
    world_put(world, "first");
    world_run(world, SECOND_MS);
    ck_assert_int_eq(world_ask(world, "SELECT state FROM outbox"), 1);
    ck_assert(!outputs_stop(world->door, world->now));
    world_run(world, 5 * SECOND_MS);
    ck_assert(outputs_stop(world->door, world->now));
    ck_assert_int_eq(world_ask(world, "SELECT state FROM outbox"), 0);
    ck_assert_int_eq(world_ask(world, "SELECT doubts FROM outbox"), 0);
    ck_assert_int_eq(world_ask(world, "SELECT attempts FROM outbox"), 0);
    world_free(world);
}

TEST(troubles, mails_of_a_held_account_are_merged_and_the_critical_are_not)
{
    struct courier_world *world = world_create();
    world->server.mail = QUOTA;
    world_put(world, "a first one");
    world_run(world, MINUTE_MS);
    for (int i = 0; i < 1000; i++)
        world_put(world, "one of many");
    world_turn(world, "ops", "now it burns", SEVERITY_CRITICAL);
    ck_assert_int_le(world_ask(world, "SELECT count(*) FROM outbox WHERE state = 0"),
                     130);
    ck_assert_int_eq(world_ask(world, "SELECT sum(event_count) FROM outbox WHERE "
                                      "state = 0"),
                     1002);
    world->server.mail = NULL;
    world_run(world, 3 * HOUR_MS);
    ck_assert_int_le(world->server.mail_count, 130);
    ck_assert(says(world, 0, "now it burns"));
    ck_assert(says(world, world->server.mail_count - 1, "one of many"));
    world_free(world);
}
