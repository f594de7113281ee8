/** The table of replies: every row can be reached, the particular stand first. */
#include "outputs/verdict.h"

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
                          verdict_table[j].verdict.advice);
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

TEST(verdict, every_code_in_every_phase_has_a_row)
{
    for (int phase = PHASE_RESOLVE; phase <= PHASE_WEBHOOK; phase++) {
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
