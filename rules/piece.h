/**
 * Pieces are the things of the engine that are stored: a route's state, a group, an
 * alert, what is remembered of one. This is the list of those that changed, so that a
 * turn writes no more than what it changed.
 *
 * They are stored by sheets, a row of the store each: small pieces share one, because
 * a row costs more than what stands in it. A sheet is written as a whole when one of
 * its pieces changed, and is about as long as a page of the store, which would be
 * written as a whole, too.
 */
#ifndef TOCSIN_RULES_PIECE_H
#define TOCSIN_RULES_PIECE_H

#include "agent/base/slice.h"

enum piece_kind { PIECE_ROUTE, PIECE_GROUP, PIECE_ALERT, PIECE_DEDUP };

enum {
    SHEET_PIECES = 18,  /**< the most */
    SHEET_FILL = 16,    /**< then no further one comes: three such rows fit on a page */
    SHEET_BYTES = 3600, /**< about; then no further piece comes onto it */
    SHEETS_MOST = 16 * 1000000, /**< the store is full long before */
};

/** Lives inside the thing that is stored. Zero-initialised but for its kind. */
struct piece {
    uint32_t sheet;  /**< 0: on none yet; one is given when it is first saved */
    uint32_t place;  /**< 1-based, among the changed; 0: unchanged */
    uint16_t weight; /**< about how many bytes it has when it comes onto a sheet */
    uint8_t slot;    /**< on its sheet */
    uint8_t kind;    /**< enum piece_kind */
};

struct sheet {
    struct piece *pieces[SHEET_PIECES]; /**< in the order in which they came; NULL: it
                                             is gone */
    uint32_t used, count; /**< slots that were given; pieces that are there */
    uint32_t weight;
    bool has_changed; /**< it is among changed_sheets */
};

/** Zero-initialised is empty. */
struct pieces {
    struct piece **changed;
    size_t changed_count, changed_capacity;
    struct sheet **sheets; /**< by number, from 1; NULL: there is none */
    size_t sheet_count, sheet_capacity;
    uint32_t *changed_sheets;
    size_t changed_sheet_count, changed_sheet_capacity;
    uint32_t *free_sheets; /**< numbers to be given again */
    size_t free_count, free_capacity;
    uint32_t open;       /**< the sheet that takes small pieces; 0: none */
    bool has_gaps;       /**< restored sheets may have left numbers free */
    uint64_t drop_count; /**< as long as it is the same, no piece has gone */
};

/** @piece changed. */
void pieces_touch(struct pieces *pieces, struct piece *piece);

/** @piece goes away: with the next save it is not on its sheet any more. */
void pieces_drop(struct pieces *pieces, struct piece *piece);

/** What is stored on @sheet and nothing has taken over goes with the next save. */
void pieces_forget(struct pieces *pieces, uint32_t sheet);

/** @piece is one that is stored on @sheet (1 to SHEETS_MOST): unchanged, until it is
 *  touched. @return false when the sheet is full. */
bool pieces_adopt(struct pieces *pieces, struct piece *piece, uint32_t sheet)
    __attribute__((warn_unused_result));

/** Give each piece that changed its sheet; from then on changed_sheets are those that
 *  must be written. May be repeated. */
void pieces_settle(struct pieces *pieces);

/** All that changed is durable. */
void pieces_saved(struct pieces *pieces);

/** The lists; the pieces themselves are their owners'. */
void pieces_free(struct pieces *pieces);

#endif
