/**
 * Complaints: collected while a text is checked, printed in the order of the text. An
 * error is worth more than a warning: when the list is full, an error takes a warning's
 * place.
 */
#include "agent/base/complaint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/text.h"

enum { TEXT_MAX_BYTES = 1000, EXCERPT_BYTES = 160, WORD_MAX_BYTES = 48 };

static const char color_error[] = "\033[1;31m";
static const char color_warning[] = "\033[1;33m";
static const char color_caret[] = "\033[1;32m";
static const char color_none[] = "\033[0m";

/** The element for one more complaint; NULL when the list is full. */
static struct complaint *complaint_room(struct complaints *complaints, bool is_warning)
{
    if (complaints->count < LIMIT_COMPLAINTS)
        return mem_push(complaints->items, complaints->count, complaints->capacity);
    for (size_t i = complaints->count; i > 0 && !is_warning; i--)
        if (complaints->items[i - 1].is_warning)
            return &complaints->items[i - 1];
    return NULL;
}

static void complain_args(struct complaints *complaints, bool is_warning,
                          struct place at, const char *format, va_list args)
{
    struct complaint *complaint = complaint_room(complaints, is_warning);
    char *text = NULL;
    if (is_warning)
        complaints->warning_count++;
    else
        complaints->error_count++;
    if (!complaint)
        return;
    mem_there(vasprintf(&text, format, args) >= 0 ? text : NULL);
    struct slice kept = text_cut(slice_of(text), TEXT_MAX_BYTES);
    *complaint = (struct complaint){
        .is_warning = is_warning,
        .at = at,
        .text = arena_text(complaints->arena, kept),
    };
    free(text);
}

void complain(struct complaints *complaints, struct place at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    complain_args(complaints, false, at, format, args);
    va_end(args);
}

void complain_softly(struct complaints *complaints, struct place at, const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    complain_args(complaints, true, at, format, args);
    va_end(args);
}

/* --- did you mean ---------------------------------------------------------------- */

