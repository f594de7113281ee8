/** What an alert keeps, in as little memory as it takes. */
#include "rules/alert_state.h"

#include <stdlib.h>

#include "agent/base/must.h"
#include "rules/group.h"

/* Of LIMIT_SAMPLES: these say how it began, the others how it goes on. */
enum { FIRST_SAMPLES = 2 };

/* Lines of one alert are of about the same length, so that in memory of such steps most
 * fit where the last one was. */
enum { STEP_BYTES = 32 };

/* About as many bytes as what an alert counts has in the store. */
enum { NUMBERS_BYTES = 40 };

/** One block for texts, because most alerts have short ones and few change. First comes
 *  where each text ends, then they themselves. */
struct alert_texts {
    uint16_t ends[1]; /**< as many as there are texts */
};
_Static_assert(2 * LIMIT_SUMMARY_BYTES + LIMIT_DESCRIPTION_BYTES + LIMIT_LINKS_BYTES <=
                   UINT16_MAX,
               "the end of the last text is no larger");

static struct alert *make(struct slice key)
{
    struct alert *alert = mem_zalloc(offsetof(struct alert, key) + key.len);
    must(key.len <= LABELS_KEY_BYTES);
    alert->key_len = (uint32_t)key.len;
    memcpy(alert->key, key.ptr, key.len);
    return alert;
}

struct alert *alert_create(struct slice key, size_t labels_bytes)
{
    struct alert *alert = make(key);
    /* Of the labels about half are those of the alert before. */
    size_t weight = labels_bytes / 2;
    alert->piece.kind = PIECE_ALERT;
    alert->label_weight = (uint16_t)(weight < SHEET_BYTES ? weight : SHEET_BYTES);
    return alert;
}

struct alert *alert_rename(struct alert *alert, struct slice key)
{
    struct alert *renamed = make(key);
    uint32_t key_len = renamed->key_len;
    must(!alert->rest && alert->piece.sheet == 0 && alert->piece.place == 0);
    memcpy(renamed, alert, offsetof(struct alert, key));
    renamed->key_len = key_len;
    free(alert);
    return renamed;
}

struct brief alert_brief(const struct alert *alert)
{
    return (struct brief){ alert_key(alert),
                           alert->group ? alert->group->usual_labels : SLICE("") };
}

struct labels alert_labels(const struct alert *alert, struct arena *arena)
{
    struct brief brief = alert_brief(alert);
    struct labels labels = {
        arena_zalloc(arena, brief_count(brief) * sizeof(struct label)), 0
    };
    brief_load(brief, &labels);
    return labels;
}

/* --- texts ------------------------------------------------------------------------ */

/** Text number @which of the @count in @texts. */
static struct slice text_of(const struct alert_texts *texts, int which, int count)
{
    if (!texts)
        return SLICE("");
    size_t begin = which > 0 ? texts->ends[which - 1] : 0;
    return slice_make((const char *)(texts->ends + count) + begin,
                      texts->ends[which] - begin);
}

/** The alert's own texts in front of number @end. */
static int own_before(const struct alert *alert, int end)
{
    int count = 0;
    for (int i = 0; i < end; i++)
        count += !(alert->usual_texts >> i & 1);
    return count;
}

struct slice alert_text(const struct alert *alert, enum alert_text which)
{
    if (alert->usual_texts >> which & 1)
        return text_of(alert->group->usual, which, ALERT_TEXTS);
    return text_of(alert->texts, own_before(alert, which),
                   own_before(alert, ALERT_TEXTS));
}

static struct slice cut(struct slice text, size_t max_bytes)
{
    return slice_make(text.ptr, text.len < max_bytes ? text.len : max_bytes);
}

/** @return NULL when all are empty */
static struct alert_texts *texts_make(const struct slice *texts, int count)
{
    size_t bytes = 0, end = 0;
    for (int i = 0; i < count; i++)
        bytes += texts[i].len;
    if (bytes == 0)
        return NULL;
    struct alert_texts *own = mem_zalloc((size_t)count * sizeof *own->ends + bytes);
    char *begin = (char *)(own->ends + count);
    for (int i = 0; i < count; i++) {
        if (texts[i].len > 0)
            memcpy(begin + end, texts[i].ptr, texts[i].len);
        end += texts[i].len;
        own->ends[i] = (uint16_t)end;
    }
    return own;
}

static void keep_texts(struct alert *alert, const struct slice *texts)
{
    struct alert_group *group = alert->group;
    struct slice own[ALERT_TEXTS];
    int own_count = 0;
    unsigned usual = 0;
    if (group && !group->usual)
        group->usual = texts_make(texts, ALERT_TEXTS);
    for (int i = 0; i < ALERT_TEXTS; i++) {
        if (group && group->usual &&
            slice_equal(texts[i], text_of(group->usual, i, ALERT_TEXTS)))
            usual |= 1U << i;
        else
            own[own_count++] = texts[i];
    }
    struct alert_texts *kept = texts_make(own, own_count);
    free(alert->texts);
    alert->texts = kept;
    alert->usual_texts = (uint8_t)usual;
}

