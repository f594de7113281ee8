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
    bool is_quiet = false;
    int option;
    optind = 1;
    while ((option = getopt(argc, argv, "c:q")) != -1) {
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
    cli_print(&out);
    buf_free(&out);
    if (!config)
        return EX_CONFIG;
    if (!is_quiet)
        printf("ok: %zu sources, %zu rules, %zu routes, %zu outputs\n",
               config->sources.count, rules_count(config->compiled_rules),
               config->compiled_routes.count, config->outputs.count);
    config_free(config);
    return EX_OK;
}
