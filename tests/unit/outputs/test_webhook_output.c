/** Webhooks behind the seam to mail servers: against the sink's HTTPS. */
#include <sys/stat.h>
#include <unistd.h>

#include "outputs/verdict.h"
#include "outputs/webhook.h"

#include "sink_world.h"
#include "test.h"

static struct smtp_world *hook_world(const char *script)
{
    static char url[100];
    const struct sink_wishes wishes = { .script = script };
    struct smtp_world *world = smtp_world_with(&wishes);
    snprintf(url, sizeof url, "https://localhost:%d/hook/ops", world->https_port);
    world->account.user = world->account.password_file = SLICE("");
    world->account.is_webhook = true;
    world->account.url = slice_of(url);
    return world;
}

static void must_fail(struct smtp_world *world, enum smtp_phase phase, const char *part)
{
    log_in(world);
    const struct smtp_reply *failure = &world->connection.failure;
    ck_assert(world->connection.has_failed);
    ck_assert_msg(failure->phase == phase && strstr(failure->text, part), "%s %s",
                  smtp_phase_name(failure->phase), failure->text);
    ck_assert_int_ne(verdict_of(failure)->outcome, OUTCOME_NEVER);
}

static const struct dialog_result *post(struct smtp_world *world)
{
    static const struct slice to[] = { { "ops@webhook.invalid", 19 } };
    static const char bytes[] = "From: tocsin@host\r\nTo: ops@webhook.invalid\r\n"
                                "Subject: [tocsin host] disk full\r\n"
                                "Message-ID: <1.0.a@host>\r\n"
                                "X-Tocsin-Severity: critical\r\n\r\n/srv is full\r\n";
    const struct dialog_mail mail = { .from = SLICE("tocsin@host"),
                                      .recipients = to,
                                      .recipient_count = 1,
                                      .bytes = slice_of(bytes) };
    return send_whole(world, &mail);
}

static const struct smtp_reply *refused_post(struct smtp_world *world)
{
    must_log_in(world);
    const struct dialog_result *result = post(world);
    ck_assert(!result->is_accepted && !result->is_in_doubt);
    ck_assert_int_eq(result->reply.phase, PHASE_WEBHOOK);
    return &result->reply;
}

TEST(webhook_output, mails_become_posts_over_one_connection_and_it_ends)
{
    struct smtp_world *world = hook_world(NULL);
    must_log_in(world);
    for (int i = 0; i < 3; i++) {
        const struct dialog_result *result = post(world);
        ck_assert_msg(result->is_accepted, "%s", result->reply.text);
        ck_assert_str_eq(result->reply.text, "HTTP 200");
    }
    ck_assert_int_eq(world->connection.dialog.offer.dot, PHASE_WEBHOOK);
    end_connection(world);
    ck_assert_uint_eq(log_count(world, "<1.0.a@host> [tocsin host] disk full"), 3);
    smtp_world_free(world);
}

TEST(webhook_output, an_answer_is_told_with_its_words_and_its_wait)
{
    struct smtp_world *world = hook_world("hook:429 retry-after=90 slow \x1b[31mdown");
    const struct smtp_reply *reply = refused_post(world);
    ck_assert_int_eq(reply->code, 429);
    ck_assert_str_eq(reply->text, "HTTP 429: slow \\x1B[31mdown (retry after 90 s)");
    ck_assert_int_eq(reply_wait_ms(reply, now_real()), 90 * SECOND_MS);
    smtp_world_free(world);
}

TEST(webhook_output, a_refusal_costs_the_connection_nothing)
{
    struct smtp_world *world = hook_world("hook:#1 400 invalid_payload");
    ck_assert_int_eq(refused_post(world)->code, 400);
    int64_t end = now_real().mono_ms + PATIENCE_MS;
    while (!connection_is_idle(&world->connection) && now_real().mono_ms < end)
        step(world);
    ck_assert(post(world)->is_accepted);
    smtp_world_free(world);
}

/* What is posted goes where the configuration says, and nowhere else. */
TEST(webhook_output, a_redirect_is_not_followed)
{
    struct smtp_world *world = hook_world("hook:307 elsewhere");
    const struct smtp_reply *reply = refused_post(world);
    ck_assert_int_eq(reply->code, 404);
    ck_assert_ptr_nonnull(strstr(reply->text, "HTTP 307"));
    ck_assert_int_eq(verdict_of(reply)->trouble, TROUBLE_SETTING);
    smtp_world_free(world);
}

TEST(webhook_output, a_post_without_an_answer_is_in_doubt)
{
    struct smtp_world *world = hook_world("hook:take close");
    must_log_in(world);
    const struct dialog_result *result = post(world);
    ck_assert(!result->is_accepted && result->is_in_doubt);
    smtp_world_free(world);
}

TEST(webhook_output, a_server_that_ends_each_connection_gets_a_new_one)
{
    struct smtp_world *world = hook_world("hook:close 200 ok");
    must_log_in(world);
    ck_assert(post(world)->is_accepted);
    ck_assert(post(world)->is_accepted);
    smtp_world_free(world);
}

TEST(webhook_output, a_slow_receiver_blocks_no_turn)
{
    struct smtp_world *world = hook_world("hook:wait 1s");
    must_log_in(world);
    world->longest_ms = 0;
    ck_assert(post(world)->is_accepted);
    ck_assert_int_lt(world->longest_ms, BLOCKED_MS);
    smtp_world_free(world);
}

TEST(webhook_output, address_and_token_come_out_of_their_files)
{
    char url[100];
    struct smtp_world *world = hook_world(NULL);
    snprintf(url, sizeof url, "%.*s\n", SLICE_ARG(world->account.url));
    write_secret(world, url);
    world->account.url = SLICE("");
    world->account.url_file = world->account.token_file = slice_of(world->secret);
    must_log_in(world);
    ck_assert(post(world)->is_accepted);
    smtp_world_free(world);
}

TEST(webhook_output, a_file_that_others_can_read_is_refused)
{
    struct smtp_world *world = hook_world(NULL);
    world->account.token_file = slice_of(world->secret);
    ck_assert_int_eq(chmod(world->secret, 0644), 0);
    must_fail(world, PHASE_AUTH, "chmod 600");
    smtp_world_free(world);
}

TEST(webhook_output, an_address_out_of_a_file_is_no_way_into_the_clear)
{
    struct smtp_world *world = hook_world(NULL);
    world->account.url = SLICE("");
    world->account.url_file = slice_of(world->secret);
    write_secret(world, "http://example.com/hook\n");
    must_fail(world, PHASE_AUTH, "would go in clear");
    write_secret(world, "example.com\n");
    must_fail(world, PHASE_AUTH, "it is no address");
    smtp_world_free(world);
}

TEST(webhook_output, the_certificate_has_to_be_right)
{
    struct smtp_world *world = hook_world(NULL);
    world->account.ca_file = SLICE("");
    must_fail(world, PHASE_TLS, "certificate");
    smtp_world_free(world);
}

TEST(webhook_output, nobody_listens_is_told_as_that)
{
    struct smtp_world *world = hook_world(NULL);
    world->account.url = SLICE("http://127.0.0.1:1/");
    must_fail(world, PHASE_CONNECT, "refused");
    smtp_world_free(world);
}
