/**
 * The HTTP server: libmicrohttpd behind a door, on descriptors that others accepted and
 * on time that is handed in. It collects whole requests and holds back their answers
 * until they are released; what is right or wrong in them it does not know.
 *
 * A connection is kept for a second request only after an accepted body of known
 * length. After everything else it is closed, so that nothing that hides behind a
 * request whose end others may see elsewhere is ever executed.
 */
#ifndef TOCSIN_HTTP_HTTPD_H
#define TOCSIN_HTTP_HTTPD_H

#include "agent/base/buf.h"
#include "agent/base/err.h"
#include "agent/base/now.h"
#include "agent/base/wakes.h"
#include "agent/inputs/http/head.h"
#include "agent/inputs/input.h"

struct httpd;

/** A request whose head was let in. The slices live until it is answered. */
struct http_request {
    struct slice path, query, content_type;
    struct slice signature;   /**< of the header that the setting names */
    struct buf body;          /**< at most LIMIT_HTTP_BODY_BYTES */
    unsigned char digest[32]; /**< for its owner */
    bool has_digest;          /**< likewise */
};

struct httpd_setting {
    const struct wakes *wakes;     /**< may be NULL */
    struct inputs_tally *tally;    /**< counted into; borrowed */
    const char *certificate, *key; /**< PEM; NULL: no TLS. Copied. */
    /** A head is there. @return the reply, with @delay_ms to wait before it is sent; or
     *  status 0: the body is wanted. @signature_header may be set to the name of the
     *  header whose value goes into the request. */
    struct http_reply (*judge)(void *ctx, const struct http_head *head,
                               int64_t *delay_ms, const char **signature_header);
    void *ctx;
    struct metrics_source metrics; /**< what a reply without a text has in its place */
};

/** Was the library built with TLS? */
bool httpd_has_tls(void);

/** Fails: ERR_INVALID, certificate and key are not usable; ERR_IO. */
struct httpd *httpd_create(const struct httpd_setting *setting, struct err *err)
    __attribute__((warn_unused_result));
/** Answer what is open with 503 as far as it goes without waiting, and close all. */
void httpd_close(struct httpd *httpd);

/** Serve the accepted, non-blocking socket @fd, which is taken over. */
void httpd_add(struct httpd *httpd, int fd, const struct sockaddr_storage *socket,
               socklen_t length, struct now now);

/** Read, write, and give up what is over its deadline. Never blocks. */
void httpd_run(struct httpd *httpd, struct now now);

/** The oldest whole request that nobody took, or NULL. */
struct http_request *httpd_next(struct httpd *httpd);
/** Take it: @reply is sent when it is released. */
void httpd_hold(struct httpd *httpd, struct http_request *request,
                struct http_reply reply);
/** The held requests in the order in which they were taken: @at starts at NULL. */
struct http_request *httpd_held(struct httpd *httpd, struct http_request *at);
/** Send what is held, at the next httpd_run(). */
void httpd_release(struct httpd *httpd);
/** Send @reply to all that are held or whole. */
void httpd_refuse(struct httpd *httpd, struct http_reply reply);

/** When httpd_run() has something to do without a ready descriptor, in mono_ms. */
int64_t httpd_wake_at(const struct httpd *httpd);

size_t httpd_connections(const struct httpd *httpd);
size_t httpd_connections_of(const struct httpd *httpd, const struct http_peer *peer);

/** "libmicrohttpd 0.9.75". */
void httpd_put_version(struct buf *out);

#endif
