/**
 * The steps of one account, in a table: the first network step that fails makes the
 * later ones senseless, so they are skipped.
 */
#include <stdio.h>
#include <string.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/control.h"
#include "agent/doctor.h"
#include "outputs/compiled.h"
#include "outputs/compose.h"
#include "outputs/verdict.h"
#include "outputs/webhook.h"

enum { CERTIFICATE_WARN_DAYS = 14, DAY_S = 24 * 60 * 60, RECIPIENTS_TRIED = 3 };

struct patient {
    struct doctor *doctor;
    const struct account *account;
    const struct output *output; /* the first that uses it; NULL: none does */
    struct checkup checkup;
};

static void note(struct patient *patient, enum grade grade, const char *step,
                 const char *found, const char *remedy)
{
    doctor_note(patient->doctor, grade, step, patient->account->name, remedy, "%s",
                found);
}

/* What a server or the network said, with the advice of the table of verdicts. */
static bool note_reply(struct patient *patient, const char *step, const char *what,
                       const struct smtp_reply *reply)
{
    struct buf text = buf_make(2 * LIMIT_REPLY_TEXT_BYTES);
    const struct verdict *verdict = verdict_of(reply);
    bool is_good = verdict->outcome == OUTCOME_SENT;
    buf_puts(&text, what);
    reply_put(&text, reply);
    note(patient, is_good ? GRADE_OK : GRADE_FAIL, step, text.ptr,
         is_good ? "" : verdict->advice);
    buf_free(&text);
    return is_good;
}

static bool see_secret(struct patient *patient)
{
    return doctor_see_secret(patient->doctor, patient->account);
}

static bool is_gmail(const struct account *account)
{
    return account->is_api ||
           slice_equal_nocase(account->host, SLICE("smtp.gmail.com"));
}

static bool see_from(struct patient *patient)
{
    const struct account *account = patient->account;
    bool is_same = slice_equal_nocase(account->from, account->user);
    if (is_gmail(account) && !is_same)
        note(patient, GRADE_WARN, "from", "the sender is not the account",
             "Gmail replaces it unless it is a 'Send mail as' address of the account "
             "(support.google.com/mail/answer/22370)");
    else
        doctor_note(patient->doctor, GRADE_OK, "from", account->name, "",
                    "mails are from %.*s", SLICE_ARG(account->from));
    return true;
}

/* --- ports ------------------------------------------------------------------------ */

static const char *const knock_words[] = { "answers", "refuses", "is silent",
                                           "cannot be reached" };

static bool has_usual_ports(const struct account *account)
{
    return (is_gmail(account) && !account->is_api) ||
           slice_equal_nocase(account->host, SLICE("smtp-relay.gmail.com"));
}

static size_t ports_of(const struct account *account, int *ports)
{
    static const int usual[] = { 465, 587, 25 };
    size_t count = 0;
    ports[count++] = account->port;
    for (size_t i = 0; i < 3 && has_usual_ports(account); i++)
        if (usual[i] != account->port)
            ports[count++] = usual[i];
    return count;
}

static const char *remedy_of(enum knock knock, bool is_another_open, bool is_web)
{
    if (is_web && knock == KNOCK_SILENT)
        return "a firewall swallows this port: have it opened";
    if (is_another_open)
        return "use the port that answers (`port:`)";
    if (knock == KNOCK_REFUSED)
        return "nobody listens there: check host and port";
    if (knock == KNOCK_SILENT)
        return "the host's provider or a firewall swallows mail ports: have them "
               "opened; "
               "Gmail's HTTPS API (port 443) is the way that is not blocked (`api: "
               "true`)";
    return "check this host's network and routes";
}

static bool see_ports(struct patient *patient)
{
    int ports[4];
    enum knock knocks[4];
    size_t addresses[2], count = ports_of(patient->account, ports);
    struct buf text = buf_make(400);
    checkup_knock(patient->account->host, ports, count, patient->doctor->timeout_ms,
                  knocks, addresses);
    if (addresses[0] + addresses[1] == 0) {
        note(patient, GRADE_FAIL, "dns", "the server's name is not found",
             "check host, /etc/resolv.conf and the network");
        buf_free(&text);
        return false;
    }
    doctor_note(patient->doctor, GRADE_OK, "dns", patient->account->name, "",
                "%.*s has %zu IPv4 and %zu IPv6 addresses",
                SLICE_ARG(patient->account->host), addresses[0], addresses[1]);
    bool is_another_open = false;
    for (size_t i = 0; i < count; i++) {
        buf_printf(&text, "%sport %d %s", i > 0 ? ", " : "", ports[i],
                   knock_words[knocks[i]]);
        is_another_open =
            is_another_open || (i > 0 && ports[i] != 25 && knocks[i] == KNOCK_OPEN);
    }
    bool ok = knocks[0] == KNOCK_OPEN;
    note(patient, ok ? GRADE_OK : GRADE_FAIL, "ports", text.ptr,
         ok ? ""
            : remedy_of(knocks[0], is_another_open,
                        patient->account->is_api || patient->account->is_webhook));
    buf_free(&text);
    return ok;
}

