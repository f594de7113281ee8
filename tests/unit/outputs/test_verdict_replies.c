/** What becomes of each reply: all that Gmail is known to say (agent/sink/gmail.c), its
 *  HTTPS API, its token endpoint, and what the network says instead. */
#include "agent/sink/gmail.h"
#include "outputs/reply.h"
#include "outputs/verdict.h"

#include "test.h"

/* scope and outcome in one word: who waits, or who is refused for good */
enum fate { ACCOUNT, NETWORK, MAIL, RCPT, MAIL_DEAD, RCPT_DEAD, DOUBT, FINE };

struct expected {
    const char *name; /* of a reply of Gmail's */
    enum trouble trouble;
    enum fate fate;
    int64_t wait_ms;
};

#define BUSY TROUBLE_SERVER, ACCOUNT, MINUTE_MS
#define SLOWED TROUBLE_RATE, ACCOUNT, 15 * MINUTE_MS
#define SETTING TROUBLE_SETTING, ACCOUNT, 30 * MINUTE_MS
#define NO_TLS TROUBLE_TLS, ACCOUNT, 30 * MINUTE_MS
#define SECRET TROUBLE_SECRET, ACCOUNT, 30 * MINUTE_MS
#define QUOTA TROUBLE_QUOTA, ACCOUNT, HOUR_MS
#define CLUMSY TROUBLE_PROTOCOL, ACCOUNT, 15 * MINUTE_MS
#define LOST_EACH_OTHER TROUBLE_PROTOCOL, NETWORK, 0
#define REFUSED TROUBLE_CONTENT, MAIL_DEAD, 0
#define TOO_LARGE TROUBLE_SIZE, MAIL_DEAD, 0
#define NOBODY TROUBLE_RECIPIENT, RCPT_DEAD, 0

