/** The table of moves, the bound of the outbox, and what is forgotten. */
#include "outputs/outbox_dead.h"

#include "agent/base/limits.h"
#include "courier_world.h"

#include "test.h"

TEST(outbox, a_row_moves_along_the_table_and_no_other_way)
{
    static const enum row_state ends[] = { ROW_SENT, ROW_CANCELLED };
    for (size_t i = 0; i < 2; i++)
        for (int on = EVENT_CLAIM; on <= EVENT_MERGE; on++)
            ck_assert(!row_may_move(ends[i], (enum row_event)on));
    ck_assert(!row_may_move(ROW_HANDING_OVER, EVENT_CLAIM));
    ck_assert(!row_may_move(ROW_HANDING_OVER, EVENT_DROP));
    ck_assert(!row_may_move(ROW_HANDING_OVER, EVENT_MERGE));
    ck_assert(!row_may_move(ROW_WAITING, EVENT_ACCEPT));
    ck_assert(!row_may_move(ROW_DEAD, EVENT_CLAIM));
    ck_assert_int_eq(row_move(ROW_WAITING, EVENT_CLAIM), ROW_HANDING_OVER);
    ck_assert_int_eq(row_move(ROW_DEAD, EVENT_RETRY), ROW_WAITING);
}

static const int64_t begin_ms = INT64_C(1795000000000) - 200000;

/* Mails in the outbox without their bytes: what the bound looks at. */
static void fill(struct courier_world *world, int64_t count, int priority, int state)
{
    struct db_row *row = db_query(
        world->db,
        "INSERT INTO outbox (output, account, state, priority, created, next_at, "
        "settled, "
        "message_id, subject, reason, event_count, mail_count, line_hash, sender, "
        "size) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
        "SELECT 'ops', 'gmail', ?2, ?3, ?4 + i, ?4 + i, ?4 + i, '<x@y>', 's', "
        "'first', "
        "2, 1, 1, 'me@x.org', 10 FROM n");
    db_bind_int(row, count);
    db_bind_int(row, state);
    db_bind_int(row, priority);
    db_bind_int(row, begin_ms);
    db_run(row);
    struct err err = { 0 };
    ck_assert_msg(db_commit(world->db, &err), "%s", err.text);
}

static void refuse_logins(struct courier_world *world)
{
    world->server.login =
        (struct smtp_reply){ .phase = PHASE_CONNECT, .text = "Connection refused" };
}

TEST(outbox, at_its_bound_the_oldest_become_one_mail_that_counts_them)
{
    struct courier_world *world = world_create();
    refuse_logins(world);
    fill(world, LIMIT_OUTBOX_ROWS, PRIORITY_NORMAL, ROW_WAITING);
    world_crash(world);
    world_start(world);
    ck_assert_uint_eq(outputs_tally(world->door)->waiting, LIMIT_OUTBOX_ROWS);
    for (int i = 0; i < 3; i++)
        world_turn(world, "ops", "one more", SEVERITY_WARNING);
    ck_assert_uint_eq(outputs_tally(world->door)->waiting,
                      LIMIT_OUTBOX_ROWS + 3 - 3 * LIMIT_FOLD + 3);
    ck_assert_uint_eq(outputs_tally(world->door)->merged, 3 * LIMIT_FOLD);
    ck_assert_int_eq(world_ask(world,
                               "SELECT max(mail_count) FROM outbox WHERE state = 0"),
                     LIMIT_FOLD);
    ck_assert_int_eq(world_ask(world,
                               "SELECT sum(mail_count) FROM outbox WHERE state = 0"),
                     LIMIT_OUTBOX_ROWS + 3);
    ck_assert_int_eq(world_ask(world,
                               "SELECT sum(event_count) FROM outbox WHERE state = 0"),
                     2 * LIMIT_OUTBOX_ROWS + 3);
    world_free(world);
}

TEST(outbox, critical_mails_are_not_merged_at_the_bound)
{
    struct courier_world *world = world_create();
    refuse_logins(world);
    fill(world, LIMIT_OUTBOX_ROWS, PRIORITY_CRITICAL, ROW_WAITING);
    world_crash(world);
    world_start(world);
    world_turn(world, "ops", "one more", SEVERITY_CRITICAL);
    ck_assert_uint_eq(outputs_tally(world->door)->waiting, LIMIT_OUTBOX_ROWS + 1);
    ck_assert_uint_eq(outputs_tally(world->door)->merged, 0);
    world_free(world);
}

TEST(outbox, D19_only_so_much_history_is_kept)
{
    struct courier_world *world = world_create();
    fill(world, LIMIT_SENT_HISTORY + 100, PRIORITY_NORMAL, ROW_SENT);
    fill(world, LIMIT_DEAD_LETTERS + 100, PRIORITY_NORMAL, ROW_DEAD);
    size_t dead = outbox_forget(world->db);
    ck_assert_uint_eq(dead, 100);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox WHERE state = 3"),
                     LIMIT_SENT_HISTORY);
    ck_assert_int_eq(world_ask(world,
                               "SELECT min(settled) FROM outbox WHERE state = 3"),
                     begin_ms + 101);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox WHERE state = 2"),
                     LIMIT_DEAD_LETTERS);
    world_free(world);
}
