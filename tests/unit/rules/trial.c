/** The truth is a list of pairs in order, which the matcher must go through. */
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>

#include "patterns.h"
#include "rules/matcher.h"
#include "rules/regex.h"
#include "rules/rule_literals.h"

struct trial {
    const struct corpus *corpus;
    struct trial_sum *sum;
    struct rng rng;
    struct arena arena;
    struct complaints complaints;
    struct rule_config *configs;
    struct regex **regexes;
    struct literals *literals;
    size_t rule_count;
    struct buf text; /**< the lines, each with its '\n', behind @begin */
    size_t *begins;  /**< of the lines; one more for the end */
    size_t line_count;
    uint32_t *truth; /**< found pairs in order: line * rules + rule */
    size_t truth_count, seen_count;
    size_t first_line; /**< of the block at hand */
    bool has_failed;
};

static void trial_fail(struct trial *trial, const char *what, size_t rule, size_t line)
{
    struct slice pattern = trial->configs[rule].match.items[0].value;
    trial->has_failed = true;
    snprintf(trial->sum->failure, sizeof trial->sum->failure,
             "%s\n  pattern: %.*s\n  line:    %.*s", what, (int)pattern.len,
             pattern.ptr, (int)(trial->begins[line + 1] - trial->begins[line] - 1),
             trial->text.ptr + trial->begins[line]);
}

/* --- patterns --------------------------------------------------------------------- */

static const char fuzz_syntax[] = "abAB01 .*+?|()[]{}^$\\-:#=!<>iQE,xse\t";

static struct slice trial_pattern(struct trial *trial)
{
    struct rng *rng = &trial->rng;
    struct buf out = buf_make(1000);
    const struct corpus *corpus = trial->corpus;
    if (corpus->pattern_count > 0 && roll(rng, 3) == 0)
        buf_put(&out, corpus->patterns[roll(rng, corpus->pattern_count)]);
    else
        put_pattern(rng, &out);
    if (roll(rng, 5) == 0 && out.len > 0)
        mutate(rng, &out, fuzz_syntax);
    struct slice pattern = arena_slice(&trial->arena, buf_slice(&out));
    buf_free(&out);
    return pattern;
}

/** @pattern: in the trial's arena */
static void trial_add_rule(struct trial *trial, struct slice pattern)
{
    struct complaints complaints = { .arena = &trial->arena };
    struct regex *regex = regex_compile_part(pattern, NULL, 0, false, &complaints);
    complaints_free(&complaints);
    if (!regex) {
        trial->sum->refused++;
        return;
    }
    size_t index = trial->rule_count++;
    struct conf_text *text = arena_zalloc(&trial->arena, sizeof *text);
    text->value = pattern;
    trial->regexes[index] = regex;
    trial->configs[index] =
        (struct rule_config){ .name.value =
                                  slice_of(arena_printf(&trial->arena, "r%zu", index)),
                              .match = { text, 1 },
                              .severity.value = SLICE("info"),
                              .resolve_after.value = SLICE("15m") };
    trial->sum->patterns++;
    trial->sum->with_literal +=
        literals_of_pattern(pattern, NULL, &trial->arena, &trial->literals[index]);
}

/* --- lines ------------------------------------------------------------------------ */

static void trial_put_line(struct trial *trial, struct slice line)
{
    buf_put(&trial->text, line);
    buf_putc(&trial->text, '\n');
    trial->begins[++trial->line_count] = trial->text.len;
}

static void trial_add_line(struct trial *trial)
{
    struct rng *rng = &trial->rng;
    const struct corpus *corpus = trial->corpus;
    struct buf line = buf_make(4000);
    size_t die = roll(rng, 8);
    struct slice real = corpus->line_count > 0
                            ? corpus->lines[roll(rng, corpus->line_count)]
                            : SLICE("Jan  1 00:00:00 host kernel: x");
    size_t cut = real.len ? roll(rng, real.len) : 0;
    if (die == 0)
        buf_put(&line, real);
    else if (die < 4)
        buf_put(&line, slice_make(real.ptr, cut));
    for (size_t i = roll(rng, 3) + 1; die > 0 && i > 0; i--)
        put_sample(rng, &line,
                   trial->configs[roll(rng, trial->rule_count)].match.items[0].value);
    if (die == 2 || die == 3)
        buf_put(&line, slice_make(real.ptr + cut, real.len - cut));
    mutate(rng, &line, roll(rng, 2) ? "ab \r\xe9" : "\x01xE]:");
    if (die % 2 && line.len > 0)
        line.ptr[roll(rng, line.len)] = (char)roll(rng, 256);
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] == '\n')
            line.ptr[i] = ' ';
    trial_put_line(trial, buf_slice(&line));
    buf_free(&line);
}

