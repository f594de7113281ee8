/** The mail server's conversation: bytes in, bytes out, cut anywhere. */
#include "test.h"

#include "agent/base/mem.h"
#include "agent/sink/smtpd.h"

struct talk {
    struct smtpd_config config;
    struct smtpd_tally tally;
    struct script script;
    struct smtpd *session;
    struct buf heard, mails;
};

static void keep_mail(void *ctx, const struct smtpd_mail *mail)
{
    struct talk *talk = ctx;
    buf_printf(&talk->mails, "%.*s|", SLICE_ARG(mail->from));
    for (size_t i = 0; i < mail->recipient_count; i++)
        buf_printf(&talk->mails, "%.*s,", SLICE_ARG(mail->recipients[i]));
    buf_putc(&talk->mails, '|');
    buf_put(&talk->mails, mail->bytes);
}

static struct talk *talk_open(const char *rule)
{
    struct talk *talk = mem_zalloc(sizeof *talk);
    struct err err;
    talk->heard = talk->mails = buf_make(1 << 20);
    talk->config = (struct smtpd_config){ .host = SLICE("smtp.gmail.com"),
                                          .user = SLICE("alerts@example.com"),
                                          .password = SLICE("secret"),
                                          .offers_starttls = true,
                                          .wants_login = true,
                                          .max_bytes = 4000,
                                          .script = &talk->script,
                                          .tally = &talk->tally,
                                          .accept = keep_mail,
                                          .ctx = talk };
    if (rule)
        ck_assert_msg(script_add(&talk->script, slice_of(rule), &err), "%s", err.text);
    return talk;
}

static void talk_close(struct talk *talk)
{
    smtpd_free(talk->session);
    script_clear(&talk->script);
    buf_free(&talk->heard);
    buf_free(&talk->mails);
    free(talk);
}

static void talk_hear(struct talk *talk)
{
    struct slice output = smtpd_output(talk->session);
    buf_put(&talk->heard, output);
    smtpd_sent(talk->session, output.len);
}

/** A session that is encrypted and logged in already. */
static struct talk *talk_logged_in(const char *rule)
{
    struct talk *talk = talk_open(rule);
    talk->config.wants_login = false;
    talk->session = smtpd_create(&talk->config, 1, true);
    smtpd_feed(talk->session, SLICE("EHLO me\r\n"));
    talk_hear(talk);
    buf_clear(&talk->heard);
    return talk;
}

static const char *talk_say_text(struct talk *talk, const char *text)
{
    buf_clear(&talk->heard);
    smtpd_feed(talk->session, slice_of(text));
    talk_hear(talk);
    return talk->heard.ptr ? talk->heard.ptr : "";
}

#define ck_assert_starts(text, start)                                               \
    ck_assert_msg(strncmp((text), (start), strlen(start)) == 0, "'%s' is not '%s'", \
                  (text), (start))
#define ck_assert_holds(text, part) \
    ck_assert_msg(strstr((text), (part)) != NULL, "'%s' has no '%s'", (text), (part))

/** Everything that follows the envelope of a mail. */
#define ENVELOPE "MAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n"

