/** The store keeps what was committed, forgets what was not, and lets one instance
 *  in. */
#include "agent/base/db.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static const struct db_migration steps[] = {
    { "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB);"
      "CREATE INDEX t_text ON t (text)" },
    { "ALTER TABLE t ADD COLUMN more INTEGER NOT NULL DEFAULT 7" },
};

static const char insert_sql[] = "INSERT INTO t (text, bytes) VALUES (?, ?)";
static const char count_sql[] = "SELECT count(*) FROM t";

static char *path_of(const char *name)
{
    char *path = malloc(512);
    ck_assert_ptr_nonnull(path);
    snprintf(path, 512, "%s/%s", unit_test_folder(), name);
    return path;
}

static struct db *open_steps(const char *path, size_t count)
{
    struct err err = { 0 };
    struct db *db = db_open(path, NULL, steps, count, &err);
    ck_assert_msg(db != NULL, "%s", err.text);
    return db;
}

static void put(struct db *db, struct slice text)
{
    struct db_row *row = db_query(db, insert_sql);
    db_bind_text(row, text);
    db_bind_blob(row, text);
    db_run(row);
}

static int64_t count_of(struct db *db)
{
    struct db_row *row = db_query(db, count_sql);
    ck_assert(db_next(row));
    int64_t count = db_int(row, 0);
    ck_assert(!db_next(row));
    return count;
}

static void must_commit(struct db *db)
{
    struct err err = { 0 };
    ck_assert_msg(db_commit(db, &err), "%s", err.text);
}

TEST(db, what_was_committed_is_there_after_a_new_start)
{
    char *path = path_of("a.db");
    struct db *db = open_steps(path, 2);
    ck_assert(!db_is_dirty(db));
    put(db, slice_make("a\0\xff", 3));
    ck_assert(db_is_dirty(db));
    must_commit(db);
    ck_assert(!db_is_dirty(db));
    put(db, SLICE("not committed"));
    db_close(db);
    db = open_steps(path, 2);
    ck_assert_int_eq(count_of(db), 1);
    struct db_row *row = db_query(db, "SELECT text, bytes, more FROM t");
    ck_assert(db_next(row));
    ck_assert(slice_equal(db_text(row, 0), slice_make("a\0\xff", 3)));
    ck_assert(slice_equal(db_blob(row, 1), slice_make("a\0\xff", 3)));
    ck_assert_int_eq(db_int(row, 2), 7);
    db_done(row);
    db_close(db);
    free(path);
}

static int64_t schema_changes(struct db *db)
{
    struct db_row *row = db_query(db, "PRAGMA schema_version");
    ck_assert(db_next(row));
    int64_t count = db_int(row, 0);
    ck_assert(!db_next(row));
    return count;
}

