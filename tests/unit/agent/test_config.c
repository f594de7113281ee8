/** A configuration is loaded whole or not at all, and every mistake is printed. */
#include "agent/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/schema_doc.h"
#include "test.h"

#define SOURCES  \
    "sources:\n" \
    "  - {name: auth, files: [/var/log/auth.log]}\n"
#define OUTPUTS  \
    "outputs:\n" \
    "  - {name: local, maildir: /var/mail/tocsin}\n"
#define RULES                      \
    "rules:\n"                     \
    "  - name: oom\n"              \
    "    match: 'Out of memory'\n" \
    "    samples: {match: ['Out of memory: Killed process 1'], no_match: ['x']}\n"

static struct buf out;
static struct arena kept; /* reachable until the test's process ends */

static struct config *load_text(const char *yaml)
{
    buf_free(&out);
    out = buf_make(256 * 1024);
    return config_load_text("t.yaml", slice_of(yaml), &out);
}

static struct config *load_good(const char *yaml)
{
    struct config *config = load_text(yaml);
    ck_assert_msg(config != NULL, "%s", out.ptr);
    ck_assert_msg(out.len == 0, "%s", out.ptr);
    return config;
}

/** It is refused, and exactly @expected is printed. */
static void check_refused(const char *yaml, const char *expected)
{
    ck_assert_ptr_null(load_text(yaml));
    ck_assert_str_eq(out.ptr, expected);
}

/** It is refused with one complaint that holds @part. */
static void check_refused_for(const char *yaml, const char *part)
{
    ck_assert_ptr_null(load_text(yaml));
    ck_assert_msg(strstr(out.ptr, part) != NULL, "%s", out.ptr);
    ck_assert_msg(strstr(strstr(out.ptr, "error:") + 1, "error:") == NULL, "%s",
                  out.ptr);
}

/* --- the tables ------------------------------------------------------------------ */

TEST(config, every_table_is_complete)
{
    static struct buf problems;
    problems = buf_make(64 * 1024);
    ck_assert_msg(schema_check(&config_schema, &problems), "%s", problems.ptr);
}

TEST(config, the_man_page_and_the_json_schema_fit_into_their_bounds)
{
    static struct buf page;
    page = buf_make(256 * 1024);
    schema_put_man(&config_schema, "", &page);
    ck_assert(!page.overflowed);
    ck_assert_ptr_nonnull(strstr(page.ptr, ".SH THE KEYS OF accounts.smtp\n"));
    buf_clear(&page);
    schema_put_json_schema(&config_schema, &page);
    ck_assert(!page.overflowed);
}

/* --- what is right --------------------------------------------------------------- */

TEST(config, the_smallest_configuration_has_a_default_route)
{
    struct config *config = load_good(SOURCES RULES OUTPUTS);
    ck_assert_uint_eq(config->compiled_routes.count, 1);
    const struct route *route = &config->compiled_routes.items[0];
    ck_assert_slice(route->name, "route-1");
    ck_assert_uint_eq(route->config->to.count, 1);
    ck_assert_slice(route->config->to.items[0].value, "local");
    ck_assert_uint_eq(rules_count(config->compiled_rules), 1);
    ck_assert_slice(config->state_dir.value, "/var/lib/tocsin");
    ck_assert_slice(config->control.value, "/run/tocsin/control.sock");
    ck_assert_int_eq(config->settle, 0);
    ck_assert_uint_gt(config->host_name.len, 0);
    config_free(config);
}

