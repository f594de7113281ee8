/** run: the agent on this machine's own clocks, files and network. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/app.h"
#include "agent/base/limits.h"
#include "agent/base/rng.h"
#include "agent/base/secret.h"
#include "agent/cli.h"
#include "agent/dry.h"
#include "agent/inputs/journal_ops.h"
#include "agent/keeper.h"
#include "agent/log_complaints.h"
#include "agent/loop.h"
#include "agent/sandbox.h"
#include "agent/service.h"
#include "outputs/remote.h"

struct run_options {
    const char *config_path;
    bool is_once, is_dry;
    enum log_level log_level;
};

struct run {
    const struct run_options *options;
    struct log_sink *log;
    struct app *app;
    struct sandbox *sandbox;
    const struct link_ops *sender; /* NULL: a dry run */
};

static bool parse_options(int argc, char **argv, struct run_options *options)
{
    static const struct option longs[] = { { "once", no_argument, NULL, '1' },
                                           { "dry-run", no_argument, NULL, 'n' },
                                           { "config", required_argument, NULL, 'c' },
                                           { "verbose", no_argument, NULL, 'v' },
                                           { "quiet", no_argument, NULL, 'q' },
                                           { NULL, 0, NULL, 0 } };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:nvq", longs, NULL)) != -1) {
        if (option == 'c')
            options->config_path = optarg;
        else if (option == '1')
            options->is_once = true;
        else if (option == 'n')
            options->is_dry = true;
        else if (option == 'v')
            options->log_level = LOG_LEVEL_DEBUG;
        else if (option == 'q')
            options->log_level = LOG_LEVEL_WARNING;
        else
            return false;
    }
    return optind == argc;
}

/** @return NULL when there is an error, or when only a restart can bring it. */
static struct config *load_again(struct run *run, struct buf *complaints)
{
    struct err err = { 0 };
    struct config *config = config_load(run->options->config_path, complaints, false);
    if (config && !sandbox_covers(run->sandbox, config, &err)) {
        buf_printf(complaints, "error: %s\n", err.text);
        config_free(config);
        return NULL;
    }
    if (config)
        config_probe(config, complaints, false);
    return config;
}

static void reload(void *ctx)
{
    struct run *run = ctx;
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    service_notify("RELOADING=1");
    struct config *config = load_again(run, &complaints);
    log_complaints(run->log, &complaints);
    if (config && run->sender)
        links_remote_reload(run->sender);
    if (config)
        app_reload(run->app, config);
    else
        app_refuse_reload(run->app);
    buf_free(&complaints);
    service_notify("READY=1");
}

/** Without a sender, and without who would start a new one, no mail goes. */
static bool is_whole(void *ctx)
{
    const struct run *run = ctx;
    return !run->sender || links_remote_is_there(run->sender);
}

/** Ready is who has stored where its files begin. */
static void say_ready(const struct run *run)
{
    struct buf parts = buf_make(256);
    config_put_counts(app_config(run->app), &parts);
    log_info(run->log, "running: %s", parts.ptr);
    buf_free(&parts);
    service_notify("READY=1");
}

static int run_app(struct run *run, struct loop *loop)
{
    struct err err = { 0 };
    if (run->options->is_once)
        app_finish(run->app);
    else if (!run->options->is_dry && !app_listen(run->app, &err))
        log_warning(run->log, "%s: `tocsin status` and `tocsin queue` will not work",
                    err.text);
    if (!run->options->is_dry)
        sandbox_shut(run->sandbox, app_config(run->app), SANDBOX_AGENT, run->log);
    app_turn(run->app);
    if (app_failure(run->app)->kind == ERR_NONE)
        say_ready(run);
    loop_run(loop, run->app, &(struct loop_calls){ reload, is_whole, run });
    service_notify("STOPPING=1");
    if (app_failure(run->app)->kind != ERR_NONE)
        return cli_exit_code(app_failure(run->app));
    struct metrics metrics;
    app_measure(run->app, &metrics);
    log_info(run->log,
             "stopped: %llu lines read, %llu matched, %llu mails %s, %llu waiting",
             (unsigned long long)metrics.lines, (unsigned long long)metrics.matches,
             (unsigned long long)metrics.mails_sent,
             run->options->is_dry ? "printed" : "sent",
             (unsigned long long)metrics.mails_waiting);
    return run->options->is_once && metrics.mails_waiting > 0 ? EX_TEMPFAIL : EX_OK;
}

