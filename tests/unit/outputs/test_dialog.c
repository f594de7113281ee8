/** The conversation from MAIL to QUIT against a scripted server, bytes in any
 *  pieces. */
#include "outputs/dialog.h"

#include "agent/base/rng.h"

#include "test.h"

static const struct slice two[] = { { "a@x.org", 7 }, { "b@x.org", 7 } };
static const struct dialog_mail mail_to_two = {
    .from = { "me@x.org", 8 },
    .recipients = two,
    .recipient_count = 2,
    .bytes = { "Subject: x\r\n\r\n.dot\r\nend\r\n", 25 },
};
static const struct dialog_offer nothing = { 0 };
static const struct dialog_offer pipelining = { .pipelining = true };

/* Everything the client says now, as a C string that lives until the next call. */
static const char *said(struct dialog *dialog)
{
    static struct buf all;
    all.max_bytes = 1 << 20;
    buf_clear(&all);
    for (struct slice out; (out = dialog_output(dialog)).len > 0;) {
        buf_put(&all, out);
        dialog_sent(dialog, out.len);
    }
    return all.len > 0 ? all.ptr : "";
}

static void hear(struct dialog *dialog, const char *text)
{
    dialog_feed(dialog, slice_of(text));
}

static struct dialog begun(struct dialog_offer offer)
{
    struct dialog dialog;
    dialog_init(&dialog, offer);
    dialog_start(&dialog, &mail_to_two);
    return dialog;
}

TEST(dialog, a_mail_is_handed_over_one_command_after_the_other)
{
    struct dialog dialog = begun(nothing);
    ck_assert_str_eq(said(&dialog), "MAIL FROM:<me@x.org>\r\n");
    hear(&dialog, "250 ok\r\n");
    ck_assert_str_eq(said(&dialog), "RCPT TO:<a@x.org>\r\n");
    hear(&dialog, "250 ok\r\n");
    ck_assert_str_eq(said(&dialog), "RCPT TO:<b@x.org>\r\n");
    hear(&dialog, "250 ok\r\n");
    ck_assert_str_eq(said(&dialog), "DATA\r\n");
    hear(&dialog, "354 go\r\n");
    ck_assert_str_eq(said(&dialog), "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n");
    ck_assert_int_eq(dialog.phase, PHASE_DOT);
    ck_assert(!dialog.result.is_ready);
    hear(&dialog, "250 2.0.0 OK\r\n");
    ck_assert(dialog.result.is_ready && dialog.result.is_accepted);
    ck_assert_int_eq(dialog.state, DIALOG_IDLE);
    dialog_quit(&dialog);
    ck_assert_str_eq(said(&dialog), "QUIT\r\n");
    hear(&dialog, "221 bye\r\n");
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    dialog_clear(&dialog);
}

TEST(dialog, with_pipelining_mail_and_recipients_leave_together)
{
    struct dialog dialog = begun((struct dialog_offer){ true, true, true });
    ck_assert_str_eq(said(&dialog), "MAIL FROM:<me@x.org> SIZE=25\r\n"
                                    "RCPT TO:<a@x.org>\r\nRCPT TO:<b@x.org>\r\n"
                                    "DATA\r\n");
    hear(&dialog, "250 ok\r\n250 ok\r\n250 ok\r\n");
    ck_assert_str_eq(said(&dialog), "");
    hear(&dialog, "354 go\r\n");
    ck_assert_str_eq(said(&dialog), "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n");
    dialog_clear(&dialog);
}

TEST(dialog, data_that_left_with_refused_recipients_gets_an_empty_end)
{
    struct dialog dialog = begun(pipelining);
    said(&dialog);
    hear(&dialog, "250 ok\r\n550 5.1.1 no\r\n550 5.1.1 nor here\r\n");
    ck_assert(dialog.result.is_ready && !dialog.result.is_accepted);
    ck_assert_str_eq(said(&dialog), "");
    hear(&dialog, "354 go\r\n");
    ck_assert_str_eq(said(&dialog), ".\r\n");
    hear(&dialog, "554 5.5.1 no valid recipients\r\n");
    ck_assert_str_eq(dialog.result.reply.text, "nor here");
    ck_assert_str_eq(said(&dialog), "RSET\r\n");
    hear(&dialog, "250 ok\r\n");
    ck_assert_int_eq(dialog.state, DIALOG_IDLE);
    dialog_clear(&dialog);
}

