/**
 * The table of replies (facts: Google's "Gmail SMTP errors and codes",
 * support.google.com/a/answer/3726730, and what senders have met in practice). Two
 * things decide the order: the particular stand before the general, and a limit of the
 * account is never taken for a fault of the message.
 */
#include "outputs/verdict.h"

#include <strings.h>

#include "agent/base/must.h"

#define IN(phase) (1u << PHASE_##phase)
#define ANYWHERE (~0u)
#define LOGIN (IN(GREETING) | IN(EHLO) | IN(STARTTLS) | IN(AUTH))
#define ENVELOPE (IN(MAIL) | IN(RCPT))
#define CONTENT (IN(DATA) | IN(BODY) | IN(DOT))

/* The verdicts in words. */
#define SENT                    \
    {                           \
        .outcome = OUTCOME_SENT \
    }
#define HOLD(wait, max, text)                                                \
    {                                                                        \
        .outcome = OUTCOME_LATER, .scope = SCOPE_ACCOUNT, .wait_ms = (wait), \
        .max_wait_ms = (max), .advice = (text)                               \
    }
#define SECRET(text)                                                                 \
    {                                                                                \
        .outcome = OUTCOME_LATER, .scope = SCOPE_ACCOUNT, .wait_ms = 30 * MINUTE_MS, \
        .wants_secret = true, .advice = (text)                                       \
    }
#define NETWORK(text)                                                      \
    {                                                                      \
        .outcome = OUTCOME_LATER, .scope = SCOPE_NETWORK, .advice = (text) \
    }
#define WAIT(whose, wait, text)                                        \
    {                                                                  \
        .outcome = OUTCOME_LATER, .scope = (whose), .wait_ms = (wait), \
        .advice = (text)                                               \
    }
#define NEVER(whose, text)                                           \
    {                                                                \
        .outcome = OUTCOME_NEVER, .scope = (whose), .advice = (text) \
    }

#define TELL_RECEIVING_RATE                             \
    "this mailbox gets mail too fast: send it digests " \
    "(support.google.com/mail/answer/6592)"
#define TELL_DAILY_LIMIT                                                              \
    "daily sending limit reached: the account sends again when the rolling 24 hours " \
    "allow it (support.google.com/a/answer/166852)"
#define TELL_RELAY                                                          \
    "the relay does not let this sender through: check the relay settings " \
    "(support.google.com/a/answer/6140680)"
#define TELL_SPAM_RATE                                 \
    "Google slows this sender down: send fewer mails " \
    "(support.google.com/mail/answer/81126)"
#define TELL_APP_PASSWORD                                                          \
    "Google wants an App Password here: create one and put it into password_file " \
    "(support.google.com/accounts/answer/185833)"
#define TELL_BROWSER                             \
    "Google wants a login with a browser first " \
    "(support.google.com/accounts/answer/78754)"
#define TELL_CERTIFICATE                                                             \
    "the server's certificate is not trusted: check host, this machine's clock and " \
    "ca_file"

