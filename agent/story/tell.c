/** Which kind of file it is shows in its keys: a story has `steps`. */
#include "agent/story/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/story/act.h"
#include "agent/story/expect.h"

enum { SHOWN_LOG_BYTES = 4096 };

static bool read_text(const char *path, struct arena *arena, struct slice *text,
                      struct err *err)
{
    char *bytes = arena_zalloc(arena, LIMIT_CONFIG_BYTES + 1);
    size_t len = 0;
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && len <= LIMIT_CONFIG_BYTES &&
           (got = read(fd, bytes + len, LIMIT_CONFIG_BYTES + 1 - len)) > 0)
        len += (size_t)got;
    if (got < 0)
        err_set_errno(err, "'%s' cannot be read", path);
    if (fd >= 0)
        close(fd);
    if (len > LIMIT_CONFIG_BYTES)
        return err_set(err, ERR_INVALID, "'%s' is larger than %d KiB", path,
                       LIMIT_CONFIG_BYTES / 1024);
    *text = slice_make(bytes, len);
    return got >= 0;
}

/* --- a story --------------------------------------------------------------------- */

/** What is there before the agent ever started. */
static bool put_files(const struct story *story, struct err *err)
{
    for (size_t i = 0; i < story->files.count; i++) {
        char *path = mem_copy(story->files.items[i].name.value);
        bool is_put = act_append(path, story->files.items[i].value.value, err);
        free(path);
        if (!is_put)
            return false;
    }
    return true;
}

static void play_steps(struct telling *telling, const struct story *story)
{
    const struct story_step *steps = story->steps.items;
    struct err err = { 0 };
    for (size_t i = 0; i < story->steps.count; i++) {
        if (!stage_advance(telling->stage, steps[i].at, &err)) {
            complain(telling->failures, steps[i].node->at,
                     "on the way to this step: %s", err.text);
            return;
        }
        if (!act(telling, &steps[i]))
            return;
    }
}

static void play(struct telling *telling, const struct story *story)
{
    struct err err = { 0 };
    if (put_files(story, &err) &&
        (!story->start ||
         (stage_start(telling->stage, &err) && stage_settle(telling->stage, &err))))
        play_steps(telling, story);
    else
        complain(telling->failures, story->node->at, "%s", err.text);
}

static void put_log(const struct stage *stage, struct buf *out)
{
    struct slice log = buf_slice(&stage->log_text);
    if (log.len > SHOWN_LOG_BYTES) {
        log = slice_make(log.ptr + log.len - SHOWN_LOG_BYTES, SHOWN_LOG_BYTES);
        buf_puts(out, "the agent's log, its end:\n");
    } else if (log.len > 0) {
        buf_puts(out, "the agent's log:\n");
    }
    buf_put(out, log);
}

static void tell_story(const char *path, const struct story *story,
                       const struct test_options *options, struct test_tally *tally,
                       struct buf *out)
{
    struct arena arena = { 0 };
    struct complaints failures = { .arena = &arena };
    struct stage stage;
    struct telling telling = { .stage = &stage, .failures = &failures };
    struct err err = { 0 };
    if (stage_open(&stage, story, &err))
        play(&telling, story);
    else
        complain(&failures, story->node->at, "%s", err.text);
    bool is_good = failures.error_count == 0;
    *(is_good ? &tally->passed : &tally->failed) += 1;
    buf_printf(out, "%s %s: %.*s\n", is_good ? "ok  " : "FAIL", path,
               SLICE_ARG(story->scenario.value));
    complaints_print(&failures, out, options->color);
    if (telling.wants_mails)
        expect_list_mails(&stage, out);
    if (!is_good || options->is_verbose)
        put_log(&stage, out);
    stage_close(&stage);
    complaints_free(&failures);
    arena_free(&arena);
}

/** All mistakes of the story and of its configuration, then the story. */
static void load_and_tell(const char *path, const struct yaml_node *root,
                          const struct test_options *options, struct test_tally *tally,
                          struct complaints *complaints, struct buf *out)
{
    struct story *story = story_load(root, complaints);
    const struct yaml_node *node = yaml_find(root, SLICE("config"));
    struct buf printed = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config =
        node ? config_load_node(node, "story", &printed, options->color) : NULL;
    complaints_print(complaints, out, options->color);
    if (node && !config)
        buf_put(out, buf_slice(&printed));
    if (story && config) {
        tell_story(path, story, options, tally, out);
    } else {
        tally->failed++;
        tally->is_invalid = true;
        buf_printf(out, "FAIL %s\n", path);
    }
    config_free(config);
    buf_free(&printed);
}

