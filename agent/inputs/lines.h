/**
 * Finds whole lines in bytes that were read, piece by piece. What it finds does not
 * depend on where the reads happened to end: the same file gives the same lines.
 */
#ifndef TOCSIN_INPUTS_LINES_H
#define TOCSIN_INPUTS_LINES_H

#include "agent/base/limits.h"
#include "rules/event.h"

enum piece_kind {
    PIECE_NONE,  /**< no whole line yet: read on when there is more */
    PIECE_LINES, /**< whole lines, each with its '\n' */
    PIECE_CUT,   /**< the first LIMIT_LINE_BYTES of a longer line */
    PIECE_REST,  /**< more of that line, not to be shown */
    PIECE_NULS,  /**< NULs at the start of a line: a hole or a power cut, never text */
};

struct piece {
    enum piece_kind kind;
    size_t len;           /**< bytes of the piece */
    bool is_in_long_line; /**< what follows still belongs to the line that was cut */
};

/** The piece at the head of @rest.
 *  @is_in_long_line  as the piece before said
 *  @is_full          @rest cannot grow, so that a run of NULs must be taken in parts */
struct piece lines_next(struct slice rest, bool is_in_long_line, bool is_full);

/** Where whole lines go, and what is known of the place they come from. */
struct line_feed {
    void (*feed)(void *ctx, const struct block *block);
    void *ctx;
    const struct source *source;
    struct slice path;
    int64_t offset;       /**< of the next byte; -1: there is none */
    bool is_in_long_line; /**< kept from call to call */
    bool is_after_line;   /**< a line stands before the bytes: NULs there are a loss */
    uint64_t cut_count;   /**< lines that were cut, counted up */
    uint64_t nul_bytes;   /**< NULs skipped behind a line, counted up */
    uint64_t hole_bytes;  /**< NULs skipped before any line, counted up */
    uint64_t rest_bytes;  /**< of lines that were cut, not shown, counted up */
};

/** Feed all pieces at the head of @bytes.
 *  @is_full   @bytes fills its buffer
 *  @is_final  nothing will follow: a last line without '\n' is fed as is_unterminated
 *  @return bytes consumed; the rest belongs before what is read next. */
size_t lines_feed(struct line_feed *to, struct slice bytes, bool is_full,
                  bool is_final);

#endif
