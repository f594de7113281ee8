/** What an alert keeps, in as little memory as it takes. */
#include "rules/alert_state.h"

#include <stdlib.h>

#include "agent/base/must.h"

/* Of LIMIT_SAMPLES: these say how it began, the others how it goes on. */
enum { FIRST_SAMPLES = 2 };

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
    struct alert_texts *own = mem_zalloc(sizeof *own + bytes);
    uint32_t end = 0;
    for (int i = 0; i < ALERT_TEXTS; i++) {
        struct slice text = cut(texts[i], limits[i]);
        if (text.len > 0)
            memcpy(own->bytes + end, text.ptr, text.len);
        end += (uint32_t)text.len;
        own->ends[i] = end;
    }
    free(alert->texts);
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

static struct slice own(struct slice text)
{
    struct slice kept = cut(text, LIMIT_SAMPLE_BYTES);
    return slice_make(mem_copy(kept), kept.len);
}

void alert_keep_sample(struct alert *alert, const struct sample *sample)
{
    if (alert->samples_told)
        forget_samples(alert);
    if (sample->line.len == 0)
        return;
    if (!alert->samples)
        alert->samples = mem_zalloc(LIMIT_SAMPLES * sizeof *alert->samples);
    if (alert->sample_count == LIMIT_SAMPLES) {
        struct sample *later = &alert->samples[FIRST_SAMPLES];
        sample_free(later);
        memmove(later, later + 1, (LIMIT_SAMPLES - FIRST_SAMPLES - 1) * sizeof *later);
        alert->sample_count--;
    }
    alert->samples[alert->sample_count++] =
        (struct sample){ own(sample->line), own(sample->path), sample->offset,
                         sample->unix_ms };
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
