/** The folder of the store: rights, a store that is damaged, gone or put back. */
#include "agent/state_dir.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/state.h"
#include "test.h"

static const struct now today = { .unix_ms = INT64_C(1795737600000) };
static struct err err;
static struct state_news news;

static const char *in(const char *folder, const char *name)
{
    static char paths[8][512];
    static int used;
    char *path = paths[used++ % 8];
    snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

static struct db *open_in(const char *folder, bool stops)
{
    const struct state_place place = { .folder = folder, .stops_when_damaged = stops };
    err = (struct err){ 0 };
    news = (struct state_news){ 0 };
    return state_open(&place, today, &news, &err);
}

/** A start, as the agent makes it; @return the store. */
static struct db *start(const char *folder)
{
    struct db *db = open_in(folder, false);
    ck_assert_msg(db != NULL, "%s", err.text);
    state_dir_note(folder, state_count(db, &err), today, &news);
    return db;
}

/** A start and a clean end. */
static void live(const char *folder)
{
    struct db *db = start(folder);
    state_dir_note(folder, state_count(db, &err), today, NULL);
    db_close(db);
}

static void copy(const char *from, const char *to)
{
    char bytes[65536];
    ssize_t len;
    int in_fd = open(from, O_RDONLY), out_fd = open(to, O_WRONLY | O_CREAT, 0600);
    ck_assert(in_fd >= 0 && out_fd >= 0);
    while ((len = read(in_fd, bytes, sizeof bytes)) > 0)
        ck_assert_int_eq(write(out_fd, bytes, (size_t)len), len);
    close(in_fd);
    close(out_fd);
}

static void overwrite(const char *path, off_t at, const char *bytes)
{
    int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, bytes, strlen(bytes), at), (ssize_t)strlen(bytes));
    close(fd);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* --- D24, D21 --------------------------------------------------------------------- */

TEST(state_dir, D24_the_folder_is_made_for_its_owner_alone)
{
    struct stat made;
    static char *folder;
    folder = strdup(in(unit_test_folder(), "state"));
    umask(0);
    struct db *db = start(folder);
    ck_assert_int_eq(stat(folder, &made), 0);
    ck_assert_uint_eq(made.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(in(folder, "starts"), &made), 0);
    ck_assert_uint_eq(made.st_mode & 0777, 0600);
    db_close(db);
}

TEST(state_dir, D24_a_folder_that_others_can_write_into_is_refused)
{
    static const mode_t modes[] = { 0770, 0702, 0777, 01777 };
    const char *folder = unit_test_folder();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        ck_assert_int_eq(chmod(folder, modes[i]), 0);
        ck_assert_ptr_null(open_in(folder, false));
        ck_assert_int_eq(err.kind, ERR_DENIED);
        ck_assert_ptr_nonnull(strstr(err.text, "chmod go-w"));
    }
    ck_assert(!exists(in(folder, "tocsin.db")));
}

TEST(state_dir, D21_file_systems_of_memory_and_of_the_network_are_known)
{
    ck_assert_ptr_nonnull(strstr(state_dir_doubt(TMPFS_MAGIC), "reboot"));
    ck_assert_ptr_nonnull(strstr(state_dir_doubt(NFS_SUPER_MAGIC), "NFS"));
    ck_assert_ptr_nonnull(strstr(state_dir_doubt(V9FS_MAGIC), "9p"));
    ck_assert_ptr_nonnull(strstr(state_dir_doubt(SMB2_SUPER_MAGIC), "SMB"));
    ck_assert_ptr_null(state_dir_doubt(EXT4_SUPER_MAGIC));
    ck_assert_ptr_null(state_dir_doubt(XFS_SUPER_MAGIC));
}

/* --- D11, D13 --------------------------------------------------------------------- */

/** The store in @folder is damaged: it is set aside and a new one begun. */
static void check_set_aside(const char *folder)
{
    struct db *db = open_in(folder, true);
    ck_assert_ptr_null(db);
    ck_assert_int_eq(err.kind, ERR_DAMAGED);
    ck_assert(!exists(in(folder, "corrupt-1795737600.db")));
    db = start(folder);
    ck_assert_str_eq(news.kind, "damaged-store");
    ck_assert_ptr_nonnull(strstr(news.summary, "corrupt-1795737600.db"));
    ck_assert(exists(in(folder, "corrupt-1795737600.db")));
    db_close(db);
    live(folder);
    ck_assert_str_eq(news.kind, "");
}