static const struct expected expected[] = {
    { "421-trouble", BUSY },
    { "421-busy", BUSY },
    { "421-later", SLOWED },
    { "421-expired", TROUBLE_STALE, NETWORK, 0 },
    { "421-trouble-4.7.0", BUSY },
    { "421-whitelist", TROUBLE_RECIPIENT, RCPT, 4 * HOUR_MS },
    { "421-tls-domain", NO_TLS },
    { "421-unsolicited", SLOWED },
    { "421-reputation", TROUBLE_RATE, MAIL, HOUR_MS },
    { "421-reputation-mail", SLOWED },
    { "421-suspicious", TROUBLE_RATE, MAIL, HOUR_MS },
    { "421-no-ptr-old", SETTING },
    { "421-no-ptr", SETTING },
    { "421-unauthenticated", SETTING },
    { "421-spf", SETTING },
    { "421-rate", SLOWED },
    { "421-rate-dkim", TROUBLE_RATE, MAIL, 15 * MINUTE_MS },
    { "421-same-message-id", TROUBLE_RATE, MAIL, HOUR_MS },
    { "421-tls", NO_TLS },
    { "421-dkim", SETTING },
    { "421-from", SETTING },
    { "450-too-quickly", TROUBLE_RECIPIENT, RCPT, 15 * MINUTE_MS },
    { "450-rate", TROUBLE_RECIPIENT, RCPT, 15 * MINUTE_MS },
    { "450-relay-peak", TROUBLE_RATE, ACCOUNT, 10 * MINUTE_MS },
    { "451-rejected", TROUBLE_SERVER, MAIL, 0 },
    { "451-domains", TROUBLE_RECIPIENTS, RCPT, 0 },
    { "451-timeout", TROUBLE_STALE, NETWORK, 0 },
    { "451-protocol", LOST_EACH_OTHER },
    { "451-spf", SETTING },
    { "451-dmarc-dns", TROUBLE_RECIPIENT, RCPT, 15 * MINUTE_MS },
    { "452-full", TROUBLE_RECIPIENT, RCPT, HOUR_MS },
    { "452-recipients", TROUBLE_RECIPIENTS, RCPT, 0 },
    { "452-domain-size", TROUBLE_RECIPIENTS, RCPT, 0 },
    { "454-logins", TROUBLE_LOGINS, ACCOUNT, 15 * MINUTE_MS },
    { "454-trouble", TROUBLE_SERVER, ACCOUNT, 2 * MINUTE_MS },
    { "454-pipelining", CLUMSY },
    { "454-starttls", CLUMSY },
    { "501-decode", SECRET },
    { "501-ehlo", SETTING },
    { "501-ehlo-empty", SETTING },
    { "501-starttls", CLUMSY },
    { "502-command", LOST_EACH_OTHER },
    { "502-too-many", CLUMSY },
    { "502-unimplemented", LOST_EACH_OTHER },
    { "503-ehlo-first", LOST_EACH_OTHER },
    { "503-mail-first", LOST_EACH_OTHER },
    { "503-rcpt-first", LOST_EACH_OTHER },
    { "503-bdat", LOST_EACH_OTHER },
    { "503-identity", CLUMSY },
    { "504-auth", SETTING },
    { "504-xoauth", SETTING },
    { "525-pipelining", CLUMSY },
    { "523-pipelining", CLUMSY },
    { "530-auth", SETTING },
    { "530-auth-5.7.0", SETTING },
    { "530-starttls", NO_TLS },
    { "534-app-password", SECRET },
    { "534-browser", SECRET },
    { "534-browser-5.7.9", SECRET },
    { "534-weak", SECRET },
    { "535-credentials", SECRET },
    { "535-credentials-5.7.1", SECRET },
    { "535-app-password", SECRET },
    { "535-browser", SECRET },
    { "535-argument", CLUMSY },
    { "550-no-user", NOBODY },
    { "550-disabled", NOBODY },
    { "550-rate", TROUBLE_RECIPIENT, RCPT, DAY_MS },
    { "550-daily-limit", QUOTA },
    { "550-daily-quota-old", QUOTA },
    { "550-daily-relay", QUOTA },
    { "550-recipients", TROUBLE_RECIPIENTS, RCPT, HOUR_MS },
    { "550-relay-denied", SETTING },
    { "550-sending-denied", SETTING },
    { "550-relay-credentials", SETTING },
    { "550-relay-daily", QUOTA },
    { "550-recipient-quota", TROUBLE_RECIPIENT, RCPT, 4 * HOUR_MS },
    { "550-unsolicited", REFUSED },
    { "550-unusual-rate", TROUBLE_RATE, ACCOUNT, HOUR_MS },
    { "550-unusual-rate-5.7.28", TROUBLE_RATE, ACCOUNT, HOUR_MS },
    { "550-rate-limited", SLOWED },
    { "550-reputation", REFUSED },
    { "550-direct", SETTING },
    { "550-policy", REFUSED },
    { "550-policy-recipient", NOBODY },
    { "550-unauthenticated", SETTING },
    { "550-from-missing", REFUSED },
    { "550-from-several", REFUSED },
    { "550-message-id", REFUSED },
    { "550-duplicate-headers", REFUSED },
    { "550-encoded-word", REFUSED },
    { "550-ipv6", SETTING },
    { "550-spf-suspicious", SETTING },
    { "550-no-ptr", SETTING },
    { "550-dmarc", SETTING },
    { "550-spf", SETTING },
    { "550-tls", NO_TLS },
    { "550-dkim", SETTING },
    { "552-full", TROUBLE_RECIPIENT, RCPT, 4 * HOUR_MS },
    { "552-size-old", TOO_LARGE },
    { "552-size", TOO_LARGE },
    { "552-attachments", TOO_LARGE },
    { "552-header", TOO_LARGE },
    { "552-header-name", TOO_LARGE },
    { "552-headers", TOO_LARGE },
    { "552-blocked", REFUSED },
    { "553-domain", NOBODY },
    { "553-address", NOBODY },
    { "553-sender", SETTING },
    { "554-loop", REFUSED },
    { "554-loop-old", REFUSED },
    { "554-malformed", REFUSED },
    { "554-commands", CLUMSY },
    { "555-syntax", NOBODY },
    { "555-syntax-mail", LOST_EACH_OTHER },
    { "400-invalid-grant", SECRET },
    { "400-invalid-grant-jwt", SECRET },
    { "400-invalid-grant-signature", SECRET },
    { "400-invalid-grant-rapt", SECRET },
    { "401-invalid-client", SECRET },
    { "401-deleted-client", SECRET },
    { "401-unauthorized-client", SETTING },
    { "400-invalid-scope", SETTING },
    { "403-access-denied", SETTING },
    { "400-admin-policy", SETTING },
    { "403-org-internal", SETTING },
    { "400-invalid-request", SETTING },
    { "400-unsupported-grant", SETTING },
    { "400-redirect", SETTING },
    { "400-token-unavailable", BUSY },
    { "429-token-busy", BUSY },
    { "500-token-trouble", BUSY },
    { "503-token-trouble", BUSY },
    { "400-api-malformed", REFUSED },
    { "400-api-argument", REFUSED },
    { "400-api-no-gmail", SETTING },
    { "401-api-token", SECRET },
    { "403-api-daily", QUOTA },
    { "403-api-user-rate", TROUBLE_RATE, ACCOUNT, MINUTE_MS },
    { "403-api-rate", TROUBLE_RATE, ACCOUNT, MINUTE_MS },
    { "403-api-domain", SETTING },
    { "403-api-scope", SETTING },
    { "403-api-off", SETTING },
    { "403-api-forbidden", SETTING },
    { "404-api-nobody", SETTING },
    { "413-api-size", TOO_LARGE },
    { "429-api-rate", SLOWED },
    { "429-api-concurrent", SLOWED },
    { "429-api-daily", QUOTA },
    { "500-api-trouble", BUSY },
    { "502-api-trouble", BUSY },
    { "503-api-trouble", BUSY },
    { "504-api-trouble", BUSY },
};
static const size_t expected_count = sizeof expected / sizeof *expected;

