/**
 * One simulated life of tocsin: the real app_turn() in a world that is all memory,
 * under one seed. A life is a list of actions; the same list gives the same life.
 */
#ifndef TOCSIN_TESTS_SIM_SIM_H
#define TOCSIN_TESTS_SIM_SIM_H

#include "agent/app.h"
#include "agent/story/post.h"
#include "model.h"
#include "power.h"

enum { SIM_ACTIONS = 400, SIM_LOGS = 2 };

struct sim_action {
    uint8_t kind; /**< a row of sim_acts */
    uint32_t value;
};

struct sim_life {
    uint64_t seed;
    struct sim_action actions[SIM_ACTIONS];
    size_t count;
};

struct sim {
    struct rng rng; /**< of what is not in the list: torn writes, seeds of the agent */
    struct now now;
    struct disk disk;
    struct power *power;
    struct post *post;
    struct log_sink log;
    struct buf log_text;
    struct model model;
    struct app *app; /**< NULL: not running */
    int variant;     /**< of the configuration */
    bool is_pattern; /**< the source follows a pattern, rotated files included */
    bool is_copied;  /**< logs are rotated by copytruncate */
    bool is_full, is_down, is_lying;
    bool is_undecided;       /**< too many losses to check the sums */
    int64_t clock_offset_ms; /**< steps of the wall clock so far */
    uint64_t starts, turns;
    struct buf failure; /**< what was not as it must be; empty: all is well */
};

/** What can happen. */
struct sim_act {
    const char *name;
    uint32_t weight; /**< how often, against the others */
    void (*act)(struct sim *sim, uint32_t value);
};
extern const struct sim_act sim_acts[];
extern const size_t sim_act_count;

/** Draw a life from its seed. */
void sim_draw(struct sim_life *life, uint64_t seed, size_t count);

/** A life as text: "seed N", then an action a line. */
void sim_save(const struct sim_life *life, struct buf *out);
/** @return false when @text is none; lines that begin with '#' are skipped. */
bool sim_load(struct sim_life *life, struct slice text);

enum sim_end { SIM_BAD, SIM_GOOD, SIM_UNDECIDED };

/** Live it. SIM_BAD: @why says what was not as it must be. @log (may be NULL) gets the
 *  agent's log and its mails. */
enum sim_end sim_live(const struct sim_life *life, bool is_lying, struct buf *why,
                      struct buf *log);

/* --- for acts.c ------------------------------------------------------------------- */

void sim_fail(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct config *sim_config(struct sim *sim);
void sim_start(struct sim *sim);
/** The process is gone, as by kill -9. */
void sim_kill(struct sim *sim);
/** Let time pass, with every turn that is due; an agent that died on the way is
 *  gone. */
void sim_pass(struct sim *sim, int64_t ms);
/** Enough time for everything that lies there to be counted. */
void sim_calm(struct sim *sim);

#endif
