/** The tables of a story's keys, and the checks that a table cannot make. */
#include "agent/story/story.h"

#include <stddef.h>

#include "agent/base/civil.h"
#include "agent/base/mem.h"
#include "agent/sink/smtpd.h"

#define MAX_MS (10000 * DAY_MS)
#define MAX_COUNT 1000000000

static const char *const rotate_names[] = { "rename", "copytruncate", "delete",
                                            "truncate", NULL };

#define SCHEMA(variable, title, type, fields_, doc_)        \
    static const struct schema variable = {                 \
        .name = (title),                                    \
        .doc = (doc_),                                      \
        .size = sizeof(type),                               \
        .node_offset = offsetof(type, node),                \
        .fields = (fields_),                                \
        .field_count = sizeof(fields_) / sizeof *(fields_), \
    }
#define NUMBER(type, member, ...) \
    COUNT(type, member, .max = MAX_COUNT, .doc = __VA_ARGS__)

static const struct field append_fields[] = {
    TEXT(struct story_append, file, .is_required = true,
         .doc = "Grows; made if missing."),
    TEXT(struct story_append, line, .doc = "One line; its end is put behind it."),
    TEXTS(struct story_append, lines, .doc = "Several lines."),
    TEXT(struct story_append, text, .doc = "Bytes as they are."),
    TEXT(struct story_append, hex, .doc = "Any bytes, as '00 ff 0a'."),
    COUNT(struct story_append, count, .def = "1", .min = 1, .max = 1000000,
          .doc = "How often; {{n}} counts from 1."),
};
SCHEMA(append_schema, "append", struct story_append, append_fields,
       "Bytes are put at the end of a file.");

static const struct field rotate_fields[] = {
    TEXT(struct story_rotate, file, .is_required = true, .doc = "What is rotated."),
    CHOICE(struct story_rotate, how, .choices = rotate_names, .def = "rename",
           .doc = "As logrotate does it."),
    TEXT(struct story_rotate, to,
         .doc = "The new name; the file's with .1 if left out."),
};
SCHEMA(rotate_schema, "rotate", struct story_rotate, rotate_fields,
       "A log is rotated.");

static const struct field link_fields[] = {
    TEXT(struct story_link, path, .is_required = true, .doc = "Made anew."),
    TEXT(struct story_link, to, .is_required = true, .doc = "What it leads to."),
};
SCHEMA(link_schema, "symlink", struct story_link, link_fields,
       "A symbolic link is made, an old one replaced.");

static const struct field chmod_fields[] = {
    TEXT(struct story_chmod, path, .is_required = true, .doc = "A file or folder."),
    TEXT(struct story_chmod, mode, .is_required = true, .doc = "As in chmod 0640."),
};
SCHEMA(chmod_schema, "chmod", struct story_chmod, chmod_fields,
       "The rights of a file change.");

static const struct field reload_fields[] = {
    NODE(struct story_reload, config, .is_required = true, .doc = "The new one."),
    BOOL(struct story_reload, fails, .doc = "It has errors, and the old one stays."),
};
SCHEMA(reload_schema, "reload", struct story_reload, reload_fields,
       "The agent gets a new configuration.");

static const struct field smtp_fields[] = {
    TEXT(struct story_smtp, says, .doc = "A reply, as '550 5.4.5 limit exceeded'."),
    TEXT(struct story_smtp, to, .doc = "The phase that it answers: DATA, rcpt(bob@)."),
    COUNT(struct story_smtp, times, .min = 0, .max = MAX_COUNT, .doc = "Then no more."),
    TEXT(struct story_smtp, closes, .doc = "The phase in which it closes."),
    TEXT(struct story_smtp, hangs, .doc = "The phase in which it falls silent."),
    TEXT(struct story_smtp, rule, .doc = "A rule as for tocsin sink --says."),
    BOOL(struct story_smtp, accepts, .doc = "Forget all of these."),
    BOOL(struct story_smtp, down, .doc = "Nobody listens."),
    SIZE(struct story_smtp, size, .min = 0, .max = SMTPD_GMAIL_SIZE,
         .doc = "What it takes of a mail at most."),
};
SCHEMA(smtp_story_schema, "smtp", struct story_smtp, smtp_fields,
       "The mail server behaves otherwise from here on.");

