/** Which piece stands on which sheet. */
#include "rules/piece.h"

#include "test.h"

TEST(piece, no_number_of_a_sheet_is_given_twice_behind_a_restart)
{
    struct pieces pieces = { 0 };
    struct piece stored[2] = { { 0 } }, fresh[4] = { { 0 } };
    ck_assert(pieces_adopt(&pieces, &stored[0], 1));
    ck_assert(pieces_adopt(&pieces, &stored[1], 3));
    pieces_drop(&pieces, &stored[0]);
    pieces_settle(&pieces);
    pieces_saved(&pieces);
    for (int i = 0; i < 4; i++) {
        fresh[i].weight = SHEET_BYTES;
        pieces_touch(&pieces, &fresh[i]);
    }
    pieces_settle(&pieces);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_ne(fresh[i].sheet, stored[1].sheet);
        for (int k = 0; k < i; k++)
            ck_assert_uint_ne(fresh[i].sheet, fresh[k].sheet);
    }
    ck_assert_uint_eq(pieces.sheet_count, 5);
    pieces_free(&pieces);
}
