/**
 * The folder is looked at once a second, by one stat(2), and listed when it changed; a
 * hint of inotify makes it earlier. The oldest entries go first, because what is over
 * must not be told before it began.
 *
 * An entry's way: taken (handed in, in memory), stored (its name is in the transaction
 * of what it says), removed (the file), forgotten (the row, in a later transaction). A
 * kill between two of them is made good at the next start by the rows that are there.
 * What cannot be read as a body is refused: told by mail, and left to a person.
 */
#include "agent/inputs/spool.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "agent/base/mem.h"
#include "agent/inputs/spool_config.h"
#include "agent/inputs/spool_entry.h"
#include "agent/inputs/watch.h"
#include "agent/inputs/webhook/webhook.h"

enum { LOOK_MS = 1000, RETRY_MS = 10 * 1000 };
#define LIST_MS MINUTE_MS /* also when nothing seems to have changed */

const char spool_schema_sql[] =
    "CREATE TABLE input_spool(name TEXT PRIMARY KEY, is_refused INTEGER NOT NULL)"
    " WITHOUT ROWID;";

static const char load_sql[] = "SELECT name, is_refused FROM input_spool";
static const char save_sql[] =
    "INSERT OR REPLACE INTO input_spool(name, is_refused) VALUES(?,?)";
static const char drop_sql[] = "DELETE FROM input_spool WHERE name = ?";

static const struct field spool_fields[] = {
    TEXT(struct spool_config, folder, .def = SPOOL_FOLDER,
         .doc = "Where `tocsin notify` leaves what it is given. It must be there, and "
                "writable for its users and for the agent: 'install -d -m 2770 -g "
                "nagios " SPOOL_FOLDER "', and SupplementaryGroups=nagios for the "
                "agent."),
    DURATION(struct spool_config, resolve_after, .def = "7d", .min = MINUTE_MS,
             .max = 365 * DAY_MS,
             .doc = "An alert that was not handed over again for this long, and not "
                    "as over, is over."),
};

const struct schema spool_schema = {
    .name = "spool",
    .doc = "Alerts that monitoring systems hand over by `tocsin notify`, also while "
           "the agent does not run. They come from the source \"notify\".",
    .size = sizeof(struct spool_config),
    .node_offset = offsetof(struct spool_config, node),
    .fields = spool_fields,
    .field_count = sizeof spool_fields / sizeof *spool_fields,
};

enum entry_state { ENTRY_TAKEN, ENTRY_STORED, ENTRY_REMOVED, ENTRY_REFUSED };

struct entry {
    enum entry_state state;
    bool has_row;
    char name[];
};

struct spool_input {
    const struct input_world *world;
    struct inputs_tally *tally;
    const struct spool_config *config; /**< NULL: there is no spool */
    const struct source *source;
    char *folder;
    struct watch *watch;
    struct map entries; /**< struct entry by name: all but those not read yet */
    char **names;       /**< of the oldest that are not read yet, in order */
    size_t name_count;
    bool has_more, wants_list, is_told, was_looked_at;
    int64_t look_ms, list_ms;
    int64_t modified_ns; /**< of the folder, when it was listed last */
    struct arena scratch;
    char *room; /**< one entry's bytes */
    struct now now;
};

/* --- life ------------------------------------------------------------------------- */

static void *create(const struct input_world *world, struct inputs_tally *tally)
{
    struct spool_input *input = mem_zalloc(sizeof *input);
    input->world = world;
    input->tally = tally;
    return input;
}

static void forget_names(struct spool_input *input)
{
    for (size_t i = 0; i < input->name_count; i++)
        free(input->names[i]);
    input->name_count = 0;
}

static void leave_folder(struct spool_input *input)
{
    struct entry *entry;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;)
        free(entry);
    map_free(&input->entries);
    forget_names(input);
    watch_free(input->watch);
    input->watch = NULL;
    free(input->folder);
    input->folder = NULL;
}

static void destroy(void *self)
{
    struct spool_input *input = self;
    leave_folder(input);
    arena_free(&input->scratch);
    free(input->names);
    free(input->room);
    free(input);
}

static struct entry *add_entry(struct spool_input *input, struct slice name,
                               enum entry_state state)
{
    struct entry *entry = mem_zalloc(sizeof *entry + name.len + 1);
    memcpy(entry->name, name.ptr, name.len);
    entry->state = state;
    map_put(&input->entries, slice_of(entry->name), entry);
    return entry;
}