TEST(sink, the_session_talks_like_gmail_from_greeting_to_quit)
{
    struct talk *talk = talk_open(NULL);
    talk->session = smtpd_create(&talk->config, 1, false);
    ck_assert_starts(talk_say_text(talk, ""), "220 smtp.gmail.com ESMTP ");
    const char *ehlo = talk_say_text(talk, "EHLO me\r\n");
    ck_assert_starts(ehlo, "250-smtp.gmail.com at your service\r\n250-SIZE 4000\r\n");
    ck_assert_holds(ehlo, "250-STARTTLS\r\n");
    ck_assert(strstr(ehlo, "AUTH") == NULL);
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:<a@b.c>\r\n"),
                     "530 5.7.0 Must issue");
    ck_assert_starts(talk_say_text(talk, "STARTTLS\r\n"), "220 2.0.0 Ready");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_START_TLS);
    smtpd_secured(talk->session);
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:<a@b.c>\r\n"), "503 5.5.1 EHLO");
    ehlo = talk_say_text(talk, "EHLO me\r\n");
    ck_assert_holds(ehlo,
                    "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH");
    ck_assert(strstr(ehlo, "STARTTLS") == NULL);
    ck_assert_holds(ehlo, "250 SMTPUTF8\r\n");
    ck_assert_starts(
        talk_say_text(talk, "MAIL FROM:<a@b.c>\r\n"),
        "530-5.7.0 Authentication Required. For more information, go to\r\n"
        "530 5.7.0  https://support.google.com/mail/?p=WantAuthError");
    /* \0alerts@example.com\0secret */
    ck_assert_starts(talk_say_text(talk, "AUTH PLAIN "
                                         "AGFsZXJ0c0BleGFtcGxlLmNvbQBzZWNyZXQ=\r\n"),
                     "235 2.7.0 Accepted");
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:<a@b.c> SIZE=99\r\n"),
                     "250 2.1.0 OK");
    ck_assert_starts(talk_say_text(talk, "RCPT TO:<d@e.f>\r\n"), "250 2.1.5 OK");
    ck_assert_starts(talk_say_text(talk, "DATA\r\n"), "354 Go ahead");
    ck_assert_starts(talk_say_text(talk, "Subject: x\r\n\r\nhi\r\n.\r\n"),
                     "250 2.0.0 OK");
    ck_assert_slice(buf_slice(&talk->mails), "a@b.c|d@e.f,|Subject: x\r\n\r\nhi\r\n");
    ck_assert_starts(talk_say_text(talk, "QUIT\r\n"), "221 2.0.0 closing connection");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_CLOSE);
    ck_assert_uint_eq(talk->tally.logins, 1);
    ck_assert_uint_eq(talk->tally.accepted, 1);
    ck_assert_uint_eq(talk->tally.violations, 0);
    talk_close(talk);
}

TEST(sink, a_conversation_is_the_same_however_it_is_cut)
{
    static const char bytes[] =
        "EHLO me\r\n" ENVELOPE ".\r.\r\n..a\r\n...\r\nb\r\n.\r\n"
        "NOOP\r\n" ENVELOPE "\r\n.\r\nQUIT\r\n";
    struct talk *whole = talk_open(NULL);
    whole->config.wants_login = false;
    whole->session = smtpd_create(&whole->config, 1, true);
    smtpd_feed(whole->session, slice_of(bytes));
    talk_hear(whole);
    for (size_t step = 1; step < 7; step++) {
        struct talk *cut = talk_open(NULL);
        cut->config.wants_login = false;
        cut->session = smtpd_create(&cut->config, 1, true);
        for (size_t at = 0; at < sizeof bytes - 1; at += step) {
            size_t left = sizeof bytes - 1 - at;
            smtpd_feed(cut->session, slice_make(bytes + at, left < step ? left : step));
            talk_hear(cut);
        }
        ck_assert_str_eq(cut->heard.ptr, whole->heard.ptr);
        ck_assert_slice(buf_slice(&cut->mails), whole->mails.ptr);
        talk_close(cut);
    }
    ck_assert_slice(buf_slice(&whole->mails),
                    "a@b.c|d@e.f,|\r.\r\n.a\r\n..\r\nb\r\na@b.c|d@e.f,|\r\n");
    talk_close(whole);
}

TEST(sink, wrong_credentials_get_gmails_535)
{
    struct talk *talk = talk_open(NULL);
    talk->session = smtpd_create(&talk->config, 1, true);
    talk_say_text(talk, "EHLO me\r\n");
    ck_assert_starts(talk_say_text(talk, "AUTH LOGIN\r\n"), "334 VXNlcm5hbWU6\r\n");
    ck_assert_starts(talk_say_text(talk, "YWxlcnRzQGV4YW1wbGUuY29t\r\n"),
                     "334 UGFzc3dvcmQ6\r\n");
    ck_assert_starts(
        talk_say_text(talk, "d3Jvbmc=\r\n"),
        "535-5.7.8 Username and Password not accepted. For more information, "
        "go to\r\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials");
    ck_assert_uint_eq(talk->tally.failed_logins, 1);
    ck_assert_uint_eq(talk->tally.logins, 0);
    talk_close(talk);
}

