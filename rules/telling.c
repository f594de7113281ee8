/** Gather, sort, copy, sum. */
#include "rules/telling.h"

#include <stdlib.h>

#include "agent/base/text.h"

static void add(struct telling *telling, const struct alert *alert)
{
    *mem_push(telling->alerts, telling->count, telling->capacity) = alert;
}

static void span(struct telling *telling, const struct alert_group *group)
{
    if (telling->since_unix_ms == 0 || group->since_unix_ms < telling->since_unix_ms)
        telling->since_unix_ms = group->since_unix_ms;
}

void telling_add_all(struct telling *telling, const struct alert_group *group)
{
    const struct alert *alert;
    size_t at = 0;
    span(telling, group);
    while ((alert = group_next(group, &at)))
        add(telling, alert);
}

void telling_add_news(struct telling *telling, const struct alert_group *group,
                      int64_t mono_ms)
{
    bool tells_quiet = group->route->config->send_resolved;
    const struct alert *alert;
    size_t at = 0;
    span(telling, group);
    while ((alert = group_next(group, &at))) {
        if (alert->new_count > 0 || alert->ended_unix_ms != 0 ||
            (tells_quiet && !alert_is_firing(alert, mono_ms)))
            add(telling, alert);
    }
}

/** The worst first, then the newest; the rest only makes the order certain. */
static int compare(const void *left, const void *right)
{
    const struct alert *a = *(const struct alert *const *)left;
    const struct alert *b = *(const struct alert *const *)right;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->last_unix_ms != b->last_unix_ms)
        return a->last_unix_ms > b->last_unix_ms ? -1 : 1;
    return brief_compare(alert_brief(a), alert_brief(b));
}

static const struct sample *copy_samples(const struct alert *alert, struct arena *arena)
{
    struct sample *samples = arena_zalloc(arena, alert->sample_count * sizeof *samples);
    for (size_t i = 0; i < alert->sample_count; i++) {
        samples[i] = alert->samples[i];
        samples[i].line = arena_slice(arena, alert->samples[i].line);
        samples[i].path = arena_slice(arena, alert->samples[i].path);
    }
    return samples;
}

static void show(const struct alert *alert, struct now now, struct arena *arena,
                 struct notice_alert *shown)
{
    struct labels labels = alert_labels(alert, arena);
    *shown = (struct notice_alert){
        .labels = labels_copy(arena, &labels),
        .severity = alert->severity,
        .is_firing = alert_is_firing(alert, now.mono_ms),
        .is_new = !alert->is_told && alert->new_count == alert->total_count,
        .is_posted = alert->fingerprint != 0,
        .links = arena_slice(arena, alert_text(alert, TEXT_LINKS)),
        .ended_unix_ms = alert->ended_unix_ms,
        .summary = arena_slice(arena, alert_text(alert, TEXT_SUMMARY)),
        .description = arena_slice(arena, alert_text(alert, TEXT_DESCRIPTION)),
        .runbook = arena_slice(arena, alert_text(alert, TEXT_RUNBOOK)),
        .new_count = alert->new_count,
        .total_count = alert->total_count,
        .first_unix_ms = alert->first_unix_ms,
        .last_unix_ms = alert->last_unix_ms,
        .samples = copy_samples(alert, arena),
        .sample_count = alert->sample_count,
    };
}

void telling_finish(struct telling *telling, struct now now, struct arena *arena,
                    struct notice *notice)
{
    size_t shown_count =
        telling->count < LIMIT_GROUP_ALERTS ? telling->count : LIMIT_GROUP_ALERTS;
    struct notice_alert *shown = arena_zalloc(arena, shown_count * sizeof *shown);
    if (telling->count > 1)
        qsort(telling->alerts, telling->count, sizeof(struct alert *), compare);
    for (size_t i = 0; i < telling->count; i++) {
        const struct alert *alert = telling->alerts[i];
        notice->new_count += alert->new_count;
        notice->line_hash_sum += alert->line_hash_sum;
        if (i < shown_count) {
            show(alert, now, arena, &shown[i]);
        } else {
            notice->left_out_alerts++;
            notice->left_out_count += alert->new_count;
        }
    }
    notice->severity = telling->count ? telling->alerts[0]->severity : SEVERITY_INFO;
    notice->alerts = shown;
    notice->alert_count = shown_count;
    notice->since_unix_ms =
        telling->since_unix_ms ? telling->since_unix_ms : now.unix_ms;
    free(telling->alerts);
    *telling = (struct telling){ 0 };
}

/* --- names ------------------------------------------------------------------------ */

void group_name_thread(struct alert_group *group, struct arena *arena)
{
    struct slice topic = { 0 };
    const struct alert *alert;
    size_t at = 0;
    /* One without labels takes whatever comes, and soon would have a wrong name. */
    bool is_one = group->labels.count > 0;
    while (is_one && (alert = group_next(group, &at))) {
        if (alert->is_other)
            continue;
        struct labels labels = alert_labels(alert, arena);
        struct slice rule = labels_find(&labels, SLICE("rule"));
        is_one = topic.len == 0 || slice_equal(topic, rule);
        topic = rule;
    }
    group_set_topic(group, is_one ? topic : SLICE(""));
    group->began_critical = group_severity(group) == SEVERITY_CRITICAL;
}

bool group_urgency(const struct alert_group *group, enum severity *urgency)
{
    *urgency = SEVERITY_CRITICAL;
    return group->began_critical ||
           severity_parse(labels_find(&group->labels, SLICE("severity")), urgency);
}

/** Does it stand elsewhere in the subject? An alertname is the rule of what was
 *  posted. */
static bool is_said(const struct label *label, struct slice rule)
{
    if (slice_equal(label->name, SLICE("alertname")))
        return slice_equal(label->value, rule);
    return slice_equal(label->name, SLICE("rule")) ||
           slice_equal(label->name, SLICE("host")) ||
           slice_equal(label->name, SLICE("severity"));
}

static void put_others(const struct labels *labels, struct slice rule, struct buf *out)
{
    const char *open = " (";
    for (size_t i = 0; i < labels->count; i++) {
        const struct label *label = &labels->items[i];
        if (is_said(label, rule))
            continue;
        buf_puts(out, open);
        buf_put(out, label->name);
        buf_putc(out, '=');
        buf_put(out, label->value);
        open = ", ";
    }
    if (*open == ',')
        buf_putc(out, ')');
}

/** "ssh-bruteforce on web1 (ip=192.0.2.7)" */
struct slice group_title(const struct alert_group *group, struct arena *arena)
{
    struct buf title = buf_make(LABELS_KEY_BYTES);
    struct slice rule = labels_find(&group->labels, SLICE("rule"));
    struct slice host = labels_find(&group->labels, SLICE("host"));
    if (rule.len == 0)
        rule = group->topic;
    buf_put(&title, rule.len > 0 ? rule : SLICE("alerts"));
    if (host.len > 0) {
        buf_puts(&title, " on ");
        buf_put(&title, host);
    }
    put_others(&group->labels, rule, &title);
    if (slice_equal(buf_slice(&title), SLICE("alerts"))) {
        buf_clear(&title);
        buf_puts(&title, group->is_other ? "(other) alerts of " : "alerts of ");
        buf_put(&title, group->route->name);
    }
    struct slice text =
        arena_slice(arena, text_cut(buf_slice(&title), LIMIT_SUMMARY_BYTES));
    buf_free(&title);
    return text;
}
