/** One request at a time for each token; what comes back is JSON (RFC 6749 5). */
#include "outputs/token.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/json.h"
#include "agent/base/text.h"
#include "outputs/consent.h"
#include "outputs/grant.h"
#include "outputs/reply.h"
#include "outputs/token_look.h"
#include "outputs/web_limits.h"

#define EARLY_MS (5 * MINUTE_MS)
#define USUAL_LIFE_S 3600
#define LIFE_MAX_S (24 * 3600)

struct token {
    size_t user_count;   /* who has entered it */
    struct arena memory; /* of account */
    struct account account;
    struct secret text;
    struct secret renewed;           /* a refresh token that could not be stored yet */
    int64_t renew_at_ms, ends_at_ms; /* mono */
    struct link_complaint complaint;
    uint64_t round; /* of the last use, for who is forgotten */
    struct https https;
    struct smtp_reply failure;
};

struct tokens {
    const struct link_ops *links;
    uint64_t round;
    struct token **all;
    size_t count, capacity;
};

/* --- the set ---------------------------------------------------------------------- */

struct tokens *tokens_create(const struct link_ops *links)
{
    struct tokens *tokens = mem_zalloc(sizeof *tokens);
    tokens->links = links;
    return tokens;
}

static void token_free(struct token *token)
{
    if (!token)
        return;
    https_close(&token->https);
    secret_wipe(&token->text);
    secret_wipe(&token->renewed);
    arena_free(&token->memory);
    free(token);
}

void tokens_free(struct tokens *tokens)
{
    if (!tokens)
        return;
    for (size_t i = 0; i < tokens->count; i++)
        token_free(tokens->all[i]);
    free(tokens->all);
    free(tokens);
}

static bool is_for(const struct token *token, const struct account *account)
{
    return slice_equal(token->account.password_file, account->password_file) &&
           slice_equal(token->account.acts_for, account->acts_for) &&
           slice_equal(token->account.ca_file, account->ca_file) &&
           token->account.login == account->login &&
           token->account.is_api == account->is_api;
}

/* Those in use are as many as connections at most. */
static void forget_longest_unused(struct tokens *tokens)
{
    size_t oldest = SIZE_MAX;
    for (size_t i = 0; i < tokens->count; i++)
        if (tokens->all[i]->user_count == 0 &&
            (oldest == SIZE_MAX || tokens->all[i]->round < tokens->all[oldest]->round))
            oldest = i;
    if (tokens->count < LIMIT_TOKENS || oldest == SIZE_MAX)
        return;
    token_free(tokens->all[oldest]);
    tokens->all[oldest] = tokens->all[--tokens->count];
}

static struct token *token_create(struct tokens *tokens, const struct account *account)
{
    struct token *token = mem_zalloc(sizeof *token);
    token->account = account_copy(account, &token->memory);
    token->https.ops = tokens->links;
    forget_longest_unused(tokens);
    *mem_push(tokens->all, tokens->count, tokens->capacity) = token;
    return token;
}

struct token *tokens_enter(struct tokens *tokens, const struct account *account,
                           const struct wakes *wakes)
{
    struct token *token = NULL;
    for (size_t i = 0; i < tokens->count && !token; i++)
        if (is_for(tokens->all[i], account))
            token = tokens->all[i];
    if (!token)
        token = token_create(tokens, account);
    token->https.wakes = wakes;
    token->user_count++;
    token->round = ++tokens->round;
    return token;
}

void token_leave(struct token *token)
{
    if (!token)
        return;
    if (--token->user_count == 0)
        https_close(&token->https);
}

/* --- what came back --------------------------------------------------------------- */

static struct slice text_at(const struct json *root, const char *name)
{
    const struct json *value = json_find(root, slice_of(name));
    return value && value->type == JSON_STRING ? value->text : SLICE("");
}

static void fail(struct token *token, const struct smtp_reply *reply)
{
    token->failure = *reply;
    https_close(&token->https);
}

