/** How an account logs in: which of the four ways, and whether its keys fit. */
#include <string.h>

#include "outputs/account.h"

struct login_check {
    const struct account_config *config;
    const struct login_keys *keys;
    struct account *account;
    struct arena *arena;
    struct complaints *complaints;
};

static struct place place_of(const struct conf_text *text,
                             const struct yaml_node *owner)
{
    return text->node ? text->node->at : owner->at;
}

/* systemd and people start us in different folders. */
static void check_path(const struct login_check *check, const struct conf_text *path,
                       const struct yaml_node *owner, const char *key)
{
    if (path->value.len > 0 && path->value.ptr[0] != '/')
        complain(check->complaints, place_of(path, owner),
                 "'%s' must be an absolute path, from '/'", key);
}

static void take_command(const struct login_check *check)
{
    const struct conf_texts *words = check->keys->password_command;
    struct slice *command = arena_zalloc(check->arena, words->count * sizeof *command);
    struct slice program = words->items[0].value;
    struct place at = place_of(&words->items[0], check->keys->owner);
    if (program.len == 0 || program.ptr[0] != '/')
        complain(check->complaints, at,
                 "'password_command' begins with the absolute path of a program");
    else if (words->count == 1 && memchr(program.ptr, ' ', program.len))
        complain(check->complaints, at,
                 "no shell reads 'password_command': write program and arguments as a "
                 "list, [/usr/bin/pass, show, tocsin]");
    for (size_t i = 0; i < words->count; i++)
        command[i] = words->items[i].value;
    check->account->login = LOGIN_COMMAND;
    check->account->command = command;
    check->account->command_count = words->count;
}

static void take_consent(const struct login_check *check)
{
    const struct oauth_config *oauth = check->config->oauth;
    check_path(check, &oauth->token_file, oauth->node, "token_file");
    check->account->login = LOGIN_CONSENT;
    check->account->password_file = oauth->token_file.value;
}

static void take_service(const struct login_check *check)
{
    const struct service_config *service = check->config->service_account;
    struct slice user = service->user.value;
    check_path(check, &service->key_file, service->node, "key_file");
    check->account->login = LOGIN_SERVICE;
    check->account->password_file = service->key_file.value;
    check->account->acts_for = user.len > 0 ? user : check->account->user;
}

static size_t count_ways(const struct login_check *check)
{
    return (size_t)(check->keys->password_file->value.len > 0) +
           (size_t)(check->keys->password_command->count > 0) +
           (size_t)(check->config->oauth != NULL) +
           (size_t)(check->config->service_account != NULL);
}

static void complain_of_none(const struct login_check *check)
{
    const struct account_config *config = check->config;
    if (config->api)
        complain(check->complaints, check->keys->owner->at,
                 "'api: true' needs 'oauth: {token_file: FILE}', which `tocsin auth "
                 "gmail` makes, or 'service_account'");
    else if (config->gmail.value.len > 0)
        complain(check->complaints, check->keys->owner->at,
                 "this account has no 'password_file'; put an App Password into a file "
                 "(support.google.com/accounts/answer/185833) and name it, or use "
                 "'password_command', 'oauth' or 'service_account'");
    else
        complain(check->complaints, check->keys->owner->at,
                 "'user' and 'password_file' belong together; one of them is missing");
}

/* The keys that are there, whose ways are told apart by who has them. */
static void take_way(const struct login_check *check)
{
    struct account *account = check->account;
    account->password_file = check->keys->password_file->value;
    if (check->config->oauth)
        take_consent(check);
    else if (check->config->service_account)
        take_service(check);
    else if (check->keys->password_command->count > 0)
        take_command(check);
    if (account->is_api && account->login != LOGIN_CONSENT &&
        account->login != LOGIN_SERVICE)
        complain(check->complaints, check->keys->owner->at,
                 "Gmail's API takes no password: 'api: true' needs 'oauth' or "
                 "'service_account'");
}

void account_resolve_login(const struct account_config *config,
                           const struct login_keys *keys, struct account *account,
                           struct arena *arena, struct complaints *complaints)
{
    const struct login_check check = { config, keys, account, arena, complaints };
    size_t ways = count_ways(&check);
    if (ways > 1)
        complain(complaints, keys->owner->at,
                 "one way to log in is enough: 'password_file', 'password_command', "
                 "'oauth' or 'service_account'; here are %zu",
                 ways);
    else if ((ways == 1) != (account->user.len > 0))
        complain_of_none(&check);
    else if (ways == 1)
        take_way(&check);
}

/* --- copies ----------------------------------------------------------------------- */

enum { ACCOUNT_TEXTS = 11 };

/* Every text but the command's. */
static void texts_of(struct account *account, struct slice *texts[ACCOUNT_TEXTS])
{
    struct slice *all[ACCOUNT_TEXTS] = { &account->name,      &account->host,
                                         &account->user,      &account->password_file,
                                         &account->ca_file,   &account->ehlo,
                                         &account->from,      &account->acts_for,
                                         &account->url,       &account->url_file,
                                         &account->token_file };
    memcpy(texts, all, sizeof all);
}

struct account account_copy(const struct account *account, struct arena *arena)
{
    struct account copy = *account;
    struct slice *texts[ACCOUNT_TEXTS];
    struct slice *command =
        arena_zalloc(arena, account->command_count * sizeof *command);
    texts_of(&copy, texts);
    for (size_t i = 0; i < ACCOUNT_TEXTS; i++)
        *texts[i] = arena_slice(arena, *texts[i]);
    for (size_t i = 0; i < account->command_count; i++)
        command[i] = arena_slice(arena, account->command[i]);
    copy.command = command;
    copy.secret = NULL;
    return copy;
}

static bool is_same_command(const struct account *a, const struct account *b)
{
    bool is_same = a->command_count == b->command_count;
    for (size_t i = 0; is_same && i < a->command_count; i++)
        is_same = slice_equal(a->command[i], b->command[i]);
    return is_same;
}

bool account_is_same(const struct account *a, const struct account *b)
{
    return slice_equal(a->host, b->host) && a->port == b->port && a->tls == b->tls &&
           slice_equal(a->user, b->user) && a->login == b->login &&
           slice_equal(a->password_file, b->password_file) && is_same_command(a, b) &&
           slice_equal(a->acts_for, b->acts_for) && a->is_api == b->is_api &&
           slice_equal(a->url, b->url) && slice_equal(a->url_file, b->url_file) &&
           slice_equal(a->token_file, b->token_file) &&
           a->is_text_only == b->is_text_only && a->allows_plain == b->allows_plain &&
           slice_equal(a->ca_file, b->ca_file) && slice_equal(a->ehlo, b->ehlo);
}
