/**
 * Somebody who posts alerts to the real HTTP server of the agent, over a unix socket,
 * as
 * Alertmanager does: until it is answered with 2xx, the same again. What was answered
 * so
 * counts once, whatever happens next; what was not may (shared/facts/faults.md 4.3,
 * check 4).
 */
#ifndef TOCSIN_TESTS_SIM_CLIENTS_H
#define TOCSIN_TESTS_SIM_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim;

enum { CLIENTS_BODIES = 4, CLIENTS_ALERTS = 3, CLIENTS_HEARD_BYTES = 4096 };

/** A body that nobody answered with 2xx so far. */
struct client_body {
    size_t alerts; /**< 0: the place is free */
    uint64_t fingerprints[CLIENTS_ALERTS];
    size_t places[CLIENTS_ALERTS]; /**< in the model */
    int64_t first_ms;              /**< when it was posted first */
};

/** One connection at a time. */
struct clients {
    struct client_body bodies[CLIENTS_BODIES];
    uint64_t posted; /**< numbers alerts */
    int fd;          /**< -1: no connection is open */
    char heard[CLIENTS_HEARD_BYTES];
    size_t heard_len;
    char path[64]; /**< of the socket */
};

void clients_init(struct clients *clients);
void clients_end(struct clients *clients);

/** Post a new body or, when one is left, perhaps that one again; wait for the answer,
 *  or go away before it comes. */
void clients_post(struct sim *sim, uint32_t value);
/** Post, do not hear the answer, and say the same again after a digest and a crash. */
void clients_repeat(struct sim *sim, uint32_t value);
/** The process dies at this moment: what it said until now was said. */
void clients_break(struct clients *clients);
/** From now on the agent cannot know any more what it took: nothing is sent again. */
void clients_forget(struct clients *clients);

#endif
