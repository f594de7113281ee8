/** Paths, the script, and mails that come by HTTPS. */
#include "agent/sink/google.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/base/json.h"
#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "agent/sink/form.h"
#include "agent/sink/gmail.h"
#include "agent/sink/hook.h"

enum { VALUE_MAX = 16 * 1024 };

/* --- answers of the API ----------------------------------------------------------- */

static const char *status_word(int status)
{
    switch (status) {
    case 400:
        return "INVALID_ARGUMENT";
    case 401:
        return "UNAUTHENTICATED";
    case 403:
        return "PERMISSION_DENIED";
    case 404:
        return "NOT_FOUND";
    case 429:
        return "RESOURCE_EXHAUSTED";
    default:
        return "INTERNAL";
    }
}

static void refuse_mail(int status, struct slice reason, struct slice text,
                        struct web_answer *answer)
{
    answer->status = status;
    answer->type = "application/json; charset=UTF-8";
    buf_printf(&answer->body,
               "{\n  \"error\": {\n    \"code\": %d,\n    \"message\": ", status);
    text_put_json(&answer->body, text);
    buf_puts(&answer->body, ",\n    \"errors\": [{\"message\": ");
    text_put_json(&answer->body, text);
    buf_puts(&answer->body, ", \"domain\": \"global\", \"reason\": ");
    text_put_json(&answer->body, reason);
    buf_printf(&answer->body, "}],\n    \"status\": \"%s\"\n  }\n}\n",
               status_word(status));
}

/* "rateLimitExceeded Too many requests": the reason, and the words for people. */
static void refuse_by_text(struct google *google, enum script_phase phase, int status,
                           struct slice says, struct web_answer *answer)
{
    struct slice reason, text = says;
    slice_next(&text, ' ', &reason);
    if (phase == SCRIPT_API)
        refuse_mail(status, reason, text, answer);
    else
        oauthd_refuse(&google->oauth, status, reason, text, answer);
}

/* --- the script ------------------------------------------------------------------- */

/* @return true when it has answered. */
static bool act(struct google *google, enum script_phase phase,
                const struct script_action *action, struct web_answer *answer)
{
    bool is_end = webd_obey(action, answer);
    if (action->act == SCRIPT_REPLY) {
        refuse_by_text(google, phase, action->code, action->text, answer);
        answer->closes = answer->closes || action->closes;
    }
    return is_end || action->act == SCRIPT_REPLY;
}

/* "says-NAME" in front of @word, up to an '@'. */
static bool say_named(struct google *google, enum script_phase phase, struct slice word,
                      struct web_answer *answer)
{
    if (!google->likeness || !slice_starts(word, SLICE("says-")))
        return false;
    struct slice name = slice_make(word.ptr + 5, word.len - 5);
    size_t at = slice_find(name, SLICE("@"));
    if (at != SIZE_MAX)
        name.len = at;
    const struct gmail_reply *reply = gmail_reply_find(name);
    int64_t code = 0;
    if (!reply || reply->phase != phase ||
        !slice_to_int(slice_make(reply->says, 3), &code))
        return false;
    refuse_by_text(google, phase, (int)code, slice_of(reply->says + 4), answer);
    return true;
}

/* --- mails ------------------------------------------------------------------------ */

struct posted {
    struct slice bytes;
    struct buf raw, addresses; /* addresses: each with a NUL behind */
    struct slice recipients[LIMIT_RECIPIENTS];
    size_t count;
};

