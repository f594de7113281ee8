/**
 * The nouns at the head of the road: a source, the block of lines it read, and the
 * event that a rule finds in it. All slices are borrowed from the input's buffer and
 * die when engine_feed() returns.
 */
#ifndef TOCSIN_RULES_EVENT_H
#define TOCSIN_RULES_EVENT_H

#include "rules/label.h"

/** What configuration says of one source; lives as long as the generation. */
struct source {
    struct slice name;
    struct labels labels;
    size_t index;    /**< its place in the list of sources */
    bool has_fields; /**< its records bring fields, whose names nobody knows before */
    bool brings_alerts; /**< alerts from outside, with labels of their own: only a rule
                             that names it reads it, for they are told without one */
};

/** A named value: what a pattern captured, or a field of a record. */
struct capture {
    struct slice name, value;
};

/** Whole lines as they were read, each with its '\n' (the last may lack it, see
 *  below); or one record, which may hold any bytes. */
struct block {
    const struct source *source;
    struct slice path; /**< of the file, from the tailer; "<stdin>" for stdin */
    int64_t offset;    /**< of the first byte in its file; -1 where there is none */
    struct slice bytes;
    bool is_cut; /**< one line, of which only the first LIMIT_LINE_BYTES are here */
    bool is_unterminated; /**< the last line ended with its file, without a '\n' */
    bool is_record;       /**< the bytes are one record: no line ends are looked for */
    const struct capture *fields; /**< of the record */
    size_t field_count;
    int64_t unix_ms; /**< when it happened, as the record says; 0: when it was read */
};

/** One line or record that a rule's pattern matched. */
struct event {
    const struct source *source;
    struct slice path;
    int64_t offset;    /**< of the line in its file; -1 where there is none */
    struct slice line; /**< without line end; one trailing CR is stripped */
    const struct capture *captures;
    size_t capture_count;
    const struct capture *fields; /**< of the record it is */
    size_t field_count;
    bool is_cut;
    int64_t unix_ms; /**< when it happened or was read */
    uint32_t later;  /**< lines of the block that the same rule matched behind it, and
                          that will be judged for certain */
};

#endif
