/** check: the same loading as the agent's, and nothing else. */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/base/limits.h"
#include "agent/cli.h"
#include "agent/config.h"

int cmd_check(int argc, char **argv)
{
    const char *path = NULL;
    static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
                                           { "quiet", no_argument, NULL, 'q' },
                                           { NULL, 0, NULL, 0 } };
    bool is_quiet = false;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:q", longs, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == 'q')
            is_quiet = true;
        else
            return cli_usage("check");
    }
    if (optind < argc && !path)
        path = argv[optind++];
    if (optind < argc)
        return cli_usage("check");
    struct buf out = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config = config_load(path, &out, cli_wants_color(1));
    if (config) {
        config_probe(config, &out, cli_wants_color(1));
        config_probe_accounts(config, &out, cli_wants_color(1));
        config_advise(config, &out, cli_wants_color(1));
    }
    cli_print(&out);
    buf_free(&out);
    if (!config)
        return EX_CONFIG;
    if (!is_quiet) {
        struct buf parts = buf_make(256);
        config_put_counts(config, &parts);
        printf("ok: %s\n", parts.ptr);
        buf_free(&parts);
    }
    config_free(config);
    return EX_OK;
}