/* What no SMTP server of Gmail's says. The token stands where Google has the reason. */
static const struct other {
    enum smtp_phase phase;
    int code;
    const char *token, *text;
    enum trouble trouble;
    enum fate fate;
    int64_t wait_ms;
    const char *enhanced; /* NULL: none */
} others[] = {
    { PHASE_RESOLVE, 0, "", "Could not resolve host", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_CONNECT, 0, "", "Connection refused", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_CONNECT, 0, "", "Connection timed out", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_CONNECT, 0, "", "No route to host", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_CONNECT, 0, "", "Network is unreachable", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_CONNECT, 0, "", "Permission denied", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_TLS, 0, "", "SSL certificate problem: expired", TROUBLE_TLS, ACCOUNT,
      5 * MINUTE_MS },
    { PHASE_TLS, 0, "", "wrong version number", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_STARTTLS, 0, "", "the server does not offer STARTTLS", NO_TLS },
    { PHASE_AUTH, 0, "", "cannot open the secret '/x'", SECRET },
    { PHASE_AUTH, 0, "", "the server offers no login", SETTING },
    { PHASE_MAIL, 0, "", "Connection reset by peer", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_DOT, 0, "", "Connection reset by peer", TROUBLE_SERVER, DOUBT, 0 },
    { PHASE_AUTH, 0, "", "the command '/bin/pass' ended with status 1", SECRET },
    { PHASE_AUTH, 0, "", "the secret '/x' cannot be used: it has no", SECRET },
    { PHASE_AUTH, 535, "BadCredentials", "not accepted (XOAUTH2: status 400)", SECRET },
    { PHASE_AUTH, 334, "", "(XOAUTH2: status 400)", SECRET },
    { PHASE_TOKEN, 0, "", "connect: Connection refused", TROUBLE_SERVER, NETWORK, 0 },
    { PHASE_TOKEN, 0, "", "tls: SSL certificate problem", TROUBLE_TLS, ACCOUNT,
      5 * MINUTE_MS },
    { PHASE_API, 0, "", "Connection reset by peer", TROUBLE_SERVER, DOUBT, 0 },
    { PHASE_DOT, 250, "", "OK", TROUBLE_NONE, FINE, 0 },
    { PHASE_API, 200, "", "OK", TROUBLE_NONE, FINE, 0 },
    { PHASE_GREETING, 554, "", "no", TROUBLE_SETTING, ACCOUNT, 15 * MINUTE_MS },
    { PHASE_EHLO, 451, "", "no", BUSY },
    { PHASE_DOT, 421, "", "closing", TROUBLE_SERVER, MAIL, 15 * MINUTE_MS },
    { PHASE_MAIL, 421, "", "closing", BUSY },
    { PHASE_MAIL, 553, "", "sender", SETTING },
    { PHASE_RCPT, 553, "", "what", NOBODY },
    { PHASE_DOT, 552, "MaxSizeError", "large", TOO_LARGE },
    { PHASE_RCPT, 499, "", "no", TROUBLE_RECIPIENT, RCPT, 0 },
    { PHASE_DOT, 499, "", "no", TROUBLE_SERVER, MAIL, 0 },
    { PHASE_RCPT, 599, "", "no", NOBODY },
    { PHASE_DOT, 599, "", "no", REFUSED },
    { PHASE_DATA, 334, "", "VXNlcm5hbWU6", LOST_EACH_OTHER },
    { PHASE_DOT, 554, "", "Too many unauthenticated commands", CLUMSY },
    { PHASE_TOKEN, 400, "invalid_grant", "", SECRET },
    { PHASE_TOKEN, 401, "invalid_client", "", SECRET },
    { PHASE_TOKEN, 401, "deleted_client", "", SECRET },
    { PHASE_TOKEN, 401, "unauthorized_client", "", SETTING },
    { PHASE_TOKEN, 400, "invalid_scope", "", SETTING },
    { PHASE_TOKEN, 403, "access_denied", "", SETTING },
    { PHASE_TOKEN, 400, "admin_policy_enforced", "", SETTING },
    { PHASE_TOKEN, 403, "org_internal", "", SETTING },
    { PHASE_TOKEN, 400, "invalid_request", "", SETTING },
    { PHASE_TOKEN, 400, "unsupported_grant_type", "", SETTING },
    { PHASE_TOKEN, 400, "redirect_uri_mismatch", "", SETTING },
    { PHASE_TOKEN, 400, "temporarily_unavailable", "", BUSY },
    { PHASE_TOKEN, 429, "", "", BUSY },
    { PHASE_TOKEN, 503, "", "", BUSY },
    { PHASE_API, 400, "badRequest", "Recipient address required", REFUSED },
    { PHASE_API, 400, "invalidArgument", "", REFUSED },
    { PHASE_API, 400, "failedPrecondition", "", SETTING },
    { PHASE_API, 401, "authError", "", SECRET },
    { PHASE_API, 403, "dailyLimitExceeded", "", QUOTA },
    { PHASE_API, 403, "userRateLimitExceeded", "", TROUBLE_RATE, ACCOUNT, MINUTE_MS },
    { PHASE_API, 403, "rateLimitExceeded", "", TROUBLE_RATE, ACCOUNT, MINUTE_MS },
    { PHASE_API, 403, "domainPolicy", "", SETTING },
    { PHASE_API, 403, "insufficientPermissions", "", SETTING },
    { PHASE_API, 403, "accessNotConfigured", "", SETTING },
    { PHASE_API, 403, "", "", SETTING },
    { PHASE_API, 404, "notFound", "", SETTING },
    { PHASE_API, 413, "", "", TOO_LARGE },
    { PHASE_API, 429, "rateLimitExceeded", "", SLOWED },
    { PHASE_API, 500, "backendError", "", BUSY },
    { PHASE_API, 504, "", "", BUSY },
    { PHASE_WEBHOOK, 0, "", "Connection reset by peer", TROUBLE_SERVER, DOUBT, 0 },
    { PHASE_WEBHOOK, 204, "", "HTTP 204", TROUBLE_NONE, FINE, 0 },
    { PHASE_WEBHOOK, 401, "", "HTTP 401", SECRET },
    { PHASE_WEBHOOK, 403, "", "HTTP 403: invalid_token", SECRET },
    { PHASE_WEBHOOK, 404, "", "HTTP 404: no_service", SETTING },
    { PHASE_WEBHOOK, 404, "", "HTTP 301", SETTING },
    { PHASE_WEBHOOK, 410, "", "HTTP 410: channel_is_archived", SETTING },
    { PHASE_WEBHOOK, 408, "", "HTTP 408", BUSY },
    { PHASE_WEBHOOK, 425, "", "HTTP 425", BUSY },
    { PHASE_WEBHOOK, 429, "", "HTTP 429", TROUBLE_RATE, ACCOUNT, MINUTE_MS },
    { PHASE_WEBHOOK, 413, "", "HTTP 413", TOO_LARGE },
    { PHASE_WEBHOOK, 451, "", "HTTP 451", REFUSED },
    { PHASE_WEBHOOK, 451, "", "the connection broke", TROUBLE_STALE, NETWORK, 0,
      "4.4.2" },
    { PHASE_WEBHOOK, 400, "", "HTTP 400: invalid_payload", REFUSED },
    { PHASE_WEBHOOK, 422, "", "HTTP 422", REFUSED },
    { PHASE_WEBHOOK, 500, "", "HTTP 500", TROUBLE_SERVER, MAIL, 0 },
    { PHASE_WEBHOOK, 503, "", "HTTP 503", BUSY },
};
static const size_t other_count = sizeof others / sizeof *others;

