/** What is written is read back by one function each, in the same order. */
#include "rules/group_store.h"

#include "agent/base/must.h"

/* More than any log brings to one alert, and small enough that sums do not wrap. */
#define MOST_SIGHTINGS (UINT64_C(1) << 44)

int64_t stored_ms(int64_t mono_ms, struct now now)
{
    return mono_ms == NEVER_MS ? NEVER_MS : mono_ms - now.mono_ms + now.unix_ms;
}

int64_t restored_ms(uint64_t stored, struct now now)
{
    int64_t mono_ms;
    if (stored == (uint64_t)NEVER_MS ||
        __builtin_sub_overflow((int64_t)stored, now.unix_ms, &mono_ms) ||
        __builtin_add_overflow(mono_ms, now.mono_ms, &mono_ms))
        return NEVER_MS;
    return mono_ms;
}

/** At least @now, at most @span later. */
static int64_t clamped(int64_t mono_ms, struct now now, int64_t span)
{
    if (mono_ms < now.mono_ms)
        return now.mono_ms;
    return earlier_ms(mono_ms, later_by_ms(now.mono_ms, span));
}

/** Milliseconds that are not negative. */
static int64_t get_span(struct record_in *in)
{
    uint64_t value = record_get(in);
    if (value > (uint64_t)NEVER_MS)
        in->failed = true;
    return in->failed ? 0 : (int64_t)value;
}

enum alert_flag {
    FLAG_HOME_IS_OTHER = 1,
    FLAG_IS_OTHER = 2,
    FLAG_IS_TOLD = 4,
    FLAG_SAMPLES_TOLD = 8,
    FLAGS = 16
};

/** What is read before there is an alert. */
struct alert_head {
    struct label items[LIMIT_LABELS];
    struct labels labels;
    struct slice home;
    uint64_t flags;
};

/* --- the head of an alert --------------------------------------------------------- */

/* A group is named by some of the labels that each of its alerts has, so that these are
 * a bit each. */
_Static_assert(LIMIT_LABELS < 64, "there is a bit for each label");

static uint64_t home_bits(const struct alert *alert, const struct labels *labels)
{
    const struct labels *home = &alert->group->labels;
    uint64_t bits = 0;
    size_t found = 0;
    for (size_t i = 0; i < labels->count && found < home->count; i++) {
        const struct label *wanted = &home->items[found];
        if (!slice_equal(labels->items[i].name, wanted->name))
            continue;
        must(slice_equal(labels->items[i].value, wanted->value));
        bits |= UINT64_C(1) << i;
        found++;
    }
    must(found == home->count);
    return bits;
}

static void save_labels(const struct alert *alert, struct record_out *out)
{
    struct label items[LIMIT_LABELS];
    struct labels labels = { items, 0 };
    brief_load(alert_brief(alert), &labels);
    record_put(out, labels.count);
    record_put(out, home_bits(alert, &labels));
    for (size_t i = 0; i < labels.count; i++) {
        record_put_text(out, items[i].name);
        record_put_text(out, items[i].value);
    }
}

static struct slice key_in(struct arena *arena, const struct labels *labels)
{
    size_t bytes = labels_key_bytes(labels);
    struct buf key = { .ptr = arena_zalloc(arena, bytes + 1),
                       .capacity = bytes + 1,
                       .max_bytes = bytes };
    labels_save(labels, &key);
    must(!key.overflowed);
    return buf_slice(&key);
}

/** @return false when the bytes are no labels. */
static bool load_labels(struct alert_head *head, struct record_in *in,
                        struct arena *arena)
{
    struct label *items = head->items, home_items[LIMIT_LABELS];
    struct labels labels = { items, record_get(in) }, home = { home_items, 0 };
    uint64_t bits = record_get(in);
    if (in->failed || labels.count > LIMIT_LABELS || bits >> labels.count != 0)
        return false;
    for (size_t i = 0; i < labels.count; i++) {
        items[i].name = record_get_text(in);
        items[i].value = record_get_text(in);
        if (bits >> i & 1)
            home_items[home.count++] = items[i];
    }
    if (in->failed || !labels_are_good(&labels))
        return false;
    head->labels = labels;
    head->home = key_in(arena, &home);
    return true;
}

/** Is @bytes the stored form of labels, and nothing more? */
static bool load_key(struct alert_head *head, struct slice bytes)
{
    struct unbuf in = { bytes, false };
    head->labels.items = head->items;
    return labels_load_into(&head->labels, &in) && in.rest.len == 0;
}