TEST(sink, auth_takes_each_form_of_each_mechanism)
{
    static const char *const exchanges[][3] = {
        { "AUTH PLAIN\r\n", "AGFsZXJ0c0BleGFtcGxlLmNvbQBzZWNyZXQ=\r\n", NULL },
        { "AUTH LOGIN YWxlcnRzQGV4YW1wbGUuY29t\r\n", "c2VjcmV0\r\n", NULL },
        { "AUTH LOGIN\r\nYWxlcnRzQGV4YW1wbGUuY29t\r\n", "c2VjcmV0\r\n", NULL },
        { "AUTH XOAUTH2 "
          "dXNlcj1hbGVydHNAZXhhbXBsZS5jb20BYXV0aD1CZWFyZXIgc2VjcmV0AQE=\r\n",
          NULL, NULL },
        { "auth oauthbearer ",
          "bixhPWFsZXJ0c0BleGFtcGxlLmNvbSwBaG9zdD1oAXBvcnQ9MQFhdXRoPUJ"
          "lYXJlciBzZWNyZXQBAQ==\r\n",
          NULL },
    };
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
        struct talk *talk = talk_open(NULL);
        talk->session = smtpd_create(&talk->config, 1, true);
        smtpd_feed(talk->session, SLICE("EHLO me\r\n"));
        for (size_t j = 0; exchanges[i][j]; j++)
            smtpd_feed(talk->session, slice_of(exchanges[i][j]));
        talk_hear(talk);
        ck_assert_holds(talk->heard.ptr, "\r\n235 2.7.0 Accepted");
        ck_assert_uint_eq(talk->tally.logins, 1);
        talk_close(talk);
    }
}

TEST(sink, a_broken_login_is_answered_and_the_session_goes_on)
{
    struct talk *talk = talk_open(NULL);
    talk->session = smtpd_create(&talk->config, 1, true);
    talk_say_text(talk, "");
    ck_assert_starts(talk_say_text(talk, "AUTH PLAIN x\r\n"), "503 5.5.1 EHLO");
    talk_say_text(talk, "EHLO me\r\n");
    ck_assert_starts(talk_say_text(talk, "AUTH XOAUTH x\r\n"), "504 5.7.4 Unrec");
    ck_assert_starts(talk_say_text(talk, "AUTH PLAIN !\r\n"),
                     "501 5.5.2 Cannot Decode");
    ck_assert_starts(talk_say_text(talk, "AUTH PLAIN AGE=\r\n"), "501 5.5.2 Cannot");
    ck_assert_starts(talk_say_text(talk, "AUTH PLAIN\r\n*\r\n"), "334 \r\n501 5.7.0");
    ck_assert_starts(talk_say_text(talk, "NOOP\r\n"), "250 2.0.0 OK");
    talk_close(talk);
}

TEST(sink, commands_out_of_sequence_are_refused)
{
    struct talk *talk = talk_logged_in(NULL);
    ck_assert_starts(talk_say_text(talk, "RCPT TO:<a@b.c>\r\n"),
                     "503 5.5.1 MAIL first");
    ck_assert_starts(talk_say_text(talk, "DATA\r\n"), "503 5.5.1 MAIL first");
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:a@b.c\r\n"), "555 5.5.2 Syntax");
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:<> FOO=1\r\n"), "555 5.5.2 Syntax");
    ck_assert_starts(talk_say_text(talk, "mail from:<>\r\n"), "250 2.1.0 OK");
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:<>\r\n"), "503 5.5.1");
    ck_assert_starts(talk_say_text(talk, "DATA\r\n"), "503 5.5.1 RCPT first");
    ck_assert_starts(talk_say_text(talk, "RCPT TO:<>\r\n"), "555 5.5.2");
    ck_assert_starts(talk_say_text(talk, "RSET\r\n"), "250 2.1.5 Flushed");
    ck_assert_starts(talk_say_text(talk, "RCPT TO:<a@b.c>\r\n"),
                     "503 5.5.1 MAIL first");
    ck_assert_starts(talk_say_text(talk, "VRFY x\r\n"), "252 2.1.5");
    ck_assert_starts(talk_say_text(talk, "HELP\r\n"), "214 2.0.0");
    ck_assert_starts(talk_say_text(talk, "WHAT\r\n"), "502 5.5.1 Unrec");
    ck_assert_starts(talk_say_text(talk, "STARTTLS\r\n"), "454 5.5.1");
    ck_assert_starts(talk_say_text(talk, "EHLO\r\n"), "501-5.5.4 Empty");
    talk_close(talk);
}

TEST(sink, what_is_pipelined_behind_starttls_is_thrown_away)
{
    struct talk *talk = talk_open(NULL);
    talk->session = smtpd_create(&talk->config, 1, false);
    smtpd_feed(talk->session, SLICE("EHLO me\r\nSTARTTLS\r\nNOOP\r\n"));
    smtpd_feed(talk->session, SLICE(""));
    talk_hear(talk);
    smtpd_secured(talk->session);
    ck_assert_str_eq(talk_say_text(talk, ""), "");
    ck_assert_uint_eq(talk->tally.violations, 1);
    talk_close(talk);
}

