/** Lines, and the only ways in which one may be lost. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { MOST_TOTALS = 2000000, MOST_TOTALS_NOW = 20000 };

struct generation *generation_create(void)
{
    return mem_zalloc(sizeof(struct generation));
}

/* --- writing ---------------------------------------------------------------------- */

static int compose(struct model *model, char text[MODEL_LINE_BYTES], const char *word,
                   size_t padding)
{
    static const char dots[] = "........................................"
                               "........................................";
    char form[CANARY_FORM_BYTES];
    uint64_t number = model->written++;
    return snprintf(text, MODEL_LINE_BYTES, "%s %06llu %s%.*s", word,
                    (unsigned long long)number,
                    canary_form(model->canary, number, form),
                    (int)(padding % sizeof dots), dots);
}

static void append(struct model *model, struct disk_file *file, struct slice bytes)
{
    struct generation *generation = file->owner;
    disk_append(model->disk, file, bytes);
    model->bytes += bytes.len;
    generation->end = file->bytes.len;
    if (generation->lost) {
        model->doubtful_bytes += bytes.len;
        generation->safe_end = generation->end;
    }
}

static size_t put_line(struct model *model, struct slice text, size_t end)
{
    must(model->count < MODEL_LINES);
    model->lines[model->count] =
        (struct model_line){ .hash = canary_hash(model->canary, text), .end = end };
    return model->count++;
}

static void put_in(struct model *model, struct generation *generation,
                   struct slice text, size_t end)
{
    size_t place = put_line(model, text, end);
    model->lines[place].reason = generation->lost;
    model->lines[place].group = generation->lost_group;
    if (generation->lost)
        return;
    must(generation->count < MODEL_GENERATION_LINES);
    generation->items[generation->count++] = place;
}

void model_finish(struct model *model, struct disk_file *file)
{
    struct generation *generation = file->owner;
    if (generation->half_len == 0)
        return;
    append(model, file, SLICE(" end\n"));
    int len = snprintf(generation->half + generation->half_len,
                       MODEL_LINE_BYTES - generation->half_len, " end");
    put_in(model, generation,
           slice_make(generation->half, generation->half_len + (size_t)len),
           file->bytes.len);
    generation->half_len = 0;
}

void model_write(struct model *model, struct disk_file *file, size_t padding,
                 bool is_noise)
{
    char text[MODEL_LINE_BYTES];
    model_finish(model, file);
    int len = compose(model, text, is_noise ? "ok" : "ERR", padding);
    text[len] = '\n';
    append(model, file, slice_make(text, (size_t)len + 1));
    if (!is_noise)
        put_in(model, file->owner, slice_make(text, (size_t)len), file->bytes.len);
}

void model_write_half(struct model *model, struct disk_file *file, size_t padding)
{
    struct generation *generation = file->owner;
    if (generation->half_len > 0)
        return;
    generation->half_len = (size_t)compose(model, generation->half, "ERR", padding);
    append(model, file, slice_make(generation->half, generation->half_len));
}

void model_seal(struct model *model, struct generation *generation, size_t end,
                const char *reason)
{
    if (generation->half_len == 0)
        return;
    struct slice text = slice_make(generation->half, generation->half_len);
    generation->half_len = 0;
    generation->is_sealed = true;
    model->doubtful_bytes += reason ? text.len : 0;
    if (!reason || generation->lost) {
        put_in(model, generation, text, end);
        return;
    }
    struct model_line *line = &model->lines[put_line(model, text, end)];
    line->reason = reason;
    line->group = model->groups++;
}

/* --- what becomes of it ----------------------------------------------------------- */

/** Does the agent come across the file of this entry by itself, soon? A rotated file
 *  that it never saw at the log's path is looked for when the next log is found there;
 *  while there is none, the agent waits for an hour. */
