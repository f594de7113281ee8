/**
 * Labels in few bytes: those of one alert say what they have not alike with the usual
 * ones of its group, because a hundred thousand alerts may be open, and most labels of
 * a group are equal.
 *
 * Equal labels have equal bytes as long as what is usual stays.
 */
#ifndef TOCSIN_RULES_BRIEF_H
#define TOCSIN_RULES_BRIEF_H

#include "agent/base/limits.h"
#include "rules/label.h"

/** The most bytes that labels have, briefly or in their stored form. */
#define LABELS_KEY_BYTES (8 + LIMIT_LABELS * 2 * (8 + LIMIT_LABEL_BYTES))

/** Both are borrowed. */
struct brief {
    struct slice bytes; /**< as brief_save() wrote them */
    struct slice usual; /**< the stored form of the usual labels; empty: none are */
};

/** Put @labels behind what is in @out, whose bound leaves LABELS_KEY_BYTES. */
void brief_save(const struct labels *labels, struct slice usual, struct buf *out);

size_t brief_count(struct brief brief);

/** The labels, into brief_count() items that are there already; names and values are
 *  borrowed from @brief, which must be what brief_save() wrote. */
void brief_load(struct brief brief, struct labels *labels);

/** <0, 0, >0: the order of their stored forms, as slice_compare() has it. */
int brief_compare(struct brief a, struct brief b);

#endif
