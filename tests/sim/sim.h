/**
 * One simulated life of tocsin: the real app_turn() in a world that is all memory,
 * under one seed. A life is a list of actions; the same list gives the same life.
 */
#ifndef TOCSIN_TESTS_SIM_SIM_H
#define TOCSIN_TESTS_SIM_SIM_H

#include "agent/app.h"
#include "agent/story/post.h"
#include "canary.h"
#include "clients.h"
#include "mails.h"
#include "model.h"
#include "notify.h"
#include "power.h"
#include "setup.h"

enum {
    SIM_ACTIONS = 400,
    SIM_LOGS = 2,
    SIM_FIRST_STARTS = 16,
    SIM_PLAIN_WORLD =
        1, /**< two logs, one recipient, a small disk: as lives were once */
    SIM_RICH_WORLD = 2,   /**< all that can happen */
    SIM_SECRET_WORLD = 3, /**< and secrets in lines and alerts */
};

struct sim_action {
    uint8_t kind; /**< a row of sim_acts */
    uint32_t value;
};

struct sim_life {
    uint64_t seed;
    int world; /**< SIM_*_WORLD */
    struct sim_action actions[SIM_ACTIONS];
    size_t count;
};

struct sim {
    struct rng rng; /**< of what is not in the list: torn writes, seeds of the agent */
    struct now now;
    struct disk disk;
    struct notify notify;
    struct power *power;
    struct post *post;
    struct log_sink log;
    struct buf log_text;
    struct model model;
    struct mails mails;
    struct clients clients;
    struct canary canary;
    struct app *app; /**< NULL: not running */
    struct sim_traits traits;
    bool is_full, is_down;
    bool was_full;     /**< at some time */
    bool is_stopping;  /**< the agent was told to end, and reads nothing any more */
    bool is_undecided; /**< too many losses to check the sums */
    uint64_t starts, turns;
    struct buf failure; /**< what was not as it must be; empty: all is well */
};

/** What can happen. */
struct sim_act {
    const char *name;
    uint32_t weight; /**< how often, against the others */
    void (*act)(struct sim *sim, uint32_t value);
    int world; /**< the first world that it can happen in; 0: in each */
};
extern const struct sim_act sim_acts[];
extern const size_t sim_act_count;

/** Draw a life from its seed. */
void sim_draw(struct sim_life *life, uint64_t seed, size_t count, int world);

/** A life as text: "seed N", "world N", then an action a line. */
void sim_save(const struct sim_life *life, struct buf *out);
/** @return false when @text is none; lines that begin with '#' are skipped. Without
 *  "world" it is lived in the plain one. */
bool sim_load(struct sim_life *life, struct slice text);

/** How lives are lived. */
struct sim_how {
    bool is_lying; /**< syncs do nothing: the control */
    /** New stores that sim_make_stores() made, to be copied: most lives begin with one,
     *  and one in SIM_FIRST_STARTS makes its own. NULL: all make their own */
    const struct power *stores;
};

enum sim_end { SIM_BAD, SIM_GOOD, SIM_UNDECIDED };

/** Live it. SIM_BAD: @why says what was not as it must be. @log (may be NULL) gets the
 *  agent's log and its mails. */
enum sim_end sim_live(const struct sim_life *life, const struct sim_how *how,
                      struct buf *why, struct buf *log);

/* --- for the others here ---------------------------------------------------------- */

void sim_fail(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_start(struct sim *sim);
/** The process is gone, as by kill -9. */
void sim_kill(struct sim *sim);
/** Let time pass, with every turn that is due; an agent that dies meanwhile is gone. */
void sim_pass(struct sim *sim, int64_t ms);
/** One turn. @return false when the agent is gone. */
bool sim_turn(struct sim *sim);
/** Enough time for everything that lies there to be counted. */
void sim_calm(struct sim *sim);

#endif
