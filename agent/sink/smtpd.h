/**
 * One conversation of a mail server that behaves like Gmail's submission server: bytes
 * in, bytes out. No descriptor, no clock, no TLS: the caller moves the bytes (server.c
 * over sockets, agent/story in memory on virtual time). What it does is RFC 5321, 4954
 * and 3207; the words of its replies are those seen at smtp.gmail.com
 * (shared/facts/gmail.md).
 */
#ifndef TOCSIN_SINK_SMTPD_H
#define TOCSIN_SINK_SMTPD_H

#include "agent/base/buf.h"
#include "agent/sink/script.h"
#include "agent/sink/sink_limits.h"

/** What smtp.gmail.com announces: 25 MB, a third more for base64, and something. */
#define SMTPD_GMAIL_SIZE 35882577

/** A mail that was accepted; borrowed for the call. */
struct smtpd_mail {
    struct slice user; /**< who was logged in; may be empty */
    struct slice from; /**< envelope, without angle brackets */
    const struct slice *recipients;
    size_t recipient_count;
    struct slice bytes; /**< dot-stuffing undone, with the last CRLF */
};

/** Counted over all sessions that share it. */
struct smtpd_tally {
    uint64_t sessions;
    uint64_t logins, failed_logins;
    uint64_t attempts; /**< MAIL commands */
    uint64_t accepted;
    uint64_t refused_recipients;
    uint64_t refused_mails; /**< at DATA or after it */
    uint64_t violations;    /**< what RFC 5321 forbids a client */
    char last_violation[160];
};

struct likeness;
struct google;

struct smtpd_config {
    struct slice host;           /**< how the server calls itself */
    struct slice user, password; /**< empty user: every login is right */
    bool offers_starttls;        /**< while not encrypted; then a mail needs it */
    bool wants_login;            /**< no MAIL before AUTH */
    bool is_strict;              /**< refuse what has a violation */
    size_t max_bytes;            /**< of a mail, announced as SIZE */
    struct script *script;       /**< NULL: none */
    struct likeness *likeness;   /**< NULL: no limits, no replies on demand */
    const struct google *google; /**< gives the tokens; NULL: they are passwords */
    struct smtpd_tally *tally;
    void (*accept)(void *ctx, const struct smtpd_mail *mail);
    void *ctx;
};

struct smtpd;

/** Begin: the greeting is in smtpd_output(). @config is borrowed for its life.
 *  @number      makes the ids in its replies
 *  @is_secure   encrypted already (implicit TLS): AUTH is offered */
struct smtpd *smtpd_create(const struct smtpd_config *config, uint64_t number,
                           bool is_secure);
void smtpd_free(struct smtpd *session);

/** Take bytes from the client, at most LIMIT_SINK_INBOX_BYTES a call. */
void smtpd_feed(struct smtpd *session, struct slice bytes);

/** What is to be sent now; borrowed until the next call. */
struct slice smtpd_output(const struct smtpd *session);
/** The first @count bytes of it are sent. */
void smtpd_sent(struct smtpd *session, size_t count);

enum smtpd_wish {
    SMTPD_TALK,
    SMTPD_START_TLS, /**< do the handshake, then smtpd_secured() */
    SMTPD_CLOSE,
    SMTPD_RESET,
};
/** What the caller is to do once smtpd_output() is empty. */
enum smtpd_wish smtpd_wish(const struct smtpd *session);
void smtpd_secured(struct smtpd *session);

/** A script wants a reply later: milliseconds to wait before smtpd_resume(); 0: none.
 *  Until then nothing is processed and the caller reads nothing. */
int64_t smtpd_pause_ms(const struct smtpd *session);
void smtpd_resume(struct smtpd *session);

/** Bytes a second that the server gives at most; 0: no limit. */
int64_t smtpd_slow_bytes(const struct smtpd *session);

#endif
