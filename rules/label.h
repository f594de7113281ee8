/**
 * Labels say what an alert is about: rule, host, severity, and what the rule's author
 * added. Equal labels, equal alert: their hash is its fingerprint.
 */
#ifndef TOCSIN_RULES_LABEL_H
#define TOCSIN_RULES_LABEL_H

#include "agent/base/buf.h"
#include "agent/base/mem.h"

struct label {
    struct slice name, value;
};

/** Sorted by name, names unique, no empty value (an empty value is no label, as with
 *  Alertmanager: shared/facts/peers.md 2.1). At most LIMIT_LABELS. */
struct labels {
    struct label *items;
    size_t count;
};

/** Set @name to @value in @labels; both are copied into @arena, and cut to
 *  LIMIT_LABEL_BYTES. An empty value drops the label.
 *  @return false when LIMIT_LABELS is reached and the label was left off. */
bool labels_set(struct labels *labels, struct arena *arena, struct slice name,
                struct slice value);

/** The same for labels whose array is the caller's alone and has room for LIMIT_LABELS;
 *  name and value are borrowed. */
bool labels_put(struct labels *labels, struct slice name, struct slice value);

/** Labels of @count pairs in any order, whose names are unique; the bytes are borrowed.
 *  Past LIMIT_LABELS the later pairs are left off; empty values are none. */
struct labels labels_make(struct arena *arena, const struct label *pairs, size_t count);

/** The value, or the empty slice: missing and empty are the same. */
struct slice labels_find(const struct labels *labels, struct slice name);

/** The fingerprint: equal for equal labels, whatever the order they were set in. */
uint64_t labels_hash(const struct labels *labels);

/** Equal labels: what the hash promises, made sure of. */
bool labels_equal(const struct labels *a, const struct labels *b);

/** A deep copy in @arena. */
struct labels labels_copy(struct arena *arena, const struct labels *labels);

/** Is this what a struct labels has to be: bounded, sorted, no empty value? */
bool labels_are_good(const struct labels *labels);

/** Stored form, the same for equal labels. load makes the array in @arena, load_into
 *  has LIMIT_LABELS items there already; both borrow names and values from @in.
 *  @return false when the bytes are not labels. */
void labels_save(const struct labels *labels, struct buf *out);
bool labels_load(struct labels *labels, struct unbuf *in, struct arena *arena);
bool labels_load_into(struct labels *labels, struct unbuf *in);
/** How long the stored form is. */
size_t labels_key_bytes(const struct labels *labels);

#endif
