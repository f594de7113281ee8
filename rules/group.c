/** Counting into alerts, and the decision whether a look at a group makes a mail. */
#include "rules/group.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"

enum { REFRESH_STEPS = 16 };
_Static_assert(LIMIT_GROUP_ALERTS > 1, "what makes way is not all that is there");
#define OTHER_ALERT "(other) alerts of this group, counted together"

struct labels labels_own(const struct labels *labels, struct slice *key)
{
    struct buf stored = buf_make(LABELS_KEY_BYTES);
    labels_save(labels, &stored);
    must(!stored.overflowed);
    size_t items_bytes = labels->count * sizeof(struct label);
    struct label *items = mem_zalloc(items_bytes + stored.len);
    char *bytes = (char *)items + items_bytes;
    memcpy(bytes, stored.ptr, stored.len);
    *key = slice_make(bytes, stored.len);
    buf_free(&stored);
    struct arena arena = { 0 };
    struct unbuf in = { *key, false };
    struct labels own;
    must(labels_load(&own, &in, &arena));
    memcpy(items, own.items, items_bytes);
    arena_free(&arena);
    return (struct labels){ items, labels->count };
}

struct alert_group *group_create(const struct labels *labels, const struct route *route,
                                 struct pieces *pieces, struct dedup *dedup)
{
    struct alert_group *group = mem_zalloc(sizeof *group);
    group->labels = labels_own(labels, &group->key);
    group->piece.kind = PIECE_GROUP;
    group->piece.weight = SHEET_BYTES / SHEET_PIECES;
    group->route = route;
    group->pieces = pieces;
    group->dedup = dedup;
    group->told_ms = NEVER_MS;
    return group;
}

struct alert *group_next(const struct alert_group *group, size_t *at)
{
    if (*at == SIZE_MAX)
        return NULL;
    struct alert *alert = map_next(&group->alerts, at);
    if (alert)
        return alert;
    *at = SIZE_MAX;
    return group->other;
}

size_t group_alert_count(const struct alert_group *group)
{
    return group->alerts.count + (group->other ? 1 : 0);
}

static void forget_usual(struct alert_group *group)
{
    free(mem_take(&group->usual));
    free((char *)group->usual_labels.ptr);
    group->usual_labels = (struct slice){ 0 };
    group->alike_count = 0;
}

void group_set_topic(struct alert_group *group, struct slice topic)
{
    free((char *)group->topic.ptr);
    group->topic = (struct slice){ 0 };
    if (topic.len > 0)
        group->topic = slice_make(mem_copy(topic), topic.len);
}

void group_free(struct alert_group *group)
{
    struct alert *alert;
    size_t at = 0;
    if (!group)
        return;
    while ((alert = group_next(group, &at)))
        alert_free(alert);
    map_free(&group->alerts);
    heap_free(&group->resting);
    forget_usual(group);
    group_set_topic(group, SLICE(""));
    free(group->labels.items);
    free(group);
}

static void stop_resting(struct alert_group *group, struct alert *alert)
{
    if (!alert->rest)
        return;
    heap_drop(&group->resting, &alert->rest->node);
    free(mem_take(&alert->rest));
}

static void drop(struct alert_group *group, struct alert *alert)
{
    stop_resting(group, alert);
    if (alert->is_other)
        group->other = NULL;
    else
        map_take(&group->alerts, alert_key(alert));
    must(group->new_count >= alert->new_count);
    group->new_count -= alert->new_count;
    pieces_drop(group->pieces, &alert->piece);
    dedup_close(group->dedup, alert);
    alert_free(alert);
    if (group_alert_count(group) == 0)
        forget_usual(group);
}

/** Only time takes others away, so these would fill the group for good. */
static void let_rest(struct alert_group *group, struct alert *alert)
{
    if (alert->quiet_at_ms != NEVER_MS || alert->new_count > 0 || alert->is_other) {
        stop_resting(group, alert);
        return;
    }
    if (!alert->rest) {
        alert->rest = mem_zalloc(sizeof *alert->rest);
        alert->rest->alert = alert;
    }
    heap_set(&group->resting, &alert->rest->node, alert->last_unix_ms);
}

