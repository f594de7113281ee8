/** help, version, completion, schema and man: what the tables say about themselves. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/base/db.h"
#include "agent/base/limits.h"
#include "agent/base/schema_doc.h"
#include "agent/base/yaml.h"
#include "agent/cli.h"
#include "agent/config.h"
#include "agent/inputs/journal_ops.h"
#include "agent/inputs/webhook/words.h"
#include "agent/loop.h"
#include "build.h"
#include "rules/regex.h"

enum { WIDTH = 79, TEXT_BYTES = 64 * 1024 };

/** @text in lines of at most WIDTH columns. */
static void put_wrapped(struct buf *out, const char *text)
{
    struct slice rest = slice_of(text), word;
    size_t column = 0;
    while (slice_next(&rest, ' ', &word)) {
        if (column > 0 && column + 1 + word.len > WIDTH) {
            buf_putc(out, '\n');
            column = 0;
        }
        if (column > 0)
            buf_putc(out, ' ');
        column += word.len + (column > 0);
        buf_put(out, word);
    }
    buf_putc(out, '\n');
}

static void put_command_help(const struct command *command, struct buf *out)
{
    buf_printf(out, "usage: tocsin %s%s%s\n\n", command->name,
               command->args[0] ? " " : "", command->args);
    put_wrapped(out, command->about ? command->about : command->help);
    if (command->options)
        buf_printf(out, "\n%s", command->options);
}

static void put_help(struct buf *out)
{
    buf_puts(out, "tocsin - alert mails from logs that you can trust\n\n");
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden)
            buf_printf(out, "  %-11s %s\n", command->name, command->help);
    }
    buf_puts(out, "\n`tocsin help COMMAND` or `tocsin COMMAND --help` says more.\n"
                  "The configuration is /etc/tocsin/tocsin.yaml, or -c FILE: see "
                  "tocsin.yaml(5).\n");
}

int cmd_help(int argc, char **argv)
{
    struct buf out = buf_make(TEXT_BYTES);
    const struct command *command = argc > 1 ? cli_find(argv[1]) : NULL;
    if (argc > 2 || (argc == 2 && !command))
        return argc == 2 ? cli_unknown(argv[1]) : cli_usage("help");
    if (command)
        put_command_help(command, &out);
    else
        put_help(&out);
    cli_print(&out);
    buf_free(&out);
    return EX_OK;
}

int cmd_version(int argc, char **argv)
{
    struct buf out = buf_make(TEXT_BYTES);
    (void)argc;
    (void)argv;
    buf_printf(&out, "tocsin %s\ninputs: ", PACKAGE_VERSION);
    inputs_put_kinds(&out);
    buf_puts(&out, "\noutputs: smtp gmail-api webhook maildir\nlibraries: ");
    regex_put_version(&out);
    buf_puts(&out, ", ");
    db_put_version(&out);
    buf_puts(&out, ", ");
    loop_put_version(&out);
    buf_puts(&out, ", ");
    yaml_put_version(&out);
    buf_puts(&out, ", ");
    inputs_put_archives(&out);
    buf_puts(&out, "\n  ");
    links_curl_put_version(&out);
    buf_puts(&out, ", ");
    journal_put_version(&out);
    buf_putc(&out, '\n');
    cli_print(&out);
    buf_free(&out);
    return EX_OK;
}

/* --- completion ------------------------------------------------------------------- */

/** The words that the lines of a command's options begin with: "-c", "--config". */
static void put_words(const char *options, struct buf *out)
{
    struct slice rest = slice_of(options), line, word;
    while (slice_next(&rest, '\n', &line)) {
        if (!slice_starts(line, SLICE("  ")) || line.ptr[2] == ' ')
            continue;
        bool is_first = true;
        line = slice_trim(line);
        while (slice_next(&line, ' ', &word) && (is_first || word.ptr[0] == '-')) {
            if (word.len > 0 && word.ptr[word.len - 1] == ',')
                word.len--;
            buf_putc(out, ' ');
            buf_put(out, word);
            is_first = false;
            if (line.len == 0 || line.ptr[0] == ' ')
                break;
        }
    }
}

