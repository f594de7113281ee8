/**
 * The table of replies (facts: Google's "Gmail SMTP errors and codes",
 * support.google.com/a/answer/3726730, and what senders have met in practice). Two
 * things decide the order: the particular stand before the general, and a limit of the
 * account is never taken for a fault of the message.
 */
#include "outputs/verdict.h"

#define ANY NULL
#define IN(phase) (1u << PHASE_##phase)
#define ANYWHERE (~0u)
#define LOGIN (IN(GREETING) | IN(EHLO) | IN(STARTTLS) | IN(AUTH))
#define ENVELOPE (IN(MAIL) | IN(RCPT))
#define CONTENT (IN(DATA) | IN(BODY) | IN(DOT))

/* The verdicts in words: who waits, how long at first, how long at most. */
#define LATER(what, whose, wait, max, text)                                          \
    {                                                                                \
        .trouble = TROUBLE_##what, .outcome = OUTCOME_LATER, .scope = SCOPE_##whose, \
        .wait_ms = (wait), .max_wait_ms = (max), .advice = (text)                    \
    }
#define HOLD(what, wait, max, text) LATER(what, ACCOUNT, wait, max, text)
#define SETTING(text) HOLD(SETTING, 30 * MINUTE_MS, 2 * HOUR_MS, text)
#define NEEDS_TLS(text) HOLD(TLS, 30 * MINUTE_MS, 0, text)
#define SPENT HOLD(QUOTA, HOUR_MS, 0, TELL_DAILY_LIMIT)
#define SLOWED(text) HOLD(RATE, 15 * MINUTE_MS, 2 * HOUR_MS, text)
#define BUSY(text) HOLD(SERVER, MINUTE_MS, HOUR_MS, text)
#define CLUMSY HOLD(PROTOCOL, 15 * MINUTE_MS, 2 * HOUR_MS, TELL_BUG)
#define NETWORK(text) LATER(SERVER, NETWORK, 0, 0, text)
/* It costs the server nothing to look for the network again soon. */
#define NO_NETWORK(text) LATER(SERVER, NETWORK, 0, 40 * SECOND_MS, text)
#define WAIT(what, whose, wait, text) LATER(what, whose, wait, 0, text)
#define SECRET(text)                                                                 \
    {                                                                                \
        .trouble = TROUBLE_SECRET, .outcome = OUTCOME_LATER, .scope = SCOPE_ACCOUNT, \
        .wait_ms = 30 * MINUTE_MS, .wants_secret = true, .advice = (text)            \
    }
#define GONE(text)                                                                    \
    {                                                                                 \
        .trouble = TROUBLE_SETTING, .outcome = OUTCOME_LATER, .scope = SCOPE_ACCOUNT, \
        .wait_ms = 30 * MINUTE_MS, .max_wait_ms = 2 * HOUR_MS, .wants_secret = true,  \
        .advice = (text)                                                              \
    }
#define NEVER(what, whose, text)                                                     \
    {                                                                                \
        .trouble = TROUBLE_##what, .outcome = OUTCOME_NEVER, .scope = SCOPE_##whose, \
        .advice = (text)                                                             \
    }
#define DOUBT(text)                                                                  \
    {                                                                                \
        .trouble = TROUBLE_SERVER, .outcome = OUTCOME_DOUBT, .scope = SCOPE_MESSAGE, \
        .advice = (text)                                                             \
    }
#define SENT                    \
    {                           \
        .outcome = OUTCOME_SENT \
    }

#define TELL_NO_NETWORK "the server cannot be reached: check the network of this host"
#define TELL_HOOK_TOKEN                                                                \
    "the receiver does not let us in: write the right token into webhook_token_file, " \
    "or the right address into webhook_file"
#define TELL_HOOK_GONE                                                              \
    "nobody takes posts at this address any more: write the one that the receiver " \
    "gives now into webhook or webhook_file"
#define TELL_HOOK_BUSY "the receiver has a temporary problem: wait"
#define TELL_BUG "server and tocsin lost each other: report it as a bug of tocsin"
#define TELL_RECEIVING_RATE                             \
    "this mailbox gets mail too fast: send it digests " \
    "(support.google.com/mail/answer/6592)"
#define TELL_DAILY_LIMIT                                                              \
    "daily sending limit reached: the account sends again when the rolling 24 hours " \
    "allow it (support.google.com/a/answer/166852)"