const struct verdict_row verdict_table[] = {
    /* --- no reply: what the network or TLS said
     * ------------------------------------- */
    { IN(RESOLVE), 0, NULL, NULL, NULL,
      NETWORK("the server's name is not found: check host, DNS and the network"),
      "Could not resolve host: smtp.gmail.com" },
    { IN(CONNECT), 0, NULL, NULL, "refused",
      NETWORK("nobody listens at this host and port: check both"),
      "connect to 192.0.2.1 port 465 failed: Connection refused" },
    { IN(CONNECT), 0, NULL, NULL, "time",
      NETWORK("no answer: the provider may block mail ports, try port 465 or 587"),
      "Connection timed out after 30001 milliseconds" },
    { IN(CONNECT), 0, NULL, NULL, NULL,
      NETWORK("the server cannot be reached: check the network of this host"),
      "No route to host" },
    { IN(TLS), 0, NULL, NULL, "certificate",
      HOLD(5 * MINUTE_MS, HOUR_MS, TELL_CERTIFICATE),
      "SSL certificate problem: self-signed certificate" },
    { IN(TLS), 0, NULL, NULL, NULL,
      NETWORK("TLS cannot be set up: check that tls and port belong together"),
      "wrong version number" },
    { IN(STARTTLS), 0, NULL, NULL, NULL,
      HOLD(30 * MINUTE_MS, 0,
           "the server offers no STARTTLS and nothing is sent in clear: try tls: "
           "implicit with port 465"),
      "the server does not offer STARTTLS" },
    { IN(AUTH), 0, NULL, NULL, "secret",
      SECRET("the password cannot be read: check password_file"),
      "cannot read the secret '/etc/tocsin/app-password'" },
    { IN(AUTH), 0, NULL, NULL, "offers no login",
      HOLD(30 * MINUTE_MS, 0,
           "the server offers no login that tocsin knows: check host, port and tls"),
      "the server offers no login" },
    { IN(DOT),
      0,
      NULL,
      NULL,
      NULL,
      { .outcome = OUTCOME_DOUBT,
        .scope = SCOPE_MESSAGE,
        .advice = "the connection ended before the server confirmed: the same mail is "
                  "sent again later" },
      "Connection reset by peer" },
    { ANYWHERE, 0, NULL, NULL, NULL,
      NETWORK("the connection was lost: nothing to do if it happens seldom"),
      "Connection reset by peer" },

    /* --- 2xx
     * ----------------------------------------------------------------------------- */
    { ANYWHERE, 2, NULL, NULL, NULL, SENT, "250 2.0.0 OK 1700000000 x1-2.3 - gsmtp" },

    /* --- logins
     * -------------------------------------------------------------------------- */
    { IN(AUTH), 454, NULL, NULL, "too many login",
      HOLD(15 * MINUTE_MS, 4 * HOUR_MS,
           "too many logins: tocsin logs in less often for a while "
           "(support.google.com/mail/answer/7126229)"),
      "454 4.7.0 Too many login attempts, please try again later." },
    { IN(AUTH), 454, NULL, NULL, NULL,
      HOLD(2 * MINUTE_MS, HOUR_MS,
           "the server cannot check logins for the moment: wait"),
      "454 4.7.0 Cannot authenticate due to temporary system problem." },
    { IN(AUTH), 5, NULL, "InvalidSecondFactor", NULL, SECRET(TELL_APP_PASSWORD),
      "534 5.7.9 Application-specific password required. "
      "https://support.google.com/mail/?p=InvalidSecondFactor x1 - gsmtp" },
    { IN(AUTH), 5, NULL, NULL, "application-specific", SECRET(TELL_APP_PASSWORD),
      "535 5.7.8 Application-specific password required." },
    { IN(AUTH), 5, NULL, "WebLoginRequired", NULL, SECRET(TELL_BROWSER),
      "534 5.7.14 Please log in. "
      "https://support.google.com/mail/?p=WebLoginRequired x1 - gsmtp" },
    { IN(AUTH), 5, NULL, NULL, "web browser", SECRET(TELL_BROWSER),
      "534 5.7.9 Please log in with your web browser and then try again." },
    { IN(AUTH), 534, NULL, NULL, NULL,
      SECRET("the server does not take this login: try to log in with a browser, or "
             "create a new App Password"),
      "534 5.7.9 Authentication mechanism is too weak" },
    { IN(AUTH), 535, NULL, NULL, NULL,
      SECRET("user name and password are not accepted: check both; a changed Google "
             "password revokes all App Passwords "
             "(support.google.com/accounts/answer/185833)"),
      "535 5.7.8 Username and Password not accepted. "
      "https://support.google.com/mail/?p=BadCredentials x1 - gsmtp" },
    { IN(AUTH), 501, NULL, NULL, NULL,
      SECRET("the login was not understood: check password_file for stray characters"),
      "501 5.5.2 Cannot Decode response" },
    { ANYWHERE, 530, NULL, NULL, "starttls",
      HOLD(30 * MINUTE_MS, 0, "the server wants TLS: set tls: starttls or implicit"),
      "530 5.7.0 Must issue a STARTTLS command first" },
    { ANYWHERE, 530, NULL, NULL, NULL,
      HOLD(30 * MINUTE_MS, 0, "the server wants a login: set user and password_file"),
      "530 5.7.0 Authentication Required" },
    { LOGIN, 421, "4.7", NULL, NULL,
      HOLD(15 * MINUTE_MS, 2 * HOUR_MS,
           "the server slows this sender down: set ehlo to this host's full name, send "
           "fewer mails (support.google.com/a/answer/3221692)"),
      "421 4.7.0 Try again later, closing connection. (EHLO)" },
    { LOGIN, 4, NULL, NULL, NULL,
      HOLD(MINUTE_MS, HOUR_MS, "the server has a temporary problem: wait"),
      "421 4.3.0 Temporary System Problem. Try again later" },
    { LOGIN, 501, "5.5.4", NULL, NULL,
      HOLD(30 * MINUTE_MS, 0,
           "the server does not like our name: set ehlo to this "
           "host's full name"),
      "501 5.5.4 HELO/EHLO argument is invalid" },
    { LOGIN, 5, NULL, NULL, NULL,
      HOLD(15 * MINUTE_MS, 2 * HOUR_MS,
           "the server refuses to talk to this host: check host, port and tls"),
      "554 5.7.1 Service unavailable" },

    /* --- limits of the account, some with a permanent digit
     * --------------------------- */
    { ANYWHERE, 550, "5.4.5", NULL, NULL, HOLD(HOUR_MS, 0, TELL_DAILY_LIMIT),
      "550 5.4.5 Daily user sending limit exceeded." },
    { ANYWHERE, 550, "5.7.1", NULL, "limit exceeded",
      HOLD(HOUR_MS, 0, TELL_DAILY_LIMIT),
      "550 5.7.1 Daily SMTP relay limit exceeded for customer." },
    { ANYWHERE, 550, "5.7.1", NULL, "unusual rate",
      HOLD(HOUR_MS, 4 * HOUR_MS, TELL_SPAM_RATE),
      "550 5.7.1 Our system has detected an unusual rate of unsolicited mail" },
    { ANYWHERE, 550, "5.7.28", NULL, NULL, HOLD(HOUR_MS, 4 * HOUR_MS, TELL_SPAM_RATE),
      "550 5.7.28 There is an unusual rate of unsolicited mail" },
    { ANYWHERE, 550, "5.7.1", NULL, "rate limited",
      HOLD(15 * MINUTE_MS, 2 * HOUR_MS, TELL_SPAM_RATE),
      "550 5.7.1 This mail has been rate limited" },
    { ANYWHERE, 450, "4.2.1", NULL, "relay limit",
      HOLD(10 * MINUTE_MS, HOUR_MS,
           "the relay's limit of ten minutes is reached: wait"),
      "450 4.2.1 Peak SMTP relay limit exceeded for customer." },
    { CONTENT, 421, "4.7.28", NULL, "message-id",
      WAIT(SCOPE_MESSAGE, HOUR_MS, "this mail was offered too often: wait"),
      "421 4.7.28 Exceeded quota for sending messages with the same Message-ID" },
    { CONTENT, 421, NULL, NULL, NULL,
      WAIT(SCOPE_MESSAGE, 15 * MINUTE_MS,
           "the server does not take this mail now: wait"),
      "421 4.7.0 Our system has detected suspicious content" },
    { ENVELOPE, 421, "4.7", NULL, NULL,
      HOLD(15 * MINUTE_MS, 2 * HOUR_MS, TELL_SPAM_RATE),
      "421 4.7.28 An unusual rate of mail, rate limited" },
    { ENVELOPE, 421, NULL, NULL, NULL,
      HOLD(MINUTE_MS, HOUR_MS, "the server is busy: wait"),
      "421 4.4.5 Server busy, try again later." },
    { ENVELOPE, 550, "5.7.0", NULL, NULL, HOLD(30 * MINUTE_MS, 2 * HOUR_MS, TELL_RELAY),
      "550 5.7.0 Mail relay denied" },
    { ENVELOPE, 550, "5.7.1", NULL, "relay",
      HOLD(30 * MINUTE_MS, 2 * HOUR_MS, TELL_RELAY),
      "550 5.7.1 Invalid credentials for relay" },
    { IN(MAIL), 553, NULL, NULL, NULL,
      HOLD(30 * MINUTE_MS, 0,
           "the server does not take our sender address: check from"),
      "553 5.1.7 The sender address is not a valid RFC-5321 address." },

    /* --- recipients
     * ------------------------------------------------------------------- */
    { ANYWHERE, 450, "4.2.1", NULL, NULL,
      WAIT(SCOPE_RECIPIENT, 15 * MINUTE_MS, TELL_RECEIVING_RATE),
      "450 4.2.1 The user you are trying to contact is receiving mail too quickly." },
    { ANYWHERE, 452, "4.2.2", NULL, NULL,
      WAIT(SCOPE_RECIPIENT, HOUR_MS, "the recipient's mailbox is full"),
      "452 4.2.2 The recipient's inbox is out of storage space." },
    { ANYWHERE, 452, "4.5.3", NULL, NULL,
      WAIT(SCOPE_RECIPIENT, 0,
           "too many recipients at once: the rest gets its own copy"),
      "452 4.5.3 Your message has too many recipients." },
    { ANYWHERE, 550, "5.5.3", NULL, NULL,
      WAIT(SCOPE_RECIPIENT, HOUR_MS,
           "too many recipients for this sender (support.google.com/mail/answer/6592)"),
      "550 5.5.3 Too many recipients for this sender" },
    { ANYWHERE, 550, "5.2.1", "ReceivingRatePerm", NULL,
      WAIT(SCOPE_RECIPIENT, DAY_MS, TELL_RECEIVING_RATE),
      "550 5.2.1 The user cannot get this mail. "
      "https://support.google.com/mail/?p=ReceivingRatePerm x1 - gsmtp" },
    { ANYWHERE, 550, "5.2.1", NULL, "rate",
      WAIT(SCOPE_RECIPIENT, DAY_MS, TELL_RECEIVING_RATE),
      "550 5.2.1 The user is receiving mail at a rate that prevents delivery." },
    { ANYWHERE, 550, "5.2.1", NULL, NULL,
      NEVER(SCOPE_RECIPIENT, "this mailbox is disabled: tell another address"),
      "550 5.2.1 The email account that you tried to reach is disabled." },
    { ANYWHERE, 550, "5.1.1", NULL, NULL,
      NEVER(SCOPE_RECIPIENT, "there is no such mailbox: check the address for a typo"),
      "550 5.1.1 The email account that you tried to reach does not exist." },
    { ANYWHERE, 552, "5.2.2", NULL, NULL,
      WAIT(SCOPE_RECIPIENT, 4 * HOUR_MS, "the recipient's mailbox is full"),
      "552 5.2.2 The recipient's inbox is over quota and inactive." },
    { ANYWHERE, 550, "5.7.1", NULL, "quota exceeded",
      WAIT(SCOPE_RECIPIENT, 4 * HOUR_MS, "the recipient's mailbox is full"),
      "550 5.7.1 Email quota exceeded" },
    { ANYWHERE, 553, NULL, NULL, NULL,
      NEVER(SCOPE_RECIPIENT,
            "the address or its domain does not exist: check for a typo"),
      "553 5.1.2 We weren't able to find the recipient domain." },

    /* --- the message
     * --------------------------------------------------------------------- */
    { ANYWHERE, 552, "5.2.3", NULL, NULL,
      NEVER(SCOPE_MESSAGE, "the mail is too large for the server"),
      "552 5.2.3 Your message exceeded Google's message size limits." },
    { ANYWHERE, 552, "5.3.4", NULL, NULL,
      NEVER(SCOPE_MESSAGE, "the mail is too large for the server"),
      "552 5.3.4 Message size exceeds fixed limit" },
    { ANYWHERE, 552, "5.7.0", NULL, NULL,
      NEVER(SCOPE_MESSAGE, "the server takes the mail for dangerous "
                           "(support.google.com/mail/answer/6590)"),
      "552 5.7.0 This message was blocked because its content is a security issue." },
    { ANYWHERE, 550, "5.7.1", "UnsolicitedMessageError", NULL,
      NEVER(SCOPE_MESSAGE,
            "Google takes the mail for spam: look at what the rule quotes "
            "(support.google.com/mail/answer/188131)"),
      "550 5.7.1 Blocked. "
      "https://support.google.com/mail/?p=UnsolicitedMessageError x1 - gsmtp" },
    { ANYWHERE, 550, "5.7.1", NULL, "unsolicited",
      NEVER(SCOPE_MESSAGE,
            "Google takes the mail for spam: look at what the rule quotes "
            "(support.google.com/mail/answer/188131)"),
      "550 5.7.1 This message is likely unsolicited mail." },
    { IN(RCPT), 550, "5.7.1", NULL, NULL,
      NEVER(SCOPE_RECIPIENT, "a policy of the recipient's domain refuses the mail: ask "
                             "its administrator (support.google.com/a/answer/172179)"),
      "550 5.7.1 The user or domain has a policy that prohibits the mail - gcdp" },
    { ANYWHERE, 550, "5.7.1", NULL, NULL,
      NEVER(SCOPE_MESSAGE, "a policy of the server refuses the mail: ask its "
                           "administrator (support.google.com/a/answer/172179)"),
      "550 5.7.1 The user or domain has a policy that prohibits the mail - gcdp" },
    { ANYWHERE, 554, "5.6.0", NULL, NULL,
      NEVER(SCOPE_MESSAGE,
            "the server takes the mail for malformed: report it as a bug "
            "of tocsin"),
      "554 5.6.0 Mail message is malformed. Not accepted." },
    { ANYWHERE, 503, NULL, NULL, NULL,
      NETWORK("the server and tocsin lost each other: a new connection helps"),
      "503 5.5.1 MAIL first" },
    { IN(RCPT), 555, NULL, NULL, NULL,
      NEVER(SCOPE_RECIPIENT, "the server does not understand the address: check it"),
      "555 5.5.2 Syntax error" },
    { ANYWHERE, 555, NULL, NULL, NULL,
      NEVER(SCOPE_MESSAGE, "the server does not understand a command: report it as a "
                           "bug of tocsin"),
      "555 5.5.2 Syntax error" },

    /* --- what is left decides by its first digit
     * -------------------------------------- */
    { IN(RCPT), 4, NULL, NULL, NULL,
      WAIT(SCOPE_RECIPIENT, 0, "the server does not take this recipient now: wait"),
      "451 4.3.0 Mail server temporarily rejected message" },
    { ANYWHERE, 4, NULL, NULL, NULL,
      WAIT(SCOPE_MESSAGE, 0, "the server does not take the mail now: wait"),
      "451 4.3.0 Mail server temporarily rejected message" },
    { IN(RCPT), 5, NULL, NULL, NULL,
      NEVER(SCOPE_RECIPIENT, "the server refuses this recipient: check the address"),
      "550 5.9.9 No" },
    { ANYWHERE, 5, NULL, NULL, NULL,
      NEVER(SCOPE_MESSAGE, "the server refuses this mail: its reply says why"),
      "550 5.9.9 No" },
    { ANYWHERE, 3, NULL, NULL, NULL,
      NETWORK("the server does not keep to SMTP: check host and port"),
      "334 VXNlcm5hbWU6" },
};
const size_t verdict_row_count = sizeof verdict_table / sizeof *verdict_table;

static bool fits_code(int wanted, int code)
{
    return wanted == code || (wanted > 0 && wanted < 10 && code / 100 == wanted);
}

static bool fits(const struct verdict_row *row, const struct smtp_reply *reply)
{
    if ((row->phases & (1u << reply->phase)) == 0 || !fits_code(row->code, reply->code))
        return false;
    if (row->enhanced &&
        !slice_starts(slice_of(reply->enhanced), slice_of(row->enhanced)))
        return false;
    if (row->token && strcmp(row->token, reply->token) != 0)
        return false;
    return !row->text || strcasestr(reply->text, row->text) != NULL;
}

const struct verdict_row *verdict_row_of(const struct smtp_reply *reply)
{
    const struct verdict_row *row = verdict_table;
    while (row < verdict_table + verdict_row_count && !fits(row, reply))
        row++;
    must(row < verdict_table + verdict_row_count);
    return row;
}

int64_t backoff_ms(int64_t attempts, int64_t max_ms)
{
    int64_t wait = 30 * SECOND_MS;
    for (int64_t i = 0; i < attempts && wait < max_ms; i++)
        wait *= 2;
    return wait < max_ms ? wait : max_ms;
}
