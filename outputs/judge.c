/**
 * The policy of retries. The rule that shapes it: one bad recipient never holds back
 * the others, and a limit of the account never uses up the attempts of a mail.
 */
#include "outputs/judge.h"
#include "agent/base/plant.h"

enum { JITTER_PERCENT = 25 };

struct judging {
    const struct attempt *attempt;
    enum recipient_state *states;
    struct judgement out;
    int64_t wait_ms;    /* the longest that a verdict asks for */
    bool has_free_wait; /* the account waits instead of the mail */
    bool is_crowded;    /* there are too many recipients */
};

static const struct smtp_reply *reply_to(const struct judging *judging, size_t i)
{
    return &judging->attempt->result->recipients[i];
}

static size_t recipient_count(const struct judging *judging)
{
    return judging->attempt->job->recipient_count;
}

/* The first reply that asks for something is the one that people are shown. */
static void quote(struct judging *judging, const struct smtp_reply *reply)
{
    if (judging->out.advice[0])
        return;
    const char *advice = verdict_of(reply)->advice;
    judging->out.reply = reply;
    judging->out.advice = advice ? advice : "";
}

/* "Too many recipients for this sender", said of a single one, is the day's limit. */
static const struct verdict *verdict_of_one(const struct smtp_reply *reply)
{
    static const struct smtp_reply quota = { .phase = PHASE_RCPT,
                                             .code = 550,
                                             .enhanced = "5.4.5" };
    return verdict_of(reply->code >= 500 ? &quota : reply);
}

static void ask_to_wait(struct judging *judging, const struct smtp_reply *reply)
{
    const struct verdict *verdict = verdict_of(reply);
    quote(judging, reply);
    if (verdict->trouble == TROUBLE_RECIPIENTS && recipient_count(judging) > 1)
        judging->is_crowded = true;
    else if (verdict->trouble == TROUBLE_RECIPIENTS)
        verdict = verdict_of_one(reply);
    if (verdict->scope == SCOPE_ACCOUNT)
        judging->has_free_wait = true;
    if (verdict->scope == SCOPE_ACCOUNT || verdict->scope == SCOPE_NETWORK) {
        judging->out.hold = verdict;
        judging->out.hold_reply = reply;
    } else if (verdict->wait_ms > judging->wait_ms) {
        judging->wait_ms = verdict->wait_ms;
    }
}

static void give_up_recipient(struct judging *judging, size_t i)
{
    judging->states[i] = RECIPIENT_DEAD;
    judging->out.refused_count++;
}

static bool is_hopeless(const struct judging *judging, const struct smtp_reply *reply)
{
    const struct verdict *verdict = verdict_of(reply);
    return verdict->outcome == OUTCOME_NEVER ||
           (planted(PLANT_QUOTA_IS_FINAL) && verdict->trouble == TROUBLE_QUOTA) ||
           (verdict->trouble == TROUBLE_PROTOCOL && verdict->scope == SCOPE_NETWORK &&
            judging->attempt->job->attempts + 1 >= PROTOCOL_MAX);
}

/* What the server said to each RCPT; who was accepted or not asked keeps waiting. */
static void judge_recipients(struct judging *judging)
{
    for (size_t i = 0; i < recipient_count(judging); i++) {
        const struct smtp_reply *reply = reply_to(judging, i);
        if (reply->code < 400)
            continue;
        if (!is_hopeless(judging, reply)) {
            ask_to_wait(judging, reply);
            continue;
        }
        quote(judging, reply);
        give_up_recipient(judging, i);
    }
}

static size_t count_state(const struct judging *judging, enum recipient_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < recipient_count(judging); i++)
        count += judging->states[i] == state;
    return count;
}

static void give_up_waiting(struct judging *judging)
{
    for (size_t i = 0; i < recipient_count(judging); i++)
        if (judging->states[i] == RECIPIENT_WAITING)
            give_up_recipient(judging, i);
}

static int64_t next_wait_ms(const struct judging *judging, struct rng *rng)
{
    int64_t backoff = backoff_ms(judging->attempt->job->attempts, HOUR_MS);
    int64_t wait = rng_jitter(rng, backoff, JITTER_PERCENT);
    int64_t asked = rng_later(rng, judging->wait_ms);
    return wait > asked ? wait : asked;
}

