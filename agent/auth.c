/** A URL, a POST, a file. */
#include "agent/auth.h"

#include <stdio.h>

#include "agent/base/json.h"
#include "agent/base/text.h"
#include "agent/sink/form.h"
#include "outputs/grant.h"
#include "outputs/token.h"
#include "outputs/verdict.h"

enum { URI_BYTES = 64 };

const char *auth_scope(const struct auth *auth)
{
    return auth->account->is_api ? GRANT_SCOPE_API : GRANT_SCOPE_SMTP;
}

static void put_parameter(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "&%s=", name);
    form_put(out, slice_of(value));
}

static void redirect_uri(const struct auth *auth, char into[URI_BYTES])
{
    snprintf(into, URI_BYTES, "http://127.0.0.1:%d/", auth->port);
}

void auth_put_url(const struct auth *auth, struct buf *out)
{
    char uri[URI_BYTES];
    redirect_uri(auth, uri);
    struct slice page = auth->client.auth_uri;
    buf_put(out, page.len > 0 ? page : slice_of(GRANT_CONSENT_URL));
    buf_puts(out, "?response_type=code&access_type=offline&prompt=consent");
    buf_puts(out, "&client_id=");
    form_put(out, auth->client.client_id);
    put_parameter(out, "redirect_uri", uri);
    put_parameter(out, "scope", auth_scope(auth));
    put_parameter(out, "state", auth->pkce.state);
    put_parameter(out, "code_challenge", auth->pkce.challenge);
    buf_puts(out, "&code_challenge_method=S256");
    if (auth->account->user.len > 0) {
        buf_puts(out, "&login_hint=");
        form_put(out, auth->account->user);
    }
}

/* --- the exchange ----------------------------------------------------------------- */

static bool put_form(const struct auth *auth, struct slice code, struct secret *form)
{
    char uri[URI_BYTES];
    const struct consent *client = &auth->client;
    redirect_uri(auth, uri);
    return grant_put_field(form, "grant_type", SLICE("authorization_code")) &&
           grant_put_field(form, "code", code) &&
           grant_put_field(form, "code_verifier", slice_of(auth->pkce.verifier)) &&
           grant_put_field(form, "client_id", client->client_id) &&
           grant_put_field(form, "redirect_uri", slice_of(uri)) &&
           (client->client_secret.len == 0 ||
            grant_put_field(form, "client_secret", client->client_secret));
}

static bool make_request(const struct auth *auth, struct slice code,
                         struct web_url *url, struct secret *request, struct err *err)
{
    struct secret form = { 0 };
    struct slice uri = auth->client.token_uri.len > 0 ? auth->client.token_uri
                                                      : slice_of(GRANT_TOKEN_URL);
    bool ok = grant_parse_url(uri, url) ||
              err_set(err, ERR_INVALID,
                      "the client's \"token_uri\" is no address that begins with "
                      "https://");
    ok = ok && secret_open(&form, LIMIT_REQUEST_HEAD_BYTES, err) &&
         secret_open(request, 2 * LIMIT_REQUEST_HEAD_BYTES, err);
    if (ok && (!put_form(auth, code, &form) ||
               !grant_put_request(request, url, secret_slice(&form))))
        ok = err_set(err, ERR_INVALID, "what the browser brought is too long");
    secret_wipe(&form);
    return ok;
}

/* @return false after a failure of the network. */
static bool ask(struct https *https, const struct web_url *url, const struct auth *auth,
                struct secret *request, struct checkup *checkup,
                const struct link_ops *links)
{
    const struct https_place place = { .host = url->host,
                                       .port = url->port,
                                       .ca_file = auth->account->ca_file };
    https->ops = links;
    https->wakes = &checkup->wakes;
    https_open(https, &place, clock_read(&checkup->clock));
    https_ask(https, request, SLICE(""), clock_read(&checkup->clock));
    while (https_step(https, clock_read(&checkup->clock)) != HTTPS_ANSWERED) {
        if (https->state == HTTPS_CLOSED)
            return false;
        checkup_wait(checkup, https_wake_at(https));
    }
    return true;
}

static struct slice text_at(const struct json *root, const char *name)
{
    const struct json *value = json_find(root, slice_of(name));
    return value && value->type == JSON_STRING ? value->text : SLICE("");
}

static bool store(const struct auth *auth, const struct json *root, const char **advice,
                  struct err *err)
{
    struct consent consent = auth->client;
    consent.refresh_token = text_at(root, "refresh_token");
    consent.scope = text_at(root, "scope");
    if (consent.scope.len > 0 &&
        slice_find(consent.scope, slice_of(auth_scope(auth))) == SIZE_MAX) {
        *advice = "begin again, and tick the box that lets tocsin send mail";
        return err_set(err, ERR_DENIED, "the consent lacks the scope %s",
                       auth_scope(auth));
    }
    if (consent.refresh_token.len == 0) {
        *advice = "take tocsin's access away at myaccount.google.com/permissions, and "
                  "begin again";
        return err_set(err, ERR_DENIED, "no refresh token came with the consent");
    }
    return consent_write(auth->account->password_file, &consent, err);
}

static bool refuse(const struct smtp_reply *reply, const char **advice, struct err *err)
{
    *advice = verdict_of(reply)->advice;
    if (reply->code == 0)
        return err_set(err, ERR_IO, "no token could be got: %.300s", reply->text);
    return err_set(err, ERR_DENIED, "no token could be got: %d %.300s", reply->code,
                   reply->text);
}

static bool take_answer(const struct auth *auth, const struct http_response *response,
                        const char **advice, struct err *err)
{
    struct arena arena = { 0 };
    const struct json *root = json_parse(secret_slice(&response->body), &arena).root;
    struct smtp_reply reply;
    bool ok;
    if (response->status >= 200 && response->status < 300) {
        ok = store(auth, root, advice, err);
    } else {
        token_read_error(response, root, &reply);
        ok = refuse(&reply, advice, err);
    }
    arena_wipe(&arena);
    return ok;
}

bool auth_finish(const struct auth *auth, struct slice code,
                 const struct link_ops *links, const struct clock_source *clock,
                 const char **advice, struct err *err)
{
    struct https https = { 0 };
    struct secret request = { 0 };
    struct checkup checkup;
    struct web_url url;
    bool ok = make_request(auth, code, &url, &request, err);
    *advice = "";
    checkup_init(&checkup, links, *clock);
    if (ok && ask(&https, &url, auth, &request, &checkup, links)) {
        ok = take_answer(auth, &https.response, advice, err);
    } else if (ok) {
        struct smtp_reply reply = token_network_failure(&https.failure);
        ok = refuse(&reply, advice, err);
    }
    https_close(&https);
    secret_wipe(&request);
    checkup_clear(&checkup);
    return ok;
}