static const struct field disk_fields[] = {
    BOOL(struct story_disk, full, .is_required = true, .doc = "The store cannot grow."),
};
SCHEMA(disk_schema, "disk", struct story_disk, disk_fields, "The disk of the store.");

static const struct field clock_fields[] = {
    DURATION(struct story_clock, forward, .max = MAX_MS,
             .doc = "The wall clock alone."),
    DURATION(struct story_clock, back, .max = MAX_MS, .doc = "The wall clock alone."),
};
SCHEMA(clock_schema, "clock", struct story_clock, clock_fields,
       "The wall clock is set; intervals go on as they were.");

static const struct field ask_fields[] = {
    TEXT(struct story_ask, request, .is_required = true, .doc = "As 'queue list'."),
    TEXTS(struct story_ask, has, .doc = "What the answer must hold."),
    TEXTS(struct story_ask, lacks, .doc = "What it must not hold."),
};
SCHEMA(ask_schema, "ask", struct story_ask, ask_fields,
       "A request to the agent, as the other commands put it.");

static const struct field posted_fields[] = {
    TEXT(struct story_posted, path, .is_required = true, .doc = "/webhook/..."),
    NODE(struct story_posted, body,
         .doc = "A map or list goes as JSON, a text as it is."),
    COUNT(struct story_posted, status, .def = "200", .min = 200, .max = 599,
          .doc = "What is answered."),
};
SCHEMA(posted_schema, "post", struct story_posted, posted_fields,
       "Somebody posts alerts.");

static const struct field outbox_fields[] = {
    NUMBER(struct story_outbox, waiting, "Mails that are not sent or dead."),
    NUMBER(struct story_outbox, sent, "Mails sent since the agent's start."),
    NUMBER(struct story_outbox, dead, "Dead letters since the agent's start."),
    TEXTS(struct story_outbox, advice, .doc = "What the accounts' state must hold."),
};
SCHEMA(outbox_schema, "outbox", struct story_outbox, outbox_fields,
       "What the agent says of its mails.");

static const struct field server_fields[] = {
    NUMBER(struct story_server, attempts, "MAIL commands."),
    NUMBER(struct story_server, logins, "Logins that were right."),
    NUMBER(struct story_server, connections, "Connections that were taken."),
    NUMBER(struct story_server, accepted, "Mails, second copies too."),
    NUMBER(struct story_server, violations, "What RFC 5321 forbids."),
};
SCHEMA(server_schema, "smtp", struct story_server, server_fields,
       "What the mail server counted.");

static const struct field mails_fields[] = {
    NUMBER(struct story_mails, count, "How many mails fit; one at least if left out."),
    COUNT(struct story_mails, number, .min = -MAX_COUNT, .max = MAX_COUNT,
          .doc = "Only this one, from 1; -1 is the last."),
    COUNT(struct story_mails, answers, .min = 1, .max = MAX_COUNT,
          .doc = "It stands in the thread that this mail began."),
    TEXTS(struct story_mails, subject, .doc = "What it must hold."),
    TEXTS(struct story_mails, to, .doc = "What the envelope's recipients must hold."),
    TEXTS(struct story_mails, text, .doc = "What the text part must hold."),
    TEXTS(struct story_mails, lacks, .doc = "What subject and text must not hold."),
    TEXTS(struct story_mails, header, .doc = "'Name: part of its value'."),
};
const struct schema story_mails_schema = {
    .name = "mails",
    .doc = "What mails are like; those that fit all of it are counted.",
    .size = sizeof(struct story_mails),
    .node_offset = offsetof(struct story_mails, node),
    .fields = mails_fields,
    .field_count = sizeof mails_fields / sizeof *mails_fields,
};

