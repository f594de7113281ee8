/** The rows of `journal`, and a closer look at what they were given. */
#include "agent/inputs/journal_config.h"

#include "agent/base/limits.h"
#include "agent/inputs/journal_ops.h"

const char *const journal_priorities[] = { "emerg",  "alert", "crit",  "err", "warning",
                                           "notice", "info",  "debug", NULL };

static const char *const boot_choices[] = { "all", "current", NULL };

static const char *const unit_kinds[] = {
    ".service", ".socket", ".device", ".mount", ".automount", ".swap",
    ".target",  ".path",   ".timer",  ".slice", ".scope",
};

void journal_put_unit(struct slice name, struct buf *out)
{
    buf_put(out, name);
    for (size_t i = 0; i < sizeof unit_kinds / sizeof *unit_kinds; i++) {
        if (slice_ends(name, slice_of(unit_kinds[i])))
            return;
    }
    buf_puts(out, ".service");
}

bool journal_is_filtered(const struct journal_config *config)
{
    return config->units.count > 0 || config->identifiers.count > 0 ||
           config->priority < JOURNAL_PRIORITIES - 1 ||
           config->boot == JOURNAL_THIS_BOOT;
}

/* --- a closer look ---------------------------------------------------------------- */

static void check_count(const struct field *field, const struct conf_texts *texts,
                        const struct yaml_node *node, struct complaints *complaints)
{
    if (texts->count > LIMIT_JOURNAL_MATCHES)
        complain(complaints, node->at,
                 "%s: more than %d; leave it out and choose by 'where' in the rules",
                 field->name, LIMIT_JOURNAL_MATCHES);
}

static bool has_wildcard(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (strchr("*?[", name.ptr[i]))
            return true;
    }
    return false;
}

static void check_units(const struct field *field, const void *value,
                        const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_texts *texts = value;
    check_count(field, texts, node, complaints);
    for (size_t i = 0; i < texts->count; i++) {
        struct slice name = texts->items[i].value;
        struct place at = texts->items[i].node->at;
        if (name.len == 0 || name.len > LIMIT_UNIT_BYTES)
            complain(complaints, at, "the name of a unit has 1 to %d bytes",
                     LIMIT_UNIT_BYTES);
        else if (has_wildcard(name))
            complain(complaints, at,
                     "a unit is named in full here; for patterns leave 'units' out and "
                     "write 'where: [unit=~\"...\"]' in the rules");
    }
}

static void check_identifiers(const struct field *field, const void *value,
                              const struct yaml_node *node,
                              struct complaints *complaints)
{
    const struct conf_texts *texts = value;
    check_count(field, texts, node, complaints);
    for (size_t i = 0; i < texts->count; i++) {
        struct slice name = texts->items[i].value;
        struct place at = texts->items[i].node->at;
        if (name.len == 0 || name.len > LIMIT_UNIT_BYTES)
            complain(complaints, at, "an identifier has 1 to %d bytes",
                     LIMIT_UNIT_BYTES);
        else if (slice_equal(name, SLICE(JOURNAL_OWN_IDENTIFIER)))
            complain(complaints, at,
                     "tocsin does not read what it says itself, or each mail about it "
                     "would make the next; `tocsin status` tells how it is");
    }
}

static void check_directory(const struct field *field, const void *value,
                            const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_text *path = value;
    if (!slice_starts(path->value, SLICE("/")))
        complain(complaints, node->at, "%s: a folder is written from the top: /...",
                 field->name);
}

void journal_check_built(const struct field *field, const void *value,
                         const struct yaml_node *node, struct complaints *complaints)
{
    (void)value;
    if (!journal_systemd())
        complain(complaints, node->at,
                 "%s: this tocsin was built without libsystemd and cannot read the "
                 "journal; build it with libsystemd-dev installed, or let rsyslog "
                 "write files and name those in 'files'",
                 field->name);
}

static const struct field journal_fields[] = {
    TEXTS(struct journal_config, units, .check = check_units,
          .doc = "Read only what these units say, and what systemd says about them. A "
                 "name without an ending is a service: ssh is ssh.service."),
    TEXTS(struct journal_config, identifiers, .check = check_identifiers,
          .doc = "Read only entries with one of these syslog identifiers."),
    CHOICE(struct journal_config, priority, .choices = journal_priorities,
           .def = "debug",
           .doc = "Read only entries that are at least this urgent. When this is not "
                  "debug, entries without any priority are not read."),
    CHOICE(struct journal_config, boot, .choices = boot_choices, .def = "all",
           .doc = "After a reboot, go on with what was not read of the boots before "
                  "(all), or begin with this one (current)."),
    TEXT(struct journal_config, directory, .check = check_directory,
         .doc =
             "The folder of journal files, where it is not this host's own journal."),
};

const struct schema journal_schema = {
    .name = "journal",
    .doc =
        "The journal of systemd. Each entry is one record: its message is the line "
        "that "
        "rules match, and its fields are fields, by the names that 'journalctl -o "
        "verbose' shows (_SYSTEMD_UNIT, _UID, ...) and these: unit (the unit that says "
        "it, or that systemd speaks of), identifier, pid, priority (0 to 7), level "
        "(emerg to debug), hostname. 'journal: {}' reads everything. The position is "
        "kept by cursor. Entries that were deleted before they were read are counted "
        "and told in a mail. What tocsin itself says is not read.",
    .size = sizeof(struct journal_config),
    .node_offset = offsetof(struct journal_config, node),
    .fields = journal_fields,
    .field_count = sizeof journal_fields / sizeof *journal_fields,
};
