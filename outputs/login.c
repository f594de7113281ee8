/**
 * A login in stages: what proves who we are is got first, then the connection is opened
 * with it.
 */
#include "outputs/login.h"

#include <stdlib.h>

#include "agent/base/program.h"
#include "outputs/gmail_api.h"
#include "outputs/reply.h"
#include "outputs/webhook.h"
#include "outputs/xoauth2.h"

enum stage {
    STAGE_SECRET, /* a command is to print the password */
    STAGE_TOKEN,  /* the token endpoint is to give an access token */
    STAGE_OPEN,   /* the bare link connects, and logs in by a password */
    STAGE_AUTH,   /* we log in by the token */
    STAGE_API,    /* Gmail's API connects instead of all that */
    STAGE_HOOK,   /* or the receiver of a webhook */
    STAGE_READY,
    STAGE_FAILED,
    STAGES, /* how many there are */
};

struct logins {
    struct link_ops ops;
    const struct link_ops *bare;
    struct tokens *tokens;
};

/* struct link is this. */
struct login_link {
    struct logins *logins;
    const struct wakes *wakes;
    struct arena memory; /* of account */
    struct account account;
    enum stage stage;
    struct program *program;
    struct token *token;
    bool is_token_old; /* it was got before this login */
    struct xoauth2 talk;
    struct link *bare;     /* NULL: not yet, or the API has it */
    struct gmail_api *api; /* NULL: it is not that */
    struct webhook *hook;  /* likewise */
    struct smtp_reply failure;
};

static struct login_link *of(const struct link *link)
{
    return (struct login_link *)(uintptr_t)link;
}

static void fail(struct login_link *link, const struct smtp_reply *reply)
{
    link->failure = *reply;
    link->stage = STAGE_FAILED;
}

static void fail_with(struct login_link *link, const char *text)
{
    struct smtp_reply reply = reply_of_network(PHASE_AUTH, slice_of(text));
    fail(link, &reply);
}

/* --- stages ----------------------------------------------------------------------- */

/* With a token, greeting, EHLO and TLS are the bare link's, and the login is ours. */
static void open_bare(struct login_link *link, struct now now)
{
    const struct link_ops *bare = link->logins->bare;
    struct account account = link->account;
    if (link->token)
        account.user = SLICE("");
    link->bare = bare->open(bare->ctx, &account, link->wakes, now);
    link->stage = STAGE_OPEN;
}

static void close_bare(struct login_link *link)
{
    if (link->bare)
        link->logins->bare->close(link->bare);
    link->bare = NULL;
}

static void at_secret(struct login_link *link, struct now now)
{
    struct err err = { 0 };
    enum program_state state = program_step(link->program, now, &err);
    if (state == PROGRAM_FAILED) {
        fail_with(link, err.text);
    } else if (state == PROGRAM_DONE) {
        link->account.secret = program_secret(link->program);
        open_bare(link, now);
        link->account.secret = NULL;
    }
    if (state == PROGRAM_RUNS)
        return;
    program_free(link->program);
    link->program = NULL;
}

static void begin_token(struct login_link *link, struct now now)
{
    if (!link->token)
        link->token = tokens_enter(link->logins->tokens, &link->account, link->wakes);
    link->is_token_old = token_is_fresh(link->token, now);
    link->stage = STAGE_TOKEN;
}

static void open_api(struct login_link *link, struct now now)
{
    link->api = gmail_api_open(&link->account, link->logins->bare, link->wakes,
                               link->token, now);
    link->stage = STAGE_API;
}

static void at_token(struct login_link *link, struct now now)
{
    enum token_state state = token_step(link->token, now);
    if (state == TOKEN_FAILED)
        fail(link, token_failure(link->token));
    else if (state == TOKEN_READY && link->account.is_api)
        open_api(link, now);
    else if (state == TOKEN_READY)
        open_bare(link, now);
}

static void begin_auth(struct login_link *link)
{
    struct err err = { 0 };
    if (xoauth2_begin(&link->talk, link->account.user, token_text(link->token), &err))
        link->stage = STAGE_AUTH;
    else
        fail_with(link, err.text);
}

