/**
 * Text for people and text from people: durations, sizes, times, and the one function
 * that turns bytes of unknown origin into text that is safe in a mail, a log or a
 * terminal.
 */
#ifndef TOCSIN_BASE_TEXT_H
#define TOCSIN_BASE_TEXT_H

#include "agent/base/buf.h"

/** Parse "90s", "15m", "4h", "7d", "1h30m", "250ms". A bare number has no unit and is
 *  refused, "0" apart. @return false for anything else, a negative value or
 *  overflow. */
bool text_to_duration(struct slice text, int64_t *ms);
/** "1h 30m", "45s", "250 ms", "3d 4h": at most two units, for people. */
void text_put_duration(struct buf *out, int64_t ms);

/** Parse "512B", "64KiB", "1MiB", "2GiB", also "64KB" as 1000s. */
bool text_to_size(struct slice text, int64_t *bytes);

/** Put @bytes as valid UTF-8 without control characters: bad UTF-8, C0, C1, DEL and NUL
 *  become \xNN; tabs become one blank; bidi overrides and isolates, zero-width
 *  characters and line separators become \u{N}. Line feeds are kept only when
 *  @keep_lines. */
void text_put_clean(struct buf *out, struct slice bytes, bool keep_lines);

/** The longest prefix of at most @max_bytes that ends between two characters. */
struct slice text_cut(struct slice utf8, size_t max_bytes);

/** "2026-11-23 06:17:01 +0100" / RFC 5322 "Mon, 23 Nov 2026 06:17:01 +0100" of a moment
 *  in seconds east of UTC. */
void text_put_time(struct buf *out, int64_t unix_ms, int utc_offset_s);
void text_put_rfc5322_date(struct buf *out, int64_t unix_ms, int utc_offset_s);

/** How much is told, and to whom: people in brief, people all, or programs. */
enum text_form { FORM_BRIEF, FORM_FULL, FORM_JSON };

/** A JSON string: cleaned as by text_put_clean(), and quoted. */
void text_put_json(struct buf *out, struct slice bytes);
/** A comma, when a JSON value stands before in this list. */
void text_put_comma(struct buf *out);

/** The word with its number: "1 line", "3 lines". */
void text_put_count(struct buf *out, uint64_t count, const char *one, const char *many);

#endif
