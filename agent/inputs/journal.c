/**
 * The turn of journals. When files came or went, the place is looked for before reading
 * goes on: journald empties a file that it deletes, even under a reader that has it
 * open, and the library then goes on with the next file without a word.
 */
#include "agent/inputs/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/inputs/journal_cursor.h"

#define FIRST_BACKOFF_MS SECOND_MS
#define LAST_BACKOFF_MS MINUTE_MS
/* A journal that is not there yet costs little to look for. */
#define MISSING_BACKOFF_MS (5 * SECOND_MS)
/* Of files whose permission may change, and where no descriptor tells of changes. */
#define RECHECK_MS MINUTE_MS
#define UNRELIABLE_SWEEP_MS (2 * SECOND_MS)
/* A source that wants little reads nothing for days, and its last entry grows old; so
 * now and then, and whenever files came or went, the newest entry of all is taken for
 * its place. Or it would be missed one day though nothing was. */
#define MARK_MS (10 * MINUTE_MS)

/* --- opening and closing ---------------------------------------------------------- */

static void wait_for(struct journal_input *input, struct journal_follow *follow,
                     bool is_wanted)
{
    if (is_wanted == follow->is_waited_for)
        return;
    follow->is_waited_for = is_wanted;
    wakes_set(input->world->wakes, input->ops->fd(follow->journal),
              is_wanted ? WAKE_READ : 0);
}

static void close_follow(struct journal_input *input, struct journal_follow *follow)
{
    if (!follow->journal)
        return;
    wait_for(input, follow, false);
    input->ops->close(follow->journal);
    follow->journal = NULL;
}

static void back_off(struct journal_follow *follow, struct now now, int64_t most_ms)
{
    follow->backoff_ms =
        follow->backoff_ms == 0 ? FIRST_BACKOFF_MS : follow->backoff_ms * 2;
    if (follow->backoff_ms > most_ms)
        follow->backoff_ms = most_ms;
    follow->retry_at_ms = later_by_ms(now.mono_ms, follow->backoff_ms);
}

static void give_up(struct journal_input *input, struct journal_follow *follow,
                    const struct err *why)
{
    close_follow(input, follow);
    if (follow->backoff_ms == 0) {
        input->tally->unreadable_files++;
        log_warning(input->world->log, "source '%s': %s; it is tried again by itself",
                    follow->name, why->text);
    }
    follow->why = *why;
    follow->has_more = false;
    back_off(follow, input->now,
             why->kind == ERR_MISSING ? MISSING_BACKOFF_MS : LAST_BACKOFF_MS);
    /* As with files: what appears after the first start is read from its beginning. */
    if (why->kind == ERR_MISSING && !follow->has_place)
        follow->has_place = follow->is_dirty = true;
}

static void recover(struct journal_input *input, struct journal_follow *follow)
{
    if (follow->backoff_ms == 0)
        return;
    follow->backoff_ms = 0;
    input->tally->unreadable_files--;
    log_info(input->world->log, "source '%s': the journal can be read again",
             follow->name);
}

/** @return false when it had to be given up. */
static bool check_files(struct journal_input *input, struct journal_follow *follow)
{
    struct err err;
    struct journal_health health;
    follow->recheck_at_ms = later_by_ms(input->now.mono_ms, RECHECK_MS);
    if (!input->ops->check(follow->journal, &health, &err)) {
        give_up(input, follow, &err);
        return false;
    }
    if (health.files == 0) {
        err_set(&err, ERR_MISSING, "all files of the journal are gone");
        give_up(input, follow, &err);
        return false;
    }
    if (health.unreadable > follow->unreadable)
        log_warning(input->world->log,
                    "source '%s': of %zu files of the journal %zu are not read: %s",
                    follow->name, health.files, health.unreadable, health.why.text);
    follow->unreadable = health.unreadable;
    return true;
}

static bool open_follow(struct journal_input *input, struct journal_follow *follow)
{
    struct err err = { 0 };
    if (!input->ops)
        err_set(&err, ERR_MISSING, "there is no journal here");
    else
        follow->journal =
            input->ops->open(input->ops->ctx, follow->config->journal, &err);
    if (!follow->journal) {
        give_up(input, follow, &err);
        return false;
    }
    wait_for(input, follow, follow->config->inotify);
    follow->needs_seek = follow->wants_mark = true;
    follow->marked_at_ms = input->now.mono_ms;
    return check_files(input, follow);
}

