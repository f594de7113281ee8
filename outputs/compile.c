/** The keys of an output, and the check of both lists against each other. */
#include <ctype.h>

#include "agent/base/limits.h"
#include "outputs/compiled.h"
#include "outputs/mime.h"
#include "outputs/web_url.h"

enum { WEBHOOK_ALL, WEBHOOK_TEXT };
static const char *const webhook_fields_names[] = { "all", "text", NULL };
#define WEBHOOK_DOUBT_WAIT_MS MINUTE_MS

static const struct field output_fields[] = {
    TEXT(struct output_config, name, .is_required = true,
         .doc = "The name by which routes use the output."),
    TEXT(struct output_config, account,
         .doc = "The account that sends. Default: the only account there is."),
    TEXTS(struct output_config, to, .doc = "The addresses that get the mail."),
    TEXT(struct output_config, maildir,
         .doc =
             "Instead of an account: a folder of this host into which each mail is put "
             "as a file (Maildir)."),
    TEXT(struct output_config, webhook,
         .doc = "Instead of an account: an address, https://HOST/PATH, to which each "
                "mail is posted as JSON. Who may post needs to know nothing but the "
                "address with many services (Slack): then write it into "
                "`webhook_file`."),
    TEXT(struct output_config, webhook_file,
         .doc = "Instead of `webhook`: a file with the address, which only its owner "
                "may read."),
    TEXT(struct output_config, webhook_token_file,
         .doc = "A file with a token, which only its owner may read; it is sent as "
                "Authorization: Bearer."),
    TEXT(struct output_config, webhook_ca_file,
         .doc = "Trust the certificates in this file instead of the system's."),
    CHOICE(struct output_config, webhook_fields, .def = "all",
           .choices = webhook_fields_names,
           .doc = "all: text, title, body, severity and further ones. text: that one "
                  "alone, for receivers that refuse what they do not know (Google "
                  "Chat)."),
    BOOL(struct output_config, webhook_allow_http,
         .doc = "Post in clear, to http://, also to other hosts than this one. "
                "Everybody between reads along."),
};
const struct schema output_schema = {
    .name = "output",
    .doc = "Who gets mail, and by which account.",
    .size = sizeof(struct output_config),
    .node_offset = offsetof(struct output_config, node),
    .fields = output_fields,
    .field_count = sizeof output_fields / sizeof *output_fields,
};

struct compiling {
    struct outputs_config *config;
    struct account *accounts;  /* with room for one of each webhook */
    size_t mail_account_count; /* of those that the configuration names */
    struct slice host_name;
    struct arena *arena;
    struct complaints *complaints;
};

static struct place place_of(const struct conf_text *text,
                             const struct yaml_node *owner)
{
    return text->node ? text->node->at : owner->at;
}

/* Names stand in stored rows, in logs and behind "maildir:", so they are kept
 * simple. */
static void check_name(const struct compiling *compiling, const struct conf_text *name,
                       const struct yaml_node *owner)
{
    bool is_good = name->value.len > 0 && name->value.len <= 64;
    for (size_t i = 0; i < name->value.len; i++)
        is_good = is_good && (isalnum((unsigned char)name->value.ptr[i]) ||
                              strchr("._-", name->value.ptr[i]));
    if (!is_good && name->node)
        complain(compiling->complaints, place_of(name, owner),
                 "a name is 1 to 64 letters, digits, '.', '_' or '-'");
}

/* --- accounts --------------------------------------------------------------------- */

static void compile_accounts(const struct compiling *compiling,
                             const struct conf_blocks *blocks)
{
    const struct account_config *configs = blocks->items;
    struct account *accounts = compiling->accounts;
    for (size_t i = 0; i < blocks->count; i++) {
        check_name(compiling, &configs[i].name, configs[i].node);
        account_resolve(&configs[i], compiling->host_name, &accounts[i],
                        compiling->arena, compiling->complaints);
        for (size_t j = 0; j < i; j++)
            if (slice_equal(accounts[i].name, accounts[j].name))
                complain(compiling->complaints,
                         place_of(&configs[i].name, configs[i].node),
                         "there are two accounts with the name '%.*s'",
                         SLICE_ARG(accounts[i].name));
    }
    compiling->config->accounts = accounts;
    compiling->config->account_count = blocks->count;
}

static const struct account *find_account(const struct compiling *compiling,
                                          struct slice name)
{
    const struct outputs_config *config = compiling->config;
    for (size_t i = 0; i < compiling->mail_account_count; i++)
        if (slice_equal(config->accounts[i].name, name))
            return &config->accounts[i];
    return NULL;
}

static const char *suggest_account(const struct compiling *compiling, struct slice name)
{
    const struct outputs_config *config = compiling->config;
    const char **names =
        arena_zalloc(compiling->arena,
                     (compiling->mail_account_count + 1) * sizeof *names);
    for (size_t i = 0; i < compiling->mail_account_count; i++)
        names[i] = arena_text(compiling->arena, config->accounts[i].name);
    return did_you_mean(compiling->arena, name, names);
}

