/**
 * The secret of a life. In forms that are hidden without any configuration it stands in
 * lines of its logs and in alerts that are posted, and it is the password of the mail
 * account. Whatever tocsin stores, sends, logs or answers must be without it.
 *
 * It is one short unit several times in a row: cut anywhere once, by a page of the
 * store or a line of a mail, a whole unit is left to be found.
 */
#ifndef TOCSIN_TESTS_SIM_CANARY_H
#define TOCSIN_TESTS_SIM_CANARY_H

#include "agent/base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct power;
struct sim;

enum {
    CANARY_UNIT_BYTES = 10,
    CANARY_UNITS = 3,
    CANARY_FORM_BYTES = 80, /**< of a form with the secret in it */
};

struct canary {
    bool is_there; /**< the life has one */
    char unit[CANARY_UNIT_BYTES + 1];
    char secret[CANARY_UNITS * CANARY_UNIT_BYTES + 1];
    char password_path[64]; /**< of the file that holds it */
};

/** Give the life of @seed its secret, and write the password file. */
void canary_init(struct canary *canary, uint64_t seed);
/** The file is gone. Nothing to do without one. */
void canary_end(struct canary *canary);

/** Put what line @number holds of it into @out: "" for most, and without a secret.
 *  @return @out */
const char *canary_form(const struct canary *canary, uint64_t number,
                        char out[CANARY_FORM_BYTES]);
/** The hash of the line @text as tocsin must keep it: the secret hidden. */
uint64_t canary_hash(const struct canary *canary, struct slice text);

/** The life fails when the secret is in @bytes. @where: "the store", ... */
void canary_look(struct sim *sim, const char *where, struct slice bytes);
/** Look at every byte that reaches the store's disk from now on, the WAL's too, whether
 *  it becomes durable or not. */
void canary_watch_store(struct sim *sim);
/** Ask the agent for one thing of several, as its control socket does, or for none, and
 *  look at the answer. */
void canary_ask(struct sim *sim);

#endif