/** @return whether there is room for one more alert. */
static bool make_room(struct alert_group *group)
{
    struct heap_node *node = heap_first(&group->resting);
    if (group->alerts.count < LIMIT_GROUP_ALERTS)
        return true;
    if (!node)
        return false;
    drop(group, heap_owner(node, struct alert_rest, node)->alert);
    group->left_count++;
    return true;
}

/** The labels as this group's alerts have them; the first ones are the usual. */
static struct slice key_of(struct alert_group *group, const struct labels *labels,
                           struct buf *room)
{
    if (!group->usual_labels.ptr) {
        buf_clear(room);
        labels_save(labels, room);
        group->usual_labels = slice_make(mem_copy(buf_slice(room)), room->len);
    }
    buf_clear(room);
    brief_save(labels, group->usual_labels, room);
    must(!room->overflowed);
    return buf_slice(room);
}

static struct alert *make_alert(struct alert_group *group, struct slice key,
                                const struct labels *labels)
{
    struct alert *alert = alert_create(key, labels_key_bytes(labels));
    alert->group = group;
    return alert;
}

/** The alert for these labels, made when it is not there and the group has room. */
static struct alert *find_alert(struct alert_group *group, const struct labels *labels,
                                struct buf *room)
{
    struct slice key = key_of(group, labels, room);
    struct alert *alert = map_find(&group->alerts, key);
    if (alert || !make_room(group))
        return alert;
    alert = make_alert(group, key, labels);
    map_put(&group->alerts, alert_key(alert), alert);
    return alert;
}

/** Does @alert, which has the labels of @sighting, stand for what was posted under
 *  another name? Where secrets were hidden or labels cut, both look alike. */
static bool is_another(const struct alert *alert, const struct sighting *sighting)
{
    return alert && sighting->fingerprint != 0 && alert->fingerprint != 0 &&
           alert->fingerprint != sighting->fingerprint;
}

/** One of those that look alike, each with an end of its own: a number tells it from
 *  the others. NULL: there is no room, in the group or among the labels. */
static struct alert *find_alike(struct alert_group *group,
                                const struct sighting *sighting, struct buf *room)
{
    struct arena arena = { 0 };
    struct alert *alert;
    do {
        struct labels labels = sighting->labels;
        const char *number = arena_printf(&arena, "%u", ++group->alike_count + 1);
        alert = NULL;
        if (!labels_set(&labels, &arena, SLICE("look_alike"), slice_of(number)))
            break;
        alert = find_alert(group, &labels, room);
    } while (is_another(alert, sighting));
    arena_free(&arena);
    return alert;
}

static struct alert *other_alert(struct alert_group *group)
{
    if (group->other)
        return group->other;
    static const struct slice texts[ALERT_TEXTS] = {
        [TEXT_SUMMARY] = { OTHER_ALERT, sizeof OTHER_ALERT - 1 }
    };
    struct buf room = buf_make(LABELS_KEY_BYTES);
    struct slice key = key_of(group, &group->labels, &room);
    struct alert *other = make_alert(group, key, &group->labels);
    buf_free(&room);
    other->is_other = true;
    alert_set_texts(other, texts);
    group->other = other;
    return other;
}

/** A new begin: what was told before belongs to what is over. */
static void begin(struct alert *alert, int64_t unix_ms)
{
    alert->is_told = false;
    alert->total_count = alert->new_count;
    if (alert->new_count == 0)
        alert->first_unix_ms = unix_ms;
}

/** @return whether anything is said otherwise than before. */
static bool describe(struct alert *alert, const struct sighting *sighting)
{
    const struct slice texts[ALERT_TEXTS] = {
        [TEXT_SUMMARY] = sighting->summary,
        [TEXT_DESCRIPTION] = sighting->description,
        [TEXT_RUNBOOK] = sighting->runbook,
        [TEXT_LINKS] = sighting->links,
    };
    unsigned before = alert->severity;
    if (!alert->is_other) {
        bool is_new = sighting->later == 0 && alert_set_texts(alert, texts);
        alert->severity = sighting->severity;
        return is_new || alert->severity != before;
    }
    if (sighting->severity > (enum severity)alert->severity)
        alert->severity = sighting->severity;
    return alert->severity != before;
}

