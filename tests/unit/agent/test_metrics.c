/** What GET /metrics says, line by line as Prometheus reads it. */
#include "agent/base/limits.h"
#include "agent/metrics.h"
#include "test.h"

/** A name of a metric, as the exposition format has it. */
static size_t name_length(struct slice line)
{
    size_t len = 0;
    while (len < line.len &&
           (line.ptr[len] == '_' || (line.ptr[len] >= 'a' && line.ptr[len] <= 'z') ||
            (len > 0 && line.ptr[len] >= '0' && line.ptr[len] <= '9')))
        len++;
    return len;
}

static struct metrics all_at(uint64_t value)
{
    struct metrics metrics;
    for (size_t at = 0; at < sizeof metrics; at += sizeof value)
        memcpy((char *)&metrics + at, &value, sizeof value);
    return metrics;
}

static struct buf exposition_of(const struct metrics *metrics)
{
    struct buf out = buf_make(LIMIT_HTTP_METRICS_BYTES);
    metrics_put_exposition(metrics, &out);
    ck_assert(!out.overflowed);
    return out;
}

static void check_says(const struct buf *out, const char *line)
{
    ck_assert_msg(strstr(out->ptr, line) != NULL, "no '%s' in:\n%s", line, out->ptr);
}

/** "# HELP name text", "# TYPE name kind", "name value", in this order. */
static void check_family(struct slice *rest, const struct metric *metric)
{
    static const char *const starts[] = { "# HELP ", "# TYPE ", "" };
    struct slice line, name = SLICE("");
    for (size_t i = 0; i < 3; i++) {
        ck_assert(slice_next(rest, '\n', &line));
        ck_assert(slice_starts(line, slice_of(starts[i])));
        line.ptr += strlen(starts[i]);
        line.len -= strlen(starts[i]);
        struct slice own = slice_make(line.ptr, name_length(line));
        ck_assert_msg(i == 0 || slice_equal(own, name),
                      "'%.*s' in the family of '%.*s'", SLICE_ARG(own),
                      SLICE_ARG(name));
        ck_assert(slice_starts(own, SLICE("tocsin_")));
        ck_assert(own.len < line.len && line.ptr[own.len] == ' ');
        name = own;
    }
    ck_assert_int_eq(slice_ends(name, SLICE("_total")), !metric->is_gauge);
    for (size_t i = name.len + 1; i < line.len; i++)
        ck_assert(strchr("0123456789.", line.ptr[i]) != NULL);
}

TEST(metrics, H35_every_number_has_a_family_of_its_own_and_none_has_a_label)
{
    struct metrics metrics = all_at(7);
    struct buf out = exposition_of(&metrics);
    struct slice rest = buf_slice(&out), line;
    for (int i = 0; i < 3; i++)
        ck_assert(slice_next(&rest, '\n', &line));
    ck_assert(slice_starts(line, SLICE("tocsin_build_info{version=\"")));
    for (size_t i = 0; i < metric_count; i++)
        check_family(&rest, &metric_table[i]);
    ck_assert_uint_eq(rest.len, 0);
    ck_assert_ptr_eq(strchr(strchr(out.ptr, '{') + 1, '{'), NULL);
    buf_free(&out);
}

TEST(metrics, H35_no_help_has_what_the_format_would_have_to_escape)
{
    for (size_t i = 0; i < metric_count; i++)
        ck_assert_uint_eq(strcspn(metric_table[i].help, "\\\n"),
                          strlen(metric_table[i].help));
}

TEST(metrics, the_largest_numbers_fit_into_an_answer)
{
    struct metrics metrics = all_at(UINT64_MAX);
    struct buf out = exposition_of(&metrics);
    check_says(&out, "\ntocsin_lost_bytes_total 18446744073709551615\n");
    buf_free(&out);
}

TEST(metrics, times_are_in_seconds)
{
    struct metrics metrics = { .uptime_ms = 61005, .longest_turn_ms = 40 };
    struct buf out = exposition_of(&metrics);
    check_says(&out, "\n# TYPE tocsin_uptime_seconds gauge\n"
                     "tocsin_uptime_seconds 61.005\n");
    check_says(&out, "\ntocsin_longest_turn_seconds 0.040\n");
    buf_free(&out);
}

TEST(metrics, a_counter_ends_in_total_and_a_gauge_does_not)
{
    struct metrics metrics = { .mails_sent = 3, .mails_waiting = 2 };
    struct buf out = exposition_of(&metrics);
    check_says(&out, "\n# TYPE tocsin_mails_sent_total counter\n"
                     "tocsin_mails_sent_total 3\n");
    check_says(&out, "\n# TYPE tocsin_mails_waiting gauge\ntocsin_mails_waiting 2\n");
    buf_free(&out);
}
