/** Tickets: codes, refresh tokens and access tokens, each good for its time. */
#include "agent/sink/oauthd.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>

#include "agent/base/base64.h"
#include "agent/base/must.h"
#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/sink/form.h"

enum { VALUE_MAX = 8192 };
#define CODE_LIFE_MS (10 * MINUTE_MS)

/* --- tickets ---------------------------------------------------------------------- */

static struct ticket *give(struct oauthd *oauthd, enum ticket_kind kind,
                           int64_t life_ms)
{
    static const char *const prefixes[] = { "", "4/0", "1//0", "ya29.a0" };
    unsigned char noise[24];
    struct ticket *ticket = &oauthd->tickets[oauthd->next++ % OAUTHD_TICKETS];
    must(RAND_bytes(noise, sizeof noise) == 1);
    *ticket = (struct ticket){ .kind = kind,
                               .ends_ms = later_by_ms(oauthd->now_ms, life_ms) };
    int len = snprintf(ticket->text, sizeof ticket->text, "%s", prefixes[kind]);
    for (size_t i = 0; i < sizeof noise; i++)
        len += snprintf(ticket->text + len, sizeof ticket->text - (size_t)len, "%02x",
                        noise[i]);
    return ticket;
}

static struct ticket *find(struct oauthd *oauthd, enum ticket_kind kind,
                           struct slice text)
{
    for (size_t i = 0; i < OAUTHD_TICKETS; i++) {
        struct ticket *ticket = &oauthd->tickets[i];
        if (ticket->kind == kind && ticket->ends_ms > oauthd->now_ms &&
            slice_equal(slice_of(ticket->text), text))
            return ticket;
    }
    return NULL;
}

const struct ticket *oauthd_find(const struct oauthd *oauthd, struct slice text)
{
    return find((struct oauthd *)(uintptr_t)oauthd, TICKET_ACCESS, text);
}

static void copy_text(char *into, size_t size, struct slice text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    memcpy(into, text.ptr, len);
    into[len] = '\0';
}

/* --- the page --------------------------------------------------------------------- */

static void put_parameter(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, "&%s=", name);
    form_put(out, value);
}

static bool is_loopback_url(struct slice url)
{
    return slice_starts(url, SLICE("http://127.0.0.1:")) ||
           slice_starts(url, SLICE("http://[::1]:"));
}

/* @return what is wrong, or NULL; fills @ticket. */
static const char *read_request(struct oauthd *oauthd, struct slice query,
                                struct ticket *ticket)
{
    struct buf value = buf_make(VALUE_MAX);
    const char *wrong = NULL;
    if (!form_find(query, "response_type", &value) ||
        !slice_equal(buf_slice(&value), SLICE("code")))
        wrong = "response_type is not code";
    else if (!form_find(query, "client_id", &value) ||
             (oauthd->client_id.len > 0 &&
              !slice_equal(buf_slice(&value), oauthd->client_id)))
        wrong = "The OAuth client was not found.";
    else if (!form_find(query, "code_challenge_method", &value) ||
             !slice_equal(buf_slice(&value), SLICE("S256")))
        wrong = "code_challenge_method is not S256";
    else if (!form_find(query, "code_challenge", &value) || value.len != 43)
        wrong = "code_challenge is no SHA-256";
    copy_text(ticket->challenge, sizeof ticket->challenge, buf_slice(&value));
    if (!wrong && !form_find(query, "scope", &value))
        wrong = "there is no scope";
    copy_text(ticket->scope, sizeof ticket->scope, buf_slice(&value));
    if (!wrong && (!form_find(query, "redirect_uri", &value) ||
                   !is_loopback_url(buf_slice(&value))))
        wrong = "redirect_uri is not at this host";
    copy_text(ticket->redirect, sizeof ticket->redirect, buf_slice(&value));
    buf_free(&value);
    return wrong;
}

