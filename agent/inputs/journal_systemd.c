/**
 * The one file that knows libsystemd. The library opens what it can and says nothing of
 * the rest, so what cannot be read is found out beside it, by journal_folders.c.
 */
#include "agent/inputs/journal_folders.h"
#include "build.h"

#ifdef HAVE_SYSTEMD

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/inputs/journal_cursor.h"
#include "agent/inputs/journal_heads.h"

struct journal {
    sd_journal *sd;
    const struct journal_config *config;
    struct journal_folders folders;
    struct journal_heads heads;
    int fd;           /* of inotify; -1: none could be had */
    bool is_on_next;  /* the library stands on what next() is to give */
    bool is_narrow;   /* to the boot that runs */
    uint64_t listing; /* of the folders, where inotify cannot tell of them */
};

static bool fail(struct err *err, int code, const char *what)
{
    errno = -code;
    return err_set_errno(err, "the journal cannot be %s", what);
}

/* --- opening ---------------------------------------------------------------------- */

static int open_sd(sd_journal **sd, const struct journal_config *config)
{
    struct arena arena = { 0 };
    struct slice directory = config->directory.value;
    int code = directory.len > 0
                   ? sd_journal_open_directory(sd, arena_text(&arena, directory), 0)
                   : sd_journal_open(sd, SD_JOURNAL_LOCAL_ONLY);
    arena_free(&arena);
    return code;
}

static void close_journal(struct journal *journal)
{
    if (!journal)
        return;
    sd_journal_close(journal->sd);
    journal_folders_clear(&journal->folders);
    free(journal);
}

static bool open_files(struct journal *journal, struct err *err)
{
    struct journal_folders *folders = &journal->folders;
    struct journal_health health = journal_folders_survey(folders, &journal->listing);
    if (!journal_folders_usable(folders, &health, err))
        return false;
    journal_folders_note(folders);
    int code = open_sd(&journal->sd, journal->config);
    if (code < 0)
        return fail(err, code, "opened");
    /* Asking for it makes the library look at its folders once more, so nothing that
     * comes between the two goes unnoticed. */
    journal->fd = sd_journal_get_fd(journal->sd);
    (void)sd_journal_set_data_threshold(journal->sd,
                                        LIMIT_LINE_BYTES + sizeof "MESSAGE=");
    return journal_has_descriptors(err);
}

static struct journal *open_journal(void *ctx, const struct journal_config *config,
                                    struct err *err)
{
    (void)ctx;
    sd_id128_t machine;
    struct journal *journal = mem_zalloc(sizeof *journal);
    journal->config = config;
    journal->folders.directory = config->directory.value;
    if (sd_id128_get_machine(&machine) >= 0)
        sd_id128_to_string(machine, journal->folders.machine);
    if (open_files(journal, err))
        return journal;
    close_journal(journal);
    return NULL;
}

static int get_fd(struct journal *journal)
{
    return journal->fd < 0 ? -1 : journal->fd;
}

static bool is_reliable(struct journal *journal)
{
    return journal->fd >= 0 && sd_journal_reliable_fd(journal->sd) > 0;
}

static bool has_other_files(struct journal *journal)
{
    return journal_folders_changed(&journal->folders);
}

static enum journal_change process(struct journal *journal)
{
    uint64_t listing = 0;
    journal_folders_note(&journal->folders);
    if (journal->fd < 0) {
        (void)journal_folders_survey(&journal->folders, &listing);
        return listing == journal->listing ? JOURNAL_SAME : JOURNAL_STALE;
    }
    switch (sd_journal_process(journal->sd)) {
    case SD_JOURNAL_NOP:
        return JOURNAL_SAME;
    case SD_JOURNAL_APPEND:
        return JOURNAL_GREW;
    case SD_JOURNAL_INVALIDATE:
        return JOURNAL_CHANGED;
    default:
        return JOURNAL_STALE;
    }
}

