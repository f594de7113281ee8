/** Sentences about mail itself. */
#include "outputs/told.h"

#include "agent/base/text.h"
#include "outputs/outbox_dead.h"

enum { REPLY_BYTES = 200, ADVICE_BYTES = 200 };

static void put_why(struct buf *out, struct slice reply, struct slice advice)
{
    text_put_clean(out, text_cut(reply, REPLY_BYTES), false);
    if (advice.len > 0)
        buf_puts(out, ": ");
    text_put_clean(out, text_cut(advice, ADVICE_BYTES), false);
    buf_putc(out, '\n');
}

int64_t told_put_dead(struct db *db, struct buf *out)
{
    struct arena arena = { 0 };
    struct outbox_dead dead;
    outbox_count_dead(db, &dead, &arena);
    if (dead.count > 0) {
        text_put_count(out, dead.count, "mail was", "mails were");
        buf_printf(out,
                   " given up and not told of yet (`tocsin queue list`); mail %lld: ",
                   (long long)dead.last_id);
        put_why(out, dead.reply, dead.advice);
    }
    arena_free(&arena);
    return dead.until_ms;
}

void told_put_lying(struct db *db, struct buf *out)
{
    uint64_t count = outbox_count_lying(db);
    if (count == 0)
        return;
    text_put_count(out, count, "mail that was given up lies",
                   "mails that were given up lie");
    buf_puts(out,
             " in the outbox: `tocsin queue list` shows them, `tocsin queue retry` "
             "or `drop` ends them\n");
}

void told_put_clock(struct buf *out, struct now now)
{
    if (!now_is_set(now))
        buf_puts(out, "the clock of this host was not set when this was written: the "
                      "times in it are wrong, and its date is an estimate\n");
}

void told_put_account(struct buf *out, struct slice account, const char *reply,
                      const char *advice)
{
    buf_puts(out, "account '");
    text_put_clean(out, account, false);
    buf_puts(out, "' waited when this was written: ");
    put_why(out, slice_of(reply), slice_of(advice));
}
