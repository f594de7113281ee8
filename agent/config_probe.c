/**
 * What is right in the configuration and may not be right on this host, or could be
 * better: only warnings, because a check on another host, or before the logs are there,
 * is worth something too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/vfs.h>

#include "agent/base/clock.h"
#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/secret.h"
#include "agent/base/text.h"
#include "agent/config.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/http/keys.h"
#include "agent/inputs/journal_ops.h"
#include "agent/inputs/scan.h"
#include "agent/state_dir.h"
#include "outputs/consent.h"
#include "rules/rule_cost.h"

struct found {
    struct fs fs;
    size_t count;
    struct err err; /**< why the last one cannot be read */
};

static void see_folder(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
}

static void see_file(void *ctx, const char *path)
{
    struct found *found = ctx;
    struct fs_stat stat;
    struct err err = { 0 };
    int fd = found->fs.open(found->fs.ctx, path, &stat, &err);
    if (fd < 0 && err.kind == ERR_MISSING)
        return;
    found->count++;
    if (fd >= 0)
        found->fs.close(found->fs.ctx, fd);
    else
        found->err = err;
}

static void probe_pattern(const struct conf_text *pattern,
                          struct complaints *complaints)
{
    struct found found = { .fs = fs_real() };
    if (!slice_starts(pattern->value, SLICE("/")))
        complain_softly(complaints, pattern->node->at,
                        "this is looked for below the folder that tocsin happens to be "
                        "started in; write it from the top: /...");
    const struct scan_visitor visitor = { see_folder, see_file, &found };
    scan_walk(&found.fs, pattern->value, &visitor);
    if (found.count == 0)
        complain_softly(complaints, pattern->node->at, "%s '%.*s'%s",
                        glob_has_wildcard(pattern->value) ? "no file matches"
                                                          : "there is no file",
                        SLICE_ARG(pattern->value),
                        "; it is read from its beginning as soon as there is one");
    else if (found.err.kind != ERR_NONE)
        complain_softly(complaints, pattern->node->at, "%s", found.err.text);
}

static void probe_journal(const struct journal_config *config,
                          struct complaints *complaints)
{
    struct err err = { 0 };
    const struct journal_ops *ops = journal_systemd();
    struct journal *journal = ops ? ops->open(ops->ctx, config, &err) : NULL;
    if (journal)
        ops->close(journal);
    else if (ops)
        complain_softly(complaints, config->node->at, "%s", err.text);
}

/** @lost  what does not work without it */
static void probe_secret(const struct conf_text *path, const char *lost,
                         struct complaints *complaints)
{
    struct secret secret = { 0 };
    struct err err = { 0 };
    if (path->node && !secret_read(path->value, &secret, &err))
        complain_softly(complaints, path->node->at, "%s; without it %s", err.text,
                        lost);
    secret_wipe(&secret);
}

/** It is not run: it may ask for something. */
static void probe_command(const struct conf_texts *words, const char *lost,
                          struct complaints *complaints)
{
    struct arena arena = { 0 };
    struct err err = { 0 };
    if (words->count > 0 &&
        access(arena_text(&arena, words->items[0].value), X_OK) != 0) {
        err_set_errno(&err, "the command '%.*s' cannot be run",
                      SLICE_ARG(words->items[0].value));
        complain_softly(complaints, words->items[0].node->at, "%s; without it %s",
                        err.text, lost);
    }
    arena_free(&arena);
}

/** @maker  what makes the file */
static void probe_json(const struct conf_text *path, const char *maker,
                       struct complaints *complaints)
{
    struct secret file = { 0 };
    struct arena arena = { 0 };
    const struct json *root = NULL;
    struct err err = { 0 };
    if (path->node && !secret_read_json(path->value, &file, &arena, &root, &err))
        complain_softly(complaints, path->node->at,
                        "%s; without it this account sends no mail: %s", err.text,
                        maker);
    arena_wipe(&arena);
    secret_wipe(&file);
}

static void probe_account(const struct account_config *account,
                          struct complaints *complaints)
{
    static const char no_mail[] = "this account sends no mail";
    probe_secret(&account->password_file, no_mail, complaints);
    probe_command(&account->password_command, no_mail, complaints);
    if (account->oauth)
        probe_json(&account->oauth->token_file, "`tocsin auth gmail` writes it",
                   complaints);
    if (account->service_account)
        probe_json(&account->service_account->key_file,
                   "it is the JSON key that the Cloud console gives", complaints);
    if (!account->smtp)
        return;
    probe_secret(&account->smtp->password_file, no_mail, complaints);
    probe_command(&account->smtp->password_command, no_mail, complaints);
}

static const char no_tls[] = "without it nobody can connect by TLS";

/** @return the text, which is the caller's to wipe and free; NULL: that is complained
 *  of, or there is none to read. */
static char *probe_pem(const struct conf_text *path, bool is_key,
                       struct complaints *complaints)
{
    struct buf pem = buf_make(LIMIT_HTTP_PEM_BYTES);
    struct err err = { 0 };
    bool is_read = path->node && secret_read_pem(path->value, is_key, &pem, &err);
    char *text = is_read ? mem_copy(buf_slice(&pem)) : NULL;
    if (path->node && !is_read)
        complain_softly(complaints, path->node->at, "%s; %s", err.text, no_tls);
    if (pem.ptr)
        explicit_bzero(pem.ptr, pem.len);
    buf_free(&pem);
    return text;
}

