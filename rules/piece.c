/** What changed and what is gone since the last save. */
#include "rules/piece.h"

#include <stdlib.h>

#include "agent/base/mem.h"

static const char *const kind_names[] = { [PIECE_ROUTE] = "route/",
                                          [PIECE_GROUP] = "group/",
                                          [PIECE_ALERT] = "alert/",
                                          [PIECE_DEDUP] = "dedup/" };

enum { KIND_NAME_BYTES = 6, ID_DIGITS = 16 };

void pieces_touch(struct pieces *pieces, struct piece *piece)
{
    if (piece->place != 0)
        return;
    *mem_push(pieces->changed, pieces->changed_count, pieces->changed_capacity) = piece;
    piece->place = (uint32_t)pieces->changed_count;
}

static void untouch(struct pieces *pieces, struct piece *piece)
{
    if (piece->place == 0)
        return;
    struct piece *last = pieces->changed[--pieces->changed_count];
    pieces->changed[piece->place - 1] = last;
    last->place = piece->place;
    piece->place = 0;
}

void pieces_forget(struct pieces *pieces, enum piece_kind kind, uint64_t id)
{
    *mem_push(pieces->gone, pieces->gone_count, pieces->gone_capacity) =
        (struct piece_name){ kind, id };
}

void pieces_drop(struct pieces *pieces, struct piece *piece)
{
    untouch(pieces, piece);
    pieces->drop_count++;
    if (piece->id != 0)
        pieces_forget(pieces, piece->kind, piece->id);
    piece->id = 0;
}

void pieces_adopt(struct pieces *pieces, struct piece *piece, uint64_t id)
{
    untouch(pieces, piece);
    piece->id = id;
    if (piece->kind != PIECE_ROUTE && id > pieces->last_id)
        pieces->last_id = id;
}

void pieces_name(struct pieces *pieces, struct piece *piece)
{
    if (piece->id == 0)
        piece->id = ++pieces->last_id;
}

void pieces_saved(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->changed_count; i++)
        pieces->changed[i]->place = 0;
    pieces->changed_count = 0;
    pieces->gone_count = 0;
}

void pieces_free(struct pieces *pieces)
{
    free(pieces->changed);
    free(pieces->gone);
    *pieces = (struct pieces){ 0 };
}

static const char hex[] = "0123456789abcdef";

struct slice piece_key_format(char key[PIECE_KEY_BYTES], enum piece_kind kind,
                              uint64_t id)
{
    memcpy(key, kind_names[kind], KIND_NAME_BYTES);
    for (int i = 0; i < ID_DIGITS; i++)
        key[KIND_NAME_BYTES + i] = hex[id >> (60 - 4 * i) & 15];
    return slice_make(key, KIND_NAME_BYTES + ID_DIGITS);
}

/** Lower-case digits only, so that every key has one spelling. */
static bool parse_id(struct slice digits, uint64_t *id)
{
    *id = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const char *digit = memchr(hex, digits.ptr[i], ID_DIGITS);
        if (!digit)
            return false;
        *id = *id << 4 | (uint64_t)(digit - hex);
    }
    return *id != 0;
}

bool piece_key_parse(struct slice key, enum piece_kind *kind, uint64_t *id)
{
    if (key.len != KIND_NAME_BYTES + ID_DIGITS)
        return false;
    for (int i = PIECE_ROUTE; i <= PIECE_DEDUP; i++) {
        if (!slice_starts(key, slice_of(kind_names[i])))
            continue;
        *kind = (enum piece_kind)i;
        return parse_id(slice_make(key.ptr + KIND_NAME_BYTES, ID_DIGITS), id);
    }
    return false;
}