void oauthd_consent(struct oauthd *oauthd, struct slice query, struct slice error,
                    struct web_answer *answer)
{
    struct ticket asked = { 0 };
    struct buf state = buf_make(VALUE_MAX);
    const char *wrong = read_request(oauthd, query, &asked);
    if (wrong) {
        answer->status = 400;
        answer->type = "text/plain";
        buf_puts(&answer->body, wrong);
        buf_free(&state);
        return;
    }
    bool has_state = form_find(query, "state", &state);
    answer->status = 302;
    buf_printf(&answer->location, "%s?", asked.redirect);
    if (error.len > 0) {
        put_parameter(&answer->location, "error", error);
    } else {
        struct ticket *code = give(oauthd, TICKET_CODE, CODE_LIFE_MS);
        memcpy(code->challenge, asked.challenge, sizeof code->challenge);
        memcpy(code->redirect, asked.redirect, sizeof code->redirect);
        memcpy(code->scope, asked.scope, sizeof code->scope);
        put_parameter(&answer->location, "code", slice_of(code->text));
        put_parameter(&answer->location, "scope", slice_of(asked.scope));
    }
    if (has_state)
        put_parameter(&answer->location, "state", buf_slice(&state));
    buf_free(&state);
}

/* --- the token endpoint ----------------------------------------------------------- */

void oauthd_refuse(struct oauthd *oauthd, int status, struct slice error,
                   struct slice text, struct web_answer *answer)
{
    oauthd->refused_count++;
    answer->status = status;
    answer->type = "application/json; charset=utf-8";
    buf_puts(&answer->body, "{\n  \"error\": ");
    text_put_json(&answer->body, error);
    buf_puts(&answer->body, ",\n  \"error_description\": ");
    text_put_json(&answer->body, text);
    buf_puts(&answer->body, "\n}");
}

static void give_access(struct oauthd *oauthd, const char *scope, const char *user,
                        const char *refresh, struct web_answer *answer)
{
    struct ticket *access = give(oauthd, TICKET_ACCESS, oauthd->life_s * SECOND_MS);
    snprintf(access->scope, sizeof access->scope, "%s", scope);
    snprintf(access->user, sizeof access->user, "%s", user);
    oauthd->given_count++;
    answer->type = "application/json; charset=utf-8";
    buf_printf(&answer->body,
               "{\n  \"access_token\": \"%s\",\n  \"expires_in\": %" PRId64
               ",\n  \"scope\": ",
               access->text, oauthd->life_s);
    text_put_json(&answer->body, slice_of(scope));
    buf_puts(&answer->body, ",\n  \"token_type\": \"Bearer\"");
    if (refresh)
        buf_printf(&answer->body, ",\n  \"refresh_token\": \"%s\"", refresh);
    buf_puts(&answer->body, "\n}");
}

static void give_user(const struct oauthd *oauthd, char *into, size_t size)
{
    copy_text(into, size, oauthd->user);
}

static void refuse_grant(struct oauthd *oauthd, const char *text,
                         struct web_answer *answer)
{
    oauthd_refuse(oauthd, 400, SLICE("invalid_grant"), slice_of(text), answer);
}

static bool is_client(struct oauthd *oauthd, struct slice form, struct buf *value)
{
    if (oauthd->client_id.len == 0)
        return true;
    return form_find(form, "client_id", value) &&
           slice_equal(buf_slice(value), oauthd->client_id) &&
           form_find(form, "client_secret", value) &&
           slice_equal(buf_slice(value), oauthd->client_secret);
}

static const char all_scopes[] =
    "https://mail.google.com/ https://www.googleapis.com/auth/gmail.send";

static void take_refresh(struct oauthd *oauthd, struct slice form, struct buf *value,
                         struct web_answer *answer)
{
    char user[OAUTHD_TEXT_BYTES], scope[OAUTHD_TEXT_BYTES];
    form_find(form, "refresh_token", value);
    struct slice shown = buf_slice(value);
    struct ticket *known = find(oauthd, TICKET_REFRESH, shown);
    bool is_first = shown.len > 0 && (oauthd->refresh_token.len == 0 ||
                                      slice_equal(shown, oauthd->refresh_token));
    if (!known && !is_first) {
        refuse_grant(oauthd, "Token has been expired or revoked.", answer);
        return;
    }
    snprintf(scope, sizeof scope, "%s", known ? known->scope : all_scopes);
    give_user(oauthd, user, sizeof user);
    if (!oauthd->rotates) {
        give_access(oauthd, scope, user, NULL, answer);
        return;
    }
    if (known)
        known->kind = TICKET_NONE;
    else
        oauthd->refresh_token = SLICE("(used)");
    struct ticket *fresh = give(oauthd, TICKET_REFRESH, NEVER_MS / 2);
    memcpy(fresh->scope, scope, sizeof scope);
    give_access(oauthd, scope, user, fresh->text, answer);
}