/** What is needed before there is anything to say: the loop, the store, a log, a mail
 *  server and somebody who asks. */
enum { LEAST_DESCRIPTORS = 32 };

static bool has_descriptors(struct err *err)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= LEAST_DESCRIPTORS)
        return true;
    return err_set(err, ERR_FULL,
                   "a limit of %llu open files is too small, at least %d are needed: "
                   "see `ulimit -n`, or LimitNOFILE= of systemd",
                   (unsigned long long)limit.rlim_cur, LEAST_DESCRIPTORS);
}

static int run_in(struct run *run, struct config *config, const struct link_ops *links)
{
    struct err err = { 0 };
    struct loop *loop = has_descriptors(&err) ? loop_create(&err) : NULL;
    if (!loop) {
        config_free(config);
        return cli_fail(cli_exit_code(&err), "%s", err.text);
    }
    struct world world = { .clock = clock_real(),
                           .trims_memory = true,
                           .has_threads = true,
                           .fs = fs_real(),
                           .links = links,
                           .wakes = loop_wakes(loop),
                           .log = run->log,
                           .journals = journal_systemd(),
                           .sandbox = run->sandbox,
                           .sender = run->sender,
                           .seed = rng_system_seed(),
                           .stdin_fd = STDIN_FILENO,
                           /* What is posted to a dry run would be lost. */
                           .listens = !run->options->is_dry && !run->options->is_once,
                           .empties_spool = !run->options->is_dry };
    int code;
    run->app = app_create(config, &world, &err);
    if (run->app)
        code = run_app(run, loop);
    else
        code = cli_fail(cli_exit_code(&err), "%s", err.text);
    app_free(run->app);
    loop_free(loop);
    return code;
}

static int run_for_real(struct run *run, struct config *config)
{
    struct err err = { 0 };
    int control = keeper_start(&(struct keeper_setting){ run->options->config_path,
                                                         config, run->log },
                               &err);
    if (control < 0) {
        config_free(config);
        return cli_fail(cli_exit_code(&err), "%s", err.text);
    }
    run->sender = links_remote(control);
    int code = run_in(run, config, run->sender);
    links_remote_free(run->sender);
    close(control);
    return code;
}

static int run_dry(struct run *run, struct config *config)
{
    struct err err = { 0 };
    struct dry *dry = dry_create(config, run->options->is_once, &err);
    if (!dry) {
        config_free(config);
        return cli_fail(cli_exit_code(&err), "%s", err.text);
    }
    log_info(run->log, "a dry run: mails are printed here, none is sent%s",
             run->options->is_once ? "; all files are read from their beginning" : "");
    int code = run_in(run, config, dry_links(dry));
    dry_free(dry);
    return code;
}

int cmd_run(int argc, char **argv)
{
    struct run_options options = { .log_level = LOG_LEVEL_INFO };
    if (!parse_options(argc, argv, &options))
        return cli_usage("run");
    secret_shield_process();
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config =
        config_load(options.config_path, &complaints, cli_wants_color(2));
    if (config && !options.is_dry)
        config_probe(config, &complaints, cli_wants_color(2));
    fputs(complaints.ptr ? complaints.ptr : "", stderr);
    buf_free(&complaints);
    if (!config)
        return EX_CONFIG;
    struct log_sink log;
    log_to_stderr(&log, options.log_level, service_logs_to_journal());
    struct run run = { .options = &options, .log = &log, .sandbox = sandbox_create() };
    int code = options.is_dry ? run_dry(&run, config) : run_for_real(&run, config);
    sandbox_free(run.sandbox);
    return code;
}
