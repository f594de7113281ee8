/**
 * What must be counted: the model knows each line that was written, because it is the
 * writer. A line MUST be counted once, unless a rule with a reason moved it to MAY:
 * then it is counted once or not at all (shared/facts/faults.md 4.3).
 */
#ifndef TOCSIN_TESTS_SIM_MODEL_H
#define TOCSIN_TESTS_SIM_MODEL_H

#include "disk.h"

enum { MODEL_LINES = 20000, MODEL_GENERATION_LINES = 4000 };

struct model_line {
    uint64_t hash;
    size_t end;         /**< in its file: behind its '\n' */
    bool is_safe;       /**< the agent had all the time it needs to count it */
    const char *reason; /**< why it may be lost; NULL: it MUST be counted */
    int group;          /**< lines of one loss; those that count are a prefix */
};

/** What the model knows of a file: a life of its content. */
struct generation {
    size_t items[MODEL_GENERATION_LINES]; /**< places in model.lines */
    size_t count;
    bool is_known; /**< the agent has counted some of it */
    bool is_seen;  /**< the agent had time to find it at its path */
};

struct model {
    struct model_line lines[MODEL_LINES];
    size_t count;
    int groups;
    uint64_t written; /**< numbers lines */
};

struct generation *generation_create(void);

/** Append one line that counts, or (@is_noise) one that no rule matches. */
void model_write(struct model *model, struct disk *disk, struct disk_file *file,
                 size_t padding, bool is_noise);

/** All files in the folder were found where they lie. */
void model_see(const struct disk *disk);
/** All lines of the files in the folder had their chance to be counted. */
void model_settle(struct model *model, const struct disk *disk);

/** The lines of @generation from byte @from on are gone or may be: those that are not
 *  safe need not be counted. They leave the generation. */
void model_lose(struct model *model, struct generation *generation, size_t from,
                const char *reason);
/** They are in @to now as well; the agent has to find them there, unless it cannot know
 *  what they are. */
void model_copied(struct model *model, struct generation *from, struct generation *to);

enum model_answer {
    MODEL_EXPLAINED,
    MODEL_CONTRADICTED, /**< a line was lost or counted twice */
    MODEL_UNDECIDED,    /**< too many losses to try all choices */
};

/** Is there a choice of MAY lines with which @count lines of hash sum @sum were
 *  counted? */
enum model_answer model_explains(const struct model *model, uint64_t count,
                                 uint64_t sum, struct buf *why);

#endif