static bool is_open(struct journal_input *input, struct journal_follow *follow)
{
    size_t unreadable = follow->unreadable;
    if (!follow->journal)
        return input->now.mono_ms >= follow->retry_at_ms && open_follow(input, follow);
    if (unreadable == 0 || input->now.mono_ms < follow->recheck_at_ms)
        return true;
    if (!check_files(input, follow))
        return false;
    if (follow->unreadable >= unreadable)
        return true;
    close_follow(input, follow);
    return open_follow(input, follow);
}

/* --- entries ---------------------------------------------------------------------- */

static bool is_own(struct journal_input *input, const struct journal_follow *follow)
{
    char pid[24], boot[JOURNAL_BOOT_BYTES];
    const struct journal_entry *entry = &input->entry;
    if (slice_equal(journal_entry_find(entry, SLICE("SYSLOG_IDENTIFIER")),
                    SLICE(JOURNAL_OWN_IDENTIFIER)))
        return true;
    snprintf(pid, sizeof pid, "%lld", (long long)getpid());
    if (!slice_equal(journal_entry_find(entry, SLICE("_PID")), slice_of(pid)))
        return false;
    input->ops->boot(input->ops->ctx, boot);
    return strcmp(follow->place.boot, boot) == 0;
}

static void feed_entry(struct journal_input *input, struct journal_follow *follow,
                       const struct intake *intake)
{
    struct buf path = buf_make(LIMIT_FIELD_BYTES + sizeof "journal:");
    const struct journal_entry *entry = &input->entry;
    journal_entry_put_path(entry, &path);
    const struct block block = {
        .source = follow->source,
        .path = buf_slice(&path),
        .offset = -1,
        .bytes = entry->message,
        .is_cut = entry->is_cut,
        .is_record = true,
        .fields = entry->fields,
        .field_count = entry->field_count,
        .unix_ms = follow->place.unix_us / 1000,
    };
    intake->block(intake->ctx, &block);
    buf_free(&path);
}

/** Was a file deleted while it was read? Where all is wanted, a gap in the numbers
 *  shows it. Without other files a gap has another reason: journald was killed, or
 *  another process than journald wrote. */
static bool is_gap(struct journal_input *input, const struct journal_follow *follow,
                   const struct journal_place *place)
{
    uint64_t count = 0;
    return !journal_is_filtered(follow->config->journal) &&
           journal_count_between(&follow->place, place, &count) && count > 0 &&
           input->ops->has_other_files(follow->journal);
}

/** @return bytes, as if it were one. */
static size_t pass_over(struct journal_input *input, struct journal_follow *follow,
                        const struct journal_place *place)
{
    follow->place = *place;
    follow->is_dirty = true;
    follow->copies++;
    input->tally->journal_copies++;
    return 1;
}

/** @return bytes of the entry; 0 when it could not be read. */
static size_t take_entry(struct journal_input *input, struct journal_follow *follow,
                         const struct intake *intake, struct err *err)
{
    struct journal_place place;
    const struct journal_entry *entry = &input->entry;
    bool is_copy = false;
    if (!input->ops->place(follow->journal, &place, err) ||
        !journal_find_copy(input, follow, &place, &is_copy, err))
        return 0;
    if (follow->skips_boot && journal_is_of_this_boot(input, &place))
        return 1;
    if (is_copy)
        return pass_over(input, follow, &place);
    if (!follow->has_lost && is_gap(input, follow, &place))
        journal_note_lost(follow, &place);
    journal_tell_lost(input, follow, intake);
    journal_entry_read(&input->entry, input->ops, follow->journal);
    follow->place = place;
    follow->is_dirty = true;
    follow->has_mark = false;
    follow->entries++;
    input->tally->journal_entries++;
    input->tally->journal_left_out += entry->left_out;
    input->tally->cut_lines += entry->is_cut;
    input->tally->bytes_read += entry->total_bytes + 1;
    if (is_own(input, follow))
        follow->own_entries++;
    else
        feed_entry(input, follow, intake);
    return entry->total_bytes + 1;
}

/* --- at the end ------------------------------------------------------------------- */

static void move_to(struct journal_input *input, struct journal_follow *follow,
                    const struct journal_place *place)
{
    follow->place = *place;
    follow->is_dirty = true;
    input->tally->marks++;
}

static bool wants_mark(const struct journal_input *input,
                       const struct journal_follow *follow)
{
    int64_t age_ms = input->now.mono_ms - follow->marked_at_ms;
    return !follow->has_mark && journal_is_filtered(follow->config->journal) &&
           (follow->wants_mark || (follow->has_grown && age_ms >= MARK_MS));
}

