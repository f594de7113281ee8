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

/* Chains through the alerts themselves, because a map would take 50 bytes for each of a
 * hundred thousand. */
static struct alert **bucket_of(const struct dedup *dedup, uint64_t fingerprint)
{
    return &dedup
                ->buckets[hash_bytes(key_of(&fingerprint)) & (dedup->bucket_count - 1)];
}

static struct alert *find_in(struct alert *alert, uint64_t fingerprint)
{
    while (alert && alert->fingerprint != fingerprint)
        alert = alert->chain;
    return alert;
}

struct alert *dedup_find(const struct dedup *dedup, uint64_t fingerprint)
{
    if (dedup->bucket_count == 0)
        return NULL;
    return find_in(*bucket_of(dedup, fingerprint), fingerprint);
}

struct alert *dedup_next(const struct alert *alert)
{
    return find_in(alert->chain, alert->fingerprint);
}

static void put_into_bucket(struct dedup *dedup, struct alert *alert)
{
    struct alert **bucket = bucket_of(dedup, alert->fingerprint);
    alert->chain = *bucket;
    *bucket = alert;
}

static void grow(struct dedup *dedup)
{
    struct alert **old = dedup->buckets;
    size_t old_count = dedup->bucket_count;
    dedup->bucket_count = old_count ? 2 * old_count : 64;
    dedup->buckets = mem_zalloc(dedup->bucket_count * sizeof *dedup->buckets);
    for (size_t i = 0; i < old_count; i++) {
        for (struct alert *alert = old[i], *next; alert; alert = next) {
            next = alert->chain;
            put_into_bucket(dedup, alert);
        }
    }
    free(old);
}

void dedup_open(struct dedup *dedup, struct alert *alert)
{
    dedup_forget(dedup, alert->fingerprint);
    if (dedup->open_count >= dedup->bucket_count)
        grow(dedup);
    put_into_bucket(dedup, alert);
    dedup->open_count++;
}

static void take_out(struct dedup *dedup, struct alert *alert)
{
    struct alert **place = bucket_of(dedup, alert->fingerprint);
    while (*place != alert) {
        must(*place != NULL);
        place = &(*place)->chain;
    }
    *place = alert->chain;
    dedup->open_count--;
}

void dedup_close(struct dedup *dedup, struct alert *alert)
{
    if (alert->fingerprint == 0)
        return;
    take_out(dedup, alert);
    if (!dedup_find(dedup, alert->fingerprint))
        dedup_remember(dedup, alert->fingerprint, alert->occurrence,
                       !alert_is_firing(alert, dedup->now.mono_ms), alert->quiet_at_ms);
    alert->chain = NULL;
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
    free(dedup->buckets);
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
