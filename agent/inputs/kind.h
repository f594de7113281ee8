/**
 * A kind of input: what registry.c asks of each. A new kind is a file with such a table
 * and one line in registry.c.
 */
#ifndef TOCSIN_INPUTS_KIND_H
#define TOCSIN_INPUTS_KIND_H

#include "agent/inputs/input.h"

/** All as the functions of input.h with the same names. @self is what create()
 *  returned. */
struct input_kind {
    const char *name;
    /** @world and @tally are borrowed for the life of the input. */
    void *(*create)(const struct input_world *world, struct inputs_tally *tally);
    void (*destroy)(void *self);
    void (*configure)(void *self, const struct inputs_config *config, struct now now);
    bool (*read)(void *self, struct now now, const struct intake *intake);
    void (*save)(void *self, struct now now);   /**< may be NULL: nothing is stored */
    void (*committed)(void *self);              /**< may be NULL */
    void (*refuse)(void *self, struct now now); /**< may be NULL */
    bool (*wants_commit)(const void *self);     /**< may be NULL: never */
    bool (*takes_reload)(void *self);           /**< may be NULL: never */
    int64_t (*wake_at)(const void *self);
    bool (*is_at_end)(const void *self);
    void (*describe)(const void *self, enum text_form form, struct buf *out);
    /** May be NULL; only one kind has sums. */
    void (*describe_sums)(const void *self, enum text_form form, struct buf *out);
};

#endif
