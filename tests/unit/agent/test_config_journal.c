/** The keys of a journal, in a program with libsystemd and in one without. */
#include "agent/base/limits.h"
#include "agent/config.h"
#include "agent/inputs/journal_ops.h"
#include "test.h"

#define OUTPUTS  \
    "outputs:\n" \
    "  - {name: local, maildir: /var/mail/tocsin}\n"
#define RULES                      \
    "rules:\n"                     \
    "  - name: oom\n"              \
    "    match: 'Out of memory'\n" \
    "    samples: {match: ['Out of memory: Killed process 1'], no_match: ['x']}\n"

static void check_good(const char *yaml)
{
    struct buf out = buf_make(64 * 1024);
    struct config *config = config_load_text("t.yaml", slice_of(yaml), &out);
    ck_assert_msg(config != NULL && out.len == 0, "%s", out.ptr);
    config_free(config);
    buf_free(&out);
}

/** It is refused with one complaint that holds @part. */
static void check_refused_for(const char *yaml, const char *part)
{
    struct buf out = buf_make(64 * 1024);
    ck_assert_ptr_null(config_load_text("t.yaml", slice_of(yaml), &out));
    ck_assert_msg(strstr(out.ptr, part) != NULL, "%s", out.ptr);
    ck_assert_msg(strstr(strstr(out.ptr, "error:") + 1, "error:") == NULL, "%s",
                  out.ptr);
    buf_free(&out);
}

TEST(journal_config, a_journal_beside_files_is_refused)
{
    if (!journal_systemd())
        SKIP_TEST("built without libsystemd");
    check_refused_for("sources:\n"
                      "  - {name: a, files: [/x], journal: {}}\n" RULES OUTPUTS,
                      "a source reads one of files, journal and stdin");
}

TEST(journal_config, a_journal_needs_a_program_that_was_built_with_libsystemd)
{
    const char *yaml = "sources:\n"
                       "  - {name: a, journal: {}}\n" RULES OUTPUTS;
    if (journal_systemd())
        check_good(yaml);
    else
        check_refused_for(
            yaml,
            "t.yaml:2:24: error: journal: this tocsin was built without libsystemd and "
            "cannot read the journal; build it with libsystemd-dev installed, or let "
            "rsyslog write files and name those in 'files'\n"
            "   2 |   - {name: a, journal: {}}\n"
            "     |                        ^\n");
}

TEST(journal_config, the_keys_of_a_journal_are_looked_at)
{
    static const struct {
        const char *keys, *part;
    } rows[] = {
        { "priority: warn", "did you mean 'warning'?" },
        { "boot: last", "expected one of: all, current" },
        { "units: ['ssh*']", "a unit is named in full here" },
        { "units: ['']", "the name of a unit has 1 to 256 bytes" },
        { "identifiers: ['']", "an identifier has 1 to 256 bytes" },
        { "identifiers: [tocsin]", "tocsin does not read what it says itself" },
        { "directory: var/log", "a folder is written from the top: /..." },
        { "unit: ssh", "did you mean 'units'?" },
    };
    char yaml[1000];
    if (!journal_systemd())
        SKIP_TEST("built without libsystemd");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(yaml, sizeof yaml,
                 "sources:\n"
                 "  - {name: a, journal: {%s}}\n%s",
                 rows[i].keys, RULES OUTPUTS);
        check_refused_for(yaml, rows[i].part);
    }
}

TEST(journal_config, too_many_journals_and_too_many_units_are_refused)
{
    struct buf yaml = buf_make(100000);
    if (!journal_systemd())
        SKIP_TEST("built without libsystemd");
    buf_puts(&yaml, "sources:\n");
    for (int i = 0; i <= LIMIT_JOURNALS; i++)
        buf_printf(&yaml, "  - {name: s%d, journal: {}}\n", i);
    buf_puts(&yaml, RULES OUTPUTS);
    check_refused_for(yaml.ptr, "more than 16 sources read a journal");
    buf_clear(&yaml);
    buf_puts(&yaml, "sources:\n  - {name: a, journal: {units: [");
    for (int i = 0; i <= LIMIT_JOURNAL_MATCHES; i++)
        buf_printf(&yaml, "u%d, ", i);
    buf_puts(&yaml, "]}}\n" RULES OUTPUTS);
    check_refused_for(yaml.ptr, "units: more than 50");
    buf_free(&yaml);
}

TEST(journal_config, rules_of_a_journal_may_use_any_field)
{
    if (!journal_systemd())
        SKIP_TEST("built without libsystemd");
    check_good("sources:\n"
               "  - {name: a, journal: {units: ssh, priority: warning}}\n"
               "rules:\n"
               "  - {name: r, match: x, by: [unit], where: [_UID=0],\n"
               "     summary: '{{_COMM}} {{MESSAGE_ID}}',\n"
               "     samples: {match: [x], no_match: [y]}}\n" OUTPUTS);
}