/* --- the conversation ------------------------------------------------------------- */

static void see_certificate(struct patient *patient)
{
    const struct connection *connection = &patient->checkup.connection;
    const struct link_ops *ops = connection->ops;
    int64_t now_s = clock_read(&patient->doctor->clock).unix_ms / 1000;
    int64_t ends_s =
        ops->certificate_ends ? ops->certificate_ends(connection->link) : 0;
    long long days = (long long)(ends_s - now_s) / DAY_S;
    if (patient->account->tls == TLS_NONE)
        note(patient, GRADE_OK, "tls", "not used; the server is on this host", "");
    else if (ends_s == 0)
        note(patient, GRADE_OK, "tls", "the certificate is trusted", "");
    else
        doctor_note(patient->doctor,
                    days < CERTIFICATE_WARN_DAYS ? GRADE_WARN : GRADE_OK, "tls",
                    patient->account->name,
                    days < CERTIFICATE_WARN_DAYS
                        ? "have the server's certificate renewed"
                        : "",
                    "the certificate is trusted and ends in %lld days", days);
}

static void see_extensions(struct patient *patient)
{
    static const char *const names[] = { "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8",
                                         "ENHANCEDSTATUSCODES" };
    const struct connection *connection = &patient->checkup.connection;
    struct buf text = buf_make(200);
    buf_puts(&text, "the server offers");
    size_t before = text.len;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (connection->ops->has_extension(connection->link, slice_of(names[i])))
            buf_printf(&text, " %s", names[i]);
    if (text.len == before)
        buf_puts(&text, " no extensions");
    note(patient, GRADE_OK, "ehlo", text.ptr, "");
    buf_free(&text);
}

static void see_complaint(struct patient *patient)
{
    const struct link_complaint *complaint = &patient->checkup.connection.complaint;
    if (complaint->text[0] != '\0')
        note(patient, GRADE_WARN, "oauth", complaint->text, complaint->remedy);
}

static bool see_login(struct patient *patient)
{
    if (!checkup_login(&patient->checkup, patient->account)) {
        const struct smtp_reply *failure = &patient->checkup.connection.failure;
        see_complaint(patient);
        note_reply(patient, smtp_phase_name(failure->phase), "", failure);
        return false;
    }
    see_complaint(patient);
    see_certificate(patient);
    if (patient->account->is_webhook)
        return true;
    see_extensions(patient);
    note(patient, GRADE_OK, "auth",
         patient->account->user.len > 0 ? "the login is accepted"
                                        : "no login is wanted",
         "");
    return true;
}

static bool ask_address(struct patient *patient, const char *verb, struct slice address,
                        enum smtp_phase phase)
{
    struct smtp_reply reply;
    struct buf command = buf_make(600), what = buf_make(600);
    buf_printf(&command, "%s:<%.*s>\r\n", verb, SLICE_ARG(address));
    buf_printf(&what, "%.*s: ", SLICE_ARG(address));
    checkup_ask(&patient->checkup, buf_slice(&command), phase, &reply);
    bool ok = note_reply(patient, smtp_phase_name(phase), what.ptr, &reply);
    buf_free(&what);
    buf_free(&command);
    return ok;
}

static const struct output *output_of(const struct doctor *doctor,
                                      const struct account *account)
{
    const struct outputs_config *config = doctor->config->compiled_outputs;
    for (size_t i = 0; i < config->output_count; i++)
        if (config->outputs[i].account == account)
            return &config->outputs[i];
    return NULL;
}

static bool see_envelope(struct patient *patient)
{
    struct smtp_reply reply;
    const struct output *output = patient->output;
    bool ok = ask_address(patient, "MAIL FROM", patient->account->from, PHASE_MAIL);
    for (size_t i = 0; ok && output && i < output->to_count && i < RECIPIENTS_TRIED;
         i++)
        ok = ask_address(patient, "RCPT TO", output->to[i], PHASE_RCPT);
    if (patient->checkup.connection.link)
        checkup_ask(&patient->checkup, SLICE("RSET\r\n"), PHASE_RSET, &reply);
    return ok;
}

