/** libcurl's links against the sink on loopback: TLS, logins, mails, and how each
 *  fails. */
#include <sys/stat.h>

#include "agent/sink/gmail.h"
#include "outputs/verdict.h"

#include "sink_world.h"
#include "test.h"

/* What is slow takes 300 ms, and so does a turn that waits for it; on a busy machine
 * others take up to 100 ms of a turn's time. */
static const struct dialog_result *send_mail(struct smtp_world *world)
{
    static const struct slice to[] = { { "a@x.org", 7 }, { "b@x.org", 7 } };
    static const struct dialog_mail mail = {
        .from = { "me@x.org", 8 },
        .recipients = to,
        .recipient_count = 2,
        .bytes = { "From: me@x.org\r\nSubject: x\r\n\r\n.dot\r\n", 36 },
    };
    return send_whole(world, &mail);
}

/* --- what works ------------------------------------------------------------------- */

static void send_two_and_quit(struct smtp_world *world)
{
    must_log_in(world);
    ck_assert(world->connection.dialog.offer.pipelining);
    ck_assert(world->connection.dialog.offer.size);
    ck_assert(send_mail(world)->is_accepted);
    ck_assert(send_mail(world)->is_accepted);
    end_connection(world);
}

TEST(smtp, mails_go_over_implicit_tls)
{
    struct smtp_world *world = smtp_world(NULL);
    send_two_and_quit(world);
    smtp_world_free(world);
}

TEST(smtp, mails_go_over_starttls)
{
    struct smtp_world *world = smtp_world(NULL);
    world->account.port = world->smtp_port;
    world->account.tls = TLS_STARTTLS;
    send_two_and_quit(world);
    smtp_world_free(world);
}

TEST(smtp, a_slow_server_blocks_no_turn)
{
    struct smtp_world *world = smtp_world("auth:wait 1s");
    must_log_in(world);
    ck_assert(send_mail(world)->is_accepted);
    ck_assert_int_lt(world->longest_ms, BLOCKED_MS);
    smtp_world_free(world);
}

static void use_command(struct smtp_world *world, const char *script)
{
    static struct slice words[3];
    words[0] = SLICE("/bin/sh");
    words[1] = SLICE("-c");
    words[2] = slice_of(script);
    world->account.login = LOGIN_COMMAND;
    world->account.password_file = SLICE("");
    world->account.command = words;
    world->account.command_count = 3;
}

TEST(smtp, a_command_brings_the_password_and_blocks_no_turn)
{
    struct smtp_world *world = smtp_world(NULL);
    use_command(world, "sleep 1; echo abcd efgh ijkl mnop");
    send_two_and_quit(world);
    ck_assert_int_lt(world->longest_ms, BLOCKED_MS);
    smtp_world_free(world);
}

/* --- what fails ------------------------------------------------------------------- */

static void must_fail(struct smtp_world *world, enum smtp_phase phase, int code)
{
    log_in(world);
    const struct smtp_reply *failure = &world->connection.failure;
    ck_assert(world->connection.has_failed);
    ck_assert_msg(failure->phase == phase && failure->code == code, "%s %d %s",
                  smtp_phase_name(failure->phase), failure->code, failure->text);
}

/* Whatever libcurl makes of a refusal, the words of the server get through. */
TEST(smtp, every_refusal_of_gmail_during_the_login_comes_through_whole)
{
    static const enum smtp_phase phases[] = { PHASE_GREETING, PHASE_EHLO,
                                              PHASE_STARTTLS, PHASE_AUTH };
    for (size_t i = 0; i < gmail_reply_count; i++) {
        const struct gmail_reply *reply = &gmail_replies[i];
        char rule[64];
        int64_t code = 0;
        if (reply->phase > SCRIPT_AUTH)
            continue;
        snprintf(rule, sizeof rule, "@%s", reply->name);
        ck_assert(slice_to_int(slice_make(reply->says, 3), &code));
        struct smtp_world *world = smtp_world(rule);
        if (reply->phase == SCRIPT_STARTTLS) {
            world->account.port = world->smtp_port;
            world->account.tls = TLS_STARTTLS;
        }
        must_fail(world, phases[reply->phase], (int)code);
        ck_assert_int_ne(verdict_of(&world->connection.failure)->trouble, TROUBLE_NONE);
        smtp_world_free(world);
    }
}

