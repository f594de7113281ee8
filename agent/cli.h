/**
 * The command line: one table from which usage, completion and the man page come. Exit
 * codes are those of sysexits.h; exit_codes[] says what each means.
 */
#ifndef TOCSIN_AGENT_CLI_H
#define TOCSIN_AGENT_CLI_H

#include "agent/base/buf.h"
#include "agent/base/err.h"

struct command {
    const char *name;
    const char *args;                  /**< as usage shows them */
    const char *help;                  /**< one line */
    const char *about;                 /**< a paragraph; may be NULL */
    const char *options;               /**< lines that stand as they are; may be NULL */
    int (*run)(int argc, char **argv); /**< argv[0] is the command's name */
    bool is_hidden;
};

/** In the order that help shows; ends with a row whose name is NULL. */
extern const struct command commands[];

int cmd_run(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_notify(int argc, char **argv);
int cmd_sink(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_auth(int argc, char **argv);
int cmd_man(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

struct exit_code {
    int code;
    const char *meaning;
};
/** What the commands end with; ends with a row whose meaning is NULL. */
extern const struct exit_code exit_codes[];

/** The command of that name, or NULL. */
const struct command *cli_find(const char *name);
/** Say that there is no command @name, and which may be meant. @return EX_USAGE. */
int cli_unknown(const char *name);

/** Run the command that @argv names. @return the exit code. */
int cli_main(int argc, char **argv);

/** "tocsin: " and a sentence on standard error. @return @code. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A wrong call of @name: the command's usage on standard error. @return EX_USAGE. */
int cli_usage(const char *name);
/** The exit code for an error's kind. */
int cli_exit_code(const struct err *err);

/** Write all of @out to standard output; a closed pipe is the reader's choice. */
void cli_print(const struct buf *out);
/** May colours be used on @fd (a terminal, and NO_COLOR not set)? */
bool cli_wants_color(int fd);

/** Ask the running agent of the configuration @config_path (NULL: the default) and
 * print its answer. @return the exit code. */
int cli_ask(const char *config_path, struct slice request);

#endif
