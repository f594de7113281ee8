/** help, version, completion, schema and man: what the tables say about themselves. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/schema_doc.h"
#include "agent/cli.h"
#include "agent/config.h"
#include "build.h"

int cmd_help(int argc, char **argv)
{
    const char *wanted = argc > 1 ? argv[1] : NULL;
    if (!wanted)
        puts("tocsin - alert mails from logs that you can trust\n");
    for (const struct command *command = commands; command->name; command++) {
        if (wanted && strcmp(wanted, command->name) != 0)
            continue;
        if (!wanted && command->is_hidden)
            continue;
        if (wanted)
            printf("usage: tocsin %s %s\n\n%s\n", command->name, command->args,
                   command->about ? command->about : command->help);
        else
            printf("  %-11s %s\n", command->name, command->help);
    }
    if (!wanted)
        puts("\nThe configuration is /etc/tocsin/tocsin.yaml, or -c FILE: see "
             "tocsin.yaml(5).");
    return EX_OK;
}

int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("tocsin %s\n", PACKAGE_VERSION);
    puts("inputs: files stdin; outputs: smtp maildir");
    return EX_OK;
}

int cmd_completion(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], "bash") != 0)
        return cli_usage("completion");
    printf("complete -W \"");
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden)
            printf("%s ", command->name);
    }
    puts("\" -o default tocsin");
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

static void put_man_commands(struct buf *out)
{
    buf_puts(out,
             ".TH TOCSIN 1 \"\" \"tocsin " PACKAGE_VERSION "\"\n"
             ".SH NAME\ntocsin \\- alert mails from logs that you can trust\n"
             ".SH SYNOPSIS\n.B tocsin\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n"
             ".SH DESCRIPTION\n"
             "tocsin follows log files, matches their lines against rules, groups and "
             "limits what it finds, and mails it through Gmail or any SMTP server from "
             "a durable outbox. The configuration is described in\n"
             ".BR tocsin.yaml (5).\n.SH COMMANDS\n");
    for (const struct command *command = commands; command->name; command++) {
        if (command->is_hidden)
            continue;
        buf_printf(out, ".TP\n.B %s\n\\fR%s\n.br\n%s.\n", command->name, command->args,
                   command->help);
        if (command->about)
            buf_printf(out, ".br\n%s\n", command->about);
    }
    buf_puts(out,
             ".SH EXIT STATUS\nThose of\n.IR sysexits.h :\n"
             "0 done, 1 a test failed, 64 wrong call, 69 no agent answers or another "
             "one is running, 74 input or output failed, 75 mails wait for a later "
             "try, 77 permission, 78 configuration.\n"
             ".SH FILES\n.TP\n.I /etc/tocsin/tocsin.yaml\nthe configuration\n"
             ".TP\n.I /var/lib/tocsin/tocsin.db\noutbox, open groups and positions\n"
             ".TP\n.I /run/tocsin/control.sock\nwhere the commands ask the agent\n"
             ".SH SEE ALSO\n.BR tocsin.yaml (5)\n");
}

int cmd_man(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "1") != 0 && strcmp(argv[1], "5") != 0))
        return cli_usage("man");
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    if (argv[1][0] == '1')
        put_man_commands(&out);
    else
        schema_put_man(&config_schema, &out);
    cli_print(&out);
    buf_free(&out);
    return EX_OK;
}
