/** Faults of the table (S rows) that the courier has to bear, on virtual time. */
#include "courier_world.h"

#include "agent/base/unmime.h"

#include "test.h"

#define WAITING "SELECT count(*) FROM outbox WHERE state = 0"
#define SENT "SELECT count(*) FROM outbox WHERE state = 3"
#define DEAD "SELECT count(*) FROM outbox WHERE state = 2"
#define ATTEMPTS "SELECT attempts FROM outbox"
#define DOUBTS "SELECT doubts FROM outbox"

static void die_and_start(struct courier_world *world)
{
    world_crash(world);
    world->server.is_silent_at_dot = world->server.swallows_body = false;
    world_start(world);
}

/* The server has the mail and has said so; nobody was left to hear it. */
TEST(courier, S03_a_kill_between_the_dot_and_the_stored_reply_sends_the_same_again)
{
    struct courier_world *world = world_create();
    world->server.is_silent_at_dot = true;
    world_put(world, "first");
    while (world->server.mail_count == 0)
        world_turn(world, NULL, NULL, SEVERITY_INFO);
    die_and_start(world);
    world_run(world, 9 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_uint_eq(outputs_tally(world->door)->in_doubt, 1);
    world_run(world, 4 * MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_str_eq(world->server.mails[1], world->server.mails[0]);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    world_free(world);
}

TEST(courier, S04_a_kill_between_354_and_the_dot_leaves_exactly_one_copy)
{
    struct courier_world *world = world_create();
    world->server.swallows_body = true;
    world_put(world, "first");
    world_run(world, SECOND_MS);
    ck_assert_int_eq(world_ask(world, "SELECT state FROM outbox"), 1);
    die_and_start(world);
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 1);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

static bool is_handed_over(struct courier_world *world)
{
    return world_ask(world, "SELECT state FROM outbox") == 1;
}

/* Hand the mail over, kill, start, and wait for the next try, @times. */
static void kill_at_each_try(struct courier_world *world, int times)
{
    for (int i = 0; i < times; i++) {
        for (int minute = 0; minute < 20 && !is_handed_over(world); minute++)
            world_run(world, MINUTE_MS);
        ck_assert(is_handed_over(world));
        world_run(world, SECOND_MS);
        world_crash(world);
        world_start(world);
        world_run(world, SECOND_MS);
    }
}

TEST(courier, S04_however_many_kills_before_the_text_leaves_give_up_no_mail)
{
    static const char *const what[] = { "nothing is answered", "no body is taken" };
    for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
        struct courier_world *world = world_create();
        world->server.is_silent = i == 0;
        world->server.data = i == 1 ? "354-wait" : NULL;
        world_put(world, "first");
        kill_at_each_try(world, 10);
        ck_assert_msg(world_ask(world, DEAD) == 0, "%s", what[i]);
        ck_assert_int_eq(world_ask(world, DOUBTS), 1);
        world->server.is_silent = false;
        world->server.data = NULL;
        world_run(world, HOUR_MS);
        ck_assert_int_eq(world->server.mail_count, 1);
        ck_assert_int_eq(world_ask(world, SENT), 1);
        world_free(world);
    }
}

TEST(courier, S03_the_third_kill_after_the_dot_gives_the_mail_up)
{
    struct courier_world *world = world_create();
    world->server.is_silent_at_dot = true;
    world_put(world, "first");
    kill_at_each_try(world, 2);
    ck_assert_int_eq(world_ask(world, DEAD), 0);
    kill_at_each_try(world, 1);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    ck_assert_uint_eq(outputs_tally(world->door)->dead, 1);
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 3);
    world_free(world);
}

TEST(courier, S03_a_doubt_that_a_reply_dispels_is_not_counted)
{
    struct courier_world *world = world_create();
    world->server.hangs_up_at_dot = true;
    world_put(world, "first");
    world_run(world, SECOND_MS);
    ck_assert_int_eq(world_ask(world, DOUBTS), 1);
    world->server.hangs_up_at_dot = false;
    world->server.dot = "451 4.3.0 try again";
    world_run(world, 2 * HOUR_MS);
    ck_assert_int_gt(world_ask(world, ATTEMPTS), 2);
    ck_assert_int_eq(world_ask(world, DOUBTS), 1);
    world->server.dot = NULL;
    world_run(world, DAY_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier, S03_a_second_try_leaves_only_when_it_is_counted_on_disk)
{
    struct courier_world *world = world_create();
    world->server.hangs_up_at_dot = true;
    world_put(world, "first");
    world_run(world, SECOND_MS);
    world->server.hangs_up_at_dot = false;
    world->server.is_silent_at_dot = true;
    while (world->server.mail_count == 1) {
        world->failing_commits = 1;
        world_run(world, SECOND_MS);
    }
    ck_assert_int_eq(world_ask(world, DOUBTS), 2);
    world_free(world);
}

/* A firewall has forgotten the connection: what is said on it is never answered. */
TEST(courier, S27_a_connection_that_was_dropped_in_silence_costs_seconds_and_no_attempt)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, 5 * SECOND_MS);
    world->server.is_silent = true;
    world_put(world, "second");
    world_run(world, 19 * SECOND_MS);
    ck_assert_int_eq(world_ask(world, WAITING), 0);
    world_run(world, 2 * SECOND_MS);
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    ck_assert_int_eq(world_ask(world, "SELECT max(attempts) FROM outbox"), 0);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM account_hold"), 0);
    world->server.is_silent = false;
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_uint_eq(outputs_tally(world->door)->retries, 0);
    world_free(world);
}

TEST(courier, S27_a_connection_is_closed_after_thirty_idle_seconds)
{
    struct courier_world *world = world_create();
    world_put(world, "first");
    world_run(world, 29 * SECOND_MS);
    ck_assert_int_eq(world->server.open_count, 1);
    world_run(world, 2 * SECOND_MS);
    ck_assert_int_eq(world->server.open_count, 0);
    world_free(world);
}

static struct smtp_reply network_says(enum smtp_phase phase, const char *text)
{
    struct smtp_reply reply = { .phase = phase };
    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply;
}

/* Whenever the network comes back: the wait that runs then ends within a minute. */
TEST(courier, S16_after_hours_without_a_network_a_mail_leaves_within_a_minute)
{
    static const struct {
        enum smtp_phase phase;
        const char *text;
    } rows[] = { { PHASE_RESOLVE, "Could not resolve host: smtp.gmail.com" },
                 { PHASE_RESOLVE, "Resolving timed out after 30000 milliseconds" },
                 { PHASE_CONNECT, "Network is unreachable" },
                 { PHASE_CONNECT, "No route to host" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct courier_world *world = world_create();
        world->server.login = network_says(rows[i].phase, rows[i].text);
        world_put(world, "first");
        for (int hours = 1; hours < 5; hours++) {
            world_run(world, HOUR_MS + hours * 7 * SECOND_MS);
            world->server.login = (struct smtp_reply){ 0 };
            world_run(world, MINUTE_MS);
            ck_assert_int_eq(world->server.mail_count, hours);
            world->server.login = network_says(rows[i].phase, rows[i].text);
            world_run(world, MINUTE_MS);
            world_put(world, "another");
        }
        ck_assert_int_eq(world_ask(world, "SELECT max(attempts) FROM outbox"), 0);
        world_free(world);
    }
}