static enum smtp_phase phase_of(enum script_phase phase)
{
    static const enum smtp_phase phases[] = {
        [SCRIPT_GREETING] = PHASE_GREETING, [SCRIPT_EHLO] = PHASE_EHLO,
        [SCRIPT_STARTTLS] = PHASE_STARTTLS, [SCRIPT_AUTH] = PHASE_AUTH,
        [SCRIPT_MAIL] = PHASE_MAIL,         [SCRIPT_RCPT] = PHASE_RCPT,
        [SCRIPT_DATA] = PHASE_DATA,         [SCRIPT_BODY] = PHASE_BODY,
        [SCRIPT_DOT] = PHASE_DOT,           [SCRIPT_TOKEN] = PHASE_TOKEN,
        [SCRIPT_API] = PHASE_API,
    };
    return phases[phase];
}

/* As it comes over the wire: all lines with the code and, in front of the text, the
 * enhanced code; the last with the tag. */
static struct smtp_reply hear_smtp(enum script_phase phase, const char *says)
{
    struct smtp_reply reply = { 0 };
    struct reply_parser parser = { 0 };
    struct buf wire = buf_make(4096);
    struct slice line, rest = slice_of(says + 4);
    size_t enhanced = strcspn(says + 4, " ");
    while (slice_next(&rest, '\n', &line)) {
        buf_printf(&wire, "%.3s%c", says, rest.len > 0 ? '-' : ' ');
        if (line.ptr != says + 4)
            buf_printf(&wire, "%.*s", (int)enhanced, says + 4);
        buf_put(&wire, line);
        buf_puts(&wire, rest.len > 0 ? "\r\n" : " x1-2 - gsmtp\r\n");
    }
    struct slice bytes = buf_slice(&wire);
    ck_assert_int_eq(reply_feed(&parser, &bytes, &reply), REPLY_DONE);
    ck_assert_uint_eq(bytes.len, 0);
    buf_free(&wire);
    reply.phase = phase_of(phase);
    return reply;
}

