/** Strict UTF-8: what is not the one valid form of a character is no character. */
#include "agent/base/utf8.h"

static const struct {
    unsigned char lead_mask, lead;
    uint32_t least; /* smaller values have a shorter form */
} forms[] = { { 0x80, 0x00, 0 },
              { 0xE0, 0xC0, 0x80 },
              { 0xF0, 0xE0, 0x800 },
              { 0xF8, 0xF0, 0x10000 } };

static bool is_scalar(uint32_t code)
{
    return code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

size_t utf8_next(struct slice bytes, uint32_t *code)
{
    const unsigned char *p = (const unsigned char *)bytes.ptr;
    size_t len = 0;
    while (len < 4 && (p[0] & forms[len].lead_mask) != forms[len].lead)
        len++;
    if (len == 4 || len + 1 > bytes.len)
        return 0;
    uint32_t value = p[0] & (unsigned char)~forms[len].lead_mask;
    for (size_t i = 1; i <= len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3F);
    }
    if (value < forms[len].least || !is_scalar(value))
        return 0;
    *code = value;
    return len + 1;
}

/* Sorted. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x00AD, 0x00AD },   /* soft hyphen */
    { 0x034F, 0x034F },   /* combining grapheme joiner */
    { 0x061C, 0x061C },   /* arabic letter mark */
    { 0x115F, 0x1160 },   /* hangul fillers */
    { 0x17B4, 0x17B5 },   /* khmer inherent vowels */
    { 0x180B, 0x180F },   /* mongolian selectors and vowel separator */
    { 0x200B, 0x200F },   /* zero width, left-to-right and right-to-left marks */
    { 0x2028, 0x202E },   /* line and paragraph separator, bidi embeddings, overrides */
    { 0x2060, 0x206F },   /* word joiner, invisible operators, bidi isolates */
    { 0x3164, 0x3164 },   /* hangul filler */
    { 0xFDD0, 0xFDEF },   /* noncharacters */
    { 0xFEFF, 0xFEFF },   /* byte order mark */
    { 0xFFA0, 0xFFA0 },   /* halfwidth hangul filler */
    { 0xFFF0, 0xFFFB },   /* interlinear annotations */
    { 0x1BCA0, 0x1BCA3 }, /* shorthand format controls */
    { 0x1D173, 0x1D17A }, /* musical format controls */
    { 0xE0000, 0xE0FFF }, /* tags */
};

bool utf8_is_hidden(uint32_t code)
{
    if ((code & 0xFFFE) == 0xFFFE)
        return true;
    size_t low = 0, high = sizeof hidden / sizeof hidden[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > hidden[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof hidden / sizeof hidden[0] && code >= hidden[low].first;
}
