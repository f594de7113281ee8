/** Stories are read with all their mistakes; the disk of a story can be full. */
#include "test.h"

#include "agent/base/db.h"
#include "agent/base/schema_doc.h"
#include "agent/story/full_disk.h"
#include "agent/story/story.h"

struct page {
    struct arena arena;
    struct complaints complaints;
    struct source_text source;
    struct buf out;
};

static struct story *page_load(struct page *page, const char *yaml)
{
    *page = (struct page){ .source = { "story.yaml", slice_of(yaml) },
                           .out = buf_make(1 << 16) };
    page->complaints.arena = &page->arena;
    struct yaml_node *root = yaml_parse(&page->source, &page->complaints);
    ck_assert_ptr_nonnull(root);
    struct story *story = story_load(root, &page->complaints);
    complaints_print(&page->complaints, &page->out, false);
    return story;
}

static void page_close(struct page *page)
{
    complaints_free(&page->complaints);
    buf_free(&page->out);
    arena_free(&page->arena);
}

TEST(story, its_tables_are_sound)
{
    struct buf problems = buf_make(1 << 16);
    ck_assert_msg(schema_check(&story_schema, &problems), "%s", problems.ptr);
    ck_assert_msg(schema_check(&story_mails_schema, &problems), "%s", problems.ptr);
    buf_free(&problems);
}

TEST(story, a_story_is_read)
{
    struct page page;
    const struct story *story =
        page_load(&page, "scenario: a line\n"
                         "clock: 2026-11-23 06:00:01\n"
                         "config: {rules: []}\n"
                         "steps:\n"
                         "  - {at: 1s, append: {file: a, line: x, count: 3}}\n"
                         "  - {at: 2s, smtp: {says: '550 no', to: DATA, times: 1}}\n"
                         "  - {at: 2s, expect: {mails: 1, smtp: {attempts: 0}}}\n"
                         "  - {at: 1h}\n");
    ck_assert_msg(story != NULL, "%s", page.out.ptr);
    const struct story_step *steps = story->steps.items;
    ck_assert_uint_eq(story->steps.count, 4);
    ck_assert_int_eq(story->unix_ms, INT64_C(1795413601000));
    ck_assert(story->start);
    ck_assert_int_eq(steps[0].append->count, 3);
    ck_assert_slice(steps[1].smtp->to.value, "DATA");
    ck_assert_slice(steps[2].expect->mails->text, "1");
    ck_assert(story_has(steps[2].expect->smtp->node, "attempts"));
    ck_assert_int_eq(steps[3].at, HOUR_MS);
    page_close(&page);
}

TEST(story, all_its_mistakes_are_told_at_once)
{
    struct page page;
    static const char *const wanted[] = {
        "story.yaml:2:8: error: clock is written",
        "story.yaml:4:14: error: unknown key 'apend' in this step, did you mean "
        "'append'?",
        "story.yaml:5:5: error: this step is earlier",
        "story.yaml:6:5: error: a step has one action",
        "story.yaml:7:22: error: append needs one of",
        "story.yaml:8:20: error: 'says' and 'to' belong together",
        "the key 'config' is missing",
    };
    ck_assert_ptr_null(page_load(&page, "scenario: x\n"
                                        "clock: noon\n"
                                        "steps:\n"
                                        "  - {at: 5s, apend: {file: a}}\n"
                                        "  - {at: 1s, crash: true}\n"
                                        "  - {at: 6s, crash: true, start: true}\n"
                                        "  - {at: 6s, append: {file: a}}\n"
                                        "  - {at: 6s, smtp: {says: '550 x'}}\n"));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        ck_assert_msg(strstr(page.out.ptr, wanted[i]) != NULL, "'%s' is not in:\n%s",
                      wanted[i], page.out.ptr);
    page_close(&page);
}

static const struct db_migration migrations[] = { { "CREATE TABLE t (x TEXT)" } };

static bool put_row(struct db *db, struct err *err)
{
    struct db_row *row = db_query(db, "INSERT INTO t VALUES (?)");
    db_bind_text(row, SLICE("x"));
    db_run(row);
    return db_commit(db, err);
}

TEST(full_disk, a_commit_fails_while_it_is_full_and_works_again_after)
{
    struct full_disk *disk = full_disk_create();
    struct err err = { 0 };
    char path[4096];
    snprintf(path, sizeof path, "%s/t.db", unit_test_folder());
    struct db *db = db_open(path, full_disk_vfs(disk), migrations, 1, &err);
    ck_assert_msg(db != NULL, "%s", err.text);
    ck_assert_msg(put_row(db, &err), "%s", err.text);
    full_disk_set(disk, true);
    ck_assert(!put_row(db, &err));
    ck_assert_int_eq(err.kind, ERR_FULL);
    ck_assert(!put_row(db, &err));
    full_disk_set(disk, false);
    ck_assert_msg(put_row(db, &err), "%s", err.text);
    struct db_row *row = db_query(db, "SELECT count(*) FROM t");
    ck_assert(db_next(row));
    ck_assert_int_eq(db_int(row, 0), 2);
    db_done(row);
    db_close(db);
    full_disk_free(disk);
}
