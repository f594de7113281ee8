/** Header lines, with those that belong to them. */
#include "outputs/addressees.h"

#include "agent/base/unmime.h"

enum { ADDRESS_BYTES = 512, HEADER_BYTES = 64 * 1024 };

bool addressees_put(struct addressees *to, struct slice address)
{
    if (to->count == LIMIT_RECIPIENTS || address.len >= ADDRESS_BYTES)
        return false;
    if (to->count++ == 0)
        to->texts = buf_make(LIMIT_RECIPIENTS * ADDRESS_BYTES);
    buf_put(&to->texts, address);
    buf_putc(&to->texts, '\n');
    return true;
}

void addressees_clear(struct addressees *to)
{
    buf_free(&to->texts);
    *to = (struct addressees){ 0 };
}

/* "A <a@x.org>" or "a@x.org" */
static struct slice bare(struct slice one)
{
    size_t open = slice_find(one, SLICE("<")), close = slice_find(one, SLICE(">"));
    if (open != SIZE_MAX && close != SIZE_MAX && close > open)
        one = slice_make(one.ptr + open + 1, close - open - 1);
    return slice_trim(one);
}

static bool has(const struct addressees *to, struct slice address)
{
    struct slice rest = buf_slice(&to->texts), one;
    while (slice_next(&rest, '\n', &one))
        if (slice_equal(one, address))
            return true;
    return false;
}

static bool is_named(struct slice mail, const char *header)
{
    struct buf value = buf_make(HEADER_BYTES);
    bool is = unmime_header(mail, header, &value);
    buf_free(&value);
    return is;
}

static bool names_all(const struct addressees *to, struct slice mail)
{
    struct buf value = buf_make(HEADER_BYTES);
    struct slice rest, one;
    size_t count = 0;
    bool ok = unmime_header(mail, "To", &value) && !is_named(mail, "Cc") &&
              !is_named(mail, "Bcc");
    rest = buf_slice(&value);
    while (ok && slice_next(&rest, ',', &one)) {
        ok = has(to, bare(one));
        count++;
    }
    buf_free(&value);
    return ok && count == to->count;
}

static bool is_address_header(struct slice line)
{
    static const char *const names[] = { "To", "Cc", "Bcc" };
    size_t colon = slice_find(line, SLICE(":"));
    for (size_t i = 0; colon != SIZE_MAX && i < sizeof names / sizeof *names; i++)
        if (slice_equal_nocase(slice_make(line.ptr, colon), slice_of(names[i])))
            return true;
    return false;
}

static void put_to(const struct addressees *to, struct buf *out)
{
    struct slice rest = buf_slice(&to->texts), one;
    buf_puts(out, "To: ");
    while (slice_next(&rest, '\n', &one)) {
        buf_put(out, one);
        buf_puts(out, rest.len > 0 ? ",\r\n " : "\r\n");
    }
}

void addressees_apply(const struct addressees *to, struct buf *mail)
{
    struct slice rest = buf_slice(mail), line;
    struct buf out = buf_make(mail->max_bytes);
    bool is_left_out = false;
    if (names_all(to, rest))
        return;
    put_to(to, &out);
    while (slice_next(&rest, '\n', &line) && line.len > 1) {
        bool goes_on = line.ptr[0] == ' ' || line.ptr[0] == '\t';
        is_left_out = goes_on ? is_left_out : is_address_header(line);
        if (is_left_out)
            continue;
        buf_put(&out, line);
        buf_putc(&out, '\n');
    }
    buf_puts(&out, "\r\n");
    buf_put(&out, rest);
    buf_free(mail);
    *mail = out;
}
