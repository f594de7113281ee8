/** Gmail's API behind the seam to mail servers: against the sink's HTTPS. */
#include <unistd.h>

#include "agent/sink/gmail.h"
#include "outputs/addressees.h"
#include "outputs/verdict.h"

#include "sink_world.h"
#include "test.h"

static struct smtp_world *api_world_with(struct sink_wishes wishes)
{
    char text[1024];
    wishes.client = "me.apps";
    wishes.refresh_token = "1//refresh";
    struct smtp_world *world = smtp_world_with(&wishes);
    snprintf(text, sizeof text,
             "{\"client_id\": \"me.apps\", \"client_secret\": \"secret\", "
             "\"refresh_token\": \"1//refresh\", \"token_uri\": "
             "\"https://localhost:%d/token\"}",
             world->https_port);
    write_secret(world, text);
    world->account.login = LOGIN_CONSENT;
    world->account.is_api = true;
    world->account.port = world->https_port;
    return world;
}

static struct smtp_world *api_world(const char *script)
{
    return api_world_with((struct sink_wishes){ .script = script });
}

static const struct dialog_result *send_to(struct smtp_world *world,
                                           const struct slice *to, size_t count)
{
    static const char bytes[] = "From: me@x.org\r\nTo: a@x.org, b@x.org\r\n"
                                "Subject: x\r\n\r\n.dot\r\n..\r\n";
    const struct dialog_mail mail = { .from = SLICE("me@x.org"),
                                      .recipients = to,
                                      .recipient_count = count,
                                      .bytes = slice_of(bytes) };
    return send_whole(world, &mail);
}

static const struct dialog_result *send_mail(struct smtp_world *world)
{
    static const struct slice to[] = { { "a@x.org", 7 }, { "b@x.org", 7 } };
    return send_to(world, to, 2);
}

TEST(gmail_api, mails_go_over_one_connection_and_it_ends)
{
    struct smtp_world *world = api_world(NULL);
    must_log_in(world);
    for (int i = 0; i < 3; i++) {
        const struct dialog_result *result = send_mail(world);
        ck_assert_msg(result->is_accepted, "%s", result->reply.text);
        ck_assert_ptr_nonnull(strstr(result->reply.text, "Gmail's id is 18c"));
    }
    end_connection(world);
    ck_assert_uint_eq(log_count(world, "\n"), 3);
    smtp_world_free(world);
}

TEST(gmail_api, a_slow_answer_blocks_no_turn)
{
    struct smtp_world *world = api_world("api:wait 1s");
    must_log_in(world);
    world->longest_ms = 0;
    ck_assert(send_mail(world)->is_accepted);
    ck_assert_int_lt(world->longest_ms, BLOCKED_MS);
    smtp_world_free(world);
}

/* As the judge sees it: the phase, the code, the reason and the words. */
TEST(gmail_api, every_refusal_of_the_api_comes_through_whole)
{
    size_t count = 0;
    for (size_t i = 0; i < gmail_reply_count; i++) {
        const struct gmail_reply *said = &gmail_replies[i];
        char rule[64];
        int64_t code = 0;
        if (said->phase != SCRIPT_API || strncmp(said->name, "401", 3) == 0)
            continue;
        snprintf(rule, sizeof rule, "@%s", said->name);
        ck_assert(slice_to_int(slice_make(said->says, 3), &code));
        struct smtp_world *world = api_world(rule);
        must_log_in(world);
        const struct dialog_result *result = send_mail(world);
        ck_assert(!result->is_accepted && !result->is_in_doubt);
        ck_assert_int_eq(result->reply.phase, PHASE_API);
        ck_assert_int_eq(result->reply.code, code);
        ck_assert_msg(strncmp(result->reply.token, said->says + 4,
                              strlen(result->reply.token)) == 0 &&
                          result->reply.token[0],
                      "'%s' of '%s'", result->reply.token, said->says);
        ck_assert(connection_is_idle(&world->connection) ||
                  world->connection.dialog.phase == PHASE_RSET);
        smtp_world_free(world);
        count++;
    }
    ck_assert_uint_ge(count, 15);
}

TEST(gmail_api, S09_a_token_that_ends_in_between_is_renewed_once_and_the_mail_goes)
{
    struct smtp_world *world = api_world("api:#1 401 authError expired");
    must_log_in(world);
    ck_assert(send_mail(world)->is_accepted);
    ck_assert_uint_eq(log_count(world, "\n"), 1);
    smtp_world_free(world);
}