static void at_open(struct login_link *link, struct now now)
{
    const struct link_ops *bare = link->logins->bare;
    enum link_state state = bare->step(link->bare, now);
    if (state == LINK_FAILED)
        fail(link, bare->failure(link->bare));
    else if (state == LINK_READY && link->token)
        begin_auth(link);
    else if (state == LINK_READY)
        link->stage = STAGE_READY;
}

/* A token may end before its time. One that is new is not got again: the next would be
 * refused as well. */
static void refuse_token(struct login_link *link, struct now now)
{
    token_refuse(link->token);
    if (!link->is_token_old) {
        fail(link, &link->talk.reply);
        return;
    }
    close_bare(link);
    begin_token(link, now);
}

static void at_auth(struct login_link *link, struct now now)
{
    enum xoauth2_state state =
        xoauth2_step(&link->talk, link->logins->bare, link->bare);
    if (state == XOAUTH2_TALKS)
        return;
    xoauth2_clear(&link->talk);
    if (state == XOAUTH2_DONE)
        link->stage = STAGE_READY;
    else if (state == XOAUTH2_LOST)
        fail(link, &link->talk.reply);
    else
        refuse_token(link, now);
}

static void at_api(struct login_link *link, struct now now)
{
    enum link_state state = gmail_api_step(link->api, now);
    if (state == LINK_FAILED)
        fail(link, gmail_api_failure(link->api));
    else if (state == LINK_READY)
        link->stage = STAGE_READY;
}

static void at_hook(struct login_link *link, struct now now)
{
    enum link_state state = webhook_step(link->hook, now);
    if (state == LINK_FAILED)
        fail(link, webhook_failure(link->hook));
    else if (state == LINK_READY)
        link->stage = STAGE_READY;
}

static void at_end(struct login_link *link, struct now now)
{
    (void)link;
    (void)now;
}

static void (*const stages[STAGES])(struct login_link *, struct now) = {
    [STAGE_SECRET] = at_secret, [STAGE_TOKEN] = at_token, [STAGE_OPEN] = at_open,
    [STAGE_AUTH] = at_auth,     [STAGE_API] = at_api,     [STAGE_HOOK] = at_hook,
    [STAGE_READY] = at_end,     [STAGE_FAILED] = at_end,
};

static struct program *run_command(const struct account *account,
                                   const struct wakes *wakes, struct now now)
{
    if (account->errand_door == 0)
        return program_start(account->command, account->command_count, wakes, now);
    return program_send_for(account->errand_door, account->name, account->command[0],
                            wakes, now);
}

/* --- a link ----------------------------------------------------------------------- */

static struct link *login_open(void *ctx, const struct account *account,
                               const struct wakes *wakes, struct now now)
{
    struct login_link *link = mem_zalloc(sizeof *link);
    link->logins = ctx;
    link->wakes = wakes;
    link->account = account_copy(account, &link->memory);
    if (account->is_webhook) {
        link->hook = webhook_open(&link->account, link->logins->bare, wakes, now);
        link->stage = STAGE_HOOK;
    } else if (account->login == LOGIN_COMMAND) {
        link->stage = STAGE_SECRET;
        link->program = run_command(account, wakes, now);
    } else if (account->login == LOGIN_CONSENT || account->login == LOGIN_SERVICE) {
        begin_token(link, now);
    } else {
        link->account.secret = account->secret;
        open_bare(link, now);
        link->account.secret = NULL;
    }
    return (struct link *)link;
}

static enum link_state login_step(struct link *handle, struct now now)
{
    struct login_link *link = of(handle);
    enum stage before;
    do {
        before = link->stage;
        stages[before](link, now);
    } while (link->stage != before);
    return link->stage == STAGE_READY    ? LINK_READY
           : link->stage == STAGE_FAILED ? LINK_FAILED
                                         : LINK_OPENING;
}

/* What becomes of the API's connection is told by receive(). */
static void login_go_on(struct link *handle, struct now now)
{
    struct login_link *link = of(handle);
    if (link->api)
        gmail_api_step(link->api, now);
    else if (link->hook)
        webhook_step(link->hook, now);
}

