/**
 * Complaints are what is wrong with what a person wrote, all of it in one run: the
 * place, what is wrong, and the remedy. Printed with the source line and a caret:
 *
 *     a.yaml:14:5: error: unknown key 'severty' in rule 'oom', did you mean 'severity'?
 *       14 |     severty: critical
 *          |     ^~~~~~~
 */
#ifndef TOCSIN_BASE_COMPLAINT_H
#define TOCSIN_BASE_COMPLAINT_H

#include "agent/base/buf.h"
#include "agent/base/mem.h"

/** A text that was read, kept for the source lines of its complaints. */
struct source_text {
    const char *name; /**< as the person called it: a path, or "<stdin>" */
    struct slice bytes;
};

/** A place in it. A zeroed place prints no file and no line. */
struct place {
    const struct source_text *source;
    uint32_t line, column; /**< from 1; the column counts bytes */
    uint32_t width;        /**< bytes to underline; 0 counts as 1 */
};

struct complaint {
    bool is_warning;
    struct place at;
    const char *text;
};

/** Lives in its arena; at most LIMIT_COMPLAINTS are kept, the rest is counted. */
struct complaints {
    struct arena *arena;
    struct complaint *items;
    size_t count, capacity;
    size_t error_count, warning_count;
};

void complain(struct complaints *complaints, struct place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void complain_softly(struct complaints *complaints, struct place at, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/** ", did you mean 'X'?" for the nearest of @choices (NULL-terminated), or "" when none
 *  is near: its start ('crit'), or by Damerau-Levenshtein distance at most a third of
 *  the word, where case is ignored and '-' is '_'. In @arena. */
const char *did_you_mean(struct arena *arena, struct slice word,
                         const char *const *choices);

/** Print all, in order of file and line. @color: ANSI colours for a terminal. Bytes of
 *  the source that are no clean text are shown escaped. */
void complaints_print(const struct complaints *complaints, struct buf *out, bool color);

/** Free the array; the texts die with the arena. */
void complaints_free(struct complaints *complaints);

#endif
