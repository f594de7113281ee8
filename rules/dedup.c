/** A table of open alerts by fingerprint, and a bounded memory of those that closed. */
#include "rules/dedup.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "rules/alert_state.h"
#include "rules/group_store.h"

#define MEMORY_MS DAY_MS
/* Each entry has an end, so that each can make way. */
#define LONGEST_MS (366 * DAY_MS)

static struct slice key_of(const uint64_t *fingerprint)
{
    return slice_make((const char *)fingerprint, sizeof *fingerprint);
}

/* --- open ------------------------------------------------------------------------- */

/* Open addressing, with the fingerprint beside the pointer: an alert is looked at only
 * when it is the one, because each look is a cache miss. */

static size_t home_of(const struct dedup *dedup, uint64_t fingerprint)
{
    return hash_bytes(key_of(&fingerprint)) & (dedup->slot_count - 1);
}

void dedup_expect(const struct dedup *dedup, uint64_t fingerprint)
{
    if (dedup->slot_count > 0)
        __builtin_prefetch(&dedup->slots[home_of(dedup, fingerprint)], 1);
}

static struct dedup_slot *next_slot(const struct dedup *dedup,
                                    const struct dedup_slot *slot)
{
    size_t at = (size_t)(slot - dedup->slots) + 1;
    return &dedup->slots[at & (dedup->slot_count - 1)];
}

/** The first slot with @fingerprint from @slot on, or the empty one behind the last. */
static struct dedup_slot *find_from(const struct dedup *dedup, struct dedup_slot *slot,
                                    uint64_t fingerprint)
{
    while (slot->alert && slot->fingerprint != fingerprint)
        slot = next_slot(dedup, slot);
    return slot;
}

static struct dedup_slot *slot_of(const struct dedup *dedup, const struct alert *alert)
{
    struct dedup_slot *slot = &dedup->slots[home_of(dedup, alert->fingerprint)];
    while (slot->alert != alert) {
        must(slot->alert != NULL);
        slot = next_slot(dedup, slot);
    }
    return slot;
}

struct alert *dedup_find(const struct dedup *dedup, uint64_t fingerprint)
{
    if (dedup->slot_count == 0)
        return NULL;
    return find_from(dedup, &dedup->slots[home_of(dedup, fingerprint)], fingerprint)
        ->alert;
}

struct alert *dedup_next(const struct dedup *dedup, const struct alert *alert)
{
    struct dedup_slot *slot = next_slot(dedup, slot_of(dedup, alert));
    return find_from(dedup, slot, alert->fingerprint)->alert;
}

static void put_into_slot(struct dedup *dedup, struct dedup_slot what)
{
    struct dedup_slot *slot = &dedup->slots[home_of(dedup, what.fingerprint)];
    while (slot->alert)
        slot = next_slot(dedup, slot);
    *slot = what;
}

static void grow(struct dedup *dedup)
{
    struct dedup_slot *old = dedup->slots;
    size_t old_count = dedup->slot_count;
    dedup->slot_count = old_count ? 2 * old_count : 64;
    dedup->slots = mem_zalloc(dedup->slot_count * sizeof *dedup->slots);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].alert)
            put_into_slot(dedup, old[i]);
    }
    free(old);
}

void dedup_open(struct dedup *dedup, struct alert *alert)
{
    dedup_forget(dedup, alert->fingerprint);
    if (dedup->slots_used >= dedup->slot_count / 5 * 4)
        grow(dedup);
    put_into_slot(dedup, (struct dedup_slot){ alert->fingerprint, alert });
    dedup->slots_used++;
}

/** What stands behind an empty slot moves up, as long as that is nearer to its home. */
static void close_gap(struct dedup *dedup, size_t gap)
{
    size_t mask = dedup->slot_count - 1;
    for (size_t at = (gap + 1) & mask; dedup->slots[at].alert; at = (at + 1) & mask) {
        size_t home = home_of(dedup, dedup->slots[at].fingerprint);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        dedup->slots[gap] = dedup->slots[at];
        gap = at;
    }
    dedup->slots[gap] = (struct dedup_slot){ 0 };
}

void dedup_close(struct dedup *dedup, struct alert *alert)
{
    if (alert->fingerprint == 0)
        return;
    close_gap(dedup, (size_t)(slot_of(dedup, alert) - dedup->slots));
    dedup->slots_used--;
    if (!dedup_find(dedup, alert->fingerprint))
        dedup_remember(dedup, alert->fingerprint, alert->occurrence,
                       !alert_is_firing(alert, dedup->now.mono_ms), alert->quiet_at_ms);
    alert->fingerprint = 0;
}

