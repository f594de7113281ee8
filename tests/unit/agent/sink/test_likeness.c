/** The sink's limits, and Gmail's replies on demand. */
#include "agent/sink/likeness.h"

#include "agent/base/mem.h"
#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "agent/sink/gmail.h"

#include "test.h"

struct visit {
    struct script script;
    struct smtpd_tally tally;
    struct likeness likeness;
    struct smtpd_config config;
    struct smtpd *session;
    struct buf heard;
};

static void connect_again(struct visit *visit)
{
    smtpd_free(visit->session);
    visit->session = smtpd_create(&visit->config, 1, true);
}

static struct visit *visit_open(void)
{
    struct visit *visit = mem_zalloc(sizeof *visit);
    visit->heard = buf_make(1 << 20);
    likeness_init(&visit->likeness);
    visit->config = (struct smtpd_config){ .host = SLICE("smtp.gmail.com"),
                                           .user = SLICE("alerts@example.com"),
                                           .password = SLICE("secret"),
                                           .max_bytes = 4000,
                                           .script = &visit->script,
                                           .likeness = &visit->likeness,
                                           .tally = &visit->tally };
    connect_again(visit);
    return visit;
}

static void visit_close(struct visit *visit)
{
    smtpd_free(visit->session);
    script_clear(&visit->script);
    buf_free(&visit->heard);
    free(visit);
}

/* @return what was answered last. */
static const char *say(struct visit *visit, const char *text)
{
    buf_clear(&visit->heard);
    smtpd_feed(visit->session, slice_of(text));
    struct slice output = smtpd_output(visit->session);
    buf_put(&visit->heard, output);
    smtpd_sent(visit->session, output.len);
    return visit->heard.ptr ? visit->heard.ptr : "";
}

static bool starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const char *send_mail(struct visit *visit, const char *from, const char *to)
{
    char text[400];
    snprintf(text, sizeof text,
             "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nRCPT TO:<b@x.org>\r\n", from, to);
    say(visit, text);
    say(visit, "DATA\r\n");
    return say(visit, "Subject: x\r\n\r\nhi\r\n.\r\n");
}

TEST(likeness, every_reply_can_be_scripted_by_its_name)
{
    for (size_t i = 0; i < gmail_reply_count; i++) {
        struct script script = { 0 };
        struct err err;
        char rule[64];
        snprintf(rule, sizeof rule, "@%s", gmail_replies[i].name);
        ck_assert_msg(script_add(&script, slice_of(rule), &err), "%s", err.text);
        const struct script_action *action =
            script_judge(&script, gmail_replies[i].phase, SLICE("x"));
        ck_assert_ptr_nonnull(action);
        int64_t code = 0;
        ck_assert(slice_to_int(slice_make(gmail_replies[i].says, 3), &code));
        ck_assert_int_eq(action->code, code);
        ck_assert_int_eq(slice_ends(action->text, SLICE(" - gsmtp")),
                         gmail_replies[i].phase < SCRIPT_CONSENT);
        script_clear(&script);
    }
}

TEST(likeness, a_name_in_a_phase_of_ones_own_choice_is_said_there)
{
    struct script script = { 0 };
    struct err err;
    ck_assert(script_add(&script, SLICE("dot:2x@550-daily-limit"), &err));
    ck_assert_int_eq(script_judge(&script, SCRIPT_DOT, SLICE(""))->code, 550);
    ck_assert(!script_add(&script, SLICE("@550-no-such-reply"), &err));
    ck_assert_ptr_nonnull(strstr(err.text, "sink --replies"));
    script_clear(&script);
}

