/**
 * The sink's sockets: one thread, poll(2), loopback addresses alone, at most
 * LIMIT_SINK_CONNECTIONS at once. Each connection is a smtpd.c conversation; this
 * file moves its bytes and keeps its times.
 */
#ifndef TOCSIN_SINK_SERVER_H
#define TOCSIN_SINK_SERVER_H

#include "agent/base/err.h"
#include "agent/sink/google.h"
#include "agent/sink/sink_limits.h"
#include "agent/sink/store.h"

struct sink_options {
    const char *address;           /**< 127.x.y.z, ::1 or localhost */
    int64_t smtp_port, smtps_port; /**< 0: any that is free */
    bool is_plain;                 /**< no TLS, no AUTH, no second port */
    bool is_quickack;              /**< TCP_QUICKACK after each read */
    bool prints;                   /**< each mail to standard output */
    const char *write_ca; /**< file for the authority's certificate; NULL: none */
    const char *log;      /**< file of one line a mail; NULL: none */
    const char *token;    /**< see show_log_line(); NULL: none */
    uint64_t max_mails;   /**< then end; 0: no end */
    int64_t for_ms;       /**< then end; 0: no end */
    struct slice user, password; /**< empty user: any */
    bool is_strict;
    struct likeness *likeness; /**< NULL: not so, and no HTTPS */
    int64_t https_port;        /**< as the others */
    struct google google;      /**< what stands in its oauth */
    int64_t max_bytes;         /**< of a mail */
    struct script script;
    struct sink_store store;
};

/** Listen, say "listening smtp=... smtps=... ca=..." on standard output, and serve
 *  until SIGTERM, SIGINT, max_mails or for_ms; then print a summary. Fails: ERR_INVALID
 *  not a loopback address, ERR_BUSY or ERR_DENIED the port, ERR_IO. */
bool sink_run(struct sink_options *options, struct err *err)
    __attribute__((warn_unused_result));

#endif
