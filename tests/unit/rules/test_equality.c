#include "trial.h"

#include "agent/base/buf.h"
#include "test.h"

/* SAMPLES_FOLDER is absolute: the tests may be started anywhere. */
static struct slice read_sample(const char *name, struct buf *out)
{
    char path[4096], bytes[65536];
    snprintf(path, sizeof path, SAMPLES_FOLDER "/%s", name);
    FILE *in = fopen(path, "r");
    *out = buf_make(1 << 20);
    for (size_t len; in && (len = fread(bytes, 1, sizeof bytes, in)) > 0;)
        buf_put(out, slice_make(bytes, len));
    if (in)
        fclose(in);
    return buf_slice(out);
}

static void check_trials(uint64_t seed, uint64_t trials, size_t rules, size_t lines)
{
    struct arena arena = { 0 };
    struct buf patterns, samples;
    struct corpus corpus = { .rules = rules, .lines_a_trial = lines };
    struct trial_sum sum = { 0 };
    corpus.pattern_count =
        corpus_split(read_sample("patterns.txt", &patterns), &arena, &corpus.patterns);
    corpus.line_count =
        corpus_split(read_sample("lines.log", &samples), &arena, &corpus.lines);
    ck_assert_uint_gt(corpus.pattern_count, 100);
    ck_assert_uint_gt(corpus.line_count, 200);
    for (uint64_t i = 0; i < trials; i++)
        ck_assert_msg(trial_run(&corpus, seed + i, &sum), "%s", sum.failure);
    ck_assert_uint_gt(sum.matches, sum.pairs / 100);
    ck_assert_uint_gt(sum.with_literal * 2, sum.patterns);
    buf_free(&patterns);
    buf_free(&samples);
    arena_free(&arena);
}

TEST(equality, C23_the_matcher_finds_what_pcre2_finds_on_every_line)
{
    check_trials(1, 12, 40, 300);
}

TEST(equality, C23_the_same_with_more_rules_than_a_word_has_bits)
{
    check_trials(100, 2, 300, 60);
}

TEST(equality, C23_the_same_when_the_gate_was_tuned_by_a_large_block)
{
    check_trials(200, 2, 20, 2500);
}
