/**
 * The oracle at the mail server: every mail is looked at when it is accepted. A mail
 * may come twice only when somebody had to doubt whether it came at all, and then it is
 * the same to the byte (shared/facts/faults.md 4.3, check 2).
 */
#ifndef TOCSIN_TESTS_SIM_MAILS_H
#define TOCSIN_TESTS_SIM_MAILS_H

#include "agent/base/map.h"
#include "agent/story/post.h"

struct sim;

enum { MAILS_PEOPLE = 3 };
/** All that the configuration names. */
extern const char *const mails_people[MAILS_PEOPLE];

/** A mail by its Message-ID. */
struct letter {
    struct slice bytes;             /**< as it came first; borrowed from the server */
    uint64_t count, sum;            /**< what it tells of logs and alerts */
    bool is_own;                    /**< the agent speaks of itself */
    int copies[MAILS_PEOPLE];       /**< that each recipient got */
    uint64_t doubts[MAILS_PEOPLE];  /**< of the world, when it came last */
    bool is_in_doubt[MAILS_PEOPLE]; /**< it was the server that gave reason to */
};

/** When a group was told last. */
struct told_group {
    int64_t date_s;
    uint64_t epoch;
};

struct mails {
    struct map letters; /**< Message-ID -> struct letter */
    struct map groups;  /**< route and subject -> struct told_group */
    size_t seen;        /**< mails of the server that were looked at */
    uint64_t doubts;    /**< times that the process or its connections ended */
    uint64_t epoch;     /**< of configuration and disk */
    int64_t epoch_unix_s;
    bool has_stepped; /**< the clock: dates say nothing any more */
    int doubtful;     /**< the server will take a mail and not say so */
};

/** Look at what was accepted since the last call. */
void mails_look(struct sim *sim);
/** Other rules hold, or what was decided is written only now: dates before and after do
 *  not compare. */
void mails_begin_epoch(struct sim *sim);
/** The letter of that Message-ID, or NULL. */
struct letter *mails_find(const struct mails *mails, struct slice id);
/** The value of a header, without blanks around it; empty: there is none. */
struct slice mails_header(struct slice mail, const char *name);
/** 16 hex digits. */
uint64_t mails_hex(struct slice text);
void mails_free(struct mails *mails);

#endif