static void load_rows(struct spool_input *input)
{
    struct db_row *row = db_query(input->world->db, load_sql);
    while (db_next(row))
        add_entry(input, db_text(row, 0), db_int(row, 1) ? ENTRY_REFUSED : ENTRY_STORED)
            ->has_row = true;
}

static void enter_folder(struct spool_input *input)
{
    input->folder = mem_copy(input->config->folder.value);
    if (!input->names)
        input->names = mem_zalloc((LIMIT_TURN_ENTRIES + 1) * sizeof *input->names);
    if (!input->room)
        input->room = mem_zalloc(LIMIT_HTTP_BODY_BYTES + 1);
    load_rows(input);
    input->watch = watch_create(&input->world->fs, input->world->wakes,
                                input->world->log, input->tally);
    (void)watch_folder(input->watch, input->folder);
}

static void configure(void *self, const struct inputs_config *config, struct now now)
{
    struct spool_input *input = self;
    bool is_wanted = config->spool && input->world->empties_spool;
    input->config = is_wanted ? config->spool : NULL;
    input->source = config->spool_source;
    input->now = now;
    if (input->folder && (!is_wanted || !slice_equal(config->spool->folder.value,
                                                     slice_of(input->folder))))
        leave_folder(input);
    if (is_wanted && !input->folder)
        enter_folder(input);
    input->look_ms = now.mono_ms;
    input->wants_list = is_wanted;
    input->was_looked_at = false;
}

/* --- looking ---------------------------------------------------------------------- */

static const char *path_of(struct spool_input *input, const char *name)
{
    return arena_printf(&input->scratch, "%s/%s", input->folder, name);
}

static void tell(struct spool_input *input, const struct intake *intake,
                 const char *object, const char *summary)
{
    intake->report(intake->ctx,
                   &(struct self_report){
                       .kind = SLICE("spool-refused"),
                       .object = slice_of(object),
                       .severity = SEVERITY_CRITICAL,
                       .summary = slice_of(summary),
                       .description =
                           SLICE("What monitoring systems hand over by `tocsin notify` "
                                 "stays there until it can be read. `tocsin check` "
                                 "says what the folder lacks, `tocsin status` how it "
                                 "is.") });
    log_error(input->world->log, "%s", summary);
}

/** The folder, or a file in it, is not to be had: it is tried again. */
static void tell_trouble(struct spool_input *input, const struct intake *intake,
                         const char *why)
{
    input->look_ms = input->now.mono_ms + RETRY_MS;
    input->wants_list = true;
    if (!input->is_told)
        tell(input, intake, input->folder,
             arena_printf(&input->scratch, "alerts in the spool cannot be read: %s",
                          why));
    input->is_told = true;
}

/** Keep the oldest LIMIT_TURN_ENTRIES in order. */
static void note_name(void *ctx, const char *name)
{
    struct spool_input *input = ctx;
    size_t at = input->name_count;
    if (spool_is_torso(name, input->now.unix_ms)) {
        struct err err;
        (void)input->world->fs.remove(input->world->fs.ctx, path_of(input, name), &err);
        return;
    }
    if (!spool_form_of(name) || map_find(&input->entries, slice_of(name)))
        return;
    while (at > 0 && strcmp(input->names[at - 1], name) > 0)
        at--;
    memmove(input->names + at + 1, input->names + at,
            (input->name_count - at) * sizeof *input->names);
    input->names[at] = mem_copy_text(name);
    if (++input->name_count > LIMIT_TURN_ENTRIES) {
        free(input->names[--input->name_count]);
        input->has_more = true;
    }
}

static void list(struct spool_input *input, const struct intake *intake)
{
    struct err err = { 0 };
    forget_names(input);
    input->has_more = input->wants_list = false;
    if (!input->world->fs.list(input->world->fs.ctx, input->folder, note_name, input,
                               &err))
        tell_trouble(input, intake, err.text);
    else
        input->is_told = false;
    input->list_ms = input->now.mono_ms + LIST_MS;
}

/** Has anything come since the last list? */
static bool is_due(struct spool_input *input)
{
    struct fs_stat stat = { 0 };
    struct err err;
    bool was_there =
        input->world->fs.stat(input->world->fs.ctx, input->folder, &stat, &err);
    bool has_changed = !was_there || stat.modified_ns != input->modified_ns;
    input->modified_ns = stat.modified_ns;
    return has_changed || input->wants_list || input->now.mono_ms >= input->list_ms;
}