TEST(likeness, an_address_asks_for_any_reply_of_its_phase_and_of_later_ones)
{
    for (size_t i = 0; i < gmail_reply_count; i++) {
        const struct gmail_reply *reply = &gmail_replies[i];
        struct visit *visit = visit_open();
        char address[80], code[8];
        snprintf(address, sizeof address, "says-%s@x.org", reply->name);
        snprintf(code, sizeof code, "%.3s", reply->says);
        say(visit, "EHLO me\r\n");
        if (reply->phase == SCRIPT_MAIL || reply->phase == SCRIPT_RCPT ||
            reply->phase == SCRIPT_DATA || reply->phase == SCRIPT_DOT) {
            char text[200];
            bool is_mail = reply->phase == SCRIPT_MAIL;
            snprintf(text, sizeof text, "MAIL FROM:<%s>\r\n",
                     is_mail ? address : "a@x.org");
            const char *said = say(visit, text);
            snprintf(text, sizeof text, "RCPT TO:<%s>\r\n", address);
            if (!is_mail)
                said = say(visit, text);
            if (reply->phase == SCRIPT_DATA || reply->phase == SCRIPT_DOT)
                said = say(visit, "DATA\r\n");
            if (reply->phase == SCRIPT_DOT)
                said = say(visit, "Subject: x\r\n\r\nhi\r\n.\r\n");
            ck_assert_msg(starts(said, code), "%s: %s", reply->name, said);
            ck_assert_ptr_nonnull(strstr(said, " - gsmtp\r\n"));
        }
        visit_close(visit);
    }
}

TEST(likeness, a_greeting_name_asks_for_a_reply_to_ehlo)
{
    struct visit *visit = visit_open();
    ck_assert(starts(say(visit, "EHLO says-421-later\r\n"), "220 "));
    ck_assert_ptr_nonnull(strstr(visit->heard.ptr, "421-4.7.0 Try again later"));
    ck_assert_int_eq(smtpd_wish(visit->session), SMTPD_CLOSE);
    visit_close(visit);
}

TEST(likeness, past_the_recipients_of_a_day_comes_the_quota_until_the_day_is_over)
{
    struct visit *visit = visit_open();
    visit->likeness.recipients.max = 4;
    say(visit, "EHLO me\r\n");
    ck_assert(starts(send_mail(visit, "a@x.org", "c@x.org"), "250 "));
    visit->likeness.now_ms = HOUR_MS;
    ck_assert(starts(send_mail(visit, "a@x.org", "c@x.org"), "250 "));
    ck_assert(starts(say(visit, "MAIL FROM:<a@x.org>\r\n"), "550-5.4.5 Daily"));
    visit->likeness.now_ms = DAY_MS;
    ck_assert(starts(send_mail(visit, "a@x.org", "c@x.org"), "250 "));
    visit_close(visit);
}

TEST(likeness, past_the_logins_of_a_minute_comes_454)
{
    /* \0alerts@example.com\0secret */
    static const char login[] = "AUTH PLAIN AGFsZXJ0c0BleGFtcGxlLmNvbQBzZWNyZXQ=\r\n";
    struct visit *visit = visit_open();
    visit->likeness.logins.max = 2;
    for (int i = 0; i < 2; i++) {
        say(visit, "EHLO me\r\n");
        ck_assert(starts(say(visit, login), "235 "));
        connect_again(visit);
    }
    say(visit, "EHLO me\r\n");
    ck_assert(starts(say(visit, login), "454-4.7.0 Too many login attempts"));
    visit->likeness.now_ms = MINUTE_MS;
    ck_assert(starts(say(visit, login), "235 "));
    visit_close(visit);
}

TEST(likeness, a_wrong_token_is_refused_after_a_round_that_says_why)
{
    struct visit *visit = visit_open();
    struct buf json = buf_make(400);
    say(visit, "EHLO me\r\n");
    /* user=alerts@example.com^Aauth=Bearer wrong^A^A */
    const char *said = say(visit, "AUTH XOAUTH2 dXNlcj1hbGVydHNAZXhhbXBsZS5jb20BYXV0aD1"
                                  "CZWFyZXIgd3JvbmcBAQ==\r\n");
    ck_assert_msg(starts(said, "334 "), "%s", said);
    ck_assert(unmime_base64(slice_trim(slice_of(said + 4)), &json));
    ck_assert_ptr_nonnull(strstr(json.ptr, "\"schemes\":\"Bearer\""));
    ck_assert(starts(say(visit, "\r\n"), "535-5.7.8 "));
    buf_free(&json);
    visit_close(visit);
}