/* --- remembered ------------------------------------------------------------------- */

static void drop(struct dedup *dedup, struct dedup_entry *entry)
{
    heap_drop(&dedup->ends, &entry->end);
    map_take(&dedup->entries, key_of(&entry->fingerprint));
    pieces_drop(dedup->pieces, &entry->piece);
    free(entry);
}

static struct dedup_entry *first_to_end(const struct dedup *dedup)
{
    struct heap_node *node = heap_first(&dedup->ends);
    return node ? heap_owner(node, struct dedup_entry, end) : NULL;
}

/** Nobody wakes up for it: the old goes when the new comes. */
static void make_room(struct dedup *dedup)
{
    while (heap_wake_at(&dedup->ends) <= dedup->now.mono_ms)
        drop(dedup, first_to_end(dedup));
    if (dedup->entries.count < LIMIT_DEDUP_ENTRIES)
        return;
    drop(dedup, first_to_end(dedup));
    dedup->left_count++;
}

struct dedup_entry *dedup_recall(struct dedup *dedup, uint64_t fingerprint)
{
    struct dedup_entry *entry = map_find(&dedup->entries, key_of(&fingerprint));
    return entry && entry->end.at_ms > dedup->now.mono_ms ? entry : NULL;
}

void dedup_forget(struct dedup *dedup, uint64_t fingerprint)
{
    struct dedup_entry *entry = map_find(&dedup->entries, key_of(&fingerprint));
    if (entry)
        drop(dedup, entry);
}

static struct dedup_entry *put(struct dedup *dedup, uint64_t fingerprint,
                               int64_t until_ms)
{
    struct dedup_entry *entry = map_find(&dedup->entries, key_of(&fingerprint));
    if (!entry) {
        make_room(dedup);
        entry = mem_zalloc(sizeof *entry);
        entry->piece.kind = PIECE_DEDUP;
        entry->fingerprint = fingerprint;
        map_put(&dedup->entries, key_of(&entry->fingerprint), entry);
    }
    heap_set(&dedup->ends, &entry->end,
             earlier_ms(until_ms, later_by_ms(dedup->now.mono_ms, LONGEST_MS)));
    return entry;
}

void dedup_remember(struct dedup *dedup, uint64_t fingerprint, uint64_t occurrence,
                    bool is_over, int64_t until_mono_ms)
{
    int64_t until_ms =
        is_over ? later_by_ms(dedup->now.mono_ms, MEMORY_MS) : until_mono_ms;
    struct dedup_entry *entry = put(dedup, fingerprint, until_ms);
    entry->occurrence = occurrence;
    entry->is_over = is_over;
    pieces_touch(dedup->pieces, &entry->piece);
}

void dedup_free(struct dedup *dedup)
{
    struct dedup_entry *entry;
    for (size_t at = 0; (entry = map_next(&dedup->entries, &at));)
        free(entry);
    free(dedup->slots);
    map_free(&dedup->entries);
    heap_free(&dedup->ends);
}

/* --- stored ----------------------------------------------------------------------- */

void dedup_save(const struct dedup_entry *entry, struct now now, struct record_out *out)
{
    record_put(out, entry->fingerprint);
    record_put(out, entry->occurrence);
    record_put(out, entry->is_over);
    record_put(out, (uint64_t)stored_ms(entry->end.at_ms, now));
}

/* A clock that was set back must not make it last longer than it was meant to. */
static int64_t end_of(uint64_t stored, bool is_over, struct now now)
{
    int64_t until_ms = restored_ms(stored, now);
    return is_over ? earlier_ms(until_ms, later_by_ms(now.mono_ms, MEMORY_MS))
                   : until_ms;
}

bool dedup_load(struct dedup *dedup, struct record_in *in, uint32_t sheet)
{
    uint64_t fingerprint = record_get(in), occurrence = record_get(in);
    bool is_over = record_get_bool(in);
    uint64_t until = record_get(in);
    if (in->failed || fingerprint == 0)
        return false;
    /* It is open again, or another piece says the same. */
    if (dedup_find(dedup, fingerprint) ||
        map_find(&dedup->entries, key_of(&fingerprint))) {
        if (sheet != 0)
            pieces_forget(dedup->pieces, sheet);
        return true;
    }
    struct dedup_entry *entry =
        put(dedup, fingerprint, end_of(until, is_over, dedup->now));
    entry->occurrence = occurrence;
    entry->is_over = is_over;
    if (sheet != 0)
        return pieces_adopt(dedup->pieces, &entry->piece, sheet);
    pieces_touch(dedup->pieces, &entry->piece);
    return true;
}