static bool check(struct journal *journal, struct journal_health *health,
                  struct err *err)
{
    *health = journal_folders_survey(&journal->folders, NULL);
    return journal_has_descriptors(err);
}

/* --- what is wanted --------------------------------------------------------------- */

/** A match "NAME=value"; a code below 0 in *@code stops all further ones. */
static void match(struct journal *journal, const char *name, struct slice value,
                  int *code)
{
    struct buf text = buf_make(LIMIT_UNIT_BYTES + 64);
    buf_puts(&text, name);
    buf_putc(&text, '=');
    buf_put(&text, value);
    if (*code >= 0)
        *code = sd_journal_add_match(journal->sd, text.ptr, text.len);
    buf_free(&text);
}

static void match_units(struct journal *journal, const char *name, int *code)
{
    const struct conf_texts *units = &journal->config->units;
    struct buf unit = buf_make(LIMIT_UNIT_BYTES + 16);
    for (size_t i = 0; i < units->count; i++) {
        buf_clear(&unit);
        journal_put_unit(units->items[i].value, &unit);
        match(journal, name, buf_slice(&unit), code);
    }
    buf_free(&unit);
}

static void match_or(struct journal *journal, int *code)
{
    if (*code >= 0)
        *code = sd_journal_add_disjunction(journal->sd);
}

/** What a unit says, what systemd and other services of root say of it, and its core
 *  dumps: as `journalctl -u` (journalctl(1), systemd.journal-fields(7)). */
static void want_units(struct journal *journal, int *code)
{
    match_units(journal, "_SYSTEMD_UNIT", code);
    match_or(journal, code);
    match_units(journal, "_SYSTEMD_SLICE", code);
    match_or(journal, code);
    match(journal, "_PID", SLICE("1"), code);
    match_units(journal, "UNIT", code);
    match_or(journal, code);
    match(journal, "_UID", SLICE("0"), code);
    match_units(journal, "OBJECT_SYSTEMD_UNIT", code);
    match_or(journal, code);
    match(journal, "_UID", SLICE("0"), code);
    match_units(journal, "COREDUMP_UNIT", code);
    if (*code >= 0)
        *code = sd_journal_add_conjunction(journal->sd);
}

static void want_boot(struct journal *journal, int *code)
{
    char id[SD_ID128_STRING_MAX];
    sd_id128_t boot;
    if (*code >= 0)
        *code = sd_id128_get_boot(&boot);
    if (*code >= 0)
        match(journal, "_BOOT_ID", slice_of(sd_id128_to_string(boot, id)), code);
}

static void narrow(struct journal *journal, bool to_this_boot)
{
    journal->is_narrow = to_this_boot;
}

/** Everything, as far as the journal is not narrowed. */
static int want_all(struct journal *journal)
{
    int code = 0;
    sd_journal_flush_matches(journal->sd);
    if (journal->is_narrow)
        want_boot(journal, &code);
    return code;
}

/** Matches of one field are alternatives, those of several fields must all hold. */
static bool want(struct journal *journal, struct err *err)
{
    const struct journal_config *config = journal->config;
    int code = 0;
    sd_journal_flush_matches(journal->sd);
    if (config->units.count > 0)
        want_units(journal, &code);
    for (size_t i = 0; i < config->identifiers.count; i++)
        match(journal, "SYSLOG_IDENTIFIER", config->identifiers.items[i].value, &code);
    for (int i = 0; config->priority < JOURNAL_PRIORITIES - 1 && i <= config->priority;
         i++) {
        char digit = (char)('0' + i);
        match(journal, "PRIORITY", slice_make(&digit, 1), &code);
    }
    if (config->boot == JOURNAL_THIS_BOOT || journal->is_narrow)
        want_boot(journal, &code);
    return code >= 0 || fail(err, code, "searched");
}

/* --- places ----------------------------------------------------------------------- */