static struct message compose_test(const struct patient *patient,
                                   const struct output *output, struct arena *arena)
{
    struct now now = clock_read(&patient->doctor->clock);
    struct notice_alert alert = {
        .severity = SEVERITY_INFO,
        .is_firing = true,
        .summary = SLICE("`tocsin doctor --send` tries whether mail arrives"),
        .new_count = 1,
        .total_count = 1,
        .first_unix_ms = now.unix_ms,
        .last_unix_ms = now.unix_ms,
    };
    struct notice notice = { .reason = NOTICE_FIRST,
                             .route = SLICE("doctor"),
                             .title = SLICE("a test mail"),
                             .alerts = &alert,
                             .alert_count = 1,
                             .new_count = 1,
                             .since_unix_ms = now.unix_ms };
    const struct mail_profile profile = { .output = output->name,
                                          .from = output->from,
                                          .from_name = output->from_name,
                                          .to = output->to,
                                          .to_count = output->to_count,
                                          .host = patient->doctor->config->host_name,
                                          .id_domain =
                                              patient->doctor->config->host_name };
    snprintf(notice.thread, sizeof notice.thread, "%016llx%016llx",
             (unsigned long long)now.unix_ms, (unsigned long long)now.mono_ms);
    return compose_message(&notice, &profile, now, arena);
}

static bool see_sending(struct patient *patient)
{
    struct arena arena = { 0 };
    const struct output *output = patient->output;
    if (!patient->doctor->wants_send)
        return true;
    if (!output) {
        note(patient, GRADE_SKIP, "send", "no output uses this account", "");
        return true;
    }
    const struct message message = compose_test(patient, output, &arena);
    const struct dialog_mail mail = { .from = message.from,
                                      .recipients = message.recipients,
                                      .recipient_count = message.recipient_count,
                                      .bytes = message.bytes };
    const struct dialog_result *result = checkup_send(&patient->checkup, &mail);
    bool ok = note_reply(patient, "send", "", &result->reply);
    arena_free(&arena);
    return ok;
}

/* --- budget ----------------------------------------------------------------------- */

static bool see_budget(struct patient *patient)
{
    struct arena arena = { 0 };
    struct err err = { 0 };
    struct buf answer = buf_make(LIMIT_CONTROL_REPLY);
    const char *path = arena_text(&arena, patient->doctor->config->control.value);
    const char *request =
        arena_printf(&arena, "sent %.*s", SLICE_ARG(patient->account->name));
    if (control_ask(path, slice_of(request), &answer, &err))
        doctor_note(patient->doctor, GRADE_OK, "budget", patient->account->name, "",
                    "%.*s recipients in the last 24 hours%s",
                    SLICE_ARG(slice_trim(buf_slice(&answer))),
                    is_gmail(patient->account) ? "; Gmail allows 500 (Workspace: 2000 "
                                                 "mails) a day"
                                               : "");
    else
        note(patient, GRADE_SKIP, "budget", "no agent is running that could tell it",
             "");
    buf_free(&answer);
    arena_free(&arena);
    return true;
}

static const struct {
    const char *name;
    bool needs_network, is_of_webhooks;
    bool (*see)(struct patient *patient);
} steps[] = {
    { "secret", false, true, see_secret },  { "from", false, false, see_from },
    { "budget", false, false, see_budget }, { "ports", true, true, see_ports },
    { "login", true, true, see_login },     { "envelope", true, false, see_envelope },
    { "send", true, true, see_sending },
};

static bool is_due(const struct patient *patient, size_t i)
{
    return !(steps[i].needs_network && patient->doctor->is_offline) &&
           (steps[i].is_of_webhooks || !patient->account->is_webhook);
}

/* The steps of the network ask host and port, which an address in a file hides. */
static struct account unhide(const struct account *account, struct arena *arena)
{
    struct account plain = *account;
    struct secret text = { 0 };
    struct web_url url;
    struct err err = { 0 };
    if (account->is_webhook && webhook_find_url(account, &text, &url, &err)) {
        plain.host = arena_slice(arena, url.host);
        plain.port = url.port;
        plain.tls = url.is_plain ? TLS_NONE : TLS_IMPLICIT;
    }
    secret_wipe(&text);
    if (slice_starts(plain.host, SLICE("[")))
        plain.host = slice_make(plain.host.ptr + 1, plain.host.len - 2);
    return plain;
}

void doctor_see_account(struct doctor *doctor, const struct account *account)
{
    struct arena arena = { 0 };
    const struct account plain = unhide(account, &arena);
    struct patient patient = { .doctor = doctor,
                               .account = &plain,
                               .output = output_of(doctor, account) };
    bool goes_on = true;
    checkup_init(&patient.checkup, doctor->links, doctor->clock);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!is_due(&patient, i))
            continue;
        if (steps[i].needs_network && !goes_on)
            doctor_note(doctor, GRADE_SKIP, steps[i].name, account->name, "",
                        "not tried after the failure above");
        else
            goes_on = steps[i].see(&patient) || !steps[i].needs_network;
    }
    checkup_quit(&patient.checkup);
    checkup_clear(&patient.checkup);
    arena_free(&arena);
}
