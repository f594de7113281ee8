/** Where inputs put what they read: the head of the road. */
#ifndef TOCSIN_INPUTS_INTAKE_H
#define TOCSIN_INPUTS_INTAKE_H

#include "rules/event.h"
#include "rules/incoming.h"
#include "rules/report.h"

/** What is handed over is borrowed for the call. The first three are there. */
struct intake {
    void (*block)(void *ctx, const struct block *block);
    void (*alert)(void *ctx, const struct incoming *incoming);
    void (*report)(void *ctx, const struct self_report *report);
    void *ctx;
    bool (*is_enough)(void *ctx); /**< is this turn's time up? NULL: it never is */
    /** Room for @bytes to read the next block into, until it is asked again: then the
     *  block needs no copy. NULL: there is none, or none is needed. */
    char *(*room)(void *ctx, size_t bytes);
};

static inline bool intake_has_enough(const struct intake *intake)
{
    return intake->is_enough && intake->is_enough(intake->ctx);
}

/** @own  where the input would read otherwise */
static inline char *intake_room(const struct intake *intake, size_t bytes, char *own)
{
    char *room = intake->room ? intake->room(intake->ctx, bytes) : NULL;
    return room ? room : own;
}

#endif