static bool get_place(struct journal *journal, struct journal_place *place,
                      struct err *err)
{
    char *cursor = NULL;
    uint64_t unix_us = 0, mono_us = 0;
    sd_id128_t boot = SD_ID128_NULL;
    *place = (struct journal_place){ 0 };
    int code = sd_journal_get_cursor(journal->sd, &cursor);
    if (code >= 0)
        code = sd_journal_get_realtime_usec(journal->sd, &unix_us);
    if (code >= 0)
        code = sd_journal_get_monotonic_usec(journal->sd, &mono_us, &boot);
    if (code >= 0 && strlen(cursor) >= sizeof place->cursor)
        code = -ENAMETOOLONG;
    if (code >= 0) {
        memcpy(place->cursor, cursor, strlen(cursor) + 1);
        sd_id128_to_string(boot, place->boot);
        place->unix_us = (int64_t)unix_us;
    }
    free(cursor);
    return code >= 0 || fail(err, code, "read");
}

/** Stand on the entry of @place, or on the first one behind it.
 *  @return 1, 0 when there is none, or below 0. */
static int stand_on(struct journal *journal, const struct journal_place *place)
{
    int code = place->cursor[0] ? sd_journal_seek_cursor(journal->sd, place->cursor)
                                : sd_journal_seek_head(journal->sd);
    if (code == -EINVAL) /* of a library that wrote other cursors */
        code = sd_journal_seek_realtime_usec(journal->sd, (uint64_t)place->unix_us + 1);
    return code < 0 ? code : sd_journal_next(journal->sd);
}

static bool is_on(struct journal *journal, const struct journal_place *place)
{
    return sd_journal_test_cursor(journal->sd, place->cursor) > 0;
}

static bool look(struct journal *journal, const struct journal_place *place,
                 bool *is_there, struct journal_place *after, struct err *err)
{
    *is_there = false;
    *after = (struct journal_place){ 0 };
    int code = want_all(journal);
    if (code >= 0)
        code = stand_on(journal, place);
    if (code <= 0)
        return code == 0 || fail(err, code, "searched");
    *is_there = place->cursor[0] && is_on(journal, place);
    return *is_there || get_place(journal, after, err);
}

static bool newest(struct journal *journal, struct journal_place *place,
                   struct err *err)
{
    *place = (struct journal_place){ 0 };
    int code = want_all(journal);
    if (code >= 0)
        code = sd_journal_seek_tail(journal->sd);
    if (code >= 0)
        code = sd_journal_previous(journal->sd);
    if (code <= 0)
        return code == 0 || fail(err, code, "searched");
    return get_place(journal, place, err);
}

static bool seek_head(struct journal *journal, struct err *err)
{
    int code = sd_journal_seek_head(journal->sd);
    return code >= 0 || fail(err, code, "searched");
}

static bool seek(struct journal *journal, const struct journal_place *place,
                 struct err *err)
{
    journal->is_on_next = false;
    if (!want(journal, err))
        return false;
    if (!place->cursor[0])
        return seek_head(journal, err);
    int code = stand_on(journal, place);
    journal->is_on_next = code > 0 && !is_on(journal, place);
    return code >= 0 || fail(err, code, "searched");
}

static enum journal_step next(struct journal *journal, struct err *err)
{
    int code = journal->is_on_next ? 1 : sd_journal_next(journal->sd);
    journal->is_on_next = false;
    if (code >= 0)
        return code > 0 ? JOURNAL_ENTRY : JOURNAL_END;
    fail(err, code, "read");
    return JOURNAL_FAILED;
}

static enum journal_step get_field(struct journal *journal, struct slice *data,
                                   struct err *err)
{
    const void *bytes;
    size_t len;
    int code = sd_journal_enumerate_available_data(journal->sd, &bytes, &len);
    if (code > 0)
        *data = slice_make(bytes, len);
    if (code >= 0)
        return code > 0 ? JOURNAL_ENTRY : JOURNAL_END;
    fail(err, code, "read");
    return JOURNAL_FAILED;
}