/* What fills it is a table that comes and goes. */
TEST(db, the_wal_that_a_killed_process_left_is_not_filled_again)
{
    char *path = path_of("killed.db");
    db_close(open_steps(path, 2));
    pid_t child = fork();
    if (child == 0) {
        struct err err = { 0 };
        struct db *db = db_open(path, NULL, steps, 2, &err);
        put(db, SLICE("kept"));
        _exit(db_commit(db, &err) ? (int)schema_changes(db) : 0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_gt(WEXITSTATUS(status), 0);
    struct db *db = open_steps(path, 2);
    ck_assert_int_eq(schema_changes(db), WEXITSTATUS(status));
    ck_assert_int_eq(count_of(db), 1);
    db_close(db);
    free(path);
}

TEST(db, a_turn_that_is_rolled_back_can_be_repeated)
{
    char *path = path_of("a.db");
    struct db *db = open_steps(path, 2);
    put(db, SLICE("one"));
    db_rollback(db);
    ck_assert_int_eq(count_of(db), 0);
    put(db, SLICE("one"));
    must_commit(db);
    ck_assert_int_eq(count_of(db), 1);
    db_close(db);
    free(path);
}

TEST(db, D24_only_its_owner_may_read_the_file_whatever_the_umask)
{
    char *path = path_of("a.db");
    char wal[520];
    struct stat stat_db, stat_wal;
    umask(0);
    struct db *db = open_steps(path, 2);
    put(db, SLICE("one"));
    must_commit(db);
    snprintf(wal, sizeof wal, "%s-wal", path);
    ck_assert_int_eq(stat(path, &stat_db), 0);
    ck_assert_int_eq(stat(wal, &stat_wal), 0);
    ck_assert_int_eq(stat_db.st_mode & 0777, 0600);
    ck_assert_int_eq(stat_wal.st_mode & 0777, 0600);
    db_close(db);
    free(path);
}

TEST(db, D16_a_second_instance_is_refused_at_once_and_the_first_goes_on)
{
    char *path = path_of("a.db");
    struct db *db = open_steps(path, 2);
    put(db, SLICE("one"));
    must_commit(db);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct err err = { 0 };
        struct db *second = db_open(path, NULL, steps, 2, &err);
        bool says_so = strstr(err.text, "another tocsin is running on '") != NULL;
        _exit(!second && err.kind == ERR_BUSY && says_so ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    put(db, SLICE("two"));
    must_commit(db);
    ck_assert_int_eq(count_of(db), 2);
    db_close(db);
    free(path);
}

TEST(db, a_full_disk_fails_the_commit_and_the_store_heals_when_there_is_space)
{
    char *path = path_of("a.db");
    char *large = calloc(1, 2000000);
    struct err err = { 0 };
    struct db *db = open_steps(path, 2);
    put(db, SLICE("before"));
    must_commit(db);
    struct db_row *row = db_query(db, "PRAGMA max_page_count=300");
    while (db_next(row))
        continue;
    put(db, SLICE("small"));
    put(db, slice_make(large, 2000000));
    put(db, SLICE("after the failure"));
    ck_assert_int_eq(db_error(db)->kind, ERR_FULL);
    ck_assert(!db_commit(db, &err));
    ck_assert_int_eq(err.kind, ERR_FULL);
    ck_assert(!db_is_dirty(db));
    ck_assert_int_eq(count_of(db), 1);
    row = db_query(db, "PRAGMA max_page_count=100000");
    while (db_next(row))
        continue;
    put(db, slice_make(large, 2000000));
    must_commit(db);
    ck_assert_int_eq(count_of(db), 2);
    db_close(db);
    free(large);
    free(path);
}

TEST(db, D14_an_older_store_is_migrated_and_a_newer_one_refused)
{
    char *path = path_of("a.db");
    struct err err = { 0 };
    struct db *db = open_steps(path, 1);
    put(db, SLICE("old"));
    must_commit(db);
    db_close(db);
    db = open_steps(path, 2);
    ck_assert_int_eq(count_of(db), 1);
    db_close(db);
    ck_assert_ptr_null(db_open(path, NULL, steps, 1, &err));
    ck_assert_int_eq(err.kind, ERR_BROKEN);
    ck_assert_ptr_nonnull(strstr(err.text, "schema 2"));
    free(path);
}

TEST(db, a_step_that_fails_leaves_the_older_schema)
{
    static const struct db_migration broken[] = {
        { "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)" },
        { "CREATE TABLE u (id); CREATE TABLE t (id)" },
    };
    char *path = path_of("a.db");
    struct err err = { 0 };
    ck_assert_ptr_null(db_open(path, NULL, broken, 2, &err));
    struct db *db = db_open(path, NULL, broken, 1, &err);
    ck_assert_ptr_nonnull(db);
    struct db_row *row = db_query(db, "SELECT count(*) FROM sqlite_schema");
    ck_assert(db_next(row));
    ck_assert_int_eq(db_int(row, 0), 1);
    db_done(row);
    db_close(db);
    free(path);
}

TEST(db, a_file_that_is_no_database_is_damaged_and_stays_as_it_is)
{
    char *path = path_of("a.db");
    struct err err = { 0 };
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    for (int i = 0; i < 400; i++)
        fputs("this is a text file", out);
    fclose(out);
    ck_assert_ptr_null(db_open(path, NULL, steps, 2, &err));
    ck_assert_int_eq(err.kind, ERR_DAMAGED);
    struct stat stat_after;
    ck_assert_int_eq(stat(path, &stat_after), 0);
    ck_assert_int_eq(stat_after.st_size, 400 * 19);
    free(path);
}

TEST(db, a_missing_folder_is_an_error_of_the_world)
{
    struct err err = { 0 };
    ck_assert_ptr_null(db_open("/nowhere/at/all/a.db", NULL, steps, 2, &err));
    ck_assert_int_eq(err.kind, ERR_MISSING);
}
