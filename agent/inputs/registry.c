/** The door of the inputs: one table of kinds, and each call goes to all of them. */
#include "agent/inputs/input.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/inputs/http/http.h"
#include "agent/inputs/journal.h"
#include "agent/inputs/spool.h"
#include "agent/inputs/stdin.h"
#include "agent/inputs/tail.h"
#include "agent/inputs/unpack.h"

static const struct input_kind *const kinds[] = {
    &tail_kind, &stdin_kind, &journal_kind, &http_kind, &spool_kind,
};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

struct inputs {
    struct input_world world;
    struct inputs_tally tally;
    void *parts[KIND_COUNT];
};

/* --- configuration ---------------------------------------------------------------- */

static void check_patterns(const struct field *field, const void *value,
                           const struct yaml_node *node, struct complaints *complaints)
{
    (void)node;
    const struct conf_texts *texts = value;
    for (size_t i = 0; i < texts->count; i++) {
        struct slice pattern = texts->items[i].value;
        const struct yaml_node *at = texts->items[i].node;
        if (pattern.len == 0)
            complain(complaints, at->at, "an empty pattern in '%s' matches no file",
                     field->name);
        else if (pattern.ptr[pattern.len - 1] == '/')
            complain(complaints, at->at,
                     "this pattern names a folder; its files are '%.*s*'",
                     SLICE_ARG(pattern));
    }
}

static void check_archives(const struct field *field, const void *value,
                           const struct yaml_node *node, struct complaints *complaints)
{
    const bool *wanted = value;
    if (*wanted && unpack_missing())
        complain_softly(complaints, node->at,
                        "'%s' is on, but this tocsin was built with %s, so those "
                        "archives are not read",
                        field->name, unpack_missing());
}

/* In the order of enum encoding. */
static const char *const encoding_choices[] = { "auto", "bytes", "utf-16le", "utf-16be",
                                                NULL };

static const char *const start_choices[] = { "end", "beginning", NULL };

static const struct field source_fields[] = {
    TEXT(struct source_config, name, .is_required = true,
         .doc = "The name that rules use in 'from'. Positions are kept under it."),
    TEXTS(struct source_config, files, .check = check_patterns,
          .doc =
              "Files to follow, by path or pattern: * ? [a-z] within a name, ** over "
              "any number of folders. Rotation, truncation, new files and new folders "
              "are noticed by themselves. Compressed files (.gz, .xz, ...) are no "
              "logs; see 'archives'. A file that two sources match belongs to the "
              "first."),
    TEXTS(struct source_config, exclude,
          .doc = "Patterns of files to leave out. One without '/' is compared with the "
                 "name of the file, one with '/' with its whole path."),
    FIELD_AS("stdin", FIELD_BOOL, bool, struct source_config, is_stdin, .def = "false",
             .doc =
                 "Read standard input instead of files. It has no position: what was "
                 "read and not yet stored when tocsin is killed is lost."),
    BLOCK(struct source_config, journal, struct journal_config, .sub = &journal_schema,
          .check = journal_check_built,
          .doc = "Read the journal of systemd instead of files."),
    CHOICE(struct source_config, start, .choices = start_choices, .def = "end",
           .doc =
               "Where to begin in files, or in a journal, that are there when this "
               "source is started for the first time ever. Files that appear later are "
               "read from their beginning."),
    CHOICE(struct source_config, encoding, .choices = encoding_choices, .def = "auto",
           .doc = "How the bytes of the files are text. auto: UTF-16 where a file "
                  "begins with its byte order mark, else bytes as they are (UTF-8, "
                  "ASCII, Latin-1). What is UTF-16 becomes UTF-8 for the rules."),
    BOOL(struct source_config, archives, .def = "false", .check = check_archives,
         .doc = "Finish what was rotated and compressed before it was read inside of "
                "the archive (.gz, .zst). Without it, that is a loss, and told. "
                "Archives that were made before tocsin saw the log are never read."),
    BOOL(struct source_config, inotify, .def = "true",
         .doc = "Let the kernel tell when files change. It only makes reading earlier: "
                "every file is looked at once in a 'sweep' all the same."),
    DURATION(struct source_config, sweep, .def = "1s", .min = 10, .max = HOUR_MS,
             .doc = "The time between two looks at every file, or at the journal. With "
                    "more than 250 files, those that were silent for a minute and are "
                    "watched by inotify take turns, 250 in each sweep."),
    DURATION(struct source_config, rotate_wait, .def = "10s", .min = 0, .max = DAY_MS,
             .doc =
                 "How long a rotated file is followed after its last growth, because "
                 "the program that writes it may not have opened the new one yet."),
    PAIRS(struct source_config, labels,
          .doc = "Labels for every alert that comes from this source."),
};