TEST(dialog, an_empty_end_that_is_lost_or_taken_leaves_no_doubt)
{
    static const char *const ends[] = { NULL, "250 taken\r\n", "421 busy\r\n" };
    for (size_t i = 0; i < 3; i++) {
        struct dialog dialog = begun(pipelining);
        said(&dialog);
        hear(&dialog, "550 5.4.5 limit\r\n503 no\r\n503 no\r\n354 go\r\n");
        said(&dialog);
        if (ends[i])
            hear(&dialog, ends[i]);
        dialog_lost(&dialog, SLICE("gone"));
        ck_assert(!dialog.result.is_accepted && !dialog.result.is_in_doubt);
        ck_assert_str_eq(dialog.result.reply.enhanced, "5.4.5");
        dialog_clear(&dialog);
    }
}

TEST(dialog, a_pipelined_data_that_is_refused_ends_the_mail)
{
    struct dialog dialog = begun(pipelining);
    said(&dialog);
    hear(&dialog, "250 ok\r\n250 ok\r\n250 ok\r\n451 4.3.0 not now\r\n");
    ck_assert(dialog.result.is_ready && !dialog.result.is_accepted);
    ck_assert_int_eq(dialog.result.reply.phase, PHASE_DATA);
    ck_assert_str_eq(said(&dialog), "RSET\r\n");
    dialog_clear(&dialog);
}

static void run_conversation(struct dialog *dialog, const char *const *server,
                             size_t split)
{
    for (; *server && dialog->state != DIALOG_CLOSED; server++) {
        struct slice bytes = slice_of(*server);
        said(dialog);
        size_t head = split < bytes.len ? split : bytes.len;
        dialog_feed(dialog, slice_make(bytes.ptr, head));
        dialog_feed(dialog, slice_make(bytes.ptr + head, bytes.len - head));
    }
}

TEST(dialog, the_end_is_the_same_wherever_the_servers_bytes_are_split)
{
    static const char *const server[] = { "250-2.1.0 OK\r\n250 2.1.0 on\r\n250 2.1.5 "
                                          "OK\r\n550-5.1.1 no\r\n550 5.1.1 one\r\n",
                                          "354-Go\r\n354 on\r\n",
                                          "250 2.0.0 OK 17 - gsmtp\r\n", NULL };
    for (size_t split = 0; split < 80; split++) {
        struct dialog dialog = begun(pipelining);
        run_conversation(&dialog, server, split);
        ck_assert(dialog.result.is_accepted);
        ck_assert_int_eq(dialog.result.recipients[0].code, 250);
        ck_assert_int_eq(dialog.result.recipients[1].code, 550);
        ck_assert_str_eq(dialog.result.recipients[1].text, "no one");
        ck_assert_int_eq(dialog.state, DIALOG_IDLE);
        dialog_clear(&dialog);
    }
}

TEST(dialog, without_any_recipient_there_is_no_data_and_rset_keeps_the_login)
{
    struct dialog dialog = begun(pipelining);
    said(&dialog);
    hear(&dialog, "250 ok\r\n550 5.1.1 no\r\n450 4.2.1 slow\r\n");
    ck_assert(dialog.result.is_ready && !dialog.result.is_accepted);
    ck_assert_int_eq(dialog.result.reply.code, 450);
    hear(&dialog, "503 5.5.1 RCPT first\r\n");
    ck_assert_str_eq(said(&dialog), "RSET\r\n");
    ck_assert_int_eq(dialog.state, DIALOG_BUSY);
    hear(&dialog, "250 ok\r\n");
    ck_assert_int_eq(dialog.state, DIALOG_IDLE);
    dialog_start(&dialog, &mail_to_two);
    ck_assert(!dialog.result.is_ready);
    dialog_clear(&dialog);
}

TEST(dialog, a_refused_sender_ends_the_mail_with_the_first_refusal)
{
    struct dialog dialog = begun(pipelining);
    said(&dialog);
    hear(&dialog, "550 5.4.5 Daily limit\r\n503 no\r\n503 no\r\n503 no\r\n");
    ck_assert_str_eq(dialog.result.reply.enhanced, "5.4.5");
    ck_assert_int_eq(dialog.result.reply.phase, PHASE_MAIL);
    ck_assert_int_eq(dialog.result.recipients[0].code, 0);
    ck_assert_str_eq(said(&dialog), "RSET\r\n");
    dialog_clear(&dialog);
}