static const char by_example[] =
    "sources:\n"
    "  - name: auth\n"
    "    files: [/var/log/auth.log]\n"
    "  - name: app\n"
    "    files: [\"/srv/*/log/*.log\"]\n"
    "    exclude: [\"*debug*\"]\n"
    "    labels: {team: shop}\n"
    "  - name: cron\n"
    "    stdin: true\n"
    "rules:\n"
    "  - name: ssh-bruteforce\n"
    "    from: [auth]\n"
    "    match: 'Failed password for (?:invalid user )?(?<user>\\S+) from "
    "(?<ip>\\S+)'\n"
    "    unless: ['from 10\\.']\n"
    "    where: [user!=backup, ip!~\"^192\\.168\\.\"]\n"
    "    by: [ip]\n"
    "    severity: warning\n"
    "    summary: 'failed logins for {{user}} from {{ip}}'\n"
    "    description: |\n"
    "      Somebody guesses passwords.\n"
    "    resolve_after: 15m\n"
    "    labels: {team: security}\n"
    "    samples:\n"
    "      match: ['Nov 23 06:17:01 web sshd[9]: Failed password for root from "
    "192.0.2.7 port 22 ssh2']\n"
    "      no_match: ['Accepted password for root from 192.0.2.7']\n"
    "routes:\n"
    "  - match: [severity=critical]\n"
    "    to: [oncall]\n"
    "    group_by: [rule, host]\n"
    "    group_wait: 0s\n"
    "    repeat_interval: 1h\n"
    "  - match: [severity=info]\n"
    "    to: [ops]\n"
    "    digest: {at: '08:00'}\n"
    "  - to: [ops]\n"
    "    group_by: [rule]\n"
    "    group_wait: 30s\n"
    "    group_interval: 5m\n"
    "    repeat_interval: 4h\n"
    "    limit: {mails: 12, per: 1h}\n"
    "accounts:\n"
    "  - name: gmail\n"
    "    gmail: alerts@example.com\n"
    "    password_file: /etc/tocsin/app-password\n"
    "  - name: other\n"
    "    smtp: {host: mail.example.org, port: 587, user: u@example.org, "
    "password_file: /f, tls: starttls}\n"
    "outputs:\n"
    "  - {name: ops,    account: gmail, to: [ops@example.com]}\n"
    "  - {name: oncall, account: gmail, to: [oncall@example.com, "
    "lead@example.com]}\n"
    "  - {name: local,  maildir: /var/mail/tocsin}\n";

TEST(config, the_language_by_example_is_taken_as_far_as_it_is_built)
{
    struct config *config = load_good(by_example);
    ck_assert_uint_eq(config->sources.count, 3);
    ck_assert_slice(labels_find(&config->source_list[1].labels, SLICE("team")), "shop");
    ck_assert_uint_eq(config->source_list[2].index, 2);
    ck_assert_uint_eq(config->compiled_routes.count, 3);
    ck_assert_int_eq(config->compiled_routes.items[1].digest_minute, 8 * 60);
    config_free(config);
}

TEST(config, a_key_that_is_not_built_yet_says_what_is)
{
    check_refused_for(
        SOURCES RULES OUTPUTS "silences: []\n",
        "unknown key 'silences' in this configuration; it can have: "
        "include, sources, http, spool, rules, routes, accounts, outputs, "
        "state_dir, damaged_store, control, host, redact, redact_built_in, settle");
}

TEST(config, variables_of_the_environment_are_filled_in)
{
    setenv("TOCSIN_TEST_DIR", "/srv/x", 1);
    unsetenv("TOCSIN_TEST_NONE");
    struct config *config =
        load_good(SOURCES RULES OUTPUTS "state_dir: ${TOCSIN_TEST_DIR}/state\n"
                                        "host: ${TOCSIN_TEST_NONE:-web1}\n");
    ck_assert_slice(config->state_dir.value, "/srv/x/state");
    ck_assert_slice(config->host_name, "web1");
    config_free(config);
}

/* --- what is wrong --------------------------------------------------------------- */