static void hint_file(void *ctx, const char *path)
{
    struct spool_input *input = ctx;
    (void)path;
    input->look_ms = input->now.mono_ms;
}

static void hint_all(void *ctx)
{
    hint_file(ctx, NULL);
}

/* --- entries ---------------------------------------------------------------------- */

static void refuse(struct spool_input *input, const struct intake *intake,
                   const char *name, const char *why)
{
    const char *path = path_of(input, name);
    add_entry(input, slice_of(name), ENTRY_REFUSED);
    input->tally->spool_refused++;
    tell(input, intake, path,
         arena_printf(&input->scratch, "an alert in '%s' cannot be read: %s", path,
                      why));
}

static void take_body(struct spool_input *input, const struct intake *intake,
                      const char *name, struct slice body)
{
    const struct spool_form *form = spool_form_of(name);
    struct webhook_reply reply = webhook_take(
        &(struct webhook_request){ .path = slice_of(form->path),
                                   .content_type = slice_of(form->content_type),
                                   .body = body,
                                   .source = input->source,
                                   .resolve_after_ms = input->config->resolve_after,
                                   .now_unix_ms = input->now.unix_ms },
        intake, &input->scratch);
    if (reply.status != 200) {
        refuse(input, intake, name, reply.text);
        return;
    }
    add_entry(input, slice_of(name), ENTRY_TAKEN);
    input->tally->spool_entries++;
}

/** Its bytes into the room. @return how many, one more than may be; -1: why, in @err */
static ssize_t read_entry(struct spool_input *input, const char *name, struct err *err)
{
    const struct fs *fs = &input->world->fs;
    struct fs_stat stat;
    int fd = fs->open(fs->ctx, path_of(input, name), &stat, err);
    if (fd < 0)
        return -1;
    ssize_t len = -1;
    if (stat.is_symlink)
        err_set(err, ERR_INVALID, "it is a symbolic link");
    else
        len = fs->read_at(fs->ctx, fd, input->room, LIMIT_HTTP_BODY_BYTES + 1, 0, err);
    fs->close(fs->ctx, fd);
    return len;
}

/** @return false: it is there, and cannot be read now. */
static bool take_entry(struct spool_input *input, const struct intake *intake,
                       const char *name)
{
    struct err err = { 0 };
    ssize_t len = read_entry(input, name, &err);
    if (len > LIMIT_HTTP_BODY_BYTES)
        refuse(input, intake, name, "it is too long");
    else if (len >= 0)
        take_body(input, intake, name, slice_make(input->room, (size_t)len));
    else if (err.kind == ERR_INVALID)
        refuse(input, intake, name, err.text);
    else if (err.kind != ERR_MISSING)
        tell_trouble(input, intake, err.text);
    return len >= 0 || err.kind == ERR_INVALID || err.kind == ERR_MISSING;
}

static void take_all(struct spool_input *input, const struct intake *intake)
{
    size_t i = 0;
    while (i < input->name_count && input->entries.count < LIMIT_SPOOL_ENTRIES &&
           take_entry(input, intake, input->names[i]))
        i++;
    if (input->entries.count >= LIMIT_SPOOL_ENTRIES)
        tell_trouble(input, intake, "files in it cannot be removed");
    forget_names(input);
    input->wants_list |= input->has_more;
}

/** What was stored is removed; who cannot be is tried again, a look later. */
static void remove_stored(struct spool_input *input)
{
    struct entry *entry;
    struct err err = { 0 };
    bool is_stuck = false;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;) {
        if (entry->state != ENTRY_STORED)
            continue;
        if (input->world->fs.remove(input->world->fs.ctx, path_of(input, entry->name),
                                    &err))
            entry->state = ENTRY_REMOVED;
        else
            is_stuck = true;
    }
    if (is_stuck && input->tally->spool_stuck++ == 0)
        log_error(input->world->log,
                  "%s: it is not read again, but stays; the agent needs to write in "
                  "the spool",
                  err.text);
}

/** A person took them away. */
static void forget_refused(struct spool_input *input)
{
    struct entry *entry;
    struct fs_stat stat;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;) {
        struct err err = { 0 };
        if (entry->state == ENTRY_REFUSED && entry->has_row &&
            !input->world->fs.stat(input->world->fs.ctx, path_of(input, entry->name),
                                   &stat, &err) &&
            err.kind == ERR_MISSING)
            entry->state = ENTRY_REMOVED;
    }
}

