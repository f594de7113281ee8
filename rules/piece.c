/** What changed since the last save, and on which sheet it stands. */
#include "rules/piece.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

/* --- what changed ----------------------------------------------------------------- */

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

/* --- sheets ----------------------------------------------------------------------- */

static struct sheet *sheet_of(const struct pieces *pieces, uint32_t number)
{
    return pieces->sheets[number - 1];
}

/** The sheet with this number, made when there is none. */
static struct sheet *need_sheet(struct pieces *pieces, uint32_t number)
{
    must(number > 0 && number <= SHEETS_MOST);
    while (pieces->sheet_count < number)
        *mem_push(pieces->sheets, pieces->sheet_count, pieces->sheet_capacity) = NULL;
    struct sheet **place = &pieces->sheets[number - 1];
    if (!*place)
        *place = mem_zalloc(sizeof **place);
    return *place;
}

static void write_again(struct pieces *pieces, uint32_t number)
{
    struct sheet *sheet = sheet_of(pieces, number);
    if (sheet->has_changed)
        return;
    sheet->has_changed = true;
    *mem_push(pieces->changed_sheets, pieces->changed_sheet_count,
              pieces->changed_sheet_capacity) = number;
}

static void put_on(struct pieces *pieces, uint32_t number, struct piece *piece)
{
    struct sheet *sheet = sheet_of(pieces, number);
    must(sheet->used < SHEET_PIECES);
    sheet->pieces[sheet->used] = piece;
    piece->sheet = number;
    piece->slot = (uint8_t)sheet->used++;
    sheet->count++;
    sheet->weight += piece->weight;
}

static void take_off(struct pieces *pieces, struct piece *piece)
{
    if (piece->sheet == 0)
        return;
    struct sheet *sheet = sheet_of(pieces, piece->sheet);
    write_again(pieces, piece->sheet);
    sheet->pieces[piece->slot] = NULL;
    sheet->count--;
    piece->sheet = 0;
}

static void find_gaps(struct pieces *pieces)
{
    if (pieces->has_gaps)
        pieces->free_count = 0; /* those are among them */
    for (size_t i = pieces->sheet_count; i > 0 && pieces->has_gaps; i--) {
        if (!pieces->sheets[i - 1])
            *mem_push(pieces->free_sheets, pieces->free_count, pieces->free_capacity) =
                (uint32_t)i;
    }
    pieces->has_gaps = false;
}

static uint32_t new_sheet(struct pieces *pieces)
{
    find_gaps(pieces);
    uint32_t number = pieces->free_count > 0 ? pieces->free_sheets[--pieces->free_count]
                                             : (uint32_t)pieces->sheet_count + 1;
    (void)need_sheet(pieces, number);
    return number;
}

static bool has_room(const struct sheet *sheet, const struct piece *piece)
{
    return sheet->used < SHEET_FILL && sheet->weight + piece->weight <= SHEET_BYTES;
}

static void find_sheet(struct pieces *pieces, struct piece *piece)
{
    /* The others would be written each time that this one changes. */
    bool is_large = piece->weight > SHEET_BYTES / 2;
    if (!is_large &&
        (pieces->open == 0 || !has_room(sheet_of(pieces, pieces->open), piece)))
        pieces->open = new_sheet(pieces);
    put_on(pieces, is_large ? new_sheet(pieces) : pieces->open, piece);
}

void pieces_drop(struct pieces *pieces, struct piece *piece)
{
    untouch(pieces, piece);
    pieces->drop_count++;
    take_off(pieces, piece);
}

void pieces_forget(struct pieces *pieces, uint32_t sheet)
{
    (void)need_sheet(pieces, sheet);
    write_again(pieces, sheet);
}

bool pieces_adopt(struct pieces *pieces, struct piece *piece, uint32_t sheet)
{
    if (need_sheet(pieces, sheet)->used == SHEET_PIECES)
        return false;
    untouch(pieces, piece);
    put_on(pieces, sheet, piece);
    pieces->has_gaps = true;
    return true;
}

/* --- saving ----------------------------------------------------------------------- */

void pieces_settle(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->changed_count; i++) {
        struct piece *piece = pieces->changed[i];
        if (piece->sheet == 0)
            find_sheet(pieces, piece);
        write_again(pieces, piece->sheet);
    }
}

static void let_go(struct pieces *pieces, uint32_t number)
{
    free(mem_take(&pieces->sheets[number - 1]));
    *mem_push(pieces->free_sheets, pieces->free_count, pieces->free_capacity) = number;
    if (pieces->open == number)
        pieces->open = 0;
}

void pieces_saved(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->changed_count; i++)
        pieces->changed[i]->place = 0;
    pieces->changed_count = 0;
    for (size_t i = 0; i < pieces->changed_sheet_count; i++) {
        uint32_t number = pieces->changed_sheets[i];
        sheet_of(pieces, number)->has_changed = false;
        if (sheet_of(pieces, number)->count == 0)
            let_go(pieces, number);
    }
    pieces->changed_sheet_count = 0;
}

void pieces_free(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->sheet_count; i++)
        free(pieces->sheets[i]);
    free(pieces->sheets);
    free(pieces->changed);
    free(pieces->changed_sheets);
    free(pieces->free_sheets);
    *pieces = (struct pieces){ 0 };
}