TEST(sink, a_mail_over_the_size_is_refused_and_the_next_one_passes)
{
    struct talk *talk = talk_logged_in(NULL);
    ck_assert_starts(talk_say_text(talk, "MAIL FROM:<a@b.c> SIZE=4001\r\n"),
                     "552 5.3.4");
    talk_say_text(talk, ENVELOPE);
    for (int i = 0; i < 100; i++)
        talk_say_text(talk, "0123456789012345678901234567890123456789012345678\r\n");
    ck_assert_starts(talk_say_text(talk, ".\r\n"), "552-5.3.4 Your message exceeded");
    ck_assert_holds(talk_say_text(talk, ENVELOPE "hi\r\n.\r\n"), "250 2.0.0 OK");
    ck_assert_slice(buf_slice(&talk->mails), "a@b.c|d@e.f,|hi\r\n");
    talk_close(talk);
}

TEST(sink, bare_line_ends_are_counted_and_end_no_mail)
{
    struct talk *talk = talk_logged_in(NULL);
    ck_assert_holds(talk_say_text(talk, ENVELOPE "a\n.\nb\rc\r\n.\r\n"),
                    "250 2.0.0 OK");
    ck_assert_slice(buf_slice(&talk->mails), "a@b.c|d@e.f,|a\n.\nb\rc\r\n");
    ck_assert_uint_eq(talk->tally.violations, 2);
    ck_assert_starts(talk_say_text(talk, "NOOP\n"), "250 2.0.0 OK");
    ck_assert_uint_eq(talk->tally.violations, 3);
    ck_assert_str_eq(talk->tally.last_violation, "a command that ends with a bare LF");
    talk_close(talk);
}

TEST(sink, a_strict_session_refuses_violations)
{
    struct talk *talk = talk_logged_in(NULL);
    talk->config.is_strict = true;
    ck_assert_holds(talk_say_text(talk, ENVELOPE "a\nb\r\n.\r\n"),
                    "554 5.6.0 Message is malformed: a bare LF in the mail.");
    ck_assert_holds(talk_say_text(talk, ENVELOPE ".a\r\n.\r\n"), "554 5.6.0");
    ck_assert_starts(talk_say_text(talk, "NOOP\n"), "500 5.5.2");
    ck_assert_holds(talk_say_text(talk, ENVELOPE "\xc3\xa4\r\n.\r\n"), "554 5.6.0");
    ck_assert_holds(talk_say_text(talk, "MAIL FROM:<a@b.c> BODY=8BITMIME\r\n"
                                        "RCPT TO:<d@e.f>\r\nDATA\r\n\xc3\xa4\r\n.\r\n"),
                    "250 2.0.0 OK");
    talk_close(talk);
}

TEST(sink, the_hundred_and_first_recipient_is_refused_for_now)
{
    struct talk *talk = talk_logged_in(NULL);
    talk_say_text(talk, "MAIL FROM:<a@b.c>\r\n");
    for (int i = 0; i < 100; i++)
        ck_assert_starts(talk_say_text(talk, "RCPT TO:<d@e.f>\r\n"), "250");
    ck_assert_starts(talk_say_text(talk, "RCPT TO:<d@e.f>\r\n"), "452-4.5.3");
    talk_close(talk);
}

TEST(sink, a_scripted_refusal_of_one_recipient_leaves_the_others)
{
    struct talk *talk = talk_logged_in("rcpt(bob@):550 5.1.1 no such user\\nlook here");
    const char *heard = talk_say_text(talk, "MAIL FROM:<a@b.c>\r\nRCPT TO:<bob@e.f>\r\n"
                                            "RCPT TO:<d@e.f>\r\nDATA\r\nx\r\n.\r\n");
    ck_assert_holds(heard,
                    "\r\n550-5.1.1 no such user\r\n550 5.1.1 look here\r\n250 2.1.5");
    ck_assert_slice(buf_slice(&talk->mails), "a@b.c|d@e.f,|x\r\n");
    ck_assert_uint_eq(talk->tally.refused_recipients, 1);
    talk_close(talk);
}

