/**
 * What a reply means: a table of what Gmail and other servers say, and what it asks of
 * us. The digit alone misleads (a spent quota is a 550), so a row looks at the phase,
 * the code, the enhanced code, Gmail's p= token and the text; the first row that fits
 * decides. The rows of Gmail's HTTPS API stand there too: the code is HTTP's, the token
 * is the reason.
 */
#ifndef TOCSIN_OUTPUTS_VERDICT_H
#define TOCSIN_OUTPUTS_VERDICT_H

#include "outputs/link.h"

enum outcome {
    OUTCOME_SENT,  /**< the server has it */
    OUTCOME_LATER, /**< try again */
    OUTCOME_NEVER, /**< the same bytes will be refused again */
    OUTCOME_DOUBT, /**< the server may have it */
};

/** Who has to wait, or is refused. */
enum scope {
    SCOPE_MESSAGE,
    SCOPE_RECIPIENT,
    SCOPE_ACCOUNT, /**< nothing of this account is tried until then */
    SCOPE_NETWORK, /**< likewise, by the backoff of connections */
};

/** What kind of trouble it is. */
enum trouble {
    TROUBLE_NONE,
    TROUBLE_SERVER,     /**< the server or the network has a bad time */
    TROUBLE_STALE,      /**< an idle connection is closed: a new one helps at once */
    TROUBLE_SECRET,     /**< the login is refused; a person has to act */
    TROUBLE_SETTING,    /**< host, sender or domain are wrong; a person has to act */
    TROUBLE_TLS,        /**< nothing is sent without it; a person has to act */
    TROUBLE_LOGINS,     /**< too many logins */
    TROUBLE_QUOTA,      /**< the sending limit of a day */
    TROUBLE_RATE,       /**< slowed down for a while */
    TROUBLE_RECIPIENT,  /**< of one recipient */
    TROUBLE_RECIPIENTS, /**< too many at once: the mail goes in parts */
    TROUBLE_CONTENT,    /**< this mail is refused for what it is */
    TROUBLE_SIZE,       /**< this mail is too large: a shorter one may do */
    TROUBLE_PROTOCOL,   /**< server and client lost each other: a bug of one of them */
};
/** "server", "stale connection", "secret", ... */
const char *trouble_name(enum trouble trouble);
/** Does it end only when a person acts? */
bool trouble_wants_person(enum trouble trouble);

struct verdict {
    enum trouble trouble;
    enum outcome outcome;
    enum scope scope;
    int64_t wait_ms; /**< at least so long; 0: by the backoff alone */
    int64_t
        max_wait_ms; /**< doubled each time up to this; 0: an account's is not doubled,
                          a network's by the backoff of connections */
    bool wants_secret;  /**< a new secret ends the wait at once */
    const char *advice; /**< one sentence for a person */
};

/** A row fits when all that it names fits. */
struct verdict_row {
    uint32_t phases; /**< bits 1u << enum smtp_phase */
    int code;        /**< exact; 2..5: all codes that begin so; 0: no reply */
    const char
        *enhanced;     /**< the enhanced code or whole numbers of its front, as "5.7";
                             NULL: any */
    const char *token; /**< the p= token; NULL: any */
    const char *text;  /**< stands in the text, whatever the case; NULL: any */
    struct verdict verdict;
};
extern const struct verdict_row verdict_table[];
extern const size_t verdict_row_count;

/** The row that decides. Every reply has one. */
const struct verdict_row *verdict_row_of(const struct smtp_reply *reply);

static inline const struct verdict *verdict_of(const struct smtp_reply *reply)
{
    return &verdict_row_of(reply)->verdict;
}

/** The wait before try number @attempts + 1: 30 s doubled each time up to @max_ms (at
 *  most an hour), without jitter. */
int64_t backoff_ms(int64_t attempts, int64_t max_ms);

#endif
