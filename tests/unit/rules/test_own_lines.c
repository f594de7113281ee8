/** Lines that the agent itself is the cause of, and rules that feed themselves. */
#include "rules/own_lines.h"

#include "rig.h"
#include "rules/matcher.h"
#include "rules/rule_cost.h"
#include "rules/rule_feedback.h"

TEST(own_lines, C17_what_syslog_copied_of_our_log_is_known_by_its_header)
{
    ck_assert(line_is_own(SLICE("Nov 27 03:00:00 web1 tocsin[4711]: refused")));
    ck_assert(line_is_own(SLICE("Nov  7 03:00:00 web1 tocsin[1]: refused")));
    ck_assert(line_is_own(SLICE("2026-11-27T03:00:00.123456+00:00 web1 tocsin[7]: x")));
    ck_assert(line_is_own(SLICE("2026-11-27T03:00:00Z web1 tocsin[7]: x")));
}

TEST(own_lines, C17_nobody_hides_a_line_by_writing_our_name_into_it)
{
    static const char *const lines[] = {
        "",
        "tocsin[4711]: refused",
        "Nov 27 03:00:00 web1 sshd[9]: login of tocsin[4711]: refused",
        "Nov 27 03:00:00 web1 app[1]: Nov 27 03:00:00 web1 tocsin[4711]: refused",
        "Nov 27 03:00:00 web1 tocsin: refused",
        "Nov 27 03:00:00 web1 tocsin[]: refused",
        "Nov 27 03:00:00 web1 tocsin[12",
        "Nov 27 03:00:00 web1 tocsin[x]: refused",
        "Nov 27 03:00:00 web1 mytocsin[12]: refused",
        "Nov 27 03:00:00  tocsin[12]: refused",
        "2026-11-27 03:00:00 web1 tocsin[12]: refused",
        "GET /?q=Nov 27 03:00:00 web1 tocsin[12]: refused",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(!line_is_own(slice_of(lines[i])), "'%s' is ours", lines[i]);
}

/* --- feedback --------------------------------------------------------------------- */

struct loop {
    struct rig *rig;
    struct slice addresses[2];
    struct rule *rule;
    struct now now;
    uint64_t mails;
    int found;
};

static struct loop *begin(void)
{
    struct loop *loop = mem_zalloc(sizeof *loop);
    loop->rig = rig_create();
    loop->addresses[0] = SLICE("agent@example.com");
    loop->addresses[1] = SLICE("ops@example.com");
    loop->rig->setting.own_addresses = loop->addresses;
    loop->rig->setting.own_address_count = 2;
    ck_assert_ptr_nonnull(
        rig_rules(loop->rig, "rules:\n  - {name: a, match: 'status='}\n"));
    loop->rule = rules_get(loop->rig->rules, 0);
    return loop;
}

static void end(struct loop *loop)
{
    rig_free(loop->rig);
    free(loop);
}

static void count(void *ctx, const struct rule *rule)
{
    struct loop *loop = ctx;
    ck_assert_slice(rule_name(rule), "a");
    loop->found++;
}

/** @ms pass, and a turn sees @mails more, and then a line about them, or another. */
static void turn(struct loop *loop, int64_t ms, uint64_t mails, const char *line)
{
    loop->now.mono_ms += ms;
    loop->mails += mails;
    if (line)
        rule_note_own_mail(loop->rig->rules, loop->rule, slice_of(line));
    rules_watch_feedback(loop->rig->rules, loop->mails, loop->now, count, loop);
}

#define ABOUT_OURS "postfix/smtp[1]: to=<ops@example.com>, status=sent"
#define ABOUT_OTHERS "postfix/smtp[1]: to=<eve@example.com>, status=sent"

TEST(own_lines, C18_a_rule_that_each_mail_makes_match_is_found_after_ten_mails)
{
    struct loop *loop = begin();
    for (int i = 0; i < FEEDBACK_MAILS; i++) {
        ck_assert_int_eq(loop->found, 0);
        ck_assert(!rule_is_crowded(loop->rule, loop->now));
        turn(loop, 1000, 1, ABOUT_OURS);
    }
    ck_assert_int_eq(loop->found, 1);
    ck_assert(rule_is_crowded(loop->rule, loop->now));
    for (int i = 0; i < FEEDBACK_MAILS; i++)
        turn(loop, 1000, 1, ABOUT_OURS);
    ck_assert_int_eq(loop->found, 1);
    loop->now.mono_ms += FEEDBACK_HOLD_MS;
    ck_assert(!rule_is_crowded(loop->rule, loop->now));
    end(loop);
}

TEST(own_lines, C18_a_fast_circle_is_found_though_a_turn_sees_several_mails)
{
    struct loop *loop = begin();
    for (int i = 0; i < 5; i++) {
        turn(loop, 200, 4, ABOUT_OURS);
        turn(loop, 10, 0, ABOUT_OURS);
    }
    ck_assert_int_eq(loop->found, 1);
    end(loop);
}

TEST(own_lines, C18_mails_of_others_and_lines_at_any_time_are_no_circle)
{
    struct loop *loop = begin();
    for (int i = 0; i < 100; i++)
        turn(loop, 1000, 1, ABOUT_OTHERS);
    ck_assert_int_eq(loop->found, 0);
    end(loop);
    loop = begin();
    for (int i = 0; i < 3000; i++)
        turn(loop, 1000, i % 30 == 0, ABOUT_OURS);
    ck_assert_int_eq(loop->found, 0);
    end(loop);
    loop = begin();
    for (int i = 0; i < 1000; i++)
        turn(loop, 1000, 1, i % 20 == 0 ? ABOUT_OURS : NULL);
    ck_assert_int_eq(loop->found, 0);
    end(loop);
}

/* --- lines that were given up ----------------------------------------------------- */

struct given_up {
    int times;
    uint64_t count;
    struct buf line;
};

static void note(void *ctx, const struct rule *rule, uint64_t count_, struct slice line)
{
    struct given_up *seen = ctx;
    ck_assert_slice(rule_name(rule), "slow");
    seen->times++;
    seen->count += count_;
    buf_clear(&seen->line);
    buf_put(&seen->line, line);
}

#define HOSTILE "password=hunter22 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"

TEST(own_lines, C10_a_rule_that_gives_up_is_told_with_a_line_and_not_too_often)
{
    struct rig *rig = rig_create();
    struct given_up seen = { .line = buf_make(1000) };
    struct now now = { 0 };
    ck_assert_ptr_nonnull(rig_rules(rig, "rules:\n  - {name: calm, match: 'x'}\n"
                                         "  - {name: slow, match: '(a+)+$'}\n"));
    for (int second = 0; second < 1000; second++) {
        struct event event = rig_event(rig, SLICE(HOSTILE));
        now.mono_ms = second * 1000;
        ck_assert(!rule_try(rules_get(rig->rules, 1), rig->scanner, &event));
        rules_watch_limits(rig->rules, now, note, &seen);
    }
    ck_assert_int_eq(seen.times, 2);
    ck_assert_uint_eq(seen.count, 901);
    ck_assert_ptr_nonnull(strstr(seen.line.ptr, "aaaaaaab"));
    ck_assert_ptr_null(strstr(seen.line.ptr, "hunter22"));
    buf_free(&seen.line);
    rig_free(rig);
}
