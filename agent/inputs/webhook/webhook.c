/** Which path takes which body, what is refused, and the keys of `generic`. */
#include "agent/inputs/webhook/webhook.h"

#include "agent/base/limits.h"
#include "agent/inputs/webhook/reading.h"

/* --- configuration ---------------------------------------------------------------- */

static void check_pointers(const struct field *field, const void *value,
                           const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_texts *texts = value;
    (void)node;
    for (size_t i = 0; i < texts->count; i++) {
        const struct conf_text *text = &texts->items[i];
        if (!json_is_pointer(text->value) || text->value.len == 0)
            complain(complaints, text->node->at,
                     "'%s' takes JSON pointers, as /alert/name; '%.*s' is none",
                     field->name, SLICE_ARG(text->value));
    }
}

#define POINTERS(member, text) \
    TEXTS(struct webhook_config, member, .check = check_pointers, .doc = text)

static const struct field fields[] = {
    POINTERS(title, "Where the title stands. Default: /title, /subject, /name, "
                    "/alertname, /message, /msg, /text; where the pointers lead "
                    "nowhere, these too."),
    POINTERS(body, "Where the text stands. Default: /body, /description, /details, "
                   "/message, /msg, /text. Other texts of the body's first level are "
                   "shown below it."),
    POINTERS(severity, "Where the severity stands. Default: /severity, /level, "
                       "/priority; else the label severity."),
    POINTERS(status,
             "Where it says whether the alert is over: resolved, ok, up, closed, "
             "recovered, cleared, normal or inactive. Default: /status, /state, "
             "/event_type."),
    POINTERS(fingerprint,
             "Where it stands what the sender knows the alert by; it becomes a label. "
             "Default: /fingerprint, /alert_id, /event_id, /id, /key; else labels and "
             "title decide which alerts are the same."),
    POINTERS(time,
             "Where it stands since when: RFC 3339, or seconds or milliseconds since "
             "1970. A later time is a new occurrence; the same, posted again, is not "
             "counted again. Default: /time, /timestamp, /startsAt, /date."),
    POINTERS(labels,
             "Where the labels stand: an object, or a list of \"name=value\" or "
             "{tag, value}. Default: /labels, /tags."),
};

const struct schema webhook_schema = {
    .name = "generic",
    .doc = "Where a body of /webhook/generic says what: JSON pointers (RFC 6901), of "
           "which the first that finds something decides.",
    .size = sizeof(struct webhook_config),
    .node_offset = offsetof(struct webhook_config, node),
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
};

/* --- paths ------------------------------------------------------------------------ */

static const struct {
    const char *path;
    bool is_text;
} paths[] = {
    { "/webhook/alertmanager", false },
    { "/webhook/grafana", false },
    { "/webhook/generic", false },
    { "/webhook/text", true },
};
enum { PATH_COUNT = sizeof paths / sizeof *paths };

static size_t find_path(struct slice path)
{
    size_t i = 0;
    while (i < PATH_COUNT && !slice_equal(path, slice_of(paths[i].path)))
        i++;
    return i;
}

bool webhook_knows(struct slice path)
{
    return find_path(path) < PATH_COUNT;
}

/** "application/json" of "Application/JSON; charset=utf-8". */
static struct slice media_type(struct slice content_type)
{
    struct slice type = content_type;
    (void)slice_next(&content_type, ';', &type);
    return slice_trim(type);
}

static bool is_json_type(struct slice type)
{
    return slice_equal_nocase(type, SLICE("application/json")) ||
           (slice_starts(type, SLICE("application/")) &&
            slice_ends(type, SLICE("+json")));
}

/* --- bodies ----------------------------------------------------------------------- */

static struct webhook_reply reply(int status, const char *text)
{
    return (struct webhook_reply){ .status = status, .text = text };
}

static void hand_in(const struct reading *reading, const struct intake *intake)
{
    for (size_t i = 0; i < reading->count; i++)
        intake->alert(intake->ctx, &reading->items[i]);
}

/* A path says who is expected there; the body says who it is. */
static bool read_json(struct reading *reading, const struct json *root, size_t path)
{
    const struct json *alerts = json_find(root, SLICE("alerts"));
    bool is_expected =
        !strstr(paths[path].path, "generic") && alerts && alerts->type == JSON_ARRAY;
    if (is_expected || reading_is_group(root))
        return reading_group(reading, root);
    return reading_generic(reading, root);
}

static struct webhook_reply take_json(struct reading *reading, size_t path)
{
    struct json_result parsed = json_parse(reading->request->body, reading->arena);
    if (!parsed.root)
        return reply(parsed.is_too_large ? 413 : 400, parsed.fault);
    bool is_list =
        parsed.root->type == JSON_ARRAY && strstr(paths[path].path, "generic");
    if (parsed.root->type != JSON_OBJECT && !is_list)
        return reply(400, "this is no JSON object");
    if (parsed.repaired_count > 0)
        reading->note = SLICE("Bytes in it that were no text have been replaced.");
    if (!read_json(reading, parsed.root, path))
        return reply(413, "this holds more than 1000 alerts");
    if (parsed.root->type == JSON_ARRAY && parsed.root->first && reading->count == 0)
        return reply(400, "there is no JSON object in this list");
    struct webhook_reply taken = reply(200, "taken");
    taken.repaired_count = parsed.repaired_count;
    return taken;
}

static struct webhook_reply take_text(struct reading *reading)
{
    if (slice_trim(reading->request->body).len == 0)
        return reply(400, "this text is empty");
    reading_plain_text(reading, reading->request->body);
    return reply(200, "taken");
}

struct webhook_reply webhook_take(const struct webhook_request *request,
                                  const struct intake *intake, struct arena *scratch)
{
    size_t path = find_path(request->path);
    struct slice type = media_type(request->content_type);
    struct reading reading = { .request = request,
                               .arena = scratch,
                               .text = buf_make(READING_TEXT_BYTES),
                               .links = buf_make(LIMIT_LINKS_BYTES) };
    struct webhook_reply taken;
    if (path == PATH_COUNT)
        return reply(404, "there is nothing here");
    if (paths[path].is_text && !slice_equal_nocase(type, SLICE("text/plain")))
        return reply(415, "the content type must be text/plain");
    if (!paths[path].is_text && !is_json_type(type))
        return reply(415, "the content type must be application/json");
    taken = paths[path].is_text ? take_text(&reading) : take_json(&reading, path);
    if (taken.status == 200) {
        taken.alert_count = reading.count;
        taken.odd_count = reading.odd_count;
        hand_in(&reading, intake);
    }
    buf_free(&reading.text);
    buf_free(&reading.links);
    return taken;
}