TEST(state_dir, D11_a_store_with_a_garbage_header_is_set_aside)
{
    const char *folder = unit_test_folder();
    live(folder);
    overwrite(in(folder, "tocsin.db"), 0, "this is no database at all");
    check_set_aside(folder);
}

TEST(state_dir, D11_a_store_with_a_garbage_page_is_set_aside)
{
    char garbage[4096];
    const char *folder = unit_test_folder();
    live(folder);
    memset(garbage, 'x', sizeof garbage - 1);
    garbage[sizeof garbage - 1] = '\0';
    for (int page = 1; page < 8; page++)
        overwrite(in(folder, "tocsin.db"), page * 4096, garbage);
    check_set_aside(folder);
}

TEST(state_dir, D11_a_store_that_was_cut_is_set_aside)
{
    const char *folder = unit_test_folder();
    live(folder);
    ck_assert_int_eq(truncate(in(folder, "tocsin.db"), 3 * 4096 + 100), 0);
    check_set_aside(folder);
}

TEST(state_dir, D13_an_empty_store_is_new_only_where_there_was_none)
{
    const char *folder = unit_test_folder();
    close(open(in(folder, "tocsin.db"), O_CREAT | O_WRONLY, 0600));
    live(folder);
    ck_assert_str_eq(news.kind, "");
    ck_assert_int_eq(truncate(in(folder, "tocsin.db"), 0), 0);
    live(folder);
    ck_assert_str_eq(news.kind, "lost-store");
    live(folder);
    ck_assert_str_eq(news.kind, "");
    ck_assert_int_eq(unlink(in(folder, "tocsin.db")), 0);
    live(folder);
    ck_assert_str_eq(news.kind, "lost-store");
}

TEST(state_dir, D13_a_wal_without_its_database_is_kept)
{
    const char *folder = unit_test_folder();
    struct db *db = start(folder);
    copy(in(folder, "tocsin.db-wal"), in(folder, "wal"));
    db_close(db);
    ck_assert_int_eq(truncate(in(folder, "tocsin.db"), 0), 0);
    ck_assert_int_eq(rename(in(folder, "wal"), in(folder, "tocsin.db-wal")), 0);
    live(folder);
    ck_assert_str_eq(news.kind, "damaged-store");
    ck_assert(exists(in(folder, "corrupt-1795737600.db-wal")));
}

/* --- D14, D12 --------------------------------------------------------------------- */

TEST(state_dir, D14_a_store_of_a_newer_tocsin_is_refused_and_left_alone)
{
    const char *folder = unit_test_folder();
    live(folder);
    struct db *db = open_in(folder, false);
    struct db_row *row = db_query(db, "PRAGMA user_version = 1000");
    while (db_next(row))
        continue;
    db_close(db);
    ck_assert_ptr_null(open_in(folder, false));
    ck_assert_int_eq(err.kind, ERR_BROKEN);
    ck_assert_ptr_nonnull(strstr(err.text, "newer tocsin"));
    ck_assert(!exists(in(folder, "corrupt-1795737600.db")));
}

TEST(state_dir, D12_a_store_that_is_deleted_or_replaced_in_use_is_noticed)
{
    static const char *const names[] = { "tocsin.db", "tocsin.db-wal" };
    for (size_t i = 0; i < 2; i++) {
        struct state_files files = { 0 };
        const char *folder = unit_test_folder();
        struct db *db = start(folder);
        state_files_note(&files, folder);
        ck_assert_msg(state_files_are_there(&files, &err), "%s", err.text);
        copy(in(folder, names[i]), in(folder, "copy"));
        ck_assert_int_eq(rename(in(folder, "copy"), in(folder, names[i])), 0);
        ck_assert(!state_files_are_there(&files, &err));
        ck_assert_int_eq(err.kind, ERR_BROKEN);
        ck_assert_int_eq(unlink(in(folder, names[i])), 0);
        ck_assert(!state_files_are_there(&files, &err));
        state_files_clear(&files);
        db_close(db);
    }
}

