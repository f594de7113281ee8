/**
 * Mails to look at: with TOCSIN_PREVIEW=FOLDER in the environment each case is written
 * there as .eml, .html and .txt. Without it the cases are composed and checked all the
 * same.
 */
#include "mail_case.h"

#include <sys/stat.h>

static void write_file(const char *name, const char *ending, struct slice bytes)
{
    char path[4096];
    const char *folder = getenv("TOCSIN_PREVIEW");
    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/%s.%s", folder, name, ending);
    FILE *out = fopen(path, "w");
    ck_assert_msg(out != NULL, "%s", path);
    fwrite(bytes.ptr, 1, bytes.len, out);
    fclose(out);
}

static void preview(const char *name, struct mail_case *c)
{
    struct message message =
        compose_message(&c->notice, &c->profile, c->now, &c->arena);
    struct read_mail *mail = mail_read(message.bytes);
    write_file(name, "eml", message.bytes);
    write_file(name, "html", buf_slice(&mail->html));
    write_file(name, "txt", buf_slice(&mail->text));
}

TEST(preview, a_first_mail_can_be_looked_at)
{
    struct mail_case *c = mail_case_make();
    c->alerts[0].description =
        SLICE("The shop cannot reach its database. Orders fail until this is fixed.\n"
              "Check first whether db1 is up, then whether the firewall lets us in.");
    c->alerts[0].runbook = SLICE("https://wiki.example.com/runbooks/db-down");
    preview("first", c);
}

TEST(preview, a_mail_with_new_alerts_can_be_looked_at)
{
    struct mail_case *c = mail_case_make();
    mail_case_multiply(c, 3);
    c->notice.reason = NOTICE_NEW;
    c->notice.mail_number = 4;
    c->notice.held_mails = 6;
    c->notice.title = SLICE("disk-errors on web1");
    c->notice.new_count = 49;
    for (size_t i = 1; i < 3; i++) {
        c->alerts[i].severity = SEVERITY_WARNING;
        c->alerts[i].is_new = i == 1;
        c->alerts[i].new_count = 6;
    }
    c->alerts[2].is_new = false;
    preview("new", c);
}

TEST(preview, a_resolved_mail_can_be_looked_at)
{
    struct mail_case *c = mail_case_make();
    c->notice.reason = NOTICE_RESOLVED;
    c->notice.mail_number = 5;
    c->notice.new_count = 0;
    c->alerts[0].new_count = 0;
    c->alerts[0].is_new = false;
    c->alerts[0].is_firing = false;
    c->alerts[0].last_unix_ms = c->now.unix_ms - 15 * MINUTE_MS;
    c->alerts[0].first_unix_ms = c->now.unix_ms - 20 * MINUTE_MS;
    preview("resolved", c);
}

TEST(preview, a_digest_can_be_looked_at)
{
    struct mail_case *c = mail_case_make();
    mail_case_multiply(c, 40);
    c->notice.reason = NOTICE_DIGEST;
    c->notice.severity = SEVERITY_WARNING;
    c->notice.title = SLICE("digest of route ops");
    c->notice.since_unix_ms = c->now.unix_ms - DAY_MS;
    for (size_t i = 0; i < 40; i++)
        c->alerts[i].severity = i < 5 ? SEVERITY_WARNING : SEVERITY_INFO;
    preview("digest", c);
}

TEST(preview, a_hostile_mail_can_be_looked_at)
{
    struct mail_case *c = mail_case_make();
    static const struct slice lines[] = {
        BYTES("<script>alert(1)</script><img src=http://evil.example/x.png>"),
        BYTES("\x1B[31mred\x1B[0m \xE2\x80\xAEtxt.exe and a\0nul \xFF\xFE"),
        BYTES("--=_boundary--\r\nBcc: victim@example.com\r\n\r\n."),
        BYTES("https://wiki.example.com/a/very/long/path/without/any/blank/in/it/which/"
              "has/"
              "to/"
              "wrap/somewhere/because/no/phone/is/that/"
              "wide?token=0123456789012345678901234567"),
        BYTES(
            "Nov 23 06:17:01 web sshd[9]: Failed password for invalid user admin from "
            "192.0.2.7 port 22 ssh2"),
    };
    mail_case_samples(c, lines, 5);
    c->alerts[0].summary =
        SLICE("5 failed logins for <b>root</b> from \"192.0.2.7\" & co");
    c->alerts[0].runbook = SLICE("javascript:alert(1)");
    c->alerts[0].severity = SEVERITY_WARNING;
    c->notice.severity = SEVERITY_WARNING;
    preview("hostile", c);
}

/** An alert that was posted, as Grafana posts it. */
static struct mail_case *make_posted(void)
{
    struct mail_case *c = mail_case_make();
    struct notice_alert *alert = c->alerts;
    alert->is_posted = true;
    alert->sample_count = 0;
    alert->summary = SLICE("load of web1 is above 20");
    alert->description = SLICE("The load has been above 20 for five minutes.\n\n"
                               "Value: B = 22.5, C = 1\nteam: infra");
    alert->links = SLICE("Runbook https://wiki.example.com/load?a=1&b=2\n"
                         "Dashboard https://grafana.example.com/d/abc\n"
                         "Silence https://grafana.example.com/alerting/silence/new\n"
                         "Script javascript:alert(1)\n");
    alert->total_count = alert->new_count = c->notice.new_count = 1;
    alert->first_unix_ms = c->now.unix_ms - 5 * MINUTE_MS;
    alert->last_unix_ms = c->now.unix_ms;
    c->notice.title = SLICE("HighLoad");
    mail_case_label(c, 0, "alertname", SLICE("HighLoad"));
    mail_case_label(c, 0, "rule", SLICE("HighLoad"));
    mail_case_label(c, 0, "grafana_folder", SLICE("infra"));
    return c;
}

TEST(preview, a_posted_alert_can_be_looked_at)
{
    preview("posted", make_posted());
}

TEST(preview, a_posted_alert_that_is_over_can_be_looked_at)
{
    struct mail_case *c = make_posted();
    c->notice.reason = NOTICE_RESOLVED;
    c->notice.mail_number = 1;
    c->notice.new_count = c->alerts[0].new_count = 0;
    c->alerts[0].is_new = c->alerts[0].is_firing = false;
    c->alerts[0].ended_unix_ms = c->now.unix_ms - 2 * SECOND_MS;
    preview("posted-over", c);
}

TEST(preview, posted_alerts_of_a_group_can_be_looked_at)
{
    struct mail_case *c = make_posted();
    mail_case_multiply(c, 4);
    c->notice.new_count = 4;
    c->alerts[1].severity = c->alerts[2].severity = SEVERITY_WARNING;
    c->alerts[3].severity = SEVERITY_WARNING;
    c->alerts[3].is_firing = false;
    c->alerts[3].ended_unix_ms = c->now.unix_ms - MINUTE_MS;
    preview("posted-group", c);
}