/* --- samples --------------------------------------------------------------------- */

struct sampling {
    struct test_tally *tally;
    const struct config *config;
    struct complaints failures;
};

static const struct yaml_node *find_line(const struct conf_texts *texts,
                                         struct slice line)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (texts->items[i].value.ptr == line.ptr)
            return texts->items[i].node;
    }
    return NULL;
}

/** Where the sample stands that @line borrows its bytes from. */
static struct place place_of_sample(const struct config *config, struct slice line)
{
    const struct rule_config *rules = config->rules.items;
    for (size_t i = 0; i < config->rules.count; i++) {
        const struct sample_config *samples = rules[i].samples;
        if (!samples)
            continue;
        const struct yaml_node *node = find_line(&samples->match, line);
        if (!node)
            node = find_line(&samples->no_match, line);
        if (node)
            return node->at;
    }
    return (struct place){ 0 };
}

static void report_sample(void *ctx, const struct rule *rule, struct slice line,
                          bool wanted, bool passed)
{
    struct sampling *sampling = ctx;
    if (passed) {
        sampling->tally->passed++;
        return;
    }
    sampling->tally->failed++;
    complain(&sampling->failures, place_of_sample(sampling->config, line),
             "rule '%.*s' %s this sample", SLICE_ARG(rule_name(rule)),
             wanted ? "does not match" : "matches");
}

/** A file of rules alone becomes a configuration by an output that is never used. */
static struct config *load_config(const char *path, const struct yaml_node *root,
                                  const struct test_options *options, struct buf *out)
{
    struct buf yaml = buf_make(4 * PATH_MAX);
    if (yaml_find(root, SLICE("outputs")))
        return config_load(path, out, options->color);
    buf_puts(&yaml, "outputs: [{name: nobody, maildir: /nonexistent}]\ninclude: ['");
    for (; *path; path++)
        buf_puts(&yaml, *path == '\'' ? "''" : (char[]){ *path, '\0' });
    buf_puts(&yaml, "']\n");
    struct config *config = config_load_text("tocsin-test", buf_slice(&yaml), out);
    buf_free(&yaml);
    return config;
}

static void run_samples(const char *path, const struct yaml_node *root,
                        const struct test_options *options, struct test_tally *tally,
                        struct buf *out)
{
    struct arena arena = { 0 };
    struct buf printed = buf_make(LIMIT_CONFIG_BYTES);
    uint64_t failed = tally->failed, passed = tally->passed;
    struct config *config = load_config(path, root, options, &printed);
    if (!config) {
        tally->failed++;
        tally->is_invalid = true;
        buf_put(out, buf_slice(&printed));
    } else {
        struct sampling sampling = { tally, config, { .arena = &arena } };
        rules_run_samples(config->compiled_rules, report_sample, &sampling);
        complaints_print(&sampling.failures, out, options->color);
        complaints_free(&sampling.failures);
    }
    buf_printf(out, "%s %s: %llu samples\n", tally->failed > failed ? "FAIL" : "ok  ",
               path,
               (unsigned long long)(tally->passed - passed + tally->failed - failed));
    config_free(config);
    buf_free(&printed);
    arena_free(&arena);
}

void tell_file(const char *path, const struct test_options *options,
               struct test_tally *tally, struct buf *out)
{
    struct arena arena = { 0 };
    struct complaints complaints = { .arena = &arena };
    struct source_text *source = arena_zalloc(&arena, sizeof *source);
    struct err err = { 0 };
    const struct yaml_node *root = NULL;
    source->name = path;
    if (!read_text(path, &arena, &source->bytes, &err))
        complain(&complaints, (struct place){ 0 }, "%s", err.text);
    else
        root = yaml_parse(source, &complaints);
    if (!root) {
        complaints_print(&complaints, out, options->color);
        buf_printf(out, "FAIL %s\n", path);
        tally->failed++;
        tally->is_invalid = true;
    } else if (yaml_find(root, SLICE("steps"))) {
        load_and_tell(path, root, options, tally, &complaints, out);
    } else {
        run_samples(path, root, options, tally, out);
    }
    complaints_free(&complaints);
    arena_free(&arena);
}
