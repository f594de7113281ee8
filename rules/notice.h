/**
 * A notice says: tell these outputs these changes because of this reason. It lives in
 * the turn's arena and is complete: a mail is composed from it and nothing else.
 */
#ifndef TOCSIN_RULES_NOTICE_H
#define TOCSIN_RULES_NOTICE_H

#include "rules/alert.h"

enum notice_reason {
    NOTICE_FIRST,    /**< the group is told for the first time */
    NOTICE_NEW,      /**< an alert joined the group since the last mail */
    NOTICE_RESOLVED, /**< quiet now; also carries what was counted since the last mail
                      */
    NOTICE_REPEAT,   /**< still on, repeat_interval has passed */
    NOTICE_DIGEST,   /**< the route's digest is due */
    NOTICE_HELD,     /**< what the route's limit held back, as one digest */
    NOTICE_SHUTDOWN, /**< `run --once` ends: what is still open */
};

/** The word for it: "first", "new", ... */
const char *notice_reason_name(enum notice_reason reason);

struct notice_alert {
    struct labels labels;
    enum severity severity;
    bool is_firing;
    bool is_new;    /**< not yet in any mail of its group */
    bool is_posted; /**< from outside: its times are those that were posted */
    struct slice summary, description, runbook;
    struct slice links; /**< a line each: "Name URL"; http and https alone */
    uint64_t new_count; /**< sightings since the last mail: these are told here, once */
    uint64_t total_count; /**< sightings since the alert began */
    int64_t first_unix_ms, last_unix_ms;
    int64_t ended_unix_ms;        /**< it is over because its sender says so; else 0 */
    const struct sample *samples; /**< oldest first; at most LIMIT_SAMPLES */
    size_t sample_count;
};

struct notice {
    enum notice_reason reason;
    struct slice route;         /**< its name */
    const struct conf_text *to; /**< names of outputs */
    size_t to_count;
    const struct conf_text *fallback; /**< outputs that are told when the mail is dead,
                                           or waits for longer than this */
    size_t fallback_count;
    int64_t fallback_after_ms;
    enum severity severity; /**< the worst of its alerts */
    struct labels
        group_labels;   /**< what its alerts share by group_by; empty in digests */
    struct slice title; /**< constant for a thread: the mail's subject without its
                                       prefix. Raw text: may hold bytes of a log */
    bool names_urgency; /**< the subject does; constant for a thread, as this: */
    enum severity urgency;
    char thread[33];      /**< hex: the same for all mails of one thread */
    uint32_t mail_number; /**< 0 for the first mail of the thread */
    bool is_told; /**< a mail told of these alerts before, if only one of what was
                               held back, which has a thread of its own */
    int64_t told_unix_ms; /**< of the last mail about the group, also when it was quiet
                               since; 0: none is known of */
    const struct notice_alert *alerts; /**< worst and newest first */
    size_t alert_count;
    uint64_t new_count; /**< sum over all alerts, the left-out ones included */
    uint64_t left_out_alerts,
        left_out_count;    /**< past LIMIT_GROUP_ALERTS: alerts, lines */
    uint64_t held_mails;   /**< mails that the limit held back before this one */
    int64_t since_unix_ms; /**< begin of the span that it covers */
    /** Sum of the hashes of the told lines, and of the fingerprints of alerts from
     *  outside, modulo 2^64: makes a lost plus a doubled one visible to tests. */
    uint64_t line_hash_sum;
};

/** The notices of one turn. To begin anew, clear the arena and set count to 0. */
struct notices {
    struct arena *arena;
    struct notice *items; /**< in the arena */
    size_t count, capacity;
};

/** One more, zeroed. Pointers to those before may move. */
struct notice *notices_add(struct notices *notices);

/** From the one at @from on, the critical ones first; apart from that they stay in
 *  their order. */
void notices_sort(struct notices *notices, size_t from);

#endif