/* --- D23 -------------------------------------------------------------------------- */

TEST(state_dir, D23_an_older_store_that_was_put_back_is_noticed)
{
    const char *folder = unit_test_folder();
    live(folder);
    live(folder);
    ck_assert_str_eq(news.kind, "");
    copy(in(folder, "tocsin.db"), in(folder, "old.db"));
    live(folder);
    ck_assert_int_eq(rename(in(folder, "old.db"), in(folder, "tocsin.db")), 0);
    live(folder);
    ck_assert_str_eq(news.kind, "restored-store");
    ck_assert_ptr_nonnull(strstr(news.summary, "since 2026-11-2"));
    live(folder);
    ck_assert_str_eq(news.kind, "");
}

TEST(state_dir, D23_a_kill_between_two_counts_is_no_restored_store)
{
    const char *folder = unit_test_folder();
    live(folder);
    for (int i = 0; i < 5; i++) { /* counted in the store, not in the file */
        struct db *db = open_in(folder, false);
        ck_assert_uint_gt(state_count(db, &err), 0);
        db_close(db);
    }
    live(folder);
    ck_assert_str_eq(news.kind, "");
    ck_assert_int_eq(unlink(in(folder, "starts")), 0);
    live(folder);
    ck_assert_str_eq(news.kind, "");
}

/* --- D17 -------------------------------------------------------------------------- */

TEST(state_dir, D17_a_copy_is_whole_private_and_a_store_itself)
{
    struct stat made;
    const char *folder = unit_test_folder(), *other = unit_test_folder();
    struct db *db = start(folder);
    ck_assert_msg(state_backup(db, in(other, "tocsin.db"), &err), "%s", err.text);
    ck_assert_int_eq(stat(in(other, "tocsin.db"), &made), 0);
    ck_assert_uint_eq(made.st_mode & 0777, 0600);
    struct db *copied = open_in(other, true);
    ck_assert_msg(copied != NULL, "%s", err.text);
    ck_assert_uint_eq(state_count(copied, &err), 2);
    db_close(copied);
    ck_assert_uint_gt(state_count(db, &err), 0);
    db_close(db);
}

/** What the command sqlite3 would see. */
static int read_from_outside(const char *path)
{
    sqlite3 *handle = NULL;
    int code = sqlite3_open(path, &handle);
    if (code == SQLITE_OK)
        code = sqlite3_exec(handle, "SELECT count(*) FROM outbox", NULL, NULL, NULL);
    sqlite3_close(handle);
    return code;
}

TEST(state_dir, D17_somebody_elses_sqlite_is_told_that_it_is_busy)
{
    int status = -1;
    const char *folder = unit_test_folder();
    struct db *db = start(folder);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(read_from_outside(in(folder, "tocsin.db")));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WEXITSTATUS(status), SQLITE_BUSY);
    ck_assert_uint_gt(state_count(db, &err), 0);
    db_close(db);
}

/* --- D20 -------------------------------------------------------------------------- */

enum { SHEETS = 300, FAT_BYTES = 64 * 1024 };

static void put_sheets(struct db *db)
{
    static char bytes[FAT_BYTES];
    for (int i = 0; i < SHEETS; i++) {
        struct db_row *row = db_query(db, "INSERT INTO sheet VALUES (?, ?)");
        db_bind_int(row, i);
        db_bind_blob(row, slice_make(bytes, sizeof bytes));
        db_run(row);
    }
    ck_assert(db_commit(db, &err));
}

TEST(state_dir, D20_what_a_burst_took_is_given_back_piece_by_piece)
{
    struct db *db = start(unit_test_folder());
    put_sheets(db);
    uint64_t most = state_size_bytes(db), before = most;
    ck_assert_uint_gt(most, SHEETS * FAT_BYTES);
    db_run(db_query(db, "DELETE FROM sheet"));
    ck_assert(db_commit(db, &err));
    for (int turn = 0; turn < 100; turn++) {
        state_give_back(db);
        uint64_t now = state_size_bytes(db);
        ck_assert_uint_le(before - now, 257 * 4096);
        before = now;
    }
    ck_assert_uint_lt(before, most / 3);
    ck_assert_uint_gt(before, 0);
    db_close(db);
}
