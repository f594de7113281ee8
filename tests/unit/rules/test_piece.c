#include "rules/piece.h"
#include "test.h"

TEST(piece, a_sheet_that_was_restored_and_let_go_is_given_once)
{
    struct pieces pieces = { 0 };
    struct piece old = { 0 };
    struct piece large[2] = { { .weight = SHEET_BYTES }, { .weight = SHEET_BYTES } };
    ck_assert(pieces_adopt(&pieces, &old, 1));
    pieces_drop(&pieces, &old);
    pieces_saved(&pieces);
    pieces_touch(&pieces, &large[0]);
    pieces_touch(&pieces, &large[1]);
    pieces_settle(&pieces);
    ck_assert_uint_ne(large[0].sheet, large[1].sheet);
    pieces_free(&pieces);
}
