/** Configurations that are large, odd or senseless: refused in no time and by name, or
 *  taken as they are. */
#include "agent/config.h"

#include <fcntl.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "test.h"

#define OUTPUTS "outputs: [{name: local, maildir: /var/mail/tocsin}]\n"

static struct buf out;

static struct config *load(const struct buf *yaml)
{
    buf_free(&out);
    out = buf_make(256 * 1024);
    return config_load_text("t.yaml", buf_slice(yaml), &out);
}

static size_t count_errors(void)
{
    size_t count = 0;
    for (const char *at = out.ptr; at && (at = strstr(at, ": error: ")); at++)
        count++;
    return count;
}

/** @yaml is refused for one reason, which holds @part and has a place. */
static void check_refused(const char *yaml, const char *part)
{
    struct buf text = buf_make(LIMIT_CONFIG_BYTES);
    buf_puts(&text, yaml);
    ck_assert_msg(load(&text) == NULL, "taken: %s", yaml);
    ck_assert_msg(strstr(out.ptr, part) != NULL, "'%s' is not in:\n%s", part, out.ptr);
    ck_assert_msg(count_errors() == 1, "%s", out.ptr);
    ck_assert_msg(strncmp(out.ptr, "t.yaml:", 7) == 0 && out.ptr[7] > '0', "%s",
                  out.ptr);
    buf_free(&text);
}

/* Reading it would not end before this test is ended. */
TEST(config, C04_of_a_file_of_a_tebibyte_no_more_than_the_limit_is_read)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/huge.yaml", unit_test_folder());
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_eq(ftruncate(fd, INT64_C(1) << 40), 0);
    close(fd);
    buf_free(&out);
    out = buf_make(4096);
    ck_assert_ptr_null(config_load(path, &out, false));
    ck_assert_ptr_nonnull(strstr(out.ptr, "is larger than 1024 KiB"));
}

TEST(config, C07_two_of_a_name_are_refused_whatever_they_are)
{
    check_refused("rules: [{name: r, match: xyz}]\n"
                  "sources: [{name: a, files: [/a]}, {name: a, files: [/b]}]\n" OUTPUTS,
                  "a source 'a' stands in t.yaml:2 already");
    check_refused("sources: [{name: a, files: [/a]}]\n"
                  "rules: [{name: r, match: xyz}, {name: r, match: uvw}]\n" OUTPUTS,
                  "the rule name 'r' stands in line 2");
    check_refused("sources: [{name: a, files: [/a]}]\n"
                  "rules: [{name: r, match: xyz}]\nroutes: [{to: [o]}]\n"
                  "outputs: [{name: o, maildir: /a}, {name: o, maildir: /b}]\n",
                  "two outputs with the name 'o'");
}

TEST(config, C20_a_time_that_makes_no_sense_is_refused_and_never_taken_for_none)
{
    static const struct {
        const char *yaml, *part;
    } rows[] = {
        { "settle: -1s\n", "settle: expected a duration" },
        { "settle: 1e9d\n", "settle: expected a duration" },
        { "settle: 1000000000d\n", "is too large" },
        { "settle: 99999999999999999999d\n", "settle: " },
        { "settle: 1 fortnight\n", "settle: expected a duration" },
        { "settle: ''\n", "settle: expected a duration" },
        { "routes: [{to: [local], group_wait: -5m}]\n", "group_wait: expected" },
        { "routes: [{to: [local], group_interval: 0s}]\n", "group_interval" },
        { "routes: [{to: [local], limit: {mails: 1, per: 0s}}]\n", "per" },
        { "routes: [{to: [local], digest: {at: '24:00'}}]\n", "not a time of day" },
        { "routes: [{to: [local], digest: {at: '8:61'}}]\n", "not a time of day" },
        { "routes: [{to: [local], digest: {at: 8 pm}}]\n", "not a time of day" },
        { "routes: [{to: [local], digest: {at: '08:00', zone: Mars/Base}}]\n",
          "Mars/Base" },
        { "routes: [{to: [local], digest: {at: '08:00', zone: ../../etc/passwd}}]\n",
          "../../etc/passwd" },
    };
    char yaml[1000];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(yaml, sizeof yaml,
                 "sources: [{name: a, files: [/a]}]\n"
                 "rules: [{name: r, match: xyz}]\n%s" OUTPUTS,
                 rows[i].yaml);
        check_refused(yaml, rows[i].part);
    }
}

static void put_rules(struct buf *yaml, size_t count)
{
    buf_puts(yaml, "sources: [{name: a, files: [/a]}]\n" OUTPUTS "rules:\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(yaml, "- {name: r%zu, match: 'failed (\\w+) no %zu'}\n", i, i);
}

TEST(config, C22_ten_thousand_rules_are_taken_and_one_more_is_refused)
{
    struct buf yaml = buf_make(LIMIT_CONFIG_BYTES);
    put_rules(&yaml, LIMIT_RULES);
    struct config *config = load(&yaml);
    ck_assert_msg(config != NULL, "%s", out.ptr);
    ck_assert_uint_eq(rules_count(config->compiled_rules), LIMIT_RULES);
    config_free(config);
    buf_clear(&yaml);
    put_rules(&yaml, LIMIT_RULES + 1);
    ck_assert_ptr_null(load(&yaml));
    ck_assert_ptr_nonnull(strstr(out.ptr, "at most 10000 are allowed"));
    buf_free(&yaml);
}

TEST(config, C24_nobody_one_who_cannot_be_and_a_thousand_are_no_recipients)
{
    static const char head[] = "sources: [{name: a, files: [/a]}]\n"
                               "rules: [{name: r, match: xyz}]\n"
                               "accounts: [{name: g, gmail: a@example.com, "
                               "password_file: /p}]\n";
    struct buf yaml = buf_make(LIMIT_CONFIG_BYTES);
    buf_printf(&yaml, "%soutputs: [{name: o, account: g, to: []}]\n", head);
    check_refused(yaml.ptr, "no recipients");
    static const char *const bad[] = { "ops",
                                       "ops@",
                                       "'@example.com'",
                                       "a b@example.com",
                                       "ops@exam ple.com",
                                       "a@b@c",
                                       "\"a@x.org\\n\"" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf_clear(&yaml);
        buf_printf(&yaml, "%soutputs: [{name: o, account: g, to: [%s]}]\n", head,
                   bad[i]);
        check_refused(yaml.ptr, "not an e-mail address");
    }
    buf_clear(&yaml);
    buf_printf(&yaml, "%soutputs:\n- name: o\n  account: g\n  to:\n", head);
    for (int i = 0; i < 1000; i++)
        buf_printf(&yaml, "  - ops%d@example.com\n", i);
    check_refused(yaml.ptr, "at most 100 recipients");
    buf_free(&yaml);
}
