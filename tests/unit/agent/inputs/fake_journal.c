/** The fake journal. */
#include "fake_journal.h"

#include <stdarg.h>

#include "agent/base/mem.h"
#include "agent/inputs/journal_cursor.h"

struct fake_journal fake;
struct journal_config fake_config;

/** Memory that is never freed, but stays reachable. */
static void *keep(size_t size)
{
    static void **all;
    static size_t count, capacity;
    void *memory = mem_zalloc(size);
    *mem_push(all, count, capacity) = memory;
    return memory;
}

/** A handle sees the files that were there when it took notice last. */
struct journal {
    const struct journal_config *config;
    int first_file, last_file;
    size_t seen_count;
    size_t next, current, field;
    bool is_narrow;
};

/* --- writing ---------------------------------------------------------------------- */

void fake_add(struct slice field)
{
    struct fake_entry *entry = &fake.entries[fake.count - 1];
    char *copy = keep(field.len + 1);
    ck_assert_uint_lt(entry->field_count, FAKE_FIELDS);
    memcpy(copy, field.ptr, field.len);
    entry->fields[entry->field_count++] = slice_make(copy, field.len);
}

struct fake_entry *fake_write(const char *field, ...)
{
    va_list args;
    ck_assert_uint_lt(fake.count, FAKE_ENTRIES);
    struct fake_entry *entry = &fake.entries[fake.count++];
    *entry = (struct fake_entry){ .number = fake.count,
                                  .sequence = fake.sequence,
                                  .boot = fake.boot,
                                  .unix_us = fake.unix_us,
                                  .file = fake.last_file,
                                  .fields = keep(FAKE_FIELDS * sizeof(struct slice)) };
    fake.unix_us += 1000000;
    va_start(args, field);
    for (; field; field = va_arg(args, const char *))
        fake_add(slice_of(field));
    va_end(args);
    return entry;
}

void fake_say(const char *text)
{
    char message[256];
    snprintf(message, sizeof message, "MESSAGE=%s", text);
    fake_write("PRIORITY=6", "_SYSTEMD_UNIT=ssh.service", "SYSLOG_IDENTIFIER=sshd",
               message, NULL);
}

void fake_say_again(void)
{
    struct fake_entry *entry = &fake.entries[fake.count];
    ck_assert_uint_lt(fake.count, FAKE_ENTRIES);
    *entry = fake.entries[fake.count - 1];
    entry->is_half = entry->is_unlisted = false;
    entry->file = fake.last_file;
    entry->number = ++fake.count;
}

void fake_rotate_in_the_middle(void)
{
    fake.entries[fake.count - 1].is_half = true;
    fake_rotate();
    fake_say_again();
}

void fake_rotate(void)
{
    fake.last_file++;
}

void fake_vacuum(void)
{
    fake.first_file++;
}

void fake_reboot(const char *boot)
{
    fake.boot = boot;
}

/* --- reading ---------------------------------------------------------------------- */

static struct journal *fake_open(void *ctx, const struct journal_config *config,
                                 struct err *err)
{
    (void)ctx;
    fake.opens++;
    if (fake.open_err.kind != ERR_NONE) {
        *err = fake.open_err;
        return NULL;
    }
    if (fake.is_empty) {
        err_set(err, ERR_MISSING, "there is no journal file");
        return NULL;
    }
    struct journal *journal = mem_zalloc(sizeof *journal);
    *journal = (struct journal){ .config = config };
    journal->first_file = fake.first_file;
    journal->last_file = fake.last_file;
    journal->seen_count = fake.count;
    fake.open_now++;
    return journal;
}

static void fake_close(struct journal *journal)
{
    fake.open_now--;
    free(journal);
}

static int fake_fd(struct journal *journal)
{
    (void)journal;
    return -1;
}

static bool fake_is_reliable(struct journal *journal)
{
    (void)journal;
    return true;
}

static bool fake_has_other_files(struct journal *journal)
{
    return journal->first_file != fake.first_file ||
           journal->last_file != fake.last_file || fake.is_empty;
}

static enum journal_change fake_process(struct journal *journal)
{
    bool is_other = fake_has_other_files(journal);
    bool has_grown = journal->seen_count != fake.count;
    if (fake.is_stale) {
        fake.is_stale = false;
        return JOURNAL_STALE;
    }
    journal->first_file = fake.first_file;
    journal->last_file = fake.last_file;
    journal->seen_count = fake.count;
    return is_other ? JOURNAL_CHANGED : has_grown ? JOURNAL_GREW : JOURNAL_SAME;
}

