/**
 * Alerts that others post: Alertmanager, Grafana, scripts. A body is read as a whole or
 * refused as a whole; who speaks HTTP, and when the answer may go out, is not known
 * here.
 */
#ifndef TOCSIN_INPUTS_WEBHOOK_H
#define TOCSIN_INPUTS_WEBHOOK_H

#include "agent/base/schema.h"
#include "agent/inputs/intake.h"

/** Where a body of /webhook/generic says what: JSON pointers (RFC 6901), of which the
 *  first that finds something decides. */
struct webhook_config {
    const struct yaml_node *node;
    struct conf_texts title, body, severity, status, fingerprint, time, labels;
};
/** The block `generic`. */
extern const struct schema webhook_schema;

/** All slices are borrowed for the call, and may hold any bytes. */
struct webhook_request {
    struct slice path;           /**< "/webhook/alertmanager", without the query */
    struct slice query;          /**< behind the '?', still encoded; may be empty */
    struct slice content_type;   /**< as sent, with its parameters */
    struct slice body;           /**< whole */
    const struct source *source; /**< the implicit source "http" */
    const struct webhook_config *config; /**< NULL: the defaults */
    int64_t resolve_after_ms; /**< key `resolve_after`: an alert that its sender does
                                   not repeat is over then; 0: a day */
    int64_t now_unix_ms;
};

/** What is answered: once what was handed in is durable. */
struct webhook_reply {
    int status;       /**< 200, 400, 404, 413 or 415 */
    const char *text; /**< a constant line for the body */
    /* What was taken, to be counted. */
    size_t alert_count;
    size_t odd_count;      /**< known fields of a type that they should not have */
    size_t repaired_count; /**< bytes that were no text */
};

/** Is @path one of those below /webhook/ that take alerts? */
bool webhook_knows(struct slice path);

/** Hand all alerts of the body to @intake, or none of them when the status is not 200.
 *  @scratch  holds what is made of the body; the caller clears it afterwards */
struct webhook_reply webhook_take(const struct webhook_request *request,
                                  const struct intake *intake, struct arena *scratch);

#endif
