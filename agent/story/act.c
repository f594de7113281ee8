/** Files are the kernel's, so that the agent meets the real rename and the real
 *  truncate. */
#include "agent/story/act.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/story/caller.h"
#include "agent/story/expect.h"

enum { MAX_APPEND_BYTES = 256 * 1024 * 1024 };

/** A path of the story as a C string; free() it. */
static char *path_of(const struct conf_text *text)
{
    return mem_copy(text->value);
}

/* --- files ----------------------------------------------------------------------- */

static bool make_folders(const char *path, struct err *err)
{
    char part[PATH_MAX];
    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return err_set_errno(err, "The folder '%s' could not be made", part);
    }
    return true;
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0)
            return false;
        bytes = slice_make(bytes.ptr + put, bytes.len - (size_t)put);
    }
    return true;
}

bool act_append(const char *path, struct slice bytes, struct err *err)
{
    if (!make_folders(path, err))
        return false;
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    bool is_good = fd >= 0 && write_all(fd, bytes);
    if (!is_good)
        err_set_errno(err, "The file '%s' could not be written", path);
    if (fd >= 0)
        close(fd);
    return is_good;
}

/** @text with {{n}} as @number. */
static void put_numbered(struct buf *out, struct slice text, int64_t number)
{
    size_t at;
    while ((at = slice_find(text, SLICE("{{n}}"))) != SIZE_MAX) {
        buf_put(out, slice_make(text.ptr, at));
        buf_printf(out, "%lld", (long long)number);
        text = slice_make(text.ptr + at + 5, text.len - at - 5);
    }
    buf_put(out, text);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** "00 ff 0a" as bytes. @return false when it is something else. */
static bool put_hex(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ')
            continue;
        int high = hex_digit(text.ptr[i]);
        int low = i + 1 < text.len ? hex_digit(text.ptr[i + 1]) : -1;
        if (high < 0 || low < 0)
            return false;
        buf_putc(out, (char)(high * 16 + low));
        i++;
    }
    return true;
}

static bool put_appended(struct buf *out, const struct story_append *append, int64_t n,
                         struct err *err)
{
    put_numbered(out, append->text.value, n);
    put_numbered(out, append->line.value, n);
    if (append->line.node)
        buf_putc(out, '\n');
    for (size_t i = 0; i < append->lines.count; i++) {
        put_numbered(out, append->lines.items[i].value, n);
        buf_putc(out, '\n');
    }
    if (!put_hex(out, append->hex.value))
        return err_set(err, ERR_INVALID,
                       "hex is written '00 ff 0a', in small letters.");
    return !out->overflowed || err_set(err, ERR_INVALID, "This is more than 256 MiB.");
}

static bool do_append(struct telling *telling, const struct story_step *step,
                      struct err *err)
{
    const struct story_append *append = step->append;
    struct buf bytes = buf_make(MAX_APPEND_BYTES);
    char *path = path_of(&append->file);
    bool is_good = true;
    (void)telling;
    for (int64_t n = 1; n <= append->count && is_good; n++)
        is_good = put_appended(&bytes, append, n, err);
    is_good = is_good && act_append(path, buf_slice(&bytes), err);
    buf_free(&bytes);
    free(path);
    return is_good;
}

static bool copy_file(const char *from, const char *to, struct err *err)
{
    char bytes[16384];
    ssize_t got = -1;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    while (in >= 0 && out >= 0 && (got = read(in, bytes, sizeof bytes)) > 0) {
        if (!write_all(out, slice_make(bytes, (size_t)got)))
            break;
    }
    if (got != 0)
        err_set_errno(err, "'%s' could not be copied to '%s'", from, to);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return got == 0;
}

static bool truncate_file(const char *path, struct err *err)
{
    return truncate(path, 0) == 0 ||
           err_set_errno(err, "'%s' could not be truncated", path);
}

static bool rotate(const char *path, const char *to, int how, struct err *err)
{
    switch (how) {
    case ROTATE_RENAME:
        return rename(path, to) == 0 ||
               err_set_errno(err, "'%s' could not be renamed to '%s'", path, to);
    case ROTATE_COPYTRUNCATE:
        return copy_file(path, to, err) && truncate_file(path, err);
    case ROTATE_DELETE:
        return unlink(path) == 0 ||
               err_set_errno(err, "'%s' could not be removed", path);
    default:
        return truncate_file(path, err);
    }
}

