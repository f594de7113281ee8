/** The two fences, and what is said of them. */
#include "agent/sandbox.h"

#include <stdlib.h>

#include "agent/base/landlock.h"
#include "agent/base/mem.h"
#include "agent/base/seccomp.h"
#include "agent/sandbox_calls.h"
#include "agent/sandbox_paths.h"

struct sandbox {
    struct sandbox_paths inside; /* of the fence around files */
    struct sandbox_state state;
    bool has_threads; /* they may be started */
    struct err no_fence, no_filter;
};

struct sandbox *sandbox_create(void)
{
    return mem_zalloc(sizeof(struct sandbox));
}

void sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    sandbox_paths_free(&sandbox->inside);
    free(sandbox);
}

/* --- to shut it ------------------------------------------------------------------- */

static bool allow_all(struct landlock *fence, const struct sandbox_paths *inside,
                      struct err *err)
{
    for (size_t i = 0; i < inside->count; i++)
        if (!landlock_allow(fence, inside->items[i].path, inside->items[i].rights, err))
            return false;
    return true;
}

static bool has_maildir(const struct config *config)
{
    const struct output_config *outputs = config->outputs.items;
    for (size_t i = 0; i < config->outputs.count; i++)
        if (outputs[i].maildir.value.len > 0)
            return true;
    return false;
}

static bool wants_threads(const struct config *config)
{
    return config->scan_threads > 1;
}

static bool can_be_fenced(const struct sandbox *sandbox, const struct landlock *fence,
                          const struct config *config, struct err *err)
{
    if (sandbox->inside.overflowed)
        return err_set(err, ERR_FULL, "logs lie in more than %d folders",
                       LIMIT_SANDBOX_PATHS);
    if (fence->abi == 1 && has_maildir(config))
        return err_set(err, ERR_MISSING,
                       "the first version of Landlock does not let a mail be moved "
                       "within a Maildir");
    return true;
}

static void fence_files(struct sandbox *sandbox, const struct config *config,
                        enum sandbox_role role)
{
    struct landlock fence;
    struct err *err = &sandbox->no_fence;
    if (!landlock_begin(&fence, role == SANDBOX_SENDER, err))
        return;
    if (can_be_fenced(sandbox, &fence, config, err) &&
        allow_all(&fence, &sandbox->inside, err) && landlock_shut(&fence, err))
        sandbox->state.landlock_abi = fence.abi;
    landlock_clear(&fence);
}

void sandbox_shut(struct sandbox *sandbox, const struct config *config,
                  enum sandbox_role role, struct log_sink *log)
{
    struct seccomp_row rows[SECCOMP_ROWS_MAX];
    sandbox->state.is_wanted = config->sandbox;
    if (!sandbox->state.is_wanted)
        return;
    if (role == SANDBOX_SENDER)
        sandbox_paths_of_sender(&sandbox->inside, config);
    else
        sandbox_paths_of_agent(&sandbox->inside, config, true);
    fence_files(sandbox, config, role);
    sandbox->has_threads = wants_threads(config);
    sandbox->state.has_filter =
        seccomp_shut(rows, sandbox_calls_of(role, sandbox->has_threads, rows),
                     &sandbox->no_filter);
    if (sandbox->state.landlock_abi == 0)
        log_warning(log, "the sandbox does not hold for files: %s",
                    sandbox->no_fence.text);
    if (!sandbox->state.has_filter)
        log_warning(log, "the sandbox does not hold for system calls: %s",
                    sandbox->no_filter.text);
}

/* --- a later configuration -------------------------------------------------------- */

static bool covers_files(const struct sandbox *sandbox, const struct config *config,
                         struct err *err)
{
    struct sandbox_paths needed = { 0 };
    const struct sandbox_path *outside = NULL;
    if (sandbox->state.landlock_abi == 0)
        return true;
    sandbox_paths_of_agent(&needed, config, false);
    for (size_t i = 0; i < needed.count && !outside; i++)
        if (!sandbox_paths_cover(&sandbox->inside, needed.items[i].path,
                                 needed.items[i].rights))
            outside = &needed.items[i];
    if (outside)
        err_set(err, ERR_DENIED,
                "the new configuration needs to %s '%s', which the running agent gave "
                "up at its start (sandbox): restart it (systemctl restart tocsin); no "
                "line is lost",
                outside->rights & LANDLOCK_WRITE ? "write" : "read", outside->path);
    sandbox_paths_free(&needed);
    return !outside;
}

bool sandbox_covers(const struct sandbox *sandbox, const struct config *config,
                    struct err *err)
{
    if (sandbox->state.has_filter && !sandbox->has_threads && wants_threads(config))
        return err_set(err, ERR_DENIED,
                       "the new configuration needs threads (scan_threads), which the "
                       "running agent gave up at its start (sandbox): restart it "
                       "(systemctl restart tocsin); no line is lost");
    return covers_files(sandbox, config, err);
}

/* --- to tell ---------------------------------------------------------------------- */

static void put_words(const struct sandbox *sandbox, struct buf *out)
{
    if (!sandbox->state.is_wanted) {
        buf_puts(out, "off (sandbox: false)");
        return;
    }
    if (sandbox->state.landlock_abi > 0)
        buf_printf(out, "%zu folders by Landlock %d", sandbox->inside.count,
                   sandbox->state.landlock_abi);
    else
        buf_printf(out, "all files: %s", sandbox->no_fence.text);
    buf_puts(out, "; ");
    if (sandbox->state.has_filter)
        buf_puts(out, "system calls by seccomp");
    else
        buf_printf(out, "all system calls: %s", sandbox->no_filter.text);
}

struct sandbox_state sandbox_look(const struct sandbox *sandbox)
{
    return sandbox->state;
}

void sandbox_describe(const struct sandbox *sandbox, enum text_form form,
                      struct buf *out)
{
    if (form == FORM_JSON) {
        buf_printf(out, "\"sandbox\":{\"wanted\":%s,\"landlock\":%d,\"seccomp\":%s}",
                   sandbox->state.is_wanted ? "true" : "false",
                   sandbox->state.landlock_abi,
                   sandbox->state.has_filter ? "true" : "false");
        return;
    }
    buf_puts(out, "sandbox: ");
    put_words(sandbox, out);
    buf_putc(out, '\n');
    for (size_t i = 0; form == FORM_FULL && i < sandbox->inside.count; i++) {
        const struct sandbox_path *at = &sandbox->inside.items[i];
        buf_puts(out, at->rights & LANDLOCK_WRITE ? "  writes " : "  reads  ");
        text_put_clean(out, slice_of(at->path), false);
        buf_putc(out, '\n');
    }
}

bool sandbox_put_kernel(struct buf *out)
{
    int abi = landlock_abi();
    bool has_filter = seccomp_is_there();
    if (abi > 0)
        buf_printf(out, "Landlock %d", abi);
    else
        buf_puts(out, "no Landlock");
    buf_puts(out, has_filter ? ", seccomp" : ", no seccomp");
    return abi > 0 && has_filter;
}
