/** Base64 both ways. */
#include "agent/base/base64.h"
#include "test.h"

TEST(base64, the_examples_of_rfc_4648_come_out_and_go_back)
{
    static const char *const rows[][3] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xff\xfe\xfd?>", "//79Pz4=", "__79Pz4" },
    };
    struct err err = { 0 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int kind = BASE64; kind <= BASE64_URL; kind++) {
            struct buf out = buf_make(100);
            struct secret coded = { 0 }, back = { 0 };
            ck_assert(secret_open(&coded, 100, &err) && secret_open(&back, 100, &err));
            base64_put(&out, slice_of(rows[i][0]), (enum base64_kind)kind);
            ck_assert_slice(buf_slice(&out), rows[i][1 + kind]);
            ck_assert(secret_put_base64(&coded, slice_of(rows[i][0]),
                                        (enum base64_kind)kind));
            ck_assert_slice(secret_slice(&coded), rows[i][1 + kind]);
            ck_assert(secret_take_base64(&back, buf_slice(&out)));
            ck_assert_slice(secret_slice(&back), rows[i][0]);
            secret_wipe(&coded);
            secret_wipe(&back);
            buf_free(&out);
        }
    }
}

TEST(base64, what_does_not_fit_or_is_no_digit_is_refused)
{
    struct err err = { 0 };
    struct secret out = { 0 };
    ck_assert(secret_open(&out, 4, &err));
    ck_assert(!secret_put_base64(&out, SLICE("four"), BASE64));
    ck_assert_uint_eq(out.len, 0);
    ck_assert(!secret_take_base64(&out, SLICE("Zm9vYmFy")));
    out.len = 0;
    ck_assert(!secret_take_base64(&out, SLICE("Zm9*")));
    secret_wipe(&out);
}