static void fail_with(struct token *token, enum smtp_phase phase, const char *text)
{
    struct smtp_reply reply = reply_of_network(phase, slice_of(text));
    fail(token, &reply);
}

static bool is_token_text(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return text.len > 0 && text.len <= LIMIT_TOKEN_BYTES;
}

/* RFC 6749 5.2: "error" is a word, the rest is for people. */
void token_read_error(const struct http_response *response, const struct json *root,
                      struct smtp_reply *reply)
{
    struct slice error = text_at(root, "error");
    struct slice subtype = text_at(root, "error_subtype");
    struct buf text = buf_make(2 * LIMIT_REPLY_TEXT_BYTES);
    buf_put(&text, error);
    buf_puts(&text, subtype.len > 0 ? "/" : "");
    buf_put(&text, subtype);
    buf_puts(&text, text.len > 0 ? ": " : "");
    buf_put(&text, text_at(root, "error_description"));
    if (response->retry_after_s >= 0)
        buf_printf(&text, " (retry after %lld s)", (long long)response->retry_after_s);
    *reply = reply_of_network(PHASE_TOKEN, buf_slice(&text));
    reply->code = response->status;
    for (size_t i = 0; i < error.len && i < sizeof reply->token - 1 &&
                       error.ptr[i] > ' ' && error.ptr[i] <= '~';
         i++)
        reply->token[i] = error.ptr[i];
    buf_free(&text);
}

static void refuse(struct token *token, const struct json *root)
{
    struct smtp_reply reply;
    token_read_error(&token->https.response, root, &reply);
    fail(token, &reply);
}

static bool keep_secret(struct secret *into, struct slice text, struct err *err)
{
    secret_wipe(into);
    if (secret_open(into, LIMIT_TOKEN_BYTES, err) && secret_put(into, text))
        return true;
    secret_wipe(into);
    return false;
}

static void note_unstored(struct token *token, const struct err *err)
{
    struct slice path = token->account.password_file;
    snprintf(token->complaint.text, sizeof token->complaint.text,
             "the new refresh token for '%.*s' is not stored: %s",
             (int)(path.len < 200 ? path.len : 200), path.ptr, err->text);
    snprintf(token->complaint.remedy, sizeof token->complaint.remedy,
             "let the user that tocsin runs as write into the folder of the "
             "token_file, as below /var/lib/tocsin; a restart before that may need "
             "`tocsin auth gmail` anew");
}

/* The endpoint may give a new refresh token with each access token, and forget the old
 * one. One that cannot be stored is kept here and tried again at the next renewal. */
static void keep_renewed(struct token *token, struct slice fresh)
{
    struct err err = { 0 };
    if (token->account.login != LOGIN_CONSENT)
        return;
    if (is_token_text(fresh) && !keep_secret(&token->renewed, fresh, &err))
        note_unstored(token, &err);
    if (token->renewed.len == 0)
        return;
    if (consent_renew(token->account.password_file, secret_slice(&token->renewed),
                      &err)) {
        secret_wipe(&token->renewed);
    } else {
        note_unstored(token, &err);
    }
}

static int64_t life_ms(const struct json *root)
{
    const struct json *value = json_find(root, SLICE("expires_in"));
    int64_t life_s = USUAL_LIFE_S;
    if (value && slice_to_int(value->text, &life_s) && life_s < 0)
        life_s = 0;
    return (life_s < LIFE_MAX_S ? life_s : LIFE_MAX_S) * SECOND_MS;
}

/* @return false with @err when it could not be kept, without when there is none. */
static bool take_token(struct token *token, const struct json *root, struct now now,
                       struct err *err)
{
    struct slice text = text_at(root, "access_token");
    int64_t life = life_ms(root);
    if (!is_token_text(text) || life == 0)
        return false;
    if (!keep_secret(&token->text, text, err))
        return false;
    token->ends_at_ms = now.mono_ms + life;
    token->renew_at_ms =
        now.mono_ms + (life > 2 * EARLY_MS ? life - EARLY_MS : life / 2);
    keep_renewed(token, text_at(root, "refresh_token"));
    return true;
}

