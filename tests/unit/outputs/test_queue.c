/** The queue commands show, retry and drop, and say why when they do not. */
#include "courier_world.h"

#include "test.h"

static struct courier_world *with_dead_mail(void)
{
    struct courier_world *world = world_create();
    world->server.dot = "554 5.6.0 \"too\" odd\x1b[31m";
    world_put(world, "disk full");
    world_run(world, SECOND_MS);
    world->server.dot = NULL;
    return world;
}

static struct buf listed(struct courier_world *world, bool json)
{
    struct err err = { 0 };
    struct buf out = buf_make(1 << 20);
    ck_assert(outputs_queue_list(world->door, world->now, json, &out, &err));
    return out;
}

TEST(queue, an_empty_one_says_so)
{
    struct courier_world *world = world_create();
    struct buf out = listed(world, false);
    ck_assert_slice(buf_slice(&out), "no mail is waiting and none is dead\n");
    buf_free(&out);
    out = listed(world, true);
    ck_assert_uint_eq(out.len, 0);
    buf_free(&out);
    world_free(world);
}

TEST(queue, S28_a_dead_mail_is_listed_with_reply_and_advice)
{
    struct courier_world *world = with_dead_mail();
    struct buf out = listed(world, false);
    ck_assert_ptr_nonnull(strstr(out.ptr, "1  dead  ops  "));
    ck_assert_ptr_nonnull(strstr(out.ptr, "reply: 554 5.6.0 \"too\" odd\\x1B[31m\n"));
    ck_assert_ptr_nonnull(
        strstr(out.ptr, "advice: the server takes the mail for malformed"));
    buf_free(&out);
    out = listed(world, true);
    ck_assert(slice_starts(buf_slice(&out),
                           SLICE("{\"id\":1,\"state\":\"dead\",\"priority\":")));
    ck_assert_ptr_nonnull(
        strstr(out.ptr, "\"reply\":\"554 5.6.0 \\\"too\\\" odd\\\\x1B[31m\""));
    ck_assert(slice_ends(buf_slice(&out), SLICE("\"}\n")));
    buf_free(&out);
    world_free(world);
}

TEST(queue, a_mail_is_shown_with_its_recipients_and_its_text)
{
    struct courier_world *world = with_dead_mail();
    struct err err = { 0 };
    struct buf out = buf_make(1 << 20);
    ck_assert(outputs_queue_show(world->door, 1, world->now, false, &out, &err));
    ck_assert_ptr_nonnull(strstr(out.ptr, "To        a@x.org (dead)\n"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "State     dead, "));
    ck_assert_ptr_nonnull(strstr(out.ptr, "Reply     554 5.6.0 "));
    ck_assert_ptr_null(strstr(out.ptr, "quoted-printable"));
    buf_clear(&out);
    ck_assert(outputs_queue_show(world->door, 1, world->now, true, &out, &err));
    ck_assert_ptr_nonnull(strstr(out.ptr, ",\"recipients\":[{\"address\":\"a@x.org\","
                                          "\"state\":\"dead\"},{"));
    ck_assert(!outputs_queue_show(world->door, 99, world->now, true, &out, &err));
    ck_assert_int_eq(err.kind, ERR_MISSING);
    buf_free(&out);
    world_free(world);
}

TEST(queue, the_raw_bytes_are_those_that_are_sent)
{
    struct courier_world *world = with_dead_mail();
    struct err err = { 0 };
    struct buf out = buf_make(1 << 20);
    ck_assert(outputs_queue_raw(world->door, 1, &out, &err));
    ck_assert_slice(buf_slice(&out), world->server.mails[0]);
    ck_assert(!outputs_queue_raw(world->door, 99, &out, &err));
    ck_assert_int_eq(err.kind, ERR_MISSING);
    buf_free(&out);
    world_free(world);
}

TEST(queue, a_mail_of_a_held_account_says_why_it_waits)
{
    struct courier_world *world = world_create();
    world->server.mail = "550 5.4.5 Daily user sending limit exceeded.";
    world_put(world, "disk full");
    world_run(world, MINUTE_MS);
    struct buf out = listed(world, false);
    ck_assert_ptr_nonnull(strstr(out.ptr, "' is held for "));
    ck_assert_ptr_nonnull(strstr(out.ptr, "reply: 550 5.4.5 Daily user"));
    buf_clear(&out);
    outputs_queue_hold(world->door, 1, world->now, &out);
    ck_assert(slice_starts(buf_slice(&out), SLICE("account '")));
    buf_free(&out);
    world_free(world);
}

TEST(queue, a_retried_mail_is_sent_to_all_as_the_same_bytes)
{
    struct courier_world *world = with_dead_mail();
    struct err err = { 0 };
    ck_assert_msg(outputs_queue_retry(world->door, 1, world->now, &err), "%s",
                  err.text);
    world_run(world, MINUTE_MS);
    ck_assert_int_eq(world->server.mail_count, 2);
    ck_assert_str_eq(world->server.mails[1], world->server.mails[0]);
    ck_assert_str_eq(world->server.envelopes[1], "me@x.org>a@x.org>b@x.org>");
    ck_assert(!outputs_queue_retry(world->door, 1, world->now, &err));
    ck_assert_str_eq(err.text, "mail '1' is sent already");
    world_free(world);
}

TEST(queue, a_dropped_mail_is_never_sent)
{
    struct courier_world *world = world_create();
    struct err err = { 0 };
    world->server.mail = "550 5.4.5 Daily user sending limit exceeded.";
    world_put(world, "disk full");
    world_run(world, MINUTE_MS);
    ck_assert(outputs_queue_drop(world->door, 1, world->now, &err));
    world->server.mail = NULL;
    world_run(world, DAY_MS);
    ck_assert_int_eq(world->server.mail_count, 0);
    ck_assert_uint_eq(outputs_tally(world->door)->waiting, 0);
    ck_assert_int_eq(world_ask(world, "SELECT count(*) FROM outbox_body"), 0);
    ck_assert(!outputs_queue_drop(world->door, 1, world->now, &err));
    ck_assert_int_eq(err.kind, ERR_INVALID);
    world_free(world);
}

TEST(queue, what_is_handed_over_cannot_be_dropped)
{
    struct courier_world *world = world_create();
    struct err err = { 0 };
    world->server.is_silent = true;
    world_put(world, "disk full");
    world_run(world, SECOND_MS);
    ck_assert(!outputs_queue_drop(world->door, 1, world->now, &err));
    ck_assert_int_eq(err.kind, ERR_BUSY);
    world_free(world);
}