/* --- copies ----------------------------------------------------------------------- */

/* A longer value is hardly shared by many entries: its list never needs more room. */
enum { SHARED_FIELD_BYTES = 4096, SHARED_FIELDS = 256 };

/** The fields of the entry at @place that others may have as well. */
static int fields_at(struct journal *journal, const struct journal_place *place,
                     struct arena *arena, struct slice *fields, size_t *count)
{
    const void *bytes;
    size_t len;
    sd_journal_flush_matches(journal->sd);
    int code = stand_on(journal, place);
    while (code > 0 && *count < SHARED_FIELDS) {
        code = sd_journal_enumerate_available_data(journal->sd, &bytes, &len);
        if (code > 0 && len < SHARED_FIELD_BYTES)
            fields[(*count)++] = arena_slice(arena, slice_make(bytes, len));
    }
    return code;
}

/** Does the list of all entries with @field name the one at @place?
 *  @return 1, 0, or below 0 */
static int is_linked(struct journal *journal, const struct journal_place *place,
                     struct slice field)
{
    sd_journal_flush_matches(journal->sd);
    int code = sd_journal_add_match(journal->sd, field.ptr, field.len);
    if (code == -EINVAL) /* a name that cannot be asked for */
        return 1;
    if (code >= 0)
        code = stand_on(journal, place);
    return code < 0 ? code : code > 0 && is_on(journal, place);
}

/** An entry that a file had no room for any more stands in some of the lists of its
 *  fields and not in others.
 *  @return 1 when it is such a half one, 0, or below 0 */
static int is_half(struct journal *journal, const struct journal_place *place)
{
    struct arena arena = { 0 };
    struct slice fields[SHARED_FIELDS];
    size_t count = 0;
    int code = fields_at(journal, place, &arena, fields, &count);
    int linked = 1;
    for (size_t i = 0; i < count && code >= 0 && linked > 0; i++)
        code = linked = is_linked(journal, place, fields[i]);
    arena_free(&arena);
    return code < 0 ? code : linked == 0;
}

static bool is_copy(struct journal *journal, const struct journal_place *place,
                    const struct journal_place *next, bool *is_copy, bool *has_moved,
                    struct err *err)
{
    *is_copy = *has_moved = false;
    if (!journal_heads_have(&journal->heads, &journal->folders,
                            journal_sequence_of(next), journal_number_of(next)))
        return true;
    *has_moved = true;
    if (!want(journal, err))
        return false;
    /* A half one that the wanted lists do not name was never given. */
    int code = stand_on(journal, place);
    if (code > 0)
        code = is_on(journal, place) ? is_half(journal, place) : 0;
    *is_copy = code > 0;
    return code >= 0 || fail(err, code, "searched");
}

static void get_boot(void *ctx, char boot[JOURNAL_BOOT_BYTES])
{
    (void)ctx;
    sd_id128_t id;
    boot[0] = '\0';
    if (sd_id128_get_boot(&id) >= 0)
        sd_id128_to_string(id, boot);
}

static const struct journal_ops systemd_ops = {
    .open = open_journal,
    .close = close_journal,
    .fd = get_fd,
    .is_reliable = is_reliable,
    .has_other_files = has_other_files,
    .process = process,
    .check = check,
    .narrow = narrow,
    .look = look,
    .newest = newest,
    .seek = seek,
    .next = next,
    .is_copy = is_copy,
    .place = get_place,
    .field = get_field,
    .boot = get_boot,
};

const struct journal_ops *journal_systemd(void)
{
    return &systemd_ops;
}

void journal_put_version(struct buf *out)
{
    buf_puts(out, "libsystemd " SYSTEMD_VERSION);
}

#else

const struct journal_ops *journal_systemd(void)
{
    return NULL;
}

void journal_put_version(struct buf *out)
{
    buf_puts(out, "no libsystemd");
}

#endif
