/** The table of replies: every row can be reached, the particular stand first. */
#include "outputs/verdict.h"

#include "outputs/reply.h"

#include "test.h"

static bool is_within(int narrow, int wide)
{
    return narrow == wide ||
           (wide > 0 && wide < 10 && (narrow == wide || narrow / 100 == wide));
}

/* Does @wide fit whatever @narrow fits? */
static bool covers(const struct verdict_row *wide, const struct verdict_row *narrow)
{
    if ((narrow->phases & ~wide->phases) != 0 || !is_within(narrow->code, wide->code))
        return false;
    if (wide->enhanced &&
        (!narrow->enhanced ||
         !slice_starts(slice_of(narrow->enhanced), slice_of(wide->enhanced))))
        return false;
    if (wide->token && (!narrow->token || strcmp(wide->token, narrow->token) != 0))
        return false;
    return !wide->text || (narrow->text && strcasestr(narrow->text, wide->text));
}

TEST(verdict, no_row_stands_behind_one_that_takes_all_its_replies)
{
    for (size_t i = 0; i < verdict_row_count; i++)
        for (size_t j = i + 1; j < verdict_row_count; j++)
            ck_assert_msg(!covers(&verdict_table[i], &verdict_table[j]),
                          "row %zu is never reached because of row %zu: %s", j, i,
                          verdict_table[j].sample);
}

static struct smtp_reply sample_of(const struct verdict_row *row)
{
    struct smtp_reply reply = { 0 };
    struct reply_parser parser = { 0 };
    if (row->code == 0)
        return reply_of_network(PHASE_RESOLVE, slice_of(row->sample));
    struct buf line = buf_make(1024);
    buf_printf(&line, "%s\r\n", row->sample);
    struct slice bytes = buf_slice(&line);
    ck_assert_int_eq(reply_feed(&parser, &bytes, &reply), REPLY_DONE);
    buf_free(&line);
    return reply;
}

/* A row for everywhere need not be hit where a row for one phase stands before it. */
static bool is_hit(const struct verdict_row *row)
{
    struct smtp_reply reply = sample_of(row);
    for (int phase = PHASE_RESOLVE; phase <= PHASE_QUIT; phase++) {
        reply.phase = (enum smtp_phase)phase;
        if ((row->phases & (1u << phase)) != 0 && verdict_row_of(&reply) == row)
            return true;
    }
    return false;
}

TEST(verdict, every_row_is_hit_by_its_sample)
{
    for (size_t i = 0; i < verdict_row_count; i++)
        ck_assert_msg(is_hit(&verdict_table[i]), "row %zu is not hit by '%s'", i,
                      verdict_table[i].sample);
}

TEST(verdict, every_row_but_success_has_advice_and_account_rows_a_wait)
{
    for (size_t i = 0; i < verdict_row_count; i++) {
        const struct verdict *verdict = &verdict_table[i].verdict;
        ck_assert((verdict->advice != NULL) == (verdict->outcome != OUTCOME_SENT));
        if (verdict->scope == SCOPE_ACCOUNT)
            ck_assert_int_ge(verdict->wait_ms, MINUTE_MS);
        ck_assert_int_le(verdict->wait_ms, DAY_MS);
        ck_assert_int_le(verdict->max_wait_ms, DAY_MS);
    }
}

static struct smtp_reply said(enum smtp_phase phase, int code, const char *enhanced,
                              const char *text)
{
    struct smtp_reply reply = { .phase = phase, .code = code };
    snprintf(reply.enhanced, sizeof reply.enhanced, "%s", enhanced);
    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply;
}

TEST(verdict, a_spent_quota_is_no_fault_of_the_mail)
{
    struct smtp_reply reply =
        said(PHASE_DOT, 550, "5.4.5", "Daily user sending quota exceeded.");
    ck_assert_int_eq(verdict_of(&reply)->outcome, OUTCOME_LATER);
    ck_assert_int_eq(verdict_of(&reply)->scope, SCOPE_ACCOUNT);
    ck_assert_int_eq(verdict_of(&reply)->wait_ms, HOUR_MS);
}

TEST(verdict, a_421_is_about_the_account_before_data_and_about_the_mail_after)
{
    struct smtp_reply greeting = said(PHASE_GREETING, 421, "4.7.0", "Try again later");
    struct smtp_reply dot = said(PHASE_DOT, 421, "4.7.0", "Try again later");
    ck_assert_int_eq(verdict_of(&greeting)->scope, SCOPE_ACCOUNT);
    ck_assert_int_eq(verdict_of(&dot)->scope, SCOPE_MESSAGE);
}

TEST(verdict, every_code_in_every_phase_has_a_row)
{
    for (int phase = PHASE_RESOLVE; phase <= PHASE_QUIT; phase++) {
        for (int code = 200; code < 600; code++) {
            struct smtp_reply reply = said((enum smtp_phase)phase, code, "", "x");
            ck_assert_ptr_nonnull(verdict_row_of(&reply));
        }
        struct smtp_reply silence = said((enum smtp_phase)phase, 0, "", "x");
        ck_assert_int_ne(verdict_of(&silence)->outcome, OUTCOME_SENT);
    }
}

TEST(verdict, the_backoff_doubles_from_half_a_minute_to_an_hour)
{
    ck_assert_int_eq(backoff_ms(0, HOUR_MS), 30 * SECOND_MS);
    ck_assert_int_eq(backoff_ms(1, HOUR_MS), 60 * SECOND_MS);
    ck_assert_int_eq(backoff_ms(6, HOUR_MS), 32 * MINUTE_MS);
    ck_assert_int_eq(backoff_ms(7, HOUR_MS), HOUR_MS);
    ck_assert_int_eq(backoff_ms(INT64_MAX, HOUR_MS), HOUR_MS);
}
