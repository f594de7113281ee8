/** The sentences of these reports. */
#include "agent/inputs/http/tidings.h"

#include "agent/base/buf.h"
#include "agent/base/limits.h"

static void tell(const struct intake *intake, struct self_report report,
                 struct buf *summary)
{
    report.summary = buf_slice(summary);
    intake->report(intake->ctx, &report);
    buf_free(summary);
}

void tidings_closed(const struct intake *intake, const char *address,
                    const struct err *why)
{
    struct buf summary = buf_make(LIMIT_SUMMARY_BYTES);
    buf_puts(&summary, "no alerts can be posted");
    if (address[0])
        buf_printf(&summary, " to %s", address);
    buf_printf(&summary, ": %s", why->text);
    tell(intake,
         (struct self_report){
             .kind = SLICE("http-closed"),
             .object = slice_of(address),
             .severity = SEVERITY_CRITICAL,
             .description = SLICE(
                 "What others send meanwhile they keep or lose. It is tried again "
                 "by itself, without a reload; `tocsin status` says whether it "
                 "lasts, and the log when it is over. Logs are read, and mails "
                 "sent, as ever.") },
         &summary);
}

bool tidings_is_final(const struct http_reply *reply)
{
    return reply->status == 400 || reply->status == 413 || reply->status == 415;
}

void tidings_refused(const struct intake *intake, struct slice path,
                     const struct http_reply *reply)
{
    struct buf summary = buf_make(LIMIT_SUMMARY_BYTES);
    buf_puts(&summary, "what was posted to ");
    buf_put(&summary, path);
    buf_printf(&summary, " was refused with %d: %s", reply->status, reply->text);
    tell(intake,
         (struct self_report){
             .kind = SLICE("refused-post"),
             .object = path,
             .severity = SEVERITY_WARNING,
             .description =
                 reply->status == 413
                     ? SLICE("Its sender does not send it again: the alerts in it are "
                             "told nowhere here. Alertmanager and Grafana post less "
                             "at once with `max_alerts`, and the mail says how many "
                             "they left out; or with labels that part the groups.")
                     : SLICE(
                           "Its sender does not send it again: an alert in it is told "
                           "nowhere here. `man tocsin.yaml` shows what each path "
                           "takes.") },
         &summary);
}