/* {"raw": "base64url"} is decoded; the upload path has the mail as it is. */
static bool read_mail(const struct web_request *request, struct posted *posted)
{
    struct arena arena = { 0 };
    posted->bytes = request->body;
    if (slice_starts(request->path, SLICE("/upload/")))
        return slice_starts(request->content_type, SLICE("message/rfc822"));
    const struct json *raw =
        json_find(json_parse(request->body, &arena).root, SLICE("raw"));
    struct buf text = buf_make(request->body.len + 4);
    for (size_t i = 0; raw && i < raw->text.len; i++) {
        char c = raw->text.ptr[i];
        buf_putc(&text, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (text.len % 4 != 0)
        buf_putc(&text, '=');
    bool ok = text.len > 0 && unmime_base64(buf_slice(&text), &posted->raw);
    posted->bytes = buf_slice(&posted->raw);
    buf_free(&text);
    arena_free(&arena);
    return ok;
}

/* "A <a@x.org>, b@x.org" */
static void take_addresses(struct posted *posted, struct slice list)
{
    struct slice one;
    while (slice_next(&list, ',', &one)) {
        size_t open = slice_find(one, SLICE("<")), close = slice_find(one, SLICE(">"));
        if (open != SIZE_MAX && close != SIZE_MAX && close > open)
            one = slice_make(one.ptr + open + 1, close - open - 1);
        one = slice_trim(one);
        if (one.len == 0 || slice_find(one, SLICE("@")) == SIZE_MAX ||
            posted->count == LIMIT_RECIPIENTS)
            continue;
        posted->recipients[posted->count++].len = one.len;
        buf_put(&posted->addresses, one);
        buf_putc(&posted->addresses, '\0');
    }
}

static void find_recipients(struct posted *posted)
{
    static const char *const names[] = { "To", "Cc", "Bcc" };
    struct buf value = buf_make(VALUE_MAX);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        buf_clear(&value);
        if (unmime_header(posted->bytes, names[i], &value))
            take_addresses(posted, buf_slice(&value));
    }
    const char *at = posted->addresses.ptr;
    for (size_t i = 0; i < posted->count; i++) {
        posted->recipients[i].ptr = at;
        at += posted->recipients[i].len + 1;
    }
    buf_free(&value);
}

static void accept_mail(struct google *google, const struct posted *posted,
                        const struct ticket *access)
{
    struct buf from = buf_make(VALUE_MAX);
    unmime_header(posted->bytes, "From", &from);
    const struct smtpd_mail mail = { .user = slice_of(access->user),
                                     .from = buf_slice(&from),
                                     .recipients = posted->recipients,
                                     .recipient_count = posted->count,
                                     .bytes = posted->bytes };
    google->tally->accepted++;
    google->accept(google->ctx, &mail);
    buf_free(&from);
}

static void put_sent(struct google *google, struct web_answer *answer)
{
    answer->type = "application/json; charset=UTF-8";
    google->mail_number++;
    buf_printf(&answer->body,
               "{\n  \"id\": \"18c%013" PRIx64 "\",\n  \"threadId\": \"18c%013" PRIx64
               "\",\n  \"labelIds\": [\"SENT\"]\n}\n",
               google->mail_number, google->mail_number);
}

/* @return true when something else than acceptance is answered. */
static bool is_told_otherwise(struct google *google, const struct posted *posted,
                              const struct ticket *access, struct web_answer *answer)
{
    const struct script_action *action =
        google->script ? script_judge(google->script, SCRIPT_API, posted->bytes) : NULL;
    if (action && action->takes)
        accept_mail(google, posted, access);
    if (action && act(google, SCRIPT_API, action, answer))
        return true;
    for (size_t i = 0; i < posted->count; i++)
        if (say_named(google, SCRIPT_API, posted->recipients[i], answer))
            return true;
    return false;
}

static void take_mail(struct google *google, const struct web_request *request,
                      const struct ticket *access, struct web_answer *answer)
{
    struct posted posted = { .raw = buf_make(request->body.len + 4),
                             .addresses = buf_make(VALUE_MAX) };
    google->tally->attempts++;
    bool is_mail = read_mail(request, &posted);
    if (is_mail)
        find_recipients(&posted);
    if (!is_mail || posted.count == 0) {
        refuse_mail(400, SLICE("invalidArgument"), SLICE("Recipient address required"),
                    answer);
    } else if (!is_told_otherwise(google, &posted, access, answer)) {
        accept_mail(google, &posted, access);
        put_sent(google, answer);
    }
    google->tally->refused_mails += answer->status >= 400;
    buf_free(&posted.raw);
    buf_free(&posted.addresses);
}

static const struct ticket *who(const struct google *google, struct slice authorization)
{
    if (!slice_starts(authorization, SLICE("Bearer ")))
        return NULL;
    return oauthd_find(&google->oauth,
                       slice_make(authorization.ptr + 7, authorization.len - 7));
}

static void answer_api(struct google *google, const struct web_request *request,
                       struct web_answer *answer)
{
    const struct ticket *access = who(google, request->authorization);
    google->tally->logins += access != NULL;
    google->tally->failed_logins += access == NULL;
    if (!access)
        refuse_mail(401, SLICE("authError"),
                    SLICE("Request had invalid authentication credentials."), answer);
    else if (!strstr(access->scope, "gmail.send") &&
             !strstr(access->scope, "https://mail.google.com/"))
        refuse_mail(403, SLICE("insufficientPermissions"),
                    SLICE("Request had insufficient authentication scopes."), answer);
    else
        take_mail(google, request, access, answer);
}

/* --- the other two ---------------------------------------------------------------- */

static void answer_token(struct google *google, const struct web_request *request,
                         struct web_answer *answer)
{
    const struct script_action *action =
        google->script ? script_judge(google->script, SCRIPT_TOKEN, request->body)
                       : NULL;
    struct buf token = buf_make(VALUE_MAX), audience = buf_make(VALUE_MAX);
    buf_printf(&audience, "https://%.*s/token", SLICE_ARG(request->host));
    google->oauth.audience = buf_slice(&audience);
    form_find(request->body, "refresh_token", &token);
    if (!(action && act(google, SCRIPT_TOKEN, action, answer)) &&
        !say_named(google, SCRIPT_TOKEN, buf_slice(&token), answer))
        oauthd_token(&google->oauth, request->body, answer);
    google->oauth.audience = SLICE("");
    buf_free(&audience);
    buf_free(&token);
}

static void answer_consent(struct google *google, const struct web_request *request,
                           struct web_answer *answer)
{
    const struct script_action *action =
        google->script ? script_judge(google->script, SCRIPT_CONSENT, request->query)
                       : NULL;
    struct slice error = SLICE(""), rest;
    if (action && action->act == SCRIPT_REPLY) {
        rest = action->text;
        slice_next(&rest, ' ', &error);
    } else if (action && act(google, SCRIPT_CONSENT, action, answer)) {
        return;
    }
    oauthd_consent(&google->oauth, request->query, error, answer);
}

static const struct {
    const char *method, *path;
    void (*answer)(struct google *, const struct web_request *, struct web_answer *);
} pages[] = {
    { "POST", "/token", answer_token },
    { "GET", "/o/oauth2/v2/auth", answer_consent },
    { "POST", "/gmail/v1/users/me/messages/send", answer_api },
    { "POST", "/upload/gmail/v1/users/me/messages/send", answer_api },
};

void google_answer(void *ctx, const struct web_request *request,
                   struct web_answer *answer)
{
    struct google *google = ctx;
    if (slice_starts(request->path, SLICE("/hook/"))) {
        const struct hook hook = { google->script, google->tally, google->accept,
                                   google->ctx };
        hook_answer(&hook, request, answer);
        return;
    }
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (!slice_equal(request->path, slice_of(pages[i].path)))
            continue;
        if (slice_equal(request->method, slice_of(pages[i].method)))
            pages[i].answer(ctx, request, answer);
        else
            answer->status = 405;
        return;
    }
    answer->status = 404;
}

bool google_lets_in(const struct google *google, struct slice user, struct slice token)
{
    const struct ticket *access = oauthd_find(&google->oauth, token);
    return access && strstr(access->scope, "https://mail.google.com/") &&
           (access->user[0] == '\0' || slice_equal(user, slice_of(access->user)));
}
