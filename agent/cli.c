/** The table of commands, and what all of them share. */
#include "agent/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/base/complaint.h"
#include "agent/base/limits.h"
#include "agent/config.h"
#include "agent/control.h"

const struct command commands[] = {
    { "run", "[-c FILE] [--once] [-v|-q]",
      "follow logs and send mails, in the foreground",
      "Runs until SIGTERM. SIGHUP reads the configuration again; a broken one is "
      "refused "
      "and the old one stays in force. With --once everything is read to its end, all "
      "that "
      "was counted is told, sent, and the command ends: 0 when every mail was "
      "accepted, 75 "
      "when some wait in the outbox for the next run.",
      cmd_run, false },
    { "check", "[-c FILE] [-q]",
      "every mistake in the configuration and the rules at once",
      "Prints each mistake with file, line, column, the source line and a remedy, and "
      "warns of rules that cannot fire or have no samples. Exits 0, or 78 after an "
      "error.",
      cmd_check, false },
    { "test", "[-v] [FILE...]", "run rules' samples, and stories on virtual time",
      "A FILE with `scenario:` is a story: lines and server replies with times go in, "
      "mails "
      "and counts are expected. Any other FILE is a configuration, whose rules' "
      "`samples:` "
      "are run; without FILE that is the default one. Exits 0, 1 after a failure, 78 "
      "when "
      "a file cannot be understood.",
      cmd_test, false },
    { "queue", "list|show ID|retry ID|drop ID [-c FILE] [--json]",
      "the outbox and the dead letters of the running agent", NULL, cmd_queue, false },
    { "status", "[-c FILE] [--json]", "accounts, files, open groups and counters", NULL,
      cmd_status, false },
    { "sink", "[OPTIONS]", "a local mail server to try against", NULL, cmd_sink,
      false },
    { "schema", "", "the JSON Schema of the configuration, for editors", NULL,
      cmd_schema, false },
    { "completion", "bash", "completion for the shell, to be sourced", NULL,
      cmd_completion, false },
    { "help", "[COMMAND]", "this text, or a command's", NULL, cmd_help, false },
    { "version", "", "version and how it was built", NULL, cmd_version, false },
    { "man", "1|5", "the manual pages' source, made from the tables", NULL, cmd_man,
      true },
    { NULL, NULL, NULL, NULL, NULL, false },
};

const struct exit_code exit_codes[] = {
    { EX_OK, "Done." },
    { 1, "test: a sample or a story failed." },
    { EX_USAGE, "The command line is wrong." },
    { EX_DATAERR, "What was asked for cannot be done, as to drop a mail that is sent; "
                  "or the store is damaged." },
    { EX_NOINPUT, "There is no such mail or file." },
    { EX_UNAVAILABLE, "No agent answers; or another one runs on the same store; or the "
                      "mail is being handed over just now." },
    { EX_IOERR, "Reading or writing failed." },
    { EX_TEMPFAIL, "Mails wait for a later try (run --once); or the disk is full." },
    { EX_NOPERM, "A permission is missing." },
    { EX_CONFIG, "The configuration, or a file to be tested, has an error." },
    { 0, NULL },
};

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

int cli_fail(int code, const char *format, ...)
{
    va_list args;
    fputs("tocsin: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

int cli_usage(const char *name)
{
    const struct command *command = find_command(name);
    fprintf(stderr, "usage: tocsin %s %s\n", name, command ? command->args : "");
    return EX_USAGE;
}

int cli_exit_code(const struct err *err)
{
    static const int codes[] = {
        [ERR_NONE] = EX_OK,          [ERR_INVALID] = EX_DATAERR,
        [ERR_MISSING] = EX_NOINPUT,  [ERR_DENIED] = EX_NOPERM,
        [ERR_BUSY] = EX_UNAVAILABLE, [ERR_FULL] = EX_TEMPFAIL,
        [ERR_IO] = EX_IOERR,         [ERR_BROKEN] = EX_DATAERR,
    };
    return codes[err->kind];
}

void cli_print(const struct buf *out)
{
    fwrite(out->len ? out->ptr : "", 1, out->len, stdout);
    fflush(stdout);
}

bool cli_wants_color(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    return isatty(fd) && !(no_color && *no_color);
}

int cli_ask(const char *config_path, struct slice request)
{
    struct err err = { 0 };
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    struct buf answer = buf_make(LIMIT_CONTROL_REPLY);
    struct config *config = config_load(config_path, &complaints, cli_wants_color(2));
    int code = EX_OK;
    if (!config) {
        fputs(complaints.ptr ? complaints.ptr : "", stderr);
        code = EX_CONFIG;
    } else {
        const char *path = arena_text(&config->arena, config->control.value);
        if (!control_ask(path, request, &answer, &err))
            code = cli_fail(cli_exit_code(&err), "%s", err.text);
    }
    cli_print(&answer);
    buf_free(&answer);
    buf_free(&complaints);
    config_free(config);
    return code;
}

static const char *nearest_command(struct arena *arena, const char *name)
{
    const char *names[sizeof commands / sizeof *commands];
    size_t count = 0;
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden)
            names[count++] = command->name;
    }
    names[count] = NULL;
    return did_you_mean(arena, slice_of(name), names);
}

int cli_main(int argc, char **argv)
{
    if (argc < 2) {
        cmd_help(1, argv);
        return EX_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    const struct command *command = find_command(name);
    if (!command) {
        struct arena arena = { 0 };
        cli_fail(EX_USAGE, "there is no command '%s'%s (`tocsin help` lists them)",
                 name, nearest_command(&arena, name));
        arena_free(&arena);
        return EX_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}
