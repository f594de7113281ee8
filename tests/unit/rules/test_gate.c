#include "rules/gate.h"

#include "agent/base/rng.h"
#include "test.h"

/* Places told by a scan; the same one twice counts once. */
struct seen {
    uint64_t places[4][8]; /* bit i: byte i, for each owner */
    size_t last_at;
};

static void see(void *ctx, size_t at, uint32_t owner)
{
    struct seen *seen = ctx;
    ck_assert_uint_ge(at, seen->last_at);
    ck_assert_uint_lt(at, sizeof seen->places[0] * 8);
    seen->last_at = at;
    seen->places[owner][at / 64] |= UINT64_C(1) << at % 64;
}

static struct literal literal_of(const char *text, bool is_nocase)
{
    struct literal literal = { .len = (uint8_t)strlen(text) };
    memcpy(literal.bytes, text, literal.len);
    for (size_t i = 0; is_nocase && i < literal.len; i++)
        literal.nocase |= (uint64_t)(text[i] >= 'a' && text[i] <= 'z') << i;
    return literal;
}

/* Is a byte told for @owner of the literal that stands at @at? */
static bool is_told(const struct seen *seen, uint32_t owner, size_t at, size_t len)
{
    for (size_t i = at; i < at + len; i++)
        if (seen->places[owner][i / 64] >> i % 64 & 1)
            return true;
    return false;
}

static size_t count_told(const struct seen *seen, uint32_t owner)
{
    size_t count = 0;
    for (size_t i = 0; i < 8; i++)
        count += (size_t)__builtin_popcountll(seen->places[owner][i]);
    return count;
}

static const char *const texts[] = {
    "a b",      "[5]:",          "Killed",
    "segfault", "out of memory", "a literal of thirty bytes, long"
};
enum { TEXTS = sizeof texts / sizeof *texts };

/* @text at each place of a block of @len bytes, for its length and for one that ends
 * with it, at each alignment that matters. */
static void check_places(const char *text, bool is_nocase, enum gate_level level)
{
    const struct gate_item items[] = { { literal_of(text, is_nocase), 3 },
                                       { literal_of("never to be seen", false), 1 } };
    struct gate *gate = gate_create(items, 2, NULL, level);
    size_t text_len = strlen(text);
    for (size_t at = 0; at < 290; at++) {
        char *block = mem_zalloc(500);
        size_t shift = at % 7, len = at + text_len + (at % 3 ? 0 : 150);
        memset(block, 'e', 500);
        memcpy(block + shift + at, text, text_len);
        for (size_t i = 0; is_nocase && i < text_len; i += 2)
            block[shift + at + i] = (char)(text[i] & (text[i] >= 'a' ? ~0x20 : 0xff));
        /* What is too long is a read past the end, which valgrind and ASan see. */
        char *exact = mem_zalloc(shift + len);
        memcpy(exact, block, shift + len);
        struct seen seen = { 0 };
        gate_scan(gate, slice_make(exact + shift, len), see, &seen);
        ck_assert_msg(is_told(&seen, 3, at, text_len), "%s: '%s' at %zu of %zu",
                      gate_level_name(level), text, at, len);
        ck_assert_uint_le(count_told(&seen, 3), text_len);
        ck_assert_uint_eq(count_told(&seen, 1), 0);
        free(exact);
        free(block);
    }
    gate_free(gate);
}

TEST(gate, each_level_finds_each_literal_at_each_place_of_each_block)
{
    for (int level = GATE_PLAIN; level < GATE_LEVELS; level++) {
        for (size_t i = 0; i < TEXTS; i++) {
            if (!gate_level_is_there((enum gate_level)level))
                continue;
            check_places(texts[i], false, (enum gate_level)level);
            check_places(texts[i], true, (enum gate_level)level);
        }
    }
}

TEST(gate, plain_c_is_always_there_and_best_too)
{
    ck_assert(gate_level_is_there(GATE_PLAIN));
    ck_assert(gate_level_is_there(GATE_BEST));
#if defined(__x86_64__)
    ck_assert(!gate_level_is_there(GATE_NEON));
#endif
}

TEST(gate, a_case_that_is_not_meant_is_not_told)
{
    const struct gate_item items[] = { { literal_of("Failed login", false), 0 },
                                       { literal_of("refused now!", true), 1 } };
    struct gate *gate = gate_create(items, 2, NULL, GATE_BEST);
    struct seen seen = { 0 };
    gate_scan(gate, SLICE("failed login FAILED LOGIN REFUSED NOW! Failed login"), see,
              &seen);
    ck_assert(!is_told(&seen, 0, 0, 38));
    ck_assert(is_told(&seen, 0, 39, 12));
    ck_assert(is_told(&seen, 1, 26, 12));
    gate_free(gate);
}

TEST(gate, one_literal_is_told_to_all_its_owners)
{
    const struct gate_item items[] = { { literal_of("No space left", false), 2 },
                                       { literal_of("No space left", false), 0 },
                                       { literal_of("space left", false), 1 } };
    struct gate *gate = gate_create(items, 3, NULL, GATE_BEST);
    struct seen seen = { 0 };
    gate_scan(gate, SLICE("write: No space left on device"), see, &seen);
    for (uint32_t owner = 0; owner < 3; owner++)
        ck_assert(is_told(&seen, owner, 7, 13));
    gate_free(gate);
}

TEST(gate, line_feeds_are_counted_at_each_level_whatever_the_length)
{
    char block[700];
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = rng_next(&rng) % 5 ? '\x8a' : '\n';
    for (int level = GATE_PLAIN; level < GATE_LEVELS; level++) {
        if (!gate_level_is_there((enum gate_level)level))
            continue;
        struct gate *gate = gate_create(NULL, 0, NULL, (enum gate_level)level);
        uint64_t wanted = 0;
        for (size_t len = 0; len < sizeof block; len++) {
            ck_assert_uint_eq(gate_scan(gate, slice_make(block, len), see, NULL),
                              wanted);
            wanted += block[len] == '\n';
        }
        gate_free(gate);
    }
}

TEST(gate, C22_a_thousand_literals_take_a_few_hundred_kilobytes)
{
    static struct gate_item items[1000];
    for (uint32_t i = 0; i < 1000; i++) {
        char text[40];
        snprintf(text, sizeof text, "service %u: no answer from %u", i * 7919, i);
        items[i] = (struct gate_item){ literal_of(text, false), i };
    }
    struct gate *gate = gate_create(items, 1000, NULL, GATE_BEST);
    ck_assert_uint_lt(gate_size(gate), 400 * 1024);
    gate_free(gate);
}