/* The first word is the error or reason. */
static struct smtp_reply hear_https(enum script_phase phase, const char *says)
{
    struct smtp_reply reply = reply_of_network(phase_of(phase), slice_of(says + 4));
    int64_t code = 0;
    ck_assert(slice_to_int(slice_make(says, 3), &code));
    reply.code = (int)code;
    snprintf(reply.token, sizeof reply.token, "%.*s", (int)strcspn(says + 4, " "),
             says + 4);
    return reply;
}

static struct smtp_reply hear(enum script_phase phase, const char *says)
{
    return phase >= SCRIPT_CONSENT ? hear_https(phase, says) : hear_smtp(phase, says);
}

static struct smtp_reply reply_of(const struct other *other)
{
    struct smtp_reply reply = { .phase = other->phase, .code = other->code };
    snprintf(reply.token, sizeof reply.token, "%s", other->token);
    snprintf(reply.enhanced, sizeof reply.enhanced, "%s",
             other->enhanced ? other->enhanced : "");
    snprintf(reply.text, sizeof reply.text, "%s", other->text);
    return reply;
}

static enum fate fate_of(const struct verdict *verdict)
{
    static const enum fate later[] = { MAIL, RCPT, ACCOUNT, NETWORK };
    switch (verdict->outcome) {
    case OUTCOME_SENT:
        return FINE;
    case OUTCOME_DOUBT:
        return DOUBT;
    case OUTCOME_LATER:
        return later[verdict->scope];
    default:
        return verdict->scope == SCOPE_RECIPIENT ? RCPT_DEAD : MAIL_DEAD;
    }
}

static void check(const struct verdict *verdict, const struct expected *wanted)
{
    ck_assert_msg(verdict->trouble == wanted->trouble, "'%s' is trouble '%s', not '%s'",
                  wanted->name, trouble_name(verdict->trouble),
                  trouble_name(wanted->trouble));
    ck_assert_msg(fate_of(verdict) == wanted->fate, "'%s' has another fate: %s",
                  wanted->name, verdict->advice);
    ck_assert_msg(verdict->wait_ms == wanted->wait_ms, "'%s' waits %lld ms",
                  wanted->name, (long long)verdict->wait_ms);
}

