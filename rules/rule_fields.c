/** Looked up one after the other: a rule has few captures and labels. */
#include "rules/rule_fields.h"

const char *const rule_field_names[] = { "line", "path", "file",   "source",
                                         "host", "rule", "offset", NULL };

void rule_fields_init(struct rule_fields *fields, const struct rule *rule,
                      const struct event *event, const struct labels *labels)
{
    *fields = (struct rule_fields){ .rule = rule, .event = event, .labels = labels };
}

/* Written when it is asked for: hardly any rule does. */
static struct slice write_offset(struct rule_fields *fields)
{
    int64_t left = fields->event->offset;
    char *end = fields->digits + sizeof fields->digits, *begin = end;
    if (left < 0)
        return SLICE("");
    do {
        *--begin = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    return slice_make(begin, (size_t)(end - begin));
}

static struct slice base_name(struct slice path)
{
    const char *slash = path.len ? memrchr(path.ptr, '/', path.len) : NULL;
    if (!slash)
        return path;
    return slice_make(slash + 1, path.len - (size_t)(slash + 1 - path.ptr));
}

static struct slice find_built_in(const struct rule_fields *fields, struct slice name)
{
    const struct event *event = fields->event;
    if (slice_equal(name, SLICE("line")))
        return event->line;
    if (slice_equal(name, SLICE("path")))
        return event->path;
    if (slice_equal(name, SLICE("file")))
        return base_name(event->path);
    if (slice_equal(name, SLICE("source")))
        return event->source->name;
    if (slice_equal(name, SLICE("host")))
        return fields->rule->setting->host;
    if (slice_equal(name, SLICE("rule")))
        return fields->rule->name;
    if (slice_equal(name, SLICE("offset")))
        return write_offset((struct rule_fields *)fields);
    return SLICE("");
}

struct slice rule_fields_find(const void *ctx, struct slice name)
{
    const struct rule_fields *fields = ctx;
    const struct event *event = fields->event;
    for (size_t i = 0; i < event->capture_count; i++)
        if (slice_equal(event->captures[i].name, name))
            return event->captures[i].value;
    for (size_t i = 0; i < event->field_count; i++)
        if (slice_equal(event->fields[i].name, name))
            return event->fields[i].value;
    struct slice label = labels_find(fields->labels, name);
    return label.len > 0 ? label : find_built_in(fields, name);
}