/** What one that is over says of the others that share "(other)" is nothing. */
static void set_end(struct alert *alert, const struct sighting *sighting,
                    struct now now)
{
    bool is_over = sighting->ended_unix_ms != 0;
    alert->resolve_after_ms = sighting->resolve_after_ms;
    if (!is_over || !alert->is_other) {
        alert->ended_unix_ms = sighting->ended_unix_ms;
        alert->quiet_at_ms = is_over
                                 ? now.mono_ms
                                 : later_by_ms(now.mono_ms, sighting->resolve_after_ms);
    }
}

/** What makes one sighting another than the next: its line, or who posted it says so.
 *  */
static uint64_t hash_of(const struct sighting *sighting)
{
    return sighting->fingerprint ? sighting->fingerprint
                                 : hash_bytes(sighting->sample.line);
}

static void count(struct alert_group *group, struct alert *alert,
                  const struct sighting *sighting, struct now now)
{
    const struct sample *sample = &sighting->sample;
    int64_t unix_ms = sample->unix_ms > 0 ? sample->unix_ms : now.unix_ms;
    int64_t began_ms = sighting->began_unix_ms > 0
                           ? earlier_ms(sighting->began_unix_ms, unix_ms)
                           : unix_ms;
    if (!alert_is_firing(alert, now.mono_ms))
        begin(alert, began_ms);
    unsigned before = alert->severity;
    describe(alert, sighting);
    if (sighting->is_news || alert->severity > before)
        alert->is_told = false;
    if (alert_wants_sample(alert, sighting->later))
        alert_keep_sample(alert, sample);
    alert->new_count += sighting->count;
    alert->total_count += sighting->count;
    alert->line_hash_sum += sighting->count ? hash_of(sighting) : 0;
    alert->last_unix_ms = unix_ms;
    set_end(alert, sighting, now);
    group->new_count += sighting->count;
    let_rest(group, alert);
    alert_weigh(alert);
    pieces_touch(group->pieces, &alert->piece);
}

bool group_count_in_passing(struct alert *alert, struct slice line, uint32_t later,
                            struct now now)
{
    if (!alert_is_firing(alert, now.mono_ms) || alert_wants_sample(alert, later))
        return false;
    alert->new_count++;
    alert->total_count++;
    alert->line_hash_sum += hash_bytes(line);
    alert->group->new_count++;
    return true;
}

struct alert *group_count(struct alert_group *group, const struct sighting *sighting,
                          struct buf *room, struct now now)
{
    struct alert *alert = find_alert(group, &sighting->labels, room);
    if (is_another(alert, sighting))
        alert = find_alike(group, sighting, room);
    if (!alert)
        alert = other_alert(group);
    count(group, alert, sighting, now);
    return alert;
}

void group_count_again(struct alert *alert, const struct sighting *sighting,
                       struct now now)
{
    if (sighting->fingerprint != 0)
        alert->occurrence = sighting->occurrence;
    count(alert->group, alert, sighting, now);
}

void group_refresh(struct alert *alert, const struct sighting *sighting, struct now now)
{
    bool has_changed = describe(alert, sighting);
    int64_t quiet_at_ms = later_by_ms(now.mono_ms, sighting->resolve_after_ms);
    if (quiet_at_ms - alert->quiet_at_ms > sighting->resolve_after_ms / REFRESH_STEPS) {
        alert->resolve_after_ms = sighting->resolve_after_ms;
        alert->quiet_at_ms = quiet_at_ms;
        has_changed = true;
    }
    if (has_changed)
        pieces_touch(alert->group->pieces, &alert->piece);
}

