/**
 * The number of labels; then of each a byte that says what is usual about it, and what
 * is not: its name, its value, each behind its length.
 */
#include "rules/brief.h"

#include "agent/base/must.h"

/* What the first byte of a label is. Below the second both are the usual ones. */
enum {
    NAME_IS_USUAL = LIMIT_LABELS, /* and up: of the usual label so far behind */
    NOTHING_IS_USUAL = 2 * LIMIT_LABELS,
    LENGTH_MORE = 0x80,
    LENGTH_BITS = 7,
};
_Static_assert(LIMIT_LABEL_BYTES < 1 << (LENGTH_BITS + 8), "two bytes hold a length");
_Static_assert(NOTHING_IS_USUAL <= UINT8_MAX, "a byte says what is usual");

/* --- what is usual ---------------------------------------------------------------- */

/** A walk over the usual labels, which are in order, as all labels are. */
struct usual {
    const unsigned char *at;
    size_t number, count; /**< of the label at hand, from 0 */
    struct label label;   /**< good while there is one: number < count */
};

/** A text of the stored form, which is our own. */
static struct slice next_text(struct usual *usual)
{
    size_t len = usual->at[0] | (size_t)usual->at[1] << 8;
    struct slice text = slice_make((const char *)usual->at + 2, len);
    usual->at += 2 + len;
    return text;
}

static void take(struct usual *usual)
{
    if (usual->number == usual->count)
        return;
    usual->label.name = next_text(usual);
    usual->label.value = next_text(usual);
}

static struct usual usual_first(struct slice stored)
{
    struct usual usual = { .at = (const unsigned char *)stored.ptr };
    if (stored.len > 0)
        usual.count = *usual.at++;
    take(&usual);
    return usual;
}

static void usual_next(struct usual *usual)
{
    usual->number++;
    take(usual);
}

/** @return whether there is a usual label of this name; the walk is there then. */
static bool usual_find(struct usual *usual, struct slice name)
{
    while (usual->number < usual->count) {
        if (slice_equal(usual->label.name, name))
            return true;
        if (slice_compare(usual->label.name, name) > 0)
            return false;
        usual_next(usual);
    }
    return false;
}

/* --- saving ----------------------------------------------------------------------- */

static char *put_text(char *at, struct slice text)
{
    if (text.len < LENGTH_MORE) {
        *at++ = (char)text.len;
    } else {
        *at++ = (char)(LENGTH_MORE | (text.len & (LENGTH_MORE - 1)));
        *at++ = (char)(text.len >> LENGTH_BITS);
    }
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

static char *put_label(char *at, const struct label *label, struct usual *usual)
{
    if (!usual_find(usual, label->name)) {
        *at++ = (char)NOTHING_IS_USUAL;
        at = put_text(at, label->name);
        return put_text(at, label->value);
    }
    if (slice_equal(usual->label.value, label->value)) {
        *at++ = (char)usual->number;
        return at;
    }
    *at++ = (char)(NAME_IS_USUAL + usual->number);
    return put_text(at, label->value);
}

void brief_save(const struct labels *labels, struct slice usual, struct buf *out)
{
    struct usual others = usual_first(usual);
    char *begin = buf_room(out, labels_key_bytes(labels) + labels->count);
    must(begin != NULL && labels->count <= LIMIT_LABELS);
    char *at = begin;
    *at++ = (char)labels->count;
    for (size_t i = 0; i < labels->count; i++)
        at = put_label(at, &labels->items[i], &others);
    buf_wrote(out, (size_t)(at - begin));
}

/* --- loading ---------------------------------------------------------------------- */

/** A walk over labels. */
struct reading {
    const unsigned char *at, *end;
    struct usual usual;
};

static struct slice get_text(struct reading *reading)
{
    size_t len = *reading->at++;
    if (len >= LENGTH_MORE)
        len = (len & (LENGTH_MORE - 1)) | (size_t)*reading->at++ << LENGTH_BITS;
    must(len <= (size_t)(reading->end - reading->at));
    struct slice text = slice_make((const char *)reading->at, len);
    reading->at += len;
    return text;
}

static struct reading reading_begin(struct brief brief)
{
    const unsigned char *at = (const unsigned char *)brief.bytes.ptr;
    must(brief.bytes.len > 0);
    return (struct reading){ at + 1, at + brief.bytes.len, usual_first(brief.usual) };
}

static struct label reading_next(struct reading *reading)
{
    must(reading->at < reading->end);
    unsigned what = *reading->at++;
    if (what >= NOTHING_IS_USUAL) {
        struct slice name = get_text(reading);
        return (struct label){ name, get_text(reading) };
    }
    unsigned number = what % NAME_IS_USUAL;
    while (reading->usual.number < number)
        usual_next(&reading->usual);
    must(number < reading->usual.count);
    struct label label = reading->usual.label;
    if (what >= NAME_IS_USUAL)
        label.value = get_text(reading);
    return label;
}

size_t brief_count(struct brief brief)
{
    must(brief.bytes.len > 0);
    return (unsigned char)brief.bytes.ptr[0];
}

void brief_load(struct brief brief, struct labels *labels)
{
    struct reading reading = reading_begin(brief);
    labels->count = brief_count(brief);
    must(labels->count <= LIMIT_LABELS);
    for (size_t i = 0; i < labels->count; i++)
        labels->items[i] = reading_next(&reading);
}

/* --- order ------------------------------------------------------------------------ */

/** As in the stored form: the length comes first, its lower byte in front. */
static int compare_texts(struct slice a, struct slice b)
{
    if (a.len == b.len)
        return slice_compare(a, b);
    if ((a.len & 0xFF) != (b.len & 0xFF))
        return (a.len & 0xFF) < (b.len & 0xFF) ? -1 : 1;
    return a.len < b.len ? -1 : 1;
}

int brief_compare(struct brief a, struct brief b)
{
    struct reading left = reading_begin(a), right = reading_begin(b);
    size_t count = brief_count(a);
    if (count != brief_count(b))
        return count < brief_count(b) ? -1 : 1;
    for (size_t i = 0; i < count; i++) {
        struct label one = reading_next(&left), other = reading_next(&right);
        int order = compare_texts(one.name, other.name);
        if (order == 0)
            order = compare_texts(one.value, other.value);
        if (order != 0)
            return order;
    }
    return 0;
}
