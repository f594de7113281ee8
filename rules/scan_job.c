/** Arrays that grow to what their blocks need, and stay. */
#include "rules/scan_job.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/must.h"

void scan_job_free(struct scan_job *job)
{
    free(job->bytes);
    free(job->path);
    free(job->given_up);
    hits_free(&job->hits);
    *job = (struct scan_job){ 0 };
}

static struct slice keep(char **room, size_t *capacity, struct slice bytes)
{
    if (*capacity < bytes.len) {
        free(*room);
        *room = mem_zalloc(bytes.len);
        *capacity = bytes.len;
    }
    if (bytes.len > 0)
        memcpy(*room, bytes.ptr, bytes.len);
    return slice_make(*room, bytes.len);
}

void scan_job_put(struct scan_job *job, const struct block *block, bool stays,
                  int64_t unix_ms)
{
    must(!block->is_record && block->bytes.len <= LIMIT_BLOCK_BYTES);
    job->block = *block;
    if (!stays)
        job->block.bytes = keep(&job->bytes, &job->bytes_capacity, block->bytes);
    job->block.path = keep(&job->path, &job->path_capacity, block->path);
    job->unix_ms = unix_ms;
    job->given_up_count = 0;
    job->lines = 0;
    hits_clear(&job->hits);
}

static void take_hit(void *ctx, struct rule *rule, const struct event *event)
{
    struct scan_job *job = ctx;
    hits_add(&job->hits, rule, event);
}

static bool is_full(void *ctx)
{
    const struct scan_job *job = ctx;
    return hits_are_full(&job->hits);
}

static void note_given_up(void *ctx, struct rule *rule, struct slice line)
{
    struct scan_job *job = ctx;
    for (size_t i = 0; i < job->given_up_count; i++)
        if (job->given_up[i].rule == rule)
            return;
    *mem_push(job->given_up, job->given_up_count, job->given_up_capacity) =
        (struct given_up){ rule, line };
}

void scan_job_run(struct scan_job *job, const struct matcher *matcher,
                  struct scanner *scanner)
{
    const struct look look = { job->unix_ms, take_hit, is_full, job };
    scanner->gave_up = note_given_up;
    scanner->ctx = job;
    job->lines = matcher_look(matcher, scanner, &job->block, &look, &job->end);
    scanner->gave_up = NULL;
}

bool scan_job_rest(const struct scan_job *job, struct block *rest)
{
    struct slice bytes = job->block.bytes;
    *rest = job->block;
    rest->bytes = slice_make(bytes.ptr + job->end, bytes.len - job->end);
    if (rest->offset >= 0)
        rest->offset += (int64_t)job->end;
    return rest->bytes.len > 0;
}
