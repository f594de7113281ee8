/** The two rows that are compared: mails that left, and lines about our mails. */
#include "rules/rule_feedback.h"

#include "agent/base/text.h"
#include "rules/own_lines.h"
#include "rules/rule_parts.h"

/* One look sees several mails when they are many; of ten lines nine must have come
 * close behind a mail, and there must be a third as many as mails. */
enum { MIN_LOOKS = 5, FAR_SHARE = 10, MAILS_A_LINE = 3 };

void rule_note_own_mail(struct rules *rules, struct rule *rule, struct slice line)
{
    const struct rules_setting *setting = rules->setting;
    if (!line_names(line, setting->own_addresses, setting->own_address_count))
        return;
    rule->feedback.lines++;
    rules->own_mail_lines++;
}

bool rule_is_crowded(const struct rule *rule, struct now now)
{
    return now.mono_ms < rule->feedback.held_until_ms;
}

static void begin_again(struct rule_feedback *feedback, uint64_t mails)
{
    feedback->first_mail = feedback->last_mail = mails;
    feedback->looks = feedback->near = feedback->far = 0;
}

static bool is_circle(const struct rule_feedback *feedback, uint64_t mails)
{
    uint64_t lines = feedback->near + feedback->far;
    return feedback->looks >= MIN_LOOKS && lines * MAILS_A_LINE >= mails &&
           feedback->far * FAR_SHARE <= lines;
}

/** Lines came about our own mails. @return whether they came round in a circle. */
static bool judge(struct rule_feedback *feedback, uint64_t mails, bool is_near)
{
    uint64_t fresh = feedback->lines - feedback->seen_lines;
    feedback->seen_lines = feedback->lines;
    *(is_near ? &feedback->near : &feedback->far) += fresh;
    if (mails != feedback->last_mail)
        feedback->looks++;
    feedback->last_mail = mails;
    uint64_t mails_in_row = mails - feedback->first_mail;
    if (mails_in_row < FEEDBACK_MAILS)
        return false;
    bool found = is_circle(feedback, mails_in_row);
    if (found || feedback->looks >= MIN_LOOKS)
        begin_again(feedback, mails);
    return found;
}

void rules_watch_feedback(struct rules *rules, uint64_t mails, struct now now,
                          void (*found)(void *ctx, const struct rule *rule), void *ctx)
{
    if (mails != rules->mails_seen)
        rules->mail_at_ms = now.mono_ms;
    rules->mails_seen = mails;
    if (rules->own_mail_lines == rules->own_mail_lines_seen)
        return;
    rules->own_mail_lines_seen = rules->own_mail_lines;
    bool is_near = mails > 0 && now.mono_ms - rules->mail_at_ms <= FEEDBACK_NEAR_MS;
    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->items[i];
        if (rule->feedback.lines == rule->feedback.seen_lines ||
            !judge(&rule->feedback, mails, is_near))
            continue;
        if (!rule_is_crowded(rule, now))
            found(ctx, rule);
        rule->feedback.held_until_ms = now.mono_ms + FEEDBACK_HOLD_MS;
    }
}