/** Everything that is there now counts as read once the end is reached again. */
static bool set_mark(struct journal_input *input, struct journal_follow *follow,
                     struct err *err)
{
    follow->marked_at_ms = input->now.mono_ms;
    follow->has_grown = follow->wants_mark = false;
    if (!input->ops->newest(follow->journal, &follow->mark, err))
        return false;
    follow->has_mark = follow->mark.cursor[0] != '\0';
    return journal_go_on(input, follow, err);
}

/** @return whether to read on at once. */
static bool take_notice(struct journal_input *input, struct journal_follow *follow)
{
    switch (input->ops->process(follow->journal)) {
    case JOURNAL_SAME:
        return false;
    case JOURNAL_GREW:
        follow->has_grown = true;
        return true;
    case JOURNAL_CHANGED:
        follow->needs_seek = follow->wants_mark = true;
        return check_files(input, follow);
    case JOURNAL_STALE:
        close_follow(input, follow);
        err_set(&follow->why, ERR_IO, "its files changed, and it is opened anew");
        follow->retry_at_ms = later_by_ms(input->now.mono_ms, FIRST_BACKOFF_MS);
        return false;
    }
    return false;
}

/** @return whether to read on at once. */
static bool begin_boot(struct journal_input *input, struct journal_follow *follow)
{
    struct err err;
    switch (journal_begin_boot(input, follow, &err)) {
    case JOURNAL_FOUND:
        return true;
    case JOURNAL_NOTHING_YET:
        follow->needs_seek = true;
        return take_notice(input, follow);
    case JOURNAL_NOT_FOUND:
        give_up(input, follow, &err);
        return false;
    }
    return false;
}

static bool at_the_end(struct journal_input *input, struct journal_follow *follow,
                       const struct intake *intake)
{
    struct err err;
    recover(input, follow);
    if (follow->skips_boot)
        return begin_boot(input, follow);
    if (follow->has_lost) {
        struct journal_place after = follow->after;
        journal_tell_lost(input, follow, intake);
        move_to(input, follow, &after);
    }
    if (wants_mark(input, follow)) {
        if (set_mark(input, follow, &err))
            return true;
        give_up(input, follow, &err);
        return false;
    }
    if (follow->has_mark && strcmp(follow->mark.cursor, follow->place.cursor) != 0)
        move_to(input, follow, &follow->mark);
    follow->has_mark = false;
    return take_notice(input, follow);
}

/* --- the turn --------------------------------------------------------------------- */

static bool read_on(struct journal_input *input, struct journal_follow *follow,
                    const struct intake *intake)
{
    struct err err = { 0 };
    size_t bytes = 0, got = 1;
    size_t steps = LIMIT_TURN_ENTRIES / input->follow_count;
    size_t most_bytes = LIMIT_FILE_TURN_BYTES / input->follow_count;
    while (steps-- > 0 && bytes < most_bytes && got > 0) {
        enum journal_step step = input->ops->next(follow->journal, &err);
        if (step == JOURNAL_END)
            return at_the_end(input, follow, intake);
        got = step == JOURNAL_ENTRY ? take_entry(input, follow, intake, &err) : 0;
        bytes += got;
    }
    if (got > 0)
        return true;
    give_up(input, follow, &err);
    return false;
}

/** Take notice of other files, and find out when to look without a hint.
 *  @return false when it is closed. */
static bool look_at_files(struct journal_input *input, struct journal_follow *follow)
{
    int64_t sweep_ms = follow->config->sweep;
    if (!input->ops->is_reliable(follow->journal) && sweep_ms > UNRELIABLE_SWEEP_MS)
        sweep_ms = UNRELIABLE_SWEEP_MS;
    follow->next_sweep_ms = later_by_ms(input->now.mono_ms, sweep_ms);
    if (input->ops->has_other_files(follow->journal))
        (void)take_notice(input, follow);
    return follow->journal != NULL;
}

/** @return true when more is waiting. */
static bool read_follow(struct journal_input *input, struct journal_follow *follow,
                        const struct intake *intake)
{
    struct err err = { 0 };
    if (!is_open(input, follow) || !look_at_files(input, follow))
        return false;
    switch (follow->needs_seek ? journal_find_place(input, follow, &err)
                               : JOURNAL_FOUND) {
    case JOURNAL_FOUND:
        follow->needs_seek = false;
        return read_on(input, follow, intake);
    case JOURNAL_NOTHING_YET:
        recover(input, follow);
        return take_notice(input, follow);
    case JOURNAL_NOT_FOUND:
        give_up(input, follow, &err);
        return false;
    }
    return false;
}

