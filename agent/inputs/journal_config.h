/** The keys of a source's `journal`. */
#ifndef TOCSIN_INPUTS_JOURNAL_CONFIG_H
#define TOCSIN_INPUTS_JOURNAL_CONFIG_H

#include "agent/base/schema.h"

enum { JOURNAL_ALL_BOOTS, JOURNAL_THIS_BOOT };
enum { JOURNAL_PRIORITIES = 8 }; /* 0 "emerg" to 7 "debug", as syslog(3) has them */

struct journal_config {
    const struct yaml_node *node;
    struct conf_texts units, identifiers; /**< empty: all */
    int priority;                         /**< the least urgent that is read */
    int boot;                             /**< JOURNAL_ALL_BOOTS, JOURNAL_THIS_BOOT */
    struct conf_text directory;           /**< empty: the journal of this host */
};
extern const struct schema journal_schema;

/** The row check of the key `journal`: can this program read a journal at all? */
void journal_check_built(const struct field *field, const void *value,
                         const struct yaml_node *node, struct complaints *complaints);

/** The names of the priorities by number; NULL-terminated. */
extern const char *const journal_priorities[];

/** The name of a unit as the journal has it: "ssh" is "ssh.service". */
void journal_put_unit(struct slice name, struct buf *out);

/** Are there entries in a journal that @config leaves out? */
bool journal_is_filtered(const struct journal_config *config);

#endif
