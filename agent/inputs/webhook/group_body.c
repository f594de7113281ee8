/**
 * The body of Alertmanager's webhook (version "4") and of Grafana's (version "1" with
 * an orgId): a group with its alerts. They are nearly the same, so that one reader does
 * for both. (shared/facts/payloads.md A1, A3)
 */
#include "agent/base/limits.h"
#include "agent/inputs/webhook/reading.h"
#include "agent/inputs/webhook/words.h"

/** A group that is read. */
struct group_body {
    struct reading *reading;
    const struct json *root;
    bool is_grafana;
};

static struct slice member(struct group_body *body, const struct json *object,
                           const char *name)
{
    return reading_text(body->reading, json_find(object, slice_of(name)));
}

/** The first of @names, NULL-terminated, that has a value. */
static struct slice first_of(const struct pairs *pairs, const char *const *names)
{
    struct slice value = SLICE("");
    for (; *names && value.len == 0; names++)
        value = pairs_find(pairs, slice_of(*names));
    return value;
}

/* --- what it says ----------------------------------------------------------------- */

static const char *const title_names[] = { "summary", "title", "message", "description",
                                           NULL };
static const char *const text_names[] = { "description", "message", NULL };
static const char *const runbook_names[] = { "runbook_url", "runbook", NULL };

/** Grafana's own alerts about a rule whose query brought nothing or failed. */
static struct slice trouble_title(struct group_body *body, const struct pairs *labels)
{
    struct slice name = pairs_find(labels, SLICE("alertname"));
    struct slice rule = pairs_find(labels, SLICE("rulename"));
    bool has_no_data = slice_equal(name, SLICE("DatasourceNoData"));
    if (!has_no_data && !slice_equal(name, SLICE("DatasourceError")))
        return SLICE("");
    const char *what = has_no_data ? "no data" : "query failed";
    return slice_of(arena_printf(body->reading->arena, "%.*s: %s",
                                 rule.len ? (int)rule.len : 12,
                                 rule.len ? rule.ptr : "a query rule", what));
}

static struct slice title_of(struct group_body *body, const struct pairs *labels,
                             const struct pairs *annotations)
{
    struct slice title = trouble_title(body, labels);
    if (title.len == 0)
        title = first_of(annotations, title_names);
    if (title.len == 0)
        title = pairs_find(labels, SLICE("alertname"));
    if (title.len == 0)
        title = member(body, body->root, "title");
    title = reading_title(title, NULL);
    return title.len > 0 ? title : SLICE("an alert without a name");
}

static bool is_shown_elsewhere(struct slice name, struct slice value)
{
    static const struct slice names[] = {
        { "summary", 7 }, { "title", 5 }, { "message", 7 }, { "description", 11 }
    };
    if (slice_starts(name, SLICE("__")))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (slice_equal(name, names[i]))
            return true;
    }
    return (slice_equal(name, SLICE("runbook")) ||
            slice_equal(name, SLICE("runbook_url"))) &&
           reading_is_link(value);
}

/** "name: value", where a person has not read it yet. */
static void put_line(struct buf *out, struct slice name, struct slice value)
{
    buf_put(out, name);
    buf_puts(out, ": ");
    buf_put(out, value);
    buf_putc(out, '\n');
}

/** `values` of Grafana: {"B": 22, "C": 1}; else `valueString`, as it prints them. */
static void put_values(struct group_body *body, const struct json *alert)
{
    struct buf *out = &body->reading->text;
    struct pairs values = { 0 };
    pairs_read(&values, body->reading, json_find(alert, SLICE("values")));
    struct slice printed = member(body, alert, "valueString");
    if (values.count == 0 && printed.len > 0)
        put_line(out, SLICE("Value"), printed);
    for (size_t i = 0; i < values.count; i++) {
        buf_puts(out, i == 0 ? "Value: " : ", ");
        buf_put(out, values.items[i].name);
        buf_puts(out, " = ");
        buf_put(out, values.items[i].value);
    }
    if (values.count > 0)
        buf_putc(out, '\n');
}

static void put_text(struct group_body *body, const struct json *alert,
                     const struct pairs *annotations, struct slice title)
{
    struct buf *out = &body->reading->text;
    struct slice text = first_of(annotations, text_names);
    if (!slice_equal(slice_trim(text), title) && text.len > 0) {
        buf_put(out, slice_trim(text));
        buf_puts(out, "\n\n");
    }
    put_values(body, alert);
    for (size_t i = 0; i < annotations->count; i++) {
        const struct label *item = &annotations->items[i];
        if (!is_shown_elsewhere(item->name, item->value))
            put_line(out, item->name, item->value);
    }
}

