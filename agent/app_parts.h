/** The inside of struct app, for app.c and answer.c only. */
#ifndef TOCSIN_AGENT_APP_PARTS_H
#define TOCSIN_AGENT_APP_PARTS_H

#include "agent/app.h"
#include "agent/base/rng.h"
#include "agent/base/text.h"
#include "agent/control.h"
#include "agent/state.h"

enum app_phase {
    APP_RUNNING,
    APP_FINISHING, /**< run --once: to the end of the input, then tell and send all */
    APP_STOPPING,  /**< nothing is read; the mail under way is finished */
    APP_STOPPED,
};

struct app {
    struct world world;
    struct config *config;
    struct config *next_config; /**< taken at the end of a turn that committed */
    struct db *db;
    struct state_files state_files;
    struct state_news news; /**< of the store, not told yet */
    char *backup_path; /**< where a copy is wanted behind the next commit, or NULL */
    struct rng rng;
    struct engine *engine;
    struct inputs *inputs;
    struct outputs *outputs;
    struct control *control; /**< NULL: nobody listens */

    struct arena turn;  /**< what lives for one turn, or until its write succeeds */
    struct arena mails; /**< their bytes, until they are in the store: each try anew */
    struct notices notices; /**< of this turn */
    struct now now, started;
    bool has_more_input;
    bool has_saved_positions; /**< in the running transaction */
    int64_t positions_due_ms; /**< when positions are stored at the latest; NEVER_MS */
    bool is_flushed;          /**< APP_FINISHING: everything counted is in a notice */
    uint64_t turn_ticks;      /**< when reading began in this turn */
    int64_t committed_ms;   /**< when the last turn was that wrote, or had nothing to */
    bool is_full;           /**< that is why the last write failed */
    int64_t write_retry_ms; /**< 0: no write is pending; else when it is tried again */
    int64_t drain_ms;       /**< mono: while it is full, the outbox is written then */
    enum app_phase phase;
    int64_t deadline_ms; /**< of APP_FINISHING's sending and of APP_STOPPING */
    struct err failure;
    uint64_t turns, commits, commit_failures, reloads, reload_failures;
    uint64_t longest_turn_ms;
    int64_t reports_look_ms, tell_overflow_ms; /**< mono: not earlier than then */
    uint64_t told_overflow;                    /**< keys past bounds, told so far */
    int64_t trimmed_ms;          /**< mono, when memory was given back last */
    uint64_t trimmed_commits;    /**< what was committed until then */
    uint64_t given_back_commits; /**< until the store had no free pages to give back */
};

/** The answer to `tocsin status`. */
void status_put(const struct app *app, enum text_form form, struct buf *out);

#endif
