/** What outputs_compile() makes of the lists of accounts and outputs: plain data that
 *  the parts of this folder read. It lives as long as its generation of
 *  configuration. */
#ifndef TOCSIN_OUTPUTS_COMPILED_H
#define TOCSIN_OUTPUTS_COMPILED_H

#include "outputs/output.h"

/** Who gets mail, and how. */
struct output {
    struct slice name;
    struct slice lane; /**< the account's name, or "maildir:<output>" */
    const struct account
        *account; /**< NULL for a maildir; of a webhook its own, "webhook:<output>" */
    struct slice maildir; /**< the folder; empty with an account */
    const struct slice *to;
    size_t to_count;
    struct slice from, from_name;
};

struct outputs_config {
    const struct account *accounts;
    size_t account_count;
    const struct output *outputs;
    size_t output_count;
};

/** The output of that name, or NULL. */
const struct output *outputs_config_find(const struct outputs_config *config,
                                         struct slice name);

#endif