static bool is_found(const struct model *model, size_t entry)
{
    char base[DISK_NAME_BYTES];
    const struct disk *disk = model->disk;
    const char *name = disk->entries[entry].name;
    const struct generation *generation = disk->entries[entry].file->owner;
    size_t len = strcspn(name, "."), end = len + strlen(".log");
    must(end <= strlen(name));
    memcpy(base, name, end);
    base[end] = '\0';
    return generation->is_seen || model->is_pattern || disk_find(disk, base);
}

void model_see(const struct model *model)
{
    const struct disk *disk = model->disk;
    for (size_t i = 0; i < disk->entry_count; i++) {
        struct generation *generation = disk->entries[i].file->owner;
        generation->is_seen = is_found(model, i);
    }
}

void model_settle(struct model *model)
{
    const struct disk *disk = model->disk;
    for (size_t i = 0; i < disk->entry_count; i++) {
        struct generation *generation = disk->entries[i].file->owner;
        if (!is_found(model, i))
            continue;
        for (size_t k = 0; k < generation->count; k++)
            model->lines[generation->items[k]].is_safe = true;
        generation->is_known |= generation->count > 0;
        generation->safe_end = generation->end - generation->half_len;
    }
}

/** The bytes from @from on leave the generation. */
static void cut_bytes(struct model *model, struct generation *generation, size_t from)
{
    size_t safe_end = generation->safe_end > from ? generation->safe_end : from;
    if (generation->end > safe_end)
        model->doubtful_bytes += generation->end - safe_end;
    generation->end = generation->end < from ? generation->end : from;
    generation->safe_end = generation->safe_end < from ? generation->safe_end : from;
}

void model_lose(struct model *model, struct generation *generation, size_t from,
                const char *reason)
{
    size_t kept = 0;
    bool is_loss = false;
    cut_bytes(model, generation, from);
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
    to->end = from->end;
    to->safe_end = from->safe_end;
    from->count = from->end = from->safe_end = 0;
    from->is_known = false;
    if (!to->is_known)
        model_lose(model, to, 0, "copied before anything of it was read");
}

/* --- alerts ----------------------------------------------------------------------- */

size_t model_post(struct model *model, uint64_t fingerprint)
{
    must(model->count < MODEL_LINES);
    model->lines[model->count] = (struct model_line){ .hash = fingerprint,
                                                      .reason = "nobody said 200",
                                                      .group = model->groups++ };
    return model->count++;
}

void model_acknowledge(struct model *model, size_t place)
{
    model->lines[place].reason = NULL;
    model->lines[place].is_safe = true;
}

/* --- the sum ---------------------------------------------------------------------- */

/** Losses: of each its lines, in order; what was counted of it is a prefix. */
struct losses {
    const struct model_line **lines; /**< of all, loss after loss */
    size_t *ends;                    /**< behind the last line of each */
    size_t count;
};

struct totals {
    struct model_total *items;
    size_t count, capacity;
};

static size_t begin_of(const struct losses *losses, size_t i)
{
    return i == 0 ? 0 : losses->ends[i - 1];
}

/** Each total so far, with each prefix of loss @i. @return false: too many. */
static bool add_loss(struct totals *totals, const struct losses *losses, size_t i,
                     size_t most)
{
    size_t before = totals->count, begin = begin_of(losses, i);
    if (before * (losses->ends[i] - begin + 1) > most)
        return false;
    for (size_t k = 0; k < before; k++) {
        struct model_total total = totals->items[k];
        for (size_t j = begin; j < losses->ends[i]; j++) {
            total.count++;
            total.sum += losses->lines[j]->hash;
            *(struct model_total *)mem_push(totals->items, totals->count,
                                            totals->capacity) = total;
        }
    }
    return true;
}

static int compare_totals(const void *left, const void *right)
{
    const struct model_total *a = left, *b = right;
    if (a->sum != b->sum)
        return a->sum < b->sum ? -1 : 1;
    return (a->count > b->count) - (a->count < b->count);
}

