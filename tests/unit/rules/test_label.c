/** Labels are sorted, unique and equal whatever their history. */
#include "rules/label.h"

#include "agent/base/limits.h"
#include "test.h"

static void set(struct labels *labels, struct arena *arena, const char *name,
                const char *value)
{
    ck_assert(labels_set(labels, arena, slice_of(name), slice_of(value)));
}

TEST(label, the_order_of_setting_makes_no_difference)
{
    struct arena arena = { 0 };
    struct labels a = { 0 }, b = { 0 };
    set(&a, &arena, "host", "web1");
    set(&a, &arena, "rule", "oom");
    set(&b, &arena, "rule", "other");
    set(&b, &arena, "host", "web1");
    ck_assert(labels_hash(&a) != labels_hash(&b));
    set(&b, &arena, "rule", "oom");
    ck_assert_uint_eq(labels_hash(&a), labels_hash(&b));
    ck_assert(labels_equal(&a, &b));
    ck_assert_slice(labels_find(&b, SLICE("rule")), "oom");
    arena_free(&arena);
}

TEST(label, an_empty_value_is_no_label)
{
    struct arena arena = { 0 };
    struct labels labels = { 0 };
    set(&labels, &arena, "host", "");
    ck_assert_uint_eq(labels.count, 0);
    set(&labels, &arena, "host", "web1");
    set(&labels, &arena, "host", "");
    ck_assert_uint_eq(labels.count, 0);
    ck_assert_uint_eq(labels_find(&labels, SLICE("host")).len, 0);
    arena_free(&arena);
}

TEST(label, a_copy_by_value_stays_what_it_was)
{
    struct arena arena = { 0 };
    struct labels labels = { 0 };
    set(&labels, &arena, "b", "1");
    struct labels before = labels;
    set(&labels, &arena, "a", "2");
    set(&labels, &arena, "b", "3");
    ck_assert_uint_eq(before.count, 1);
    ck_assert_slice(labels_find(&before, SLICE("b")), "1");
    arena_free(&arena);
}

TEST(label, labels_past_the_limit_are_left_off_and_long_values_are_cut)
{
    struct arena arena = { 0 };
    struct labels labels = { 0 };
    char name[16];
    for (int i = 0; i < LIMIT_LABELS; i++) {
        snprintf(name, sizeof name, "n%d", i);
        set(&labels, &arena, name, "x");
    }
    ck_assert(!labels_set(&labels, &arena, SLICE("one-more"), SLICE("x")));
    ck_assert_uint_eq(labels.count, LIMIT_LABELS);
    static char big[LIMIT_LABEL_BYTES + 10];
    memset(big, 'v', sizeof big);
    ck_assert(labels_set(&labels, &arena, SLICE("n0"), slice_make(big, sizeof big)));
    ck_assert_uint_eq(labels_find(&labels, SLICE("n0")).len, LIMIT_LABEL_BYTES);
    arena_free(&arena);
}

TEST(label, what_was_saved_loads_and_what_was_cut_short_does_not)
{
    struct arena arena = { 0 };
    struct labels labels = { 0 }, loaded = { 0 };
    set(&labels, &arena, "rule", "oom");
    set(&labels, &arena, "host", "web1");
    struct buf buf = buf_make(4096);
    labels_save(&labels, &buf);
    struct unbuf in = { buf_slice(&buf), false };
    ck_assert(labels_load(&loaded, &in, &arena));
    ck_assert(labels_equal(&labels, &loaded));
    ck_assert_uint_eq(in.rest.len, 0);
    for (size_t len = 0; len < buf.len; len++) {
        in = (struct unbuf){ slice_make(buf.ptr, len), false };
        ck_assert(!labels_load(&loaded, &in, &arena));
    }
    buf_free(&buf);
    arena_free(&arena);
}
