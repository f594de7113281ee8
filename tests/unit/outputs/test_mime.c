/** The typed writer: addresses, encoded words, folding, quoted-printable. */
#include "mail_check.h"
#include "outputs/mime.h"
#include "test.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

TEST(mime, S22_only_an_address_that_needs_no_quoting_is_an_address)
{
    static const struct {
        const char *address;
        bool is_address;
    } rows[] = {
        { "ops@example.com", true },
        { "root@localhost", true },
        { "first.last+tag@sub.example.co.uk", true },
        { "o'brien!#$%&*/=?^_`{|}~-@example.com", true },
        { "a@[192.0.2.1]", true },
        { "a@[IPv6:2001:db8::1]", true },
        { "a@xn--bcher-kva.example", true },
        { "", false },
        { "@", false },
        { "a@", false },
        { "@example.com", false },
        { "a", false },
        { "a b@example.com", false },
        { "a@b@example.com", false },
        { ".a@example.com", false },
        { "a.@example.com", false },
        { "a..b@example.com", false },
        { "\"a\"@example.com", false },
        { "a(x)@example.com", false },
        { "<a@example.com>", false },
        { "a@example.com,b@example.com", false },
        { "a@example.com\r\nBcc: b@example.com", false },
        { "a@example.com\n", false },
        { "a@-example.com", false },
        { "a@example-.com", false },
        { "a@example..com", false },
        { "a@.example.com", false },
        { "a@example.com.", false },
        { "a@exa_mple.com", false },
        { "a@[192.0.2.256]", false },
        { "a@[2001:db8::1]", false },
        { "a@[192.0.2.1", false },
        { "a@[]", false },
        { "b\xC3\xBC@example.com", false },
        { "a@b\xC3\xBC.example", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_msg(mime_is_address(slice_of(rows[i].address)) == rows[i].is_address,
                      "'%s'", rows[i].address);
    ck_assert(!mime_is_address(SLICE("a\0@example.com")));
    ck_assert(!mime_is_address(SLICE("a@example.com\0")));
    ck_assert(!mime_is_address(SLICE("a@[192.0.2.1\0]")));
}

TEST(mime, an_address_has_the_lengths_that_smtp_allows)
{
    char long_local[128], long_label[128], long_all[400];
    snprintf(long_local, sizeof long_local, "%065d@example.com", 0);
    ck_assert(!mime_is_address(slice_of(long_local)));
    ck_assert(mime_is_address(slice_of(long_local + 1)));
    snprintf(long_label, sizeof long_label, "a@%064d.com", 0);
    ck_assert(!mime_is_address(slice_of(long_label)));
    snprintf(long_label, sizeof long_label, "a@%063d.com", 0);
    ck_assert(mime_is_address(slice_of(long_label)));
    snprintf(long_all, sizeof long_all, "a@%063d.%063d.%063d.%060d.com", 0, 0, 0, 0);
    ck_assert(strlen(long_all) > 254 && !mime_is_address(slice_of(long_all)));
}

/** The header that @text becomes, decoded again. */
static struct read_header *round_trip(struct slice text)
{
    static struct read_header header;
    struct buf out = buf_make(1024 * 1024);
    mime_put_text_header(&out, "Subject", text);
    read_header_line(buf_slice(&out), &header);
    ck_assert_str_eq(header.name, "Subject");
    buf_free(&out);
    return &header;
}

TEST(mime, plain_text_stands_in_a_header_as_it_is)
{
    struct read_header *header = round_trip(SLICE("[tocsin web1] db-down on web1"));
    ck_assert_str_eq(header->raw, "Subject: [tocsin web1] db-down on web1\r\n");
}

TEST(mime, long_plain_text_is_folded_and_comes_back)
{
    const char *text = "one two three four five six seven eight nine ten eleven twelve "
                       "thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
    struct read_header *header = round_trip(slice_of(text));
    ck_assert_str_eq(header->value, text);
    ck_assert(strstr(header->raw, "\r\n ") && !strstr(header->raw, "=?"));
}

TEST(mime, hostile_text_stays_one_header_of_clean_text)
{
    static const struct {
        struct slice text;
        const char *value;
    } rows[] = {
        { BYTES("a\r\nBcc: x@y"), "a\\x0D\\x0ABcc: x@y" },
        { BYTES("a\r\n\r\n<html>"), "a\\x0D\\x0A\\x0D\\x0A<html>" },
        { BYTES("a\nb"), "a\\x0Ab" },
        { BYTES("a\0b"), "a\\x00b" },
        { BYTES("\x1B[31m"), "\\x1B[31m" },
        { BYTES("  a   b  "), "a b" },
        { BYTES("=?UTF-8?Q?Bcc=3A?="), "=?UTF-8?Q?Bcc=3A?=" },
        { BYTES("=?x?B?AAAA?= =?x?B?AAAA?="), "=?x?B?AAAA?= =?x?B?AAAA?=" },
        { BYTES("b\xC3\xBC"
                "cher"),
          "b\xC3\xBC"
          "cher" },
        { BYTES("\xE2\x80\xAEtxt"), "\\u{202E}txt" },
        { BYTES("_ =_ ?"), "_ =_ ?" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        ck_assert_str_eq(round_trip(rows[i].text)->value, rows[i].value);
}

TEST(mime, characters_are_not_torn_between_encoded_words)
{
    char text[600] = "";
    for (size_t len = 0; len + 5 < 400; len = strlen(text)) {
        snprintf(text + len, sizeof text - len, "%s",
                 len % 3 ? "\xF0\x9F\x94\xA5" : "x\xE2\x82\xAC ");
        if (text[strlen(text) - 1] != ' ')
            ck_assert_str_eq(round_trip(slice_of(text))->value, text);
    }
}

TEST(mime, a_word_too_long_to_fold_is_encoded)
{
    char text[301];
    memset(text, 'x', 300);
    text[300] = '\0';
    struct read_header *header = round_trip(slice_of(text));
    ck_assert_str_eq(header->value, text);
    ck_assert(strstr(header->raw, "=?UTF-8?Q?"));
}

TEST(mime, a_display_name_cannot_leave_its_place)
{
    static const struct slice address[] = { BYTES("alerts@example.com") };
    static const struct {
        const char *display, *raw;
    } rows[] = {
        { "tocsin on web1", "From: \"tocsin on web1\" <alerts@example.com>\r\n" },
        { "a\" <evil@example.com>, \"b",
          "From: \"a\\\" <evil@example.com>, \\\"b\" <alerts@example.com>\r\n" },
        { "a\\", "From: \"a\\\\\" <alerts@example.com>\r\n" },
        { "b\xC3\xBC", "From: =?UTF-8?Q?b=C3=BC?= <alerts@example.com>\r\n" },
        { "a\r\nTo: x", "From: \"a\\\\x0D\\\\x0ATo: x\" <alerts@example.com>\r\n" },
        { "", "From: alerts@example.com\r\n" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf out = buf_make(4096);
        mime_put_address_header(&out, "From", slice_of(rows[i].display), address, 1);
        ck_assert_str_eq(out.ptr, rows[i].raw);
        buf_free(&out);
    }
}

TEST(mime, many_recipients_are_folded_between_addresses)
{
    struct slice addresses[100];
    struct buf out = buf_make(65536);
    struct read_header header;
    for (size_t i = 0; i < 100; i++)
        addresses[i] = SLICE("somebody@example.com");
    mime_put_address_header(&out, "To", SLICE(""), addresses, 100);
    ck_assert(out.len > 2100 && out.len < sizeof header.raw);
    check_lines(buf_slice(&out), 78);
    buf_free(&out);
}

TEST(mime, a_mail_to_nobody_says_so)
{
    struct buf out = buf_make(4096);
    mime_put_address_header(&out, "To", SLICE(""), NULL, 0);
    ck_assert_str_eq(out.ptr, "To: undisclosed-recipients:;\r\n");
    buf_free(&out);
}

TEST(mime, S20_quoted_printable_gives_back_every_byte)
{
    static const struct slice texts[] = {
        BYTES(""),
        BYTES("a\n"),
        BYTES("a"),
        BYTES("\n\n\n"),
        BYTES("trailing \n blank \n"),
        BYTES("a "),
        BYTES("tab\t\n"),
        BYTES(".\n..\n.a\n"),
        BYTES("From me\nFrom you\n"),
        BYTES("=3D=\n"),
        BYTES("\r\n\r"),
        BYTES("nul\0nul\n"),
        BYTES("--boundary\n"),
        BYTES("\xF0\x9F\x94\xA5\n"),
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct buf out = buf_make(4096);
        mime_put_quoted_printable(&out, texts[i]);
        struct buf back = read_quoted_printable(buf_slice(&out));
        ck_assert_msg(slice_equal(buf_slice(&back), texts[i]), "row %zu: %s", i,
                      out.ptr);
        buf_free(&out);
        buf_free(&back);
    }
}

TEST(mime, S20_soft_line_ends_never_leave_a_dot_or_from_at_the_start)
{
    /* Slide what transports touch over the place where lines are broken. */
    for (size_t pad = 60; pad < 160; pad++) {
        char text[300];
        memset(text, 'x', pad);
        snprintf(text + pad, sizeof text - pad, "..From From .\xC3\xBC. From .\n");
        struct buf out = buf_make(4096);
        mime_put_quoted_printable(&out, slice_of(text));
        struct buf back = read_quoted_printable(buf_slice(&out));
        ck_assert_str_eq(back.ptr, text);
        buf_free(&out);
        buf_free(&back);
    }
}
