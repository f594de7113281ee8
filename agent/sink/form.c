/** "a=1&b=x%20y+z" */
#include "agent/sink/form.h"

#include <ctype.h>

static int hex_of(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

static void put_decoded(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '+')
            c = ' ';
        if (c == '%' && i + 2 < value.len && hex_of(value.ptr[i + 1]) >= 0 &&
            hex_of(value.ptr[i + 2]) >= 0) {
            c = (char)(hex_of(value.ptr[i + 1]) * 16 + hex_of(value.ptr[i + 2]));
            i += 2;
        }
        buf_putc(out, c);
    }
}

bool form_find(struct slice form, const char *name, struct buf *out)
{
    struct slice field, key;
    buf_clear(out);
    while (slice_next(&form, '&', &field)) {
        struct slice value = field;
        if (!slice_next(&value, '=', &key) || !slice_equal(key, slice_of(name)))
            continue;
        put_decoded(out, value);
        return true;
    }
    return false;
}

void form_put(struct buf *out, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (isalnum(c) || strchr("-._~", c))
            buf_putc(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
