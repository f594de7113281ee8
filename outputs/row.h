/**
 * The states of an outbox row, and every move between them. There are no others: a move
 * that is not in the table is a bug and aborts.
 */
#ifndef TOCSIN_OUTPUTS_ROW_H
#define TOCSIN_OUTPUTS_ROW_H

#include <stdbool.h>

/** Stored as these numbers; the indexes rely on their order. */
enum row_state {
    ROW_WAITING,
    ROW_HANDING_OVER, /**< claimed: bytes of it may have left */
    ROW_DEAD,         /**< given up; kept with its bytes for `queue retry` */
    ROW_SENT,
    ROW_CANCELLED, /**< by `queue drop`, or merged into another */
};
enum row_event {
    EVENT_CLAIM,
    EVENT_ACCEPT,   /**< the server has it */
    EVENT_POSTPONE, /**< not now */
    EVENT_DOUBT,    /**< nobody knows whether the server has it */
    EVENT_REFUSE,   /**< never */
    EVENT_EXPIRE,   /**< tried for too long, or its output is gone */
    EVENT_RETRY,    /**< a person wants it now */
    EVENT_DROP,     /**< a person does not want it any more */
    EVENT_MERGE,    /**< another mail tells it */
};
/** "waiting", "handing over", "dead", "sent", "cancelled". */
const char *row_state_name(enum row_state state);
/** Is there such a move? */
bool row_may_move(enum row_state from, enum row_event on);
/** Where it leads; there must be one. */
enum row_state row_move(enum row_state from, enum row_event on);

#endif