TEST(config, C08_mistakes_of_all_parts_come_in_one_run)
{
    static const char *const places[] = {
        "\nt.yaml:5:14: error: ",  "\nt.yaml:7:10: error: ",  "\nt.yaml:8:17: error: ",
        "\nt.yaml:10:28: error: ", "\nt.yaml:11:27: error: ", "\nt.yaml:11:39: error: "
    };
    ck_assert_ptr_null(load_text("sources:\n"
                                 "  - {name: auth, file: [/var/log/auth.log]}\n"
                                 "rules:\n"
                                 "  - name: oom\n"
                                 "    match: 'a(b'\n"
                                 "routes:\n"
                                 "  - to: [nobody]\n"
                                 "    group_wait: soon\n"
                                 "outputs:\n"
                                 "  - {name: local, maildir: mail}\n"
                                 "  - {name: mail, account: gmial, to: [ops]}\n"));
    ck_assert_msg(strncmp(out.ptr, "t.yaml:2:12: error: ", 20) == 0, "%s", out.ptr);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        ck_assert_msg(strstr(out.ptr, places[i]) != NULL, "%s in %s", places[i],
                      out.ptr);
}

TEST(config, a_source_reads_one_of_files_journal_and_stdin)
{
    check_refused(
        "sources:\n"
        "  - {name: a}\n"
        "  - {name: b, files: [/x], stdin: true}\n"
        "  - {name: c, stdin: true}\n"
        "  - {name: a, files: [/x]}\n" RULES OUTPUTS,
        "t.yaml:2:12: error: this source reads nothing; give it 'files: [...]', "
        "'journal: {}' or 'stdin: true'\n"
        "   2 |   - {name: a}\n"
        "     |            ^\n"
        "t.yaml:3:12: error: a source reads one of files, journal and stdin; make two "
        "sources of it\n"
        "   3 |   - {name: b, files: [/x], stdin: true}\n"
        "     |            ^\n"
        "t.yaml:4:5: error: stdin is read by the source 'b' already\n"
        "   4 |   - {name: c, stdin: true}\n"
        "     |     ^\n"
        "t.yaml:5:12: error: a source 'a' stands in t.yaml:2 already\n"
        "   5 |   - {name: a, files: [/x]}\n"
        "     |            ^\n");
}

TEST(config, a_label_in_group_by_that_no_alert_has_is_a_warning)
{
    struct config *config = load_text(
        SOURCES RULES OUTPUTS "routes: [{to: local, group_by: [rule, hots]}]\n");
    ck_assert_ptr_nonnull(config);
    ck_assert_ptr_nonnull(strstr(out.ptr, "'group_by' names 'hots', but no rule and no "
                                          "source sets such a label, did you mean "
                                          "'host'?"));
    config_free(config);
}

static void check_warned(const char *route, const char *text)
{
    struct config *config =
        load_text(arena_printf(&kept,
                               SOURCES RULES OUTPUTS
                               "routes: [{match: [%s], to: local}, {to: local}]\n",
                               route));
    ck_assert_ptr_nonnull(config);
    ck_assert_ptr_nonnull(out.ptr);
    ck_assert_msg(strstr(out.ptr, text) != NULL, "%s", out.ptr);
    config_free(config);
}

TEST(config, a_route_for_what_no_alert_has_is_a_warning)
{
    check_warned("severity=critcal",
                 "no alert has the severity 'critcal'; there are info, warning and "
                 "critical, did you mean 'critical'?");
    check_warned("rule=opps", "there is no rule 'opps'");
    check_warned("hots=a", "'match' names 'hots'");
    config_free(load_good(SOURCES RULES OUTPUTS
                          "routes: [{match: [rule=tocsin, severity!=x], to: local},"
                          " {to: local}]\n"));
}

TEST(config, labels_of_a_source_have_names_that_conditions_can_say)
{
    check_refused_for("sources:\n"
                      "  - {name: a, files: [/x], labels: {'1 b': c}}\n" RULES OUTPUTS,
                      "t.yaml:2:37: error: the name of a label has letters, digits and "
                      "'_', and starts with no digit\n");
}

TEST(config, without_outputs_nothing_can_be_mailed)
{
    check_refused(SOURCES RULES,
                  "t.yaml: error: there are no outputs, so no mail can go anywhere\n");
}

TEST(config, several_outputs_need_routes)
{
    check_refused(SOURCES RULES OUTPUTS "  - {name: other, maildir: /var/mail/other}\n",
                  "t.yaml: error: there are 2 outputs and no 'routes'; say which alert "
                  "goes to which\n");
}

