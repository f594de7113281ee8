/** sink: a local mail server that behaves like Gmail's, to try against and to test
 *  with. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/base/mem.h"
#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/cli.h"
#include "agent/sink/gmail.h"
#include "agent/sink/server.h"

enum { TOKEN_LIFE_S = 3599 }; /* as Google gives them */

enum option_id {
    OPTION_SMTP = 256,
    OPTION_SMTPS,
    OPTION_LISTEN,
    OPTION_PLAIN,
    OPTION_USER,
    OPTION_SAYS,
    OPTION_STRICT,
    OPTION_SIZE,
    OPTION_WRITE_CA,
    OPTION_MAILDIR,
    OPTION_EML,
    OPTION_LOG,
    OPTION_TOKEN,
    OPTION_PRINT,
    OPTION_MAX,
    OPTION_FOR,
    OPTION_QUICKACK,
    OPTION_LIKE,
    OPTION_RECIPIENTS,
    OPTION_LOGINS,
    OPTION_REPLIES,
    OPTION_HTTPS,
    OPTION_CLIENT,
    OPTION_REFRESH,
    OPTION_SERVICE,
    OPTION_LIFE,
    OPTION_ROTATE,
};

static const struct option long_options[] = {
    { "smtp", required_argument, NULL, OPTION_SMTP },
    { "smtps", required_argument, NULL, OPTION_SMTPS },
    { "listen", required_argument, NULL, OPTION_LISTEN },
    { "plain", no_argument, NULL, OPTION_PLAIN },
    { "user", required_argument, NULL, OPTION_USER },
    { "says", required_argument, NULL, OPTION_SAYS },
    { "strict", no_argument, NULL, OPTION_STRICT },
    { "size", required_argument, NULL, OPTION_SIZE },
    { "write-ca", required_argument, NULL, OPTION_WRITE_CA },
    { "maildir", required_argument, NULL, OPTION_MAILDIR },
    { "eml", required_argument, NULL, OPTION_EML },
    { "log", required_argument, NULL, OPTION_LOG },
    { "token", required_argument, NULL, OPTION_TOKEN },
    { "print", no_argument, NULL, OPTION_PRINT },
    { "max", required_argument, NULL, OPTION_MAX },
    { "for", required_argument, NULL, OPTION_FOR },
    { "quickack", no_argument, NULL, OPTION_QUICKACK },
    { "like", required_argument, NULL, OPTION_LIKE },
    { "recipients", required_argument, NULL, OPTION_RECIPIENTS },
    { "logins", required_argument, NULL, OPTION_LOGINS },
    { "replies", no_argument, NULL, OPTION_REPLIES },
    { "https", required_argument, NULL, OPTION_HTTPS },
    { "client", required_argument, NULL, OPTION_CLIENT },
    { "refresh-token", required_argument, NULL, OPTION_REFRESH },
    { "service-account", required_argument, NULL, OPTION_SERVICE },
    { "token-life", required_argument, NULL, OPTION_LIFE },
    { "rotate", no_argument, NULL, OPTION_ROTATE },
    { NULL, 0, NULL, 0 },
};

static bool parse_port(const char *text, int64_t *port, struct err *err)
{
    if (slice_to_int(slice_of(text), port) && *port >= 0 && *port <= 65535)
        return true;
    return err_set(err, ERR_INVALID, "'%s' is no port; a number from 0 to 65535 is.",
                   text);
}

static bool parse_pair(const char *text, const char *form, struct slice *first,
                       struct slice *second, struct err *err)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text)
        return err_set(err, ERR_INVALID, "'%s' is written without its colon: %s.", text,
                       form);
    *first = slice_make(text, (size_t)(colon - text));
    *second = slice_of(colon + 1);
    return true;
}

static bool parse_user(const char *text, struct sink_options *options, struct err *err)
{
    if (!parse_pair(text, "--user USER:PASSWORD", &options->user, &options->password,
                    err))
        return false;
    options->google.oauth.user = options->user;
    return true;
}

static bool parse_count(const char *text, uint64_t *count, struct err *err)
{
    int64_t value;
    if (!slice_to_int(slice_of(text), &value) || value < 1)
        return err_set(err, ERR_INVALID, "'%s' is no number from 1.", text);
    *count = (uint64_t)value;
    return true;
}

static bool parse_span(const char *text, int64_t *ms, struct err *err)
{
    return (text_to_duration(slice_of(text), ms) && *ms > 0) ||
           err_set(err, ERR_INVALID, "'%s' is no duration; 30s and 5m are.", text);
}

static bool parse_size(const char *text, int64_t *bytes, struct err *err)
{
    return (text_to_size(slice_of(text), bytes) && *bytes > 0 && *bytes <= 1 << 30) ||
           err_set(err, ERR_INVALID, "'%s' is no size up to 1GiB; 64KiB and 1MiB are.",
                   text);
}

static bool parse_like(const char *text, struct sink_options *options, struct err *err)
{
    if (strcmp(text, "gmail") != 0)
        return err_set(err, ERR_INVALID, "--like knows gmail alone, not '%s'.", text);
    if (!options->likeness)
        options->likeness = mem_zalloc(sizeof *options->likeness);
    likeness_init(options->likeness);
    return true;
}

