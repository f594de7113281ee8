/**
 * A login in stages: what proves who we are is got first, then the connection is opened
 * with it.
 */
#include "outputs/login.h"

#include <stdlib.h>

#include "agent/base/program.h"
#include "outputs/reply.h"

enum stage {
    STAGE_SECRET, /* a command is to print the password */
    STAGE_OPEN,   /* the bare link connects */
    STAGE_READY,
    STAGE_FAILED,
    STAGES, /* how many there are */
};

struct logins {
    struct link_ops ops;
    const struct link_ops *bare;
};

/* struct link is this. */
struct login_link {
    struct logins *logins;
    const struct wakes *wakes;
    struct arena memory; /* of account */
    struct account account;
    enum stage stage;
    struct program *program;
    struct link *bare; /* NULL: not yet */
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

/* --- stages ----------------------------------------------------------------------- */

static void open_bare(struct login_link *link, struct now now)
{
    const struct link_ops *bare = link->logins->bare;
    link->bare = bare->open(bare->ctx, &link->account, link->wakes, now);
    link->stage = STAGE_OPEN;
}

static void at_secret(struct login_link *link, struct now now)
{
    struct err err = { 0 };
    enum program_state state = program_step(link->program, now, &err);
    if (state == PROGRAM_FAILED) {
        struct smtp_reply reply = reply_of_network(PHASE_AUTH, slice_of(err.text));
        fail(link, &reply);
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

static void at_open(struct login_link *link, struct now now)
{
    const struct link_ops *bare = link->logins->bare;
    enum link_state state = bare->step(link->bare, now);
    if (state == LINK_FAILED)
        fail(link, bare->failure(link->bare));
    else if (state == LINK_READY)
        link->stage = STAGE_READY;
}

static void at_end(struct login_link *link, struct now now)
{
    (void)link;
    (void)now;
}

static void (*const stages[STAGES])(struct login_link *, struct now) = {
    [STAGE_SECRET] = at_secret,
    [STAGE_OPEN] = at_open,
    [STAGE_READY] = at_end,
    [STAGE_FAILED] = at_end,
};

/* --- a link ----------------------------------------------------------------------- */

static struct link *login_open(void *ctx, const struct account *account,
                               const struct wakes *wakes, struct now now)
{
    struct login_link *link = mem_zalloc(sizeof *link);
    link->logins = ctx;
    link->wakes = wakes;
    link->account = account_copy(account, &link->memory);
    if (account->login == LOGIN_COMMAND) {
        link->stage = STAGE_SECRET;
        link->program =
            program_start(account->command, account->command_count, wakes, now);
    } else {
        open_bare(link, now);
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

static const struct smtp_reply *login_failure(const struct link *handle)
{
    return &of(handle)->failure;
}

static bool login_has_extension(const struct link *handle, struct slice keyword)
{
    const struct login_link *link = of(handle);
    return link->logins->bare->has_extension(link->bare, keyword);
}

static int64_t login_certificate_ends(const struct link *handle)
{
    const struct login_link *link = of(handle);
    return link->logins->bare->certificate_ends(link->bare);
}

static ssize_t login_send(struct link *handle, struct slice bytes)
{
    struct login_link *link = of(handle);
    return link->logins->bare->send(link->bare, bytes);
}

static ssize_t login_receive(struct link *handle, void *into, size_t size)
{
    struct login_link *link = of(handle);
    return link->logins->bare->receive(link->bare, into, size);
}

static void login_want(struct link *handle, int events)
{
    struct login_link *link = of(handle);
    link->logins->bare->want(link->bare, events);
}

static void login_close(struct link *handle)
{
    struct login_link *link = of(handle);
    program_free(link->program);
    if (link->bare)
        link->logins->bare->close(link->bare);
    arena_free(&link->memory);
    free(link);
}

static int64_t login_wake_at(const struct link *handle)
{
    const struct login_link *link = of(handle);
    if (link->program)
        return program_wake_at(link->program);
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
    logins->ops = (struct link_ops){
        .open = login_open,
        .step = login_step,
        .failure = login_failure,
        .has_extension = login_has_extension,
        .certificate_ends = bare->certificate_ends ? login_certificate_ends : NULL,
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
    free(logins);
    return bare;
}