const struct schema source_schema = {
    .name = "source",
    .doc = "What is read: files, a journal, or standard input.",
    .size = sizeof(struct source_config),
    .node_offset = offsetof(struct source_config, node),
    .fields = source_fields,
    .field_count = sizeof source_fields / sizeof *source_fields,
};

/* --- the door --------------------------------------------------------------------- */

struct inputs *inputs_create(const struct input_world *world,
                             const struct inputs_config *config, struct now now)
{
    struct inputs *inputs = mem_zalloc(sizeof *inputs);
    inputs->world = *world;
    for (size_t i = 0; i < KIND_COUNT; i++)
        inputs->parts[i] = kinds[i]->create(&inputs->world, &inputs->tally);
    inputs_configure(inputs, config, now);
    return inputs;
}

void inputs_free(struct inputs *inputs)
{
    if (!inputs)
        return;
    for (size_t i = 0; i < KIND_COUNT; i++)
        kinds[i]->destroy(inputs->parts[i]);
    free(inputs);
}

void inputs_configure(struct inputs *inputs, const struct inputs_config *config,
                      struct now now)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        kinds[i]->configure(inputs->parts[i], config, now);
}

bool inputs_read(struct inputs *inputs, struct now now, const struct intake *intake)
{
    bool has_more = false;
    for (size_t i = 0; i < KIND_COUNT; i++)
        has_more |= kinds[i]->read(inputs->parts[i], now, intake);
    return has_more;
}

void inputs_save(struct inputs *inputs, struct now now)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i]->save)
            kinds[i]->save(inputs->parts[i], now);
    }
}

void inputs_committed(struct inputs *inputs)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i]->committed)
            kinds[i]->committed(inputs->parts[i]);
    }
}

bool inputs_wants_commit(const struct inputs *inputs)
{
    bool wants = false;
    for (size_t i = 0; i < KIND_COUNT; i++)
        wants |= kinds[i]->wants_commit && kinds[i]->wants_commit(inputs->parts[i]);
    return wants;
}

void inputs_refuse(struct inputs *inputs, struct now now)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i]->refuse)
            kinds[i]->refuse(inputs->parts[i], now);
    }
}

bool inputs_takes_reload(struct inputs *inputs)
{
    bool wants = false;
    for (size_t i = 0; i < KIND_COUNT; i++)
        wants |= kinds[i]->takes_reload && kinds[i]->takes_reload(inputs->parts[i]);
    return wants;
}

int64_t inputs_wake_at(const struct inputs *inputs)
{
    int64_t at = NEVER_MS;
    for (size_t i = 0; i < KIND_COUNT; i++)
        at = earlier_ms(at, kinds[i]->wake_at(inputs->parts[i]));
    return at;
}

bool inputs_at_end(const struct inputs *inputs)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (!kinds[i]->is_at_end(inputs->parts[i]))
            return false;
    }
    return true;
}

const struct inputs_tally *inputs_tally(const struct inputs *inputs)
{
    return &inputs->tally;
}

void inputs_describe(const struct inputs *inputs, enum text_form form, struct buf *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        kinds[i]->describe(inputs->parts[i], form, out);
}

void inputs_describe_sums(const struct inputs *inputs, enum text_form form,
                          struct buf *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i]->describe_sums)
            kinds[i]->describe_sums(inputs->parts[i], form, out);
    }
}

void inputs_put_archives(struct buf *out)
{
    unpack_put_versions(out);
}

void inputs_put_kinds(struct buf *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kinds[i] != &journal_kind || journal_systemd())
            buf_printf(out, "%s%s", i > 0 ? " " : "", kinds[i]->name);
    }
}