static const struct field expect_fields[] = {
    NODE(struct story_expect, mails, .doc = "N in all so far, or what they are like."),
    NUMBER(struct story_expect, new_mails, "Since the expectation before."),
    NUMBER(struct story_expect, told, "Lines told by all mails, second copies apart."),
    NUMBER(struct story_expect, copies, "Mails that came a second time."),
    BLOCK(struct story_expect, outbox, struct story_outbox, .sub = &outbox_schema,
          .doc = "What the agent says of its mails."),
    BLOCK(struct story_expect, smtp, struct story_server, .sub = &server_schema,
          .doc = "What the mail server counted."),
    TEXTS(struct story_expect, log, .doc = "What the agent's log must hold."),
    TEXTS(struct story_expect, no_log, .doc = "What it must not hold."),
    TEXTS(struct story_expect, status, .doc = "What `tocsin status` must hold."),
    PAIRS(struct story_expect, totals, .doc = "Lines told, by rule."),
    PAIRS(struct story_expect, counters, .doc = "Numbers of `tocsin status`."),
    BOOL(struct story_expect, running, .doc = "Whether the agent runs."),
};
SCHEMA(expect_schema, "expect", struct story_expect, expect_fields,
       "What must be so at this moment.");

static const struct field step_fields[] = {
    DURATION(struct story_step, at, .is_required = true, .max = MAX_MS,
             .doc = "Since the story began; never earlier than the step before."),
    BLOCK(struct story_step, append, struct story_append, .sub = &append_schema,
          .doc = "A log grows."),
    BLOCK(struct story_step, rotate, struct story_rotate, .sub = &rotate_schema,
          .doc = "A log is rotated."),
    TEXT(struct story_step, mkdir, .doc = "A folder, with those above it."),
    TEXT(struct story_step, remove, .doc = "A file or an empty folder."),
    FIELD_AS("stdin", FIELD_TEXTS, struct conf_texts, struct story_step, stdin_lines,
             .doc = "Lines for the agent's standard input."),
    BLOCK(struct story_step, symlink, struct story_link, .sub = &link_schema,
          .doc = "A link is made."),
    BLOCK(struct story_step, chmod, struct story_chmod, .sub = &chmod_schema,
          .doc = "Rights change."),
    BLOCK(struct story_step, reload, struct story_reload, .sub = &reload_schema,
          .doc = "As SIGHUP."),
    BOOL(struct story_step, crash, .doc = "As kill -9."),
    BOOL(struct story_step, start,
         .doc = "The agent, with the configuration in force."),
    BOOL(struct story_step, stop, .doc = "As SIGTERM."),
    FIELD_AS("post", FIELD_BLOCK, struct story_posted *, struct story_step, posted,
             .sub = &posted_schema, .doc = "Somebody posts alerts."),
    BLOCK(struct story_step, smtp, struct story_smtp, .sub = &smtp_story_schema,
          .doc = "The mail server changes its mind."),
    BLOCK(struct story_step, disk, struct story_disk, .sub = &disk_schema,
          .doc = "Full, or not any more."),
    BLOCK(struct story_step, clock, struct story_clock, .sub = &clock_schema,
          .doc = "The wall clock is set."),
    BLOCK(struct story_step, ask, struct story_ask, .sub = &ask_schema,
          .doc = "As tocsin status and queue do."),
    BLOCK(struct story_step, expect, struct story_expect, .sub = &expect_schema,
          .doc = "What must be so now."),
};
SCHEMA(step_schema, "step", struct story_step, step_fields,
       "What happens at one moment, or what is expected.");