static const struct smtp_reply *login_failure(const struct link *handle)
{
    return &of(handle)->failure;
}

static bool login_has_extension(const struct link *handle, struct slice keyword)
{
    const struct login_link *link = of(handle);
    return link->api    ? gmail_api_has_extension(keyword)
           : link->hook ? webhook_has_extension(keyword)
                        : link->logins->bare->has_extension(link->bare, keyword);
}

static int64_t login_size_max(const struct link *handle)
{
    const struct login_link *link = of(handle);
    return link->api || link->hook ? 0 : link->logins->bare->size_max(link->bare);
}

static int64_t login_certificate_ends(const struct link *handle)
{
    const struct login_link *link = of(handle);
    const struct link *bare = link->api    ? gmail_api_link(link->api)
                              : link->hook ? webhook_link(link->hook)
                                           : link->bare;
    return bare ? link->logins->bare->certificate_ends(bare) : 0;
}

static const struct link_complaint *login_complaint(const struct link *handle)
{
    const struct login_link *link = of(handle);
    return link->token ? token_complaint(link->token) : NULL;
}

static ssize_t login_send(struct link *handle, struct slice bytes)
{
    struct login_link *link = of(handle);
    return link->api    ? gmail_api_send(link->api, bytes)
           : link->hook ? webhook_send(link->hook, bytes)
                        : link->logins->bare->send(link->bare, bytes);
}

static ssize_t login_receive(struct link *handle, void *into, size_t size)
{
    struct login_link *link = of(handle);
    return link->api    ? gmail_api_receive(link->api, into, size)
           : link->hook ? webhook_receive(link->hook, into, size)
                        : link->logins->bare->receive(link->bare, into, size);
}

static void login_want(struct link *handle, int events)
{
    struct login_link *link = of(handle);
    if (link->api)
        gmail_api_want(link->api, events);
    else if (link->hook)
        webhook_want(link->hook, events);
    else
        link->logins->bare->want(link->bare, events);
}

static void login_close(struct link *handle)
{
    struct login_link *link = of(handle);
    program_free(link->program);
    gmail_api_close(link->api);
    webhook_close(link->hook);
    token_leave(link->token);
    xoauth2_clear(&link->talk);
    close_bare(link);
    arena_free(&link->memory);
    free(link);
}

static int64_t login_wake_at(const struct link *handle)
{
    const struct login_link *link = of(handle);
    if (link->program)
        return program_wake_at(link->program);
    if (link->stage == STAGE_TOKEN)
        return token_wake_at(link->token);
    if (link->api)
        return gmail_api_wake_at(link->api);
    if (link->hook)
        return webhook_wake_at(link->hook);
    return link->bare ? link->logins->bare->wake_at(link->bare) : NEVER_MS;
}

static bool login_keep(void *ctx, struct slice folder, struct slice bytes)
{
    struct logins *logins = ctx;
    return logins->bare->keep(logins->bare->ctx, folder, bytes);
}

/* --- all links -------------------------------------------------------------------- */

const struct link_ops *links_with_login(const struct link_ops *bare)
{
    struct logins *logins = mem_zalloc(sizeof *logins);
    logins->bare = bare;
    logins->tokens = tokens_create(bare);
    logins->ops = (struct link_ops){
        .open = login_open,
        .step = login_step,
        .go_on = login_go_on,
        .failure = login_failure,
        .has_extension = login_has_extension,
        .size_max = bare->size_max ? login_size_max : NULL,
        .certificate_ends = bare->certificate_ends ? login_certificate_ends : NULL,
        .complaint = login_complaint,
        .send = login_send,
        .receive = login_receive,
        .want = login_want,
        .close = login_close,
        .wake_at = login_wake_at,
        .keep = bare->keep ? login_keep : NULL,
        .ctx = logins,
    };
    return &logins->ops;
}

const struct link_ops *links_login_free(const struct link_ops *ops)
{
    struct logins *logins = ops->ctx;
    const struct link_ops *bare = logins->bare;
    tokens_free(logins->tokens);
    free(logins);
    return bare;
}