TEST(sink, a_rule_counts_its_times)
{
    struct talk *talk = talk_logged_in("data:2x451 4.3.0 later");
    ck_assert_holds(talk_say_text(talk, ENVELOPE), "451 4.3.0 later\r\n");
    ck_assert_holds(talk_say_text(talk, ENVELOPE), "451 4.3.0 later\r\n");
    ck_assert_holds(talk_say_text(talk, ENVELOPE), "354 Go ahead");
    talk_close(talk);
    talk = talk_logged_in("rset:#2 502 5.5.1 no");
    ck_assert_starts(talk_say_text(talk, "RSET\r\n"), "250");
    ck_assert_starts(talk_say_text(talk, "RSET\r\n"), "502 5.5.1 no\r\n");
    ck_assert_starts(talk_say_text(talk, "RSET\r\n"), "250");
    talk_close(talk);
}

TEST(sink, a_421_closes_unless_it_stays)
{
    struct talk *talk = talk_logged_in("mail:421 4.7.0 try later");
    ck_assert_str_eq(talk_say_text(talk, ENVELOPE), "421 4.7.0 try later\r\n");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_CLOSE);
    talk_close(talk);
    talk = talk_logged_in("mail:stay 421 4.7.0 try later");
    ck_assert_holds(talk_say_text(talk, ENVELOPE), "421 4.7.0 try later\r\n503");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_TALK);
    talk_close(talk);
}

TEST(sink, a_mail_can_be_taken_without_a_reply)
{
    struct talk *talk = talk_logged_in("dot:take close");
    const char *heard = talk_say_text(talk, ENVELOPE "x\r\n.\r\n");
    ck_assert_str_eq(strstr(heard, "354 "), "354 Go ahead 1-0 - gsmtp\r\n");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_CLOSE);
    ck_assert_uint_eq(talk->tally.accepted, 1);
    talk_close(talk);
    talk = talk_logged_in("dot:reset");
    talk_say_text(talk, ENVELOPE "x\r\n.\r\n");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_RESET);
    ck_assert_uint_eq(talk->tally.accepted, 0);
    talk_close(talk);
}

TEST(sink, a_hung_session_swallows_everything)
{
    struct talk *talk = talk_logged_in("rcpt:hang");
    ck_assert_holds(talk_say_text(talk, "MAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\n"),
                    "250 2.1.0");
    ck_assert_str_eq(talk_say_text(talk, "NOOP\r\nQUIT\r\n"), "");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_TALK);
    talk_close(talk);
}

TEST(sink, a_reply_that_waits_holds_what_is_pipelined_behind_it)
{
    struct talk *talk = talk_logged_in("mail:wait 2s");
    const char *heard = talk_say_text(talk, "NOOP\r\nMAIL FROM:<>\r\nQUIT\r\n");
    ck_assert_str_eq(heard, "250 2.0.0 OK 1-0 - gsmtp\r\n");
    ck_assert_int_eq(smtpd_pause_ms(talk->session), 2000);
    smtpd_resume(talk->session);
    ck_assert_holds(talk_say_text(talk, ""), "250 2.1.0 OK 1-0 - gsmtp\r\n221 ");
    talk_close(talk);
}

TEST(sink, an_early_answer_to_the_body_is_the_only_one)
{
    struct talk *talk = talk_logged_in("body:552 5.3.4 too big");
    ck_assert_holds(talk_say_text(talk, ENVELOPE "x\r\n"), "552 5.3.4 too big\r\n");
    ck_assert_str_eq(talk_say_text(talk, "y\r\n.\r\n"), "");
    ck_assert_uint_eq(talk->tally.accepted, 0);
    ck_assert_starts(talk_say_text(talk, "NOOP\r\n"), "250");
    talk_close(talk);
}

TEST(sink, a_greeting_can_refuse)
{
    struct talk *talk = talk_open("greeting:close 554 5.3.2 closed for today");
    talk->session = smtpd_create(&talk->config, 1, true);
    ck_assert_str_eq(talk_say_text(talk, "EHLO x\r\n"),
                     "554 5.3.2 closed for today\r\n");
    ck_assert_int_eq(smtpd_wish(talk->session), SMTPD_CLOSE);
    talk_close(talk);
}

TEST(sink, an_endless_command_is_skipped_and_answered_once)
{
    struct talk *talk = talk_logged_in(NULL);
    char many[1000];
    memset(many, 'x', sizeof many);
    for (int i = 0; i < 100; i++)
        smtpd_feed(talk->session, slice_make(many, sizeof many));
    ck_assert_starts(talk_say_text(talk, "\r\nNOOP\r\n"), "500 5.5.1 Line too long");
    ck_assert_holds(talk->heard.ptr, "\r\n250 2.0.0 OK");
    talk_close(talk);
}