static bool fake_check(struct journal *journal, struct journal_health *health,
                       struct err *err)
{
    (void)journal;
    (void)err;
    *health = (struct journal_health){ .unreadable = fake.unreadable };
    health->files = fake.is_empty ? 0 : 2;
    err_set(&health->why, ERR_DENIED, "'user.journal' cannot be read");
    return true;
}

static bool is_visible(const struct journal *journal, const struct fake_entry *entry)
{
    /* What is deleted is emptied, whoever has it open. */
    return entry->file >= fake.first_file && entry->file <= journal->last_file &&
           !fake.is_empty &&
           (!journal->is_narrow || strcmp(entry->boot, fake.boot) == 0);
}

static bool has_field(const struct fake_entry *entry, const char *name,
                      struct slice value)
{
    for (size_t i = 0; i < entry->field_count; i++) {
        struct slice field = entry->fields[i];
        size_t len = strlen(name);
        if (slice_starts(field, slice_of(name)) && field.ptr[len] == '=' &&
            slice_equal(slice_make(field.ptr + len + 1, field.len - len - 1), value))
            return true;
    }
    return false;
}

static bool has_any(const struct fake_entry *entry, const char *name,
                    const struct conf_texts *values)
{
    for (size_t i = 0; i < values->count; i++) {
        if (has_field(entry, name, values->items[i].value))
            return true;
    }
    return values->count == 0;
}

static bool is_wanted(const struct journal *journal, const struct fake_entry *entry)
{
    const struct journal_config *config = journal->config;
    char digit = '0';
    bool is_urgent = config->priority == JOURNAL_PRIORITIES - 1;
    for (int i = 0; i <= config->priority; i++, digit++)
        is_urgent |= has_field(entry, "PRIORITY", slice_make(&digit, 1));
    if (entry->is_unlisted && journal_is_filtered(config))
        return false;
    if (config->boot == JOURNAL_THIS_BOOT && strcmp(entry->boot, fake.boot) != 0)
        return false;
    return is_urgent && has_any(entry, "_SYSTEMD_UNIT", &config->units) &&
           has_any(entry, "SYSLOG_IDENTIFIER", &config->identifiers);
}

static void place_of(const struct fake_entry *entry, struct journal_place *place)
{
    *place = (struct journal_place){ .unix_us = entry->unix_us };
    snprintf(place->cursor, sizeof place->cursor, "s=%s;i=%llx;b=%s;m=%llx;t=%llx;x=1",
             entry->sequence, (unsigned long long)entry->number, entry->boot,
             (unsigned long long)entry->unix_us, (unsigned long long)entry->unix_us);
    snprintf(place->boot, sizeof place->boot, "%s", entry->boot);
}

static bool is_at(const struct fake_entry *entry, const struct journal_place *place)
{
    struct journal_place own;
    place_of(entry, &own);
    return strcmp(own.cursor, place->cursor) == 0;
}

/** The order of the library: numbers in one sequence, or else times. */
static bool is_before(const struct fake_entry *entry, const struct journal_place *place)
{
    struct slice sequence = journal_sequence_of(place);
    if (slice_equal(slice_of(entry->sequence), sequence))
        return entry->number < journal_number_of(place);
    return entry->unix_us < place->unix_us;
}

/** The first visible entry at or behind @place; the count when there is none. */
static size_t find(const struct journal *journal, const struct journal_place *place)
{
    size_t i = 0;
    while (i < fake.count && (!is_visible(journal, &fake.entries[i]) ||
                              is_before(&fake.entries[i], place)))
        i++;
    return i;
}

static bool fake_look(struct journal *journal, const struct journal_place *place,
                      bool *is_there, struct journal_place *after, struct err *err)
{
    size_t at = find(journal, place);
    (void)err;
    *after = (struct journal_place){ 0 };
    *is_there = at < fake.count && is_at(&fake.entries[at], place);
    if (at < fake.count && !*is_there)
        place_of(&fake.entries[at], after);
    return true;
}

static bool fake_newest(struct journal *journal, struct journal_place *place,
                        struct err *err)
{
    (void)err;
    *place = (struct journal_place){ 0 };
    for (size_t i = 0; i < fake.count; i++) {
        if (is_visible(journal, &fake.entries[i]))
            place_of(&fake.entries[i], place);
    }
    return true;
}