static bool load_plain_head(struct alert_head *head, struct record_in *in)
{
    head->home = record_get_text(in);
    head->flags = record_get_bool(in) ? FLAG_HOME_IS_OTHER : 0;
    struct slice key = record_get_text(in);
    head->flags |= record_get_bool(in) ? FLAG_IS_OTHER : 0;
    head->flags |= record_get_bool(in) ? FLAG_IS_TOLD : 0;
    head->flags |= record_get_bool(in) ? FLAG_SAMPLES_TOLD : 0;
    return !in->failed && load_key(head, key);
}

static bool load_head(struct alert_head *head, struct record_in *in,
                      struct arena *arena)
{
    if (in->is_plain)
        return load_plain_head(head, in);
    if (!load_labels(head, in, arena))
        return false;
    head->flags = record_get(in);
    return !in->failed && head->flags < FLAGS;
}

/* --- alerts ----------------------------------------------------------------------- */

static void sample_save(const struct sample *sample, struct record_out *out)
{
    record_put_text(out, sample->line);
    record_put_text(out, sample->path);
    record_put(out, (uint64_t)sample->offset);
    record_put(out, (uint64_t)sample->unix_ms);
}

static void samples_load(struct alert *alert, struct record_in *in)
{
    uint64_t count = record_get(in);
    if (count > LIMIT_SAMPLES)
        in->failed = true;
    for (uint64_t i = 0; i < count && !in->failed; i++) {
        struct sample sample;
        sample.line = record_get_text(in);
        sample.path = record_get_text(in);
        sample.offset = (int64_t)record_get(in);
        sample.unix_ms = (int64_t)record_get(in);
        alert_keep_sample(alert, &sample);
    }
}

void alert_save(const struct alert *alert, struct now now, struct record_out *out)
{
    save_labels(alert, out);
    record_put(out, (alert->group->is_other ? FLAG_HOME_IS_OTHER : 0) |
                        (alert->is_other ? FLAG_IS_OTHER : 0) |
                        (alert->is_told ? FLAG_IS_TOLD : 0) |
                        (alert->samples_told ? FLAG_SAMPLES_TOLD : 0));
    record_put(out, alert->severity);
    record_put(out, (uint64_t)alert->resolve_after_ms);
    record_put(out, (uint64_t)stored_ms(alert->quiet_at_ms, now));
    for (int i = 0; i < ALERT_TEXTS; i++)
        record_put_text(out, alert_text(alert, (enum alert_text)i));
    record_put(out, alert->new_count);
    record_put(out, alert->total_count);
    /* Nearly always it is what was counted so often. */
    record_put(out, alert->line_hash_sum - alert->new_count * alert->fingerprint);
    record_put(out, (uint64_t)alert->first_unix_ms);
    record_put(out, (uint64_t)alert->last_unix_ms);
    record_put(out, (uint64_t)alert->ended_unix_ms);
    record_put(out, alert->fingerprint);
    record_put(out, alert->occurrence);
    record_put(out, alert->sample_count);
    for (size_t i = 0; i < alert->sample_count; i++)
        sample_save(&alert->samples[i], out);
}

static void texts_load(struct alert *alert, struct record_in *in)
{
    struct slice texts[ALERT_TEXTS];
    for (int i = 0; i < ALERT_TEXTS; i++)
        texts[i] = record_get_text(in);
    alert_set_texts(alert, texts);
}

/** @return whether it can be so. */
static bool counts_load(struct alert *alert, struct record_in *in)
{
    alert->new_count = record_get(in);
    alert->total_count = record_get(in);
    alert->line_hash_sum = record_get(in);
    alert->first_unix_ms = (int64_t)record_get(in);
    alert->last_unix_ms = (int64_t)record_get(in);
    alert->ended_unix_ms = (int64_t)record_get(in);
    alert->fingerprint = record_get(in);
    alert->occurrence = record_get(in);
    if (!in->is_plain)
        alert->line_hash_sum += alert->new_count * alert->fingerprint;
    return alert->total_count <= MOST_SIGHTINGS &&
           alert->new_count <= alert->total_count;
}

