/**
 * Bugs that are planted on purpose, so that the simulator can show that it finds them
 * (`make mutants`). They exist only in a program of its own, tests/sim/planted; in
 * every other one planted() is a constant and its branch is not compiled.
 */
#ifndef TOCSIN_BASE_PLANT_H
#define TOCSIN_BASE_PLANT_H

#include <stdbool.h>
#include <stddef.h>

/** The rows of plants, in the same order. */
enum plant {
    PLANT_NONE,
    PLANT_OFFSET_FIRST,
    PLANT_COUNTERS_FIRST,
    PLANT_COMMIT_UNSYNCED,
    PLANT_FULL_FORGETS,
    PLANT_SAVED_IS_DURABLE,
    PLANT_DOUBT_IS_SENT,
    PLANT_HANDED_IS_SENT,
    PLANT_ID_PER_ATTEMPT,
    PLANT_QUOTA_IS_FINAL,
    PLANT_LATER_IS_NEVER,
    PLANT_ROTATED_ENDS_AT_ONCE,
    PLANT_BETWEEN_IS_SKIPPED,
    PLANT_HALF_LINE_COUNTS,
    PLANT_TAIL_UNCHECKED,
    PLANT_HEAD_UNCHECKED,
    PLANT_COPY_IS_NEW,
    PLANT_ALERT_UNSTORED,
    PLANT_GROUP_UNSTORED,
    PLANT_DIGEST_FORGETS,
    PLANT_HELD_IS_DROPPED,
    PLANT_ANSWER_FIRST,
    PLANT_DEDUP_UNSTORED,
    PLANT_RECIPIENT_UNSTORED,
    PLANT_DOUBT_IS_ENDLESS,
    PLANT_OVERFLOW_IGNORED,
    PLANT_REDACT_NOT,
    PLANT_COUNT,
};

#ifdef TOCSIN_PLANTS

/** A bug: its name on the command line, and what is wrong with it. */
struct plant_row {
    const char *name, *what;
};
extern const struct plant_row plants[PLANT_COUNT];

/** Let @plant be the one bug of this process from now on. */
void plant_choose(enum plant plant);
/** Is @plant the chosen one? */
bool planted(enum plant plant);
/** Change the byte behind the first @word in @bytes, which are not really const. */
void plant_forge(const char *bytes, size_t len, const char *word);

#else
#define planted(plant) false
#define plant_forge(bytes, len, word) (void)0
#endif

#endif
