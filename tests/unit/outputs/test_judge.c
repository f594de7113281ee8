/** What becomes of a mail, whatever was said to each recipient. */
#include "outputs/judge.h"

#include "test.h"

static struct smtp_reply said(enum smtp_phase phase, int code, const char *enhanced)
{
    struct smtp_reply reply = { .phase = phase, .code = code };
    snprintf(reply.enhanced, sizeof reply.enhanced, "%s", enhanced);
    return reply;
}

struct case_of_judge {
    struct smtp_reply recipients[2];
    struct dialog_result result;
    struct outbox_job job;
    enum recipient_state states[2];
    bool is_reused;
};

static struct case_of_judge make_case(void)
{
    struct case_of_judge made = { 0 };
    made.recipients[0] = made.recipients[1] = said(PHASE_RCPT, 250, "2.1.5");
    made.result.is_ready = made.result.was_answered = made.result.is_accepted = true;
    made.result.reply = said(PHASE_DOT, 250, "2.0.0");
    made.job = (struct outbox_job){ .id = 1, .created_ms = 1000, .recipient_count = 2 };
    return made;
}

static struct judgement judged(struct case_of_judge *made, int64_t unix_ms)
{
    static struct rng rng;
    rng_seed(&rng, 1);
    made->result.recipients = made->recipients;
    const struct attempt attempt = { .job = &made->job,
                                     .result = &made->result,
                                     .is_reused = made->is_reused,
                                     .doubt_wait_ms = 10 * MINUTE_MS };
    return judge(&attempt, (struct now){ .mono_ms = 1, .unix_ms = unix_ms }, &rng,
                 made->states);
}

static void refuse(struct case_of_judge *made, struct smtp_reply reply)
{
    made->result.is_accepted = false;
    made->result.reply = reply;
}

TEST(judge, what_all_have_is_sent)
{
    struct case_of_judge made = make_case();
    ck_assert_int_eq(judged(&made, 2000).event, EVENT_ACCEPT);
    ck_assert_int_eq(made.states[0], RECIPIENT_DELIVERED);
    ck_assert_int_eq(made.states[1], RECIPIENT_DELIVERED);
}

TEST(judge, a_bad_recipient_is_given_up_alone)
{
    struct case_of_judge made = make_case();
    made.recipients[0] = said(PHASE_RCPT, 550, "5.1.1");
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_ACCEPT);
    ck_assert_uint_eq(judgement.refused_count, 1);
    ck_assert_int_eq(judgement.reply->code, 550);
    ck_assert_int_eq(made.states[0], RECIPIENT_DEAD);
    ck_assert_int_eq(made.states[1], RECIPIENT_DELIVERED);
}

TEST(judge, with_all_recipients_bad_the_mail_is_dead)
{
    struct case_of_judge made = make_case();
    made.recipients[0] = made.recipients[1] = said(PHASE_RCPT, 550, "5.1.1");
    refuse(&made, made.recipients[1]);
    ck_assert_int_eq(judged(&made, 2000).event, EVENT_REFUSE);
    made.job.delivered_count = 1;
    ck_assert_int_eq(judged(&made, 2000).event, EVENT_ACCEPT);
}

TEST(judge, too_many_recipients_go_on_at_once_when_some_were_taken)
{
    struct case_of_judge made = make_case();
    made.recipients[1] = said(PHASE_RCPT, 452, "4.5.3");
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert_int_eq(judgement.next_at_ms, 2000);
    made = make_case();
    made.recipients[0] = made.recipients[1] = said(PHASE_RCPT, 452, "4.5.3");
    refuse(&made, made.recipients[1]);
    judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.next_at_ms, 2000);
    ck_assert_uint_eq(judgement.part, 1);
    ck_assert(!judgement.is_attempt);
}

TEST(judge, too_many_recipients_said_of_the_whole_mail_halve_it)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_DATA, 452, "4.5.3"));
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert_uint_eq(judgement.part, 1);
    ck_assert_int_eq(judgement.next_at_ms, 2000);
}

TEST(judge, a_single_recipient_that_is_too_many_is_a_spent_quota)
{
    struct case_of_judge made = make_case();
    made.job.recipient_count = 1;
    made.recipients[0] = said(PHASE_RCPT, 550, "5.5.3");
    refuse(&made, made.recipients[0]);
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert(!judgement.is_attempt);
    ck_assert_ptr_nonnull(judgement.hold);
    ck_assert_int_eq(judgement.hold->trouble, TROUBLE_QUOTA);
}

