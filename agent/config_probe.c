/**
 * What is right in the configuration and may not be right on this host, or could be
 * better: only warnings, because a check on another host, or before the logs are there,
 * is worth something too.
 */
#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/config.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/scan.h"
#include "outputs/secret.h"

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

static void probe_secret(const struct conf_text *path, struct complaints *complaints)
{
    struct secret secret = { 0 };
    struct err err = { 0 };
    if (path->node && !secret_read(path->value, &secret, &err))
        complain_softly(complaints, path->node->at,
                        "%s; without it this account sends no mail", err.text);
    secret_wipe(&secret);
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
    const struct account_config *accounts = config->accounts.items;
    for (size_t i = 0; i < config->sources.count; i++) {
        for (size_t k = 0; k < sources[i].files.count; k++)
            probe_pattern(&sources[i].files.items[k], &complaints);
    }
    for (size_t i = 0; i < config->accounts.count; i++) {
        probe_secret(&accounts[i].password_file, &complaints);
        if (accounts[i].smtp)
            probe_secret(&accounts[i].smtp->password_file, &complaints);
    }
    complaints_print(&complaints, out, color);
    complaints_free(&complaints);
}

void config_advise(struct config *config, struct buf *out, bool color)
{
    struct complaints complaints = { .arena = &config->arena };
    advise_samples(config, &complaints);
    complaints_print(&complaints, out, color);
    complaints_free(&complaints);
}