static struct slice trial_line(const struct trial *trial, size_t index)
{
    size_t begin = trial->begins[index], end = trial->begins[index + 1] - 1;
    if (end > begin && trial->text.ptr[end - 1] == '\r')
        end--;
    return slice_make(trial->text.ptr + begin, end - begin);
}

/* --- the truth -------------------------------------------------------------------- */

static void trial_ask(struct trial *trial, size_t line, size_t rule)
{
    struct slice text = trial_line(trial, line);
    if (regex_match(trial->regexes[rule], text, NULL, NULL) != REGEX_YES)
        return;
    trial->truth[trial->truth_count++] = (uint32_t)(line * trial->rule_count + rule);
    const struct literals *literals = &trial->literals[rule];
    if (literals->count > 0 && !literals_stand_in(literals, text))
        trial_fail(trial, "a line matches without its literals", rule, line);
}

static void trial_ask_all(struct trial *trial)
{
    for (size_t line = 0; line < trial->line_count; line++)
        for (size_t rule = 0; rule < trial->rule_count; rule++)
            trial_ask(trial, line, rule);
    trial->sum->pairs += trial->line_count * trial->rule_count;
    trial->sum->matches += trial->truth_count;
}

/* --- the matcher ------------------------------------------------------------------ */

static void trial_found(void *ctx, struct rule *rule, const struct event *event)
{
    struct trial *trial = ctx;
    size_t index = 0, line = trial->first_line;
    struct slice name = rule_name(rule);
    for (size_t i = 1; i < name.len; i++)
        index = index * 10 + (size_t)(name.ptr[i] - '0');
    while (trial->begins[line + 1] <= (size_t)event->offset)
        line++;
    uint32_t pair = (uint32_t)(line * trial->rule_count + index);
    if (trial->has_failed)
        return;
    if (trial->seen_count < trial->truth_count &&
        trial->truth[trial->seen_count] == pair) {
        trial->seen_count++;
        return;
    }
    size_t wanted =
        trial->seen_count < trial->truth_count ? trial->truth[trial->seen_count] : pair;
    bool is_early = wanted < pair;
    trial_fail(trial, is_early ? "missed" : "found too much",
               (is_early ? wanted : pair) % trial->rule_count,
               (is_early ? wanted : pair) / trial->rule_count);
}

/** Lines @first to @last (not included) as one block, at an address by chance. */
static void trial_scan(struct trial *trial, struct matcher *matcher, size_t first,
                       size_t last)
{
    static const struct source source = { .name = SLICE("fuzz") };
    size_t begin = trial->begins[first], len = trial->begins[last] - begin;
    size_t shift = roll(&trial->rng, 64);
    bool is_open = last == trial->line_count && roll(&trial->rng, 2) == 0 &&
                   trial->begins[last] - trial->begins[last - 1] > 1;
    char *copy = mem_zalloc(shift + len);
    memcpy(copy + shift, trial->text.ptr + begin, len);
    struct block block = { .source = &source,
                           .offset = (int64_t)begin,
                           .bytes = slice_make(copy + shift, len - is_open),
                           .is_unterminated = is_open };
    trial->first_line = first;
    uint64_t lines = matcher_scan(matcher, &block, 7, trial_found, trial);
    if (lines != last - first && !trial->has_failed)
        trial_fail(trial, "lines are counted wrong", 0, first);
    free(copy);
}

static void trial_match(struct trial *trial, struct rules *rules, enum gate_level level)
{
    struct matcher *matcher = matcher_create_at(rules, 1, level);
    size_t first = 0;
    bool is_whole = roll(&trial->rng, 2) == 0;
    trial->seen_count = 0;
    while (first < trial->line_count && !trial->has_failed) {
        size_t left = trial->line_count - first;
        size_t count = is_whole ? left : 1 + roll(&trial->rng, left < 40 ? left : 40);
        trial_scan(trial, matcher, first, first + count);
        first += count;
    }
    if (!trial->has_failed && trial->seen_count < trial->truth_count) {
        uint32_t pair = trial->truth[trial->seen_count];
        trial_fail(trial, "missed", pair % trial->rule_count, pair / trial->rule_count);
    }
    matcher_free(matcher);
}

