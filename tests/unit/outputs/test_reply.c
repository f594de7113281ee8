/** Replies of mail servers, in any pieces and of any shape. */
#include "outputs/reply.h"

#include "agent/base/mem.h"

#include "test.h"

static enum reply_state read_reply(struct slice bytes, struct smtp_reply *reply)
{
    struct reply_parser parser = { 0 };
    *reply = (struct smtp_reply){ 0 };
    return reply_feed(&parser, &bytes, reply);
}

TEST(reply, a_reply_of_gmail_is_taken_apart)
{
    struct smtp_reply reply;
    ck_assert_int_eq(
        read_reply(SLICE("535-5.7.8 Username and Password not accepted. See\r\n"
                         "535 5.7.8  https://support.google.com/mail/?p=BadCredentials "
                         "a1-2.3 - gsmtp\r\n"),
                   &reply),
        REPLY_DONE);
    ck_assert_int_eq(reply.code, 535);
    ck_assert_str_eq(reply.enhanced, "5.7.8");
    ck_assert_str_eq(reply.token, "BadCredentials");
    ck_assert_str_eq(reply.text, "Username and Password not accepted. See "
                                 "https://support.google.com/mail/?p=BadCredentials "
                                 "a1-2.3 - gsmtp");
}

TEST(reply, it_is_the_same_wherever_the_bytes_are_split)
{
    struct slice all = SLICE("250-2.1.0 one\r\n250-\n250 2.1.0 two\r\n354 go\r\n");
    for (size_t split = 0; split <= all.len; split++) {
        struct reply_parser parser = { 0 };
        struct smtp_reply replies[4];
        size_t count = 0;
        struct slice parts[2] = { { all.ptr, split },
                                  { all.ptr + split, all.len - split } };
        for (int i = 0; i < 2; i++)
            while (parts[i].len > 0 &&
                   reply_feed(&parser, &parts[i], &replies[count]) == REPLY_DONE)
                count++;
        ck_assert_uint_eq(count, 2);
        ck_assert_str_eq(replies[0].text, "one two");
        ck_assert_str_eq(replies[0].enhanced, "2.1.0");
        ck_assert_int_eq(replies[1].code, 354);
    }
}

TEST(reply, a_code_alone_and_bare_line_feeds_are_taken)
{
    struct smtp_reply reply;
    ck_assert_int_eq(read_reply(SLICE("250\n"), &reply), REPLY_DONE);
    ck_assert_int_eq(reply.code, 250);
    ck_assert_str_eq(reply.text, "");
}

TEST(reply, what_is_no_reply_is_broken)
{
    static const char *const bad[] = { "hello\r\n",          "25\r\n",    "2500 x\r\n",
                                       "650 x\r\n",          "\r\n",      "250_x\r\n",
                                       "250-a\r\n251 b\r\n", " 250 x\r\n" };
    struct smtp_reply reply;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(read_reply(slice_of(bad[i]), &reply) == REPLY_BROKEN, "%s",
                      bad[i]);
}

TEST(reply, S19_nul_eight_bit_and_escapes_become_clean_text)
{
    struct smtp_reply reply;
    struct slice raw = SLICE("550 a\0b\xff\x1b[31m\r\n");
    ck_assert_int_eq(read_reply(raw, &reply), REPLY_DONE);
    ck_assert_str_eq(reply.text, "a\\x00b\\xFF\\x1B[31m");
}

TEST(reply, S19_its_text_is_cut_and_its_bounds_are_kept)
{
    struct smtp_reply reply;
    struct buf raw = buf_make(4 * 1024 * 1024);
    buf_puts(&raw, "550 ");
    for (int i = 0; i < 20000; i++)
        buf_putc(&raw, '\x01');
    buf_puts(&raw, "\r\n");
    ck_assert_int_eq(read_reply(buf_slice(&raw), &reply), REPLY_DONE);
    ck_assert_uint_lt(strlen(reply.text), LIMIT_REPLY_TEXT_BYTES);
    buf_clear(&raw);
    for (int i = 0; i < LIMIT_SMTP_REPLY_LINES + 1; i++)
        buf_puts(&raw, "250-x\r\n");
    ck_assert_int_eq(read_reply(buf_slice(&raw), &reply), REPLY_BROKEN);
    buf_clear(&raw);
    for (int i = 0; i < LIMIT_SMTP_REPLY_BYTES + 1; i++)
        buf_putc(&raw, '2');
    ck_assert_int_eq(read_reply(buf_slice(&raw), &reply), REPLY_BROKEN);
    buf_free(&raw);
}