static bool read_turn(void *self, struct now now, const struct intake *intake)
{
    struct journal_input *input = self;
    bool has_more = false;
    input->now = now;
    for (size_t i = 0; i < input->follow_count; i++) {
        size_t index = (input->first + i) % input->follow_count;
        struct journal_follow *follow = &input->follows[index];
        follow->has_more = read_follow(input, follow, intake);
        has_more |= follow->has_more;
    }
    input->first++;
    return has_more;
}

static int64_t wake_at(const void *self)
{
    const struct journal_input *input = self;
    int64_t at = NEVER_MS;
    for (size_t i = 0; i < input->follow_count; i++) {
        const struct journal_follow *follow = &input->follows[i];
        int64_t own = follow->journal ? follow->next_sweep_ms : follow->retry_at_ms;
        at = earlier_ms(at, follow->has_more ? input->now.mono_ms : own);
    }
    return at;
}

static bool is_at_end(const void *self)
{
    const struct journal_input *input = self;
    for (size_t i = 0; i < input->follow_count; i++) {
        if (input->follows[i].has_more)
            return false;
    }
    return true;
}

/* --- as a kind of input ----------------------------------------------------------- */

static void save(void *self, struct now now)
{
    struct journal_input *input = self;
    for (size_t i = 0; i < input->follow_count; i++) {
        if (input->follows[i].is_dirty)
            journal_save(input, &input->follows[i], now);
    }
}

static void committed(void *self)
{
    struct journal_input *input = self;
    for (size_t i = 0; i < input->follow_count; i++) {
        struct journal_follow *follow = &input->follows[i];
        if (follow->is_saved)
            follow->is_saved = follow->is_dirty = false;
    }
}

static void *create(const struct input_world *world, struct inputs_tally *tally)
{
    struct journal_input *input = mem_zalloc(sizeof *input);
    input->world = world;
    input->ops = world->journals;
    input->tally = tally;
    return input;
}

static void forget_follows(struct journal_input *input)
{
    for (size_t i = 0; i < input->follow_count; i++) {
        struct journal_follow *follow = &input->follows[i];
        close_follow(input, follow);
        if (follow->backoff_ms > 0)
            input->tally->unreadable_files--;
        free(follow->name);
    }
    free(input->follows);
    input->follows = NULL;
    input->follow_count = 0;
}

static void destroy(void *self)
{
    struct journal_input *input = self;
    forget_follows(input);
    journal_entry_clear(&input->entry);
    free(input);
}

static const struct journal_follow *follow_named(const struct journal_input *input,
                                                 const char *name)
{
    for (size_t i = 0; i < input->follow_count; i++) {
        if (strcmp(input->follows[i].name, name) == 0)
            return &input->follows[i];
    }
    return NULL;
}

/** What is known of a source goes on; its journal is opened anew, since what it wants
 *  of it may be different. */
static void inherit(struct journal_input *input, struct journal_follow *follow)
{
    const struct journal_follow *old = follow_named(input, follow->name);
    if (!old) {
        journal_load(input, follow);
        return;
    }
    follow->place = old->place;
    follow->has_place = old->has_place;
    follow->is_dirty = old->is_dirty;
    follow->entries = old->entries;
    follow->own_entries = old->own_entries;
    follow->copies = old->copies;
    follow->missed = old->missed;
    follow->gaps = old->gaps;
}

static void configure(void *self, const struct inputs_config *config, struct now now)
{
    struct journal_input *input = self;
    const struct source_config *items = config->blocks->items;
    struct journal_follow *follows = NULL;
    size_t count = 0, capacity = 0;
    input->now = now;
    for (size_t i = 0; i < config->blocks->count; i++) {
        if (!items[i].journal)
            continue;
        struct journal_follow *follow = mem_push(follows, count, capacity);
        follow->source = &config->sources[i];
        follow->config = &items[i];
        follow->name = mem_copy(follow->source->name);
        follow->has_more = true;
        inherit(input, follow);
    }
    forget_follows(input);
    input->follows = follows;
    input->follow_count = count;
    if (count > 0 && !input->entry.bytes)
        journal_entry_init(&input->entry);
    journal_forget_old(input);
}

const struct input_kind journal_kind = {
    .name = "journal",
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .read = read_turn,
    .save = save,
    .committed = committed,
    .wake_at = wake_at,
    .is_at_end = is_at_end,
    .describe = journal_describe,
};
