/** Where secrets stand in a text, without any configuration. */
#ifndef TOCSIN_RULES_REDACT_SECRETS_H
#define TOCSIN_RULES_REDACT_SECRETS_H

#include "agent/base/limits.h"
#include "agent/base/slice.h"
#include "rules/literals.h"

/** What stands where a secret stood. */
#define REDACTED "[redacted]"

/** Bytes of a text that are secret. */
struct span {
    size_t from, to;
};

/** Sorted, apart from each other. When there are too many, the last one goes to the end
 *  of the text: rather too much is hidden than too little. */
struct spans {
    struct span items[LIMIT_REDACTIONS];
    size_t count;
};

/** Put @from to @to in; of a text of @len bytes. */
void spans_put(struct spans *spans, size_t from, size_t to, size_t len);

/** A text without '=' and ':' that holds a secret has as many bytes at least: "bearer "
 *  and what follows; tokens and keys are longer. */
enum { REDACT_MIN_UNSIGNED_BYTES = 15 };

/** What the literals are of: see redact_names_value() and redact_url_has_password() of
 *  the first two; what stands behind the others may be secret by itself. */
enum redact_kind { REDACT_WORDS, REDACT_URLS, REDACT_OTHERS, REDACT_KINDS };

/** Of the literals of all kinds one stands in each text in which redact_find_secrets()
 *  finds something, but for a line of a private key: see redact_is_key_body(). In
 *  @arena. */
struct literals redact_literals(enum redact_kind kind, struct arena *arena);
/** Is it a line out of the middle of a private key: nothing but a full line of
 *  base64? */
bool redact_is_key_body(struct slice text);
/** Does what follows the byte @at of a word make a name of it, with a sign behind?
 *  Where that is so of none of the words, redact_find_values() finds nothing. */
bool redact_names_value(struct slice text, size_t at);
/** Does a password stand behind the "://" that the byte @at is of? Most URLs have
 *  none. */
bool redact_url_has_password(struct slice text, size_t at);

/** Is @name, of a field or label, that of a secret: "api_key", "db.password"? */
bool redact_names_secret(struct slice name);

/** Find the values of words like password=, token: and Bearer, tokens with a known
 *  beginning (JWT, GitHub, Slack, AWS, ...), passwords in URLs, private keys in PEM.
 *  One pass over the text, nothing allocated. */
void redact_find_secrets(struct slice text, struct spans *spans);

/** The same where of the literals there are words alone, the first of them around
 *  @at. */
void redact_find_values(struct slice text, size_t at, struct spans *spans);

#endif
