/** Calendar for daily digests, plain intervals for the others. */
#include "rules/digest.h"

struct digest digest_daily(const struct zone *zone, int minute, struct now now)
{
    return (struct digest){ .zone = zone,
                            .minute = minute,
                            .due_ms = zone_next_daily_ms(zone, now.unix_ms, minute) };
}

struct digest digest_every(int64_t every_ms, struct now now)
{
    return (struct digest){ .every_ms = every_ms, .due_ms = now.mono_ms + every_ms };
}

bool digest_is_due(const struct digest *digest, struct now now)
{
    return digest->due_ms <= (digest->zone ? now.unix_ms : now.mono_ms);
}

int64_t digest_wake_at(const struct digest *digest, struct now now)
{
    if (digest_is_due(digest, now))
        return now.mono_ms;
    return digest->zone ? digest->due_ms - now.unix_ms + now.mono_ms : digest->due_ms;
}

void digest_advance(struct digest *digest, struct now now)
{
    if (digest->zone) {
        /* Behind the old one even when the clock stepped back over it: not
         * twice a day. */
        int64_t after = digest->due_ms > now.unix_ms ? digest->due_ms : now.unix_ms;
        digest->due_ms = zone_next_daily_ms(digest->zone, after, digest->minute);
        return;
    }
    int64_t behind_ms = now.mono_ms - digest->due_ms;
    int64_t steps = behind_ms < 0 ? 1 : behind_ms / digest->every_ms + 1;
    digest->due_ms += steps * digest->every_ms;
}

void digest_clock_stepped(struct digest *digest, struct now now)
{
    if (digest->zone && digest->due_ms - now.unix_ms > DAY_MS + 3 * HOUR_MS)
        digest->due_ms = zone_next_daily_ms(digest->zone, now.unix_ms, digest->minute);
}

int64_t digest_save(const struct digest *digest, struct now now)
{
    return digest->zone ? digest->due_ms : digest->due_ms - now.mono_ms + now.unix_ms;
}

void digest_load(struct digest *digest, int64_t stored_unix_ms, struct now now)
{
    bool has_passed = stored_unix_ms <= now.unix_ms;
    if (digest->zone) {
        /* Not the stored time: `at` or `zone` may have been changed. */
        if (has_passed)
            digest->due_ms = stored_unix_ms;
        return;
    }
    int64_t due_ms = stored_unix_ms - now.unix_ms + now.mono_ms;
    digest->due_ms = earlier_ms(due_ms, now.mono_ms + digest->every_ms);
}
