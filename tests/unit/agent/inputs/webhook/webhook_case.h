/** Bodies are posted without a server, and what comes through is caught. */
#ifndef TOCSIN_TESTS_WEBHOOK_CASE_H
#define TOCSIN_TESTS_WEBHOOK_CASE_H

#include "agent/base/limits.h"
#include "agent/inputs/webhook/webhook.h"
#include "test.h"

#define NOW_MS INT64_C(1772409600000) /* 2026-03-02 00:00:00 UTC */

extern const struct source door;

/** What came through. */
struct caught {
    struct arena arena;
    struct incoming items[LIMIT_BODY_ALERTS];
    size_t count;
    struct webhook_reply reply;
};
/** Of the last post; the slices of earlier ones stay as well. */
extern struct caught *caught;

/** Post it at NOW_MS. @return the status. */
int post_request(struct webhook_request request);
/** Likewise, as text to a path that says so, else as JSON. */
int post_bytes(const char *path, struct slice body);
int post(const char *path, const char *body);

/** The one that came through. */
const struct incoming *only_alert(void);
struct slice label(const struct incoming *incoming, const char *name);

void check_has(struct slice text, const char *part);
void check_lacks(struct slice text, const char *part);

#endif
