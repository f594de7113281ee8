/** A rule: which lines it takes, what it says about them, and that it keeps count. */
#include "rules/rule.h"

#include "agent/base/limits.h"
#include "rig.h"
#include "rules/kind.h"

static struct rig *load(const char *yaml)
{
    struct rig *rig = rig_create();
    ck_assert_msg(rig_rules(rig, yaml) != NULL, "%s", rig_complaint(rig));
    return rig;
}

static bool matches(struct rig *rig, const char *line)
{
    struct event event = rig_event(rig, slice_of(line));
    return rule_matches(rules_get(rig->rules, 0), rig->scanner, &event);
}

static struct sighting judge(struct rig *rig, struct slice line)
{
    struct event event = rig_event(rig, line);
    struct rule *rule = rules_get(rig->rules, 0);
    struct sighting sighting;
    ck_assert(rule_matches(rule, rig->scanner, &event));
    ck_assert(rule_judge(rule, &event, &rig->arena, &sighting));
    return sighting;
}

static const char ssh[] =
    "rules:\n"
    "  - name: ssh\n"
    "    match: ['Failed (?<how>\\w+) for (?<user>\\S+) from (?<ip>\\S+)',\n"
    "            'Bad (?<user>\\S+) (?<ip>\\S+)']\n"
    "    unless: ['from 10\\.', 'test']\n"
    "    where: ['user!=backup', 'team=shop']\n"
    "    by: [ip]\n"
    "    severity: critical\n"
    "    summary: '{{user}} from {{ip}}{{#how}} by {{how}}{{/how}}'\n"
    "    description: '{{rule}} {{host}} {{source}} {{file}} {{path}} {{offset}}'\n"
    "    runbook: https://wiki.example.com/ssh\n"
    "    resolve_after: 4h\n"
    "    labels: {area: 'net-{{ip}}', static: yes it is}\n"
    "    samples: {match: ['Bad a b']}\n";

TEST(rule, one_pattern_no_exception_and_all_conditions_decide)
{
    struct rig *rig = load(ssh);
    ck_assert(matches(rig, "Failed password for bob from 192.0.2.7"));
    ck_assert(matches(rig, "Bad bob 192.0.2.7"));
    ck_assert(!matches(rig, "Failed password for bob from 10.0.0.1"));
    ck_assert(!matches(rig, "Bad test 192.0.2.7"));
    ck_assert(!matches(rig, "Bad backup 192.0.2.7"));
    ck_assert(!matches(rig, "good"));
    ck_assert(!matches(rig, ""));
    struct rule_tally tally = rule_tally(rules_get(rig->rules, 0));
    ck_assert_uint_eq(tally.tries, 7);
    ck_assert_uint_eq(tally.hits, 2);
    ck_assert_uint_eq(tally.limit_hits, 0);
    rig_free(rig);
}

TEST(rule, the_first_pattern_that_matches_gives_the_captures)
{
    struct rig *rig = load(ssh);
    ck_assert_slice(judge(rig, SLICE("Failed key for bob from ::1 Bad x y")).summary,
                    "bob from ::1 by key");
    ck_assert_slice(judge(rig, SLICE("Bad bob ::1")).summary, "bob from ::1");
    rig_free(rig);
}

TEST(rule, conditions_see_the_labels_of_the_source)
{
    struct rig *rig = load(ssh);
    struct event event = rig_event(rig, SLICE("Bad bob ::1"));
    event.source = &rig->sources[1];
    ck_assert(!rule_matches(rules_get(rig->rules, 0), rig->scanner, &event));
    rig_free(rig);
}

TEST(rule, a_sighting_has_the_labels_texts_and_the_line)
{
    struct rig *rig = load(ssh);
    struct sighting sighting = judge(rig, SLICE("Bad bob 192.0.2.7"));
    const struct labels *labels = &sighting.labels;
    ck_assert_slice(labels_find(labels, SLICE("rule")), "ssh");
    ck_assert_slice(labels_find(labels, SLICE("host")), "web1");
    ck_assert_slice(labels_find(labels, SLICE("severity")), "critical");
    ck_assert_slice(labels_find(labels, SLICE("team")), "shop");
    ck_assert_slice(labels_find(labels, SLICE("ip")), "192.0.2.7");
    ck_assert_slice(labels_find(labels, SLICE("area")), "net-192.0.2.7");
    ck_assert_slice(labels_find(labels, SLICE("static")), "yes it is");
    ck_assert_uint_eq(labels->count, 7);
    ck_assert_int_eq(sighting.severity, SEVERITY_CRITICAL);
    ck_assert_slice(sighting.description, "ssh web1 app app.log /var/log/app.log 42");
    ck_assert_slice(sighting.runbook, "https://wiki.example.com/ssh");
    ck_assert_slice(sighting.sample.line, "Bad bob 192.0.2.7");
    ck_assert_slice(sighting.sample.path, "/var/log/app.log");
    ck_assert_int_eq(sighting.sample.offset, 42);
    ck_assert_int_eq(sighting.sample.unix_ms, 1000);
    ck_assert_uint_eq(sighting.count, 1);
    ck_assert_int_eq(sighting.resolve_after_ms, 4 * HOUR_MS);
    ck_assert_ptr_eq(sighting.rule, rules_get(rig->rules, 0));
    rig_free(rig);
}

