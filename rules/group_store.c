/** What is written is read back by one function each, in the same order. */
#include "rules/group_store.h"

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

static bool unbuf_bool(struct unbuf *in)
{
    uint64_t value = unbuf_u64(in);
    if (value > 1)
        in->failed = true;
    return value == 1;
}

/** Milliseconds that are not negative. */
static int64_t unbuf_span(struct unbuf *in)
{
    uint64_t value = unbuf_u64(in);
    if (value > (uint64_t)NEVER_MS)
        in->failed = true;
    return in->failed ? 0 : (int64_t)value;
}

static struct slice unbuf_own(struct unbuf *in)
{
    struct slice bytes = unbuf_bytes(in);
    struct slice own = { 0 };
    group_own_text(&own, bytes, SIZE_MAX);
    return own;
}

/** Labels in a heap block of their own; none, and in->failed, when they are none. */
static struct labels unbuf_labels(struct unbuf *in, struct slice *key)
{
    struct arena arena = { 0 };
    struct labels loaded = { 0 };
    struct unbuf inner = { unbuf_bytes(in), in->failed };
    if (!labels_load(&loaded, &inner, &arena) || inner.rest.len > 0) {
        in->failed = true;
        loaded = (struct labels){ 0 };
    }
    struct labels own = labels_own(&loaded, key);
    arena_free(&arena);
    return own;
}

static void sample_save(const struct sample *sample, struct buf *out)
{
    buf_put_bytes(out, sample->line);
    buf_put_bytes(out, sample->path);
    buf_put_u64(out, (uint64_t)sample->offset);
    buf_put_u64(out, (uint64_t)sample->unix_ms);
}

static void samples_load(struct alert *alert, struct unbuf *in)
{
    uint64_t count = unbuf_u64(in);
    if (count > LIMIT_SAMPLES)
        in->failed = true;
    for (uint64_t i = 0; i < count && !in->failed; i++) {
        struct sample *sample = &alert->samples[alert->sample_count++];
        sample->line = unbuf_own(in);
        sample->path = unbuf_own(in);
        sample->offset = (int64_t)unbuf_u64(in);
        sample->unix_ms = (int64_t)unbuf_u64(in);
    }
}

void alert_save(const struct alert *alert, struct now now, struct buf *out)
{
    buf_put_bytes(out, alert->group->key);
    buf_put_u64(out, alert->group->is_other);
    buf_put_bytes(out, alert->key);
    buf_put_u64(out, alert->is_other);
    buf_put_u64(out, alert->is_told);
    buf_put_u64(out, alert->samples_told);
    buf_put_u64(out, alert->severity);
    buf_put_u64(out, (uint64_t)alert->resolve_after_ms);
    buf_put_u64(out, (uint64_t)stored_ms(alert->quiet_at_ms, now));
    buf_put_bytes(out, alert->summary);
    buf_put_bytes(out, alert->description);
    buf_put_bytes(out, alert->runbook);
    buf_put_u64(out, alert->new_count);
    buf_put_u64(out, alert->total_count);
    buf_put_u64(out, alert->line_hash_sum);
    buf_put_u64(out, (uint64_t)alert->first_unix_ms);
    buf_put_u64(out, (uint64_t)alert->last_unix_ms);
    buf_put_u64(out, alert->sample_count);
    for (size_t i = 0; i < alert->sample_count; i++)
        sample_save(&alert->samples[i], out);
}

struct alert *alert_load(struct unbuf *in, struct now now, struct slice *home,
                         bool *home_is_other)
{
    struct alert *alert = mem_zalloc(sizeof *alert);
    alert->piece.kind = PIECE_ALERT;
    *home = unbuf_bytes(in);
    *home_is_other = unbuf_bool(in);
    alert->labels = unbuf_labels(in, &alert->key);
    alert->is_other = unbuf_bool(in);
    alert->is_told = unbuf_bool(in);
    alert->samples_told = unbuf_bool(in);
    uint64_t severity = unbuf_u64(in);
    alert->severity =
        severity <= SEVERITY_CRITICAL ? (enum severity)severity : SEVERITY_CRITICAL;
    alert->resolve_after_ms = unbuf_span(in);
    int64_t quiet_at_ms = restored_ms(unbuf_u64(in), now);
    alert->quiet_at_ms = clamped(quiet_at_ms, now, alert->resolve_after_ms);
    alert->summary = unbuf_own(in);
    alert->description = unbuf_own(in);
    alert->runbook = unbuf_own(in);
    alert->new_count = unbuf_u64(in);
    alert->total_count = unbuf_u64(in);
    alert->line_hash_sum = unbuf_u64(in);
    alert->first_unix_ms = (int64_t)unbuf_u64(in);
    alert->last_unix_ms = (int64_t)unbuf_u64(in);
    samples_load(alert, in);
    bool is_odd = severity > SEVERITY_CRITICAL || alert->total_count > MOST_SIGHTINGS ||
                  alert->new_count > alert->total_count;
    if (!in->failed && in->rest.len == 0 && !is_odd)
        return alert;
    alert_free(alert);
    return NULL;
}

void group_save(const struct alert_group *group, struct now now, struct buf *out)
{
    /* The beat of this moment is over: a restart is to find the one that comes. */
    int64_t look_ms =
        group->is_told ? group_beat(group, now.mono_ms + 1) : group->tick_ms;
    buf_put_bytes(out, group->key);
    buf_put_u64(out, group->is_other);
    buf_put_u64(out, group->is_told);
    buf_put_u64(out, group->is_held);
    buf_put_bytes(out, slice_of(group->thread));
    buf_put_u64(out, group->mail_count);
    buf_put_u64(out, (uint64_t)stored_ms(look_ms, now));
    buf_put_u64(out, (uint64_t)stored_ms(group->told_ms, now));
    buf_put_u64(out, (uint64_t)group->since_unix_ms);
}

bool group_load_home(struct unbuf *in, struct slice *home, bool *is_other)
{
    *home = unbuf_bytes(in);
    *is_other = unbuf_bool(in);
    return !in->failed;
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

bool group_load(struct alert_group *group, struct unbuf *in, struct now now)
{
    const struct route_config *config = group->route->config;
    bool is_told = unbuf_bool(in);
    bool is_held = unbuf_bool(in);
    struct slice thread = unbuf_bytes(in);
    uint64_t mail_count = unbuf_u64(in);
    int64_t tick_ms = restored_ms(unbuf_u64(in), now);
    int64_t told_ms = restored_ms(unbuf_u64(in), now);
    int64_t since_unix_ms = (int64_t)unbuf_u64(in);
    if (in->failed || in->rest.len > 0 || !is_thread(thread) || mail_count > UINT32_MAX)
        return false;
    int64_t span = is_told || config->group_wait < config->group_interval
                       ? config->group_interval
                       : config->group_wait;
    group->is_told = is_told;
    group->is_held = is_held;
    memset(group->thread, 0, sizeof group->thread);
    memcpy(group->thread, thread.ptr, thread.len);
    group->mail_count = (uint32_t)mail_count;
    group->tick_ms = clamped(tick_ms, now, span);
    /* A mail from the future was sent just now: the repeat then comes late, never
     * early. */
    group->told_ms = told_ms == NEVER_MS ? NEVER_MS : earlier_ms(told_ms, now.mono_ms);
    group->since_unix_ms = since_unix_ms;
    return true;
}
