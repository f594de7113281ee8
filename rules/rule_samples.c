/** Samples are lines like any other; only their tries and hits are taken back. */
#include "agent/base/limits.h"
#include "rules/rule_parts.h"

/* Whom to tell of each line. */
struct reporter {
    void (*report)(void *ctx, const struct rule *rule, struct slice line, bool wanted,
                   bool passed);
    void *ctx;
    struct scanner *scanner;
    size_t failures;
};

static const struct source *first_source(const struct rule *rule)
{
    for (size_t i = 0; i < rule->setting->source_count; i++)
        if (rule->reads[i])
            return &rule->setting->sources[i];
    return NULL;
}

/* A sample in a YAML block ends with the block's line feed. */
static struct slice sample_line(struct slice text)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    return text;
}

static void run_lines(struct rule *rule, const struct conf_texts *lines, bool wanted,
                      struct reporter *reporter)
{
    static const struct source no_source = { 0 };
    const struct source *source = first_source(rule);
    for (size_t i = 0; i < lines->count; i++) {
        struct event event = { .source = source ? source : &no_source,
                               .path = SLICE("<sample>"),
                               .offset = -1,
                               .line = sample_line(lines->items[i].value) };
        bool passed = rule_matches(rule, reporter->scanner, &event) == wanted;
        reporter->failures += !passed;
        reporter->report(reporter->ctx, rule, event.line, wanted, passed);
    }
}

size_t rules_run_samples(struct rules *rules,
                         void (*report)(void *ctx, const struct rule *rule,
                                        struct slice line, bool wanted, bool passed),
                         void *ctx)
{
    struct scanner *scanner = scanner_create(rules);
    struct reporter reporter = { report, ctx, scanner, 0 };
    for (size_t i = 0; i < rules->count; i++) {
        struct rule *rule = &rules->items[i];
        const struct sample_config *samples = rule->config->samples;
        uint64_t tries = rule->cost.tries, hits = rule->cost.hits;
        if (!samples)
            continue;
        run_lines(rule, &samples->match, true, &reporter);
        run_lines(rule, &samples->no_match, false, &reporter);
        rule->cost.tries = tries;
        rule->cost.hits = hits;
    }
    scanner_free(scanner);
    return reporter.failures;
}