static void take_answer(struct token *token, struct now now)
{
    const struct http_response *response = &token->https.response;
    struct arena arena = { 0 };
    struct err err = { 0 };
    const struct json *root = json_parse(secret_slice(&response->body), &arena).root;
    bool is_good = response->status >= 200 && response->status < 300;
    if (is_good || token->renewed.len == 0) /* else it is still to be stored */
        token_look(&token->account, response, text_at(root, "scope"), now,
                   &token->complaint);
    if (!is_good)
        refuse(token, root);
    else if (!take_token(token, root, now, &err))
        fail_with(token, err.kind == ERR_NONE ? PHASE_TOKEN : PHASE_AUTH,
                  err.kind == ERR_NONE ? "the token endpoint's answer holds no token"
                                       : err.text);
    else
        https_close(&token->https);
    arena_wipe(&arena);
}

/* --- a request -------------------------------------------------------------------- */

static bool ask(struct token *token, struct now now)
{
    struct grant grant = { 0 };
    struct err err = { 0 };
    bool ok =
        grant_read(&token->account, secret_slice(&token->renewed), now, &grant, &err);
    if (ok) {
        https_open(&token->https, &grant.place, now);
        https_ask(&token->https, &grant.request, SLICE(""), now);
    } else {
        fail_with(token, PHASE_AUTH, err.text);
    }
    grant_clear(&grant);
    return ok;
}

/* How far it came is a word of the text, because what the mail server's ports are asked
 * for does not help here. */
struct smtp_reply token_network_failure(const struct smtp_reply *why)
{
    struct buf text = buf_make(2 * LIMIT_REPLY_TEXT_BYTES);
    if (why->phase != PHASE_QUIT)
        buf_printf(&text, "%s: ", smtp_phase_name(why->phase));
    buf_puts(&text, why->text);
    struct smtp_reply reply = reply_of_network(PHASE_TOKEN, buf_slice(&text));
    buf_free(&text);
    return reply;
}

bool token_is_fresh(const struct token *token, struct now now)
{
    return token->text.len > 0 && now.mono_ms < token->renew_at_ms;
}

/* A token that is old but good is better than none while the endpoint is in trouble. */
static enum token_state give_up(struct token *token, struct now now)
{
    bool is_good = token->text.len > 0 && now.mono_ms < token->ends_at_ms;
    bool is_trouble = token->failure.code == 0 || token->failure.code >= 500 ||
                      token->failure.code == 429;
    if (!is_good || !is_trouble)
        return TOKEN_FAILED;
    token->renew_at_ms = earlier_ms(token->ends_at_ms, now.mono_ms + MINUTE_MS);
    return TOKEN_READY;
}

enum token_state token_step(struct token *token, struct now now)
{
    bool is_asking = token->https.state != HTTPS_CLOSED;
    if (!is_asking && token_is_fresh(token, now))
        return TOKEN_READY;
    if (!is_asking && !ask(token, now))
        return give_up(token, now);
    switch (https_step(&token->https, now)) {
    case HTTPS_CLOSED:
        token->failure = token_network_failure(&token->https.failure);
        return give_up(token, now);
    case HTTPS_ANSWERED:
        take_answer(token, now);
        return token_is_fresh(token, now) ? TOKEN_READY : give_up(token, now);
    default:
        return TOKEN_PENDING;
    }
}

const struct smtp_reply *token_failure(const struct token *token)
{
    return &token->failure;
}

struct slice token_text(const struct token *token)
{
    return secret_slice(&token->text);
}

const struct link_complaint *token_complaint(const struct token *token)
{
    return &token->complaint;
}

void token_refuse(struct token *token)
{
    secret_wipe(&token->text);
}

int64_t token_wake_at(const struct token *token)
{
    return https_wake_at(&token->https);
}
