/** What an alert keeps, in as little memory as it takes. */
#include "rules/alert_state.h"

#include <stdlib.h>

#include "agent/base/must.h"

/* Of LIMIT_SAMPLES: these say how it began, the others how it goes on. */
enum { FIRST_SAMPLES = 2 };

/* Texts of one alert are of about the same length, so that in memory of such steps most
 * fit where the last one was. */
enum { STEP_BYTES = 32 };

/* About as many bytes as what an alert counts has in the store. */
enum { NUMBERS_BYTES = 40 };

/** One block for all texts, because most alerts have short ones and few change. */
struct alert_texts {
    uint32_t ends[ALERT_TEXTS];
    char bytes[];
};

struct alert *alert_create(struct slice key)
{
    struct alert *alert = mem_zalloc(sizeof *alert + key.len);
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

struct slice alert_text(const struct alert *alert, enum alert_text which)
{
    const struct alert_texts *texts = alert->texts;
    if (!texts)
        return SLICE("");
    uint32_t begin = which > 0 ? texts->ends[which - 1] : 0;
    return slice_make(texts->bytes + begin, texts->ends[which] - begin);
}

static struct slice cut(struct slice text, size_t max_bytes)
{
    return slice_make(text.ptr, text.len < max_bytes ? text.len : max_bytes);
}

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

bool alert_set_texts(struct alert *alert, const struct slice texts[ALERT_TEXTS])
{
    static const size_t limits[ALERT_TEXTS] = {
        [TEXT_SUMMARY] = LIMIT_SUMMARY_BYTES,
        [TEXT_DESCRIPTION] = LIMIT_DESCRIPTION_BYTES,
        [TEXT_RUNBOOK] = LIMIT_SUMMARY_BYTES,
        [TEXT_LINKS] = LIMIT_LINKS_BYTES,
    };
    bool is_same = true;
    size_t bytes = 0;
    for (int i = 0; i < ALERT_TEXTS; i++) {
        struct slice text = cut(texts[i], limits[i]);
        is_same &= slice_equal(text, alert_text(alert, (enum alert_text)i));
        bytes += text.len;
    }
    if (is_same)
        return false;
    size_t old_bytes = alert->texts ? alert->texts->ends[ALERT_TEXTS - 1] : 0;
    struct alert_texts *own =
        renew(alert->texts, sizeof *own + old_bytes, sizeof *own + bytes);
    uint32_t end = 0;
    for (int i = 0; i < ALERT_TEXTS; i++) {
        struct slice text = cut(texts[i], limits[i]);
        if (text.len > 0)
            memcpy(own->bytes + end, text.ptr, text.len);
        end += (uint32_t)text.len;
        own->ends[i] = end;
    }
    alert->texts = own;
    return true;
}

/* --- samples ---------------------------------------------------------------------- */

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
    size_t bytes = alert->key_len + texts + NUMBERS_BYTES;
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