#define TELL_RELAY                                                          \
    "the relay does not let this sender through: check the relay settings " \
    "(support.google.com/a/answer/6140680)"
#define TELL_RELAY_ADDRESS                                                         \
    "the relay does not know this host: register its public IP address in the "    \
    "Admin console (Apps, Google Workspace, Gmail, Routing, SMTP relay service), " \
    "or log in by user and password_file "                                         \
    "(support.google.com/a/answer/6140680#maildenied)"
#define TELL_RELAY_DOMAIN                                                        \
    "the relay cannot tell whose mail this is: set ehlo to a domain of the "     \
    "organisation that this host's public IP address is registered for, or log " \
    "in by user and password_file (support.google.com/a/answer/6140680#invalidcred)"
#define TELL_SPAM_RATE                                 \
    "Google slows this sender down: send fewer mails " \
    "(support.google.com/mail/answer/81126)"
#define TELL_REPUTATION                                                              \
    "Google has a low opinion of this address or domain: see its sender guidelines " \
    "(support.google.com/mail/answer/188131)"
#define TELL_APP_PASSWORD                                                          \
    "Google wants an App Password here: create one and put it into password_file " \
    "(support.google.com/accounts/answer/185833)"
#define TELL_BROWSER                             \
    "Google wants a login with a browser first " \
    "(support.google.com/accounts/answer/78754)"
#define TELL_WRONG_PASSWORD                                           \
    "user name and password are not accepted: check both; a changed " \
    "Google password revokes all App Passwords "                      \
    "(support.google.com/accounts/answer/185833)"
#define TELL_WRONG_TOKEN                                                           \
    "Google does not take the access token for this address: consent anew as its " \
    "user "                                                                        \
    "(`tocsin auth gmail`); a service account needs the scope "                    \
    "https://mail.google.com/"
#define TELL_CERTIFICATE                                                             \
    "the server's certificate is not trusted: check host, this machine's clock and " \
    "ca_file"
#define TELL_PROOF                                                                \
    "the sender's domain lacks a proof that Google wants (PTR, SPF, DKIM): have " \
    "its DNS mended (support.google.com/mail/answer/81126)"
#define TELL_OWN_TLS "the server wants TLS: set tls: starttls or implicit"
#define TELL_TLS                                                           \
    "Google takes this mail only over TLS: set tls: starttls or implicit " \
    "(support.google.com/mail/answer/6330403)"
#define TELL_FULL \
    "the recipient's mailbox is full (support.google.com/mail/answer/6558)"
#define TELL_SPAM                                                   \
    "Google takes the mail for spam: look at what the rule quotes " \
    "(support.google.com/mail/answer/188131)"
#define TELL_POLICY                                                     \
    "a rule of the domain's administrator refuses the mail: ask there " \
    "(support.google.com/a/answer/172179)"
#define TELL_MALFORMED \
    "the server takes the mail for malformed: report it as a bug of tocsin"
#define TELL_TOO_LARGE                                                        \
    "the mail is too large for the server: a shorter one goes instead, once " \
    "(support.google.com/mail/answer/6584)"
#define TELL_HEADERS                                                           \
    "the headers of the mail are too large: a shorter one goes instead, once " \
    "(support.google.com/a/answer/14016360)"
#define TELL_TYPO "there is no such address: check it for a typo"
#define TELL_NOT_SENDER                                             \
    "Google does not let this account send: ask its administrator " \
    "(support.google.com/a/answer/6140680)"
#define TELL_EHLO                                                           \
    "the server does not like our name: set ehlo to this host's full name " \
    "(support.google.com/a/answer/3221692)"