TEST(smtp, a_wrong_password_is_told_in_the_servers_words)
{
    struct smtp_world *world = smtp_world(NULL);
    write_secret(world, "wrong");
    must_fail(world, PHASE_AUTH, 535);
    ck_assert_str_eq(world->connection.failure.enhanced, "5.7.8");
    ck_assert_str_eq(world->connection.failure.token, "BadCredentials");
    smtp_world_free(world);
}

TEST(smtp, a_secret_that_others_can_read_is_not_used)
{
    struct smtp_world *world = smtp_world(NULL);
    ck_assert_int_eq(chmod(world->secret, 0644), 0);
    must_fail(world, PHASE_AUTH, 0);
    ck_assert_ptr_nonnull(strstr(world->connection.failure.text, "chmod 600"));
    smtp_world_free(world);
}

TEST(smtp, a_command_that_fails_is_told_and_needs_a_person)
{
    struct smtp_world *world = smtp_world(NULL);
    use_command(world, "echo 'the key is locked' >&2; exit 2");
    must_fail(world, PHASE_AUTH, 0);
    ck_assert_ptr_nonnull(
        strstr(world->connection.failure.text, "status 2 and said: the key is locked"));
    const struct verdict *verdict = verdict_of(&world->connection.failure);
    ck_assert_int_eq(verdict->trouble, TROUBLE_SECRET);
    ck_assert_ptr_nonnull(strstr(verdict->advice, "run it by hand"));
    smtp_world_free(world);
}

TEST(smtp, a_login_that_is_given_up_ends_its_command)
{
    struct smtp_world *world = smtp_world(NULL);
    use_command(world, "sleep 600");
    connection_open(&world->connection, &world->account, now_real());
    connection_step(&world->connection, now_real());
    connection_close(&world->connection);
    smtp_world_free(world); /* nothing is watched any more */
}

TEST(smtp, an_unknown_certificate_is_refused)
{
    struct smtp_world *world = smtp_world(NULL);
    world->account.ca_file = SLICE("");
    must_fail(world, PHASE_TLS, 0);
    ck_assert_ptr_nonnull(strstr(world->connection.failure.text, "certificate"));
    smtp_world_free(world);
}

TEST(smtp, a_certificate_for_another_name_is_refused)
{
    struct smtp_world *world = smtp_world(NULL);
    world->account.host = SLICE("127.0.0.2");
    log_in(world);
    ck_assert(world->connection.has_failed);
    ck_assert_int_le(world->connection.failure.phase, PHASE_TLS);
    smtp_world_free(world);
}

TEST(smtp, nothing_is_sent_in_clear_when_starttls_is_refused)
{
    struct smtp_world *world = smtp_world("starttls:454 4.7.0 not now");
    world->account.port = world->smtp_port;
    world->account.tls = TLS_STARTTLS;
    must_fail(world, PHASE_STARTTLS, 454);
    smtp_world_free(world);
}

static void use_starttls(struct smtp_world *world)
{
    world->account.port = world->smtp_port;
    world->account.tls = TLS_STARTTLS;
}

/* Somebody on the wire has taken STARTTLS out of the reply to EHLO. */
TEST(smtp, S05_without_starttls_in_the_offers_nothing_more_is_said)
{
    struct smtp_world *world = smtp_world("plain");
    use_starttls(world);
    must_fail(world, PHASE_STARTTLS, 0);
    const struct verdict *verdict = verdict_of(&world->connection.failure);
    ck_assert_int_eq(verdict->trouble, TROUBLE_TLS);
    ck_assert_int_eq(verdict->scope, SCOPE_ACCOUNT);
    ck_assert(trouble_wants_person(verdict->trouble));
    ck_assert_ptr_nonnull(strstr(verdict->advice, "nothing is sent in clear"));
    smtp_world_free(world);
}

