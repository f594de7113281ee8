/**
 * What lies in a spool: files that `tocsin notify` leaves there, one for each body of a
 * webhook, and that the agent removes when what they say is durable. An entry appears
 * under its name when it is whole. The name sorts by time:
 *
 *     "%012x-%d.%s": milliseconds since 1970, the process, the form of the body
 */
#ifndef TOCSIN_INPUTS_SPOOL_ENTRY_H
#define TOCSIN_INPUTS_SPOOL_ENTRY_H

#include "agent/base/err.h"
#include "agent/base/slice.h"

#define SPOOL_FOLDER "/var/spool/tocsin"

/** How a body is read. */
struct spool_form {
    const char *name;         /**< the end of an entry's name */
    const char *path;         /**< of the webhook that takes such bodies */
    const char *content_type; /**< of those bodies */
};
/** All that there are; ends with a row whose name is NULL. */
extern const struct spool_form spool_forms[];

/** The form called @name, or NULL. */
const struct spool_form *spool_form_find(struct slice name);
/** The form of the entry @name; NULL: it is no entry. */
const struct spool_form *spool_form_of(const char *name);
/** Is @name that of an entry whose writer must have died before it was whole? */
bool spool_is_torso(const char *name, int64_t now_unix_ms);

/** Put @body into @folder and on the disk, in one piece or not at all.
 *  Fails: ERR_MISSING or ERR_DENIED the folder; ERR_INVALID longer than
 *  LIMIT_HTTP_BODY_BYTES; ERR_FULL, ERR_IO. */
bool spool_put(const char *folder, const struct spool_form *form, struct slice body,
               struct err *err) __attribute__((warn_unused_result));

#endif
