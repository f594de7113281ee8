/**
 * What must be counted: the model knows each line that was written, because it is the
 * writer, and each alert that was posted. One MUST be counted once, unless a rule with
 * a reason moved it to MAY: then it is counted once or not at all. A line without its
 * end is NOT YET one (shared/facts/faults.md 4.3).
 */
#ifndef TOCSIN_TESTS_SIM_MODEL_H
#define TOCSIN_TESTS_SIM_MODEL_H

#include "canary.h"
#include "disk.h"

enum { MODEL_LINES = 20000, MODEL_GENERATION_LINES = 4000, MODEL_LINE_BYTES = 256 };

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
    char half[MODEL_LINE_BYTES]; /**< a line that has no end yet */
    size_t half_len;
    const char *lost; /**< why whatever is written to it may be lost; NULL: it is not */
    int lost_group;
    bool is_sealed;  /**< its last line has no end and never will */
    int64_t left_ms; /**< when it was rotated, or grew last after that; 0: it was not */
    bool is_known;   /**< the agent has counted some of it */
    bool is_seen;    /**< the agent had time to find it at its path */
    size_t end;      /**< in its file: behind all that was written */
    size_t safe_end; /**< the bytes before it had all the time to be read */
};

struct model {
    struct model_line lines[MODEL_LINES];
    size_t count;
    int groups;
    uint64_t written;        /**< numbers lines */
    uint64_t bytes;          /**< of all that was ever written to logs, copies apart */
    uint64_t doubtful_bytes; /**< of these, at most so many need not be read */
    struct disk *disk;       /**< where the files are; borrowed */
    bool is_pattern;         /**< every file of the folder is a log */
    const struct canary *canary; /**< what some lines hold; borrowed */
};

struct generation *generation_create(void);

/** Append one line that counts, or (@is_noise) one that no rule matches. What was a
 *  half line before it gets its end first. */
void model_write(struct model *model, struct disk_file *file, size_t padding,
                 bool is_noise);
/** Append a line without its end; nothing when there is one already. */
void model_write_half(struct model *model, struct disk_file *file, size_t padding);
/** Give a half line its end, if there is one. */
void model_finish(struct model *model, struct disk_file *file);
/** The half line stays one for good: nobody writes to the file any more. It counts as
 *  it is (@reason NULL), or may. */
void model_seal(struct model *model, struct generation *generation, size_t end,
                const char *reason);

/** The files in the folder were found where they lie. */
void model_see(const struct model *model);
/** All lines of the files in the folder had their chance to be counted. */
void model_settle(struct model *model);

/** The lines of @generation from byte @from on are gone or may be: those that are not
 *  safe need not be counted. They leave the generation. */
void model_lose(struct model *model, struct generation *generation, size_t from,
                const char *reason);
/** They are in @to now as well; the agent has to find them there, unless it cannot know
 *  what they are. */
void model_copied(struct model *model, struct generation *from, struct generation *to);

/** An alert that is posted, and that nobody answered yet. @return its place */
size_t model_post(struct model *model, uint64_t fingerprint);
/** It was answered with 2xx: it MUST be counted, and is on disk. */
void model_acknowledge(struct model *model, size_t place);

enum model_answer {
    MODEL_EXPLAINED,
    MODEL_CONTRADICTED, /**< a line was lost or counted twice */
    MODEL_UNDECIDED,    /**< too many losses to try all choices */
};

/** What was counted. */
struct model_total {
    uint64_t count, sum;
};

/** Is there a choice of MAY lines with which @total was counted? */
enum model_answer model_explains(const struct model *model, struct model_total total,
                                 struct buf *why);
/** The same while the agent is not at its end: of each file, any number of the lines
 *  that are not safe may be counted, in order. */
enum model_answer model_explains_now(const struct model *model,
                                     struct model_total total, struct buf *why);

#endif
