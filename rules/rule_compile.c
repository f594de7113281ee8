/**
 * From the keys of one rule to what a line is tried on. Each key is looked at, whatever
 * is wrong with the one before, so that one run shows all mistakes.
 */
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "rules/rule_names.h"

struct compiler {
    struct rule *rule;
    const struct rule_config *config;
    struct arena *arena;
    struct complaints *complaints;
};

static struct place place_of(const struct conf_text *text)
{
    return text->node ? text->node->at : (struct place){ 0 };
}

/* --- name and sources ------------------------------------------------------------- */

static bool has_control_byte(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return true;
    return false;
}

/* That a name is there is the schema's check; an empty one it lets pass. */
static void compile_name(struct compiler *compiler)
{
    const struct conf_text *name = &compiler->config->name;
    compiler->rule->name = name->value;
    if (name->node && name->value.len == 0)
        complain(compiler->complaints, place_of(name), "the name of a rule is empty");
    if (name->value.len > LIMIT_RULE_NAME_BYTES)
        complain(compiler->complaints, place_of(name),
                 "the name of a rule has at most %d bytes, this one has %zu",
                 LIMIT_RULE_NAME_BYTES, name->value.len);
    if (has_control_byte(name->value))
        complain(compiler->complaints, place_of(name),
                 "the name of a rule is one line without control characters");
}

static const char *near_source(const struct rules_setting *setting, struct slice name,
                               struct arena *arena)
{
    size_t count = setting->source_count;
    const char **names = arena_zalloc(arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = arena_text(arena, setting->sources[i].name);
    return did_you_mean(arena, name, names);
}

static void read_source(struct compiler *compiler, const struct conf_text *name)
{
    const struct rules_setting *setting = compiler->rule->setting;
    for (size_t i = 0; i < setting->source_count; i++) {
        if (slice_equal(setting->sources[i].name, name->value)) {
            compiler->rule->reads[i] = true;
            return;
        }
    }
    complain(compiler->complaints, place_of(name), "there is no source '%.*s'%s",
             SLICE_ARG(name->value),
             near_source(setting, name->value, compiler->arena));
}

static void compile_from(struct compiler *compiler)
{
    struct rule *rule = compiler->rule;
    const struct conf_texts *from = &compiler->config->from;
    rule->reads = arena_zalloc(compiler->arena, rule->setting->source_count);
    for (size_t i = 0; from->count == 0 && i < rule->setting->source_count; i++)
        rule->reads[i] = !rule->setting->sources[i].brings_alerts;
    for (size_t i = 0; i < from->count; i++)
        read_source(compiler, &from->items[i]);
}

/* --- patterns and conditions ------------------------------------------------------ */

static void compile_patterns(struct compiler *compiler, const struct conf_texts *texts,
                             struct regexes *into)
{
    into->items = arena_zalloc(compiler->arena, texts->count * sizeof *into->items);
    for (size_t i = 0; i < texts->count; i++) {
        struct regex *regex =
            regex_compile(&texts->items[i], false, compiler->complaints);
        if (regex)
            into->items[into->count++] = regex;
    }
}

static void compile_conditions(struct compiler *compiler)
{
    struct rule *rule = compiler->rule;
    const struct rule_config *config = compiler->config;
    compile_patterns(compiler, &config->match, &rule->match);
    compile_patterns(compiler, &config->unless, &rule->unless);
    rule->where = where_compile(&config->where, rule->setting->files, compiler->arena,
                                compiler->complaints);
}

/* --- texts ------------------------------------------------------------------------ */

static const struct template *compile_text(struct compiler *compiler,
                                           const struct conf_text *text)
{
    if (text->value.len == 0)
        return NULL;
    return template_compile(text, compiler->arena, compiler->complaints);
}

static void compile_severity(struct compiler *compiler)
{
    const struct conf_text *text = &compiler->config->severity;
    struct slice word = slice_trim(text->value);
    enum severity severity;
    compiler->rule->severity = compile_text(compiler, text);
    if (!template_is_plain(compiler->rule->severity) || severity_parse(word, &severity))
        return;
    if (slice_find(word, SLICE("{{")) == SIZE_MAX)
        complain(compiler->complaints, place_of(text),
                 "'%.*s' is no severity%s; there are info, warning and critical",
                 SLICE_ARG(word), did_you_mean(compiler->arena, word, severity_names));
}

static bool is_url_byte(char c)
{
    return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

/* A plain address: it becomes a link, and a link is not made of what a log says. */
static void check_runbook(struct compiler *compiler)
{
    const struct conf_text *text = &compiler->config->runbook;
    struct slice url = text->value;
    if (url.len == 0)
        return;
    bool is_right = (slice_starts(url, SLICE("https://")) && url.len > 8) ||
                    (slice_starts(url, SLICE("http://")) && url.len > 7);
    for (size_t i = 0; i < url.len; i++)
        is_right &= is_url_byte(url.ptr[i]);
    if (!is_right)
        complain(
            compiler->complaints, place_of(text),
            "'%.*s' is no web address; a runbook begins with https:// or http:// and "
            "holds no blanks and no {{fields}}",
            SLICE_ARG(url));
}

static void compile_resolve_after(struct compiler *compiler)
{
    const struct conf_text *text = &compiler->config->resolve_after;
    int64_t *ms = &compiler->rule->resolve_after_ms;
    if (slice_equal(text->value, SLICE("never"))) {
        *ms = NEVER_MS;
        return;
    }
    if (!text_to_duration(text->value, ms))
        complain(compiler->complaints, place_of(text),
                 "'%.*s' is no duration; write 90s, 15m, 4h or 7d, or 'never'",
                 SLICE_ARG(text->value));
    else if (*ms < SECOND_MS)
        complain(
            compiler->complaints, place_of(text),
            "'resolve_after' is at least 1s; an alert that is never over has 'never'");
}

/* --- labels ----------------------------------------------------------------------- */

static bool is_label_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool is_other = (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!is_letter && (i == 0 || !is_other))
            return false;
    }
    return name.len > 0;
}

