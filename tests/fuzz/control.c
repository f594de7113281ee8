/** Any request at the control socket of a running agent: answered, or refused with a
 *  sentence; afterwards the agent goes on. */
#include "frame/fuzz.h"

#include <stdlib.h>

#include "agent/app.h"
#include "agent/story/stage.h"

enum { OUT_BYTES = 4 << 20 };

static const char yaml[] =
    "scenario: an agent to ask\n"
    "files: {app.log: ''}\n"
    "config:\n"
    "  sources: [{name: app, files: [app.log]}]\n"
    "  rules: [{name: a, match: 'error (?<what>.*)'}]\n"
    "  routes: [{to: [ops], group_wait: 0s}]\n"
    "  accounts: [{name: mail, smtp: {host: mail.example.com}, from: a@example.com}]\n"
    "  outputs: [{name: ops, account: mail, to: [ops@example.com]}]\n"
    "steps: []\n";

static struct stage stage;

static void leave(void)
{
    stage_close(&stage);
}

static struct app *running(void)
{
    static struct arena arena;
    struct err err;
    if (stage.app)
        return stage.app;
    struct complaints complaints = { .arena = &arena };
    struct source_text source = { .name = "fuzz.yaml", .bytes = slice_of(yaml) };
    const struct yaml_node *root = yaml_parse(&source, &complaints);
    struct story *story = root ? story_load(root, &complaints) : NULL;
    must(story != NULL && stage_open(&stage, story, &err) && stage_start(&stage, &err));
    must(stage_settle(&stage, &err));
    atexit(leave);
    return stage.app;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = buf_make(OUT_BYTES);
    struct err err = { 0 };
    if (size > 4096)
        return 0;
    if (!app_answer(running(), fuzz_input(data, size), &out, &err))
        must(err.kind != ERR_NONE && err.text[0] != '\0');
    must(!out.overflowed);
    int64_t story_ms = stage.now.mono_ms - stage.started_ms;
    must(stage_advance(&stage, story_ms + SECOND_MS, &err));
    buf_free(&out);
    return 0;
}
