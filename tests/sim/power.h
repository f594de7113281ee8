/**
 * The disk under the store of a simulated world: an SQLite VFS in memory with two
 * layers. What is visible is lost at a power cut unless it was synced; of what was not,
 * any part may have got there, in any order, torn at sectors (the model of
 * shared/facts/faults.md 4.4).
 */
#ifndef TOCSIN_TESTS_SIM_POWER_H
#define TOCSIN_TESTS_SIM_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/rng.h"

struct power;

/** @name  of its VFS; lives as long */
struct power *power_create(const char *name);
/** Another disk, named @name, that holds what is visible on @power now: to look at, so
 *  that looking changes nothing. It borrows the bytes until it writes to them: @power
 *  stays as it is meanwhile. */
struct power *power_copy(const struct power *power, const char *name);
void power_free(struct power *power);
/** The file @name of @from lies there from now on, and is durable. */
void power_put_file(struct power *power, const struct power *from, const char *name);
/** The name of the VFS. */
const char *power_vfs(const struct power *power);

/** The path of the store on it. @return false: there is none. */
bool power_store(const struct power *power, char *path, size_t size);

/** Writes find the disk full from now on, or no more. */
void power_set_full(struct power *power, bool is_full);
/** Syncs do nothing: the control that must fail (synchronous=OFF). */
void power_set_lying(struct power *power, bool is_lying);
/** Let the operation behind @count further ones fail, once: the disk is full for a
 *  moment, or (@is_broken) reports an error. Negative: none. */
void power_fail_after(struct power *power, int64_t count, bool is_broken);
/** Did one report an error to the process that runs? */
bool power_has_failed(const struct power *power);
/** Let the process die at the operation behind @count further ones: what it does from
 *  then on reaches nothing. Negative: never. */
void power_die_after(struct power *power, int64_t count);
/** @on_death is called once when it does. */
void power_on_death(struct power *power, void (*on_death)(void *ctx), void *ctx);
/** @on_write is called with what each write puts on the disk. */
void power_on_write(struct power *power,
                    void (*on_write)(void *ctx, const void *bytes, size_t len),
                    void *ctx);
/** Did the process die? */
bool power_is_dead(const struct power *power);
/** From now on nothing reaches the disk, whatever the process still does. */
void power_freeze(struct power *power);

/** The process is gone; what was visible when it died is there for the next one. */
void power_restart(struct power *power);
/** The machine lost its power, too. */
void power_cut(struct power *power, struct rng *rng);

/** Operations that changed something so far. */
uint64_t power_operations(const struct power *power);

#endif
