/** Which path takes which body. */
#include "agent/inputs/webhook/webhook.h"

#include "agent/base/now.h"

static const struct field fields[] = {
    TEXTS(struct webhook_config, title,
          .def = "[/title, /subject, /name, /alertname, /message, /msg, /text]",
          .doc = "Where the title stands."),
    TEXTS(struct webhook_config, body,
          .def = "[/body, /description, /message, /msg, /text]",
          .doc = "Where the text stands."),
    TEXTS(struct webhook_config, severity, .def = "[/severity, /level, /priority]",
          .doc = "Where the severity stands."),
    TEXTS(struct webhook_config, status, .def = "[/status, /state, /event_type]",
          .doc = "Where it says whether the alert is over."),
    TEXTS(struct webhook_config, fingerprint, .def = "[/fingerprint, /id, /key]",
          .doc = "Where it stands what the sender knows the alert by."),
    TEXTS(struct webhook_config, time, .def = "[/time, /timestamp, /startsAt]",
          .doc = "Where the time stands."),
    TEXTS(struct webhook_config, labels, .def = "[/labels, /tags]",
          .doc = "Where the labels stand."),
};

const struct schema webhook_schema = {
    .name = "generic",
    .doc = "Where a body of /webhook/generic says what.",
    .size = sizeof(struct webhook_config),
    .node_offset = offsetof(struct webhook_config, node),
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
};

static const char *const paths[] = { "/webhook/alertmanager", "/webhook/grafana",
                                     "/webhook/generic", "/webhook/text" };

bool webhook_knows(struct slice path)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (slice_equal(path, slice_of(paths[i])))
            return true;
    }
    return false;
}

/** The whole body as one alert. */
struct webhook_reply webhook_take(const struct webhook_request *request,
                                  const struct intake *intake, struct arena *scratch)
{
    struct incoming incoming = { .source = request->source,
                                 .severity = SEVERITY_WARNING,
                                 .starts_unix_ms = request->now_unix_ms,
                                 .resolve_after_ms = DAY_MS };
    if (!webhook_knows(request->path))
        return (struct webhook_reply){ 404, "there is nothing here" };
    struct slice rest = arena_slice(scratch, request->body);
    slice_next(&rest, '\n', &incoming.title);
    incoming.body = rest;
    intake->alert(intake->ctx, &incoming);
    return (struct webhook_reply){ 200, "taken" };
}
