/** What is wrong with a rule is said at load, all of it, where it stands. */
#include "rules/rule.h"

#include "agent/base/limits.h"
#include "rig.h"

/* A rule with the line @key is refused with a complaint that holds @wanted. */
static void check_error(const char *key, const char *wanted)
{
    struct rig *rig = rig_create();
    const char *yaml =
        arena_printf(&rig->arena,
                     "rules:\n"
                     "  - name: r\n"
                     "    match: ['(?<ip>\\S+) (?<user>\\w+)', '(?<ip>x)']\n"
                     "    samples: {match: [a b]}\n"
                     "    %s\n",
                     key);
    ck_assert_ptr_null(rig_rules(rig, yaml));
    ck_assert_complaint(rig, wanted);
    ck_assert_uint_eq(rig->complaints.error_count, 1);
    ck_assert_uint_eq(rig->complaints.items[0].at.line, 5);
    rig_free(rig);
}

/* The same, but it is a warning: at @place, or none at all when @wanted is NULL. */
static void check_warning(const char *key, const char *wanted, const char *place)
{
    struct rig *rig = rig_create();
    const char *yaml = arena_printf(&rig->arena,
                                    "rules:\n"
                                    "  - name: r\n"
                                    "    match: '(?<ip>\\S+) (?<user>\\w+)'\n"
                                    "    samples: {match: [a b]}\n"
                                    "    %s\n",
                                    key);
    ck_assert_ptr_nonnull(rig_rules(rig, yaml));
    ck_assert_uint_eq(rig->complaints.count, wanted ? 1 : 0);
    if (wanted)
        ck_assert_complaint(rig, wanted);
    ck_assert_msg(strncmp(rig_complaint(rig), place, strlen(place)) == 0, "%s",
                  rig_complaint(rig));
    rig_free(rig);
}

TEST(rule_check, each_wrong_value_is_refused_with_its_remedy)
{
    check_error("from: [aap]", "there is no source 'aap', did you mean 'app'?");
    check_error("unless: '[x'", "backslash before '['");
    check_error("where: 'user==x'", "'==' is no operator");
    check_error("where: 'user in_file x'", "'in_file' can only be used");
    check_error("severity: critcal", "is no severity, did you mean 'critical'?");
    check_error("summary: '{{ip'", "not closed");
    check_error("resolve_after: soon", "'soon' is no duration");
    check_error("resolve_after: 10ms", "at least 1s");
    check_error("runbook: wiki", "is no web address");
    check_error("runbook: 'javascript:alert(1)'", "is no web address");
    check_error("runbook: 'https://x/{{ip}}'", "is no web address");
    check_error("runbook: 'https://'", "is no web address");
    check_error("labels: {severity: x}", "given by the rule's key 'severity'");
    check_error("labels: {rule: x}", "given by the rule's key 'name'");
    check_error("labels: {a b: x}", "'a b' cannot be a label");
}

TEST(rule_check, the_kinds_are_the_choices_of_the_key)
{
    struct rig *rig = rig_create();
    rig_rules(rig, "rules:\n  - {name: r, match: x, kind: mach}\n");
    ck_assert_complaint(rig, "did you mean 'match'?");
    ck_assert_uint_eq(rig->complaints.error_count, 1);
    rig_free(rig);
}

TEST(rule_check, by_must_be_captured_by_every_pattern)
{
    check_error("by: [user]", "pattern 2 of rule 'r' does not capture it");
    check_error("by: [usr]",
                "captures it and no label has this name, did you mean 'user'");
    check_warning("by: [ip, user, host, file, team]", NULL, "");
}

TEST(rule_check, a_field_that_nothing_gives_is_warned_of_where_it_stands)
{
    check_warning("summary: 'from {{usr}}'", "'usr' is always empty", "5:22 ");
    check_warning("description: '{{#ipp}}x{{/ipp}}'", "did you mean 'ip'?", "5:22 ");
    check_warning("where: 'usr=x'", "'usr' is always empty", "5:13 ");
    check_warning("labels: {x: '{{nix}}'}", "'nix' is always empty", "5:20 ");
    check_warning("summary: '{{ip}} {{line}} {{team}} {{severity}} {{offset}}'", NULL,
                  "");
}

