/** Durations, sizes, times of day, the rules of zones: what is taken is in its bounds,
 *  and a zone that a rule describes agrees with a look at each minute. */
#include "frame/fuzz.h"

#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/base/zone.h"
#include "agent/base/zone_rule.h"
#include "agent/inputs/webhook/words.h"

static void durations(struct slice text)
{
    struct buf out = buf_make(256);
    int64_t ms, again, bytes;
    if (text_to_duration(text, &ms)) {
        must(ms >= 0);
        text_put_duration(&out, ms);
        must(!out.overflowed && out.len > 0);
    }
    if (text_to_duration(buf_slice(&out), &again))
        must(again <= ms);
    if (text_to_size(text, &bytes))
        must(bytes >= 0);
    must(words_moment(text) >= 0);
    buf_free(&out);
}

/** What the rule says is one of its two offsets, at all times. */
static void rules(struct slice text)
{
    struct zone_rule rule;
    if (!zone_rule_parse(text, &rule))
        return;
    for (int64_t unix_s = -86400; unix_s < INT64_C(4102444800);
         unix_s += 13 * 86400 + 977) {
        int offset_s = zone_rule_offset_s(&rule, unix_s);
        must(offset_s == rule.standard_s ||
             (rule.has_summer && offset_s == rule.summer_s));
    }
}

static int minute_at(const struct zone *zone, int64_t unix_ms)
{
    int64_t local_s = unix_ms / SECOND_MS + zone_offset_s(zone, unix_ms);
    return (int)(local_s / 60 % 1440);
}

/** The next time of day, found by looking at each minute of two days. */
static void next_daily(struct slice text)
{
    static struct zone *zone;
    struct err err;
    int minute;
    if (!zone && !(zone = zone_load(SLICE("Europe/Berlin"), &err)))
        zone = zone_utc();
    if (text.len < 9 || !zone_parse_clock(slice_make(text.ptr, 5), &minute))
        return;
    uint32_t at;
    memcpy(&at, text.ptr + 5, sizeof at);
    int64_t after_ms = (int64_t)at * SECOND_MS,
            next_ms = zone_next_daily_ms(zone, after_ms, minute);
    must(next_ms > after_ms && next_ms <= after_ms + 2 * DAY_MS);
    int64_t look_ms = after_ms / MINUTE_MS * MINUTE_MS + MINUTE_MS;
    int before = minute_at(zone, look_ms - MINUTE_MS);
    for (; look_ms < next_ms; look_ms += MINUTE_MS) {
        int shown = minute_at(zone, look_ms);
        /* The second coming of an hour at the end of summer is no time of its own. */
        must(shown != minute ||
             zone_offset_s(zone, look_ms) < zone_offset_s(zone, look_ms - 2 * HOUR_MS));
        before = shown;
    }
    must(minute_at(zone, next_ms) == minute || minute_at(zone, next_ms) > before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    if (size > 4096)
        return 0;
    durations(text);
    rules(text);
    next_daily(text);
    return 0;
}
