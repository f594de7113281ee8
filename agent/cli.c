/** Which command is meant, and what all of them share. */
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

enum { COMMANDS_MAX = 32 };

const struct command *cli_find(const char *name)
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
    const struct command *command = cli_find(name);
    fprintf(stderr, "usage: tocsin %s %s\n(`tocsin help %s` says more)\n", name,
            command ? command->args : "", name);
    return EX_USAGE;
}

int cli_exit_code(const struct err *err)
{
    static const int codes[] = {
        [ERR_NONE] = EX_OK,          [ERR_INVALID] = EX_DATAERR,
        [ERR_MISSING] = EX_NOINPUT,  [ERR_DENIED] = EX_NOPERM,
        [ERR_BUSY] = EX_UNAVAILABLE, [ERR_FULL] = EX_TEMPFAIL,
        [ERR_IO] = EX_IOERR,         [ERR_BROKEN] = EX_DATAERR,
        [ERR_DAMAGED] = EX_DATAERR,
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
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (const struct command *command = commands; command->name; command++) {
        if (!command->is_hidden && count + 1 < COMMANDS_MAX)
            names[count++] = command->name;
    }
    names[count] = NULL;
    return did_you_mean(arena, slice_of(name), names);
}

int cli_unknown(const char *name)
{
    struct arena arena = { 0 };
    cli_fail(EX_USAGE, "there is no command '%s'%s (`tocsin help` lists them)", name,
             nearest_command(&arena, name));
    arena_free(&arena);
    return EX_USAGE;
}

static bool asks_for_help(char **argv)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++) {
        if (strcmp(*argv, "--help") == 0)
            return true;
    }
    return false;
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
    const struct command *command = cli_find(name);
    if (!command)
        return cli_unknown(name);
    if (asks_for_help(argv + 2)) {
        char *words[] = { argv[0], argv[1], NULL };
        return cmd_help(2, words);
    }
    return command->run(argc - 1, argv + 1);
}