static const struct field story_fields[] = {
    TEXT(struct story, scenario, .is_required = true, .doc = "What it shows."),
    TEXTS(struct story, faults, .doc = "Numbers of the faults that it is a test of."),
    TEXT(struct story, clock, .def = "2026-11-23 06:00:00",
         .doc = "Where it begins, UTC."),
    PAIRS(struct story, files, .doc = "What is there before the first start."),
    NODE(struct story, config, .is_required = true, .doc = "As in tocsin.yaml."),
    BOOL(struct story, start, .def = "true", .doc = "Start before the first step."),
    BLOCKS(struct story, steps, .sub = &step_schema, .is_required = true,
           .doc = "What happens."),
};
const struct schema story_schema = {
    .name = "story",
    .doc = "A configuration, and what happens to it at which time.",
    .size = sizeof(struct story),
    .node_offset = offsetof(struct story, node),
    .fields = story_fields,
    .field_count = sizeof story_fields / sizeof *story_fields,
};

/* --- checks ---------------------------------------------------------------------- */

/** The number of @len digits at @at, or -1. */
static int64_t digits(struct slice text, size_t at, size_t len)
{
    int64_t value;
    if (at + len > text.len || !slice_to_int(slice_make(text.ptr + at, len), &value))
        return -1;
    return value;
}

/** "2026-11-23 06:00:00" */
static bool parse_clock(struct slice text, int64_t *unix_ms)
{
    struct civil_date date = { digits(text, 0, 4), (int)digits(text, 5, 2),
                               (int)digits(text, 8, 2) };
    int64_t hour = digits(text, 11, 2), minute = digits(text, 14, 2),
            second = digits(text, 17, 2);
    if (text.len != 19 || text.ptr[4] != '-' || text.ptr[7] != '-' ||
        text.ptr[10] != ' ' || text.ptr[13] != ':' || text.ptr[16] != ':')
        return false;
    if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > 31 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return false;
    *unix_ms = civil_to_days(date) * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS +
               second * SECOND_MS;
    return true;
}

static void check_step(const struct story_step *step, int64_t not_before,
                       struct complaints *complaints)
{
    if (step->at < not_before)
        complain(complaints, step->node->at,
                 "this step is earlier than the one before");
    /* `at` and one action. */
    if (step->node->count > 4)
        complain(complaints, step->node->at,
                 "a step has one action beside 'at'; make two steps of it");
}

static void check_append(const struct story_append *append,
                         struct complaints *complaints)
{
    int ways = story_has(append->node, "line") + story_has(append->node, "lines") +
               story_has(append->node, "text") + story_has(append->node, "hex");
    if (ways != 1)
        complain(complaints, append->node->at,
                 "append needs one of 'line', 'lines', 'text' and 'hex'");
}

static void check_smtp(const struct story_smtp *smtp, struct complaints *complaints)
{
    if (story_has(smtp->node, "says") != story_has(smtp->node, "to"))
        complain(complaints, smtp->node->at,
                 "'says' and 'to' belong together: {says: '550 text', to: DATA}");
    if (smtp->node->count == 0)
        complain(complaints, smtp->node->at, "this says nothing of the mail server");
}

static void check_steps(const struct story *story, struct complaints *complaints)
{
    const struct story_step *steps = story->steps.items;
    int64_t not_before = 0;
    for (size_t i = 0; i < story->steps.count; i++) {
        check_step(&steps[i], not_before, complaints);
        if (steps[i].append)
            check_append(steps[i].append, complaints);
        if (steps[i].smtp)
            check_smtp(steps[i].smtp, complaints);
        not_before = steps[i].at;
    }
}

struct story *story_load(const struct yaml_node *root, struct complaints *complaints)
{
    struct story *story = arena_zalloc(complaints->arena, sizeof *story);
    schema_load(&story_schema, root, story, NULL, complaints);
    if (!parse_clock(story->clock.value, &story->unix_ms))
        complain(complaints, story->clock.node ? story->clock.node->at : root->at,
                 "clock is written 2026-11-23 06:00:00, in UTC");
    check_steps(story, complaints);
    return complaints->error_count == 0 ? story : NULL;
}
