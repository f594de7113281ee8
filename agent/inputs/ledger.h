/**
 * What became of every byte of every followed file: read, skipped on purpose, or lost.
 * Each has a reason, and the sums add up: of a generation of a file
 *
 *     appeared = read + skipped + lost + waiting
 *
 * because the offset moves only together with one of the first three. They are stored
 * in the transaction that stores the offset, so that a crash neither forgets nor
 * doubles a loss, and each loss is told once.
 */
#ifndef TOCSIN_INPUTS_LEDGER_H
#define TOCSIN_INPUTS_LEDGER_H

#include "agent/base/buf.h"
#include "agent/base/db.h"
#include "agent/base/map.h"
#include "agent/base/now.h"
#include "agent/base/text.h"

enum ledger_fate { LEDGER_READ, LEDGER_SKIPPED, LEDGER_LOST };

enum ledger_reason {
    REASON_READ,
    REASON_OLD,
    REASON_HOLE,
    REASON_LONG_LINE,
    REASON_COPY,
    REASON_NUL,
    REASON_TRUNCATED,
    REASON_CUT,
    REASON_ROTATED_AWAY,
    REASON_COMPRESSED,
    REASON_TOO_MANY_GENERATIONS,
    REASON_ARCHIVE_BROKEN,
    REASON_ARCHIVE_TOO_LARGE,
    REASON_COUNT,
};

struct ledger_row {
    const char *name; /**< as in `status --json` and in the store */
    enum ledger_fate fate;
    const char *what;   /**< "were lost: ...", for people */
    const char *remedy; /**< of a loss: a sentence that says what to do */
};
extern const struct ledger_row ledger_table[REASON_COUNT];

/** The account of one generation. What it holds now is its file's size; @gone is what
 *  it held before and was cut off. */
struct ledger {
    int64_t gone, read, skipped, lost;
};

/** A sum over all files, or of one path. */
struct ledger_sum {
    int64_t bytes;
    int64_t times;   /**< losses */
    int64_t unknown; /**< of these: nobody knows how many bytes they cost */
    int64_t last_ms; /**< unix */
    bool is_dirty, is_saved;
};

/** A loss that is not told yet; equal ones that follow each other are one. */
struct loss {
    char *path;
    enum ledger_reason reason;
    int64_t bytes; /**< 0: unknown */
};

struct ledger_entry;

/** The sums of all files since the first start, and the losses by path. */
struct ledgers {
    struct ledger_sum sums[REASON_COUNT];
    struct map by_path; /**< of struct ledger_entry, at most LIMIT_LOSS_ROWS */
    struct loss *losses;
    size_t loss_count, loss_capacity;
    struct ledger_entry **dropped; /**< rows to be deleted with the next save */
    size_t dropped_count, dropped_capacity, dropped_saved_count;
};

/** Forget what is there, and take the sums of the store. */
void ledgers_load(struct ledgers *ledgers, struct db *db);
void ledgers_clear(struct ledgers *ledgers);
/** Write what changed into the running transaction. May be repeated. */
void ledgers_save(struct ledgers *ledgers, struct db *db);
void ledgers_committed(struct ledgers *ledgers);

/** @bytes were read or skipped. */
void ledgers_count(struct ledgers *ledgers, struct ledger *ledger,
                   enum ledger_reason reason, int64_t bytes);
/** @bytes (<= 0: unknown how many) that were to be told under @path are lost.
 *  @ledger  of their generation, or NULL when nobody follows it */
void ledgers_lose(struct ledgers *ledgers, struct ledger *ledger, const char *path,
                  enum ledger_reason reason, int64_t bytes, struct now now);

/** Take a loss that was not told yet; its path is the caller's to free. @return false
 *  when there is none. */
bool ledgers_take_loss(struct ledgers *ledgers, struct loss *loss);

/** Bytes lost under @path; *@unknown: losses of unknown size. */
int64_t ledgers_lost(const struct ledgers *ledgers, const char *path, int64_t *unknown);
/** The sum of a fate over all reasons. */
int64_t ledgers_sum(const struct ledgers *ledgers, enum ledger_fate fate);
/** The sums, of which @waiting bytes are not read yet: lines of text, or the members of
 *  a JSON object. */
void ledgers_describe(const struct ledgers *ledgers, int64_t waiting,
                      enum text_form form, struct buf *out);

#endif
