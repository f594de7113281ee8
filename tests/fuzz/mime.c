/** Headers and bodies of any bytes: what goes on the wire is printable lines of bounded
 *  length with the headers that were put and no other, and it says what was put, made
 *  clean. Subject before the first line feed, then the display name, then the body. */
#include "frame/fuzz.h"

#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "outputs/mime.h"

enum { OUT_BYTES = 8 << 20, LINE_MAX_OCTETS = 78 };

/** As mails are read: a line ends with CRLF, is ASCII, and is not too long. */
static void check_wire(struct slice mail)
{
    size_t len = 0;
    for (size_t i = 0; i < mail.len; i++) {
        unsigned char c = (unsigned char)mail.ptr[i];
        if (c == '\r') {
            must(i + 1 < mail.len && mail.ptr[i + 1] == '\n');
            must(len <= LINE_MAX_OCTETS);
            len = 0;
            i++;
            continue;
        }
        must(c >= 0x20 && c < 0x7F);
        len++;
    }
    must(len <= LINE_MAX_OCTETS);
}

/** Only the two headers, each once; the other lines of the head are folded ones. */
static void check_head(struct slice head)
{
    struct slice line;
    int subjects = 0, receivers = 0;
    while (slice_next(&head, '\n', &line)) {
        must(line.len > 1);
        if (line.ptr[0] == ' ')
            must(slice_trim(line).len > 0);
        else if (slice_starts(line, SLICE("Subject:")))
            subjects++;
        else if (slice_starts(line, SLICE("To:")))
            receivers++;
        else
            must(false);
    }
    must(subjects == 1 && receivers == 1);
}

static void put_clean_words(struct buf *out, struct slice text)
{
    struct buf clean = buf_make(OUT_BYTES);
    bool is_first = true;
    struct slice rest, word;
    text_put_clean(&clean, text, false);
    for (rest = buf_slice(&clean); slice_next(&rest, ' ', &word);) {
        if (word.len == 0)
            continue;
        if (!is_first)
            buf_putc(out, ' ');
        buf_put(out, word);
        is_first = false;
    }
    buf_free(&clean);
}

/** Blanks at folds may be one or many; the words must be the same. */
static void check_subject(struct slice mail, struct slice subject)
{
    struct buf seen = buf_make(OUT_BYTES), words = buf_make(OUT_BYTES);
    struct buf wanted = buf_make(OUT_BYTES);
    must(unmime_header(mail, "Subject", &seen));
    put_clean_words(&words, buf_slice(&seen));
    put_clean_words(&wanted, subject);
    must(slice_starts(buf_slice(&wanted), buf_slice(&words)) || words.overflowed);
    buf_free(&seen);
    buf_free(&words);
    buf_free(&wanted);
}

static void check_body(struct slice encoded, struct slice body)
{
    struct buf decoded = buf_make(OUT_BYTES), wanted = buf_make(OUT_BYTES);
    unmime_quoted(encoded, &decoded);
    buf_put(&wanted, body);
    if (body.len > 0 && body.ptr[body.len - 1] != '\n')
        buf_putc(&wanted, '\n');
    if (decoded.len > 0 && decoded.ptr[decoded.len - 1] != '\n')
        buf_putc(&decoded, '\n');
    must(slice_equal(buf_slice(&decoded), buf_slice(&wanted)));
    buf_free(&decoded);
    buf_free(&wanted);
}

static void try_mail(struct slice subject, struct slice name, struct slice body)
{
    struct slice address = SLICE("ops@example.com");
    struct buf mail = buf_make(OUT_BYTES), clean = buf_make(OUT_BYTES);
    mime_put_text_header(&mail, "Subject", subject);
    mime_put_address_header(&mail, "To", name, &address, 1);
    check_head(buf_slice(&mail));
    check_subject(buf_slice(&mail), subject);
    must(slice_find(buf_slice(&mail), SLICE("ops@example.com")) != SIZE_MAX);
    size_t head_len = mail.len;
    text_put_clean(&clean, body, true);
    mime_put_quoted_printable(&mail, buf_slice(&clean));
    check_wire(buf_slice(&mail));
    check_body(slice_make(mail.ptr + head_len, mail.len - head_len), buf_slice(&clean));
    buf_free(&mail);
    buf_free(&clean);
}

/** An address that is taken cannot leave its place on the wire. */
static void try_address(struct slice text)
{
    if (!mime_is_address(text))
        return;
    must(text.len <= 254);
    for (size_t i = 0; i < text.len; i++)
        must(text.ptr[i] > 0x20 && text.ptr[i] < 0x7F &&
             !strchr("<>\"(),;\\", text.ptr[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = fuzz_input(data, size), subject = SLICE(""), name = SLICE("");
    if (size > 64 * 1024)
        return 0;
    (void)slice_next(&body, '\n', &subject);
    (void)slice_next(&body, '\n', &name);
    try_mail(subject, name, body);
    try_address(subject);
    return 0;
}