static void probe_pems(const struct http_config *http, struct complaints *complaints)
{
    struct err err = { 0 };
    char *certificate = probe_pem(&http->certificate, false, complaints);
    char *key = probe_pem(&http->key, true, complaints);
    if (certificate && key && !http_keys_fit(certificate, key, &err))
        complain_softly(complaints, http->key.node->at, "%s; nobody can connect by TLS",
                        err.text);
    if (key)
        explicit_bzero(key, strlen(key));
    free(certificate);
    free(key);
}

static void probe_http(const struct http_config *http, struct complaints *complaints)
{
    const struct http_token_config *tokens = http->tokens.items;
    for (size_t i = 0; i < http->tokens.count; i++)
        probe_secret(&tokens[i].file, "nobody gets in with this token", complaints);
    if (http->hmac)
        probe_secret(&http->hmac->secret_file, "no signature is right", complaints);
    probe_pems(http, complaints);
}

/** The state folder, or the nearest folder above it that is there. */
static bool stat_disk(struct slice folder, struct statfs *disk, struct arena *arena)
{
    for (;;) {
        char *path = arena_text(arena, folder.len > 0 ? folder : SLICE("/"));
        if (statfs(path, disk) == 0)
            return true;
        const char *slash = memrchr(folder.ptr, '/', folder.len);
        if (!slash)
            return false;
        folder.len = (size_t)(slash - folder.ptr);
    }
}

static void probe_state(const struct config *config, struct complaints *complaints)
{
    struct statfs disk;
    struct slice folder = config->state_dir.value;
    if (!stat_disk(folder, &disk, complaints->arena))
        return;
    const char *doubt = state_dir_doubt((int64_t)disk.f_type);
    struct place at = { .source = config->node->at.source };
    if (doubt)
        complain_softly(complaints,
                        config->state_dir.node ? config->state_dir.node->at : at,
                        "the state folder '%.*s' %s", SLICE_ARG(folder), doubt);
}

static void probe_spool(const struct spool_config *spool, struct complaints *complaints)
{
    struct slice folder = spool->folder.value;
    const char *path = arena_text(complaints->arena, folder);
    if (access(path, R_OK | W_OK | X_OK) == 0)
        return;
    complain_softly(complaints,
                    spool->folder.node ? spool->folder.node->at : spool->node->at,
                    "nothing can be taken from the spool '%.*s': %s; 'install -d -m "
                    "2770 -g GROUP %.*s' makes it for the group of those who hand over",
                    SLICE_ARG(folder), strerror(errno), SLICE_ARG(folder));
}

static void advise_samples(const struct config *config, struct complaints *complaints)
{
    const struct rule_config *rules = config->rules.items;
    for (size_t i = 0; i < config->rules.count; i++) {
        if (rules[i].samples && rules[i].samples->match.count > 0)
            continue;
        complain_softly(complaints, rules[i].name.node->at,
                        "rule '%.*s' has no samples; with 'samples: {match: [a line]}' "
                        "`tocsin test` can check it",
                        SLICE_ARG(rules[i].name.value));
    }
}

void config_probe(struct config *config, struct buf *out, bool color)
{
    struct complaints complaints = { .arena = &config->arena };
    const struct source_config *sources = config->sources.items;
    for (size_t i = 0; i < config->sources.count; i++) {
        for (size_t k = 0; k < sources[i].files.count; k++)
            probe_pattern(&sources[i].files.items[k], &complaints);
        if (sources[i].journal)
            probe_journal(sources[i].journal, &complaints);
    }
    if (config->http)
        probe_http(config->http, &complaints);
    if (config->spool)
        probe_spool(config->spool, &complaints);
    probe_state(config, &complaints);
    complaints_print(&complaints, out, color);
    complaints_free(&complaints);
}

static void probe_webhook(const struct output_config *output,
                          struct complaints *complaints)
{
    static const char no_post[] = "nothing is posted for this output";
    probe_secret(&output->webhook_file, no_post, complaints);
    probe_secret(&output->webhook_token_file, no_post, complaints);
}

void config_probe_accounts(struct config *config, struct buf *out, bool color)
{
    struct complaints complaints = { .arena = &config->arena };
    const struct account_config *accounts = config->accounts.items;
    const struct output_config *outputs = config->outputs.items;
    for (size_t i = 0; i < config->accounts.count; i++)
        probe_account(&accounts[i], &complaints);
    for (size_t i = 0; i < config->outputs.count; i++)
        probe_webhook(&outputs[i], &complaints);
    complaints_print(&complaints, out, color);
    complaints_free(&complaints);
}

void config_advise(struct config *config, struct buf *out, bool color)
{
    struct complaints complaints = { .arena = &config->arena };
    advise_samples(config, &complaints);
    rules_advise(config->compiled_rules, clock_real().ticks, &complaints);
    complaints_print(&complaints, out, color);
    complaints_free(&complaints);
}