static void compile_label(struct compiler *compiler, const struct conf_pair *pair)
{
    struct slice name = pair->name.value;
    struct place at = place_of(&pair->name);
    if (slice_equal(name, SLICE("severity")) || slice_equal(name, SLICE("rule")))
        complain(compiler->complaints, at,
                 "the label '%.*s' is given by the rule's key '%s'", SLICE_ARG(name),
                 slice_equal(name, SLICE("rule")) ? "name" : "severity");
    else if (!is_label_name(name))
        complain(
            compiler->complaints, at,
            "'%.*s' cannot be a label; its name begins with a letter or '_' and goes "
            "on with letters, digits, '_', '-' and '.'",
            SLICE_ARG(name));
    struct rule *rule = compiler->rule;
    struct rule_label *label = &rule->labels[rule->label_count++];
    label->name = name;
    label->value = compile_text(compiler, &pair->value);
}

static void compile_labels(struct compiler *compiler)
{
    const struct rule_config *config = compiler->config;
    const struct conf_pairs *pairs = &config->labels;
    const size_t fixed_count = 3; /* rule, severity, host */
    struct rule *rule = compiler->rule;
    rule->labels = arena_zalloc(compiler->arena, pairs->count * sizeof *rule->labels);
    for (size_t i = 0; i < pairs->count; i++)
        compile_label(compiler, &pairs->items[i]);
    if (pairs->count + config->by.count + fixed_count > LIMIT_LABELS)
        complain(compiler->complaints, place_of(&config->name),
                 "rule '%.*s' sets more than %d labels", SLICE_ARG(rule->name),
                 LIMIT_LABELS);
}

static bool has_fixed_labels(const struct rule *rule)
{
    bool is_fixed = template_is_plain(rule->severity) && rule->config->by.count == 0;
    for (size_t i = 0; i < rule->label_count; i++)
        is_fixed &= template_is_plain(rule->labels[i].value);
    return is_fixed;
}

/* --- the whole -------------------------------------------------------------------- */

void rule_compile(struct rule *rule, const struct rule_config *config,
                  const struct rules_setting *setting, struct arena *arena,
                  struct complaints *complaints)
{
    struct compiler compiler = { rule, config, arena, complaints };
    size_t errors = complaints->error_count;
    rule->config = config;
    rule->setting = setting;
    rule->kind = kind_get(config->kind);
    compile_name(&compiler);
    compile_from(&compiler);
    compile_conditions(&compiler);
    compile_severity(&compiler);
    rule->summary = compile_text(&compiler, &config->summary);
    rule->description = compile_text(&compiler, &config->description);
    check_runbook(&compiler);
    compile_resolve_after(&compiler);
    compile_labels(&compiler);
    rule->has_fixed_labels = has_fixed_labels(rule);
    if (complaints->error_count > errors)
        return;
    if (rule->match.count == 0 && config->where.count == 0)
        complain(complaints, place_of(&config->name),
                 "rule '%.*s' matches nothing; give it 'match: PATTERN' or "
                 "'where: [field=value]'",
                 SLICE_ARG(rule->name));
    else
        rule_check_names(rule, complaints);
}

static void regexes_free(struct regexes *regexes)
{
    for (size_t i = 0; i < regexes->count; i++)
        regex_free(regexes->items[i]);
    regexes->count = 0;
}

void rule_clear(struct rule *rule)
{
    regexes_free(&rule->match);
    regexes_free(&rule->unless);
    where_free(rule->where);
    rule->where = NULL;
    arena_free(&rule->memo.arena);
    buf_free(&rule->text);
    free(rule->given_up);
    rule->given_up = NULL;
}

/* --- warnings --------------------------------------------------------------------- */

static void warn_of_pattern(const struct rule *rule, size_t index,
                            struct complaints *complaints)
{
    const struct regex *regex = rule->match.items[index];
    bool takes_all = regex_match(regex, SLICE(""), NULL, NULL) == REGEX_YES &&
                     regex_match(regex, SLICE("\x01\xff\x01"), NULL, NULL) == REGEX_YES;
    if (takes_all && rule->config->where.count == 0)
        complain_softly(complaints, place_of(&rule->config->match.items[index]),
                        "this pattern matches every line, the empty one too");
}

static void warn_of_length(const char *key, const struct conf_text *text,
                           size_t max_bytes, struct complaints *complaints)
{
    if (text->value.len > max_bytes)
        complain_softly(complaints, place_of(text),
                        "'%s' has %zu bytes; in mails it is cut after %zu", key,
                        text->value.len, max_bytes);
}

void rule_warn(const struct rule *rule, struct complaints *complaints)
{
    const struct rule_config *config = rule->config;
    for (size_t i = 0; i < rule->match.count; i++)
        warn_of_pattern(rule, i, complaints);
    warn_of_length("summary", &config->summary, LIMIT_SUMMARY_BYTES, complaints);
    warn_of_length("description", &config->description, LIMIT_DESCRIPTION_BYTES,
                   complaints);
}
