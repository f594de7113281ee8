/** From a file of Google's making to a POST of a form (RFC 6749 6, RFC 7523). */
#include "outputs/grant.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/base/base64.h"
#include "agent/base/text.h"
#include "outputs/consent.h"
#include "outputs/jwt.h"

enum { CLAIM_SECONDS = 3600, CLAIMS_BYTES = 4096, NUMBER_BYTES = 32 };

/* --- texts ------------------------------------------------------------------------ */

bool grant_parse_url(struct slice text, struct web_url *url)
{
    return web_url_parse(text, url) && !url->is_plain;
}

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr(".-_~", c));
}

bool grant_put_field(struct secret *form, const char *name, struct slice value)
{
    static const char digits[] = "0123456789ABCDEF";
    bool ok = (form->len == 0 || secret_put(form, SLICE("&"))) &&
              secret_put(form, slice_of(name)) && secret_put(form, SLICE("="));
    for (size_t i = 0; ok && i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        const char coded[3] = { '%', digits[c >> 4], digits[c & 15] };
        ok = is_unreserved(value.ptr[i])
                 ? secret_put(form, slice_make(value.ptr + i, 1))
                 : secret_put(form, slice_make(coded, 3));
    }
    return ok;
}

bool grant_put_request(struct secret *out, const struct web_url *url, struct slice form)
{
    char length[NUMBER_BYTES];
    snprintf(length, sizeof length, "%zu", form.len);
    return web_url_put_post(out, url) &&
           secret_put(out, SLICE("Accept: application/json\r\n"
                                 "Content-Type: application/x-www-form-urlencoded\r\n"
                                 "Connection: close\r\nContent-Length: ")) &&
           secret_put(out, slice_of(length)) && secret_put(out, SLICE("\r\n\r\n")) &&
           secret_put(out, form);
}

/* --- the two forms ---------------------------------------------------------------- */

struct granting {
    const struct account *account;
    struct slice renewed;
    struct now now;
    const struct json *root;
    struct secret form;
    struct slice url;
    struct err *err;
};

static bool is_too_large(const struct granting *granting)
{
    return err_set(granting->err, ERR_INVALID,
                   "what it holds is larger than a request may be");
}

static bool fill_consent(struct granting *granting)
{
    struct consent consent;
    struct secret *form = &granting->form;
    if (!consent_take(granting->root, &consent, granting->err))
        return false;
    if (granting->renewed.len > 0)
        consent.refresh_token = granting->renewed;
    granting->url = consent.token_uri;
    bool ok = grant_put_field(form, "grant_type", SLICE("refresh_token")) &&
              grant_put_field(form, "client_id", consent.client_id) &&
              (consent.client_secret.len == 0 ||
               grant_put_field(form, "client_secret", consent.client_secret)) &&
              grant_put_field(form, "refresh_token", consent.refresh_token);
    return ok || is_too_large(granting);
}

static struct slice text_of(const struct json *root, const char *name)
{
    const struct json *value = json_find(root, slice_of(name));
    return value && value->type == JSON_STRING ? value->text : SLICE("");
}

static void put_claim(struct buf *out, const char *name, struct slice value)
{
    buf_printf(out, ",\"%s\":", name);
    text_put_json(out, value);
}

/* Google: "Using OAuth 2.0 for Server to Server Applications"; an hour is the most. */
static void put_claims(const struct granting *granting, struct buf *out)
{
    const struct account *account = granting->account;
    int64_t now_s = granting->now.unix_ms / SECOND_MS;
    buf_printf(out, "{\"iat\":%" PRId64 ",\"exp\":%" PRId64, now_s,
               now_s + CLAIM_SECONDS);
    put_claim(out, "iss", text_of(granting->root, "client_email"));
    put_claim(out, "sub", account->acts_for);
    put_claim(out, "scope",
              slice_of(account->is_api ? GRANT_SCOPE_API : GRANT_SCOPE_SMTP));
    put_claim(out, "aud", granting->url);
    buf_putc(out, '}');
}