static bool parse_limit(const char *text, struct likeness_window *window,
                        struct err *err)
{
    return (slice_to_int(slice_of(text), &window->max) && window->max >= 0) ||
           err_set(err, ERR_INVALID, "'%s' is no number from 0 (no limit).", text);
}

static bool take_limit(int id, const char *text, struct sink_options *options,
                       struct err *err)
{
    struct likeness *likeness = options->likeness;
    if (!likeness)
        return err_set(err, ERR_INVALID,
                       "--recipients and --logins stand behind --like gmail.");
    return parse_limit(text,
                       id == OPTION_LOGINS ? &likeness->logins : &likeness->recipients,
                       err);
}

static int print_replies(void)
{
    for (size_t i = 0; i < gmail_reply_count; i++)
        printf("%-26s %-9s %.*s\n", gmail_replies[i].name,
               script_phase_names[gmail_replies[i].phase],
               (int)strcspn(gmail_replies[i].says, "\n"), gmail_replies[i].says);
    return EX_OK;
}

static bool read_service(const char *path, struct oauthd *oauth, struct err *err)
{
    claim_key_free(oauth->key);
    oauth->key = claim_key_read(path, err);
    return oauth->key != NULL;
}

static bool parse_life(const char *text, struct oauthd *oauth, struct err *err)
{
    int64_t life_ms = 0;
    if (!parse_span(text, &life_ms, err))
        return false;
    oauth->life_s = life_ms / SECOND_MS;
    return true;
}

/** What the fake of Google's HTTPS is to know. */
static bool take_google_option(int id, char *value, struct sink_options *options,
                               struct err *err)
{
    struct oauthd *oauth = &options->google.oauth;
    switch (id) {
    case OPTION_HTTPS:
        return parse_port(value, &options->https_port, err);
    case OPTION_CLIENT:
        return parse_pair(value, "--client ID:SECRET", &oauth->client_id,
                          &oauth->client_secret, err);
    case OPTION_REFRESH:
        oauth->refresh_token = slice_of(value);
        return true;
    case OPTION_SERVICE:
        return read_service(value, oauth, err);
    case OPTION_LIFE:
        return parse_life(value, oauth, err);
    case OPTION_ROTATE:
        oauth->rotates = true;
        return true;
    default:
        return err_set(err, ERR_INVALID, "See tocsin sink --help.");
    }
}

/** Options that only say yes, or name something. @return false: not one of these. */
static bool take_plain_option(int id, char *value, struct sink_options *options)
{
    switch (id) {
    case OPTION_LISTEN:
        options->address = value;
        return true;
    case OPTION_PLAIN:
        options->is_plain = true;
        return true;
    case OPTION_STRICT:
        options->is_strict = true;
        return true;
    case OPTION_WRITE_CA:
        options->write_ca = value;
        return true;
    case OPTION_MAILDIR:
        options->store.maildir = value;
        return true;
    case OPTION_EML:
        options->store.eml_folder = value;
        return true;
    case OPTION_LOG:
        options->log = value;
        return true;
    case OPTION_TOKEN:
        options->token = value;
        return true;
    case OPTION_PRINT:
        options->prints = true;
        return true;
    case OPTION_QUICKACK:
        options->is_quickack = true;
        return true;
    default:
        return false;
    }
}

/** Options whose value can be wrong. */
static bool take_option(int id, char *value, struct sink_options *options,
                        struct err *err)
{
    switch (id) {
    case OPTION_SMTP:
        return parse_port(value, &options->smtp_port, err);
    case OPTION_SMTPS:
        return parse_port(value, &options->smtps_port, err);
    case OPTION_USER:
        return parse_user(value, options, err);
    case OPTION_SAYS:
        return script_add(&options->script, slice_of(value), err);
    case OPTION_LIKE:
        return parse_like(value, options, err);
    case OPTION_RECIPIENTS:
    case OPTION_LOGINS:
        return take_limit(id, value, options, err);
    case OPTION_SIZE:
        return parse_size(value, &options->max_bytes, err);
    case OPTION_MAX:
        return parse_count(value, &options->max_mails, err);
    case OPTION_FOR:
        return parse_span(value, &options->for_ms, err);
    default:
        return take_plain_option(id, value, options) ||
               take_google_option(id, value, options, err);
    }
}

int cmd_sink(int argc, char **argv)
{
    struct sink_options options = { .address = "127.0.0.1",
                                    .max_bytes = SMTPD_GMAIL_SIZE,
                                    .google.oauth.life_s = TOKEN_LIFE_S };
    struct err err = { 0 };
    bool is_right = true;
    int id, code = EX_OK;
    optind = 1;
    while (is_right && (id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (id == OPTION_REPLIES)
            return print_replies();
        is_right = take_option(id, optarg, &options, &err);
    }
    if (is_right && optind < argc)
        is_right = err_set(&err, ERR_INVALID, "'%s' is one word too many; see --help.",
                           argv[optind]);
    if (!is_right)
        code = cli_fail(EX_USAGE, "%s", err.text);
    else if (!sink_run(&options, &err))
        code = cli_fail(cli_exit_code(&err), "%s", err.text);
    script_clear(&options.script);
    claim_key_free(options.google.oauth.key);
    free(options.likeness);
    return code;
}