static bool read_turn(void *self, struct now now, const struct intake *intake)
{
    struct spool_input *input = self;
    const struct watch_hints hints = { hint_file, hint_all, hint_all, input };
    input->now = now;
    if (!input->config)
        return false;
    watch_read(input->watch, &hints);
    if (now.mono_ms < input->look_ms)
        return false;
    input->look_ms = now.mono_ms + LOOK_MS;
    if (is_due(input)) {
        remove_stored(input);
        forget_refused(input);
        list(input, intake);
        take_all(input, intake);
    }
    input->was_looked_at = true;
    if (input->has_more)
        input->look_ms = now.mono_ms;
    arena_clear(&input->scratch);
    return input->has_more;
}

/* --- the store -------------------------------------------------------------------- */

static bool wants_row(const struct entry *entry)
{
    return !entry->has_row &&
           (entry->state == ENTRY_TAKEN || entry->state == ENTRY_REFUSED);
}

static bool wants_commit(const void *self)
{
    const struct spool_input *input = self;
    const struct entry *entry;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;) {
        if (wants_row(entry))
            return true;
    }
    return false;
}

static void save(void *self, struct now now)
{
    struct spool_input *input = self;
    struct entry *entry;
    (void)now;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;) {
        bool is_removed = entry->state == ENTRY_REMOVED;
        if (!is_removed && !wants_row(entry))
            continue;
        struct db_row *row =
            db_query(input->world->db, is_removed ? drop_sql : save_sql);
        db_bind_text(row, slice_of(entry->name));
        if (!is_removed)
            db_bind_int(row, entry->state == ENTRY_REFUSED);
        db_run(row);
    }
}

static void committed(void *self)
{
    struct spool_input *input = self;
    struct entry *entry;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;) {
        if (entry->state == ENTRY_REMOVED) {
            map_take(&input->entries, slice_of(entry->name));
            free(entry);
            continue;
        }
        entry->has_row = true;
        if (entry->state == ENTRY_TAKEN)
            entry->state = ENTRY_STORED;
    }
    if (input->config)
        remove_stored(input);
    arena_clear(&input->scratch);
}

/* --- what is asked ---------------------------------------------------------------- */

static int64_t wake_at(const void *self)
{
    const struct spool_input *input = self;
    return input->config ? input->look_ms : NEVER_MS;
}

static bool is_at_end(const void *self)
{
    const struct spool_input *input = self;
    return !input->config || (input->was_looked_at && !input->has_more);
}

static size_t count_of(const struct spool_input *input, enum entry_state state)
{
    const struct entry *entry;
    size_t count = 0;
    for (size_t at = 0; (entry = map_next(&input->entries, &at)) != NULL;)
        count += entry->state == state;
    return count;
}

static void describe(const void *self, enum text_form form, struct buf *out)
{
    const struct spool_input *input = self;
    if (!input->config)
        return;
    size_t refused = count_of(input, ENTRY_REFUSED);
    size_t stuck = count_of(input, ENTRY_STORED);
    if (form == FORM_JSON) {
        text_put_comma(out);
        buf_puts(out, "{\"path\":");
        text_put_json(out, slice_of(input->folder));
        buf_printf(out,
                   ",\"state\":\"%s\",\"taken\":%" PRIu64
                   ",\"refused\":%zu,\"not_removed\":%zu}",
                   input->is_told ? "unreadable" : "spool", input->tally->spool_entries,
                   refused, stuck);
        return;
    }
    buf_puts(out, "  ");
    text_put_clean(out, slice_of(input->folder), false);
    buf_printf(out, ": a spool%s, ", input->is_told ? " that cannot be read" : "");
    text_put_count(out, input->tally->spool_entries, "alert", "alerts");
    buf_puts(out, " taken");
    if (refused > 0)
        buf_printf(out, ", %zu refused", refused);
    if (stuck > 0)
        buf_printf(out, ", %zu cannot be removed", stuck);
    buf_puts(out, "\n");
}

const struct input_kind spool_kind = {
    .name = "spool",
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .read = read_turn,
    .save = save,
    .committed = committed,
    .wants_commit = wants_commit,
    .wake_at = wake_at,
    .is_at_end = is_at_end,
    .describe = describe,
};