TEST(dialog, after_421_nothing_more_is_said)
{
    static const char *const ends[] = { "421 4.4.5 busy\r\n",
                                        "250 ok\r\n250 ok\r\n421 4.7.0 no\r\n" };
    for (int i = 0; i < 2; i++) {
        struct dialog dialog = begun(pipelining);
        said(&dialog);
        hear(&dialog, ends[i]);
        ck_assert(dialog.result.is_ready && !dialog.result.is_in_doubt);
        ck_assert_int_eq(dialog.result.reply.code, 421);
        ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
        ck_assert_str_eq(said(&dialog), "");
        dialog_clear(&dialog);
    }
}

static struct dialog at_data(void)
{
    struct dialog dialog = begun(pipelining);
    said(&dialog);
    hear(&dialog, "250 ok\r\n250 ok\r\n250 ok\r\n");
    said(&dialog);
    hear(&dialog, "354 go\r\n");
    return dialog;
}

TEST(dialog, a_connection_lost_before_the_dot_is_shown_leaves_no_doubt)
{
    struct dialog dialog = at_data();
    dialog_lost(&dialog, SLICE("reset"));
    ck_assert(dialog.result.is_ready && !dialog.result.is_in_doubt);
    ck_assert_int_eq(dialog.result.reply.phase, PHASE_BODY);
    dialog_clear(&dialog);
}

TEST(dialog, a_connection_lost_after_the_dot_leaves_the_mail_in_doubt)
{
    struct dialog dialog = at_data();
    (void)dialog_output(&dialog);
    dialog_lost(&dialog, SLICE("reset"));
    ck_assert(dialog.result.is_ready && dialog.result.is_in_doubt);
    ck_assert_int_eq(dialog.result.reply.phase, PHASE_DOT);
    ck_assert_str_eq(dialog.result.reply.text, "reset");
    dialog_clear(&dialog);
}

TEST(dialog, a_refusal_after_the_dot_is_no_doubt_and_keeps_the_connection)
{
    struct dialog dialog = at_data();
    said(&dialog);
    hear(&dialog, "552 5.2.3 too large\r\n");
    ck_assert(dialog.result.is_ready && !dialog.result.is_in_doubt);
    ck_assert(!dialog.result.is_accepted);
    ck_assert_str_eq(said(&dialog), "RSET\r\n");
    dialog_clear(&dialog);
}

TEST(dialog, a_refusal_in_the_middle_of_the_body_counts_and_ends_the_connection)
{
    struct dialog dialog = at_data();
    struct slice out = dialog_output(&dialog);
    dialog_sent(&dialog, out.len / 2);
    hear(&dialog, "552 5.3.4 too large\r\n");
    ck_assert_int_eq(dialog.result.reply.code, 552);
    ck_assert(!dialog.result.is_in_doubt);
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    dialog_clear(&dialog);
}

