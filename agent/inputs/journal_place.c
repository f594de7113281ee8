/** Finding the place in a journal again, and what was missed when it is gone. */
#include "agent/inputs/journal.h"
#include "agent/inputs/journal_cursor.h"

/* --- what is lost ----------------------------------------------------------------- */

void journal_note_lost(struct journal_follow *follow, const struct journal_place *after)
{
    uint64_t count;
    if (journal_count_between(&follow->place, after, &count) && count == 0)
        return;
    follow->has_lost = true;
    follow->after = *after;
}

static void put_summary(const struct journal_follow *follow, uint64_t count,
                        struct buf *out)
{
    bool is_filtered = journal_is_filtered(follow->config->journal);
    if (count > 0) {
        text_put_count(out, count, "journal entry was", "journal entries were");
        buf_puts(out, " deleted before tocsin read ");
        buf_puts(out, count == 1 ? "it" : "them");
    } else {
        buf_puts(out, "journal entries may have been deleted before tocsin read them");
    }
    buf_puts(out, ", between ");
    text_put_time(out, follow->place.unix_us / 1000, 0);
    buf_puts(out, " and ");
    text_put_time(out, follow->after.unix_us / 1000, 0);
    if (is_filtered)
        buf_puts(out, " (of all units, wanted or not)");
}

void journal_tell_lost(struct journal_input *input, struct journal_follow *follow,
                       const struct intake *intake)
{
    if (!follow->has_lost)
        return;
    uint64_t count = 0;
    struct buf summary = buf_make(LIMIT_SUMMARY_BYTES);
    (void)journal_count_between(&follow->place, &follow->after, &count);
    put_summary(follow, count, &summary);
    log_warning(input->world->log, "source '%s': %s", follow->name, summary.ptr);
    const struct self_report report = {
        .kind = SLICE("lost-journal"),
        .object = slice_of(follow->name),
        .severity = SEVERITY_WARNING,
        .summary = buf_slice(&summary),
        .description =
            SLICE("journald deletes its oldest files when they grow past a bound, and "
                  "a journal in /run is gone with each reboot. SystemMaxUse= and "
                  "Storage=persistent in journald.conf(5) keep more. Reading goes on "
                  "with the first entry that is there."),
        .line = buf_slice(&summary),
    };
    intake->report(intake->ctx, &report);
    buf_free(&summary);
    follow->has_lost = false;
    follow->gaps++;
    follow->missed += count;
    input->tally->journal_gaps++;
    input->tally->journal_missed += count;
}

/* --- finding it ------------------------------------------------------------------- */

static bool take_start(struct journal_input *input, struct journal_follow *follow,
                       struct err *err)
{
    if (follow->config->start == START_END &&
        !input->ops->newest(follow->journal, &follow->place, err))
        return false;
    follow->has_place = follow->is_dirty = true;
    return true;
}

/** Nothing stands behind the place. When this boot writes a journal that never knew it
 *  (the one in /run, and the clock stood in the past), all of this boot is new. */
static enum journal_found find_boot(struct journal_input *input,
                                    struct journal_follow *follow, const char *boot,
                                    struct err *err)
{
    struct journal_place newest;
    if (!input->ops->newest(follow->journal, &newest, err))
        return JOURNAL_NOT_FOUND;
    if (!newest.cursor[0] || !boot[0] || strcmp(newest.boot, boot) != 0 ||
        strcmp(follow->place.boot, boot) == 0)
        return JOURNAL_NOTHING_YET;
    journal_note_lost(follow, &newest);
    return input->ops->seek_boot(follow->journal, err) ? JOURNAL_FOUND
                                                       : JOURNAL_NOT_FOUND;
}

static enum journal_found seek(struct journal_input *input,
                               struct journal_follow *follow,
                               const struct journal_place *place, struct err *err)
{
    return input->ops->seek(follow->journal, place, err) ? JOURNAL_FOUND
                                                         : JOURNAL_NOT_FOUND;
}

enum journal_found journal_find_place(struct journal_input *input,
                                      struct journal_follow *follow, struct err *err)
{
    const struct journal_place head = { 0 };
    struct journal_place after;
    char boot[JOURNAL_BOOT_BYTES];
    bool is_there = false;
    follow->has_lost = follow->has_mark = false;
    if (!follow->has_place && !take_start(input, follow, err))
        return JOURNAL_NOT_FOUND;
    if (!follow->place.cursor[0])
        return seek(input, follow, &head, err);
    input->ops->boot(input->ops->ctx, boot);
    if (follow->config->journal->boot == JOURNAL_THIS_BOOT &&
        strcmp(follow->place.boot, boot) != 0)
        return seek(input, follow, &head, err);
    if (!input->ops->look(follow->journal, &follow->place, &is_there, &after, err))
        return JOURNAL_NOT_FOUND;
    if (!is_there && !after.cursor[0])
        return find_boot(input, follow, boot, err);
    if (!is_there && journal_is_same_entry(&follow->place, &after))
        follow->place = after;
    else if (!is_there)
        journal_note_lost(follow, &after);
    return seek(input, follow, &follow->place, err);
}

/* --- copies ----------------------------------------------------------------------- */

bool journal_find_copy(struct journal_input *input, struct journal_follow *follow,
                       const struct journal_place *place, bool *is_copy,
                       struct err *err)
{
    const struct journal_ops *ops = input->ops;
    bool has_moved = false;
    *is_copy = false;
    if (!journal_is_twin(&follow->place, place))
        return true;
    if (!ops->is_copy(follow->journal, &follow->place, place, is_copy, &has_moved, err))
        return false;
    if (!has_moved)
        return true;
    if (*is_copy)
        return ops->seek(follow->journal, place, err);
    /* Back to where it stood. */
    return ops->seek(follow->journal, &follow->place, err) &&
           ops->next(follow->journal, err) == JOURNAL_ENTRY;
}
