/** Forms of secrets, and one search that is made over everything that leaves. */
#include "canary.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "rules/redact_secrets.h"
#include "sim.h"

enum { ONE_LINE_IN = 6, ASK_ONCE_IN = 3, CONTEXT_BYTES = 40, ANSWER_BYTES = 1 << 20 };

/* A byte that is rare in stores and mails: most of the search is memchr(3). */
#define FIRST_BYTE '~'

static const struct {
    const char *before, *behind;
} forms[] = {
    { "password=", " " },
    { "Authorization: Bearer ", " " },
    { "https://ops:", "@db1.example.com/x " },
    { "{\"user\":\"ops\",\"api_key\":\"", "\"} " },
};

/* --- the secret ------------------------------------------------------------------- */

static void write_password(struct canary *canary)
{
    size_t len = strlen(canary->secret);
    snprintf(canary->password_path, sizeof canary->password_path,
             "/tmp/tocsin-sim-%ld.secret", (long)getpid());
    int fd = open(canary->password_path,
                  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    must(fd >= 0);
    must(write(fd, canary->secret, len) == (ssize_t)len);
    close(fd);
}

void canary_init(struct canary *canary, uint64_t seed)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct rng rng;
    rng_seed(&rng, seed ^ UINT64_C(0xca4a27));
    *canary = (struct canary){ .is_there = true, .unit = { FIRST_BYTE } };
    for (size_t i = 1; i < CANARY_UNIT_BYTES; i++)
        canary->unit[i] = letters[rng_next(&rng) % (sizeof letters - 1)];
    for (size_t i = 0; i < CANARY_UNITS; i++)
        memcpy(canary->secret + i * CANARY_UNIT_BYTES, canary->unit, CANARY_UNIT_BYTES);
    write_password(canary);
}

void canary_end(struct canary *canary)
{
    if (canary->is_there)
        (void)unlink(canary->password_path);
}

const char *canary_form(const struct canary *canary, uint64_t number,
                        char out[CANARY_FORM_BYTES])
{
    uint64_t choice = number / ONE_LINE_IN % (sizeof forms / sizeof *forms);
    out[0] = '\0';
    if (canary->is_there && number % ONE_LINE_IN == 0) {
        int len = snprintf(out, CANARY_FORM_BYTES, "%s%s%s", forms[choice].before,
                           canary->secret, forms[choice].behind);
        must(len < CANARY_FORM_BYTES);
    }
    return out;
}

uint64_t canary_hash(const struct canary *canary, struct slice text)
{
    char safe[MODEL_LINE_BYTES];
    struct slice secret = slice_of(canary->secret);
    size_t at = canary->is_there ? slice_find(text, secret) : SIZE_MAX;
    if (at == SIZE_MAX)
        return hash_bytes(text);
    size_t end = at + secret.len;
    int len = snprintf(safe, sizeof safe, "%.*s" REDACTED "%.*s", (int)at, text.ptr,
                       (int)(text.len - end), text.ptr + end);
    return hash_bytes(slice_make(safe, (size_t)len));
}

/* --- the search ------------------------------------------------------------------- */

/** Where a unit begins; SIZE_MAX: there is none. */
static size_t find_unit(const struct canary *canary, struct slice bytes)
{
    const char *at = bytes.ptr, *end = bytes.ptr + bytes.len;
    while (at < end && (at = memchr(at, FIRST_BYTE, (size_t)(end - at)))) {
        if ((size_t)(end - at) >= CANARY_UNIT_BYTES &&
            memcmp(at, canary->unit, CANARY_UNIT_BYTES) == 0)
            return (size_t)(at - bytes.ptr);
        at++;
    }
    return SIZE_MAX;
}

void canary_look(struct sim *sim, const char *where, struct slice bytes)
{
    char around[CONTEXT_BYTES + 1] = "";
    size_t at = sim->canary.is_there ? find_unit(&sim->canary, bytes) : SIZE_MAX;
    if (at == SIZE_MAX)
        return;
    size_t begin = at > CONTEXT_BYTES / 2 ? at - CONTEXT_BYTES / 2 : 0;
    for (size_t i = 0; i < CONTEXT_BYTES && begin + i < bytes.len; i++) {
        char c = bytes.ptr[begin + i];
        around[i] = isprint((unsigned char)c) ? c : '.';
    }
    sim_fail(sim, "a secret is in %s: '%s'", where, around);
}

static void look_at_write(void *ctx, const void *bytes, size_t len)
{
    canary_look(ctx, "the store", slice_make(bytes, len));
}

void canary_watch_store(struct sim *sim)
{
    if (sim->canary.is_there)
        power_on_write(sim->power, look_at_write, sim);
}

void canary_ask(struct sim *sim)
{
    /* Most often nothing is asked: answers take more time than all the looking. */
    static const char *const requests[] = { "status", "json status", "queue list",
                                            "json queue list" };
    size_t count = sizeof requests / sizeof *requests;
    size_t turn = sim->starts % (ASK_ONCE_IN * count);
    struct err err = { 0 };
    if (!sim->canary.is_there || turn >= count)
        return;
    struct buf answer = buf_make(ANSWER_BYTES);
    if (app_answer(sim->app, slice_of(requests[turn]), &answer, &err))
        canary_look(sim, "an answer", buf_slice(&answer));
    else
        canary_look(sim, "a refusal", slice_of(err.text));
    buf_free(&answer);
}