static void put_completion(struct buf *out)
{
    buf_puts(out, "_tocsin() {\n"
                  "    local words='' word=${COMP_WORDS[COMP_CWORD]}\n"
                  "    case $COMP_CWORD:${COMP_WORDS[1]} in\n"
                  "    1:*) words='");
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden)
            buf_printf(out, "%s%s", command == commands ? "" : " ", command->name);
    }
    buf_puts(out, "' ;;\n    2:help) words='");
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden)
            buf_printf(out, "%s%s", command == commands ? "" : " ", command->name);
    }
    buf_puts(out, "' ;;\n");
    for (const struct command *command = commands; command->name; command++) {
        if (!command->options)
            continue;
        buf_printf(out, "    *:%s) words='--help", command->name);
        put_words(command->options, out);
        buf_puts(out, "' ;;\n");
    }
    buf_puts(out, "    esac\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                  "}\n"
                  "complete -o default -F _tocsin tocsin\n");
}

int cmd_completion(int argc, char **argv)
{
    struct buf out = buf_make(TEXT_BYTES);
    if (argc != 2 || strcmp(argv[1], "bash") != 0)
        return cli_usage("completion");
    put_completion(&out);
    cli_print(&out);
    buf_free(&out);
    return EX_OK;
}

int cmd_schema(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    schema_put_json_schema(&config_schema, &out);
    cli_print(&out);
    buf_free(&out);
    return EX_OK;
}

/** Text for roff: hyphens as they are typed, and no line that is a request. */
static void put_roff(struct buf *out, const char *text)
{
    bool is_line_start = true;
    for (const char *c = text; *c; c++) {
        if (is_line_start && (*c == '.' || *c == '\''))
            buf_puts(out, "\\&");
        is_line_start = *c == '\n';
        if (*c == '-')
            buf_puts(out, "\\-");
        else if (*c == '\\')
            buf_puts(out, "\\e");
        else if (*c == '\'')
            buf_puts(out, "\\(aq");
        else
            buf_putc(out, *c);
    }
}

static void put_man_command(const struct command *command, struct buf *out)
{
    buf_printf(out, ".SS tocsin %s ", command->name);
    put_roff(out, command->args);
    buf_putc(out, '\n');
    put_roff(out, command->about ? command->about : command->help);
    buf_puts(out, command->about ? "\n" : ".\n");
    if (!command->options)
        return;
    buf_puts(out, ".PP\n.nf\n");
    put_roff(out, command->options);
    buf_puts(out, ".fi\n");
}

static void put_man_exit_codes(struct buf *out)
{
    buf_puts(out, ".SH EXIT STATUS\nThose of\n.IR sysexits.h :\n");
    for (const struct exit_code *code = exit_codes; code->meaning; code++) {
        buf_printf(out, ".TP\n.B %d\n", code->code);
        put_roff(out, code->meaning);
        buf_putc(out, '\n');
    }
}

static const char man_head[] =
    ".TH TOCSIN 1 \"\" \"tocsin " PACKAGE_VERSION "\" \"User commands\"\n"
    ".SH NAME\ntocsin \\- alert mails from logs that you can trust\n"
    ".SH SYNOPSIS\n.B tocsin\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n"
    ".SH DESCRIPTION\n"
    "tocsin follows log files, matches their lines against rules, groups and "
    "limits what it finds, and mails it through Gmail or any SMTP server from "
    "a durable outbox. A line is counted once, over kill \\-9, power loss and "
    "rotation; "
    "a mail counts as sent when the server has accepted it. The configuration is "
    "described in\n"
    ".BR tocsin.yaml (5).\n.SH COMMANDS\n";

