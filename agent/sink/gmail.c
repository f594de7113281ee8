/** The replies, in the order of their codes. Names are for people who ask for one. */
#include "agent/sink/gmail.h"

#define LINK(token) "\n https://support.google.com/mail/?p=" token
#define ADMIN "\n https://support.google.com/a/answer/"
#define MAIL "\n https://support.google.com/mail/answer/"
#define GREETING SCRIPT_GREETING
#define EHLO SCRIPT_EHLO
#define STARTTLS SCRIPT_STARTTLS
#define AUTH SCRIPT_AUTH
#define FROM SCRIPT_MAIL
#define RCPT SCRIPT_RCPT
#define DATA SCRIPT_DATA
#define DOT SCRIPT_DOT
#define TOKEN SCRIPT_TOKEN
#define API SCRIPT_API

const struct gmail_reply gmail_replies[] = {
    { "421-trouble", EHLO, "421 4.3.0 Temporary System Problem.  Try again later." },
    { "421-busy", GREETING, "421 4.4.5 Server busy, try again later." },
    { "421-later", EHLO,
      "421 4.7.0 Try again later, closing connection. (EHLO)" ADMIN "3221692" },
    { "421-expired", FROM, "421 4.7.0 Connection expired, try reconnecting." },
    { "421-trouble-4.7.0", FROM,
      "421 4.7.0 Temporary System Problem.  Try again later." },
    { "421-whitelist", RCPT,
      "421 4.7.0 IP not in whitelist for RCPT domain, closing connection." ADMIN
      "60752" },
    { "421-tls-domain", RCPT,
      "421 4.7.0 TLS required for RCPT domain, closing connection." MAIL "6330403" },
    { "421-unsolicited", FROM,
      "421 4.7.0 Our system has detected an unusual rate of unsolicited mail "
      "originating from your IP address. To protect our users from spam, mail sent "
      "from your IP address has been temporarily blocked." },
    { "421-reputation", DOT,
      "421 4.7.0 This message is suspicious due to the very low reputation of the "
      "sending IP address. To protect our users from spam, mail has been temporarily "
      "rate limited." MAIL "188131" },
    { "421-reputation-mail", FROM,
      "421 4.7.0 very low reputation of the sending domain, mail has been rate "
      "limited." MAIL "188131" },
    { "421-suspicious", DOT,
      "421 4.7.0 This message is suspicious due to the nature of the content or the "
      "links within." MAIL "188131" },
    { "421-no-ptr-old", FROM,
      "421 4.7.0 The IP address sending this message does not have a PTR record, or "
      "the forward DNS entry does not point to the sending IP." },
    { "421-no-ptr", FROM,
      "421 4.7.23 The sending IP address has no PTR record, mail has been rate "
      "limited." MAIL "81126#ip-practices" },
    { "421-unauthenticated", DOT,
      "421 4.7.26 Your email has been rate limited because it is unauthenticated." MAIL
      "81126#authentication" },
    { "421-spf", DOT,
      "421 4.7.27 Your email has been rate limited because SPF did not "
      "pass." MAIL "81126#authentication" },
    { "421-rate", FROM,
      "421 4.7.28 Gmail has detected an unusual rate of mail from your IP address, "
      "mail has been temporarily rate limited." LINK("UnsolicitedRateLimitError") },
    { "421-rate-dkim", DOT,
      "421 4.7.28 Gmail has detected an unusual rate of mail with your DKIM domain, "
      "mail has been temporarily rate limited." LINK("UnsolicitedRateLimitError") },
    { "421-same-message-id", DOT,
      "421 4.7.28 Gmail has detected this message exceeded its quota for sending "
      "messages with the same Message-ID." MAIL "188131" },
    { "421-tls", DOT,
      "421 4.7.29 Your email has been rate limited because this message wasn't sent "
      "over a TLS connection." MAIL "81126" },
    { "421-dkim", DOT,
      "421 4.7.30 Your email has been rate limited because DKIM does "
      "not pass." MAIL "81126#authentication" },
    { "421-from", DOT,
      "421 4.7.32 Your email has been rate limited because the From: header is not "
      "aligned with the authenticated domain." MAIL "81126#authentication" },
    { "450-too-quickly", RCPT,
      "450 4.2.1 The user you are trying to contact is receiving mail too quickly. "
      "Please resend your message at a later time." MAIL "22839" },
    { "450-rate", RCPT,
      "450 4.2.1 The user you are trying to contact is receiving mail at a rate that "
      "prevents additional messages from being delivered." LINK("ReceivingRate") },
    { "450-relay-peak", FROM,
      "450 4.2.1 Peak SMTP relay limit exceeded for customer." ADMIN "6140680" },
    { "451-rejected", DOT, "451 4.3.0 Mail server temporarily rejected message." },
    { "451-domains", RCPT,
      "451 4.3.0 Multiple destination domains per transaction is unsupported. Please "
      "try again." },
    { "451-timeout", FROM, "451 4.4.2 Timeout - closing connection." },
    { "451-protocol", FROM, "451 4.5.0 SMTP protocol violation, see RFC 2821." },
    { "451-spf", DOT,
      "451 4.7.24 The SPF record of the sending domain is suspicious, mail has been "
      "rate limited." MAIL "81126" },
    { "451-dmarc-dns", DOT,
      "451 4.7.26 Unauthenticated email from example.org is not accepted due to the "
      "domain's DMARC policy, but temporary DNS failures prevent authentication." },
    { "452-full", RCPT,
      "452 4.2.2 The recipient's inbox is out of storage space." LINK(
          "OverQuotaTemp") },
    { "452-recipients", RCPT,
      "452 4.5.3 Your message has too many recipients." LINK(
          "TooManyRecipientsError") },
    { "452-domain-size", RCPT,
      "452 4.5.3 Domain policy size per transaction exceeded, please try this "
      "recipient in a separate transaction." ADMIN "7282433" },
    { "454-logins", AUTH,
      "454 4.7.0 Too many login attempts, please try again later." MAIL "7126229" },
    { "454-trouble", AUTH,
      "454 4.7.0 Cannot authenticate due to temporary system problem. Try again "
      "later." },
    { "454-pipelining", STARTTLS,
      "454 4.5.0 SMTP protocol violation, no commands "
      "allowed to pipeline after STARTTLS." },
    { "454-starttls", STARTTLS, "454 5.5.1 STARTTLS may not be repeated." },
    { "501-decode", AUTH, "501 5.5.2 Cannot Decode response" },
    { "501-ehlo", EHLO,
      "501 5.5.4 HELO/EHLO argument is invalid, closing connection." LINK("helo") },
    { "501-ehlo-empty", EHLO,
      "501 5.5.4 Empty HELO/EHLO argument not allowed, closing connection." LINK(
          "helo") },
    { "501-starttls", STARTTLS, "501 5.7.11 Syntax error (no parameters allowed)." },
    { "502-command", FROM, "502 5.5.1 Unrecognized command." },
    { "502-too-many", EHLO, "502 5.5.1 Too many unrecognized commands, goodbye." },
    { "502-unimplemented", FROM, "502 5.5.1 Unimplemented command." },
    { "503-ehlo-first", FROM, "503 5.5.1 EHLO/HELO first." },
    { "503-mail-first", RCPT, "503 5.5.1 MAIL first." },
    { "503-rcpt-first", DATA, "503 5.5.1 RCPT first." },
    { "503-bdat", DATA, "503 5.5.1 Bad sequence of commands, no DATA after BDAT." },
    { "503-identity", AUTH, "503 5.7.0 No identity changes permitted." },
    { "504-auth", AUTH, "504 5.7.4 Unrecognized Authentication Type." MAIL "7126229" },
    { "504-xoauth", AUTH, "504 5.7.4 XOAUTH is no longer supported." },
    { "525-pipelining", STARTTLS,
      "525 5.7.10 SMTP protocol violation, no commands "
      "allowed to pipeline after STARTTLS." },
    { "523-pipelining", STARTTLS,
      "523 5.7.10 SMTP protocol violation, no commands "
      "allowed to pipeline after STARTTLS." },
    { "530-auth", FROM, "530 5.5.1 Authentication Required." LINK("WantAuthError") },
    { "530-auth-5.7.0", FROM,
      "530 5.7.0 Authentication Required. For more information, go to" LINK(
          "WantAuthError") },
    { "530-starttls", FROM, "530 5.7.0 Must issue a STARTTLS command first." },
    { "534-app-password", AUTH,
      "534 5.7.9 Application-specific password required. For more information, go "
      "to" LINK("InvalidSecondFactor") },
    { "534-browser", AUTH,
      "534 5.7.14 Please log in via your web browser and then try again." LINK(
          "WebLoginRequired") },
    { "534-browser-5.7.9", AUTH,
      "534 5.7.9 Please log in with your web browser and then try again. Learn more "
      "at" MAIL "78754" },
    { "534-weak", AUTH, "534 5.7.9 The request was not accepted." },
    { "535-credentials", AUTH,
      "535 5.7.8 Username and Password not accepted. For more information, go to" LINK(
          "BadCredentials") },
    { "535-credentials-5.7.1", AUTH,
      "535 5.7.1 Username and Password not accepted. Learn more at" MAIL "14257" },
    { "535-app-password", AUTH,
      "535 5.7.9 Application-specific password required. Learn more "
      "at\n https://support.google.com/accounts/answer/185833" },
    { "535-browser", AUTH,
      "535 5.7.1 Please log in with your web browser and then try again. Learn more "
      "at" MAIL "78754" },
    { "535-argument", AUTH,
      "535 5.5.4 Optional Argument not permitted for that AUTH mode." },
    { "550-no-user", RCPT,
      "550 5.1.1 The email account that you tried to reach does not exist. Please try "
      "double-checking the recipient's email address for typos or unnecessary "
      "spaces." LINK("NoSuchUser") },
    { "550-disabled", RCPT,
      "550 5.2.1 The email account that you tried to reach is inactive." LINK(
          "DisabledUser") },
    { "550-rate", RCPT,
      "550 5.2.1 The user you are trying to contact is receiving mail at a rate that "
      "prevents additional messages from being delivered." LINK("ReceivingRatePerm") },
    { "550-daily-limit", FROM,
      "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail "
      "sending limits go to" ADMIN "166852" },
    { "550-daily-quota-old", DOT, "550 5.4.5 Daily sending quota exceeded." },
    { "550-daily-relay", FROM,
      "550 5.4.5 Daily SMTP relay limit exceeded for user." ADMIN "6140680" },
    { "550-recipients", RCPT,
      "550 5.5.3 Too many recipients for this sender." MAIL "6592" },
    { "550-relay-denied", FROM,
      "550 5.7.0 Mail relay denied. Invalid credentials for one of the domains." ADMIN
      "6140680#maildenied" },
    { "550-sending-denied", FROM,
      "550 5.7.0 Mail Sending denied. This error occurs if the sender account is "
      "disabled or not registered within your domain." ADMIN "6140680" },
    { "550-relay-credentials", FROM,
      "550 5.7.1 Invalid credentials for relay. The IP address you've registered does "
      "not match the domain of the account." ADMIN "6140680#invalidcred" },
    { "550-relay-daily", FROM,
      "550 5.7.1 Daily SMTP relay sending limit exceeded for customer." ADMIN
      "6140680" },
    { "550-recipient-quota", RCPT, "550 5.7.1 Email quota exceeded." },
    { "550-unsolicited", DOT,
      "550 5.7.1 Our system has detected that this message is likely unsolicited "
      "mail. To reduce the amount of spam sent to Gmail, this message has been "
      "blocked." LINK("UnsolicitedMessageError") },
    { "550-unusual-rate", DOT,
      "550 5.7.1 Our system has detected an unusual rate of unsolicited mail "
      "originating from your IP address. To protect our users from spam, mail sent "
      "from your IP address has been blocked." LINK("UnsolicitedRateLimitError") },
    { "550-unusual-rate-5.7.28", DOT,
      "550 5.7.28 There is an unusual rate of unsolicited mail originating from your "
      "IP address. Mail from your IP address has been blocked." MAIL "81126" },
    { "550-rate-limited", DOT, "550 5.7.1 This mail has been rate limited." },
    { "550-reputation", DOT,
      "550 5.7.1 Gmail has detected that this message is suspicious due to the very "
      "low reputation of the sending domain." MAIL "188131" },
    { "550-direct", FROM,
      "550 5.7.1 The IP you're using to send mail is not authorized to send email "
      "directly to our servers. Please use the SMTP relay at your service provider "
      "instead." LINK("NotAuthorizedError") },
    { "550-policy", DOT,
      "550 5.7.1 The user or domain that you are sending to (or from) has a policy "
      "that prohibited the mail that you sent." ADMIN "172179 gcdp" },
    { "550-policy-recipient", RCPT,
      "550 5.7.1 The user or domain that you are sending to (or from) has a policy "
      "that prohibited the mail that you sent." ADMIN "172179 gcdp" },
    { "550-unauthenticated", DOT,
      "550 5.7.1 Unauthenticated email is not accepted from this domain." },
    { "550-from-missing", DOT,
      "550 5.7.1 Messages missing a valid address in From: header, or having no From: "
      "header, are not accepted." LINK("RfcMessageNonCompliant") },
    { "550-from-several", DOT,
      "550 5.7.1 Messages with multiple addresses in From: header are not "
      "accepted." LINK("RfcMessageNonCompliant") },
    { "550-message-id", DOT,
      "550 5.7.1 Messages missing a valid Message-ID header are not accepted. For more "
      "information, see RFC 5322." },
    { "550-duplicate-headers", DOT,
      "550 5.7.1 This message is not RFC 5322 compliant. There are multiple Subject "
      "headers." },
    { "550-encoded-word", DOT,
      "550 5.7.1 Encoded-word syntax is not permitted in message header Message-ID." },
    { "550-ipv6", DOT,
      "550 5.7.1 This message does not meet IPv6 sending guidelines regarding PTR "
      "records and authentication." LINK("IPv6AuthError") },
    { "550-spf-suspicious", DOT,
      "550 5.7.24 The SPF record of the sending domain has one or more suspicious "
      "entries." MAIL "81126" },
    { "550-no-ptr", FROM,
      "550 5.7.25 The IP address sending this message does not have a PTR record." MAIL
      "81126#ip-practices" },
    { "550-dmarc", DOT,
      "550 5.7.26 Unauthenticated email from example.org is not accepted due to the "
      "domain's DMARC policy." LINK("DmarcRejection") },
    { "550-spf", DOT,
      "550 5.7.27 Your email has been blocked because SPF did not "
      "pass." MAIL "81126#authentication" },
    { "550-tls", DOT,
      "550 5.7.29 Your email has been blocked because it was not sent over TLS." MAIL
      "81126" },
    { "550-dkim", DOT,
      "550 5.7.30 Your email has been blocked because DKIM does not "
      "pass." MAIL "81126#authentication" },
    { "552-full", RCPT,
      "552 5.2.2 The recipient's inbox is out of storage space and inactive." LINK(
          "OverQuotaPerm") },
    { "552-size-old", DOT,
      "552 5.2.3 Your message exceeded Google's message size limits." MAIL "6584" },
    { "552-size", DOT,
      "552 5.3.4 Your message exceeded Google's message size limits. To view our "
      "message size guidelines, go to" LINK("MaxSizeError") },
    { "552-attachments", DOT,
      "552 5.3.4 The number of attachments exceeds Google's limit." ADMIN "1366776" },
    { "552-header", DOT,
      "552 5.3.4 The size of the Subject header value exceeds Google's message header "
      "size limits." ADMIN "14016360" },
    { "552-header-name", DOT,
      "552 5.3.4 A header name exceeds Google's message header size limits." ADMIN
      "14016360" },
    { "552-headers", DOT,
      "552 5.3.4 The total size of all headers exceeds Google's message header size "
      "limits." ADMIN "14016360" },
    { "552-blocked", DOT,
      "552 5.7.0 This message was blocked because its content presents a potential "
      "security issue." LINK("BlockedMessage") },
    { "553-domain", RCPT,
      "553 5.1.2 We weren't able to find the recipient domain. Please check for any "
      "spelling errors, and make sure you didn't enter any spaces, periods, or other "
      "punctuation after the recipient's email address." LINK("BadRcptDomain") },
    { "553-address", RCPT,
      "553 5.1.3 The recipient address is not a valid RFC 5321 address." },
    { "553-sender", FROM,
      "553 5.1.7 The sender address is not a valid RFC 5321 address." },
    { "554-loop", DOT,
      "554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop." LINK(
          "MailLoop") },
    { "554-loop-old", DOT,
      "554 5.6.0 Message exceeded 50 hops, this may indicate a "
      "mail loop." },
    { "554-malformed", DOT, "554 5.6.0 Mail message is malformed. Not accepted." },
    { "554-commands", EHLO, "554 5.7.0 Too Many Unauthenticated commands." },
    { "555-syntax", RCPT, "555 5.5.2 Syntax error, goodbye." },
    { "555-syntax-mail", FROM, "555 5.5.2 Syntax error, cannot decode response." },

    /* By HTTPS the code is HTTP's and the first word the error or reason. Sources: RFC
     * 6749 5.2; Google's "Using OAuth 2.0 to Access Google APIs" and "Resolve errors"
     * of the Gmail API. */
    { "400-invalid-grant", TOKEN,
      "400 invalid_grant Token has been expired or revoked." },
    { "400-invalid-grant-jwt", TOKEN,
      "400 invalid_grant Invalid JWT: Token must be a short-lived token (60 minutes) "
      "and "
      "in a reasonable timeframe." },
    { "400-invalid-grant-signature", TOKEN,
      "400 invalid_grant Invalid JWT Signature." },
    { "400-invalid-grant-rapt", TOKEN, "400 invalid_grant reauth related error" },
    { "401-invalid-client", TOKEN,
      "401 invalid_client The OAuth client was not found." },
    { "401-deleted-client", TOKEN, "401 deleted_client The OAuth client was deleted." },
    { "401-unauthorized-client", TOKEN,
      "401 unauthorized_client Client is unauthorized to retrieve access tokens using "
      "this method, or client not authorized for any of the scopes requested." },
    { "400-invalid-scope", TOKEN,
      "400 invalid_scope Some requested scopes were invalid." },
    { "403-access-denied", TOKEN, "403 access_denied Access denied." },
    { "400-admin-policy", TOKEN,
      "400 admin_policy_enforced The administrator of the organisation restricts this "
      "app." },
    { "403-org-internal", TOKEN,
      "403 org_internal This client is restricted to users within its organization." },
    { "400-invalid-request", TOKEN,
      "400 invalid_request Missing required parameter: refresh_token" },
    { "400-unsupported-grant", TOKEN, "400 unsupported_grant_type Invalid grant_type" },
    { "400-redirect", TOKEN, "400 redirect_uri_mismatch Bad Request" },
    { "400-token-unavailable", TOKEN, "400 temporarily_unavailable Try again later." },
    { "429-token-busy", TOKEN, "429 rate_limit_exceeded Rate Limit Exceeded" },
    { "500-token-trouble", TOKEN, "500 internal_failure Backend Error" },
    { "503-token-trouble", TOKEN, "503 internal_failure Backend Error" },
    { "400-api-malformed", API, "400 badRequest Recipient address required" },
    { "400-api-argument", API, "400 invalidArgument Invalid To header" },
    { "400-api-no-gmail", API, "400 failedPrecondition Mail service not enabled" },
    { "401-api-token", API,
      "401 authError Request had invalid authentication credentials." },
    { "403-api-daily", API, "403 dailyLimitExceeded Daily Limit Exceeded" },
    { "403-api-user-rate", API, "403 userRateLimitExceeded User Rate Limit Exceeded" },
    { "403-api-rate", API, "403 rateLimitExceeded Rate Limit Exceeded" },
    { "403-api-domain", API,
      "403 domainPolicy The domain administrators have disabled Gmail apps." },
    { "403-api-scope", API,
      "403 insufficientPermissions Request had insufficient authentication scopes." },
    { "403-api-off", API,
      "403 accessNotConfigured Gmail API has not been used in project 1 before or it "
      "is "
      "disabled." },
    { "403-api-forbidden", API, "403 forbidden Delegation denied for the user" },
    { "404-api-nobody", API, "404 notFound Requested entity was not found." },
    { "413-api-size", API, "413 uploadTooLarge Request Entity Too Large" },
    { "429-api-rate", API, "429 rateLimitExceeded User-rate limit exceeded." },
    { "429-api-concurrent", API,
      "429 rateLimitExceeded Too many concurrent requests for user" },
    { "429-api-daily", API,
      "429 rateLimitExceeded User-rate limit exceeded.  Retry after "
      "2026-11-28T00:00:00.000Z (Mail sending)" },
    { "500-api-trouble", API, "500 backendError Backend Error" },
    { "502-api-trouble", API, "502 backendError Bad Gateway" },
    { "503-api-trouble", API,
      "503 backendError The service is currently unavailable." },
    { "504-api-trouble", API, "504 backendError Deadline exceeded" },
};
const size_t gmail_reply_count = sizeof gmail_replies / sizeof *gmail_replies;

const struct gmail_reply *gmail_reply_find(struct slice name)
{
    for (size_t i = 0; i < gmail_reply_count; i++)
        if (slice_equal(slice_of(gmail_replies[i].name), name))
            return &gmail_replies[i];
    return NULL;
}
