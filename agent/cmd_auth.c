/** auth: a user's consent to send mail, got by a browser and kept in a file. */
#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/auth.h"
#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/cli.h"
#include "agent/config.h"
#include "agent/redirect.h"
#include "outputs/compiled.h"

#define TIMEOUT_MS (5 * MINUTE_MS)
enum { URL_BYTES = 8192, CODE_BYTES = 4096 };

struct auth_options {
    const char *config, *account, *client, *out;
    bool is_api;
    int64_t port, timeout_ms;
};

/* What is read of the client's file, and what it borrows from. */
struct client_file {
    struct secret file;
    struct arena arena;
};

static bool take_options(int argc, char **argv, struct auth_options *options)
{
    static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
                                           { "account", required_argument, NULL, 'a' },
                                           { "client", required_argument, NULL, 'k' },
                                           { "out", required_argument, NULL, 'o' },
                                           { "api", no_argument, NULL, 'i' },
                                           { "port", required_argument, NULL, 'p' },
                                           { "timeout", required_argument, NULL, 't' },
                                           { NULL, 0, NULL, 0 } };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
        struct slice value = slice_of(optarg);
        bool ok = true;
        if (option == 'c')
            options->config = optarg;
        else if (option == 'a')
            options->account = optarg;
        else if (option == 'k')
            options->client = optarg;
        else if (option == 'o')
            options->out = optarg;
        else if (option == 'i')
            options->is_api = true;
        else if (option == 'p')
            ok = slice_to_int(value, &options->port) && options->port >= 0 &&
                 options->port <= 65535;
        else if (option == 't')
            ok = text_to_duration(value, &options->timeout_ms) &&
                 options->timeout_ms > 0;
        else
            ok = false;
        if (!ok)
            return false;
    }
    return optind == argc - 1 && slice_equal(slice_of(argv[optind]), SLICE("gmail"));
}

/* --- what is wanted --------------------------------------------------------------- */

static const struct account *find_account(const struct outputs_config *config,
                                          const char *name, struct err *err)
{
    const struct account *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < config->account_count; i++) {
        const struct account *account = &config->accounts[i];
        if (account->login != LOGIN_CONSENT ||
            (name && !slice_equal(account->name, slice_of(name))))
            continue;
        found = account;
        count++;
    }
    if (count == 1)
        return found;
    if (name)
        err_set(err, ERR_INVALID,
                "there is no account '%s' with 'oauth: {token_file: FILE}'", name);
    else if (count == 0)
        err_set(err, ERR_INVALID,
                "no account has 'oauth: {token_file: FILE}'; add it, or name the file "
                "with --out");
    else
        err_set(err, ERR_INVALID,
                "%zu accounts have 'oauth'; name one with --account NAME", count);
    return NULL;
}

/* A client of the Cloud console, or the one of the consent that is there already. */
static bool read_client(const struct auth_options *options, struct auth *auth,
                        struct client_file *client, struct err *err)
{
    const struct json *root = NULL;
    struct err why = { 0 };
    struct slice path =
        options->client ? slice_of(options->client) : auth->account->password_file;
    bool ok = secret_read_json(path, &client->file, &client->arena, &root, err);
    if (ok && options->client)
        ok = consent_take_client(root, &auth->client, &why);
    else if (ok)
        ok = consent_take(root, &auth->client, &why);
    if (why.kind != ERR_NONE)
        err_set(err, why.kind, "'%.*s' cannot be used: %s",
                SLICE_ARG(text_cut(path, 200)), why.text);
    if (!ok && !options->client && err->kind == ERR_MISSING)
        err_set(
            err, ERR_MISSING,
            "name the OAuth client with --client FILE: the JSON file that the Cloud "
            "console gives for a client of the type \"Desktop app\" "
            "(console.cloud.google.com/apis/credentials)");
    auth->client.refresh_token = SLICE("");
    return ok;
}

