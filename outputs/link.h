/**
 * The seam to mail servers: a byte stream that is already connected, encrypted and
 * logged in. Behind it stands libcurl (smtp.c) or a scripted server (agent/story).
 * Everything after the login (MAIL to QUIT) is spoken by dialog.c over it. Nothing here
 * blocks.
 */
#ifndef TOCSIN_OUTPUTS_LINK_H
#define TOCSIN_OUTPUTS_LINK_H

#include <sys/types.h>

#include "agent/base/buf.h"
#include "agent/base/limits.h"
#include "agent/base/now.h"
#include "agent/base/slice.h"
#include "agent/base/wakes.h"
#include "outputs/account.h"

/** How far a conversation with a mail server has come. A reply is judged by it. */
enum smtp_phase {
    PHASE_RESOLVE,
    PHASE_CONNECT,
    PHASE_TLS,
    PHASE_GREETING,
    PHASE_EHLO,
    PHASE_STARTTLS,
    PHASE_AUTH,
    PHASE_MAIL,
    PHASE_RCPT,
    PHASE_DATA,
    PHASE_BODY,
    PHASE_DOT, /**< from the send that showed the final dot until the reply */
    PHASE_RSET,
    PHASE_QUIT,
    PHASE_TOKEN,   /**< Google's token endpoint; codes are HTTP's */
    PHASE_API,     /**< Gmail's HTTPS API; likewise */
    PHASE_WEBHOOK, /**< the receiver of a webhook; likewise */
};
/** "resolve", "connect", ... */
const char *smtp_phase_name(enum smtp_phase phase);

/** The last thing a server said, or what the network said instead. */
struct smtp_reply {
    enum smtp_phase phase;
    int code;          /**< 0: no reply; then text says what the network or TLS said */
    char enhanced[12]; /**< "5.4.5" or "" */
    char token[40];    /**< of "p=BadCredentials" or "" */
    char text[LIMIT_REPLY_TEXT_BYTES]; /**< all lines, joined by blanks, cleaned; cut */
};

enum link_state { LINK_OPENING, LINK_READY, LINK_FAILED };

/** What a person should know of how we log in, whether the login succeeds or not. */
struct link_complaint {
    char text[800]; /**< "the new refresh token is not stored: ..."; "": nothing */
    char remedy[256];
};

struct link;

struct link_ops {
    /** Begin to connect and log in. @account and its secret file are read now; the
     *  secret is wiped when the login is over. Never fails at once: a failure shows in
     *  step(). */
    struct link *(*open)(void *ctx, const struct account *account,
                         const struct wakes *wakes, struct now now);
    /** Go on without blocking. LINK_FAILED: failure() tells why. */
    enum link_state (*step)(struct link *link, struct now now);
    /** The same once it is ready, before anything is sent or received; NULL: no link of
     *  this kind needs it. */
    void (*go_on)(struct link *link, struct now now);
    const struct smtp_reply *(*failure)(const struct link *link);
    /** Did the last EHLO reply name this extension ("PIPELINING", "SIZE",
     *  "8BITMIME")? */
    bool (*has_extension)(const struct link *link, struct slice keyword);
    /** Bytes of a mail that the server takes at most, by SIZE in its last EHLO reply;
     *  0: it did not say. NULL: no link of this kind knows. */
    int64_t (*size_max)(const struct link *link);
    /** When the server's certificate ends, in unix seconds; 0: not known. NULL: no link
     *  of this kind knows. */
    int64_t (*certificate_ends)(const struct link *link);
    /** Of a link that is ready or failed; NULL or an empty one: nothing. NULL: no link
     *  of this kind complains. */
    const struct link_complaint *(*complaint)(const struct link *link);
    /** @return bytes taken or given, 0 would block, -1 broken or (receive) closed. */
    ssize_t (*send)(struct link *link, struct slice bytes);
    ssize_t (*receive)(struct link *link, void *into, size_t size);
    /** Ask the loop to wake us for @events (WAKE_*) from now on. */
    void (*want)(struct link *link, int events);
    /** Close at once, without QUIT. */
    void (*close)(struct link *link);
    /** When step() wants to be called without a ready descriptor, in mono_ms. */
    int64_t (*wake_at)(const struct link *link);
    /** Takes a mail that is for the Maildir @folder instead of writing it there; NULL:
     *  it is written. @return false: try again later. */
    bool (*keep)(void *ctx, struct slice folder, struct slice bytes);
    void *ctx;
};

/** libcurl with CURLOPT_CONNECT_ONLY: DNS, TCP, TLS or STARTTLS with verification,
 *  AUTH. One for the process; links_curl_free() after every link is closed. */
const struct link_ops *links_curl(void);
void links_curl_free(const struct link_ops *ops);

/** "libcurl/7.88.1 OpenSSL/3.0.17 ...". */
void links_curl_put_version(struct buf *out);

#endif
