/** A store that is full forgets what was sent, and nothing else. */
#include "outputs/outbox_shed.h"

#include "courier_world.h"
#include "test.h"

static void limit_pages(struct courier_world *world, int64_t pages)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld", (long long)pages);
    (void)world_ask(world, sql);
}

static void fill(struct courier_world *world, int count)
{
    char title[64];
    for (int i = 0; i < count; i++) {
        snprintf(title, sizeof title, "disk sda%d is full", i);
        world_put(world, title);
        world_run(world, 2000);
    }
}

TEST(outbox_shed, D26_the_oldest_sent_go_first_and_what_waits_stays)
{
    struct courier_world *world = world_create();
    fill(world, 20);
    int64_t sent = world_ask(world, "SELECT count(*) FROM outbox WHERE state = 3");
    int64_t oldest = world_ask(world, "SELECT min(id) FROM outbox");
    ck_assert_int_eq(sent, 20);
    world->server.is_silent_at_login = true;
    world->server.hangs_up_when_idle = true;
    world_put(world, "this one waits");
    int64_t waiting = world_ask(world, "SELECT count(*) FROM outbox WHERE state < 2");
    ck_assert_int_eq(waiting, 1);
    ck_assert_uint_eq(outbox_shed(world->db), 20);
    struct err err = { 0 };
    ck_assert(db_commit(world->db, &err));
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox"), 1);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox_body"), 1);
    ck_assert_int_gt(world_ask(world, "SELECT min(id) FROM outbox"), oldest);
    ck_assert_uint_eq(outbox_shed(world->db), 0);
    world_free(world);
}

static void put_large(struct courier_world *world)
{
    db_run(db_query(world->db, "INSERT INTO more VALUES (zeroblob(20000))"));
}

/* At its bound the store refuses a large mail, and takes it when history has gone. */
TEST(outbox_shed, D26_at_the_bound_of_pages_forgetting_makes_room)
{
    struct courier_world *world = world_create();
    struct err err = { 0 };
    fill(world, 200);
    db_run(db_query(world->db, "CREATE TABLE more (bytes BLOB)"));
    ck_assert(db_commit(world->db, &err));
    limit_pages(world, world_ask(world, "PRAGMA page_count"));
    bool was_full = false;
    for (int i = 0; i < 500 && !was_full; i++) {
        put_large(world);
        was_full = !db_commit(world->db, &err);
    }
    ck_assert(was_full);
    ck_assert_int_eq(err.kind, ERR_FULL);
    ck_assert_uint_gt(outbox_shed(world->db), 0);
    put_large(world);
    ck_assert_msg(db_commit(world->db, &err), "%s", err.text);
    world_free(world);
}
