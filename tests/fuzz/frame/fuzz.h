/**
 * A fuzz target is one file, tests/fuzz/NAME.c, that defines this function. Its seeds
 * lie in tests/fuzz/seeds/NAME/, one input a file, and are replayed by make check.
 *
 *     make fuzz FUZZ=NAME TIME=60
 *
 * A target judges for itself: what must be true of the answer is said with must(),
 * which aborts; AddressSanitizer and UBSan see to the rest. It reads no clock, no file
 * and no random number, so that an input does the same each time.
 */
#ifndef TOCSIN_TESTS_FUZZ_FUZZ_H
#define TOCSIN_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "agent/base/must.h"
#include "agent/base/slice.h"

/** Try one input. @data: @size bytes, borrowed, without a terminator. @return 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The input as bytes of the house. */
static inline struct slice fuzz_input(const uint8_t *data, size_t size)
{
    return slice_make((const char *)data, size);
}

#endif
