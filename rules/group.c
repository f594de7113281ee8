/** Counting into alerts, and the decision whether a look at a group makes a mail. */
#include "rules/group.h"

#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"

/* Of LIMIT_SAMPLES: these say how it began, the others how it goes on. */
enum { FIRST_SAMPLES = 2 };

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
    struct unbuf in = { *key, false };
    size_t count = (size_t)unbuf_u64(&in);
    for (size_t i = 0; i < count; i++) {
        items[i].name = unbuf_bytes(&in);
        items[i].value = unbuf_bytes(&in);
    }
    return (struct labels){ items, count };
}

/* Memory for texts comes in steps, so that the next line of a rule, which is about as
 * long, fits where the one before stood. */
static size_t room_for(size_t len)
{
    enum { STEP = 128 };
    return (len + STEP) / STEP * STEP;
}

void group_own_text(struct slice *own, struct slice text, size_t max_bytes)
{
    struct slice cut =
        slice_make(text.ptr, text.len < max_bytes ? text.len : max_bytes);
    if (own->ptr && slice_equal(*own, cut))
        return;
    char *copy = (char *)own->ptr;
    if (!copy || room_for(cut.len) > room_for(own->len)) {
        free(copy);
        copy = mem_zalloc(room_for(cut.len));
    }
    if (cut.len > 0)
        memmove(copy, cut.ptr, cut.len);
    *own = slice_make(copy, cut.len);
}

static void sample_free(struct sample *sample)
{
    free((char *)sample->line.ptr);
    free((char *)sample->path.ptr);
    *sample = (struct sample){ 0 };
}

static void forget_samples(struct alert *alert)
{
    for (size_t i = 0; i < alert->sample_count; i++)
        sample_free(&alert->samples[i]);
    alert->sample_count = 0;
    alert->samples_told = false;
}

/** Past LIMIT_SAMPLES the oldest of the later ones makes way. */
static void keep_sample(struct alert *alert, const struct sample *sample)
{
    if (alert->samples_told)
        forget_samples(alert);
    if (sample->line.len == 0)
        return;
    if (alert->sample_count == LIMIT_SAMPLES) {
        /* The oldest moves to the end, where the new one takes its memory. */
        struct sample *later = &alert->samples[FIRST_SAMPLES], oldest = *later;
        memmove(later, later + 1, (LIMIT_SAMPLES - FIRST_SAMPLES - 1) * sizeof *later);
        alert->samples[--alert->sample_count] = oldest;
    }
    struct sample *own = &alert->samples[alert->sample_count++];
    group_own_text(&own->line, sample->line, LIMIT_SAMPLE_BYTES);
    group_own_text(&own->path, sample->path, LIMIT_SAMPLE_BYTES);
    own->offset = sample->offset;
    own->unix_ms = sample->unix_ms;
}

void alert_free(struct alert *alert)
{
    if (!alert)
        return;
    forget_samples(alert);
    free(alert->labels.items);
    free((char *)alert->summary.ptr);
    free((char *)alert->description.ptr);
    free((char *)alert->runbook.ptr);
    free(alert);
}

bool alert_is_firing(const struct alert *alert, int64_t mono_ms)
{
    return mono_ms < alert->quiet_at_ms;
}

struct alert_group *group_create(const struct labels *labels, const struct route *route,
                                 struct pieces *pieces)
{
    struct alert_group *group = mem_zalloc(sizeof *group);
    group->piece.kind = PIECE_GROUP;
    group->labels = labels_own(labels, &group->key);
    group->route = route;
    group->pieces = pieces;
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
    free(group->labels.items);
    free(group);
}

static void drop(struct alert_group *group, struct alert *alert)
{
    heap_drop(&group->resting, &alert->rest);
    if (alert->is_other)
        group->other = NULL;
    else
        map_take(&group->alerts, alert->key);
    must(group->new_count >= alert->new_count);
    group->new_count -= alert->new_count;
    pieces_drop(group->pieces, &alert->piece);
    alert_free(alert);
}

static struct alert *alert_create(struct alert_group *group,
                                  const struct labels *labels)
{
    struct alert *alert = mem_zalloc(sizeof *alert);
    alert->piece.kind = PIECE_ALERT;
    alert->group = group;
    alert->labels = labels_own(labels, &alert->key);
    return alert;
}

/** Only time takes others away, so these would fill the group for good. */
static void let_rest(struct alert_group *group, struct alert *alert)
{
    bool may_leave =
        alert->quiet_at_ms == NEVER_MS && alert->new_count == 0 && !alert->is_other;
    heap_set(&group->resting, &alert->rest, may_leave ? alert->last_unix_ms : NEVER_MS);
}

