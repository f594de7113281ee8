/**
 * A script makes the mail server answer otherwise than it would: refuse, close, hang,
 * be slow. It is a list of rules; the first rule that fits decides. A rule is written:
 *
 *     PHASE[(TEXT)]:[WHEN]ACTION
 *
 *     PHASE   greeting ehlo starttls auth mail rcpt data body dot rset quit
 *             (body: when the first line of the mail is there; dot: when all of it is),
 *             and before them connect (before any byte), tls (before each handshake)
 *             and, in stories alone, resolve
 *             consent token api (by HTTPS: CODE is HTTP's, the first word of TEXT the
 *             error or reason; (TEXT) is looked for in query, form, or mail)
 *             hook (by HTTPS: CODE is HTTP's, TEXT the answer; "retry-after=N" in front
 *             of it becomes that header)
 *     (TEXT)  only when TEXT is found in the command line, or, for dot, in the mail
 *     WHEN    nothing: always; 2x: the first two times; #3: the third time alone;
 *             #3+: from the third time on
 *     ACTION  CODE TEXT        this reply, of several lines with "\n". A positive reply
 *                              has the effect that the phase always has; 421 closes
 *             close CODE TEXT  this reply, then the connection closes
 *             stay 421 TEXT    this reply, and the connection stays open
 *             close            the connection closes without a reply
 *             reset            it breaks (TCP RST)
 *             hang             nothing is ever answered again
 *             slow N           from here on the server gives N bytes a second
 *             wait DURATION    the reply comes this much later ("wait 1500ms")
 *             raw TEXT         these bytes as they are, with \\r \\n \\xHH \\\\; "raw
 *                              1000*TEXT" so many times. What begins as a positive
 *                              reply has the effect that the phase always has
 *             close raw TEXT   these bytes, then the connection closes
 *             @NAME            this reply of Gmail's (gmail.c)
 *             ok               as if there were no script
 *             take ACTION      dot, api, hook: the mail is accepted first, then the
 *                              action
 *
 * `@NAME` alone is that reply where Gmail says it.
 *
 * For example `rcpt(bob@):550 5.1.1 no such user`, `dot:take close`,
 * `data:2x421 4.7.0 try later`.
 */
#ifndef TOCSIN_SINK_SCRIPT_H
#define TOCSIN_SINK_SCRIPT_H

#include "agent/base/err.h"
#include "agent/base/slice.h"
#include "agent/sink/sink_limits.h"

enum script_phase {
    SCRIPT_GREETING,
    SCRIPT_EHLO,
    SCRIPT_STARTTLS,
    SCRIPT_AUTH,
    SCRIPT_MAIL,
    SCRIPT_RCPT,
    SCRIPT_DATA,
    SCRIPT_BODY,
    SCRIPT_DOT,
    SCRIPT_RSET,
    SCRIPT_QUIT,
    SCRIPT_RESOLVE,
    SCRIPT_CONNECT,
    SCRIPT_TLS,
    SCRIPT_CONSENT, /* Google's page for the user's consent; codes are HTTP's */
    SCRIPT_TOKEN,   /* its token endpoint */
    SCRIPT_API,     /* Gmail's API */
    SCRIPT_HOOK,    /* who receives webhooks */
    SCRIPT_PHASES,  /* how many there are */
};

/** "greeting", "ehlo", ...; NULL at the end. */
extern const char *const script_phase_names[];

enum script_act {
    SCRIPT_PASS,
    SCRIPT_REPLY,
    SCRIPT_RAW,
    SCRIPT_CLOSE,
    SCRIPT_RESET,
    SCRIPT_HANG,
};

/** What to do; borrowed from the script. */
struct script_action {
    enum script_act act;
    bool takes;         /**< accept the mail first */
    bool closes;        /**< after the reply */
    int code;           /**< of a reply */
    struct slice text;  /**< of a reply, lines parted by '\n'; or raw bytes */
    int64_t raw_count;  /**< times that raw bytes are said */
    int64_t slow_bytes; /**< a second, from now on; 0: as before */
    int64_t wait_ms;    /**< before the reply */
};

struct script_rule;

/** Zero-initialised is an empty script. At most LIMIT_SINK_RULES rules. */
struct script {
    struct script_rule *rules;
    size_t count, capacity;
};

/** Put the rule written as @text behind the others.
 *  Fails: ERR_INVALID with a sentence that says what is expected, ERR_FULL. */
bool script_add(struct script *script, struct slice text, struct err *err)
    __attribute__((warn_unused_result));
/** The same, before the others: it goes first now. */
bool script_add_first(struct script *script, struct slice text, struct err *err)
    __attribute__((warn_unused_result));

/** What does the script say to this @phase? Counts. @subject is the command line or the
 *  mail.
 *  @return NULL: nothing, go on as usual. */
const struct script_action *script_judge(struct script *script, enum script_phase phase,
                                         struct slice subject);

/** Forget all rules. */
void script_clear(struct script *script);

#endif
