/** Faults of the table (S rows) that the courier has to bear, on virtual time. */
#include "courier_world.h"

#include "agent/base/unmime.h"

#include "test.h"

#define WAITING "SELECT count(*) FROM outbox WHERE state = 0"
#define SENT "SELECT count(*) FROM outbox WHERE state = 3"
#define ATTEMPTS "SELECT attempts FROM outbox"

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