static const char man_tail[] =
    ".SH SIGNALS\n"
    ".TP\n.BR SIGTERM \", \" SIGINT\nFinish the mail under way (at most 10 seconds), "
    "store everything, end. Twice: end at once; nothing that was stored is lost.\n"
    ".TP\n.B SIGHUP\nRead the configuration again. Open groups, counts and mails "
    "go on. A configuration with errors changes nothing.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B NO_COLOR\nNo colours, when it is not empty.\n"
    ".TP\n.B TZ\nThe zone of times in mails, when it names one; otherwise that of "
    "/etc/localtime.\n"
    ".TP\n.B TMPDIR\nWhere the store of a dry run is, and the folder of a scenario "
    "(without it: /dev/shm).\n"
    ".SH FILES\n.TP\n.I /etc/tocsin/tocsin.yaml\nThe configuration.\n"
    ".TP\n.I /var/lib/tocsin/tocsin.db\nOutbox, open groups and positions "
    "(state_dir:). "
    "Only the agent opens it.\n"
    ".TP\n.I /run/tocsin/control.sock\nWhere status and queue ask the agent "
    "(control:). "
    "It answers its own user and root.\n"
    ".SH EXAMPLES\n"
    ".TP\nWhat would be mailed of the logs as they are, without sending anything:\n"
    ".B tocsin run \\-\\-dry\\-run \\-\\-once\n"
    ".TP\nWhy has no mail come?\n"
    ".B tocsin status; tocsin queue\n"
    ".TP\nA new configuration:\n"
    ".B tocsin check && systemctl reload tocsin\n"
    ".TP\nA mail server to try against, for accounts with smtp: {host: localhost, "
    "port: "
    "2525, tls: none}:\n"
    ".B tocsin sink \\-\\-plain \\-\\-smtp 2525 \\-\\-print\n"
    ".SH SEE ALSO\n.BR tocsin.yaml (5)\n";

static void put_man_commands(struct buf *out)
{
    buf_puts(out, man_head);
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden)
            put_man_command(command, out);
    }
    put_man_exit_codes(out);
    buf_puts(out, man_tail);
}

static const char man_of_rules[] =
    ".SH CONDITIONS\n"
    "Those of rules (where:) ask for named groups, labels and what every line has; "
    "those "
    "of routes (match:) for labels. All in a list must hold. A name that is not there "
    "is "
    "the empty text. A value may stand in double quotes.\n"
    ".TP\n.BR \"user=root, user!=root\"\nThe same bytes, or not.\n"
    ".TP\n.BR \"host=\\(tidb[0-9]+, host!\\(tidb[0-9]+\"\nA PCRE2 pattern, which has "
    "to match "
    "the whole value.\n"
    ".TP\n.BR \"ms>=500, n<5, n<=5, n>5\"\nDecimal numbers. It does not hold when "
    "either "
    "side is none.\n"
    ".TP\n.B ip in_cidr 10.0.0.0/8\nAn IPv4 or IPv6 address within a network.\n"
    ".TP\n.B user in_file staff.txt\nA line of the file, which is read with the "
    "configuration; # begins a comment.\n"
    ".SH TEMPLATES\n"
    "summary, description, severity and the values of a rule's labels:\n"
    ".TP\n.B {{name}}\nA named group of the pattern, a label, or line, path, file, "
    "source, "
    "host, rule, offset; nothing when it is missing.\n"
    ".TP\n.B {{#name}}...{{/name}}\nThe inside, when it is there and not empty.\n"
    ".TP\n.B {{\\(haname}}...{{/name}}\nThe inside, when it is missing or empty.\n"
    ".TP\n.B {{! text}}\nA comment.\n";

static const char man_of_posts[] =
    ".SH WHAT IS POSTED\n"
    "Who posts is told by path and body; a body of Alertmanager (version 4) or Grafana "
    "(version 1 with orgId) is known on every path that takes JSON.\n"
    ".TP\n.B /webhook/alertmanager, /webhook/grafana\nGroups of alerts, as a "
    "webhook_config or a contact point sends them.\n"
    ".TP\n.B /webhook/generic\nAny JSON object, or a list of them; see the block "
    "generic.\n"
    ".TP\n.B /webhook/text?severity=critical&status=resolved\nPlain text "
    "(Content\\-Type: text/plain); its first line is the title, and the query may be "
    "left out.\n"
    ".PP\n"
    "Firing and resolved are one alert by its fingerprint, or else by labels and "
    "title. The same posted again (the same startsAt or an earlier one, the same text "
    "where there is none) is not counted and not told again; a later startsAt is. "
    "Resolved ends the alert: that is mailed in its thread, whatever the route's "
    "send_resolved says, because the sender can be told not to send it. Resolved "
    "without firing is told once, as over. For a day a second \"resolved\" is known as "
    "such. An alert that its sender does not repeat for resolve_after (texts: an hour "
    "at most) is over, up to a sixteenth earlier.\n"
    ".PP\n"
    "Labels are those that were sent, and rule (their alertname, or the title), "
    "severity and host (this one, where none was sent). A rule with "
    "\\(aqfrom: http\\(aq takes alerts over. A body that is no JSON, nests more than "
    "32 "
    "levels or has a key twice is refused (400), and so is one with more than 1000 "
    "alerts (413); nothing else is: what is no text is replaced, and that is said in "
    "the mail; fields of an odd type are passed over and counted.\n"
    ".PP\n"
    "Words for severities, in the label severity, level or priority; others are "
    "warning:\n";

