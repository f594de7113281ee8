/**
 * What a seed makes of the world, the configuration that goes with it, and the stores
 * that lives begin with.
 */
#ifndef TOCSIN_TESTS_SIM_SETUP_H
#define TOCSIN_TESTS_SIM_SETUP_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct power;
struct sim;

/** What a seed makes of the world. */
struct sim_traits {
    bool is_rich; /**< SIM_RICH_WORLD */
    int variant;  /**< of the configuration; a reload changes it */
    int sweep_s;
    bool is_pattern; /**< the source follows a pattern, rotated files included */
    bool is_copied;  /**< logs are rotated by copytruncate */
    bool has_room;   /**< the disk is large: commits wait in the WAL */
    bool has_inotify;
    bool is_seldom;   /**< the sweep is: what inotify does not tell waits for long */
    bool has_clients; /**< alerts are posted */
    bool has_people;  /**< mails go to three recipients */
    bool has_crew;    /**< scan_threads; their work is done in the turn */
};

/** Give the world the traits of @seed. @world: SIM_*_WORLD */
void sim_set_up(struct sim *sim, uint64_t seed, int world);
/** @return a configuration for app_create(), which then owns it. */
struct config *sim_config(struct sim *sim);
/** Other routes, from the next sim_config() on. */
void sim_vary(struct sim *sim, uint32_t value);
/** Two mails of a group are never closer than this, in ms; 0: they may be. */
int64_t sim_group_interval(const struct sim *sim);

/** A disk with a new store for each kind of life; free it with power_free(). */
struct power *sim_make_stores(void);
/** Let the life begin with its store of @stores. */
void sim_take_store(struct sim *sim, const struct power *stores);

#endif