static void put_links(struct group_body *body, const struct json *alert,
                      const struct pairs *annotations)
{
    struct reading *reading = body->reading;
    reading_link(reading, "Runbook", first_of(annotations, runbook_names));
    reading_link(reading, "Dashboard", member(body, alert, "dashboardURL"));
    reading_link(reading, "Panel", member(body, alert, "panelURL"));
    reading_link(reading, "Source", member(body, alert, "generatorURL"));
    reading_link(reading, "Silence", member(body, alert, "silenceURL"));
    reading_link(reading, body->is_grafana ? "Grafana" : "Alertmanager",
                 member(body, body->root, "externalURL"));
}

/* --- what it is ------------------------------------------------------------------- */

/** Of the labels, or else of the annotations. A word that is none of ours is shown as
 *  it was sent. */
static enum severity severity_of(struct group_body *body, const struct pairs *labels,
                                 const struct pairs *annotations)
{
    static const char *const names[] = { "severity", "level", "priority", NULL };
    enum severity severity = SEVERITY_WARNING;
    struct slice word = first_of(labels, names);
    if (words_severity(word, &severity) ||
        words_severity(first_of(annotations, names), &severity))
        return severity;
    if (word.len > 0)
        put_line(&body->reading->text, SLICE("Severity, as sent"), word);
    return severity;
}

/** 16 hex digits, as both write it; anything else is hashed; nothing is 0: labels
 *  decide. */
static uint64_t fingerprint_of(struct slice text)
{
    uint64_t value = 0;
    if (text.len == 0)
        return 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = memchr("0123456789abcdef", text.ptr[i], 16);
        if (!digit || text.len != 16)
            return reading_fingerprint("group", text);
        value = value << 4 | (uint64_t)(digit - "0123456789abcdef");
    }
    return value ? value : 1;
}

static void read_alert(struct group_body *body, const struct json *alert)
{
    struct reading *reading = body->reading;
    struct incoming *incoming = reading_add(reading);
    struct pairs labels = { 0 }, annotations = { 0 };
    struct slice status = member(body, alert, "status");
    if (alert->type != JSON_OBJECT)
        reading->odd_count++;
    if (status.len == 0)
        status = member(body, body->root, "status");
    pairs_read(&labels, reading, json_find(alert, SLICE("labels")));
    pairs_read(&annotations, reading, json_find(alert, SLICE("annotations")));
    incoming->is_resolved = words_is_over(status);
    incoming->is_news = words_is_news(status);
    incoming->starts_unix_ms = words_moment(member(body, alert, "startsAt"));
    incoming->ends_unix_ms = words_moment(member(body, alert, "endsAt"));
    incoming->fingerprint = fingerprint_of(member(body, alert, "fingerprint"));
    incoming->occurrence = incoming->starts_unix_ms > 0
                               ? (uint64_t)incoming->starts_unix_ms
                               : OCCURRENCE_IS_HASH;
    incoming->title = title_of(body, &labels, &annotations);
    incoming->is_untitled = first_of(&annotations, title_names).len == 0;
    put_text(body, alert, &annotations, incoming->title);
    incoming->severity = severity_of(body, &labels, &annotations);
    put_links(body, alert, &annotations);
    reading_finish(reading, incoming, &labels, &annotations);
}

/** Is it a group, by what only groups have? */
bool reading_is_group(const struct json *root)
{
    const struct json *alerts = json_find(root, SLICE("alerts"));
    return alerts && alerts->type == JSON_ARRAY &&
           (json_find(root, SLICE("groupKey")) || json_find(root, SLICE("receiver")) ||
            json_find(root, SLICE("orgId")));
}

/** Those that the sender had no room for are told with each that it had. */
static void note_truncated(struct group_body *body)
{
    struct reading *reading = body->reading;
    struct slice left = member(body, body->root, "truncatedAlerts");
    if (left.len == 0 || slice_equal(left, SLICE("0")))
        return;
    reading->note = slice_of(arena_printf(
        reading->arena,
        "%.*s%sThe sender left %.*s further alerts of this group out (max_alerts).",
        SLICE_ARG(reading->note), reading->note.len > 0 ? "\n" : "",
        left.len < 20 ? (int)left.len : 20, left.ptr));
}

bool reading_group(struct reading *reading, const struct json *root)
{
    struct group_body body = { reading, root, json_find(root, SLICE("orgId")) != NULL };
    const struct json *alerts = json_find(root, SLICE("alerts"));
    note_truncated(&body);
    for (const struct json *alert = alerts->first; alert; alert = alert->next) {
        if (reading->count == LIMIT_BODY_ALERTS)
            return false;
        read_alert(&body, alert);
    }
    return true;
}