/** The last word on it replaces its summary; what was said of it below that stays. */
static void put_last_word(struct alert *alert, struct slice summary)
{
    struct slice texts[ALERT_TEXTS];
    for (int i = 0; i < ALERT_TEXTS; i++)
        texts[i] = alert_text(alert, (enum alert_text)i);
    texts[TEXT_SUMMARY] = summary;
    (void)alert_set_texts(alert, texts);
}

void group_end(struct alert *alert, struct slice summary, int64_t ended_unix_ms,
               struct now now)
{
    if (summary.len > 0 && !alert->is_other)
        put_last_word(alert, summary);
    alert->ended_unix_ms = ended_unix_ms > 0 ? ended_unix_ms : now.unix_ms;
    alert->quiet_at_ms = now.mono_ms;
    let_rest(alert->group, alert);
    pieces_touch(alert->group->pieces, &alert->piece);
}

/** Who swallows one from outside is that one now, or else it is remembered. */
static void take_over(struct alert_group *group, struct alert *alert,
                      const struct alert *gone)
{
    if (gone->fingerprint == 0 || gone->fingerprint == alert->fingerprint)
        return;
    if (alert->is_other || alert->fingerprint != 0) {
        dedup_remember(group->dedup, gone->fingerprint, gone->occurrence,
                       gone->ended_unix_ms != 0, gone->quiet_at_ms);
        return;
    }
    alert->fingerprint = gone->fingerprint;
    alert->occurrence = gone->occurrence;
    dedup_open(group->dedup, alert);
}

static void swallow(struct alert_group *group, struct alert *alert, struct alert *gone)
{
    take_over(group, alert, gone);
    alert->new_count += gone->new_count;
    alert->total_count += gone->total_count;
    alert->line_hash_sum += gone->line_hash_sum;
    alert->first_unix_ms = earlier_ms(alert->first_unix_ms, gone->first_unix_ms);
    alert->last_unix_ms = later_ms(alert->last_unix_ms, gone->last_unix_ms);
    if (gone->quiet_at_ms > alert->quiet_at_ms) {
        alert->quiet_at_ms = gone->quiet_at_ms;
        alert->ended_unix_ms = 0;
    }
    if (gone->severity > alert->severity)
        alert->severity = gone->severity;
    for (size_t i = 0; i < gone->sample_count && !gone->samples_told; i++)
        alert_keep_sample(alert, &gone->samples[i]);
    let_rest(group, alert);
    pieces_touch(group->pieces, &alert->piece);
    pieces_drop(group->pieces, &gone->piece);
    alert_free(gone);
}

struct alert *group_welcome(struct alert_group *group, struct alert *alert)
{
    struct buf room = buf_make(LABELS_KEY_BYTES);
    struct arena arena = { 0 };
    struct labels labels = alert_labels(alert, &arena);
    alert = alert_rename(alert, key_of(group, &labels, &room));
    alert->group = group;
    alert_share_texts(alert);
    arena_free(&arena);
    buf_free(&room);
    return alert;
}

void group_put(struct alert_group *group, struct alert *alert)
{
    must(alert->group == group);
    group->new_count += alert->new_count;
    struct alert *known =
        alert->is_other ? group->other : map_find(&group->alerts, alert_key(alert));
    if (known) {
        swallow(group, known, alert);
    } else if (alert->is_other) {
        group->other = alert;
    } else if (group->alerts.count < LIMIT_GROUP_ALERTS) {
        map_put(&group->alerts, alert_key(alert), alert);
        let_rest(group, alert);
        if (alert->fingerprint != 0)
            dedup_open(group->dedup, alert);
    } else {
        swallow(group, other_alert(group), alert);
    }
}

enum severity group_severity(const struct alert_group *group)
{
    enum severity worst = SEVERITY_INFO;
    struct alert *alert;
    size_t at = 0;
    while ((alert = group_next(group, &at)))
        worst = (enum severity)alert->severity > worst ? alert->severity : worst;
    return worst;
}

