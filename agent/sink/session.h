/**
 * One conversation of a mail server that behaves like Gmail's submission server: bytes
 * in, bytes out. No descriptor, no clock, no TLS: the caller moves the bytes (server.c
 * over sockets, agent/story in memory on virtual time). What it does is RFC 5321, 4954
 * and 3207; the words of its replies are those seen at smtp.gmail.com
 * (shared/facts/gmail.md).
 */
#ifndef TOCSIN_SINK_SESSION_H
#define TOCSIN_SINK_SESSION_H

#include "agent/base/buf.h"
#include "agent/sink/script.h"

/** What smtp.gmail.com announces: 25 MB, a third more for base64, and something. */
#define SESSION_GMAIL_SIZE 35882577

/** A mail that was accepted; borrowed for the call. */
struct session_mail {
    struct slice user; /**< who was logged in; may be empty */
    struct slice from; /**< envelope, without angle brackets */
    const struct slice *recipients;
    size_t recipient_count;
    struct slice bytes; /**< dot-stuffing undone, with the last CRLF */
};

/** Counted over all sessions that share it. */
struct session_tally {
    uint64_t sessions;
    uint64_t logins, failed_logins;
    uint64_t attempts; /**< MAIL commands */
    uint64_t accepted;
    uint64_t refused_recipients;
    uint64_t refused_mails; /**< at DATA or after it */
    uint64_t violations;    /**< what RFC 5321 forbids a client */
    char last_violation[160];
};

struct session_config {
    struct slice host;           /**< how the server calls itself */
    struct slice user, password; /**< empty user: every login is right */
    bool offers_starttls;        /**< while not encrypted; then a mail needs it */
    bool wants_login;            /**< no MAIL before AUTH */
    bool is_strict;              /**< refuse what has a violation */
    size_t max_bytes;            /**< of a mail, announced as SIZE */
    struct script *script;       /**< NULL: none */
    struct session_tally *tally;
    void (*accept)(void *ctx, const struct session_mail *mail);
    void *ctx;
};

struct session;

/** Begin: the greeting is in session_output(). @config is borrowed for its life.
 *  @number      makes the ids in its replies
 *  @is_secure   encrypted already (implicit TLS): AUTH is offered */
struct session *session_create(const struct session_config *config, uint64_t number,
                               bool is_secure);
void session_free(struct session *session);

/** Take bytes from the client, at most LIMIT_SINK_INBOX_BYTES a call. */
void session_feed(struct session *session, struct slice bytes);

/** What is to be sent now; borrowed until the next call. */
struct slice session_output(const struct session *session);
/** The first @count bytes of it are sent. */
void session_sent(struct session *session, size_t count);

enum session_wish {
    SESSION_TALK,
    SESSION_START_TLS, /**< do the handshake, then session_secured() */
    SESSION_CLOSE,
    SESSION_RESET,
};
/** What the caller is to do once session_output() is empty. */
enum session_wish session_wish(const struct session *session);
void session_secured(struct session *session);

/** A script wants a reply later: milliseconds to wait before session_resume(); 0: none.
 *  Until then nothing is processed and the caller reads nothing. */
int64_t session_pause_ms(const struct session *session);
void session_resume(struct session *session);

/** Bytes a second that the server gives at most; 0: no limit. */
int64_t session_slow_bytes(const struct session *session);

#endif