/** What stands behind the head. */
static bool body_load(struct alert *alert, struct record_in *in, struct now now)
{
    uint64_t severity = record_get(in);
    alert->resolve_after_ms = get_span(in);
    int64_t quiet_at_ms = restored_ms(record_get(in), now);
    if (severity > SEVERITY_CRITICAL)
        return false;
    alert->severity = (enum severity)severity;
    alert->quiet_at_ms = clamped(quiet_at_ms, now, alert->resolve_after_ms);
    texts_load(alert, in);
    if (!counts_load(alert, in))
        return false;
    /* Over is over, also when the clock was set back since. */
    if (alert->ended_unix_ms != 0)
        alert->quiet_at_ms = now.mono_ms;
    samples_load(alert, in);
    return !in->failed;
}

/** Nothing is usual yet: it has no group. */
static struct alert *create(const struct labels *labels)
{
    struct buf key = buf_make(LABELS_KEY_BYTES);
    brief_save(labels, SLICE(""), &key);
    struct alert *alert = alert_create(buf_slice(&key), labels_key_bytes(labels));
    buf_free(&key);
    return alert;
}

struct alert *alert_load(struct record_in *in, struct now now, struct arena *arena,
                         struct slice *home, bool *home_is_other)
{
    struct alert_head head = { 0 };
    if (!load_head(&head, in, arena))
        return NULL;
    *home = head.home;
    *home_is_other = (head.flags & FLAG_HOME_IS_OTHER) != 0;
    struct alert *alert = create(&head.labels);
    if (!body_load(alert, in, now)) {
        alert_free(alert);
        return NULL;
    }
    alert->is_other = (head.flags & FLAG_IS_OTHER) != 0;
    alert->is_told = (head.flags & FLAG_IS_TOLD) != 0;
    alert->samples_told = (head.flags & FLAG_SAMPLES_TOLD) != 0;
    alert_weigh(alert);
    return alert;
}

/* --- groups ----------------------------------------------------------------------- */

void group_save(const struct alert_group *group, struct now now, struct record_out *out)
{
    /* The beat of this moment is over: a restart is to find the one that comes. */
    int64_t look_ms =
        group->is_told ? group_beat(group, now.mono_ms + 1) : group->tick_ms;
    record_put_text(out, group->key);
    record_put(out, group->is_other);
    record_put(out, group->is_told);
    record_put(out, group->is_held);
    record_put_text(out, slice_of(group->thread));
    record_put(out, group->mail_count);
    record_put(out, (uint64_t)stored_ms(look_ms, now));
    record_put(out, (uint64_t)stored_ms(group->told_ms, now));
    record_put(out, (uint64_t)group->since_unix_ms);
    record_put(out, group->began_critical);
    record_put_text(out, group->topic);
}

/** Empty, or 32 digits: it goes into headers of mails. */
static bool is_thread(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!strchr("0123456789abcdef", text.ptr[i]) || text.ptr[i] == '\0')
            return false;
    }
    return text.len == 0 || text.len == 32;
}

bool group_load(struct group_stored *stored, struct record_in *in, bool has_topic)
{
    stored->home = record_get_text(in);
    stored->is_other = record_get_bool(in);
    stored->is_told = record_get_bool(in);
    stored->is_held = record_get_bool(in);
    stored->thread = record_get_text(in);
    stored->mail_count = record_get(in);
    stored->tick = record_get(in);
    stored->told = record_get(in);
    stored->since_unix_ms = (int64_t)record_get(in);
    stored->began_critical = has_topic && record_get_bool(in);
    stored->topic = has_topic ? record_get_text(in) : SLICE("");
    return !in->failed && is_thread(stored->thread) &&
           stored->topic.len <= LIMIT_LABEL_BYTES && stored->mail_count <= UINT32_MAX;
}

void group_resume(struct alert_group *group, const struct group_stored *stored,
                  struct now now)
{
    const struct route_config *config = group->route->config;
    int64_t told_ms = restored_ms(stored->told, now);
    int64_t span = stored->is_told || config->group_wait < config->group_interval
                       ? config->group_interval
                       : config->group_wait;
    group->is_told = stored->is_told;
    group->is_held = stored->is_held;
    memset(group->thread, 0, sizeof group->thread);
    memcpy(group->thread, stored->thread.ptr, stored->thread.len);
    group->mail_count = (uint32_t)stored->mail_count;
    group->began_critical = stored->began_critical;
    group_set_topic(group, stored->topic);
    group->tick_ms = clamped(restored_ms(stored->tick, now), now, span);
    /* A mail from the future was sent just now: the repeat then comes late, never
     * early. */
    group->told_ms = told_ms == NEVER_MS ? NEVER_MS : earlier_ms(told_ms, now.mono_ms);
    group->since_unix_ms = stored->since_unix_ms;
}