/* --- outputs ---------------------------------------------------------------------- */

static void check_address(const struct compiling *compiling,
                          const struct output_config *config, size_t i)
{
    const struct conf_text *address = &config->to.items[i];
    struct place at = place_of(address, config->node);
    if (!mime_is_address(address->value))
        complain(compiling->complaints, at, "this is not an e-mail address");
    else if (slice_find(address->value, SLICE("{{")) != SIZE_MAX)
        complain(compiling->complaints, at,
                 "an address is no template, nothing of an event chooses who gets its "
                 "mail: use routes with 'match'");
    for (size_t j = 0; j < i; j++)
        if (slice_equal_nocase(config->to.items[j].value, address->value))
            complain_softly(compiling->complaints, at,
                            "this address stands here twice, it gets two copies");
}

static void compile_recipients(const struct compiling *compiling,
                               const struct output_config *config,
                               struct output *output)
{
    struct slice *to =
        arena_zalloc(compiling->arena, (config->to.count + 1) * sizeof *to);
    if (config->to.count == 0)
        complain(compiling->complaints, config->node->at,
                 "this output has no recipients; add 'to: [ADDRESS]'");
    if (config->to.count > LIMIT_RECIPIENTS)
        complain(
            compiling->complaints, config->node->at,
            "an output has at most %d recipients; use a mailing list or two outputs",
            LIMIT_RECIPIENTS);
    for (size_t i = 0; i < config->to.count; i++) {
        check_address(compiling, config, i);
        to[i] = config->to.items[i].value;
    }
    output->to = to;
    output->to_count = config->to.count;
}

static void compile_mail(const struct compiling *compiling,
                         const struct output_config *config, struct output *output)
{
    struct slice name = config->account.value;
    if (name.len == 0 && compiling->mail_account_count == 1)
        output->account = compiling->config->accounts;
    else
        output->account = find_account(compiling, name);
    if (!output->account && name.len == 0)
        complain(compiling->complaints, config->node->at,
                 "this output needs 'account: NAME', 'maildir: FOLDER' or 'webhook: "
                 "ADDRESS'");
    else if (!output->account)
        complain(compiling->complaints, place_of(&config->account, config->node),
                 "there is no account '%.*s'%s", SLICE_ARG(name),
                 suggest_account(compiling, name));
    else {
        output->lane = output->account->name;
        output->from = output->account->from;
    }
    compile_recipients(compiling, config, output);
}

static void compile_maildir(const struct compiling *compiling,
                            const struct output_config *config, struct output *output)
{
    struct slice folder = config->maildir.value;
    if (folder.ptr[0] != '/' || memchr(folder.ptr, '\0', folder.len))
        complain(compiling->complaints, place_of(&config->maildir, config->node),
                 "'maildir' must be an absolute path");
    if (config->account.value.len > 0 || config->to.count > 0)
        complain(compiling->complaints, config->node->at,
                 "'maildir' excludes 'account' and 'to'");
    output->maildir = folder;
    output->lane = slice_of(
        arena_printf(compiling->arena, "maildir:%.*s", SLICE_ARG(config->name.value)));
    output->from = slice_of(
        arena_printf(compiling->arena, "tocsin@%.*s", SLICE_ARG(compiling->host_name)));
}

/* --- webhooks --------------------------------------------------------------------- */

/* An address that is written down here has its parts checked now. */
static void take_url(const struct compiling *compiling,
                     const struct output_config *config, struct account *account)
{
    struct web_url url;
    struct place at = place_of(&config->webhook, config->node);
    account->url = config->webhook.value;
    if (!web_url_parse(account->url, &url)) {
        complain(compiling->complaints, at,
                 "'webhook' is written https://HOST/PATH; a password does not belong "
                 "into it, see 'webhook_token_file' and 'webhook_file'");
        return;
    }
    if (url.is_plain && !config->webhook_allow_http && !web_host_is_loopback(url.host))
        complain(compiling->complaints, at,
                 "http:// goes in clear over the network: use https://, or say "
                 "'webhook_allow_http: true'");
    account->host = url.host;
    account->port = url.port;
    account->tls = url.is_plain ? TLS_NONE : TLS_IMPLICIT;
}

static void check_file(const struct compiling *compiling, const struct conf_text *path,
                       const char *key)
{
    if (path->value.len > 0 && path->value.ptr[0] != '/')
        complain(compiling->complaints, path->node->at,
                 "'%s' must be an absolute path, from '/'", key);
}