/** Is @wanted a total of the one half plus one of the other? */
static bool meet(struct totals halves[2], struct model_total wanted)
{
    qsort(halves[0].items, halves[0].count, sizeof(struct model_total), compare_totals);
    for (size_t i = 0; i < halves[1].count; i++) {
        const struct model_total rest = { wanted.count - halves[1].items[i].count,
                                          wanted.sum - halves[1].items[i].sum };
        if (bsearch(&rest, halves[0].items, halves[0].count, sizeof rest,
                    compare_totals))
            return true;
    }
    return false;
}

/** The loss that each line belongs to: -1, none, it MUST be counted. */
static int *sort_lines(const struct model *model, bool is_end, int *count)
{
    int *groups = mem_zalloc((model->count + 1) * sizeof *groups);
    *count = model->groups;
    for (size_t i = 0; i < model->count; i++)
        groups[i] = model->lines[i].reason ? model->lines[i].group : -1;
    for (size_t i = 0; !is_end && i < model->disk->entry_count; i++) {
        const struct generation *generation = model->disk->entries[i].file->owner;
        for (size_t k = 0; k < generation->count; k++) {
            if (!model->lines[generation->items[k]].is_safe)
                groups[generation->items[k]] = *count;
        }
        ++*count;
    }
    return groups;
}

/** The losses; what must be counted is taken off @wanted. */
static struct losses gather(const struct model *model, bool is_end,
                            struct model_total *wanted)
{
    int count;
    int *groups = sort_lines(model, is_end, &count);
    struct losses losses = {
        .lines = mem_zalloc((model->count + 1) * sizeof *losses.lines),
        .ends = mem_zalloc(((size_t)count + 1) * sizeof *losses.ends),
        .count = (size_t)count,
    };
    for (size_t i = 0; i < model->count; i++) {
        if (groups[i] >= 0) {
            losses.ends[groups[i]]++;
            continue;
        }
        wanted->count--;
        wanted->sum -= model->lines[i].hash;
    }
    /* Ends become begins, and ends again as the lines come in. */
    for (size_t i = 0, sum = 0; i < losses.count; i++) {
        size_t lines = losses.ends[i];
        losses.ends[i] = sum;
        sum += lines;
    }
    for (size_t i = 0; i < model->count; i++) {
        if (groups[i] >= 0)
            losses.lines[losses.ends[groups[i]]++] = &model->lines[i];
    }
    free(groups);
    return losses;
}

static enum model_answer explain(const struct model *model, struct model_total total,
                                 bool is_end, struct buf *why)
{
    struct totals halves[2] = { 0 };
    struct model_total wanted = total;
    struct losses losses = gather(model, is_end, &wanted);
    bool is_decided = true;
    for (int i = 0; i < 2; i++)
        (void)mem_push(halves[i].items, halves[i].count, halves[i].capacity);
    for (size_t i = 0; i < losses.count; i++) {
        struct totals *half = &halves[halves[0].count > halves[1].count];
        is_decided = is_decided &&
                     add_loss(half, &losses, i, is_end ? MOST_TOTALS : MOST_TOTALS_NOW);
    }
    bool ok = is_decided && meet(halves, wanted);
    if (!ok)
        buf_printf(why,
                   "%llu lines were counted: %+lld to those that must be, and no "
                   "choice of the %zu possible losses explains their sum",
                   (unsigned long long)total.count, (long long)wanted.count,
                   losses.count);
    free(halves[0].items);
    free(halves[1].items);
    free(losses.lines);
    free(losses.ends);
    if (!is_decided)
        return MODEL_UNDECIDED;
    return ok ? MODEL_EXPLAINED : MODEL_CONTRADICTED;
}

enum model_answer model_explains(const struct model *model, struct model_total total,
                                 struct buf *why)
{
    return explain(model, total, true, why);
}

enum model_answer model_explains_now(const struct model *model,
                                     struct model_total total, struct buf *why)
{
    return explain(model, total, false, why);
}