/* RFC 7636 4.6: the challenge is the SHA-256 of the verifier. */
static bool is_verified(const struct ticket *code, struct slice verifier)
{
    unsigned char digest[32];
    unsigned size = 0;
    struct buf challenge = buf_make(100);
    bool ok =
        verifier.len >= 43 && verifier.len <= 128 &&
        EVP_Digest(verifier.ptr, verifier.len, digest, &size, EVP_sha256(), NULL) == 1;
    base64_put(&challenge, slice_make((const char *)digest, sizeof digest), BASE64_URL);
    ok = ok && slice_equal(buf_slice(&challenge), slice_of(code->challenge));
    buf_free(&challenge);
    return ok;
}

static void take_code(struct oauthd *oauthd, struct slice form, struct buf *value,
                      struct web_answer *answer)
{
    char user[OAUTHD_TEXT_BYTES];
    form_find(form, "code", value);
    struct ticket *code = find(oauthd, TICKET_CODE, buf_slice(value));
    if (!code) {
        refuse_grant(oauthd, "Malformed auth code.", answer);
        return;
    }
    code->kind = TICKET_NONE; /* once, whatever comes of it */
    form_find(form, "redirect_uri", value);
    if (!slice_equal(buf_slice(value), slice_of(code->redirect))) {
        oauthd_refuse(oauthd, 400, SLICE("redirect_uri_mismatch"), SLICE("Bad Request"),
                      answer);
        return;
    }
    form_find(form, "code_verifier", value);
    if (!is_verified(code, buf_slice(value))) {
        refuse_grant(oauthd, "Invalid code verifier.", answer);
        return;
    }
    struct ticket granted = *code;
    struct ticket *refresh = give(oauthd, TICKET_REFRESH, NEVER_MS / 2);
    memcpy(refresh->scope, granted.scope, sizeof refresh->scope);
    give_user(oauthd, user, sizeof user);
    give_access(oauthd, granted.scope, user, refresh->text, answer);
}

static void take_assertion(struct oauthd *oauthd, struct slice form, struct buf *value,
                           struct web_answer *answer)
{
    struct arena arena = { 0 };
    struct claim claim = { 0 };
    char user[OAUTHD_TEXT_BYTES], scope[OAUTHD_TEXT_BYTES];
    form_find(form, "assertion", value);
    const char *wrong = claim_check(oauthd->key, buf_slice(value), oauthd->audience,
                                    oauthd->unix_s, &arena, &claim);
    if (wrong) {
        refuse_grant(oauthd, wrong, answer);
    } else if (oauthd->user.len > 0 && !slice_equal(claim.subject, oauthd->user)) {
        oauthd_refuse(oauthd, 401, SLICE("unauthorized_client"),
                      SLICE("Client is unauthorized to retrieve access tokens using "
                            "this method, or client not authorized for any of the "
                            "scopes requested."),
                      answer);
    } else {
        copy_text(user, sizeof user, claim.subject);
        copy_text(scope, sizeof scope, claim.scope);
        give_access(oauthd, scope, user, NULL, answer);
    }
    arena_free(&arena);
}

/* Only a service account proves itself; the others are clients with a secret. */
static const struct {
    const char *grant_type;
    bool is_client;
    void (*take)(struct oauthd *oauthd, struct slice form, struct buf *value,
                 struct web_answer *answer);
} grants[] = {
    { "refresh_token", true, take_refresh },
    { "authorization_code", true, take_code },
    { "urn:ietf:params:oauth:grant-type:jwt-bearer", false, take_assertion },
};

void oauthd_token(struct oauthd *oauthd, struct slice form, struct web_answer *answer)
{
    struct buf value = buf_make(VALUE_MAX);
    size_t count = sizeof grants / sizeof *grants, i = 0;
    form_find(form, "grant_type", &value);
    while (i < count && !slice_equal(slice_of(grants[i].grant_type), buf_slice(&value)))
        i++;
    if (i == count)
        oauthd_refuse(oauthd, 400, SLICE("unsupported_grant_type"),
                      SLICE("Invalid grant_type"), answer);
    else if (grants[i].is_client && !is_client(oauthd, form, &value))
        oauthd_refuse(oauthd, 401, SLICE("invalid_client"),
                      SLICE("The OAuth client was not found."), answer);
    else
        grants[i].take(oauthd, form, &value, answer);
    buf_free(&value);
}
