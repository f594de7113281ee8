/**
 * The seam to a journal: the kernel's side is journal_systemd.c, a test has its own. It
 * has the few steps that reading needs; what they mean for exactness is decided in
 * journal.c.
 *
 * "Wanted" are the entries that the configuration names; the steps that look at places
 * see all entries, but for those that narrow() hides.
 */
#ifndef TOCSIN_INPUTS_JOURNAL_OPS_H
#define TOCSIN_INPUTS_JOURNAL_OPS_H

#include "agent/base/err.h"
#include "agent/inputs/journal_config.h"

enum { JOURNAL_CURSOR_BYTES = 256, JOURNAL_BOOT_BYTES = 33 };

/** SYSLOG_IDENTIFIER of what is never read. */
#define JOURNAL_OWN_IDENTIFIER "tocsin"

/** Where an entry stands. */
struct journal_place {
    char cursor[JOURNAL_CURSOR_BYTES]; /**< "": before the first entry */
    char boot[JOURNAL_BOOT_BYTES];     /**< 32 hexadecimal digits */
    int64_t unix_us;
};

enum journal_change {
    JOURNAL_SAME,
    JOURNAL_GREW,
    JOURNAL_CHANGED, /**< files came or went */
    JOURNAL_STALE,   /**< as CHANGED, and only a new open() can see them */
};

enum journal_step { JOURNAL_END, JOURNAL_ENTRY, JOURNAL_FAILED };

/** How much of a journal can be read. */
struct journal_health {
    size_t files, unreadable;
    struct err why; /**< of the last that is unreadable */
};

/** An open journal. */
struct journal;

struct journal_ops {
    /** @config: borrowed until close(). Fails: ERR_MISSING (no journal file),
     *  ERR_DENIED (none that may be read), ERR_FULL (descriptors), ERR_IO. */
    struct journal *(*open)(void *ctx, const struct journal_config *config,
                            struct err *err);
    void (*close)(struct journal *journal);
    /** Readable when something changed; stays the journal's. -1: there is none. */
    int (*fd)(struct journal *journal);
    /** Does that descriptor tell everything, as it does on local disks? */
    bool (*is_reliable)(struct journal *journal);
    /** Came or went files since process() was called last? Cheap: asked in every turn
     *  that reaches the end. */
    bool (*has_other_files)(struct journal *journal);
    /** Take notice of what changed. Files that are gone cannot be read from here on. */
    enum journal_change (*process)(struct journal *journal);
    /** Fails with ERR_FULL when descriptors were too few to open every file. */
    bool (*check)(struct journal *journal, struct journal_health *health,
                  struct err *err);

    /** From now on there are only entries of the boot that runs, or again all. Call
     *  seek() afterwards. */
    void (*narrow)(struct journal *journal, bool to_this_boot);
    /** Does the entry at @place exist? And which is the next one that does; "" when
     *  there is none. Behind a cursor "" stands the first of all. Call seek()
     *  afterwards. */
    bool (*look)(struct journal *journal, const struct journal_place *place,
                 bool *is_there, struct journal_place *after, struct err *err);
    /** The newest entry; "" when there is none. Call seek() afterwards. */
    bool (*newest)(struct journal *journal, struct journal_place *place,
                   struct err *err);
    /** Let next() give the first wanted entry behind @place, whether that exists or
     *  not; from the very first on when its cursor is "". */
    bool (*seek)(struct journal *journal, const struct journal_place *place,
                 struct err *err);
    /** Go to the next wanted entry. At the end it may be called again later. */
    enum journal_step (*next)(struct journal *journal, struct err *err);
    /** Is the entry at @next, which next() gave, the one at @place once more, and was
     *  that wanted as well? Asked where journal_is_twin() says that it may be. journald
     *  writes an entry again into a new file when the old one was full in the middle
     *  of it. Call seek() afterwards when *@has_moved. */
    bool (*is_copy)(struct journal *journal, const struct journal_place *place,
                    const struct journal_place *next, bool *is_copy, bool *has_moved,
                    struct err *err);
    /** Of the entry that next() gave. */
    bool (*place)(struct journal *journal, struct journal_place *place,
                  struct err *err);
    /** Its next field as "NAME=value", good until the next call. */
    enum journal_step (*field)(struct journal *journal, struct slice *data,
                               struct err *err);

    /** The boot that runs now; "" when unknown. */
    void (*boot)(void *ctx, char boot[JOURNAL_BOOT_BYTES]);
    void *ctx;
};

/** libsystemd's; NULL when tocsin was built without it. */
const struct journal_ops *journal_systemd(void);
/** "libsystemd 252", or "no libsystemd". */
void journal_put_version(struct buf *out);

#endif
