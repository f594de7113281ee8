/** What `tocsin status` says of files: those that are followed, and patterns without
 *  any. */
#include "agent/base/text.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/tail.h"

static const char *const state_words[] = { "read", "rotated", "copy", "absent" };

static int64_t lag_of(const struct tail_file *file)
{
    return file->size_bytes > file->offset ? file->size_bytes - file->offset : 0;
}

static bool is_in_order(const struct tail_file *file)
{
    return file->state == TAIL_LIVE && file->backoff_ms == 0 && lag_of(file) == 0;
}

static void put_file(const struct tail_file *file, struct buf *out)
{
    static const char *const notes[] = { "", ", rotated", ", a copy: not read again",
                                         ", not there now" };
    buf_puts(out, "  ");
    text_put_clean(out, slice_of(file->path), false);
    if (lag_of(file) == 0)
        buf_printf(out, ": read to its end, %lld bytes", (long long)file->size_bytes);
    else
        buf_printf(out, ": %lld of %lld bytes read, %lld to go",
                   (long long)file->offset, (long long)file->size_bytes,
                   (long long)lag_of(file));
    buf_puts(out, notes[file->state]);
    buf_puts(out, file->backoff_ms > 0 ? ", CANNOT BE READ\n" : "\n");
}

static void put_json_file(const struct tail_file *file, struct buf *out)
{
    text_put_comma(out);
    buf_puts(out, "{\"path\":");
    text_put_json(out, slice_of(file->path));
    buf_puts(out, ",\"source\":");
    text_put_json(out, file->source ? file->source->name : SLICE(""));
    buf_printf(out,
               ",\"state\":\"%s\",\"offset\":%lld,\"size\":%lld,\"lag\":%lld,"
               "\"readable\":%s}",
               state_words[file->state], (long long)file->offset,
               (long long)file->size_bytes, (long long)lag_of(file),
               file->backoff_ms > 0 ? "false" : "true");
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
            put_json_file(file, out);
        else
            put_file(file, out);
    }
    if (shown < tail->files.count)
        buf_printf(out, "  %zu %sfiles: `tocsin status -v` names them\n",
                   tail->files.count - shown, shown > 0 ? "more " : "");
    put_all_missing(tail, form, out);
}
