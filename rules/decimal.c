/** Decimal numbers stay text: their order is that of their lengths and digits. */
#include "rules/decimal.h"

static struct slice take_digits(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
        len++;
    struct slice digits = slice_make(rest->ptr, len);
    *rest = slice_make(rest->ptr + len, rest->len - len);
    return digits;
}

static bool take_byte(struct slice *rest, char c)
{
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = slice_make(rest->ptr + 1, rest->len - 1);
    return true;
}

bool decimal_parse(struct slice text, struct decimal *number)
{
    struct slice rest = slice_trim(text);
    bool is_negative = take_byte(&rest, '-');
    if (!is_negative)
        take_byte(&rest, '+');
    struct slice whole = take_digits(&rest);
    struct slice fraction = { 0 };
    if (take_byte(&rest, '.'))
        fraction = take_digits(&rest);
    if (rest.len > 0 || whole.len + fraction.len == 0)
        return false;
    while (take_byte(&whole, '0'))
        continue;
    while (fraction.len > 0 && fraction.ptr[fraction.len - 1] == '0')
        fraction.len--;
    bool is_zero = whole.len + fraction.len == 0;
    *number = (struct decimal){ whole, fraction, is_negative && !is_zero };
    return true;
}

static int compare_sizes(const struct decimal *a, const struct decimal *b)
{
    if (a->whole.len != b->whole.len)
        return a->whole.len < b->whole.len ? -1 : 1;
    int order = slice_compare(a->whole, b->whole);
    return order ? order : slice_compare(a->fraction, b->fraction);
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    if (a->is_negative != b->is_negative)
        return a->is_negative ? -1 : 1;
    return a->is_negative ? compare_sizes(b, a) : compare_sizes(a, b);
}