TEST(verdict_replies, every_reply_of_gmail_has_its_verdict)
{
    ck_assert_uint_eq(expected_count, gmail_reply_count);
    for (size_t i = 0; i < expected_count; i++) {
        const struct gmail_reply *said = gmail_reply_find(slice_of(expected[i].name));
        ck_assert_msg(said != NULL, "no reply has the name '%s'", expected[i].name);
        struct smtp_reply reply = hear(said->phase, said->says);
        check(verdict_of(&reply), &expected[i]);
    }
    printf("%zu replies of Gmail and %zu others have their verdicts\n", expected_count,
           other_count);
}

TEST(verdict_replies, every_other_answer_has_its_verdict)
{
    for (size_t i = 0; i < other_count; i++) {
        struct smtp_reply reply = reply_of(&others[i]);
        char name[80];
        snprintf(name, sizeof name, "%s %d %s", smtp_phase_name(others[i].phase),
                 others[i].code, others[i].token);
        const struct expected wanted = { name, others[i].trouble, others[i].fate,
                                         others[i].wait_ms };
        check(verdict_of(&reply), &wanted);
    }
}

/* --- no row without a reply ------------------------------------------------------- */

static void note_hit(const struct smtp_reply *reply, bool *hit)
{
    hit[verdict_row_of(reply) - verdict_table] = true;
}

TEST(verdict_replies, no_row_of_the_table_lacks_a_reply)
{
    bool hit[512] = { false };
    const struct smtp_reply relaying = hear(SCRIPT_RCPT, "550 5.7.1 Relaying denied");
    ck_assert_uint_le(verdict_row_count, sizeof hit);
    note_hit(&relaying, hit); /* of sendmail */
    const struct smtp_reply denied = hear(SCRIPT_RCPT, "550 5.7.1 Mail relay denied");
    note_hit(&denied, hit); /* of smtp-relay.gmail.com */
    for (size_t i = 0; i < gmail_reply_count; i++) {
        struct smtp_reply reply = hear(gmail_replies[i].phase, gmail_replies[i].says);
        note_hit(&reply, hit);
        reply.token[0] = '\0'; /* Without a link the words have to do. */
        note_hit(&reply, hit);
        reply.text[0] = '\0'; /* Without words the codes. */
        note_hit(&reply, hit);
    }
    for (size_t i = 0; i < other_count; i++) {
        struct smtp_reply reply = reply_of(&others[i]);
        note_hit(&reply, hit);
    }
    for (size_t i = 0; i < verdict_row_count; i++)
        ck_assert_msg(hit[i], "no reply has row %zu: %d %s %s %s", i,
                      verdict_table[i].code,
                      verdict_table[i].enhanced ? verdict_table[i].enhanced : "",
                      verdict_table[i].token ? verdict_table[i].token : "",
                      verdict_table[i].text ? verdict_table[i].text : "");
}

TEST(verdict_replies, names_of_replies_are_unique_and_begin_with_their_code)
{
    for (size_t i = 0; i < gmail_reply_count; i++) {
        ck_assert_ptr_eq(gmail_reply_find(slice_of(gmail_replies[i].name)),
                         &gmail_replies[i]);
        ck_assert(strncmp(gmail_replies[i].name, gmail_replies[i].says, 3) == 0);
    }
}

/* --- where the digit misleads ----------------------------------------------------- */

static const struct verdict *to(enum script_phase phase, const char *says)
{
    struct smtp_reply reply = hear(phase, says);
    return verdict_of(&reply);
}

TEST(verdict_replies, a_550_5_4_5_is_a_quota_and_kills_no_mail)
{
    const struct verdict *verdict =
        to(SCRIPT_DOT, "550 5.4.5 Daily user sending quota exceeded.");
    ck_assert_int_eq(verdict->outcome, OUTCOME_LATER);
    ck_assert_int_eq(verdict->scope, SCOPE_ACCOUNT);
}

TEST(verdict_replies, a_550_5_2_1_waits_for_a_rate_and_gives_up_a_disabled_mailbox)
{
    ck_assert_int_eq(to(SCRIPT_RCPT, "550 5.2.1 receives at a rate that ...")->outcome,
                     OUTCOME_LATER);
    ck_assert_int_eq(to(SCRIPT_RCPT, "550 5.2.1 The account is disabled.")->outcome,
                     OUTCOME_NEVER);
}

