/** The age of mails: when they are given up, and what a clock that is set does to it.
 */
#include "courier_world.h"

#include "outputs/reply.h"

#include "test.h"

#define WAITING "SELECT count(*) FROM outbox WHERE state = 0"
#define DEAD "SELECT count(*) FROM outbox WHERE state = 2"
#define SENT "SELECT count(*) FROM outbox WHERE state = 3"

static const struct smtp_reply bad_login = {
    .phase = PHASE_AUTH,
    .code = 535,
    .enhanced = "5.7.8",
    .text = "Username and Password not accepted",
};

TEST(courier_age, after_five_days_a_mail_is_given_up_with_the_reason)
{
    struct courier_world *world = world_create();
    world->server.dot = "451 4.3.0 try later";
    world_put(world, "first");
    world_run(world, 5 * DAY_MS + 3 * HOUR_MS);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    char *reply = world_ask_text(world, "SELECT reply FROM outbox");
    ck_assert_str_eq(reply, "451 4.3.0 try later");
    free(reply);
    ck_assert_uint_eq(outputs_tally(world->door)->dead, 1);
    ck_assert_uint_eq(outputs_tally(world->door)->waiting, 0);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox_body"), 1);
    world_free(world);
}

TEST(courier_age,
     while_an_account_is_held_its_oldest_mails_are_given_up_after_five_days)
{
    struct courier_world *world = world_create();
    world->server.login = bad_login;
    world_put(world, "old");
    world_run(world, 4 * DAY_MS);
    world_put(world, "young");
    world_run(world, DAY_MS + HOUR_MS);
    ck_assert_int_eq(world_ask(world, DEAD), 1);
    ck_assert_int_eq(world_ask(world, WAITING), 1);
    world_free(world);
}

TEST(courier_age, what_became_old_while_nothing_ran_is_tried_for_an_hour)
{
    struct courier_world *world = world_create();
    world->server.dot = "451 4.3.0 try later";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world_crash(world);
    world->now.unix_ms += 30 * DAY_MS;
    world->server.dot = NULL;
    world->server.login = reply_of_network(PHASE_CONNECT, SLICE("No route to host"));
    world_start(world);
    world_run(world, 50 * MINUTE_MS);
    ck_assert_int_eq(world_ask(world, DEAD), 0);
    world->server.login = (struct smtp_reply){ 0 };
    world_run(world, 15 * MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier_age, a_clock_set_back_by_a_year_delays_nothing)
{
    struct courier_world *world = world_create();
    world->server.dot = "451 4.3.0 try later";
    world_put(world, "first");
    world_run(world, MINUTE_MS);
    world_crash(world);
    world->server.dot = NULL;
    world->now.unix_ms -= 365 * DAY_MS;
    world_start(world);
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world_ask(world, SENT), 1);
    world_free(world);
}

TEST(courier_age, what_waits_moves_with_a_clock_that_is_set)
{
    static const int64_t steps_ms[] = { 2000 * DAY_MS, -2000 * DAY_MS, HOUR_MS,
                                        -HOUR_MS };
    for (size_t i = 0; i < sizeof steps_ms / sizeof *steps_ms; i++) {
        struct courier_world *world = world_create();
        world->server.dot = "451 4.3.0 try later";
        world_put(world, "first");
        world_run(world, 2 * HOUR_MS);
        world->now.unix_ms += steps_ms[i];
        world->failing_commits = 1;
        world_put(world, "second");
        world_turn(world, NULL, NULL, SEVERITY_INFO);
        ck_assert_int_eq(world_ask(world, "SELECT max(created) - min(created) FROM "
                                          "outbox"),
                         2 * HOUR_MS);
        world_run(world, MINUTE_MS);
        world->server.dot = NULL;
        world_run(world, 80 * MINUTE_MS);
        ck_assert_int_eq(world_ask(world, SENT), 2);
        world_free(world);
    }
}
