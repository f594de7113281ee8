/** Tables of words, and dates. */
#include "agent/inputs/webhook/words.h"

#include "agent/base/civil.h"
#include "agent/base/now.h"

/* "error" and P2 count as critical, as with PagerDuty, where they call somebody. */
const struct severity_word severity_words[] = {
    { "critical", SEVERITY_CRITICAL },
    { "crit", SEVERITY_CRITICAL },
    { "fatal", SEVERITY_CRITICAL },
    { "emergency", SEVERITY_CRITICAL },
    { "emerg", SEVERITY_CRITICAL },
    { "alert", SEVERITY_CRITICAL },
    { "panic", SEVERITY_CRITICAL },
    { "disaster", SEVERITY_CRITICAL },
    { "page", SEVERITY_CRITICAL },
    { "error", SEVERITY_CRITICAL },
    { "err", SEVERITY_CRITICAL },
    { "high", SEVERITY_CRITICAL },
    { "major", SEVERITY_CRITICAL },
    { "p0", SEVERITY_CRITICAL },
    { "p1", SEVERITY_CRITICAL },
    { "p2", SEVERITY_CRITICAL },
    { "sev0", SEVERITY_CRITICAL },
    { "sev1", SEVERITY_CRITICAL },
    { "sev2", SEVERITY_CRITICAL },
    { "warning", SEVERITY_WARNING },
    { "warn", SEVERITY_WARNING },
    { "average", SEVERITY_WARNING },
    { "medium", SEVERITY_WARNING },
    { "minor", SEVERITY_WARNING },
    { "p3", SEVERITY_WARNING },
    { "sev3", SEVERITY_WARNING },
    { "info", SEVERITY_INFO },
    { "information", SEVERITY_INFO },
    { "informational", SEVERITY_INFO },
    { "notice", SEVERITY_INFO },
    { "low", SEVERITY_INFO },
    { "debug", SEVERITY_INFO },
    { "none", SEVERITY_INFO },
    { "p4", SEVERITY_INFO },
    { "p5", SEVERITY_INFO },
    { "sev4", SEVERITY_INFO },
    { "sev5", SEVERITY_INFO },
    { NULL, SEVERITY_WARNING },
};

bool words_severity(struct slice text, enum severity *severity)
{
    text = slice_trim(text);
    for (size_t i = 0; severity_words[i].word; i++) {
        if (!slice_equal_nocase(text, slice_of(severity_words[i].word)))
            continue;
        *severity = severity_words[i].severity;
        return true;
    }
    return false;
}

bool words_is_over(struct slice status)
{
    static const char *const words[] = { "resolved", "resolve",   "ok",       "okay",
                                         "up",       "closed",    "close",    "cleared",
                                         "clear",    "recovered", "recovery", "normal",
                                         "inactive" };
    if (slice_equal(status, SLICE("firing"))) /* as nearly all are */
        return false;
    status = slice_trim(status);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (slice_equal_nocase(status, slice_of(words[i])))
            return true;
    }
    return false;
}

bool words_is_news(struct slice status)
{
    static const char *const words[] = { "acknowledged", "acknowledge", "acked" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (slice_equal_nocase(status, slice_of(words[i])))
            return true;
    }
    return false;
}

/* --- moments ---------------------------------------------------------------------- */

/** Take @count digits off the front of *@rest. */
static bool take_digits(struct slice *rest, size_t count, int64_t *value)
{
    *value = 0;
    if (rest->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9')
            return false;
        *value = *value * 10 + (rest->ptr[i] - '0');
    }
    *rest = slice_make(rest->ptr + count, rest->len - count);
    return true;
}

static bool take_any(struct slice *rest, const char *characters)
{
    if (rest->len == 0 || !rest->ptr[0] || !strchr(characters, rest->ptr[0]))
        return false;
    *rest = slice_make(rest->ptr + 1, rest->len - 1);
    return true;
}

/** ".123456789" as milliseconds; nothing is 0. */
static int64_t take_fraction(struct slice *rest)
{
    int64_t ms = 0, digit, weight = 100;
    if (!take_any(rest, ".,"))
        return 0;
    while (take_digits(rest, 1, &digit)) {
        ms += digit * weight;
        weight /= 10;
    }
    return ms;
}

/** "Z", "+01:00", "+0100", or nothing. */
static bool take_zone(struct slice *rest, int64_t *offset_s)
{
    int64_t hours, minutes;
    *offset_s = 0;
    if (rest->len == 0 || take_any(rest, "Zz"))
        return rest->len == 0;
    bool is_west = rest->ptr[0] == '-';
    if (!take_any(rest, "+-") || !take_digits(rest, 2, &hours))
        return false;
    take_any(rest, ":");
    if (!take_digits(rest, 2, &minutes) || rest->len > 0)
        return false;
    *offset_s = (hours * 60 + minutes) * (is_west ? -60 : 60);
    return true;
}

static bool take_date(struct slice *rest, int64_t *days)
{
    int64_t year, month, day;
    if (!take_digits(rest, 4, &year) || !take_any(rest, "-") ||
        !take_digits(rest, 2, &month) || !take_any(rest, "-") ||
        !take_digits(rest, 2, &day) || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    *days = civil_to_days((struct civil_date){ year, (int)month, (int)day });
    return true;
}

static bool take_clock(struct slice *rest, int64_t *seconds)
{
    int64_t hour, minute, second;
    if (!take_digits(rest, 2, &hour) || !take_any(rest, ":") ||
        !take_digits(rest, 2, &minute) || !take_any(rest, ":") ||
        !take_digits(rest, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return false;
    *seconds = (hour * 60 + minute) * 60 + second;
    return true;
}

/** Seconds up to the year 5138, milliseconds from 1973 on: as everybody reads them. */
static int64_t moment_of_number(int64_t value)
{
    const int64_t first_ms = INT64_C(100000000000);
    if (value <= 0)
        return 0;
    return value < first_ms ? value * SECOND_MS : value;
}

int64_t words_moment(struct slice text)
{
    int64_t days, seconds, offset_s, ms;
    struct slice rest = slice_trim(text);
    const char *dot = rest.len ? memchr(rest.ptr, '.', rest.len) : NULL;
    struct slice whole = dot ? slice_make(rest.ptr, (size_t)(dot - rest.ptr)) : rest;
    if (slice_to_int(whole, &ms))
        return moment_of_number(ms);
    if (!take_date(&rest, &days) || !take_any(&rest, "Tt ") ||
        !take_clock(&rest, &seconds))
        return 0;
    ms = take_fraction(&rest);
    if (!take_zone(&rest, &offset_s))
        return 0;
    ms += (days * DAY_SECONDS + seconds - offset_s) * SECOND_MS;
    return ms > 0 ? ms : 0;
}