TEST(config, a_text_that_is_no_map_is_one_mistake)
{
    check_refused("- a\n",
                  "t.yaml:1:1: error: expected a map of keys ('key: value') for the "
                  "configuration\n"
                  "   1 | - a\n"
                  "     | ^\n");
}

TEST(config, host_and_folders_are_checked)
{
    check_refused_for(SOURCES RULES OUTPUTS "host: 'a b'\n",
                      "host: a host name has 1 to 253 letters, digits, '-' and '.'");
    check_refused_for(SOURCES RULES OUTPUTS "state_dir: state\n",
                      "state_dir: a folder is written from the top: /...");
    char yaml[1000];
    snprintf(yaml, sizeof yaml, SOURCES RULES OUTPUTS "control: /%0200d\n", 0);
    check_refused_for(yaml, "control: the path of a socket has 1 to 107 bytes");
}

TEST(config, without_rules_and_sources_there_is_a_warning)
{
    struct config *config = load_text(OUTPUTS);
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(
        out.ptr, "t.yaml: warning: there are no sources, so nothing is read\n"
                 "t.yaml: warning: there are no rules, so nothing is ever mailed\n");
    config_free(config);
}

/* --- files ----------------------------------------------------------------------- */

static const char *put_file(const char *folder, const char *name, const char *text)
{
    const char *path = arena_printf(&kept, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
    return path;
}

static struct config *load_file(const char *path)
{
    buf_free(&out);
    out = buf_make(256 * 1024);
    return config_load(path, &out, false);
}

/** What was printed, with the test's own folder as "DIR". */
static const char *printed_in(const char *folder)
{
    static struct buf text;
    struct slice rest = buf_slice(&out), name = slice_of(folder);
    buf_free(&text);
    text = buf_make(256 * 1024);
    while (rest.len > 0) {
        size_t at = slice_find(rest, name);
        size_t length = at == SIZE_MAX ? rest.len : at;
        buf_put(&text, slice_make(rest.ptr, length));
        if (at != SIZE_MAX) {
            buf_puts(&text, "DIR");
            length += name.len;
        }
        rest = slice_make(rest.ptr + length, rest.len - length);
    }
    return text.ptr ? text.ptr : "";
}

#define ck_assert_printed(folder, text) ck_assert_str_eq(printed_in(folder), text)

TEST(config, included_files_are_added_in_the_order_of_their_names)
{
    static const char *folder;
    folder = unit_test_folder();
    char rules[4096];
    snprintf(rules, sizeof rules, "%s/rules.d", folder);
    ck_assert_int_eq(mkdir(rules, 0700), 0);
    char text[200];
    static const char *const names[] = { "b", "a", "c" };
    for (size_t i = 0; i < 3; i++) {
        char name[16];
        snprintf(text, sizeof text,
                 "rules: [{name: %s, match: x, samples: {match: [x]}}]\n", names[i]);
        snprintf(name, sizeof name, "%s.yaml", names[i]);
        put_file(rules, name, text);
    }
    put_file(rules, "d.yaml~", "nonsense: 1\n");
    const char *path = put_file(
        folder, "tocsin.yaml",
        "include: [rules.d/*.yaml, rules.d/b.yaml, '*.yaml']\n" SOURCES OUTPUTS);
    struct config *config = load_file(path);
    ck_assert_msg(config != NULL, "%s", out.ptr);
    ck_assert_msg(out.len == 0, "%s", out.ptr);
    ck_assert_uint_eq(rules_count(config->compiled_rules), 3);
    ck_assert_slice(rule_name(rules_get(config->compiled_rules, 0)), "a");
    ck_assert_slice(rule_name(rules_get(config->compiled_rules, 2)), "c");
    config_free(config);
}

TEST(config, files_that_include_each_other_are_read_once)
{
    static const char *folder;
    folder = unit_test_folder();
    const char *path =
        put_file(folder, "tocsin.yaml", "include: [b.yaml]\n" SOURCES OUTPUTS);
    put_file(folder, "b.yaml", "include: [tocsin.yaml, ./b.yaml]\n" RULES);
    struct config *config = load_file(path);
    ck_assert_msg(config != NULL, "%s", out.ptr);
    config_free(config);
}

TEST(config, a_mistake_in_an_included_file_names_that_file)
{
    static const char *folder;
    folder = unit_test_folder();
    const char *path =
        put_file(folder, "tocsin.yaml", "include: more.yaml\n" SOURCES RULES OUTPUTS);
    put_file(folder, "more.yaml", "# more\nsetle: 1s\n");
    ck_assert_ptr_null(load_file(path));
    ck_assert_printed(folder, "DIR/more.yaml:2:1: error: unknown key 'setle' in this "
                              "configuration, did you mean 'settle'?\n"
                              "   2 | setle: 1s\n"
                              "     | ^~~~~\n");
}

TEST(config, a_broken_included_file_stops_no_other_from_being_checked)
{
    static const char *folder;
    folder = unit_test_folder();
    const char *path = put_file(folder, "tocsin.yaml",
                                "include: [a.yaml, b.yaml]\nsetle: 1s\n" OUTPUTS);
    put_file(folder, "a.yaml", "rules: [\n");
    put_file(folder, "b.yaml", "settle: 5\n");
    ck_assert_ptr_null(load_file(path));
    ck_assert_printed(
        folder,
        "DIR/a.yaml:2:1: error: the file ends where a value should stand; is a '[' or "
        "'{' not closed?\n"
        "DIR/b.yaml:1:9: error: settle: expected a duration like 30s or 5m, found "
        "the number 5; it needs its unit: 5s\n"
        "   1 | settle: 5\n"
        "     |         ^\n"
        "DIR/tocsin.yaml:2:1: error: unknown key 'setle' in this configuration, "
        "did you mean 'settle'?\n"
        "   2 | setle: 1s\n"
        "     | ^~~~~\n");
}

TEST(config, an_include_that_is_not_there_is_shown_where_it_is_wanted)
{
    static const char *folder;
    folder = unit_test_folder();
    const char *path = put_file(folder, "tocsin.yaml",
                                "include: [none.yaml, '.']\n" SOURCES RULES OUTPUTS);
    ck_assert_ptr_null(load_file(path));
    ck_assert_printed(
        folder, "DIR/tocsin.yaml:1:11: error: cannot open 'DIR/none.yaml': No such "
                "file or directory\n"
                "   1 | include: [none.yaml, '.']\n"
                "     |           ^~~~~~~~~\n"
                "DIR/tocsin.yaml:1:22: error: 'DIR/.' is a folder, not a file\n"
                "   1 | include: [none.yaml, '.']\n"
                "     |                      ^~~\n");
}

TEST(config, a_glob_that_matches_nothing_is_a_warning)
{
    static const char *folder;
    folder = unit_test_folder();
    const char *path = put_file(folder, "tocsin.yaml",
                                "include: [none/*.yaml]\n" SOURCES RULES OUTPUTS);
    struct config *config = load_file(path);
    ck_assert_ptr_nonnull(config);
    ck_assert_printed(folder, "DIR/tocsin.yaml:1:11: warning: no file matches "
                              "'DIR/none/*.yaml'\n"
                              "   1 | include: [none/*.yaml]\n"
                              "     |           ^~~~~~~~~~~\n");
    config_free(config);
}

TEST(config, a_file_that_is_not_there_or_too_large_is_refused)
{
    static const char *folder;
    folder = unit_test_folder();
    char path[4096];
    snprintf(path, sizeof path, "%s/none.yaml", folder);
    ck_assert_ptr_null(load_file(path));
    ck_assert_printed(
        folder, "error: cannot open 'DIR/none.yaml': No such file or directory\n");
    char *text = mem_zalloc(LIMIT_CONFIG_BYTES + 2);
    memset(text, '#', LIMIT_CONFIG_BYTES + 1);
    ck_assert_ptr_null(load_file(put_file(folder, "large.yaml", text)));
    ck_assert_printed(folder, "error: 'DIR/large.yaml' is larger than 1024 KiB\n");
    free(text);
}

TEST(config, the_number_of_files_is_bounded)
{
    static const char *folder;
    folder = unit_test_folder();
    for (int i = 0; i < LIMIT_CONFIG_FILES; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%03d.yaml", i);
        put_file(folder, name, "");
    }
    const char *path = put_file(folder, "tocsin.yml", "include: ['*.yaml']\n");
    ck_assert_ptr_null(load_file(path));
    ck_assert_ptr_nonnull(
        strstr(out.ptr, "error: more than 256 files make up this configuration"));
}

TEST(config, C15_a_file_that_every_user_can_change_is_a_warning)
{
    static const char *folder;
    folder = unit_test_folder();
    const char *path = put_file(folder, "tocsin.yaml", SOURCES RULES OUTPUTS);
    ck_assert_int_eq(chmod(path, 0646), 0);
    struct config *config = load_file(path);
    ck_assert_ptr_nonnull(config);
    ck_assert_printed(folder,
                      "DIR/tocsin.yaml: warning: every user can change this file; "
                      "chmod o-w 'DIR/tocsin.yaml'\n");
    config_free(config);
}

TEST(config, lists_of_in_file_start_at_the_folder_of_the_first_file)
{
    static const char *folder;
    folder = unit_test_folder();
    static const char rules[] = "rules:\n"
                                "  - name: r\n"
                                "    match: '(?<user>\\S+)'\n"
                                "    where: [user in_file staff.txt]\n"
                                "    samples: {match: [eve]}\n";
    char text[2000];
    snprintf(text, sizeof text, "%s%s%s", SOURCES, rules, OUTPUTS);
    put_file(folder, "staff.txt", "eve\n");
    struct config *config = load_file(put_file(folder, "tocsin.yaml", text));
    ck_assert_msg(config != NULL, "%s", out.ptr);
    config_free(config);
    char list[4096];
    snprintf(list, sizeof list, "%s/staff.txt", folder);
    ck_assert_int_eq(unlink(list), 0);
    ck_assert_ptr_null(load_file(put_file(folder, "tocsin.yaml", text)));
    ck_assert_msg(strstr(out.ptr, "staff.txt': No such file") != NULL, "%s", out.ptr);
}

/* --- this host ------------------------------------------------------------------- */

TEST(config, what_this_host_lacks_is_warned_of_at_its_place)
{
    struct config *config = load_text(
        "sources:\n"
        "  - {name: a, files: [/nonexistent/a.log, '/nonexistent/*.log', /dev/null, "
        "a.log]}\n"
        "rules:\n"
        "  - {name: oom, match: 'Out of memory'}\n"
        "accounts:\n"
        "  - {name: g, gmail: a@gmail.com, password_file: /nonexistent/secret}\n"
        "  - {name: c, gmail: a@gmail.com, password_command: [/nonexistent/pass, x]}\n"
        "outputs:\n"
        "  - {name: me, account: g, to: [a@gmail.com]}\n");
    ck_assert_msg(config != NULL, "%s", out.ptr);
    buf_clear(&out);
    config_probe(config, &out, false);
    ck_assert_ptr_null(strstr(out.ptr, "secret")); /* not read in the agent */
    config_probe_accounts(config, &out, false);
    ck_assert_ptr_nonnull(
        strstr(out.ptr, "t.yaml:2:23: warning: there is no file '/nonexistent/a.log'"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "no file matches '/nonexistent/*.log'"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "t.yaml:6:50: warning: "));
    ck_assert_ptr_nonnull(strstr(out.ptr, "'/nonexistent/secret'"));
    ck_assert_ptr_nonnull(
        strstr(out.ptr, "'/nonexistent/pass' cannot be run: No such"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "'/dev/null'"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "write it from the top: /..."));
    buf_clear(&out);
    config_advise(config, &out, false);
    ck_assert_ptr_nonnull(strstr(out.ptr, "rule 'oom' has no samples"));
    config_free(config);
}