/** @return whether there is room for one more alert. */
static bool make_room(struct alert_group *group)
{
    struct heap_node *node = heap_first(&group->resting);
    if (group->alerts.count < LIMIT_GROUP_ALERTS)
        return true;
    if (!node)
        return false;
    drop(group, heap_owner(node, struct alert, rest));
    group->left_count++;
    return true;
}

/** The alert for these labels, made when it is not there and the group has room. */
static struct alert *find_alert(struct alert_group *group, struct slice key,
                                const struct labels *labels)
{
    struct alert *alert = map_find(&group->alerts, key);
    if (alert || !make_room(group))
        return alert;
    alert = alert_create(group, labels);
    must(slice_equal(alert->key, key));
    map_put(&group->alerts, alert->key, alert);
    return alert;
}

static struct alert *other_alert(struct alert_group *group)
{
    if (group->other)
        return group->other;
    struct alert *other = alert_create(group, &group->labels);
    other->is_other = true;
    group_own_text(&other->summary,
                   SLICE("(other) alerts of this group, counted together"),
                   LIMIT_SUMMARY_BYTES);
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

static void describe(struct alert *alert, const struct sighting *sighting)
{
    if (alert->is_other) {
        if (sighting->severity > alert->severity)
            alert->severity = sighting->severity;
        return;
    }
    alert->severity = sighting->severity;
    group_own_text(&alert->summary, sighting->summary, LIMIT_SUMMARY_BYTES);
    group_own_text(&alert->description, sighting->description, LIMIT_DESCRIPTION_BYTES);
    group_own_text(&alert->runbook, sighting->runbook, LIMIT_SUMMARY_BYTES);
}

void group_count_again(struct alert_group *group, struct alert *alert,
                       const struct sighting *sighting, struct now now)
{
    const struct sample *sample = &sighting->sample;
    int64_t unix_ms = sample->unix_ms > 0 ? sample->unix_ms : now.unix_ms;
    if (!alert_is_firing(alert, now.mono_ms))
        begin(alert, unix_ms);
    describe(alert, sighting);
    keep_sample(alert, sample);
    alert->new_count += sighting->count;
    alert->total_count += sighting->count;
    alert->line_hash_sum += hash_bytes(sample->line);
    alert->last_unix_ms = unix_ms;
    alert->resolve_after_ms = sighting->resolve_after_ms;
    alert->quiet_at_ms = later_by_ms(now.mono_ms, sighting->resolve_after_ms);
    group->new_count += sighting->count;
    let_rest(group, alert);
    pieces_touch(group->pieces, &alert->piece);
}

struct alert *group_count(struct alert_group *group, struct slice key,
                          const struct sighting *sighting, struct now now)
{
    struct alert *alert = find_alert(group, key, &sighting->labels);
    if (!alert)
        alert = other_alert(group);
    group_count_again(group, alert, sighting, now);
    return alert;
}

static int64_t later_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void swallow(struct alert_group *group, struct alert *alert, struct alert *gone)
{
    alert->new_count += gone->new_count;
    alert->total_count += gone->total_count;
    alert->line_hash_sum += gone->line_hash_sum;
    alert->first_unix_ms = earlier_ms(alert->first_unix_ms, gone->first_unix_ms);
    alert->last_unix_ms = later_ms(alert->last_unix_ms, gone->last_unix_ms);
    alert->quiet_at_ms = later_ms(alert->quiet_at_ms, gone->quiet_at_ms);
    if (gone->severity > alert->severity)
        alert->severity = gone->severity;
    for (size_t i = 0; i < gone->sample_count && !gone->samples_told; i++)
        keep_sample(alert, &gone->samples[i]);
    let_rest(group, alert);
    pieces_touch(group->pieces, &alert->piece);
    pieces_drop(group->pieces, &gone->piece);
    alert_free(gone);
}

void group_put(struct alert_group *group, struct alert *alert)
{
    group->new_count += alert->new_count;
    alert->group = group;
    struct alert *known =
        alert->is_other ? group->other : map_find(&group->alerts, alert->key);
    if (known) {
        swallow(group, known, alert);
    } else if (alert->is_other) {
        group->other = alert;
    } else if (group->alerts.count < LIMIT_GROUP_ALERTS) {
        map_put(&group->alerts, alert->key, alert);
        let_rest(group, alert);
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
        worst = alert->severity > worst ? alert->severity : worst;
    return worst;
}

/** What a look finds in a group. */
struct census {
    size_t firing, quiet;
    bool has_untold;
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
        return group->new_count > 0 || (census.quiet > 0 && config->send_resolved);
    }
    if (census.quiet > 0 && config->send_resolved) {
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
        if (is_untold || (!group->is_told && group->new_count > 0))
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
