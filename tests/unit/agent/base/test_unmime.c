/** Mails are read back as they were meant. */
#include "test.h"

#include "agent/base/unmime.h"

#define ck_assert_put(call, text)                 \
    do {                                          \
        struct buf out = buf_make(1 << 16);       \
        call;                                     \
        ck_assert_slice(buf_slice(&out), (text)); \
        buf_free(&out);                           \
    } while (0)

TEST(unmime, base64_of_every_length_comes_back)
{
    ck_assert_put(ck_assert(unmime_base64(SLICE(""), &out)), "");
    ck_assert_put(ck_assert(unmime_base64(SLICE("YQ=="), &out)), "a");
    ck_assert_put(ck_assert(unmime_base64(SLICE("YWI="), &out)), "ab");
    ck_assert_put(ck_assert(unmime_base64(SLICE("YW\r\nJj"), &out)), "abc");
    ck_assert_put(ck_assert(unmime_base64(SLICE("YWJjZA=="), &out)), "abcd");
    ck_assert_put(ck_assert(!unmime_base64(SLICE("YWJjZ"), &out)), "abc");
    ck_assert_put(ck_assert(!unmime_base64(SLICE("Y!Q=="), &out)), "a");
    ck_assert_put(ck_assert(!unmime_base64(SLICE("YQ==YQ=="), &out)), "a");
}

TEST(unmime, quoted_printable_comes_back)
{
    ck_assert_put(unmime_quoted(SLICE("a=3Db =\r\nc  \r\n=2E\r\n=zz=4"), &out),
                  "a=b c\n.\n=zz=4\n");
}

TEST(unmime, encoded_words_join_without_the_blanks_between_them)
{
    ck_assert_put(unmime_words(SLICE("a =?utf-8?Q?=C3=A4_b?=  =?UTF-8?B?w7Y=?= c"),
                               &out),
                  "a \xc3\xa4 b\xc3\xb6 c");
    ck_assert_put(unmime_words(SLICE("=?latin1?Q?x?= =?utf-8?Q?open =?"), &out),
                  "=?latin1?Q?x?= =?utf-8?Q?open =?");
}

static const char mail[] =
    "From: tocsin <a@b.c>\r\nSubject: one\r\n\ttwo =?utf-8?Q?=21?=\r\n"
    "Content-Type: multipart/alternative;\r\n boundary=\"b1\"\r\n\r\nnot this\r\n"
    "--b1\r\nContent-Type: text/html\r\n\r\n<p>no\r\n"
    "--b1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nhi=2E\r\n\r\nyou\r\n"
    "--b1--\r\n";

TEST(unmime, headers_are_unfolded_and_decoded)
{
    ck_assert_put(ck_assert(unmime_header(slice_of(mail), "subject", &out)),
                  "one two !");
    ck_assert_put(ck_assert(!unmime_header(slice_of(mail), "To", &out)), "");
}

TEST(unmime, the_plain_text_is_found_in_a_multipart_mail)
{
    ck_assert_put(unmime_text(slice_of(mail), &out), "hi.\n\nyou\n");
    ck_assert_put(unmime_text(SLICE("A: b\r\n\r\nplain\r\n"), &out), "plain\n");
    ck_assert_put(unmime_text(SLICE("Content-Type: multipart/x\r\n\r\nq\r\n"), &out),
                  "q\n");
    ck_assert_put(unmime_text(SLICE(""), &out), "");
}