TEST(judge, when_a_part_is_delivered_the_rest_goes_at_once)
{
    struct case_of_judge made = make_case();
    made.job.part = 2;
    made.job.rest_count = 3;
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert(!judgement.is_attempt);
    ck_assert_int_eq(judgement.next_at_ms, 2000);
    ck_assert_uint_eq(judgement.part, 2);
    ck_assert_int_eq(made.states[1], RECIPIENT_DELIVERED);
}

TEST(judge, what_is_too_large_goes_once_more_and_shorter)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_DOT, 552, "5.3.4"));
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert(judgement.wants_short);
    made.job.is_short = true;
    judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_REFUSE);
    ck_assert(!judgement.wants_short);
}

TEST(judge, the_third_time_that_the_server_is_lost_ends_the_mail)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_DATA, 503, "5.5.1"));
    ck_assert_int_eq(judged(&made, 2000).event, EVENT_POSTPONE);
    made.job.attempts = 2;
    ck_assert_int_eq(judged(&made, 2000).event, EVENT_REFUSE);
}

TEST(judge, a_time_out_of_the_server_on_an_old_connection_costs_nothing)
{
    struct case_of_judge made = make_case();
    made.is_reused = true;
    refuse(&made, said(PHASE_MAIL, 451, "4.4.2"));
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert(!judgement.is_attempt);
    ck_assert_ptr_null(judgement.hold);
}

TEST(judge, a_quota_holds_the_account_and_costs_no_attempt)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_DOT, 550, "5.4.5"));
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert(!judgement.is_attempt);
    ck_assert_ptr_nonnull(judgement.hold);
    ck_assert_int_eq(judgement.hold->wait_ms, HOUR_MS);
    ck_assert_int_eq(judgement.next_at_ms, 2000);
}

TEST(judge, a_quota_for_one_recipient_keeps_him_waiting)
{
    struct case_of_judge made = make_case();
    made.recipients[1] = said(PHASE_RCPT, 550, "5.4.5");
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_POSTPONE);
    ck_assert_ptr_nonnull(judgement.hold);
    ck_assert_int_eq(made.states[0], RECIPIENT_DELIVERED);
    ck_assert_int_eq(made.states[1], RECIPIENT_WAITING);
}

TEST(judge, S15_a_temporary_refusal_waits_by_the_backoff_with_jitter)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_DOT, 451, "4.3.0"));
    made.job.attempts = 2;
    struct judgement judgement = judged(&made, 2000);
    ck_assert(judgement.is_attempt);
    ck_assert_int_ge(judgement.next_at_ms, 2000 + 90 * SECOND_MS);
    ck_assert_int_le(judgement.next_at_ms, 2000 + 150 * SECOND_MS);
}

TEST(judge, a_mail_that_is_postponed_after_five_days_is_given_up)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_DOT, 451, "4.3.0"));
    ck_assert_int_eq(judged(&made, 1000 + GIVE_UP_MS).event, EVENT_POSTPONE);
    ck_assert_int_eq(judged(&made, 1001 + GIVE_UP_MS).event, EVENT_EXPIRE);
    ck_assert_int_eq(made.states[0], RECIPIENT_DEAD);
}

TEST(judge, a_mail_in_doubt_waits_and_is_given_up_the_third_time)
{
    struct case_of_judge made = make_case();
    made.recipients[0] = said(PHASE_RCPT, 550, "5.1.1");
    refuse(&made, said(PHASE_DOT, 0, ""));
    made.result.is_in_doubt = true;
    struct judgement judgement = judged(&made, 2000);
    ck_assert_int_eq(judgement.event, EVENT_DOUBT);
    ck_assert_int_ge(judgement.next_at_ms, 2000 + 10 * MINUTE_MS);
    ck_assert_int_le(judgement.next_at_ms, 2000 + 10 * MINUTE_MS * 5 / 4);
    ck_assert_int_eq(made.states[0], RECIPIENT_DEAD);
    ck_assert_int_eq(made.states[1], RECIPIENT_WAITING);
    made.job.doubts = 2;
    ck_assert_int_eq(judged(&made, 2000).event, EVENT_EXPIRE);
}

TEST(judge, a_dead_idle_connection_costs_nothing_but_only_when_it_was_idle)
{
    struct case_of_judge made = make_case();
    refuse(&made, said(PHASE_MAIL, 0, ""));
    made.result.was_answered = false;
    made.recipients[0] = made.recipients[1] = (struct smtp_reply){ 0 };
    made.is_reused = true;
    struct judgement judgement = judged(&made, 2000);
    ck_assert(!judgement.is_attempt && !judgement.hold);
    ck_assert_int_eq(judgement.next_at_ms, 2000);
    made.is_reused = false;
    judgement = judged(&made, 2000);
    ck_assert(judgement.is_attempt && judgement.hold);
}
