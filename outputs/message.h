/**
 * A message: the RFC 5322 bytes, rendered once and stored, so that every attempt sends
 * the same bytes with the same Message-ID and Date. Lives in the turn's arena.
 */
#ifndef TOCSIN_OUTPUTS_MESSAGE_H
#define TOCSIN_OUTPUTS_MESSAGE_H

#include "agent/base/slice.h"

enum { PRIORITY_DIGEST, PRIORITY_NORMAL, PRIORITY_CRITICAL };

struct message {
    struct slice output;            /**< name of the output it goes to */
    struct slice message_id;        /**< "<...@...>", with the angle brackets */
    struct slice subject;           /**< decoded, clean text; for people */
    struct slice from;              /**< envelope sender, without angle brackets */
    const struct slice *recipients; /**< envelope recipients; empty for a maildir */
    size_t recipient_count;
    struct slice bytes; /**< the mail: 7-bit, CRLF line ends, no line over 998 octets,
                                  not dot-stuffed */
    int priority;
    struct slice reason;  /**< notice_reason_name() */
    uint64_t event_count; /**< sightings that it tells */
};

#endif