static bool do_rotate(struct telling *telling, const struct story_step *step,
                      struct err *err)
{
    const struct story_rotate *config = step->rotate;
    char *path = path_of(&config->file);
    char *to = path_of(&config->to);
    char beside[PATH_MAX];
    (void)telling;
    snprintf(beside, sizeof beside, "%s.1", path);
    bool is_good = rotate(path, config->to.node ? to : beside, config->how, err);
    free(path);
    free(to);
    return is_good;
}

static bool do_mkdir(struct telling *telling, const struct story_step *step,
                     struct err *err)
{
    char *path = path_of(&step->mkdir);
    (void)telling;
    bool is_good = make_folders(path, err);
    if (is_good && mkdir(path, 0755) != 0)
        is_good = err_set_errno(err, "The folder '%s' could not be made", path);
    free(path);
    return is_good;
}

static bool do_remove(struct telling *telling, const struct story_step *step,
                      struct err *err)
{
    char *path = path_of(&step->remove);
    (void)telling;
    bool is_good =
        remove(path) == 0 || err_set_errno(err, "'%s' could not be removed", path);
    free(path);
    return is_good;
}

static bool do_symlink(struct telling *telling, const struct story_step *step,
                       struct err *err)
{
    char *path = path_of(&step->symlink->path), *to = path_of(&step->symlink->to);
    (void)telling;
    (void)unlink(path);
    bool is_good = symlink(to, path) == 0 ||
                   err_set_errno(err, "The link '%s' could not be made", path);
    free(path);
    free(to);
    return is_good;
}

/** "0640" @return false when it is not octal or more than 07777. */
static bool parse_mode(struct slice text, mode_t *mode)
{
    *mode = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '7' || *mode > 0777)
            return false;
        *mode = *mode * 8 + (mode_t)(text.ptr[i] - '0');
    }
    return text.len > 0;
}

static bool do_chmod(struct telling *telling, const struct story_step *step,
                     struct err *err)
{
    struct slice text = step->chmod->mode.value;
    mode_t mode;
    (void)telling;
    if (!parse_mode(text, &mode))
        return err_set(err, ERR_INVALID, "The mode '%.*s' is not octal, as 0640 is.",
                       SLICE_ARG(text));
    char *path = path_of(&step->chmod->path);
    bool is_good = chmod(path, mode) == 0 ||
                   err_set_errno(err, "The mode of '%s' could not be changed", path);
    free(path);
    return is_good;
}

/* --- the agent ------------------------------------------------------------------- */

static bool needs_app(const struct telling *telling, bool is_running, struct err *err)
{
    if ((telling->stage->app != NULL) == is_running)
        return true;
    return err_set(err, ERR_INVALID,
                   is_running ? "The agent does not run." : "The agent runs already.");
}

static bool do_reload(struct telling *telling, const struct story_step *step,
                      struct err *err)
{
    struct stage *stage = telling->stage;
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    if (!needs_app(telling, true, err))
        return false;
    struct config *config = stage_load(stage, step->reload->config, &complaints);
    bool is_good = (config == NULL) == step->reload->fails;
    if (!is_good)
        err_set(err, ERR_INVALID, "The new configuration %s: %.400s",
                config ? "was to have errors and has none" : "has errors",
                complaints.ptr ? complaints.ptr : "");
    if (config) {
        app_reload(stage->app, config);
        stage->config = step->reload->config;
    } else {
        app_refuse_reload(stage->app);
    }
    buf_free(&complaints);
    return is_good;
}

static bool do_crash(struct telling *telling, const struct story_step *step,
                     struct err *err)
{
    (void)step;
    if (!needs_app(telling, true, err))
        return false;
    stage_crash(telling->stage);
    return true;
}

static bool do_start(struct telling *telling, const struct story_step *step,
                     struct err *err)
{
    (void)step;
    return needs_app(telling, false, err) && stage_start(telling->stage, err);
}

static bool do_stop(struct telling *telling, const struct story_step *step,
                    struct err *err)
{
    (void)step;
    return needs_app(telling, true, err) && stage_stop(telling->stage, err);
}