TEST(verdict_replies, a_550_5_7_1_is_told_apart_by_its_words)
{
    ck_assert_int_eq(to(SCRIPT_MAIL, "550 5.7.1 Daily SMTP relay limit exceeded for "
                                     "customer")
                         ->trouble,
                     TROUBLE_QUOTA);
    ck_assert_int_eq(to(SCRIPT_DOT, "550 5.7.1 unusual rate of unsolicited")->trouble,
                     TROUBLE_RATE);
    ck_assert_int_eq(to(SCRIPT_DOT, "550 5.7.1 likely unsolicited mail")->trouble,
                     TROUBLE_CONTENT);
    ck_assert_int_eq(to(SCRIPT_RCPT, "550 5.7.1 Email quota exceeded")->trouble,
                     TROUBLE_RECIPIENT);
    ck_assert_int_eq(
        to(SCRIPT_MAIL, "550 5.7.1 Invalid credentials for relay")->trouble,
        TROUBLE_SETTING);
    ck_assert_int_eq(to(SCRIPT_DOT, "550 5.7.1 something new")->trouble,
                     TROUBLE_CONTENT);
}

TEST(verdict_replies, what_the_relay_refuses_is_told_with_what_it_wants)
{
    static const struct {
        enum script_phase phase;
        const char *says, *advice;
    } rows[] = {
        { SCRIPT_MAIL, "550 5.7.0 Mail relay denied [192.0.2.1]. Invalid credentials",
          "register its public IP address" },
        { SCRIPT_RCPT, "550 5.7.1 Mail relay denied [192.0.2.1]",
          "register its public IP address" },
        { SCRIPT_MAIL, "550 5.7.1 Invalid credentials for relay [192.0.2.1].",
          "set ehlo to a domain of the organisation" },
        { SCRIPT_EHLO, "421 4.7.0 Try again later, closing connection. (EHLO) x",
          "with smtp-relay.gmail.com to a domain of the organisation" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct verdict *verdict = to(rows[i].phase, rows[i].says);
        ck_assert_int_eq(verdict->scope, SCOPE_ACCOUNT);
        ck_assert_int_eq(verdict->outcome, OUTCOME_LATER);
        ck_assert_msg(strstr(verdict->advice, rows[i].advice) != NULL, "%s",
                      verdict->advice);
    }
}

TEST(verdict_replies, a_452_4_5_3_splits_and_asks_for_no_wait)
{
    const struct verdict *verdict = to(SCRIPT_RCPT, "452 4.5.3 too many recipients");
    ck_assert_int_eq(verdict->trouble, TROUBLE_RECIPIENTS);
    ck_assert_int_eq(verdict->wait_ms, 0);
}

TEST(verdict_replies, a_454_4_7_0_is_a_limit_or_an_outage_by_its_words)
{
    ck_assert_int_eq(to(SCRIPT_AUTH, "454 4.7.0 Too many login attempts")->trouble,
                     TROUBLE_LOGINS);
    ck_assert_int_eq(to(SCRIPT_AUTH, "454 4.7.0 Cannot authenticate now")->trouble,
                     TROUBLE_SERVER);
}

TEST(verdict_replies, a_421_is_about_the_account_before_data_and_about_the_mail_after)
{
    static const enum script_phase before[] = { SCRIPT_GREETING, SCRIPT_EHLO,
                                                SCRIPT_AUTH, SCRIPT_MAIL, SCRIPT_RCPT };
    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        ck_assert_int_eq(to(before[i], "421 4.7.0 Try again later")->scope,
                         SCOPE_ACCOUNT);
    ck_assert_int_eq(to(SCRIPT_DATA, "421 4.7.0 Try again later")->scope,
                     SCOPE_MESSAGE);
    ck_assert_int_eq(to(SCRIPT_DOT, "421 4.7.0 Try again later")->scope, SCOPE_MESSAGE);
}

TEST(verdict_replies, a_454_5_5_1_is_a_bug_whatever_its_two_digits_say)
{
    ck_assert_int_eq(to(SCRIPT_STARTTLS, "454 5.5.1 may not be repeated")->trouble,
                     TROUBLE_PROTOCOL);
}

TEST(verdict_replies, any_53x_at_a_login_asks_for_another_secret)
{
    ck_assert(to(SCRIPT_AUTH, "534 5.7.14 what will be said next year")->wants_secret);
    ck_assert(to(SCRIPT_AUTH, "535 5.7.1 what will be said next year")->wants_secret);
    ck_assert_int_ge(to(SCRIPT_AUTH, "535 5.7.8 Not accepted")->wait_ms,
                     30 * MINUTE_MS);
}