/** People mix up case, '-' and '_' without noticing; to them it is the same letter. */
static int letter(struct slice s, size_t index)
{
    return s.ptr[index] == '-' ? '_' : tolower((unsigned char)s.ptr[index]);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/** How many letters to add, drop, change or swap; both words at most WORD_MAX_BYTES. */
static size_t word_distance(struct slice a, struct slice b)
{
    size_t rows[3][WORD_MAX_BYTES + 1] = { 0 };
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            bool is_same = letter(a, i - 1) == letter(b, j - 1);
            row[j] = smaller(above[j], row[j - 1]) + 1;
            row[j] = smaller(row[j], above[j - 1] + !is_same);
            if (i > 1 && j > 1 && letter(a, i - 1) == letter(b, j - 2) &&
                letter(a, i - 2) == letter(b, j - 1))
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

/** An abbreviation like 'crit' is as near as one wrong letter. */
static size_t choice_distance(struct slice word, struct slice choice)
{
    if (word.len >= 3 && slice_starts(choice, word))
        return 1;
    return word_distance(word, choice);
}

const char *did_you_mean(struct arena *arena, struct slice word,
                         const char *const *choices)
{
    const char *nearest = NULL;
    if (word.len < 2 || word.len > WORD_MAX_BYTES)
        return "";
    size_t limit = word.len < 3 ? 1 : word.len / 3;
    for (; *choices; choices++) {
        struct slice choice = slice_of(*choices);
        if (choice.len > WORD_MAX_BYTES)
            continue;
        size_t distance = choice_distance(word, choice);
        if (nearest ? distance >= limit : distance > limit)
            continue;
        nearest = *choices;
        limit = distance;
    }
    return nearest ? arena_printf(arena, ", did you mean '%s'?", nearest) : "";
}

/* --- printing -------------------------------------------------------------------- */

static int complaint_compare(const void *left, const void *right)
{
    const struct complaint *a = *(const struct complaint *const *)left;
    const struct complaint *b = *(const struct complaint *const *)right;
    int order = strcmp(a->at.source ? a->at.source->name : "",
                       b->at.source ? b->at.source->name : "");
    if (order != 0)
        return order;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.column != b->at.column)
        return a->at.column < b->at.column ? -1 : 1;
    return a < b ? -1 : a > b;
}

/** Line @number of @text, its end apart; false when there is no such line. */
static bool text_line(struct slice text, uint32_t number, struct slice *line)
{
    for (; number > 0; number--)
        if (!slice_next(&text, '\n', line))
            return false;
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

static bool is_inside_character(struct slice s, size_t at)
{
    return at > 0 && at < s.len && ((unsigned char)s.ptr[at] & 0xc0) == 0x80;
}

/** The part of a long line around the byte @caret, which is moved along. */
static struct slice excerpt_of(struct slice line, size_t *caret)
{
    size_t start = *caret > EXCERPT_BYTES * 3 / 4 ? *caret - EXCERPT_BYTES / 2 : 0;
    while (is_inside_character(line, start))
        start--;
    line = slice_make(line.ptr + start, line.len - start);
    *caret -= start;
    return line.len > EXCERPT_BYTES ? text_cut(line, EXCERPT_BYTES) : line;
}

/** Columns that @clean takes in a terminal, wide letters apart. */
static size_t column_count(struct slice clean)
{
    size_t count = 0;
    for (size_t i = 0; i < clean.len; i++)
        count += ((unsigned char)clean.ptr[i] & 0xc0) != 0x80;
    return count;
}

static size_t clean_columns(struct slice bytes)
{
    struct buf clean = buf_make(8 * EXCERPT_BYTES);
    text_put_clean(&clean, bytes, false);
    size_t count = column_count(buf_slice(&clean));
    buf_free(&clean);
    return count;
}

/** "     |     ^~~~~~~" below the bytes [@from, @from + @width) of @line. */
static void put_caret(struct buf *out, struct slice line, size_t from, size_t width,
                      bool color)
{
    size_t to = from + (width > 0 ? width : 1);
    size_t before = clean_columns(slice_make(line.ptr, from));
    to = to < line.len ? to : line.len;
    size_t under =
        to > from ? clean_columns(slice_make(line.ptr + from, to - from)) : 1;
    buf_puts(out, "     | ");
    for (size_t i = 0; i < before; i++)
        buf_putc(out, ' ');
    if (color)
        buf_puts(out, color_caret);
    buf_putc(out, '^');
    for (size_t i = 1; i < under; i++)
        buf_putc(out, '~');
    if (color)
        buf_puts(out, color_none);
    buf_putc(out, '\n');
}

static void put_source_line(struct buf *out, const struct place *at, bool color)
{
    struct slice line = SLICE("");
    if (!at->source || at->column == 0 ||
        !text_line(at->source->bytes, at->line, &line))
        return;
    size_t caret = at->column - 1;
    caret = caret < line.len ? caret : line.len;
    line = excerpt_of(line, &caret);
    /* A byte order mark is no letter that one could point at. */
    struct slice mark = SLICE("\xef\xbb\xbf");
    if (slice_starts(line, mark) && caret >= mark.len) {
        line = slice_make(line.ptr + mark.len, line.len - mark.len);
        caret -= mark.len;
    }
    buf_printf(out, "%4u | ", at->line);
    text_put_clean(out, line, false);
    buf_putc(out, '\n');
    put_caret(out, line, caret, at->width, color);
}

static void put_complaint(struct buf *out, const struct complaint *complaint,
                          bool color)
{
    const struct place *at = &complaint->at;
    if (at->source) {
        text_put_clean(out, slice_of(at->source->name), false);
        buf_puts(out, ":");
    }
    if (at->source && at->line > 0)
        buf_printf(out, "%u:", at->line);
    if (at->source && at->line > 0 && at->column > 0)
        buf_printf(out, "%u:", at->column);
    if (color)
        buf_puts(out, complaint->is_warning ? color_warning : color_error);
    buf_printf(out, "%s%s:", at->source ? " " : "",
               complaint->is_warning ? "warning" : "error");
    if (color)
        buf_puts(out, color_none);
    buf_putc(out, ' ');
    text_put_clean(out, slice_of(complaint->text), false);
    buf_putc(out, '\n');
    put_source_line(out, at, color);
}

void complaints_print(const struct complaints *complaints, struct buf *out, bool color)
{
    const struct complaint **sorted = mem_grow(NULL, complaints->count, sizeof *sorted);
    size_t left =
        complaints->error_count + complaints->warning_count - complaints->count;
    for (size_t i = 0; i < complaints->count; i++)
        sorted[i] = &complaints->items[i];
    qsort(sorted, complaints->count, sizeof(const void *), complaint_compare);
    for (size_t i = 0; i < complaints->count; i++)
        put_complaint(out, sorted[i], color);
    if (left > 0)
        buf_printf(out, "and %zu more\n", left);
    free(sorted);
}

void complaints_free(struct complaints *complaints)
{
    free(complaints->items);
    complaints->items = NULL;
    complaints->count = complaints->capacity = 0;
}
