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
    if (follow->after.unix_us < follow->place.unix_us)
        buf_puts(out, " by a clock that was set back");
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

bool journal_is_of_this_boot(struct journal_input *input,
                             const struct journal_place *place)
{
    char boot[JOURNAL_BOOT_BYTES];
    input->ops->boot(input->ops->ctx, boot);
    return boot[0] && strcmp(place->boot, boot) == 0;
}

/** The newest of this boot, whatever the clock was in those before. */
static bool find_newest(struct journal_input *input, struct journal_follow *follow,
                        struct err *err)
{
    const struct journal_ops *ops = input->ops;
    ops->narrow(follow->journal, true);
    bool is_good = ops->newest(follow->journal, &follow->place, err);
    ops->narrow(follow->journal, false);
    if (!is_good || follow->place.cursor[0])
        return is_good;
    return ops->newest(follow->journal, &follow->place, err);
}

static bool take_start(struct journal_input *input, struct journal_follow *follow,
                       struct err *err)
{
    if (follow->config->start == START_END && !find_newest(input, follow, err))
        return false;
    follow->has_place = follow->is_dirty = true;
    return true;
}

bool journal_go_on(struct journal_input *input, struct journal_follow *follow,
                   struct err *err)
{
    const struct journal_place head = { 0 };
    bool is_first =
        follow->is_in_boot && !journal_is_of_this_boot(input, &follow->place);
    return input->ops->seek(follow->journal, is_first ? &head : &follow->place, err);
}

enum journal_found journal_begin_boot(struct journal_input *input,
                                      struct journal_follow *follow, struct err *err)
{
    const struct journal_place head = { 0 };
    struct journal_place first;
    bool is_there;
    follow->skips_boot = false;
    follow->is_in_boot = true;
    input->ops->narrow(follow->journal, true);
    if (!input->ops->look(follow->journal, &head, &is_there, &first, err))
        return JOURNAL_NOT_FOUND;
    if (follow->is_gone && !first.cursor[0])
        return JOURNAL_NOTHING_YET;
    if (follow->is_gone)
        journal_note_lost(follow, &first);
    follow->is_gone = false;
    return journal_go_on(input, follow, err) ? JOURNAL_FOUND : JOURNAL_NOT_FOUND;
}

/** The place is gone, and @after, "" if nothing, stands behind it. */
static enum journal_found go_on_without(struct journal_input *input,
                                        struct journal_follow *follow,
                                        const struct journal_place *after,
                                        struct err *err)
{
    follow->is_gone = true;
    if (!after->cursor[0])
        return follow->skips_boot ? journal_begin_boot(input, follow, err)
                                  : JOURNAL_NOTHING_YET;
    if (follow->skips_boot && journal_is_of_this_boot(input, after))
        return journal_go_on(input, follow, err) ? JOURNAL_FOUND : JOURNAL_NOT_FOUND;
    follow->is_gone = false;
    if (journal_is_same_entry(&follow->place, after))
        follow->place = *after;
    else
        journal_note_lost(follow, after);
    return journal_go_on(input, follow, err) ? JOURNAL_FOUND : JOURNAL_NOT_FOUND;
}

/** A folder that is named may be that of other machines, whose boots are not ours. */
static void choose_boots(struct journal_input *input, struct journal_follow *follow)
{
    const struct journal_config *config = follow->config->journal;
    bool is_own = config->directory.value.len == 0;
    bool is_now = journal_is_of_this_boot(input, &follow->place);
    follow->is_in_boot = is_own && (is_now || config->boot == JOURNAL_THIS_BOOT);
    follow->skips_boot = is_own && !follow->is_in_boot;
    follow->is_gone = follow->has_lost = follow->has_mark = false;
    input->ops->narrow(follow->journal, follow->is_in_boot);
}

enum journal_found journal_find_place(struct journal_input *input,
                                      struct journal_follow *follow, struct err *err)
{
    struct journal_place after;
    bool is_there = false;
    if (!follow->has_place && !take_start(input, follow, err))
        return JOURNAL_NOT_FOUND;
    choose_boots(input, follow);
    bool is_first = !follow->place.cursor[0] ||
                    (follow->config->journal->boot == JOURNAL_THIS_BOOT &&
                     !journal_is_of_this_boot(input, &follow->place));
    if (!is_first &&
        !input->ops->look(follow->journal, &follow->place, &is_there, &after, err))
        return JOURNAL_NOT_FOUND;
    if (!is_first && !is_there)
        return go_on_without(input, follow, &after, err);
    return journal_go_on(input, follow, err) ? JOURNAL_FOUND : JOURNAL_NOT_FOUND;
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
