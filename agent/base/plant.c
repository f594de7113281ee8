/** The table of planted bugs, and the one that was chosen: the only state in the house
 *  that is of the process, because a bug is nobody's. */
#include "agent/base/plant.h"

#ifdef TOCSIN_PLANTS

#include <string.h>

const struct plant_row plants[PLANT_COUNT] = {
    [PLANT_NONE] = { "none", "nothing is planted" },
    [PLANT_OFFSET_FIRST] = { "offset-first",
                             "positions are committed before what they stand for" },
    [PLANT_COUNTERS_FIRST] = { "counters-first",
                               "counts are committed before the positions" },
    [PLANT_COMMIT_UNSYNCED] = { "commit-unsynced",
                                "a commit does not wait for the disk" },
    [PLANT_FULL_FORGETS] = { "full-forgets",
                             "notices that found the disk full are not kept" },
    [PLANT_SAVED_IS_DURABLE] = { "saved-is-durable",
                                 "positions are taken for stored before their commit" },
    [PLANT_DOUBT_IS_SENT] = { "doubt-is-sent",
                              "a mail is sent without the server's 250" },
    [PLANT_HANDED_IS_SENT] = { "handed-is-sent", "what was being handed over at a "
                                                 "crash is taken for sent" },
    [PLANT_ID_PER_ATTEMPT] = { "id-per-attempt",
                               "each attempt has its own Message-ID" },
    [PLANT_QUOTA_IS_FINAL] = { "quota-is-final", "550 5.4.5 gives the mail up" },
    [PLANT_LATER_IS_NEVER] = { "later-is-never",
                               "a mail that is put off does not go again" },
    [PLANT_ROTATED_ENDS_AT_ONCE] = { "rotated-ends-at-once",
                                     "a rotated file is left before rotate_wait" },
    [PLANT_BETWEEN_IS_SKIPPED] = { "between-is-skipped",
                                   "generations between two looks are not followed" },
    [PLANT_HALF_LINE_COUNTS] = { "half-line-counts", "a line without its end counts at "
                                                     "the end of the file" },
    [PLANT_TAIL_UNCHECKED] = { "tail-unchecked",
                               "the bytes before the offset are not compared" },
    [PLANT_HEAD_UNCHECKED] = { "head-unchecked",
                               "the hashes of the head are not compared" },
    [PLANT_COPY_IS_NEW] = { "copy-is-new", "a copy of a log is read like a new log" },
    [PLANT_ALERT_UNSTORED] = { "alert-unstored",
                               "counts of open alerts are not stored" },
    [PLANT_GROUP_UNSTORED] = { "group-unstored",
                               "when a group was told last is not stored" },
    [PLANT_DIGEST_FORGETS] = { "digest-forgets",
                               "what waits for a digest is lost at a restart" },
    [PLANT_HELD_IS_DROPPED] = { "held-is-dropped",
                                "what a limit held back is left out of the mail" },
    [PLANT_ANSWER_FIRST] = { "answer-first", "200 is said before the commit" },
    [PLANT_DEDUP_UNSTORED] = { "dedup-unstored",
                               "which alerts were taken is forgotten at a restart" },
    [PLANT_RECIPIENT_UNSTORED] = { "recipient-unstored",
                                   "who of several has a mail is not stored" },
    [PLANT_DOUBT_IS_ENDLESS] = { "doubt-is-endless",
                                 "a mail in doubt is sent again and again" },
    [PLANT_OVERFLOW_IGNORED] = { "overflow-ignored",
                                 "hints that inotify lost are not made up for" },
    [PLANT_REDACT_NOT] = { "redact-not", "secrets in lines and alerts are kept" },
};

static enum plant chosen;

void plant_choose(enum plant plant)
{
    chosen = plant;
}

void plant_forge(const char *bytes, size_t len, const char *word)
{
    char *at = memmem(bytes, len, word, strlen(word));
    if (at)
        at[strlen(word)] = 'x';
}

bool planted(enum plant plant)
{
    return plant == chosen;
}

#endif
