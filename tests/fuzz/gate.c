/** The gate may find too much and must never miss: patterns stand before the first
 *  empty line, text after it, and the matcher must find what PCRE2 finds on every
 *  line. */
#include "frame/fuzz.h"

#include <stdio.h>

#include "tests/unit/rules/trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = fuzz_input(data, size);
    struct trial_sum sum = { 0 };
    size_t gap = slice_find(text, SLICE("\n\n"));
    if (gap >= text.len)
        return 0;
    bool is_equal = trial_of(slice_make(text.ptr, gap),
                             slice_make(text.ptr + gap + 2, text.len - gap - 2), &sum);
    if (!is_equal)
        fprintf(stderr, "%s\n", sum.failure);
    must(is_equal);
    return 0;
}