static const char man_of_webhooks[] =
    ".SH WHAT A WEBHOOK GETS\n"
    "One POST of application/json for each mail, without redirects, over TLS 1.2 at "
    "least with a certificate that is verified:\n"
    ".TP\n.B text\nTitle and text, at most 3500 bytes of it, for chats (Slack, "
    "Mattermost, Rocket.Chat and others that take such a field). What would call "
    "people there or hide an address behind other words is made harmless.\n"
    ".TP\n.B title\n.TQ\n.B body\nSubject and whole text.\n"
    ".TP\n.B severity\n.TQ\n.B reason\n"
    "info, warning or critical; first, new, repeat, resolved, digest or held.\n"
    ".TP\n.B rule\n.TQ\n.B route\n.TQ\n.B host\n.TQ\n.B date\nTexts that may be "
    "empty.\n"
    ".TP\n.B new_count\n.TQ\n.B total_count\n"
    "Numbers: lines or alerts that are new here, and in all of the thread.\n"
    ".TP\n.B id\nThe same in each attempt: a receiver that keeps it can drop a second "
    "copy, which may come when the connection broke before the answer.\n"
    ".TP\n.B source\n\"tocsin\".\n"
    ".PP\n"
    "2xx: it has it. 429, 408, 425, 5xx: again later, after Retry\\-After where it is "
    "said. 401, 403, 404, 410, 3xx: the output waits until its file changes, or half "
    "an hour. 413: again, shorter. Any other 4xx: given up, and told.\n";

static const char man_of_example[] =
    ".SH EXAMPLE\n.nf\n"
    "sources:\n"
    "  \\- {name: auth, files: [/var/log/auth.log]}\n"
    "rules:\n"
    "  \\- name: failed\\-login\n"
    "    match: \\(aqFailed password for (?:invalid user )?(?<user>\\eS+) from "
    "(?<ip>\\eS+)\\(aq\n"
    "    where: user!=backup\n"
    "    by: [ip]\n"
    "    summary: \\(aqfailed logins from {{ip}}\\(aq\n"
    "    samples:\n"
    "      match: [\\(aqFailed password for root from 192.0.2.7 port 22 ssh2\\(aq]\n"
    "routes:\n"
    "  \\- {match: [severity=critical], to: [me], group_wait: 0s}\n"
    "  \\- {to: [me], limit: {mails: 12, per: 1h}}\n"
    "accounts:\n"
    "  \\- {name: gmail, gmail: you@gmail.com, password_file: "
    "/etc/tocsin/app\\-password}\n"
    "outputs:\n"
    "  \\- {name: me, account: gmail, to: [you@gmail.com]}\n"
    ".fi\n";

/** Which word means which severity. */
static void put_man_severities(struct buf *out)
{
    for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--) {
        const char *separator = "";
        buf_printf(out, ".TP\n.B %s\n", severity_names[severity]);
        for (const struct severity_word *word = severity_words; word->word; word++) {
            if ((int)word->severity != severity)
                continue;
            buf_printf(out, "%s%s", separator, word->word);
            separator = ", ";
        }
        buf_puts(out, "\n");
    }
}

static void put_man_prose(struct buf *out)
{
    buf_puts(out, man_of_rules);
    buf_puts(out, man_of_posts);
    put_man_severities(out);
    buf_puts(out, man_of_webhooks);
    buf_puts(out, man_of_example);
}

int cmd_man(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "1") != 0 && strcmp(argv[1], "5") != 0))
        return cli_usage("man");
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    struct buf prose = buf_make(LIMIT_CONFIG_BYTES);
    put_man_prose(&prose);
    if (argv[1][0] == '1')
        put_man_commands(&out);
    else
        schema_put_man(&config_schema, prose.ptr, &out);
    buf_free(&prose);
    cli_print(&out);
    buf_free(&out);
    return EX_OK;
}
