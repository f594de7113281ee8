/**
 * A conversation as a connection sees it (peer.c): bytes in, bytes out, and wishes.
 * SMTP is one, HTTP another; the functions are those of smtpd.h.
 */
#ifndef TOCSIN_SINK_TALKER_H
#define TOCSIN_SINK_TALKER_H

#include "agent/sink/smtpd.h"

struct talker {
    void *(*create)(const void *config, uint64_t number, bool is_secure);
    void (*free)(void *session); /**< NULL is nothing */
    void (*feed)(void *session, struct slice bytes);
    struct slice (*output)(const void *session);
    void (*sent)(void *session, size_t count);
    enum smtpd_wish (*wish)(const void *session);
    void (*secured)(void *session);
    int64_t (*pause_ms)(const void *session);
    void (*resume)(void *session);
    int64_t (*slow_bytes)(const void *session);
};

/** Created with a struct smtpd_config. */
extern const struct talker talker_smtp;
/** Created with a struct webd_config. */
extern const struct talker talker_web;

#endif
