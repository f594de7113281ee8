/**
 * A body on its way to alerts. They are gathered first and handed in at the end, so
 * that a body is taken as a whole or not at all.
 */
#ifndef TOCSIN_WEBHOOK_READING_H
#define TOCSIN_WEBHOOK_READING_H

#include "agent/base/buf.h"
#include "agent/base/json.h"
#include "agent/inputs/webhook/webhook.h"

/** Of the text of one alert: past any body. */
#define READING_TEXT_BYTES (16 * 1024 * 1024)

struct reading {
    const struct webhook_request *request;
    struct arena *arena;
    struct incoming *items;
    size_t count, capacity;
    size_t odd_count;  /**< known fields of a type that they should not have */
    struct slice note; /**< put behind every text: what was repaired or is missing */
    struct buf text;   /**< of one alert, while it is written */
    struct buf links;
};

/** Names and values as they were posted, unsorted. */
struct pairs {
    struct label *items;
    size_t count, capacity;
};
void pairs_put(struct pairs *pairs, struct arena *arena, struct slice name,
               struct slice value);
/** The value, or the empty slice. */
struct slice pairs_find(const struct pairs *pairs, struct slice name);
/** The members of an object that are texts, numbers or words; what else there is counts
 *  as odd. @value may be NULL. */
void pairs_read(struct pairs *pairs, struct reading *reading, const struct json *value);

/** One more alert, zeroed but for source and resolve_after. */
struct incoming *reading_add(struct reading *reading);

/** The text of a string, number or word; empty, and odd, when it is something else;
 *  empty when it is missing or null. */
struct slice reading_text(struct reading *reading, const struct json *value);

/** A line more for the links of the alert that is read now, if @url is one: http or
 *  https, printable, without quotes. */
void reading_link(struct reading *reading, const char *name, struct slice url);
bool reading_is_link(struct slice url);

/** The first line of @text, trimmed; @rest, unless it is NULL, is what follows it. */
struct slice reading_title(struct slice text, struct slice *rest);

/** Finish @incoming: its text and links are what was written, its labels are @labels,
 *  and rules see these and @others by name. */
void reading_finish(struct reading *reading, struct incoming *incoming,
                    const struct pairs *labels, const struct pairs *others);

/** The hash of @text as a fingerprint, never 0; @salt keeps kinds apart. */
uint64_t reading_fingerprint(const char *salt, struct slice text);

/** The kinds of bodies. @return false when there are more than LIMIT_BODY_ALERTS. */
bool reading_is_group(const struct json *root);
bool reading_group(struct reading *reading, const struct json *root);
bool reading_generic(struct reading *reading, const struct json *root);
void reading_plain_text(struct reading *reading, struct slice text);

#endif