static void trial_match_all(struct trial *trial)
{
    static const struct source source = { .name = SLICE("fuzz") };
    const struct rules_setting setting = { .sources = &source,
                                           .source_count = 1,
                                           .host = SLICE("h") };
    struct conf_blocks blocks = { trial->configs, trial->rule_count };
    struct rules *rules =
        rules_compile(&blocks, &setting, &trial->arena, &trial->complaints);
    if (!rules) {
        trial_fail(trial, trial->complaints.items[0].text, 0, 0);
        return;
    }
    for (int level = GATE_PLAIN; level < GATE_LEVELS && !trial->has_failed; level++) {
        if (!gate_level_is_there((enum gate_level)level))
            continue;
        trial_match(trial, rules, (enum gate_level)level);
        if (trial->has_failed)
            snprintf(trial->sum->failure + strlen(trial->sum->failure),
                     sizeof trial->sum->failure - strlen(trial->sum->failure),
                     "\n  level:   %s", gate_level_name((enum gate_level)level));
    }
    rules_free(rules);
}

/* --- the trial -------------------------------------------------------------------- */

static void trial_open(struct trial *trial, uint64_t seed)
{
    size_t rules = trial->corpus->rules, lines = trial->corpus->lines_a_trial;
    trial->complaints.arena = &trial->arena;
    trial->text = buf_make(lines * 8000);
    trial->configs = mem_zalloc(rules * sizeof *trial->configs);
    trial->regexes = mem_zalloc(rules * sizeof *trial->regexes);
    trial->literals = mem_zalloc(rules * sizeof *trial->literals);
    trial->begins = mem_zalloc((lines + 1) * sizeof *trial->begins);
    trial->truth = mem_zalloc(rules * lines * sizeof *trial->truth);
    rng_seed(&trial->rng, seed);
}

static void trial_close(struct trial *trial)
{
    for (size_t i = 0; i < trial->rule_count; i++)
        regex_free(trial->regexes[i]);
    free(trial->configs);
    free(trial->regexes);
    free(trial->literals);
    free(trial->begins);
    free(trial->truth);
    buf_free(&trial->text);
    complaints_free(&trial->complaints);
    arena_free(&trial->arena);
}

static void trial_prove(struct trial *trial)
{
    trial_ask_all(trial);
    if (!trial->has_failed)
        trial_match_all(trial);
}

bool trial_run(const struct corpus *corpus, uint64_t seed, struct trial_sum *sum)
{
    struct trial trial = { .corpus = corpus, .sum = sum };
    trial_open(&trial, seed);
    while (trial.rule_count < corpus->rules)
        trial_add_rule(&trial, trial_pattern(&trial));
    for (size_t i = 0; i < corpus->lines_a_trial; i++)
        trial_add_line(&trial);
    trial_prove(&trial);
    if (trial.has_failed)
        snprintf(sum->failure + strlen(sum->failure),
                 sizeof sum->failure - strlen(sum->failure), "\n  seed:    %llu",
                 (unsigned long long)seed);
    trial_close(&trial);
    return !trial.has_failed;
}

bool trial_of(struct slice patterns, struct slice lines, struct trial_sum *sum)
{
    const struct corpus bounds = { .rules = 16, .lines_a_trial = 64 };
    struct trial trial = { .corpus = &bounds, .sum = sum };
    struct slice one;
    trial_open(&trial, patterns.len * 31 + lines.len);
    while (trial.rule_count < bounds.rules && slice_next(&patterns, '\n', &one))
        if (one.len > 0 && one.len <= 400)
            trial_add_rule(&trial, arena_slice(&trial.arena, one));
    while (trial.line_count < bounds.lines_a_trial && slice_next(&lines, '\n', &one))
        if (one.len < 8000)
            trial_put_line(&trial, one);
    if (trial.rule_count > 0 && trial.line_count > 0)
        trial_prove(&trial);
    trial_close(&trial);
    return !trial.has_failed;
}

size_t corpus_split(struct slice text, struct arena *arena, struct slice **lines)
{
    size_t count = 0;
    struct slice line, rest = text;
    while (slice_next(&rest, '\n', &line))
        count++;
    *lines = arena_zalloc(arena, count * sizeof **lines);
    count = 0;
    while (slice_next(&text, '\n', &line))
        if (line.len > 0 && line.len < 1000)
            (*lines)[count++] = line;
    return count;
}
