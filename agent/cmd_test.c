/** test: stories on virtual time, and the samples that stand in rules. */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/cli.h"
#include "agent/story/tell.h"

enum { OUT_BYTES = 64 * 1024 * 1024 };

static int test_files(char **paths, const struct test_options *options)
{
    struct test_tally tally = { 0 };
    for (; *paths; paths++) {
        struct buf out = buf_make(OUT_BYTES);
        tell_file(*paths, options, &tally, &out);
        cli_print(&out);
        buf_free(&out);
    }
    printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)tally.passed,
           (unsigned long long)tally.failed, (unsigned long long)tally.skipped);
    if (tally.is_invalid)
        return EX_CONFIG;
    return tally.failed > 0 ? 1 : EX_OK;
}

int cmd_test(int argc, char **argv)
{
    static char default_path[] = "/etc/tocsin/tocsin.yaml";
    static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
                                           { "verbose", no_argument, NULL, 'v' },
                                           { NULL, 0, NULL, 0 } };
    struct test_options options = { .color = cli_wants_color(1) };
    char *only[] = { default_path, NULL };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:v", longs, NULL)) != -1) {
        if (option == 'c')
            only[0] = optarg;
        else if (option == 'v')
            options.is_verbose = true;
        else
            return cli_usage("test");
    }
    if (only[0] != default_path && optind < argc)
        return cli_usage("test");
    return test_files(optind < argc ? argv + optind : only, &options);
}