TEST(rule, what_is_not_in_by_does_not_tell_alerts_apart)
{
    struct rig *rig = load(ssh);
    struct sighting one = judge(rig, SLICE("Bad bob ::1"));
    struct sighting same = judge(rig, SLICE("Bad eve ::1"));
    struct sighting other = judge(rig, SLICE("Bad bob ::2"));
    ck_assert_uint_eq(labels_hash(&one.labels), labels_hash(&same.labels));
    ck_assert_uint_ne(labels_hash(&one.labels), labels_hash(&other.labels));
    rig_free(rig);
}

TEST(rule, labels_that_are_the_same_for_all_lines_are_those_of_their_source)
{
    struct rig *rig = load("rules:\n  - {name: p, match: 'x', labels: {a: b}}\n");
    struct rule *rule = rules_get(rig->rules, 0);
    struct sighting sightings[3];
    for (int i = 0; i < 3; i++) {
        struct event event = rig_event(rig, SLICE("x"));
        event.source = &rig->sources[i % 2];
        ck_assert(rule_judge(rule, &event, &rig->arena, &sightings[i]));
        ck_assert_slice(labels_find(&sightings[i].labels, SLICE("a")), "b");
    }
    ck_assert_slice(labels_find(&sightings[0].labels, SLICE("team")), "shop");
    ck_assert_slice(labels_find(&sightings[1].labels, SLICE("team")), "");
    ck_assert(labels_equal(&sightings[0].labels, &sightings[2].labels));
    ck_assert_ptr_eq(sightings[0].labels.items, sightings[2].labels.items);
    ck_assert(sightings[0].has_lasting_labels && !sightings[1].has_lasting_labels);
    rig_free(rig);
}

TEST(rule, labels_that_a_field_is_in_do_not_last)
{
    struct rig *rig = load(ssh);
    ck_assert(!judge(rig, SLICE("Bad bob ::1")).has_lasting_labels);
    rig_free(rig);
}

TEST(rule, a_sighting_outlives_the_block_it_came_from)
{
    struct rig *rig = load(ssh);
    char line[] = "Bad bob ::1";
    struct sighting sighting = judge(rig, slice_of(line));
    memset(line, 'x', sizeof line - 1);
    ck_assert_slice(sighting.sample.line, "Bad bob ::1");
    ck_assert_slice(sighting.summary, "bob from ::1");
    ck_assert_slice(labels_find(&sighting.labels, SLICE("ip")), "::1");
    rig_free(rig);
}

static const char plain[] =
    "rules:\n  - {name: p, match: 'x', samples: {match: [x]}}\n";

TEST(rule, the_defaults_are_the_line_warning_and_a_quarter_of_an_hour)
{
    struct rig *rig = load(plain);
    struct sighting sighting = judge(rig, SLICE("a x b"));
    ck_assert_slice(sighting.summary, "a x b");
    ck_assert_slice(sighting.description, "");
    ck_assert_slice(sighting.runbook, "");
    ck_assert_int_eq(sighting.severity, SEVERITY_WARNING);
    ck_assert_int_eq(sighting.resolve_after_ms, 15 * MINUTE_MS);
    ck_assert(rule_reads(rules_get(rig->rules, 0), 0));
    ck_assert(rule_reads(rules_get(rig->rules, 0), 1));
    ck_assert(!rule_reads(rules_get(rig->rules, 0), 2));
    rig_free(rig);
}

TEST(rule, long_lines_are_cut_in_summary_and_sample)
{
    struct rig *rig = load(plain);
    char *line = arena_zalloc(&rig->arena, LIMIT_LINE_BYTES);
    memset(line, 'x', LIMIT_LINE_BYTES);
    struct sighting sighting = judge(rig, slice_make(line, LIMIT_LINE_BYTES));
    ck_assert_uint_eq(sighting.summary.len, LIMIT_SUMMARY_BYTES);
    ck_assert_uint_eq(sighting.sample.line.len, LIMIT_SAMPLE_BYTES);
    rig_free(rig);
}

TEST(rule, a_severity_template_that_renders_to_none_counts_as_warning)
{
    struct rig *rig = load("rules:\n"
                           "  - name: p\n"
                           "    match: 'level=(?<level>\\w*)'\n"
                           "    severity: '{{level}}'\n"
                           "    resolve_after: never\n");
    struct sighting sighting = judge(rig, SLICE("level=CRITICAL"));
    ck_assert_int_eq(sighting.severity, SEVERITY_CRITICAL);
    ck_assert_slice(labels_find(&sighting.labels, SLICE("severity")), "critical");
    ck_assert_int_eq(sighting.resolve_after_ms, NEVER_MS);
    sighting = judge(rig, SLICE("level=odd"));
    ck_assert_int_eq(sighting.severity, SEVERITY_WARNING);
    ck_assert_slice(labels_find(&sighting.labels, SLICE("severity")), "warning");
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 0)).odd_severities, 1);
    rig_free(rig);
}