/* CVE-2021-22947: what comes in clear behind the reply to STARTTLS was written by
 * whoever sits on the wire, and would be taken for replies that came encrypted. */
TEST(smtp, S06_replies_that_are_put_behind_starttls_end_the_connection)
{
    static const char *const rules[] = {
        "starttls:raw 220 go\\r\\n250-evil\\r\\n250 AUTH PLAIN\\r\\n",
        "starttls:raw 220 go\\r\\n250 ok\\r\\n235 welcome\\r\\n250 ok\\r\\n",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        struct smtp_world *world = smtp_world(rules[i]);
        use_starttls(world);
        log_in(world);
        ck_assert(world->connection.has_failed);
        ck_assert_int_eq(world->connection.state, CONNECTION_CLOSED);
        const struct smtp_reply *failure = &world->connection.failure;
        ck_assert_msg(verdict_of(failure)->scope >= SCOPE_ACCOUNT, "%s", failure->text);
        smtp_world_free(world);
    }
}

/* OpenSMTPD's CVE-2020-8794 stood here. Each ends at once, not at a time-out, and none
 * makes a turn long. */
TEST(smtp, S19_replies_without_end_or_sense_end_the_login_at_once)
{
    static const char *const replies[] = {
        "1048576*x",
        "1048576*2",
        "20000*250-and so on\\r\\n",
        "250 nul \\x00 and \\xff\\xfe eight bits\\r\\n250 twice\\r\\n",
        "\\x00\\x00\\x00\\r\\n",
        "250-one\\r\\n550 other\\r\\n",
        "hello, this is no SMTP\\r\\n",
    };
    static const char *const phases[] = { "greeting", "ehlo", "auth" };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        for (size_t j = 0; j < sizeof phases / sizeof *phases; j++) {
            char rule[200];
            snprintf(rule, sizeof rule, "%s:close raw %s", phases[j], replies[i]);
            struct smtp_world *world = smtp_world(rule);
            int64_t before = now_real().mono_ms;
            log_in(world);
            ck_assert_msg(world->connection.has_failed, "%s", rule);
            ck_assert_msg(now_real().mono_ms - before < 10 * SECOND_MS, "%s", rule);
            ck_assert_uint_lt(strlen(world->connection.failure.text),
                              LIMIT_REPLY_TEXT_BYTES);
            smtp_world_free(world);
        }
    }
}

TEST(smtp, a_closed_port_is_refused_by_the_network)
{
    struct smtp_world *world = smtp_world(NULL);
    world->account.port = 1;
    must_fail(world, PHASE_CONNECT, 0);
    ck_assert_ptr_nonnull(strstr(world->connection.failure.text, "refused"));
    smtp_world_free(world);
}

TEST(smtp, a_refusal_is_told_with_its_phase)
{
    static const struct {
        const char *script;
        enum smtp_phase phase;
        int code;
    } cases[] = {
        { "greeting:421 4.7.0 try again later", PHASE_GREETING, 421 },
        { "auth:454 4.7.0 Too many login attempts", PHASE_AUTH, 454 },
        { "auth:421 4.3.0 temporary", PHASE_AUTH, 421 },
        { "auth:close", PHASE_AUTH, 0 },
        { "greeting:close", PHASE_GREETING, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_world *world = smtp_world(cases[i].script);
        must_fail(world, cases[i].phase, cases[i].code);
        smtp_world_free(world);
    }
}

TEST(smtp, a_reset_after_the_dot_leaves_the_mail_in_doubt)
{
    struct smtp_world *world = smtp_world("dot:take reset");
    must_log_in(world);
    const struct dialog_result *result = send_mail(world);
    ck_assert(result->is_in_doubt && !result->is_accepted);
    smtp_world_free(world);
}

TEST(smtp, the_last_words_of_a_closing_server_are_heard)
{
    struct smtp_world *world = smtp_world("mail:421 4.4.2 closing");
    must_log_in(world);
    ck_assert_int_eq(send_mail(world)->reply.code, 421);
    ck_assert_int_eq(world->connection.state, CONNECTION_CLOSED);
    smtp_world_free(world);
}
