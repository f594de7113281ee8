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

/** One block for all texts, because most alerts have short ones and few change. */
struct alert_texts {
    uint16_t ends[ALERT_TEXTS];
    char bytes[];
};
_Static_assert(2 * LIMIT_SUMMARY_BYTES + LIMIT_DESCRIPTION_BYTES + LIMIT_LINKS_BYTES <=
                   UINT16_MAX,
               "the end of the last text is no larger");

struct alert *alert_create(struct slice key)
{
    struct alert *alert = mem_zalloc(offsetof(struct alert, key) + key.len);
    must(key.len <= LABELS_KEY_BYTES);
    alert->piece.kind = PIECE_ALERT;
    alert->key_len = (uint32_t)key.len;
    memcpy(alert->key, key.ptr, key.len);
    return alert;
}

struct labels alert_labels(const struct alert *alert, struct arena *arena)
{
    struct unbuf in = { alert_key(alert), false };
    struct labels labels;
    must(labels_load(&labels, &in, arena));
    return labels;
}

/* --- texts ------------------------------------------------------------------------ */

static struct slice text_of(const struct alert_texts *texts, int which)
{
    if (!texts)
        return SLICE("");
    size_t begin = which > 0 ? texts->ends[which - 1] : 0;
    return slice_make(texts->bytes + begin, texts->ends[which] - begin);
}

static bool is_usual(const struct alert *alert, int which)
{
    return alert->usual_texts >> which & 1;
}

struct slice alert_text(const struct alert *alert, enum alert_text which)
{
    return text_of(is_usual(alert, which) ? alert->group->usual : alert->texts, which);
}

static struct slice cut(struct slice text, size_t max_bytes)
{
    return slice_make(text.ptr, text.len < max_bytes ? text.len : max_bytes);
}

/** Those of @texts that have no bit in @left_out. @return NULL when nothing is left */
static struct alert_texts *texts_make(const struct slice *texts, unsigned left_out)
{
    size_t bytes = 0, end = 0;
    for (int i = 0; i < ALERT_TEXTS; i++)
        bytes += left_out >> i & 1 ? 0 : texts[i].len;
    if (bytes == 0)
        return NULL;
    struct alert_texts *own = mem_zalloc(sizeof *own + bytes);
    for (int i = 0; i < ALERT_TEXTS; i++) {
        if (!(left_out >> i & 1) && texts[i].len > 0) {
            memcpy(own->bytes + end, texts[i].ptr, texts[i].len);
            end += texts[i].len;
        }
        own->ends[i] = (uint16_t)end;
    }
    return own;
}

static void keep_texts(struct alert *alert, const struct slice *texts)
{
    struct alert_group *group = alert->group;
    unsigned usual = 0;
    if (group && !group->usual)
        group->usual = texts_make(texts, 0);
    for (int i = 0; i < ALERT_TEXTS && group && group->usual; i++)
        usual |= (unsigned)slice_equal(texts[i], text_of(group->usual, i)) << i;
    struct alert_texts *own = texts_make(texts, usual);
    free(alert->texts);
    alert->texts = own;
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
    size_t texts = alert->texts ? alert->texts->ends[ALERT_TEXTS - 1] : 0;
    /* Of the labels about half are those of the alert before. */
    size_t bytes = alert->key_len / 2 + texts + NUMBERS_BYTES;
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
