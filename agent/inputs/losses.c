/** The sentences of a report of a loss. */
#include "agent/inputs/losses.h"

#include <stdlib.h>

#include "agent/base/text.h"

/** "lost-rotated-away": the label `kind`, by which routes tell them apart. */
static void put_kind(struct buf *out, enum ledger_reason reason)
{
    buf_puts(out, "lost-");
    for (const char *at = ledger_table[reason].name; *at; at++)
        buf_putc(out, *at == '_' ? '-' : *at);
}

static void put_summary(struct buf *out, const struct loss *loss)
{
    if (loss->bytes > 0)
        buf_printf(out, "%lld bytes of ", (long long)loss->bytes);
    else
        buf_puts(out, "perhaps an unknown number of bytes of ");
    text_put_clean(out, slice_of(loss->path), false);
    buf_printf(out, " were lost: %s", ledger_table[loss->reason].what);
}

static void tell_loss(const struct loss *loss, const struct intake *intake)
{
    struct buf kind = buf_make(64), summary = buf_make(LIMIT_SUMMARY_BYTES);
    const char *remedy = ledger_table[loss->reason].remedy;
    put_kind(&kind, loss->reason);
    put_summary(&summary, loss);
    intake->report(intake->ctx, &(struct self_report){
                                    .kind = buf_slice(&kind),
                                    .object = slice_of(loss->path),
                                    .severity = SEVERITY_WARNING,
                                    .summary = buf_slice(&summary),
                                    .description = slice_of(remedy),
                                });
    buf_free(&kind);
    buf_free(&summary);
}

void losses_tell(struct tail *tail, const struct intake *intake)
{
    struct loss loss;
    while (ledgers_take_loss(&tail->files.ledgers, &loss)) {
        tell_loss(&loss, intake);
        free(loss.path);
    }
}

/* --- counting --------------------------------------------------------------------- */

static void log_loss(struct files *files, const char *path, int64_t bytes,
                     enum ledger_reason reason)
{
    const char *what = ledger_table[reason].what;
    if (bytes > 0)
        log_warning(files->log, "%lld bytes of '%s' were lost: %s", (long long)bytes,
                    path, what);
    else
        log_warning(files->log, "'%s': %s; how much was lost is not known", path, what);
}

void losses_count_unseen(struct files *files, const char *path, int64_t bytes,
                         enum ledger_reason reason)
{
    if (bytes > 0)
        files->tally->lost_bytes += (uint64_t)bytes;
    ledgers_lose(&files->ledgers, NULL, path, reason, bytes, files->now);
    log_loss(files, path, bytes, reason);
}

void losses_count(struct files *files, struct tail_file *file, int64_t bytes,
                  enum ledger_reason reason)
{
    losses_count_unseen(files, file->path, bytes, reason);
    if (bytes <= 0)
        return;
    file->ledger.lost += bytes;
    file->ledger.gone += bytes;
    file->peak_bytes -= bytes;
    file->is_dirty = true;
}