static void check_webhook(const struct compiling *compiling,
                          const struct output_config *config)
{
    check_file(compiling, &config->webhook_file, "webhook_file");
    check_file(compiling, &config->webhook_token_file, "webhook_token_file");
    check_file(compiling, &config->webhook_ca_file, "webhook_ca_file");
    if (config->account.value.len > 0 || config->to.count > 0 ||
        config->maildir.value.len > 0)
        complain(compiling->complaints, config->node->at,
                 "'webhook' excludes 'account', 'to' and 'maildir'");
    if (config->webhook.value.len > 0 && config->webhook_file.value.len > 0)
        complain(compiling->complaints, config->node->at,
                 "'webhook' and 'webhook_file' exclude each other");
}

/* To everything behind, a webhook is an account of its own with one recipient. */
static void compile_webhook(const struct compiling *compiling,
                            const struct output_config *config, struct output *output)
{
    struct arena *arena = compiling->arena;
    struct slice name = config->name.value;
    struct slice token = config->webhook_token_file.value;
    struct slice *to = arena_zalloc(arena, sizeof *to);
    struct account *account = &compiling->accounts[compiling->config->account_count++];
    check_webhook(compiling, config);
    *to = slice_of(arena_printf(arena, "%.*s@webhook.invalid", SLICE_ARG(name)));
    *account = (struct account){
        .name = slice_of(arena_printf(arena, "webhook:%.*s", SLICE_ARG(name))),
        .host = config->webhook_file.value,
        .is_webhook = true,
        .url_file = config->webhook_file.value,
        .token_file = token,
        .password_file = token.len > 0 ? token : config->webhook_file.value,
        .ca_file = config->webhook_ca_file.value,
        .allows_plain = config->webhook_allow_http,
        .is_text_only = config->webhook_fields == WEBHOOK_TEXT,
        .doubt_wait_ms = WEBHOOK_DOUBT_WAIT_MS,
        .from = slice_of(
            arena_printf(arena, "tocsin@%.*s", SLICE_ARG(compiling->host_name))),
    };
    if (config->webhook.value.len > 0)
        take_url(compiling, config, account);
    output->account = account;
    output->lane = account->name;
    output->from = account->from;
    output->to = to;
    output->to_count = 1;
}

static void check_stray_webhook(const struct compiling *compiling,
                                const struct output_config *config)
{
    if (config->webhook_token_file.value.len > 0 ||
        config->webhook_ca_file.value.len > 0 || config->webhook_allow_http ||
        config->webhook_fields != WEBHOOK_ALL)
        complain(compiling->complaints, config->node->at,
                 "the keys of a webhook need 'webhook: ADDRESS' or 'webhook_file: "
                 "FILE'");
}

/* --- an output -------------------------------------------------------------------- */

static void compile_output(const struct compiling *compiling,
                           const struct output_config *config, struct output *output)
{
    *output = (struct output){ .name = config->name.value };
    check_name(compiling, &config->name, config->node);
    output->from_name = slice_of(arena_printf(compiling->arena, "tocsin on %.*s",
                                              SLICE_ARG(compiling->host_name)));
    if (config->webhook.value.len > 0 || config->webhook_file.value.len > 0) {
        compile_webhook(compiling, config, output);
        return;
    }
    check_stray_webhook(compiling, config);
    if (config->maildir.value.len > 0)
        compile_maildir(compiling, config, output);
    else
        compile_mail(compiling, config, output);
}

static void compile_outputs(const struct compiling *compiling,
                            const struct conf_blocks *blocks)
{
    const struct output_config *configs = blocks->items;
    struct output *outputs =
        arena_zalloc(compiling->arena, blocks->count * sizeof *outputs);
    for (size_t i = 0; i < blocks->count; i++) {
        compile_output(compiling, &configs[i], &outputs[i]);
        for (size_t j = 0; j < i; j++)
            if (slice_equal(outputs[i].name, outputs[j].name))
                complain(compiling->complaints,
                         place_of(&configs[i].name, configs[i].node),
                         "there are two outputs with the name '%.*s'",
                         SLICE_ARG(outputs[i].name));
    }
    compiling->config->outputs = outputs;
    compiling->config->output_count = blocks->count;
}

const struct output *outputs_config_find(const struct outputs_config *config,
                                         struct slice name)
{
    for (size_t i = 0; i < config->output_count; i++)
        if (slice_equal(config->outputs[i].name, name))
            return &config->outputs[i];
    return NULL;
}

struct outputs_config *outputs_compile(const struct conf_blocks *accounts,
                                       const struct conf_blocks *outputs,
                                       struct slice host_name, struct arena *arena,
                                       struct complaints *complaints)
{
    size_t errors_before = complaints->error_count;
    struct outputs_config *config = arena_zalloc(arena, sizeof *config);
    const struct compiling compiling = {
        .config = config,
        .accounts = arena_zalloc(arena, (accounts->count + outputs->count) *
                                            sizeof(struct account)),
        .mail_account_count = accounts->count,
        .host_name = host_name,
        .arena = arena,
        .complaints = complaints,
    };
    compile_accounts(&compiling, accounts);
    compile_outputs(&compiling, outputs);
    return complaints->error_count == errors_before ? config : NULL;
}
