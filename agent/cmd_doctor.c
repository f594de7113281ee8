/** doctor: what works and what does not, step by step, with one remedy each. */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/base/limits.h"
#include "agent/base/secret.h"
#include "agent/base/text.h"
#include "agent/cli.h"
#include "agent/doctor.h"
#include "outputs/compiled.h"

enum { EXIT_WARNINGS = 1, EXIT_FAILURES = 2 };
#define TIMEOUT_MS (10 * SECOND_MS)

struct doctor_options {
    const char *config, *account;
    bool is_json, is_offline, wants_send;
    int64_t timeout_ms;
};

static bool take_options(int argc, char **argv, struct doctor_options *options)
{
    static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
                                           { "account", required_argument, NULL, 'a' },
                                           { "send", no_argument, NULL, 's' },
                                           { "json", no_argument, NULL, 'j' },
                                           { "offline", no_argument, NULL, 'o' },
                                           { "timeout", required_argument, NULL, 't' },
                                           { NULL, 0, NULL, 0 } };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case 'a':
            options->account = optarg;
            break;
        case 's':
            options->wants_send = true;
            break;
        case 'j':
            options->is_json = true;
            break;
        case 'o':
            options->is_offline = true;
            break;
        case 't':
            if (!text_to_duration(slice_of(optarg), &options->timeout_ms))
                return false;
            break;
        default:
            return false;
        }
    }
    return optind == argc;
}

static size_t see_accounts(struct doctor *doctor, const char *only)
{
    const struct outputs_config *config = doctor->config->compiled_outputs;
    size_t count = 0;
    for (size_t i = 0; i < config->account_count; i++) {
        const struct account *account = &config->accounts[i];
        if (only && !slice_equal(account->name, slice_of(only)))
            continue;
        doctor_see_account(doctor, account);
        count++;
    }
    return count;
}

static int conclude(const struct doctor *doctor)
{
    if (!doctor->is_json)
        buf_printf(doctor->out, "%zu OK, %zu warnings, %zu failures, %zu skipped\n",
                   doctor->counts[GRADE_OK], doctor->counts[GRADE_WARN],
                   doctor->counts[GRADE_FAIL], doctor->counts[GRADE_SKIP]);
    cli_print(doctor->out);
    if (doctor->counts[GRADE_FAIL] > 0)
        return EXIT_FAILURES;
    return doctor->counts[GRADE_WARN] > 0 ? EXIT_WARNINGS : EX_OK;
}

static int examine(const struct doctor_options *options, const struct config *config)
{
    struct buf out = buf_make(LIMIT_CONTROL_REPLY);
    struct doctor doctor = { .config = config,
                             .links = links_curl(),
                             .clock = clock_real(),
                             .is_json = options->is_json,
                             .is_offline = options->is_offline,
                             .wants_send = options->wants_send,
                             .timeout_ms = options->timeout_ms,
                             .out = &out };
    int code;
    if (!options->account)
        doctor_see_host(&doctor);
    if (see_accounts(&doctor, options->account) == 0 && options->account)
        code = cli_fail(EX_USAGE, "there is no account '%s'", options->account);
    else
        code = conclude(&doctor);
    links_curl_free(doctor.links);
    buf_free(&out);
    return code;
}

int cmd_doctor(int argc, char **argv)
{
    struct doctor_options options = { .timeout_ms = TIMEOUT_MS };
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    int code = EX_CONFIG;
    secret_shield_process();
    if (!take_options(argc, argv, &options)) {
        buf_free(&complaints);
        return cli_usage("doctor");
    }
    struct config *config =
        config_load(options.config, &complaints, cli_wants_color(2));
    if (config)
        code = examine(&options, config);
    else
        fputs(complaints.ptr ? complaints.ptr : "", stderr);
    config_free(config);
    buf_free(&complaints);
    return code;
}