/* --- the talk with the user ------------------------------------------------------- */

static void print_url(const struct auth *auth, const struct auth_options *options)
{
    struct buf url = buf_make(URL_BYTES), span = buf_make(64);
    auth_put_url(auth, &url);
    text_put_duration(&span, options->timeout_ms);
    printf(
        "Open this address in a browser on this host, log in%s%.*s, and allow it:\n\n"
        "%s\n\n"
        "Waiting for %s at 127.0.0.1, port %d. With the browser on another host:\n"
        "    ssh -N -L %d:127.0.0.1:%d THIS-HOST\n",
        auth->account->user.len > 0 ? " as " : "", SLICE_ARG(auth->account->user),
        url.ptr, span.ptr, auth->port, auth->port, auth->port);
    fflush(stdout);
    buf_free(&span);
    buf_free(&url);
}

static int fail(const struct err *err, const char *advice)
{
    return cli_fail(cli_exit_code(err), "%s%s%s", err->text, advice[0] ? ": " : "",
                    advice);
}

static int finish(const struct auth *auth, struct slice code,
                  const struct clock_source *clock)
{
    struct err err = { 0 };
    const char *advice = "";
    const struct link_ops *links = links_curl();
    bool ok = auth_finish(auth, code, links, clock, &advice, &err);
    links_curl_free(links);
    if (!ok)
        return fail(&err, advice);
    printf("The consent is in %.*s, which only its owner reads. `tocsin doctor` tries "
           "it.\n",
           SLICE_ARG(auth->account->password_file));
    return EX_OK;
}

static int ask_user(struct auth *auth, const struct auth_options *options)
{
    struct err err = { 0 };
    struct clock_source clock = clock_real();
    struct buf code = buf_make(CODE_BYTES);
    struct redirect *redirect = redirect_open((int)options->port, &err);
    int exit_code;
    if (!redirect || !pkce_make(&auth->pkce, &err)) {
        redirect_close(redirect);
        return fail(&err, "");
    }
    auth->port = redirect_port(redirect);
    print_url(auth, options);
    bool ok = redirect_wait(redirect, auth->pkce.state, &clock, options->timeout_ms,
                            &code, &err);
    redirect_close(redirect);
    exit_code = ok ? finish(auth, buf_slice(&code), &clock) : fail(&err, "");
    if (code.ptr)
        explicit_bzero(code.ptr, code.len);
    buf_free(&code);
    return exit_code;
}

static int consent_for(const struct account *account,
                       const struct auth_options *options)
{
    struct auth auth = { .account = account };
    struct client_file client = { 0 };
    struct err err = { 0 };
    int code;
    if (read_client(options, &auth, &client, &err))
        code = ask_user(&auth, options);
    else
        code = fail(&err, "");
    explicit_bzero(&auth.pkce, sizeof auth.pkce);
    arena_wipe(&client.arena);
    secret_wipe(&client.file);
    return code;
}

static int by_config(const struct auth_options *options)
{
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    struct err err = { 0 };
    struct config *config =
        config_load(options->config, &complaints, cli_wants_color(2));
    int code = EX_CONFIG;
    if (!config) {
        fputs(complaints.ptr ? complaints.ptr : "", stderr);
    } else {
        const struct account *account =
            find_account(config->compiled_outputs, options->account, &err);
        code = account ? consent_for(account, options) : fail(&err, "");
    }
    config_free(config);
    buf_free(&complaints);
    return code;
}

int cmd_auth(int argc, char **argv)
{
    struct auth_options options = { .timeout_ms = TIMEOUT_MS };
    secret_shield_process();
    if (!take_options(argc, argv, &options))
        return cli_usage("auth");
    if (!options.out)
        return by_config(&options);
    const struct account account = { .login = LOGIN_CONSENT,
                                     .password_file = slice_of(options.out),
                                     .is_api = options.is_api };
    return consent_for(&account, &options);
}
