/**
 * Access tokens of OAuth 2.0, got from the token endpoint without blocking, kept in
 * locked memory over many mails, and renewed five minutes before they end. One set for
 * the process; accounts that use the same file share a token.
 */
#ifndef TOCSIN_OUTPUTS_TOKEN_H
#define TOCSIN_OUTPUTS_TOKEN_H

#include "agent/base/json.h"
#include "outputs/https.h"

enum token_state { TOKEN_PENDING, TOKEN_READY, TOKEN_FAILED };

struct tokens;
struct token;

/** @links makes the connections; borrowed. */
struct tokens *tokens_create(const struct link_ops *links);
void tokens_free(struct tokens *tokens);

/** The token of @account, which logs in by consent or by a service account; it is there
 *  until tokens_free(), or until token_leave() and LIMIT_TOKENS others. */
struct token *tokens_enter(struct tokens *tokens, const struct account *account,
                           const struct wakes *wakes);
/** Nobody steps it any more on our behalf: a request under way is given up. NULL is
 *  nothing. */
void token_leave(struct token *token);

/** Is there one that need not be renewed yet? */
bool token_is_fresh(const struct token *token, struct now now);
/** Go on until there is one. TOKEN_FAILED: token_failure() tells why, and the next call
 *  tries anew. */
enum token_state token_step(struct token *token, struct now now);
/** Phase TOKEN, with HTTP's code and the error of RFC 6749 5.2 as its token, or code 0
 *  and what the network said; phase AUTH, code 0, when the file cannot be used. */
const struct smtp_reply *token_failure(const struct token *token);
/** The token, while it is ready; borrowed until the next step. */
struct slice token_text(const struct token *token);
/** What is worth a look although it may work: a refresh token that could not be stored,
 *  told until it is, which each renewal tries; or what token_look() found. */
const struct link_complaint *token_complaint(const struct token *token);
/** A server does not take it: it is forgotten. */
void token_refuse(struct token *token);
/** When to step without a ready descriptor, in mono_ms. */
int64_t token_wake_at(const struct token *token);

/** What a token endpoint said instead of giving a token: phase TOKEN, HTTP's code, the
 *  error as the reply's token. @root  its body; may be NULL */
void token_read_error(const struct http_response *response, const struct json *root,
                      struct smtp_reply *reply);
/** The same when the network said no: "connect: Connection refused". */
struct smtp_reply token_network_failure(const struct smtp_reply *why);

#endif
