/**
 * Pieces are the things of the engine that are stored one by one: a route's state, a
 * group, an alert, what is remembered of one. This is the list of those that changed
 * and of those that are gone, so that a turn writes no more than what it changed.
 */
#ifndef TOCSIN_RULES_PIECE_H
#define TOCSIN_RULES_PIECE_H

#include "agent/base/slice.h"

enum piece_kind { PIECE_ROUTE, PIECE_GROUP, PIECE_ALERT, PIECE_DEDUP };

/** Lives inside the thing that is stored. Zero-initialised but for its kind. */
struct piece {
    uint64_t id; /**< 0: not stored yet; an id is given when it is first saved */
    enum piece_kind kind;
    uint32_t place; /**< 1-based, among the changed; 0: unchanged */
};

/** The key of a piece that is gone. */
struct piece_name {
    enum piece_kind kind;
    uint64_t id;
};

/** Zero-initialised is empty. */
struct pieces {
    struct piece **changed;
    size_t changed_count, changed_capacity;
    struct piece_name *gone;
    size_t gone_count, gone_capacity;
    uint64_t last_id;
    uint64_t drop_count; /**< as long as it is the same, no piece has gone */
};

/** @piece changed. */
void pieces_touch(struct pieces *pieces, struct piece *piece);

/** @piece goes away: its key is forgotten with the next save. */
void pieces_drop(struct pieces *pieces, struct piece *piece);

/** A stored key that nothing has taken over: forget it. */
void pieces_forget(struct pieces *pieces, enum piece_kind kind, uint64_t id);

/** @piece is the one that is stored under @id: unchanged, until it is touched. */
void pieces_adopt(struct pieces *pieces, struct piece *piece, uint64_t id);

/** Make sure that @piece has an id. */
void pieces_name(struct pieces *pieces, struct piece *piece);

/** All that changed is durable. */
void pieces_saved(struct pieces *pieces);

/** The lists; the pieces themselves are their owners'. */
void pieces_free(struct pieces *pieces);

/** "alert/00000000000004d2" and back. */
enum { PIECE_KEY_BYTES = 32 };
struct slice piece_key_format(char key[PIECE_KEY_BYTES], enum piece_kind kind,
                              uint64_t id);
bool piece_key_parse(struct slice key, enum piece_kind *kind, uint64_t *id);

#endif
