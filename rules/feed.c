/**
 * The hits of a block on their way to the engine: the agent's own lines are left out,
 * secrets are hidden, and the rule judges what it means.
 */
#include "rules/engine_inside.h"

#include "rules/own_lines.h"
#include "rules/redact.h"
#include "rules/rule_feedback.h"
#include "rules/rule_parts.h"

/** What the hits of a block need on their way. */
struct feeding {
    struct engine *engine;
    struct now now;
};

/** Of most lines of a burst nothing is kept but their number: others of the same rule
 *  follow in the block. They are neither judged nor described.
 *  @return false when more may have to be done. */
static bool count_in_passing(struct engine *engine, const struct hit *hit,
                             bool is_suspect, struct now now)
{
    const struct rule *rule = hit->rule;
    const struct trodden *path = engine_path(engine, rule);
    if (hit->later == 0 || !rule->kind->tells_all || rule_is_crowded(rule, now) ||
        rule->memo.source != engine->hits.common.source ||
        !engine_path_leads(engine, path, &rule->memo.labels))
        return false;
    struct slice line = hit->line;
    if (is_suspect)
        line = redact_text(rules_redactor(engine->rules), line, &engine->arena);
    if (!group_count_in_passing(path->alert, line, hit->later, now))
        return false;
    tally_counted(engine, path->alert, 1);
    return true;
}

static void admit_hit(struct engine *engine, size_t index, bool is_suspect,
                      struct now now)
{
    struct sighting sighting;
    arena_clear(&engine->arena);
    if (count_in_passing(engine, &engine->hits.items[index], is_suspect, now))
        return;
    struct event safe = hits_event(&engine->hits, index);
    if (is_suspect || safe.field_count > 0)
        redact_event(rules_redactor(engine->rules), &safe, &engine->arena);
    if (!rule_judge_now(engine->hits.items[index].rule, &safe, &engine->arena,
                        &sighting))
        return;
    /* The whole line, because its hash is summed; the alert keeps no more
     * than it may. */
    sighting.sample.line = safe.line;
    sighting.is_crowded = rule_is_crowded(engine->hits.items[index].rule, now);
    engine_admit(engine, &sighting, now);
}

uint64_t engine_suspects(struct engine *engine, const struct slice *texts, size_t count)
{
    if (!engine->lines)
        engine->lines = mem_zalloc(REDACT_ROOM_BYTES);
    return redact_suspects(rules_redactor(engine->rules), texts, count, engine->lines);
}

/** Of the next hits, bit by bit: may their lines hold secrets? */
static uint64_t find_suspects(struct engine *engine, size_t first)
{
    struct slice lines[REDACT_LINES];
    size_t count = 0;
    while (count < REDACT_LINES && first + count < engine->hits.count) {
        lines[count] = engine->hits.items[first + count].line;
        count++;
    }
    return engine_suspects(engine, lines, count);
}

static void admit_hits(struct engine *engine, struct now now)
{
    uint64_t suspects = 0;
    hits_rank(&engine->hits, engine->rules);
    for (size_t i = 0; i < engine->hits.count; i++, suspects >>= 1) {
        if (i % REDACT_LINES == 0)
            suspects = find_suspects(engine, i);
        admit_hit(engine, i, suspects & 1, now);
    }
    hits_clear(&engine->hits);
}

static void take_hit(void *ctx, struct rule *rule, const struct event *event)
{
    struct feeding *feeding = ctx;
    struct engine *engine = feeding->engine;
    if (!event->source->has_fields && line_is_own(event->line)) {
        engine->tally->own_lines++;
        return;
    }
    rule_note_own_mail(engine->rules, rule, event->line);
    if (hits_are_full(&engine->hits))
        admit_hits(engine, feeding->now);
    hits_add(&engine->hits, rule, event);
}

void engine_feed(struct engine *engine, const struct block *block, struct now now)
{
    struct feeding feeding = { engine, now };
    engine->tally->bytes += block->bytes.len;
    engine->tally->lines +=
        matcher_scan(engine->matcher, block, now.unix_ms, take_hit, &feeding);
    admit_hits(engine, now);
}

struct matcher *engine_matcher(const struct engine *engine)
{
    return engine->matcher;
}

/** Too many hits for one batch: the rest is scanned here and now. */
static void take_rest(struct feeding *feeding, const struct scan_job *job)
{
    struct engine *engine = feeding->engine;
    const struct look look = { job->unix_ms, take_hit, NULL, feeding };
    struct block rest;
    size_t end;
    if (scan_job_rest(job, &rest))
        (void)matcher_look(engine->matcher, matcher_scanner(engine->matcher), &rest,
                           &look, &end);
}

void engine_take(struct engine *engine, const struct scan_job *job, struct now now)
{
    struct feeding feeding = { engine, now };
    engine->tally->bytes += job->block.bytes.len;
    engine->tally->lines += job->lines;
    for (size_t i = 0; i < job->given_up_count; i++)
        rule_note_given_up(job->given_up[i].rule, job->given_up[i].line);
    for (size_t i = 0; i < job->hits.count; i++) {
        struct event event = hits_event(&job->hits, i);
        take_hit(&feeding, job->hits.items[i].rule, &event);
    }
    take_rest(&feeding, job);
    admit_hits(engine, now);
}