TEST(gmail_api, S09_a_token_that_is_never_taken_waits_for_a_person)
{
    struct smtp_world *world = api_world("@401-api-token");
    must_log_in(world);
    const struct dialog_result *result = send_mail(world);
    ck_assert_int_eq(result->reply.code, 401);
    ck_assert_int_eq(verdict_of(&result->reply)->trouble, TROUBLE_SECRET);
    smtp_world_free(world);
}

TEST(gmail_api, a_token_that_cannot_be_renewed_fails_no_mail)
{
    struct sink_wishes wishes = { .script = "api:401 authError expired",
                                  .rotates = true };
    struct smtp_world *world = api_world_with(wishes);
    must_log_in(world);
    /* The refresh token is used up, and the file has none that is good. */
    write_secret(world, "{\"client_id\": \"me.apps\"}");
    const struct dialog_result *result = send_mail(world);
    ck_assert_int_eq(result->reply.code, 421);
    ck_assert(!result->is_in_doubt);
    const struct verdict *verdict = verdict_of(&result->reply);
    ck_assert_int_eq(verdict->outcome, OUTCOME_LATER);
    smtp_world_free(world);
}

TEST(gmail_api, an_answer_that_never_comes_leaves_the_mail_in_doubt)
{
    static const char *const scripts[] = { "api:close", "api:take close", "api:reset",
                                           "api:take reset" };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct smtp_world *world = api_world(scripts[i]);
        must_log_in(world);
        const struct dialog_result *result = send_mail(world);
        ck_assert(result->is_in_doubt);
        ck_assert_int_eq(verdict_of(&result->reply)->outcome, OUTCOME_DOUBT);
        ck_assert_uint_eq(log_count(world, "\n"), i % 2);
        smtp_world_free(world);
    }
}

TEST(gmail_api, who_has_it_already_does_not_get_it_again)
{
    static const struct slice to[] = { { "b@x.org", 7 } };
    struct smtp_world *world = api_world("api(To: b@x.org\r\n):400 seen b alone");
    must_log_in(world);
    const struct dialog_result *result = send_to(world, to, 1);
    ck_assert_msg(result->reply.code == 400, "%d %s", result->reply.code,
                  result->reply.text);
    smtp_world_free(world);
}

TEST(gmail_api, an_api_that_is_away_is_told_at_the_login)
{
    struct smtp_world *world = api_world(NULL);
    world->account.port = 1;
    log_in(world);
    ck_assert(world->connection.has_failed);
    ck_assert_int_eq(world->connection.failure.phase, PHASE_CONNECT);
    smtp_world_free(world);
}

/* --- addressees ------------------------------------------------------------------- */

static void must_become(const char *recipients, const char *before, const char *after)
{
    struct addressees to = { 0 };
    struct buf mail = buf_make(4096);
    struct slice rest = slice_of(recipients), one;
    while (slice_next(&rest, ' ', &one))
        ck_assert(addressees_put(&to, one));
    buf_puts(&mail, before);
    addressees_apply(&to, &mail);
    ck_assert_slice(buf_slice(&mail), after);
    addressees_clear(&to);
    buf_free(&mail);
}

TEST(addressees, a_mail_that_names_them_already_does_not_change)
{
    const char *mail = "From: m@x.org\r\nTo: A <a@x.org>,\r\n b@x.org\r\n\r\nTo: z\r\n";
    must_become("a@x.org b@x.org", mail, mail);
    must_become("b@x.org a@x.org", mail, mail);
}

TEST(addressees, others_are_taken_out_of_every_header_and_nothing_else_changes)
{
    must_become("b@x.org",
                "From: m@x.org\r\nTo: a@x.org,\r\n b@x.org\r\nX: y\r\n\r\nhi",
                "To: b@x.org\r\nFrom: m@x.org\r\nX: y\r\n\r\nhi");
    must_become(
        "a@x.org c@x.org",
        "To: a@x.org\r\nCC: b@x.org\r\nbcc: d@x.org\r\nTopic: t\r\n\r\nTo: q\r\n",
        "To: a@x.org,\r\n c@x.org\r\nTopic: t\r\n\r\nTo: q\r\n");
    must_become("a@x.org", "Subject: none\r\n\r\n",
                "To: a@x.org\r\nSubject: none\r\n\r\n");
}