TEST(rule_check, a_rule_that_tells_everything_is_warned_of)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_nonnull(rig_rules(rig,
                                    "rules:\n"
                                    "  - {name: a, match: 'a*'}\n"
                                    "  - {name: b, match: '^$'}\n"
                                    "  - {name: c, match: '.*', where: team=x}\n"));
    ck_assert_complaint(rig, "matches every line");
    ck_assert_uint_eq(rig->complaints.warning_count, 1);
    ck_assert_uint_eq(rig->complaints.error_count, 0);
    rig_free(rig);
}

TEST(rule_check, a_text_that_mails_cut_is_warned_of)
{
    struct rig *rig = rig_create();
    char *text = arena_zalloc(&rig->arena, LIMIT_SUMMARY_BYTES + 2);
    memset(text, 'x', LIMIT_SUMMARY_BYTES + 1);
    check_warning(arena_printf(&rig->arena, "summary: %s", text), "it is cut after 512",
                  "5:14 ");
    rig_free(rig);
}

TEST(rule_check, C07_a_name_stands_once_and_is_one_short_line)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_null(rig_rules(rig, "rules:\n"
                                      "  - {name: a, match: x}\n"
                                      "  - {name: a, match: y}\n"
                                      "  - {name: \"a\\nb\", match: y}\n"
                                      "  - {name: '', match: y}\n"));
    ck_assert_complaint(rig, "the rule name 'a' stands in line 2 of 't.yaml' already");
    ck_assert_complaint(rig, "one line without control characters");
    ck_assert_complaint(rig, "empty");
    rig_free(rig);
}

TEST(rule_check, C08_all_mistakes_of_all_rules_are_found_in_one_run)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_null(rig_rules(rig,
                                 "rules:\n"
                                 "  - {name: a, match: '(', severity: x, from: [y]}\n"
                                 "  - {name: b, match: ['['], runbook: z}\n"
                                 "  - {name: c, match: []}\n"
                                 "  - {match: x}\n"
                                 "  - {name: d}\n"));
    ck_assert_complaint(rig, "backslash before '('");
    ck_assert_complaint(rig, "'x' is no severity");
    ck_assert_complaint(rig, "there is no source 'y'");
    ck_assert_complaint(rig, "backslash before '['");
    ck_assert_complaint(rig, "'z' is no web address");
    ck_assert_complaint(rig, "'name'");
    ck_assert_complaint(rig, "rule 'd' matches nothing");
    rig_free(rig);
}

TEST(rule_check, the_agents_own_rule_cannot_be_taken)
{
    struct rig *rig = rig_create();
    ck_assert_ptr_null(rig_rules(rig, "rules:\n  - {name: tocsin, match: x}\n"));
    ck_assert_complaint(rig, "give this one another name");
    rig_free(rig);
}

TEST(rule_check, fields_of_records_are_not_known_before)
{
    struct rig *rig = rig_create();
    rig->sources[1].has_fields = true;
    ck_assert_ptr_nonnull(rig_rules(rig, "rules:\n"
                                         "  - name: r\n"
                                         "    from: [auth]\n"
                                         "    where: [unit=sshd]\n"
                                         "    by: [unit]\n"));
    ck_assert_uint_eq(rig->complaints.count, 0);
    rig_free(rig);
}

TEST(rule_check, more_labels_than_an_alert_can_have_are_refused)
{
    struct rig *rig = rig_create();
    struct buf yaml = buf_make(4096);
    buf_puts(&yaml, "rules:\n  - name: r\n    match: x\n    labels:\n");
    for (int i = 0; i < LIMIT_LABELS; i++)
        buf_printf(&yaml, "      l%d: x\n", i);
    ck_assert_ptr_null(rig_rules(rig, arena_text(&rig->arena, buf_slice(&yaml))));
    ck_assert_complaint(rig, "sets more than 32 labels");
    buf_free(&yaml);
    rig_free(rig);
}
