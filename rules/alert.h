/**
 * An alert says what is wrong, once. The hundredth line with the same labels is a count
 * in it, not another alert. It lives in its group, which owns it.
 */
#ifndef TOCSIN_RULES_ALERT_H
#define TOCSIN_RULES_ALERT_H

#include "rules/event.h"

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_CRITICAL };

/** "info", "warning", "critical", NULL: for schema choices and for parsing. */
extern const char *const severity_names[];
/** @return false when @text names no severity. */
bool severity_parse(struct slice text, enum severity *severity);

/** A line shown in the mail, with where it stands; cut to LIMIT_SAMPLE_BYTES. */
struct sample {
    struct slice line; /**< raw bytes; cleaned when it is put into a mail */
    struct slice path;
    int64_t offset;
    int64_t unix_ms;
};

/** What the judge of a rule, or somebody outside, says: these labels, seen once
 *  more. */
struct sighting {
    const struct rule *rule;
    struct labels labels;    /**< rule, host, severity, ... : decide the fingerprint */
    bool has_lasting_labels; /**< they stay where they are, and what they are, as long
                                  as the rules do: equal address, equal labels */
    bool is_crowded;         /**< it goes to the group "(other)", whatever its labels */
    enum severity severity;
    struct slice summary, description, runbook; /**< rendered; may be empty */
    struct sample sample;
    uint64_t count;           /**< how many events this stands for; 1 for kind match */
    int64_t resolve_after_ms; /**< quiet for this long: resolved; NEVER_MS: never */
    uint32_t later; /**< so many of the same labels follow for certain, before anybody
                         looks: when not 0, the last one alone has texts */

    /* Of alerts from outside (struct incoming); zero for those of rules. */
    uint64_t fingerprint, occurrence;
    bool is_news; /**< see struct incoming */
    struct slice links;
    int64_t began_unix_ms;
    int64_t ended_unix_ms; /**< not 0: it is over */
};

#endif
