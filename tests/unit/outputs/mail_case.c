/** The plain notice that tests of mails begin with. */
#include "mail_case.h"

static const struct slice recipients[] = { BYTES("ops@example.com"),
                                           BYTES("lead@example.com") };

static void add_first_alert(struct mail_case *c)
{
    struct notice_alert *alert = c->alerts;
    *alert = (struct notice_alert){
        .severity = SEVERITY_CRITICAL,
        .is_firing = true,
        .is_new = true,
        .summary = SLICE("db1: connection refused"),
        .new_count = 37,
        .total_count = 37,
        .first_unix_ms = CASE_NOW_MS - 310 * SECOND_MS,
        .last_unix_ms = CASE_NOW_MS - 10 * SECOND_MS,
    };
    mail_case_label(c, 0, "rule", SLICE("db-down"));
    mail_case_label(c, 0, "host", SLICE("web1"));
    mail_case_label(c, 0, "severity", SLICE("critical"));
    static const struct slice lines[] = {
        BYTES("ERROR db1:5432 connection refused"),
        BYTES("FATAL no database left"),
    };
    mail_case_samples(c, lines, 2);
}

/* What a test made lives until its process ends. */
static struct mail_case *kept;

struct mail_case *mail_case_make(void)
{
    struct mail_case *c = calloc(1, sizeof *c);
    c->next = kept;
    kept = c;
    c->now = (struct now){ .mono_ms = 1000, .unix_ms = CASE_NOW_MS };
    c->zone = zone_utc();
    c->profile = (struct mail_profile){
        .output = SLICE("ops"),
        .from = SLICE("alerts@example.com"),
        .from_name = SLICE("tocsin on web1"),
        .to = recipients,
        .to_count = 2,
        .host = SLICE("web1"),
        .id_domain = SLICE("web1.example.com"),
        .zone = c->zone,
    };
    c->alerts = arena_zalloc(&c->arena, sizeof *c->alerts);
    add_first_alert(c);
    c->notice = (struct notice){
        .reason = NOTICE_FIRST,
        .route = SLICE("oncall"),
        .severity = SEVERITY_CRITICAL,
        .title = SLICE("db-down on web1"),
        .thread = "0123456789abcdef0123456789abcdef",
        .alerts = c->alerts,
        .alert_count = 1,
        .new_count = 37,
        .since_unix_ms = CASE_NOW_MS - 310 * SECOND_MS,
        .line_hash_sum = 0x00c0ffee12345678,
    };
    return c;
}

void mail_case_label(struct mail_case *c, size_t index, const char *name,
                     struct slice value)
{
    ck_assert(labels_set(&c->alerts[index].labels, &c->arena, slice_of(name), value));
}

void mail_case_samples(struct mail_case *c, const struct slice *lines, size_t count)
{
    struct sample *samples = arena_zalloc(&c->arena, count * sizeof *samples);
    for (size_t i = 0; i < count; i++) {
        samples[i].line = lines[i];
        samples[i].path = SLICE("/var/log/app.log");
        samples[i].offset = (int64_t)(4096 + 100 * i);
        samples[i].unix_ms = CASE_NOW_MS - 60 * SECOND_MS;
    }
    c->alerts[0].samples = samples;
    c->alerts[0].sample_count = count;
}

void mail_case_multiply(struct mail_case *c, size_t count)
{
    struct notice_alert *alerts = arena_zalloc(&c->arena, count * sizeof *alerts);
    for (size_t i = 0; i < count; i++) {
        alerts[i] = c->alerts[0];
        alerts[i].labels = labels_copy(&c->arena, &c->alerts[0].labels);
        alerts[i].summary =
            slice_of(arena_printf(&c->arena, "disk sd%zu: I/O error", i));
    }
    c->alerts = alerts;
    c->notice.alerts = alerts;
    c->notice.alert_count = count;
    c->notice.new_count = 37 * count;
    for (size_t i = 0; i < count; i++)
        mail_case_label(c, i, "disk", slice_of(arena_printf(&c->arena, "sd%zu", i)));
}

struct read_mail *mail_case_read(struct mail_case *c)
{
    struct message message =
        compose_message(&c->notice, &c->profile, c->now, &c->arena);
    return mail_read(message.bytes);
}
