/**
 * Stored pieces in few bytes. Those that stand together are alike, so that each says
 * only what the one before did not: a number is its difference from the one in the same
 * place there, a text that is the same is one byte, and another one is the bytes between
 * those that both begin and end with.
 *
 * What is written by calls in some order is read by the same calls in the same order.
 */
#ifndef TOCSIN_RULES_RECORD_H
#define TOCSIN_RULES_RECORD_H

#include "agent/base/buf.h"
#include "agent/base/mem.h"

/** Places that are remembered; what stands behind them is written as it is. */
enum { RECORD_NUMBERS = 20, RECORD_TEXTS = 40 };

/** What the piece before said. */
struct record_places {
    uint64_t numbers[RECORD_NUMBERS];
    struct slice texts[RECORD_TEXTS]; /**< borrowed */
    size_t number, text;              /**< the next ones */
};

/** Zero-initialised but for @out. Texts are borrowed until the last piece is
 *  written. */
struct record_out {
    struct buf *out;
    struct record_places before;
};

/** A piece begins. */
void record_out_begin(struct record_out *record);
void record_put(struct record_out *record, uint64_t number);
void record_put_text(struct record_out *record, struct slice text);

/** Zero-initialised but for @rest, @arena and @is_plain. `failed` stays set after the first
 *  thing that was not written so; every later one is zero or empty. */
struct record_in {
    struct slice rest;
    struct arena *arena; /**< for texts; lives as long as the record is read */
    bool failed;
    /** Written by buf_put_u64() and buf_put_bytes(), as all was before sheets. */
    bool is_plain;
    struct record_places before;
};

void record_in_begin(struct record_in *record);
uint64_t record_get(struct record_in *record);
/** 0 or 1, else it has failed. */
bool record_get_bool(struct record_in *record);
/** Borrowed from the input or in the arena. */
struct slice record_get_text(struct record_in *record);

#endif