static bool fake_seek(struct journal *journal, const struct journal_place *place,
                      struct err *err)
{
    (void)err;
    fake.seeks++;
    journal->next = place->cursor[0] ? find(journal, place) : 0;
    if (journal->next < fake.count && is_at(&fake.entries[journal->next], place))
        journal->next++;
    return true;
}

static void fake_narrow(struct journal *journal, bool to_this_boot)
{
    journal->is_narrow = to_this_boot;
}

static enum journal_step fake_next(struct journal *journal, struct err *err)
{
    if (fake.failing_steps > 0) {
        fake.failing_steps--;
        err_set(err, ERR_IO, "the disk is tired");
        return JOURNAL_FAILED;
    }
    for (; journal->next < fake.count; journal->next++) {
        const struct fake_entry *entry = &fake.entries[journal->next];
        /* What is in a file that is not known yet is met again later. */
        if (entry->file > journal->last_file)
            return JOURNAL_END;
        if (!is_visible(journal, entry) || !is_wanted(journal, entry))
            continue;
        journal->current = journal->next++;
        if (fake.vacuum_at > 0 && --fake.vacuum_at == 0)
            fake_vacuum();
        journal->field = 0;
        return JOURNAL_ENTRY;
    }
    return JOURNAL_END;
}

static bool fake_is_copy(struct journal *journal, const struct journal_place *place,
                         const struct journal_place *next, bool *is_copy,
                         bool *has_moved, struct err *err)
{
    size_t before = find(journal, place), at = find(journal, next);
    (void)err;
    *has_moved = fake.entries[before].file != fake.entries[at].file;
    *is_copy = *has_moved && fake.entries[before].is_half &&
               is_wanted(journal, &fake.entries[before]);
    if (*has_moved)
        journal->next = journal->current = fake.count;
    return true;
}

static bool fake_place(struct journal *journal, struct journal_place *place,
                       struct err *err)
{
    (void)err;
    place_of(&fake.entries[journal->current], place);
    return true;
}

static enum journal_step fake_field(struct journal *journal, struct slice *data,
                                    struct err *err)
{
    const struct fake_entry *entry = &fake.entries[journal->current];
    if (journal->field == entry->field_count && entry->is_damaged) {
        err_set(err, ERR_IO, "the entry is damaged");
        return JOURNAL_FAILED;
    }
    if (journal->field == entry->field_count)
        return JOURNAL_END;
    *data = entry->fields[journal->field++];
    return JOURNAL_ENTRY;
}

static void fake_boot(void *ctx, char boot[JOURNAL_BOOT_BYTES])
{
    (void)ctx;
    snprintf(boot, JOURNAL_BOOT_BYTES, "%s", fake.boot);
}

void fake_init(struct bench *bench)
{
    fake = (struct fake_journal){ .sequence = "aa", .boot = "b1" };
    fake.unix_us = 1600000000000000;
    fake.ops = (struct journal_ops){
        .open = fake_open,
        .close = fake_close,
        .fd = fake_fd,
        .is_reliable = fake_is_reliable,
        .has_other_files = fake_has_other_files,
        .process = fake_process,
        .check = fake_check,
        .look = fake_look,
        .newest = fake_newest,
        .seek = fake_seek,
        .narrow = fake_narrow,
        .next = fake_next,
        .is_copy = fake_is_copy,
        .place = fake_place,
        .field = fake_field,
        .boot = fake_boot,

    };
    fake_config = (struct journal_config){ .priority = JOURNAL_PRIORITIES - 1 };
    bench_init(bench, false);
    bench->configs[0].files.count = 0;
    bench->configs[0].journal = &fake_config;
    bench->configs[0].start = START_BEGINNING;
    bench->journals = &fake.ops;
}

void fake_start(struct bench *bench)
{
    fake_init(bench);
    bench_start(bench);
}

void fake_start_filtered(struct bench *bench)
{
    static struct conf_text ssh = { .value = { "ssh.service", 11 } };
    fake_init(bench);
    fake_config.units = (struct conf_texts){ &ssh, 1 };
    bench_start(bench);
}

void fake_say_other(void)
{
    fake_write("MESSAGE=other", "_SYSTEMD_UNIT=cron.service", NULL);
}

void fake_expect_reported(struct bench *bench, const char *text)
{
    ck_assert_str_eq(bench_text(&bench->reported), text);
    buf_clear(&bench->reported);
}

void fake_lose_two(struct bench *bench)
{
    fake_say("one");
    bench_turn(bench);
    bench_crash(bench);
    fake_say("two");
    fake_say("three");
    fake_rotate();
    fake_say("four");
    fake_vacuum();
    bench_start(bench);
}