const struct verdict_row verdict_table[] = {
    /* --- no reply: what the network or TLS said --- */
    { IN(RESOLVE), 0, ANY, ANY, ANY,
      NO_NETWORK("the server's name is not found: check host, DNS and the network") },
    { IN(CONNECT), 0, ANY, ANY, "unreachable", NO_NETWORK(TELL_NO_NETWORK) },
    { IN(CONNECT), 0, ANY, ANY, "no route", NO_NETWORK(TELL_NO_NETWORK) },
    { IN(CONNECT), 0, ANY, ANY, "refused",
      NETWORK("nobody listens at this host and port: check both") },
    { IN(CONNECT), 0, ANY, ANY, "time",
      NETWORK("no answer: the provider or a firewall may block this port (of mail, "
              "try 465 or 587); "
              "`tocsin doctor` tells which are open") },
    { IN(CONNECT), 0, ANY, ANY, ANY, NETWORK(TELL_NO_NETWORK) },
    { IN(TLS), 0, ANY, ANY, "certificate",
      HOLD(TLS, 5 * MINUTE_MS, HOUR_MS, TELL_CERTIFICATE) },
    { IN(TLS), 0, ANY, ANY, ANY,
      NETWORK("TLS cannot be set up: check that tls and port belong together") },
    { IN(STARTTLS), 0, ANY, ANY, "offer",
      NEEDS_TLS("the server offers no STARTTLS and nothing is sent in clear: try tls: "
                "implicit with port 465") },
    { IN(AUTH), 0, ANY, ANY, "the command '",
      SECRET("the command that prints the password failed: run it by hand, as the user "
             "that tocsin runs as") },
    { IN(AUTH), 0, ANY, ANY, "cannot be used:",
      SECRET("the file is not what the account needs: `tocsin auth gmail` writes a "
             "token_file, and a key_file comes from the Cloud console") },
    { IN(AUTH), 0, ANY, ANY, "secret",
      SECRET("what the account logs in with cannot be read: check that file") },
    { IN(AUTH), 0, ANY, ANY, "offers no login",
      SETTING("the server offers no login that tocsin knows: check host, port and "
              "tls") },
    { IN(DOT), 0, ANY, ANY, ANY,
      DOUBT("the connection ended before the server confirmed: the same mail is sent "
            "again later") },
    { IN(WEBHOOK), 0, ANY, ANY, ANY,
      DOUBT("the connection ended before the receiver answered: the same message, "
            "with the same id, is posted again later") },
    { IN(API), 0, ANY, ANY, ANY,
      DOUBT("the connection ended before Google confirmed: the same mail is sent again "
            "later") },
    { IN(TOKEN), 0, ANY, ANY, "certificate",
      HOLD(TLS, 5 * MINUTE_MS, HOUR_MS, TELL_CERTIFICATE) },
    { IN(TOKEN), 0, ANY, ANY, ANY,
      NETWORK("no access token could be got: check that this host reaches "
              "oauth2.googleapis.com at port 443") },
    { ANYWHERE, 0, ANY, ANY, ANY,
      NETWORK("the connection was lost: nothing to do if it happens seldom") },

    { ANYWHERE, 2, ANY, ANY, ANY, SENT },

    /* --- Google's token endpoint (RFC 6749 5.2) --- */
    { IN(TOKEN), 4, ANY, "invalid_grant", ANY,
      SECRET("Google does not accept the stored consent any more: check this host's "
             "clock, then consent anew with `tocsin auth gmail` "
             "(support.google.com/accounts/answer/3466521)") },
    { IN(TOKEN), 4, ANY, "invalid_client", ANY,
      SECRET("client id or client secret are wrong: take them from the Cloud console "
             "again") },
    { IN(TOKEN), 4, ANY, "deleted_client", ANY,
      SECRET("the OAuth client was deleted: make a new one in the Cloud console") },
    { IN(TOKEN), 4, ANY, "unauthorized_client", ANY,
      SETTING("the service account may not act for this user: allow its client id and "
              "scope (support.google.com/a/answer/162106)") },
    { IN(TOKEN), 4, ANY, "invalid_scope", ANY,
      SETTING("Google does not allow this scope here: check the Cloud project") },
    { IN(TOKEN), 4, ANY, "access_denied", ANY,
      SETTING("the administrator or the user refused: ask there") },
    { IN(TOKEN), 4, ANY, "admin_policy_enforced", ANY,
      SETTING("the administrator restricts this app: ask there "
              "(support.google.com/a/answer/7281227)") },
    { IN(TOKEN), 4, ANY, "org_internal", ANY,
      SETTING("the Cloud project is for its own organisation only: use an account of "
              "it") },
    { IN(TOKEN), 429, ANY, ANY, ANY, BUSY("Google's login is busy: wait") },
    { IN(TOKEN), 4, ANY, "temporarily_unavailable", ANY,
      BUSY("Google's login is busy: wait") },
    { IN(TOKEN), 4, ANY, ANY, ANY, SETTING(TELL_BUG) },
    { IN(TOKEN), 5, ANY, ANY, ANY,
      BUSY("Google's login has a temporary problem: wait") },

    /* --- the receiver of a webhook --- */
    { IN(WEBHOOK), 4, "4", ANY, ANY,
      LATER(STALE, NETWORK, 0, 0,
            "the connection ended before the message had left: nothing to do") },
    { IN(WEBHOOK), 401, ANY, ANY, ANY, SECRET(TELL_HOOK_TOKEN) },
    { IN(WEBHOOK), 403, ANY, ANY, ANY, SECRET(TELL_HOOK_TOKEN) },
    { IN(WEBHOOK), 404, ANY, ANY, ANY, GONE(TELL_HOOK_GONE) },
    { IN(WEBHOOK), 410, ANY, ANY, ANY, GONE(TELL_HOOK_GONE) },
    { IN(WEBHOOK), 408, ANY, ANY, ANY, BUSY(TELL_HOOK_BUSY) },
    { IN(WEBHOOK), 425, ANY, ANY, ANY, BUSY(TELL_HOOK_BUSY) },
    { IN(WEBHOOK), 429, ANY, ANY, ANY,
      HOLD(RATE, MINUTE_MS, HOUR_MS,
           "the receiver takes no more for now: messages wait until it says so") },
    { IN(WEBHOOK), 413, ANY, ANY, ANY, NEVER(SIZE, MESSAGE, TELL_TOO_LARGE) },
    { IN(WEBHOOK), 4, ANY, ANY, ANY,
      NEVER(CONTENT, MESSAGE,
            "the receiver refuses this message: its answer says why; one that takes "
            "nothing but a text needs webhook_fields: text") },
    /* It may be this message that it fails at, so the next one is not held back. */
    { IN(WEBHOOK), 500, ANY, ANY, ANY, WAIT(SERVER, MESSAGE, 0, TELL_HOOK_BUSY) },
    { IN(WEBHOOK), 5, ANY, ANY, ANY, BUSY(TELL_HOOK_BUSY) },

    /* --- Gmail's HTTPS API --- */
    { IN(API), 401, ANY, ANY, ANY,
      SECRET("Google does not accept the login: consent anew "
             "(support.google.com/accounts/answer/3466521)") },
    { IN(API), 403, ANY, "dailyLimitExceeded", ANY,
      HOLD(QUOTA, HOUR_MS, 0,
           "the Cloud project's limit of a day is reached: wait, or raise it") },
    { IN(API), 403, ANY, "userRateLimitExceeded", ANY,
      HOLD(RATE, MINUTE_MS, HOUR_MS, TELL_SPAM_RATE) },
    { IN(API), 403, ANY, "rateLimitExceeded", ANY,
      HOLD(RATE, MINUTE_MS, HOUR_MS, TELL_SPAM_RATE) },
    { IN(API), 403, ANY, "domainPolicy", ANY,
      SETTING("the administrator does not allow the Gmail API: ask there "
              "(support.google.com/a/answer/7281227)") },
    { IN(API), 403, ANY, "accessNotConfigured", ANY,
      SETTING("the Gmail API is not enabled in the Cloud project: enable it") },
    { IN(API), 403, ANY, "insufficientPermissions", ANY,
      SETTING("the consent lacks the scope gmail.send: consent anew") },
    { IN(API), 403, ANY, ANY, ANY,
      SETTING("Google does not let this account send: check the Cloud project") },
    { IN(API), 400, ANY, "failedPrecondition", ANY,
      SETTING("this account has no Gmail: check the address, and the user for whom a "
              "service account acts") },
    { IN(API), 400, ANY, ANY, ANY, NEVER(CONTENT, MESSAGE, TELL_MALFORMED) },
    { IN(API), 404, ANY, ANY, ANY,
      SETTING("Google knows no such account: check the address") },
    { IN(API), 413, ANY, ANY, ANY, NEVER(SIZE, MESSAGE, TELL_TOO_LARGE) },
    { IN(API), 429, ANY, ANY, "mail sending", SPENT },
    { IN(API), 429, ANY, ANY, ANY,
      SLOWED(
          "Google slows this account down, or its limit of a day is near: send fewer "
          "mails (support.google.com/a/answer/166852)") },
    { IN(API), 5, ANY, ANY, ANY, BUSY("Google has a temporary problem: wait") },

    /* --- logins --- */
    { IN(AUTH), 454, ANY, ANY, "too many login",
      HOLD(LOGINS, 15 * MINUTE_MS, 4 * HOUR_MS,
           "too many logins: tocsin logs in less often for a while "
           "(support.google.com/mail/answer/7126229)") },
    { IN(AUTH), 454, ANY, ANY, ANY,
      HOLD(SERVER, 2 * MINUTE_MS, HOUR_MS,
           "the server cannot check logins for the moment: wait") },
    { IN(AUTH), 3, ANY, ANY, "(XOAUTH2", SECRET(TELL_WRONG_TOKEN) },
    { IN(AUTH), 5, ANY, ANY, "(XOAUTH2", SECRET(TELL_WRONG_TOKEN) },
    { IN(AUTH), 5, ANY, "InvalidSecondFactor", ANY, SECRET(TELL_APP_PASSWORD) },
    { IN(AUTH), 5, ANY, ANY, "application-specific", SECRET(TELL_APP_PASSWORD) },
    { IN(AUTH), 5, ANY, "WebLoginRequired", ANY, SECRET(TELL_BROWSER) },
    { IN(AUTH), 5, ANY, ANY, "web browser", SECRET(TELL_BROWSER) },
    { IN(AUTH), 535, "5.5.4", ANY, ANY, CLUMSY },
    { IN(AUTH), 534, ANY, ANY, ANY,
      SECRET("the server does not take this login: try to log in with a browser, or "
             "create a new App Password (support.google.com/accounts/answer/185833)") },
    { IN(AUTH), 535, ANY, ANY, ANY, SECRET(TELL_WRONG_PASSWORD) },
    { IN(AUTH), 501, ANY, ANY, ANY,
      SECRET("the login was not understood: check password_file for stray "
             "characters") },
    { IN(AUTH), 504, ANY, ANY, ANY,
      SETTING("the server does not know this way to log in: check host and port "
              "(support.google.com/mail/answer/7126229)") },
    { ANYWHERE, 530, ANY, ANY, "starttls", NEEDS_TLS(TELL_OWN_TLS) },
    { ANYWHERE, 530, ANY, ANY, ANY,
      SETTING("the server wants a login: set user and password_file "
              "(support.google.com/mail/answer/7126229)") },
    { IN(STARTTLS), 454, "4.5.0", ANY, ANY, CLUMSY },
    { IN(STARTTLS), 454, "5.5.1", ANY, ANY, CLUMSY },
    { IN(STARTTLS), 501, ANY, ANY, ANY, CLUMSY },
    { LOGIN, 5, "5.7.10", ANY, ANY, CLUMSY },
    { LOGIN, 503, ANY, ANY, ANY, CLUMSY },
    { LOGIN, 502, ANY, ANY, ANY, CLUMSY },
    { LOGIN, 501, ANY, ANY, ANY, SETTING(TELL_EHLO) },
    { LOGIN, 554, ANY, ANY, "unauthenticated commands", CLUMSY },
    { ANYWHERE, 421, ANY, ANY, "connection expired",
      LATER(STALE, NETWORK, 0, 0,
            "the server closed an old connection: nothing to do") },
    { ANYWHERE, 421, ANY, ANY, "tls required", NEEDS_TLS(TELL_TLS) },
    { LOGIN, 421, ANY, ANY, "system problem",
      BUSY("Gmail has a temporary problem: wait "
           "(www.google.com/appsstatus/dashboard)") },
    { LOGIN, 421, "4.7", ANY, "(ehlo)",
      SLOWED("the server does not like our name: set ehlo to this host's full name, "
             "with smtp-relay.gmail.com to a domain of the organisation "
             "(support.google.com/a/answer/3221692)") },
    { LOGIN, 421, "4.7", ANY, ANY,
      SLOWED("the server slows this sender down: set ehlo to this host's full name, "
             "send fewer mails (support.google.com/a/answer/3221692)") },
    { LOGIN, 4, ANY, ANY, ANY, BUSY("the server has a temporary problem: wait") },
    { LOGIN, 5, ANY, ANY, ANY,
      HOLD(SETTING, 15 * MINUTE_MS, 2 * HOUR_MS,
           "the server refuses to talk to this host: check host, port and tls") },

    /* --- limits of the account, some with a permanent digit --- */
    { ANYWHERE, 550, "5.4.5", ANY, ANY, SPENT },
    { ANYWHERE, 550, "5.7.1", ANY, "limit exceeded", SPENT },
    { ANYWHERE, 550, ANY, "UnsolicitedRateLimitError", ANY,
      HOLD(RATE, HOUR_MS, 4 * HOUR_MS, TELL_SPAM_RATE) },
    { ANYWHERE, 550, "5.7.1", ANY, "unusual rate",
      HOLD(RATE, HOUR_MS, 4 * HOUR_MS, TELL_SPAM_RATE) },
    { ANYWHERE, 550, "5.7.28", ANY, ANY,
      HOLD(RATE, HOUR_MS, 4 * HOUR_MS, TELL_SPAM_RATE) },
    { ANYWHERE, 550, "5.7.1", ANY, "rate limited", SLOWED(TELL_SPAM_RATE) },
    { ANYWHERE, 450, "4.2.1", ANY, "relay limit",
      HOLD(RATE, 10 * MINUTE_MS, HOUR_MS,
           "the relay's limit of ten minutes is reached: wait "
           "(support.google.com/a/answer/6140680)") },
    { ANYWHERE, 421, "4.7.28", ANY, "message-id",
      WAIT(RATE, MESSAGE, HOUR_MS,
           "this mail was offered too often: wait "
           "(support.google.com/mail/answer/188131)") },
    { ANYWHERE, 421, ANY, ANY, "whitelist",
      WAIT(RECIPIENT, RECIPIENT, 4 * HOUR_MS,
           "the recipient's domain does not list this sender: ask its administrator "
           "(support.google.com/a/answer/60752)") },
    { ANYWHERE, 421, "4.7.23", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 421, "4.7.26", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 421, "4.7.27", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 421, "4.7.29", ANY, ANY, NEEDS_TLS(TELL_TLS) },
    { ANYWHERE, 421, "4.7.30", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 421, "4.7.32", ANY, ANY,
      SETTING("the From address does not belong to the sender's domain: check from "
              "(support.google.com/mail/answer/81126)") },
    { ANYWHERE, 421, ANY, ANY, "ptr record", SETTING(TELL_PROOF) },
    { CONTENT, 421, ANY, ANY, "reputation",
      WAIT(RATE, MESSAGE, HOUR_MS, TELL_REPUTATION) },
    { CONTENT, 421, ANY, ANY, "suspicious", WAIT(RATE, MESSAGE, HOUR_MS, TELL_SPAM) },
    { CONTENT, 421, "4.7", ANY, ANY,
      WAIT(RATE, MESSAGE, 15 * MINUTE_MS, TELL_SPAM_RATE) },
    { CONTENT, 421, ANY, ANY, ANY,
      WAIT(SERVER, MESSAGE, 15 * MINUTE_MS,
           "the server does not take this mail now: wait") },
    { ENVELOPE, 421, ANY, ANY, "system problem",
      BUSY("Gmail has a temporary problem: wait "
           "(www.google.com/appsstatus/dashboard)") },
    { ENVELOPE, 421, ANY, ANY, "reputation", SLOWED(TELL_REPUTATION) },
    { ENVELOPE, 421, "4.7", ANY, ANY, SLOWED(TELL_SPAM_RATE) },
    { ENVELOPE, 421, ANY, ANY, ANY, BUSY("the server is busy: wait") },
    { ANYWHERE, 550, "5.7.0", ANY, "relay denied", SETTING(TELL_RELAY_ADDRESS) },
    { ANYWHERE, 550, "5.7.1", ANY, "relay denied", SETTING(TELL_RELAY_ADDRESS) },
    { ANYWHERE, 550, "5.7.0", ANY, "sending denied", SETTING(TELL_NOT_SENDER) },
    { ENVELOPE, 550, "5.7.0", ANY, ANY, SETTING(TELL_RELAY) },
    { ANYWHERE, 550, "5.7.1", ANY, "invalid credentials", SETTING(TELL_RELAY_DOMAIN) },
    { ANYWHERE, 550, "5.7.1", "NotAuthorizedError", ANY,
      SETTING("this server takes no mail from us directly: use smtp.gmail.com, port "
              "465 or 587 (support.google.com/mail/answer/10336)") },
    { ANYWHERE, 550, "5.7.1", ANY, "not authorized to send",
      SETTING("this server takes no mail from us directly: use smtp.gmail.com, port "
              "465 or 587 (support.google.com/mail/answer/10336)") },
    { ANYWHERE, 550, "5.7.1", "IPv6AuthError", ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 550, "5.7.1", ANY, "unauthenticated email", SETTING(TELL_PROOF) },
    { ANYWHERE, 550, "5.7.1", ANY, "ipv6", SETTING(TELL_PROOF) },
    { ENVELOPE, 550, "5.7.1", ANY, "relay", SETTING(TELL_RELAY) },
    { ANYWHERE, 550, "5.7.24", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 550, "5.7.25", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 550, "5.7.26", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 550, "5.7.27", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 550, "5.7.29", ANY, ANY, NEEDS_TLS(TELL_TLS) },
    { ANYWHERE, 550, "5.7.30", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 451, "4.7.24", ANY, ANY, SETTING(TELL_PROOF) },
    { ANYWHERE, 553, "5.1.7", ANY, ANY,
      SETTING("the server does not take our sender address: check from") },
    { IN(MAIL), 553, ANY, ANY, ANY,
      SETTING("the server does not take our sender address: check from") },

    /* --- recipients --- */
    { ANYWHERE, 450, "4.2.1", ANY, ANY,
      WAIT(RECIPIENT, RECIPIENT, 15 * MINUTE_MS, TELL_RECEIVING_RATE) },
    { ANYWHERE, 452, "4.2.2", ANY, ANY,
      WAIT(RECIPIENT, RECIPIENT, HOUR_MS, TELL_FULL) },
    { ANYWHERE, 452, "4.5.3", ANY, ANY,
      WAIT(RECIPIENTS, RECIPIENT, 0,
           "too many recipients at once: the rest gets its own copy "
           "(support.google.com/mail/answer/6592)") },
    { ANYWHERE, 451, "4.3.0", ANY, "destination domains",
      WAIT(RECIPIENTS, RECIPIENT, 0,
           "the server takes one domain a mail: the rest gets its own copy") },
    { ANYWHERE, 451, "4.7.26", ANY, ANY,
      WAIT(RECIPIENT, RECIPIENT, 15 * MINUTE_MS,
           "the DNS of the sender's domain did not answer Google: wait "
           "(support.google.com/mail/answer/81126)") },
    { ANYWHERE, 550, "5.5.3", ANY, ANY,
      WAIT(RECIPIENTS, RECIPIENT, HOUR_MS,
           "too many recipients for this sender "
           "(support.google.com/mail/answer/6592)") },
    { ANYWHERE, 550, "5.2.1", "ReceivingRatePerm", ANY,
      WAIT(RECIPIENT, RECIPIENT, DAY_MS, TELL_RECEIVING_RATE) },
    { ANYWHERE, 550, "5.2.1", ANY, "a rate that",
      WAIT(RECIPIENT, RECIPIENT, DAY_MS, TELL_RECEIVING_RATE) },
    { ANYWHERE, 550, "5.2.1", ANY, ANY,
      NEVER(RECIPIENT, RECIPIENT,
            "this mailbox is disabled: tell another address "
            "(support.google.com/mail/answer/6596)") },
    { ANYWHERE, 550, "5.1.1", ANY, ANY,
      NEVER(RECIPIENT, RECIPIENT,
            "there is no such mailbox: check the address for a typo "
            "(support.google.com/mail/answer/6596)") },
    { ANYWHERE, 552, "5.2.2", ANY, ANY,
      WAIT(RECIPIENT, RECIPIENT, 4 * HOUR_MS, TELL_FULL) },
    { ANYWHERE, 550, "5.7.1", ANY, "quota exceeded",
      WAIT(RECIPIENT, RECIPIENT, 4 * HOUR_MS, TELL_FULL) },
    { ANYWHERE, 553, ANY, ANY, ANY, NEVER(RECIPIENT, RECIPIENT, TELL_TYPO) },

    /* --- the message --- */
    { ANYWHERE, 552, "5.3.4", ANY, "header", NEVER(SIZE, MESSAGE, TELL_HEADERS) },
    { ANYWHERE, 552, "5.2.3", ANY, ANY, NEVER(SIZE, MESSAGE, TELL_TOO_LARGE) },
    { ANYWHERE, 552, "5.3.4", ANY, ANY, NEVER(SIZE, MESSAGE, TELL_TOO_LARGE) },
    { ANYWHERE, 552, ANY, "MaxSizeError", ANY, NEVER(SIZE, MESSAGE, TELL_TOO_LARGE) },
    { ANYWHERE, 552, "5.7.0", ANY, ANY,
      NEVER(CONTENT, MESSAGE,
            "the server takes the mail for dangerous "
            "(support.google.com/mail/answer/6590)") },
    { ANYWHERE, 550, "5.7.1", "UnsolicitedMessageError", ANY,
      NEVER(CONTENT, MESSAGE, TELL_SPAM) },
    { ANYWHERE, 550, "5.7.1", ANY, "unsolicited", NEVER(CONTENT, MESSAGE, TELL_SPAM) },
    { ANYWHERE, 550, "5.7.1", ANY, "reputation",
      NEVER(CONTENT, MESSAGE, TELL_REPUTATION) },
    { ANYWHERE, 550, "5.7.1", "RfcMessageNonCompliant", ANY,
      NEVER(CONTENT, MESSAGE, TELL_MALFORMED) },
    { ANYWHERE, 550, "5.7.1", ANY, "message-id",
      NEVER(CONTENT, MESSAGE, TELL_MALFORMED) },
    { ANYWHERE, 550, "5.7.1", ANY, "rfc 5322",
      NEVER(CONTENT, MESSAGE, TELL_MALFORMED) },
    { ANYWHERE, 550, "5.7.1", ANY, "header", NEVER(CONTENT, MESSAGE, TELL_MALFORMED) },
    { IN(RCPT), 550, "5.7.1", ANY, ANY, NEVER(RECIPIENT, RECIPIENT, TELL_POLICY) },
    { ANYWHERE, 550, "5.7.1", ANY, ANY, NEVER(CONTENT, MESSAGE, TELL_POLICY) },
    { ANYWHERE, 554, "5.4.6", ANY, ANY,
      NEVER(CONTENT, MESSAGE,
            "the mail runs in a circle: check where the recipient forwards it "
            "(support.google.com/mail/answer/6599)") },
    { ANYWHERE, 554, "5.6.0", ANY, "hops",
      NEVER(CONTENT, MESSAGE,
            "the mail runs in a circle: check where the recipient forwards it "
            "(support.google.com/mail/answer/6599)") },
    { ANYWHERE, 554, "5.6.0", ANY, ANY, NEVER(CONTENT, MESSAGE, TELL_MALFORMED) },
    { ANYWHERE, 554, ANY, ANY, "unauthenticated commands", CLUMSY },
    { ANYWHERE, 451, "4.4.2", ANY, ANY,
      LATER(STALE, NETWORK, 0, 0,
            "the server closed an old connection: nothing to do") },
    { ANYWHERE, 451, "4.5.0", ANY, ANY, LATER(PROTOCOL, NETWORK, 0, 0, TELL_BUG) },
    { ANYWHERE, 502, ANY, ANY, ANY, LATER(PROTOCOL, NETWORK, 0, 0, TELL_BUG) },
    { ANYWHERE, 503, ANY, ANY, ANY, LATER(PROTOCOL, NETWORK, 0, 0, TELL_BUG) },
    { IN(RCPT), 555, ANY, ANY, ANY,
      NEVER(RECIPIENT, RECIPIENT,
            "the server does not understand the address: check it") },
    { ANYWHERE, 555, ANY, ANY, ANY, LATER(PROTOCOL, NETWORK, 0, 0, TELL_BUG) },

    /* --- what is left decides by its first digit --- */
    { IN(RCPT), 4, ANY, ANY, ANY,
      WAIT(RECIPIENT, RECIPIENT, 0,
           "the server does not take this recipient now: wait") },
    { ANYWHERE, 4, ANY, ANY, ANY,
      WAIT(SERVER, MESSAGE, 0, "the server does not take the mail now: wait") },
    { IN(RCPT), 5, ANY, ANY, ANY,
      NEVER(RECIPIENT, RECIPIENT,
            "the server refuses this recipient: check the address") },
    { ANYWHERE, 5, ANY, ANY, ANY,
      NEVER(CONTENT, MESSAGE, "the server refuses this mail: its reply says why") },
    { ANYWHERE, 3, ANY, ANY, ANY,
      LATER(PROTOCOL, NETWORK, 0, 0,
            "the server does not keep to SMTP: check host and port") },
};
const size_t verdict_row_count = sizeof verdict_table / sizeof *verdict_table;