static bool do_stdin(struct telling *telling, const struct story_step *step,
                     struct err *err)
{
    struct buf bytes = buf_make(MAX_APPEND_BYTES);
    for (size_t i = 0; i < step->stdin_lines.count; i++) {
        buf_put(&bytes, step->stdin_lines.items[i].value);
        buf_putc(&bytes, '\n');
    }
    bool is_good = write_all(telling->stage->stdin_fds[1], buf_slice(&bytes)) ||
                   err_set_errno(err, "The agent's standard input takes no more");
    buf_free(&bytes);
    return is_good;
}

/* --- the world ------------------------------------------------------------------- */

/** Put the rule "PHASE:[TIMESx ]ACTION" before the others. */
static bool add_rule(struct telling *telling, struct slice phase, int64_t times,
                     struct slice action, struct err *err)
{
    struct buf rule = buf_make(4096);
    buf_put(&rule, phase);
    buf_putc(&rule, ':');
    if (times > 0)
        buf_printf(&rule, "%lldx ", (long long)times);
    buf_put(&rule, action);
    bool is_good =
        script_add_first(post_script(telling->stage->post), buf_slice(&rule), err);
    buf_free(&rule);
    return is_good;
}

static bool do_smtp(struct telling *telling, const struct story_step *step,
                    struct err *err)
{
    const struct story_smtp *smtp = step->smtp;
    struct post *post = telling->stage->post;
    int64_t times = smtp->times;
    bool is_good = true;
    if (smtp->accepts)
        script_clear(post_script(post));
    if (story_has(smtp->node, "down"))
        post_set_down(post, smtp->down);
    if (smtp->size > 0)
        post_set_size(post, (size_t)smtp->size);
    if (smtp->says.node)
        is_good = add_rule(telling, smtp->to.value, times, smtp->says.value, err);
    if (is_good && smtp->closes.node)
        is_good = add_rule(telling, smtp->closes.value, times, SLICE("close"), err);
    if (is_good && smtp->hangs.node)
        is_good = add_rule(telling, smtp->hangs.value, times, SLICE("hang"), err);
    if (is_good && smtp->rule.node)
        is_good = script_add_first(post_script(post), smtp->rule.value, err);
    return is_good;
}

static bool do_disk(struct telling *telling, const struct story_step *step,
                    struct err *err)
{
    (void)err;
    full_disk_set(telling->stage->disk, step->disk->full);
    return true;
}

static bool do_clock(struct telling *telling, const struct story_step *step,
                     struct err *err)
{
    (void)err;
    telling->stage->now.unix_ms += step->clock->forward - step->clock->back;
    return true;
}

static bool do_ask(struct telling *telling, const struct story_step *step,
                   struct err *err)
{
    if (!needs_app(telling, true, err))
        return false;
    expect_answer(telling, step->ask);
    return true;
}

static bool do_post(struct telling *telling, const struct story_step *step,
                    struct err *err)
{
    return needs_app(telling, true, err) &&
           caller_post(telling->stage, step->posted, err);
}

static bool do_expect(struct telling *telling, const struct story_step *step,
                      struct err *err)
{
    (void)err;
    expect_all(telling, step->expect);
    return true;
}

static const struct {
    const char *key;
    bool (*run)(struct telling *telling, const struct story_step *step,
                struct err *err);
} actions[] = {
    { "append", do_append }, { "ask", do_ask },         { "chmod", do_chmod },
    { "clock", do_clock },   { "crash", do_crash },     { "disk", do_disk },
    { "expect", do_expect }, { "mkdir", do_mkdir },     { "post", do_post },
    { "reload", do_reload }, { "remove", do_remove },   { "rotate", do_rotate },
    { "smtp", do_smtp },     { "start", do_start },     { "stdin", do_stdin },
    { "stop", do_stop },     { "symlink", do_symlink },
};

bool act(struct telling *telling, const struct story_step *step)
{
    struct err err = { 0 };
    bool is_good = true;
    for (size_t i = 0; i < sizeof actions / sizeof *actions && is_good; i++) {
        if (story_has(step->node, actions[i].key))
            is_good = actions[i].run(telling, step, &err);
    }
    if (is_good)
        is_good = stage_settle(telling->stage, &err);
    if (!is_good)
        complain(telling->failures, step->node->at, "%s", err.text);
    return is_good;
}