/** What a look finds in a group. */
struct census {
    size_t firing, quiet;
    bool has_untold;
    bool has_ended; /**< somebody said so, which is news */
};

static struct census take_census(const struct alert_group *group, int64_t mono_ms)
{
    struct census census = { 0 };
    struct alert *alert;
    size_t at = 0;
    while ((alert = group_next(group, &at))) {
        if (alert_is_firing(alert, mono_ms))
            census.firing++;
        else
            census.quiet++;
        census.has_untold |= !alert->is_told && alert->new_count > 0;
        census.has_ended |= alert->ended_unix_ms != 0;
    }
    return census;
}

bool group_decide(const struct alert_group *group, int64_t mono_ms,
                  enum notice_reason *reason)
{
    const struct route_config *config = group->route->config;
    struct census census = take_census(group, mono_ms);
    if (!group->is_told) {
        *reason = NOTICE_FIRST;
        return group->new_count > 0;
    }
    if (census.has_untold) {
        *reason = NOTICE_NEW;
        return true;
    }
    if (census.firing == 0) {
        *reason = NOTICE_RESOLVED;
        return group->new_count > 0 || census.has_ended ||
               (census.quiet > 0 && config->send_resolved);
    }
    if (census.has_ended || (census.quiet > 0 && config->send_resolved)) {
        *reason = NOTICE_RESOLVED;
        return true;
    }
    *reason = NOTICE_REPEAT;
    return mono_ms >= later_by_ms(group->told_ms, config->repeat_interval);
}

void group_told(struct alert_group *group, struct now now)
{
    struct alert *alert;
    size_t at = 0;
    while ((alert = group_next(group, &at))) {
        bool is_news = alert->new_count > 0 || !alert->is_told;
        group->new_count -= alert->new_count;
        alert->new_count = 0;
        alert->line_hash_sum = 0;
        alert->samples_told = true;
        alert->is_told = true;
        if (!alert_is_firing(alert, now.mono_ms)) {
            drop(group, alert);
            continue;
        }
        let_rest(group, alert);
        if (is_news)
            pieces_touch(group->pieces, &alert->piece);
    }
    must(group->new_count == 0);
    group->is_told = true;
    group->told_ms = now.mono_ms;
    group->tick_ms = now.mono_ms + group->route->config->group_interval;
    group->since_unix_ms = now.unix_ms;
    pieces_touch(group->pieces, &group->piece);
}

void group_sweep(struct alert_group *group, int64_t mono_ms)
{
    struct alert *alert;
    size_t at = 0;
    while ((alert = group_next(group, &at))) {
        if (alert->new_count == 0 && !alert_is_firing(alert, mono_ms))
            drop(group, alert);
    }
}

void group_clear(struct alert_group *group)
{
    struct alert *alert;
    size_t at = 0;
    while ((alert = group_next(group, &at)))
        drop(group, alert);
}

int64_t group_beat(const struct alert_group *group, int64_t after_ms)
{
    int64_t interval = group->route->config->group_interval;
    int64_t behind = after_ms - group->tick_ms;
    if (behind <= 0)
        return group->tick_ms;
    return group->tick_ms + (behind + interval - 1) / interval * interval;
}

int64_t group_next_look(const struct alert_group *group, int64_t mono_ms)
{
    int64_t wanted = NEVER_MS;
    struct alert *alert;
    size_t at = 0;
    while ((alert = group_next(group, &at))) {
        bool is_untold = !alert->is_told && alert->new_count > 0;
        if (is_untold || alert->ended_unix_ms != 0 ||
            (!group->is_told && group->new_count > 0))
            wanted = mono_ms;
        else if (alert_is_firing(alert, mono_ms))
            wanted = earlier_ms(wanted, alert->quiet_at_ms);
    }
    if (group->is_told && group_alert_count(group) > 0)
        wanted = earlier_ms(wanted, later_by_ms(group->told_ms,
                                                group->route->config->repeat_interval));
    return wanted == NEVER_MS ? NEVER_MS
                              : group_beat(group, later_ms(wanted, mono_ms + 1));
}