TEST(dialog, S26_an_answer_before_its_question_is_never_a_success)
{
    struct dialog dialog = begun(pipelining);
    said(&dialog);
    hear(&dialog, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 sent\r\n");
    ck_assert(dialog.result.is_ready && !dialog.result.is_accepted);
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    dialog_clear(&dialog);
    dialog = at_data();
    hear(&dialog, "250 sent\r\n");
    ck_assert(!dialog.result.is_accepted && !dialog.result.is_in_doubt);
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    dialog_clear(&dialog);
}

TEST(dialog, S26_what_is_no_smtp_after_the_dot_leaves_doubt)
{
    static const char *const bad[] = { "hello\r\n", "354 again\r\n",
                                       "250-a\r\n550 b\r\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct dialog dialog = at_data();
        said(&dialog);
        hear(&dialog, bad[i]);
        ck_assert(dialog.result.is_in_doubt && !dialog.result.is_accepted);
        ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
        dialog_clear(&dialog);
    }
}

TEST(dialog, S26_a_reply_that_nobody_asked_for_ends_an_idle_connection)
{
    struct dialog dialog;
    dialog_init(&dialog, nothing);
    hear(&dialog, "421 4.4.2 timeout\r\n");
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    ck_assert(!dialog.result.is_ready);
    dialog_clear(&dialog);
}

TEST(dialog, S26_a_success_stays_one_when_the_server_goes_on_talking)
{
    struct dialog dialog = at_data();
    said(&dialog);
    hear(&dialog, "250 ok\r\n421 closing\r\n");
    ck_assert(dialog.result.is_accepted);
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    dialog_clear(&dialog);
}

TEST(dialog, S19_an_endless_reply_is_cut_off)
{
    struct dialog dialog = begun(nothing);
    said(&dialog);
    for (int i = 0; i < 200 && dialog.state != DIALOG_CLOSED; i++)
        hear(&dialog, "250-and so on\r\n");
    ck_assert_int_eq(dialog.state, DIALOG_CLOSED);
    ck_assert(!dialog.result.is_in_doubt);
    dialog_clear(&dialog);
}

TEST(dialog, the_body_is_declared_eight_bit_only_when_it_is_and_may_be)
{
    struct dialog_mail mail = mail_to_two;
    struct dialog dialog;
    mail.bytes = SLICE("\xc3\xa4\r\n");
    dialog_init(&dialog, (struct dialog_offer){ .eight_bit = true });
    dialog_start(&dialog, &mail);
    ck_assert_str_eq(said(&dialog), "MAIL FROM:<me@x.org> BODY=8BITMIME\r\n");
    dialog_clear(&dialog);
}

TEST(dialog, dots_are_doubled_and_a_missing_line_end_is_added)
{
    static const char *const bodies[][2] = {
        { "", "\r\n.\r\n" },
        { ".", "..\r\n.\r\n" },
        { "a\r\n.\r\n..\r\n", "a\r\n..\r\n...\r\n.\r\n" },
        { "a", "a\r\n.\r\n" },
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct dialog_mail mail = mail_to_two;
        struct dialog dialog;
        mail.bytes = slice_of(bodies[i][0]);
        dialog_init(&dialog, pipelining);
        dialog_start(&dialog, &mail);
        said(&dialog);
        hear(&dialog, "250 ok\r\n250 ok\r\n250 ok\r\n");
        said(&dialog);
        hear(&dialog, "354 go\r\n");
        ck_assert_str_eq(said(&dialog), bodies[i][1]);
        dialog_clear(&dialog);
    }
}

TEST(dialog, the_server_gets_ten_minutes_after_the_dot_and_none_when_idle)
{
    struct dialog dialog = begun(pipelining);
    ck_assert_int_eq(dialog_timeout_ms(&dialog), 5 * MINUTE_MS);
    dialog_clear(&dialog);
    dialog = at_data();
    said(&dialog);
    ck_assert_int_eq(dialog_timeout_ms(&dialog), 10 * MINUTE_MS);
    hear(&dialog, "250 ok\r\n");
    ck_assert_int_eq(dialog_timeout_ms(&dialog), NEVER_MS);
    dialog_clear(&dialog);
}

/* What a server may say, right or wrong, and in any order. */
static const char *const sayings[] = {
    "250 ok\r\n",  "250-a\r\n250 b\r\n",      "354 go\r\n", "550 5.1.1 no\r\n", "2",
    "421 bye\r\n", "451 4.3.0 later\n",       "\r\n",       "250 2.1.5 ok\r\n", "25",
    "\x80\xff\n",  "552 5.3.4 too large\r\n", "503 no\r\n", "334 x\r\n",        "250-",
};

static void say_anything(struct dialog *dialog, struct rng *rng)
{
    struct slice out = dialog_output(dialog);
    if (out.len > 0 && rng_next(rng) % 4 != 0)
        dialog_sent(dialog,
                    rng_next(rng) % 3 ? out.len : rng_next(rng) % (out.len + 1));
    size_t which = rng_next(rng) % 3
                       ? rng_next(rng) % 3
                       : rng_next(rng) % (sizeof sayings / sizeof *sayings);
    if (rng_next(rng) % 2 == 0)
        hear(dialog, sayings[which]);
}

TEST(dialog, whatever_the_server_says_success_is_only_a_2xx_after_the_whole_mail)
{
    struct rng rng;
    int accepted_count = 0, doubt_count = 0;
    rng_seed(&rng, 42);
    for (int i = 0; i < 20000; i++) {
        struct dialog dialog = begun(i % 2 ? pipelining : nothing);
        for (int steps = 0; steps < 60 && !dialog.result.is_ready; steps++)
            say_anything(&dialog, &rng);
        const bool has_all =
            dialog.phase == PHASE_DOT && dialog.given == dialog.out.len;
        const bool was_shown = dialog.phase == PHASE_DOT;
        dialog_lost(&dialog, SLICE("end"));
        const struct dialog_result *result = &dialog.result;
        ck_assert(result->is_ready);
        ck_assert(!(result->is_accepted && result->is_in_doubt));
        ck_assert(!result->is_accepted || (has_all && result->reply.code / 100 == 2));
        ck_assert(!result->is_in_doubt || was_shown);
        accepted_count += result->is_accepted;
        doubt_count += result->is_in_doubt;
        dialog_clear(&dialog);
    }
    ck_assert_int_gt(accepted_count, 50);
    ck_assert_int_gt(doubt_count, 50);
}
