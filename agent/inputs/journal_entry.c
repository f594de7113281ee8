/** Fields are copied, because the library's are gone with the next one. */
#include "agent/inputs/journal_entry.h"

#include <stdlib.h>

#include "agent/base/mem.h"

void journal_entry_init(struct journal_entry *entry)
{
    *entry = (struct journal_entry){ .bytes = mem_zalloc(LIMIT_ENTRY_BYTES) };
}

void journal_entry_clear(struct journal_entry *entry)
{
    free(entry->bytes);
    entry->bytes = NULL;
}

struct slice journal_entry_find(const struct journal_entry *entry, struct slice name)
{
    for (size_t i = 0; i < entry->field_count; i++) {
        if (slice_equal(entry->fields[i].name, name))
            return entry->fields[i].value;
    }
    return SLICE("");
}

/* --- fields ----------------------------------------------------------------------- */

static struct slice keep(struct journal_entry *entry, struct slice bytes)
{
    char *at = entry->bytes + entry->used_bytes;
    if (bytes.len > 0)
        memcpy(at, bytes.ptr, bytes.len);
    entry->used_bytes += bytes.len;
    return slice_make(at, bytes.len);
}

/** The message comes in whole, whatever stands before it. */
static size_t room_for_field(const struct journal_entry *entry)
{
    size_t reserved = entry->message.ptr ? 0 : LIMIT_LINE_BYTES + sizeof "MESSAGE";
    return LIMIT_ENTRY_BYTES - entry->used_bytes - reserved;
}

static void add_field(struct journal_entry *entry, struct slice name,
                      struct slice value)
{
    struct capture *field = &entry->fields[entry->field_count++];
    field->name = keep(entry, name);
    field->value = keep(entry, value);
}

static void take_message(struct journal_entry *entry, struct slice value)
{
    if (value.len > LIMIT_LINE_BYTES) {
        value.len = LIMIT_LINE_BYTES;
        entry->is_cut = true;
    }
    add_field(entry, SLICE("MESSAGE"), value);
    entry->message = entry->fields[entry->field_count - 1].value;
}

static void take_field(struct journal_entry *entry, struct slice data)
{
    size_t at = slice_find(data, SLICE("="));
    if (at == SIZE_MAX)
        return;
    struct slice name = slice_make(data.ptr, at);
    struct slice value = slice_make(data.ptr + at + 1, data.len - at - 1);
    bool is_message = slice_equal(name, SLICE("MESSAGE")) && !entry->message.ptr;
    /* One place is kept for the message. */
    size_t places = LIMIT_ENTRY_FIELDS - entry->field_count;
    if (is_message) {
        take_message(entry, value);
        return;
    }
    if (value.len > LIMIT_FIELD_BYTES) {
        value.len = LIMIT_FIELD_BYTES;
        entry->left_out++;
    }
    if (places <= (entry->message.ptr ? 0 : 1) ||
        room_for_field(entry) < name.len + value.len) {
        entry->left_out++;
        return;
    }
    add_field(entry, name, value);
}

/* --- short names ------------------------------------------------------------------ */

static struct slice first_of(const struct journal_entry *entry, struct slice name,
                             struct slice other)
{
    struct slice value = journal_entry_find(entry, name);
    return value.len > 0 ? value : journal_entry_find(entry, other);
}

/** Systemd itself (PID 1) and services of root say of other units what becomes of them;
 *  anybody else could only pretend to. */
static struct slice unit_of(const struct journal_entry *entry)
{
    struct slice unit = SLICE("");
    if (slice_equal(journal_entry_find(entry, SLICE("_PID")), SLICE("1")))
        unit = journal_entry_find(entry, SLICE("UNIT"));
    if (unit.len == 0 &&
        slice_equal(journal_entry_find(entry, SLICE("_UID")), SLICE("0")))
        unit = first_of(entry, SLICE("OBJECT_SYSTEMD_UNIT"), SLICE("COREDUMP_UNIT"));
    return unit.len > 0 ? unit : journal_entry_find(entry, SLICE("_SYSTEMD_UNIT"));
}

static struct slice level_of(struct slice priority)
{
    if (priority.len != 1 || priority.ptr[0] < '0' || priority.ptr[0] > '7')
        return SLICE("");
    return slice_of(journal_priorities[priority.ptr[0] - '0']);
}

/** Names of fields in a journal have no small letters, so nobody can forge these. */
static void add_short_names(struct journal_entry *entry)
{
    struct slice priority = journal_entry_find(entry, SLICE("PRIORITY"));
    const struct capture names[JOURNAL_SHORT_NAMES] = {
        { SLICE("unit"), unit_of(entry) },
        { SLICE("identifier"),
          first_of(entry, SLICE("SYSLOG_IDENTIFIER"), SLICE("_COMM")) },
        { SLICE("pid"), first_of(entry, SLICE("_PID"), SLICE("SYSLOG_PID")) },
        { SLICE("priority"), priority },
        { SLICE("level"), level_of(priority) },
        { SLICE("hostname"), journal_entry_find(entry, SLICE("_HOSTNAME")) },
    };
    for (size_t i = 0; i < JOURNAL_SHORT_NAMES; i++) {
        if (names[i].value.len > 0)
            entry->fields[entry->field_count++] = names[i];
    }
}

void journal_entry_read(struct journal_entry *entry, const struct journal_ops *ops,
                        struct journal *journal)
{
    struct err err;
    struct slice data;
    enum journal_step step;
    entry->message = slice_make(NULL, 0);
    entry->field_count = entry->used_bytes = entry->total_bytes = 0;
    entry->left_out = 0;
    entry->is_cut = false;
    while ((step = ops->field(journal, &data, &err)) == JOURNAL_ENTRY) {
        entry->total_bytes += data.len;
        take_field(entry, data);
    }
    entry->is_cut |= step == JOURNAL_FAILED;
    if (!entry->message.ptr)
        entry->message = SLICE("");
    add_short_names(entry);
}

void journal_entry_put_path(const struct journal_entry *entry, struct buf *out)
{
    buf_puts(out, "journal:");
    buf_put(out, first_of(entry, SLICE("unit"), SLICE("identifier")));
}
