/** What makes two files the same. */
#include "agent/inputs/identity.h"

#include "test.h"

static const struct fs_stat known = { .device = 1, .inode = 2, .birth = 3 };

TEST(identity, an_unknown_birth_or_generation_decides_nothing)
{
    struct identity id = { 0 };
    identity_take(&id, &known);
    struct fs_stat other = known;
    ck_assert(identity_is_inode(&id, &other, false));
    other.generation = 9;
    ck_assert(identity_is_inode(&id, &other, false));
    other.birth = 4;
    ck_assert(!identity_is_inode(&id, &other, false));
    other.birth = 0;
    ck_assert(identity_is_inode(&id, &other, false));
}

TEST(identity, L59_another_device_number_after_a_boot_is_the_same_file_if_born_together)
{
    struct identity id = { 0 };
    identity_take(&id, &known);
    struct fs_stat moved = known;
    moved.device = 7;
    ck_assert(!identity_is_inode(&id, &moved, false));
    ck_assert(identity_is_inode(&id, &moved, true));
    moved.birth = 0;
    ck_assert(!identity_is_inode(&id, &moved, true));
}

TEST(identity, another_inode_does_not_keep_the_birth_of_the_one_before)
{
    struct identity id = { 0 };
    struct fs_stat next = { .device = 1, .inode = 5 };
    identity_take(&id, &known);
    identity_take(&id, &next);
    ck_assert_uint_eq(id.birth, 0);
}

TEST(identity, bytes_are_compared_as_far_as_they_were_consumed)
{
    char text[2000];
    struct identity id = { 0 };
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    ck_assert_int_eq(identity_match_head(&id, slice_make(text, 100)), 0);
    identity_note(&id, slice_make(text, sizeof text), 0, 30);
    ck_assert_int_eq(identity_match_head(&id, slice_make(text, 1024)), 24);
    identity_note(&id, slice_make(text, sizeof text), 0, 2000);
    ck_assert_int_eq(identity_match_head(&id, slice_make(text, 1024)), 1024);
    ck_assert_int_eq(identity_match_head(&id, slice_make(text, 100)), 96);
    ck_assert(identity_match_tail(&id, slice_make(text, 2000)));
    text[10]++;
    ck_assert_int_eq(identity_match_head(&id, slice_make(text, 1024)), -1);
    ck_assert_int_eq(identity_match_head(&id, slice_make(text, 8)), 8);
    ck_assert(!identity_match_tail(&id, slice_make(text, 2000)));
}

TEST(identity, a_shorter_file_of_whole_lines_is_compared_to_its_last_byte)
{
    static const char text[] = "10:00:01 start\nrun\n10:00:02 end\n";
    struct identity id = { 0 };
    identity_note(&id, slice_of(text), 0, 19);
    identity_note(&id, slice_of(text), 0, (int64_t)strlen(text));
    ck_assert_int_eq(identity_match_lines(&id, SLICE("10:00:01 start\n")), 1);
    ck_assert_int_eq(identity_match_lines(&id, SLICE("10:00:01 start\nrun\n")), 1);
    ck_assert_int_eq(identity_match_lines(&id, SLICE("10:00:01 stars\n")), -1);
    ck_assert_int_eq(identity_match_lines(&id, SLICE("10:00:01 sta\n")), -1);
}

TEST(identity, lines_behind_the_first_ones_are_not_known)
{
    static const char text[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n0\n";
    struct identity id = { 0 };
    identity_note(&id, slice_of(text), 0, (int64_t)strlen(text));
    ck_assert_int_eq(identity_match_lines(&id, slice_make(text, 2 * HEAD_LINES)), 1);
    ck_assert_int_eq(identity_match_lines(&id, slice_make(text, 2 * HEAD_LINES + 2)),
                     0);
}

TEST(identity, the_stored_head_is_the_head)
{
    char text[600] = "abc\nd\n";
    struct buf stored = buf_make(4096);
    struct identity id = { 0 }, back = { 0 };
    identity_note(&id, slice_make(text, sizeof text), 0, sizeof text);
    identity_put_head(&id, &stored);
    identity_take_head(&back, buf_slice(&stored));
    ck_assert_uint_eq(back.head_count, id.head_count);
    ck_assert_mem_eq(back.head, id.head, id.head_count * sizeof *id.head);
    ck_assert_uint_eq(back.line_count, 2);
    ck_assert_int_eq(identity_match_lines(&back, SLICE("abc\nd\n")), 1);
    ck_assert_int_eq(identity_match_lines(&back, SLICE("abc\ne\n")), -1);
    buf_free(&stored);
}

TEST(identity, a_head_that_an_older_version_stored_is_not_compared)
{
    struct identity id = { .head_count = 3 };
    identity_take_head(&id, SLICE("12345678"));
    ck_assert_uint_eq(id.head_count, 0);
    identity_take_head(&id, SLICE("\x01"
                                  "2345678"
                                  "9"));
    ck_assert_uint_eq(id.head_count, 0);
    identity_take_head(&id, SLICE(""));
    ck_assert_uint_eq(id.head_count, 0);
}
