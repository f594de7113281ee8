/** Lines, and the only ways in which one may be lost. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/hash.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { MOST_TOTALS = 2000000 };

struct generation *generation_create(void)
{
    return mem_zalloc(sizeof(struct generation));
}

void model_write(struct model *model, struct disk *disk, struct disk_file *file,
                 size_t padding, bool is_noise)
{
    static const char dots[] = "........................................"
                               "........................................";
    struct generation *generation = file->owner;
    char text[256];
    int len = snprintf(text, sizeof text, "%s %06llu %.*s\n", is_noise ? "ok" : "ERR",
                       (unsigned long long)model->written++,
                       (int)(padding % sizeof dots), dots);
    disk_append(disk, file, slice_make(text, (size_t)len));
    if (is_noise)
        return;
    must(model->count < MODEL_LINES && generation->count < MODEL_GENERATION_LINES);
    model->lines[model->count] =
        (struct model_line){ .hash = hash_bytes(slice_make(text, (size_t)len - 1)),
                             .end = file->bytes.len };
    generation->items[generation->count++] = model->count++;
}

void model_see(const struct disk *disk)
{
    for (size_t i = 0; i < disk->entry_count; i++)
        ((struct generation *)disk->entries[i].file->owner)->is_seen = true;
}

void model_settle(struct model *model, const struct disk *disk)
{
    for (size_t i = 0; i < disk->entry_count; i++) {
        struct generation *generation = disk->entries[i].file->owner;
        for (size_t k = 0; k < generation->count; k++)
            model->lines[generation->items[k]].is_safe = true;
        generation->is_known |= generation->count > 0;
    }
}

void model_lose(struct model *model, struct generation *generation, size_t from,
                const char *reason)
{
    size_t kept = 0;
    bool is_loss = false;
    for (size_t i = 0; i < generation->count; i++) {
        struct model_line *line = &model->lines[generation->items[i]];
        if (line->end <= from) {
            generation->items[kept++] = generation->items[i];
            continue;
        }
        if (line->is_safe || line->reason)
            continue;
        line->reason = reason;
        line->group = model->groups;
        is_loss = true;
    }
    generation->count = kept;
    if (is_loss)
        model->groups++;
}

void model_copied(struct model *model, struct generation *from, struct generation *to)
{
    for (size_t i = 0; i < from->count; i++)
        to->items[i] = from->items[i];
    to->count = from->count;
    to->is_known = from->is_known;
    from->count = 0;
    from->is_known = false;
    if (!to->is_known)
        model_lose(model, to, 0, "copied before anything of it was read");
}

/* --- the sum ---------------------------------------------------------------------- */

/** A loss: its lines in order; what was counted of it is a prefix. */
struct loss {
    const struct model_line *lines[MODEL_GENERATION_LINES];
    size_t count;
};

/** What some choice of prefixes adds up to. */
struct total {
    uint64_t count, sum;
};

struct totals {
    struct total *items;
    size_t count, capacity;
};

/** Each total so far, with each prefix of @loss. @return false: too many. */
static bool add_loss(struct totals *totals, const struct loss *loss)
{
    size_t before = totals->count;
    if (before * (loss->count + 1) > MOST_TOTALS)
        return false;
    for (size_t i = 0; i < before; i++) {
        struct total total = totals->items[i];
        for (size_t k = 0; k < loss->count; k++) {
            total.count++;
            total.sum += loss->lines[k]->hash;
            *(struct total *)mem_push(totals->items, totals->count, totals->capacity) =
                total;
        }
    }
    return true;
}

static int compare_totals(const void *left, const void *right)
{
    const struct total *a = left, *b = right;
    if (a->sum != b->sum)
        return a->sum < b->sum ? -1 : 1;
    return (a->count > b->count) - (a->count < b->count);
}

/** Is @wanted a total of the one half plus one of the other? */
static bool meet(struct totals halves[2], struct total wanted)
{
    qsort(halves[0].items, halves[0].count, sizeof(struct total), compare_totals);
    for (size_t i = 0; i < halves[1].count; i++) {
        const struct total rest = { wanted.count - halves[1].items[i].count,
                                    wanted.sum - halves[1].items[i].sum };
        if (bsearch(&rest, halves[0].items, halves[0].count, sizeof rest,
                    compare_totals))
            return true;
    }
    return false;
}

/** The losses; what must be counted is taken off @wanted. */
static struct loss *gather(const struct model *model, struct total *wanted)
{
    struct loss *losses = mem_zalloc(sizeof *losses * ((size_t)model->groups + 1));
    for (size_t i = 0; i < model->count; i++) {
        const struct model_line *line = &model->lines[i];
        if (line->reason) {
            struct loss *loss = &losses[line->group];
            loss->lines[loss->count++] = line;
            continue;
        }
        wanted->count--;
        wanted->sum -= line->hash;
    }
    return losses;
}

enum model_answer model_explains(const struct model *model, uint64_t count,
                                 uint64_t sum, struct buf *why)
{
    struct totals halves[2] = { 0 };
    struct total wanted = { count, sum };
    struct loss *losses = gather(model, &wanted);
    bool is_decided = true;
    for (int i = 0; i < 2; i++)
        (void)mem_push(halves[i].items, halves[i].count, halves[i].capacity);
    for (int i = 0; i < model->groups; i++) {
        struct totals *half = &halves[halves[0].count > halves[1].count];
        is_decided = is_decided && add_loss(half, &losses[i]);
    }
    bool ok = is_decided && meet(halves, wanted);
    if (!ok)
        buf_printf(why,
                   "%llu lines were counted: %+lld to those that must be, and no "
                   "choice of the %d possible losses explains their sum",
                   (unsigned long long)count, (long long)wanted.count, model->groups);
    free(halves[0].items);
    free(halves[1].items);
    free(losses);
    if (!is_decided)
        return MODEL_UNDECIDED;
    return ok ? MODEL_EXPLAINED : MODEL_CONTRADICTED;
}
