/** What `tocsin status` says of journals. */
#include "agent/inputs/journal.h"

static int64_t lag_ms(const struct journal_input *input,
                      const struct journal_follow *follow)
{
    int64_t ms = input->now.unix_ms - follow->place.unix_us / 1000;
    return follow->has_more && follow->place.cursor[0] && ms > 0 ? ms : 0;
}

static void put_reading(const struct journal_input *input,
                        const struct journal_follow *follow, struct buf *out)
{
    int64_t behind_ms = lag_ms(input, follow);
    if (!follow->journal) {
        buf_puts(out, "CANNOT BE READ: ");
        text_put_clean(out, slice_of(follow->why.text), false);
        return;
    }
    if (follow->has_more)
        text_put_duration(out, behind_ms - behind_ms % 1000);
    buf_puts(out, follow->has_more ? " behind" : "read to its end");
}

static void put_follow(const struct journal_input *input,
                       const struct journal_follow *follow, struct buf *out)
{
    buf_puts(out, "  journal of source '");
    text_put_clean(out, slice_of(follow->name), false);
    buf_puts(out, "': ");
    put_reading(input, follow, out);
    if (follow->place.cursor[0]) {
        buf_puts(out, ", last entry ");
        text_put_time(out, follow->place.unix_us / 1000, 0);
    }
    buf_puts(out, ", ");
    text_put_count(out, follow->entries, "entry", "entries");
    buf_puts(out, " read");
    if (follow->gaps > 0)
        buf_printf(out, ", entries LOST in %llu places (%llu are known)",
                   (unsigned long long)follow->gaps,
                   (unsigned long long)follow->missed);
    if (follow->unreadable > 0)
        buf_printf(out, ", %zu of its files CANNOT BE READ", follow->unreadable);
    buf_putc(out, '\n');
}

static const char *state_of(const struct journal_follow *follow)
{
    if (!follow->journal)
        return "unreadable";
    return follow->has_more ? "behind" : "read";
}

static void put_json_follow(const struct journal_input *input,
                            const struct journal_follow *follow, struct buf *out)
{
    text_put_comma(out);
    buf_puts(out, "{\"path\":\"journal:\",\"source\":");
    text_put_json(out, slice_of(follow->name));
    buf_printf(out,
               ",\"state\":\"%s\",\"cursor_ms\":%lld,\"lag_ms\":%lld,\"entries\":%llu,"
               "\"own\":%llu,\"copies\":%llu,\"missed\":%llu,\"gaps\":%llu,"
               "\"unreadable\":%zu}",
               state_of(follow), (long long)(follow->place.unix_us / 1000),
               (long long)lag_ms(input, follow), (unsigned long long)follow->entries,
               (unsigned long long)follow->own_entries,
               (unsigned long long)follow->copies, (unsigned long long)follow->missed,
               (unsigned long long)follow->gaps, follow->unreadable);
}

void journal_describe(const void *self, enum text_form form, struct buf *out)
{
    const struct journal_input *input = self;
    for (size_t i = 0; i < input->follow_count; i++) {
        if (form == FORM_JSON)
            put_json_follow(input, &input->follows[i], out);
        else
            put_follow(input, &input->follows[i], out);
    }
}