bool alert_set_texts(struct alert *alert, const struct slice texts[ALERT_TEXTS])
{
    static const size_t limits[ALERT_TEXTS] = {
        [TEXT_SUMMARY] = LIMIT_SUMMARY_BYTES,
        [TEXT_DESCRIPTION] = LIMIT_DESCRIPTION_BYTES,
        [TEXT_RUNBOOK] = LIMIT_SUMMARY_BYTES,
        [TEXT_LINKS] = LIMIT_LINKS_BYTES,
    };
    struct slice kept[ALERT_TEXTS];
    bool is_same = true;
    for (int i = 0; i < ALERT_TEXTS; i++) {
        kept[i] = cut(texts[i], limits[i]);
        is_same &= slice_equal(kept[i], alert_text(alert, (enum alert_text)i));
    }
    if (!is_same)
        keep_texts(alert, kept);
    return !is_same;
}

void alert_share_texts(struct alert *alert)
{
    struct slice texts[ALERT_TEXTS];
    must(alert->usual_texts == 0);
    for (int i = 0; i < ALERT_TEXTS; i++)
        texts[i] = alert_text(alert, (enum alert_text)i);
    keep_texts(alert, texts);
}

/* --- samples ---------------------------------------------------------------------- */

static size_t room_for(size_t bytes)
{
    return (bytes + STEP_BYTES) / STEP_BYTES * STEP_BYTES;
}

/** Memory for @bytes: @old, which was made for @old_bytes, where that is enough. What
 *  it holds may be lost. @return owned by the caller, as @old was */
static void *renew(void *old, size_t old_bytes, size_t bytes)
{
    if (old && room_for(bytes) <= room_for(old_bytes))
        return old;
    free(old);
    return mem_zalloc(room_for(bytes));
}

static void sample_free(struct sample *sample)
{
    free((char *)sample->line.ptr);
    free((char *)sample->path.ptr);
    *sample = (struct sample){ 0 };
}

static void forget_samples(struct alert *alert)
{
    for (size_t i = 0; i < alert->sample_count; i++)
        sample_free(&alert->samples[i]);
    free(mem_take(&alert->samples));
    alert->sample_count = 0;
    alert->samples_told = false;
}

/** Make *@own a copy of @text, as much of it as a sample has. */
static void own_text(struct slice *own, struct slice text)
{
    struct slice kept = cut(text, LIMIT_SAMPLE_BYTES);
    if (own->ptr && slice_equal(*own, kept))
        return;
    char *copy = renew((char *)own->ptr, own->len, kept.len);
    if (kept.len > 0)
        memcpy(copy, kept.ptr, kept.len);
    *own = slice_make(copy, kept.len);
}

/** The place of the next sample; what it held may go. */
static struct sample *next_sample(struct alert *alert)
{
    if (!alert->samples)
        alert->samples = mem_zalloc(LIMIT_SAMPLES * sizeof *alert->samples);
    if (alert->sample_count < LIMIT_SAMPLES)
        return &alert->samples[alert->sample_count++];
    struct sample *later = &alert->samples[FIRST_SAMPLES], oldest = *later;
    memmove(later, later + 1, (LIMIT_SAMPLES - FIRST_SAMPLES - 1) * sizeof *later);
    alert->samples[LIMIT_SAMPLES - 1] = oldest;
    return &alert->samples[LIMIT_SAMPLES - 1];
}

void alert_keep_sample(struct alert *alert, const struct sample *sample)
{
    if (alert->samples_told)
        forget_samples(alert);
    if (sample->line.len == 0)
        return;
    struct sample *own = next_sample(alert);
    own_text(&own->line, sample->line);
    own_text(&own->path, sample->path);
    own->offset = sample->offset;
    own->unix_ms = sample->unix_ms;
}

bool alert_wants_sample(const struct alert *alert, size_t later)
{
    return later < LIMIT_SAMPLES - FIRST_SAMPLES || alert->samples_told ||
           alert->sample_count < FIRST_SAMPLES;
}

void alert_weigh(struct alert *alert)
{
    int own_count = own_before(alert, ALERT_TEXTS);
    size_t texts = alert->texts ? alert->texts->ends[own_count - 1] : 0;
    size_t bytes = alert->label_weight + texts + NUMBERS_BYTES;
    alert->piece.weight =
        (uint16_t)(alert->samples || bytes > SHEET_BYTES ? SHEET_BYTES : bytes);
}

/* --- the whole -------------------------------------------------------------------- */

void alert_free(struct alert *alert)
{
    if (!alert)
        return;
    forget_samples(alert);
    free(alert->texts);
    free(alert->rest);
    free(alert);
}

bool alert_is_firing(const struct alert *alert, int64_t mono_ms)
{
    return mono_ms < alert->quiet_at_ms;
}