TEST(rule, no_capture_or_source_can_forge_the_labels_rule_and_severity)
{
    struct rig *rig = rig_create();
    labels_set(&rig->sources[0].labels, &rig->arena, SLICE("rule"), SLICE("forged"));
    labels_set(&rig->sources[0].labels, &rig->arena, SLICE("host"), SLICE("db1"));
    ck_assert_ptr_nonnull(rig_rules(rig,
                                    "rules:\n"
                                    "  - name: p\n"
                                    "    match: '(?<severity>\\w+) (?<rule>\\w+)'\n"
                                    "    by: [severity, rule]\n"));
    struct sighting sighting = judge(rig, SLICE("critical x"));
    ck_assert_slice(labels_find(&sighting.labels, SLICE("rule")), "p");
    ck_assert_slice(labels_find(&sighting.labels, SLICE("severity")), "warning");
    ck_assert_slice(labels_find(&sighting.labels, SLICE("host")), "db1");
    rig_free(rig);
}

TEST(rule, a_label_that_renders_to_nothing_leaves_that_of_the_source)
{
    struct rig *rig = load("rules:\n"
                           "  - name: p\n"
                           "    match: 'x(?<host>\\w+)?(?<team>y)?'\n"
                           "    labels: {host: '{{host}}', team: ''}\n");
    struct sighting sighting = judge(rig, SLICE("x"));
    ck_assert_slice(labels_find(&sighting.labels, SLICE("host")), "web1");
    ck_assert_slice(labels_find(&sighting.labels, SLICE("team")), "");
    sighting = judge(rig, SLICE("xdb7"));
    ck_assert_slice(labels_find(&sighting.labels, SLICE("host")), "db7");
    rig_free(rig);
}

TEST(rule, bytes_of_a_line_reach_the_sighting_as_they_are)
{
    struct rig *rig = load("rules:\n  - {name: p, match: '(?<v>x.*)', by: [v]}\n");
    struct slice line = SLICE("x\0\xff\r\ny");
    line.len = 4; /* up to the CR */
    struct sighting sighting = judge(rig, line);
    ck_assert(slice_equal(sighting.sample.line, line));
    ck_assert(slice_equal(labels_find(&sighting.labels, SLICE("v")), line));
    rig_free(rig);
}

TEST(rule, C09_a_rule_that_gave_up_on_a_line_counts_it_and_does_not_match)
{
    struct rig *rig = load("rules:\n  - {name: p, match: ['(a+)+$', 'b$']}\n"
                           "  - {name: q, match: b, unless: '(a+)+$'}\n");
    const struct slice hostile = SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc");
    struct event event = rig_event(rig, hostile);
    ck_assert(!rule_matches(rules_get(rig->rules, 0), rig->scanner, &event));
    ck_assert(rule_matches(rules_get(rig->rules, 1), rig->scanner, &event));
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 0)).limit_hits, 1);
    ck_assert_uint_eq(rules_limit_hits(rig->rules), 2);
    rig_free(rig);
}

TEST(rule, every_kind_has_a_name_a_sentence_and_a_judge)
{
    size_t count = 0;
    while (kind_names[count]) {
        const struct rule_kind *kind = kind_get((int)count);
        ck_assert(kind->doc[0] && kind->doc[strlen(kind->doc) - 1] == '.');
        ck_assert(kind->judge != NULL);
        for (size_t i = 0; i < count; i++)
            ck_assert_str_ne(kind_names[i], kind_names[count]);
        count++;
    }
    ck_assert_uint_ge(count, 1);
}

static void note_sample(void *ctx, const struct rule *rule, struct slice line,
                        bool wanted, bool passed)
{
    struct buf *out = ctx;
    buf_printf(out, "%.*s/%.*s/%d%d;", SLICE_ARG(rule_name(rule)), SLICE_ARG(line),
               wanted, passed);
}

TEST(rule, samples_are_tried_on_the_first_source_and_not_counted)
{
    struct rig *rig = load("rules:\n"
                           "  - {name: none, match: x}\n"
                           "  - name: p\n"
                           "    from: [app]\n"
                           "    match: 'x$'\n"
                           "    where: team=shop\n"
                           "    samples:\n"
                           "      match: [ax, b, \"|x\"]\n"
                           "      no_match: [c, x]\n");
    struct buf out = buf_make(1000);
    ck_assert_uint_eq(rules_run_samples(rig->rules, note_sample, &out), 2);
    ck_assert_slice(buf_slice(&out), "p/ax/11;p/b/10;p/|x/11;p/c/01;p/x/00;");
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 1)).tries, 0);
    ck_assert_uint_eq(rule_tally(rules_get(rig->rules, 1)).hits, 0);
    buf_free(&out);
    rig_free(rig);
}