/* Somebody still waits: again later, unless it is too late already. */
static void postpone(struct judging *judging, struct now now, struct rng *rng)
{
    bool has_delivered = count_state(judging, RECIPIENT_DELIVERED) > 0;
    judging->out.event = EVENT_POSTPONE;
    judging->out.is_attempt = !judging->has_free_wait;
    judging->out.next_at_ms = now.unix_ms;
    /* Nobody got it, and the same again would end the same: fewer at once. */
    if (judging->is_crowded && !has_delivered) {
        judging->out.part = (recipient_count(judging) + 1) / 2;
        judging->out.is_attempt = false;
        return;
    }
    /* When others got it and no wait is asked for (452 4.5.3), the rest goes at
     * once. */
    if (judging->out.is_attempt && !(has_delivered && judging->wait_ms == 0))
        judging->out.next_at_ms += next_wait_ms(judging, rng);
    if (planted(PLANT_LATER_IS_NEVER))
        judging->out.next_at_ms += DAY_MS;
    if (!judging->attempt->is_early &&
        now.unix_ms - judging->attempt->job->created_ms > GIVE_UP_MS) {
        give_up_waiting(judging);
        judging->out.event = EVENT_EXPIRE;
    }
}

static void conclude(struct judging *judging, struct now now, struct rng *rng)
{
    bool is_told = count_state(judging, RECIPIENT_DELIVERED) > 0 ||
                   judging->attempt->job->delivered_count > 0;
    if (judging->out.wants_short)
        return;
    if (count_state(judging, RECIPIENT_WAITING) > 0)
        postpone(judging, now, rng);
    else if (judging->attempt->job->rest_count > 0)
        judging->out.event = EVENT_POSTPONE;
    else
        judging->out.event = is_told ? EVENT_ACCEPT : EVENT_REFUSE;
}

static void judge_accepted(struct judging *judging)
{
    judge_recipients(judging);
    for (size_t i = 0; i < recipient_count(judging); i++)
        if (reply_to(judging, i)->code < 300)
            judging->states[i] = RECIPIENT_DELIVERED;
}

static void judge_doubt(struct judging *judging, struct now now, struct rng *rng)
{
    int64_t wait = judging->attempt->doubt_wait_ms;
    judge_recipients(judging);
    judging->out.reply = &judging->attempt->result->reply;
    judging->out.advice = verdict_of(judging->out.reply)->advice;
    judging->out.is_attempt = true;
    judging->out.event = planted(PLANT_DOUBT_IS_SENT) ? EVENT_ACCEPT : EVENT_DOUBT;
    judging->out.next_at_ms = now.unix_ms + rng_later(rng, wait);
    if (judging->attempt->job->doubts < DOUBT_MAX)
        return;
    give_up_waiting(judging);
    judging->out.event = EVENT_EXPIRE;
    judging->out.advice =
        "in doubt: the connection ended three times before the server "
        "confirmed; the mail may have arrived";
}

/* A refusal of the whole mail: MAIL, DATA, the body or the dot. */
static void judge_refused(struct judging *judging)
{
    const struct outbox_job *job = judging->attempt->job;
    const struct smtp_reply *reply = &judging->attempt->result->reply;
    if (reply->phase == PHASE_RCPT && reply->code != 0 && reply->code != 421) {
        judge_recipients(judging);
        return;
    }
    if (verdict_of(reply)->trouble == TROUBLE_SIZE && !job->is_short) {
        quote(judging, reply);
        judging->out.wants_short = judging->out.is_attempt = true;
        judging->out.event = EVENT_POSTPONE;
        return;
    }
    if (is_hopeless(judging, reply)) {
        quote(judging, reply);
        give_up_waiting(judging);
        return;
    }
    ask_to_wait(judging, reply);
    judge_recipients(judging);
}

/* A connection that died while it was idle: nothing was tried, so nothing failed. */
static bool is_stale_connection(const struct attempt *attempt)
{
    const struct dialog_result *result = attempt->result;
    if (!attempt->is_reused || result->is_accepted || result->is_in_doubt)
        return false;
    return !result->was_answered ||
           (result->reply.phase == PHASE_MAIL &&
            (result->reply.code == 421 ||
             verdict_of(&result->reply)->trouble == TROUBLE_STALE));
}

struct judgement judge(const struct attempt *attempt, struct now now, struct rng *rng,
                       enum recipient_state *states)
{
    struct judging judging = {
        .attempt = attempt,
        .states = states,
        .out = { .reply = &attempt->result->reply,
                 .advice = "",
                 .next_at_ms = now.unix_ms,
                 .part = attempt->job->part },
    };
    for (size_t i = 0; i < attempt->job->recipient_count; i++)
        states[i] = RECIPIENT_WAITING;
    if (is_stale_connection(attempt)) {
        judging.out.event = EVENT_POSTPONE;
        return judging.out;
    }
    if (attempt->result->is_in_doubt) {
        judge_doubt(&judging, now, rng);
        return judging.out;
    }
    if (attempt->result->is_accepted)
        judge_accepted(&judging);
    else
        judge_refused(&judging);
    conclude(&judging, now, rng);
    return judging.out;
}
