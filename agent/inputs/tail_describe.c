/** What `tocsin status` says of files: those that are followed, patterns without any,
 *  and what became of all bytes. */
#include "agent/base/text.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/tail.h"

static const char *const state_words[] = { "read", "rotated", "copy", "absent",
                                           "gone" };

static int64_t lag_of(const struct tail_file *file)
{
    bool is_waiting = file->state != TAIL_COPY && file->size_bytes > file->offset;
    return is_waiting ? file->size_bytes - file->offset : 0;
}

/** What was lost under its path since the first start ever. */
static void put_loss(const struct tail *tail, const struct tail_file *file,
                     struct buf *out)
{
    int64_t unknown, bytes = ledgers_lost(&tail->files.ledgers, file->path, &unknown);
    if (bytes > 0)
        buf_printf(out, ", %lld LOST", (long long)bytes);
    if (unknown > 0)
        buf_puts(out, bytes > 0 ? " AND MORE" : ", SOME LOST");
}

static bool is_in_order(const struct tail_file *file)
{
    return file->state == TAIL_LIVE && file->backoff_ms == 0 && lag_of(file) == 0;
}

static void put_file(const struct tail *tail, const struct tail_file *file,
                     struct buf *out)
{
    static const char *const notes[] = { "", ", rotated", ", a copy: not read again",
                                         ", not there now", "" };
    buf_puts(out, "  ");
    text_put_clean(out, slice_of(file->path), false);
    if (lag_of(file) == 0)
        buf_printf(out, ": read to its end, %lld bytes", (long long)file->size_bytes);
    else
        buf_printf(out, ": %lld of %lld bytes read, %lld to go",
                   (long long)file->offset, (long long)file->size_bytes,
                   (long long)lag_of(file));
    buf_puts(out, notes[file->state]);
    put_loss(tail, file, out);
    buf_puts(out, file->backoff_ms > 0 ? ", CANNOT BE READ\n" : "\n");
}

static void put_json_file(const struct tail *tail, const struct tail_file *file,
                          struct buf *out)
{
    const struct ledger *ledger = &file->ledger;
    int64_t unknown, lost = ledgers_lost(&tail->files.ledgers, file->path, &unknown);
    text_put_comma(out);
    buf_puts(out, "{\"path\":");
    text_put_json(out, slice_of(file->path));
    buf_puts(out, ",\"source\":");
    text_put_json(out, file->source ? file->source->name : SLICE(""));
    buf_printf(out,
               ",\"state\":\"%s\",\"offset\":%lld,\"size\":%lld,\"lag\":%lld,"
               "\"readable\":%s",
               state_words[file->state], (long long)file->offset,
               (long long)file->size_bytes, (long long)lag_of(file),
               file->backoff_ms > 0 ? "false" : "true");
    buf_printf(out, ",\"lost\":%lld,\"lost_unknown\":%lld", (long long)lost,
               (long long)unknown);
    buf_printf(out,
               ",\"generation\":{\"appeared\":%lld,\"read\":%lld,"
               "\"skipped\":%lld,\"lost\":%lld,\"waiting\":%lld}}",
               (long long)(ledger->gone + tail_file_settled(file) +
                           tail_file_waiting(file)),
               (long long)ledger->read, (long long)ledger->skipped,
               (long long)ledger->lost, (long long)tail_file_waiting(file));
}

static bool is_followed(const struct tail *tail, struct slice pattern)
{
    for (size_t i = 0; i < tail->files.count; i++) {
        if (glob_match(pattern, slice_of(tail->files.items[i]->path)))
            return true;
    }
    return false;
}

static void put_missing(struct slice source, struct slice pattern, struct buf *out)
{
    buf_puts(out, "  ");
    text_put_clean(out, pattern, false);
    buf_puts(out, glob_has_wildcard(pattern) ? ": no file matches (source '"
                                             : ": NO SUCH FILE (source '");
    text_put_clean(out, source, false);
    buf_puts(out, "')\n");
}

static void put_json_missing(struct slice source, struct slice pattern, struct buf *out)
{
    text_put_comma(out);
    buf_puts(out, "{\"pattern\":");
    text_put_json(out, pattern);
    buf_puts(out, ",\"source\":");
    text_put_json(out, source);
    buf_puts(out, ",\"state\":\"missing\"}");
}

/** Patterns that no followed file matches. */
static void put_all_missing(const struct tail *tail, enum text_form form,
                            struct buf *out)
{
    for (size_t i = 0; i < tail->source_count; i++) {
        const struct conf_texts *files = &tail->sources[i].config->files;
        struct slice source = tail->sources[i].source->name;
        for (size_t k = 0; k < files->count; k++) {
            if (is_followed(tail, files->items[k].value))
                continue;
            if (form == FORM_JSON)
                put_json_missing(source, files->items[k].value, out);
            else
                put_missing(source, files->items[k].value, out);
        }
    }
}

void tail_describe(const void *self, enum text_form form, struct buf *out)
{
    const struct tail *tail = self;
    bool is_brief = form == FORM_BRIEF && tail->files.count > LIMIT_STATUS_ROWS;
    size_t shown = 0;
    for (size_t i = 0; i < tail->files.count; i++) {
        const struct tail_file *file = tail->files.items[i];
        if (is_brief && (is_in_order(file) || shown == LIMIT_STATUS_ROWS))
            continue;
        shown++;
        if (form == FORM_JSON)
            put_json_file(tail, file, out);
        else
            put_file(tail, file, out);
    }
    if (shown < tail->files.count)
        buf_printf(out, "  %zu %sfiles: `tocsin status -v` names them\n",
                   tail->files.count - shown, shown > 0 ? "more " : "");
    put_all_missing(tail, form, out);
}

void tail_describe_sums(const void *self, enum text_form form, struct buf *out)
{
    const struct tail *tail = self;
    int64_t waiting = 0;
    for (size_t i = 0; i < tail->files.count; i++) {
        const struct tail_file *file = tail->files.items[i];
        waiting += file->state == TAIL_COPY ? 0 : tail_file_waiting(file);
    }
    ledgers_describe(&tail->files.ledgers, waiting, form, out);
}
