/** queue and status: questions for the running agent. */
#include <getopt.h>
#include <string.h>
#include <sysexits.h>

#include "agent/base/mem.h"
#include "agent/cli.h"

struct ask_options {
    const char *config_path;
    bool json, raw, verbose, rules;
};

static bool parse_options(int argc, char **argv, struct ask_options *options)
{
    static const struct option longs[] = { { "json", no_argument, NULL, 'j' },
                                           { "verbose", no_argument, NULL, 'v' },
                                           { "raw", no_argument, NULL, 'r' },
                                           { "rules", no_argument, NULL, 'R' },
                                           { "config", required_argument, NULL, 'c' },
                                           { NULL, 0, NULL, 0 } };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:jv", longs, NULL)) != -1) {
        if (option == 'c')
            options->config_path = optarg;
        else if (option == 'j')
            options->json = true;
        else if (option == 'v')
            options->verbose = true;
        else if (option == 'r')
            options->raw = true;
        else if (option == 'R')
            options->rules = true;
        else
            return false;
    }
    return true;
}

static int ask(const struct ask_options *options, const char *what,
               const char *argument)
{
    struct arena arena = { 0 };
    const char *request =
        arena_printf(&arena, "%s%s%s%s", options->json ? "json " : "", what,
                     argument ? " " : "", argument ? argument : "");
    int code = cli_ask(options->config_path, slice_of(request));
    arena_free(&arena);
    return code;
}

int cmd_status(int argc, char **argv)
{
    struct ask_options options = { 0 };
    if (!parse_options(argc, argv, &options) || optind < argc || options.raw)
        return cli_usage("status");
    const char *part = options.verbose ? "full" : NULL;
    return ask(&options, "status", options.rules ? "rules" : part);
}

int cmd_queue(int argc, char **argv)
{
    static const struct {
        const char *word, *request;
        int argument_count;
        bool raw;
    } verbs[] = {
        { "list", "queue list", 0, false }, { "show", "queue show", 1, false },
        { "show", "queue raw", 1, true },   { "retry", "queue retry", 1, false },
        { "drop", "queue drop", 1, false },
    };
    struct ask_options options = { 0 };
    if (!parse_options(argc, argv, &options) || options.verbose || options.rules)
        return cli_usage("queue");
    const char *word = optind < argc ? argv[optind] : "list";
    int given = optind < argc ? argc - optind - 1 : 0;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(word, verbs[i].word) == 0 && given == verbs[i].argument_count &&
            options.raw == verbs[i].raw)
            return ask(&options, verbs[i].request, given ? argv[optind + 1] : NULL);
    }
    return cli_usage("queue");
}
