/** A machine of five states over the bytes, so that it cannot matter how TCP cut
 *  them. */
#include "agent/sink/dot.h"

enum { AT_LINE_START, AT_DOT, AT_DOT_CR, IN_LINE, AT_CR };

void dot_begin(struct dot_reader *reader, size_t max_bytes)
{
    dot_clear(reader);
    reader->body = buf_make(max_bytes);
}

static void put_octet(struct dot_reader *reader, char c)
{
    buf_putc(&reader->body, c);
    reader->line_bytes++;
    if (reader->line_bytes > 998)
        reader->faults |= DOT_LONG_LINE;
    if ((unsigned char)c > 127)
        reader->faults |= DOT_EIGHT_BIT;
    if (c == '\0')
        reader->faults |= DOT_NUL;
    reader->state = IN_LINE;
}

/** Within a line, or at its start: what came before @c is dealt with. */
static void take_plain(struct dot_reader *reader, char c)
{
    if (c == '\r') {
        reader->state = AT_CR;
        return;
    }
    if (c == '\n')
        reader->faults |= DOT_BARE_LF;
    put_octet(reader, c);
}

static void take_after_cr(struct dot_reader *reader, char c)
{
    if (c == '\n') {
        buf_put(&reader->body, SLICE("\r\n"));
        reader->line_bytes = 0;
        reader->line_count++;
        reader->state = AT_LINE_START;
        return;
    }
    reader->faults |= DOT_BARE_CR;
    put_octet(reader, '\r');
    take_plain(reader, c);
}

/** @return true at the end of the mail. */
static bool take(struct dot_reader *reader, char c)
{
    switch (reader->state) {
    case AT_LINE_START:
        if (c == '.')
            reader->state = AT_DOT;
        else
            take_plain(reader, c);
        return false;
    case AT_DOT:
        if (c == '\r') {
            reader->state = AT_DOT_CR;
            return false;
        }
        if (c != '.')
            reader->faults |= DOT_UNSTUFFED;
        take_plain(reader, c);
        return false;
    case AT_DOT_CR:
        if (c == '\n')
            return true;
        take_after_cr(reader, c);
        return false;
    case AT_CR:
        take_after_cr(reader, c);
        return false;
    default:
        take_plain(reader, c);
        return false;
    }
}

/** Within a line: all that is there of it at once, up to a CR or a LF. @return how much
 *  that is. */
static size_t take_run(struct dot_reader *reader, struct slice bytes)
{
    size_t len = 0;
    unsigned faults = 0;
    for (; len < bytes.len && bytes.ptr[len] != '\r' && bytes.ptr[len] != '\n'; len++) {
        if ((unsigned char)bytes.ptr[len] > 127)
            faults |= DOT_EIGHT_BIT;
        if (bytes.ptr[len] == '\0')
            faults |= DOT_NUL;
    }
    buf_put(&reader->body, slice_make(bytes.ptr, len));
    reader->line_bytes += len;
    if (len > 0 && reader->line_bytes > 998)
        faults |= DOT_LONG_LINE;
    reader->faults |= faults;
    return len;
}

size_t dot_feed(struct dot_reader *reader, struct slice bytes, bool *is_done)
{
    *is_done = false;
    for (size_t i = 0; i < bytes.len; i++) {
        if (reader->state == IN_LINE)
            i += take_run(reader, slice_make(bytes.ptr + i, bytes.len - i));
        if (i == bytes.len)
            break;
        if (take(reader, bytes.ptr[i])) {
            *is_done = true;
            return i + 1;
        }
    }
    return bytes.len;
}

void dot_clear(struct dot_reader *reader)
{
    buf_free(&reader->body);
    *reader = (struct dot_reader){ .state = AT_LINE_START };
}

const char *dot_fault_text(unsigned faults)
{
    static const char *const texts[] = { "a bare LF in the mail",
                                         "a bare CR in the mail",
                                         "a line that begins with a single dot",
                                         "a line over 998 octets in the mail",
                                         "octets over 127 without BODY=8BITMIME",
                                         "a NUL in the mail" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (faults & 1u << i)
            return texts[i];
    }
    return NULL;
}