static void put_jwt_head(const struct granting *granting, struct buf *out)
{
    struct slice id = text_of(granting->root, "private_key_id");
    buf_puts(out, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
    if (id.len > 0)
        put_claim(out, "kid", id);
    buf_putc(out, '}');
}

static bool put_jwt(struct granting *granting, struct secret *jwt)
{
    struct buf head = buf_make(CLAIMS_BYTES), claims = buf_make(CLAIMS_BYTES);
    put_jwt_head(granting, &head);
    put_claims(granting, &claims);
    bool ok = !head.overflowed && !claims.overflowed &&
              secret_put_base64(jwt, buf_slice(&head), BASE64_URL) &&
              secret_put(jwt, SLICE(".")) &&
              secret_put_base64(jwt, buf_slice(&claims), BASE64_URL);
    buf_free(&head);
    buf_free(&claims);
    return ok ? jwt_sign(jwt, text_of(granting->root, "private_key"), granting->err)
              : is_too_large(granting);
}

static bool fill_service(struct granting *granting)
{
    struct secret jwt = { 0 };
    granting->url = text_of(granting->root, "token_uri");
    if (granting->url.len == 0)
        granting->url = slice_of(GRANT_TOKEN_URL);
    if (text_of(granting->root, "client_email").len == 0 ||
        text_of(granting->root, "private_key").len == 0)
        return err_set(granting->err, ERR_INVALID,
                       "it has no \"client_email\" and \"private_key\": it is not the "
                       "JSON key of a service account");
    bool ok = secret_open(&jwt, LIMIT_REQUEST_HEAD_BYTES, granting->err) &&
              put_jwt(granting, &jwt);
    if (ok && (!grant_put_field(&granting->form, "grant_type",
                                SLICE("urn:ietf:params:oauth:grant-type:jwt-bearer")) ||
               !grant_put_field(&granting->form, "assertion", secret_slice(&jwt))))
        ok = is_too_large(granting);
    secret_wipe(&jwt);
    return ok;
}

/* --- the request ------------------------------------------------------------------ */

static bool make_request(const struct granting *granting, struct grant *grant)
{
    struct slice url =
        granting->url.len > 0 ? granting->url : slice_of(GRANT_TOKEN_URL);
    struct web_url parts;
    if (!grant_parse_url(url, &parts))
        return err_set(granting->err, ERR_INVALID,
                       "its \"token_uri\" is no address that begins with https://");
    grant->place =
        (struct https_place){ .host = arena_slice(&grant->memory, parts.host),
                              .port = parts.port,
                              .ca_file = granting->account->ca_file };
    if (!secret_open(&grant->request, 2 * LIMIT_REQUEST_HEAD_BYTES, granting->err))
        return false;
    return grant_put_request(&grant->request, &parts, secret_slice(&granting->form)) ||
           is_too_large(granting);
}

/* A sentence about "it" becomes one about the file. */
static bool name_file(struct slice path, struct err *err)
{
    struct err why = *err;
    return err_set(err, why.kind, "the secret '%.*s' cannot be used: %s",
                   (int)(path.len < 200 ? path.len : 200), path.ptr, why.text);
}

bool grant_read(const struct account *account, struct slice renewed, struct now now,
                struct grant *grant, struct err *err)
{
    struct granting granting = {
        .account = account, .renewed = renewed, .now = now, .err = err
    };
    struct secret file = { 0 };
    struct arena arena = { 0 };
    bool ok =
        secret_read_json(account->password_file, &file, &arena, &granting.root, err);
    if (ok && secret_open(&granting.form, LIMIT_REQUEST_HEAD_BYTES, err)) {
        ok = (account->login == LOGIN_SERVICE ? fill_service(&granting)
                                              : fill_consent(&granting)) &&
             make_request(&granting, grant);
        if (!ok)
            name_file(account->password_file, err);
    } else {
        ok = false;
    }
    secret_wipe(&granting.form);
    arena_wipe(&arena);
    secret_wipe(&file);
    return ok;
}

void grant_clear(struct grant *grant)
{
    secret_wipe(&grant->request);
    arena_free(&grant->memory);
}
