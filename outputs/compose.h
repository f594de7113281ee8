/**
 * From a notice to the mail that tells it: multipart/alternative, the text first, then
 * HTML that Gmail shows (tables and inline styles, no script, nothing remote, under
 * LIMIT_MAIL_HTML_BYTES). What, how often, first and last, where from, sample lines;
 * what does not fit is counted. Nothing from a log or a label can make a header, a
 * recipient or an extra line.
 */
#ifndef TOCSIN_OUTPUTS_COMPOSE_H
#define TOCSIN_OUTPUTS_COMPOSE_H

#include "agent/base/mem.h"
#include "agent/base/now.h"
#include "agent/base/zone.h"
#include "outputs/message.h"
#include "rules/notice.h"

/** What the mails of one output have in common. */
struct mail_profile {
    struct slice output;    /**< its name */
    struct slice from;      /**< address, validated */
    struct slice from_name; /**< display name; "tocsin on <host>" */
    const struct slice *to; /**< addresses, validated */
    size_t to_count;
    struct slice host;       /**< for subjects and List-Id */
    struct slice id_domain;  /**< right side of Message-IDs */
    const struct zone *zone; /**< in which times are written */
    struct slice trouble; /**< clean lines about mails that did not come; see told.h */
};

/** Compose the mail for @notice. Everything in @arena. Cannot fail: what is too long is
 *  cut and said. Message-ID is "<thread.number.output-hash@id_domain>"; from the second
 *  mail of a thread on, References and In-Reply-To name its first. */
struct message compose_message(const struct notice *notice,
                               const struct mail_profile *profile, struct now now,
                               struct arena *arena);

#endif
