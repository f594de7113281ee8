/**
 * Inputs read; the rest of the program sees only this door. They know base/ and
 * rules/event.h, and store their own positions, so that a line is counted exactly once:
 * what was read counts only when the commit that holds its consequences is durable.
 *
 * The order in a turn: inputs_read(), ..., inputs_save() inside the transaction,
 * commit, inputs_committed(). When the commit fails, inputs_save() is called again in a
 * later turn and nothing is read in between.
 */
#ifndef TOCSIN_INPUTS_INPUT_H
#define TOCSIN_INPUTS_INPUT_H

#include "agent/base/db.h"
#include "agent/base/fs.h"
#include "agent/base/log.h"
#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/base/wakes.h"
#include "agent/inputs/inputs_tally.h"
#include "agent/inputs/intake.h"
#include "agent/inputs/source_config.h"

struct http_config;
struct journal_ops;
struct spool_config;

/** The SQL that creates what inputs store; a migration step each, in this order. */
extern const char inputs_schema_sql[], inputs_ledger_sql[], inputs_places_sql[],
    journal_schema_sql[], spool_schema_sql[];

/** What the inputs need of the world. */
struct input_world {
    struct fs fs;
    struct db *db;
    const struct wakes *wakes; /**< may be NULL */
    struct log_sink *log;
    const struct journal_ops *journals; /**< NULL: there are none */
    int stdin_fd;       /**< read only when a source asks for it; stays the caller's */
    bool listens;       /**< false: no port is opened */
    bool empties_spool; /**< false: no spool is read, because to read is to remove */
    struct metrics_source metrics;
};

/** What configuration says of all inputs; borrowed until the next one is taken. */
struct inputs_config {
    const struct conf_blocks *blocks; /**< of struct source_config */
    const struct source *sources;     /**< parallel to them */
    const struct http_config *http;   /**< NULL: nobody listens */
    const struct source *http_source; /**< what its alerts come from */
    const struct spool_config *spool; /**< NULL: there is none */
    const struct source *spool_source;
    struct slice host_name; /**< our own */
};

struct inputs;

/** Find the files, restore their positions from the store, open and watch them. A
 *  missing or unreadable file is a warning, tried again by every sweep. */
struct inputs *inputs_create(const struct input_world *world,
                             const struct inputs_config *config, struct now now);
void inputs_free(struct inputs *inputs);

/** Take a new generation: files that are still wanted stay open where they are. Call it
 *  between a commit and the next read. */
void inputs_configure(struct inputs *inputs, const struct inputs_config *config,
                      struct now now);

/** Read what is there, at most LIMIT_FILE_TURN_BYTES a file and LIMIT_TURN_BYTES in
 *  all, and give it to @intake piece by piece until that has enough. @return true when
 *  more is waiting already. */
bool inputs_read(struct inputs *inputs, struct now now, const struct intake *intake);

/** Put the positions behind what was read into the transaction. May be repeated. */
void inputs_save(struct inputs *inputs, struct now now);
/** The commit is durable: advance, forget files that are gone. */
void inputs_committed(struct inputs *inputs);

/** Does somebody wait for the commit, even if there is nothing to write? */
bool inputs_wants_commit(const struct inputs *inputs);
/** Nothing can be stored: who waits for a commit, or comes, is told to come again. */
void inputs_refuse(struct inputs *inputs, struct now now);
/** Did somebody with the right to it ask for a reload, since the last call? */
bool inputs_takes_reload(struct inputs *inputs);

/** When to look again without a hint, in mono_ms. */
int64_t inputs_wake_at(const struct inputs *inputs);

/** Is everything read to its end, and will stdin give no more (for run --once)? */
bool inputs_at_end(const struct inputs *inputs);

const struct inputs_tally *inputs_tally(const struct inputs *inputs);

/** The libraries that unpack archives, and which are missing. */
void inputs_put_archives(struct buf *out);

/** The names of the kinds of inputs that this program was built with. */
void inputs_put_kinds(struct buf *out);

/** For `tocsin status`: one line of text, or one JSON object, a file or journal; with
 *  path, size, offset, lag, state; and one for each pattern that no file matches. */
void inputs_describe(const struct inputs *inputs, enum text_form form, struct buf *out);
/** What became of the bytes of all files: lines of text, or members of JSON. */
void inputs_describe_sums(const struct inputs *inputs, enum text_form form,
                          struct buf *out);

#endif
