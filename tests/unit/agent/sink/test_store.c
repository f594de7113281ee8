/** Mails on disk, and mails on a terminal. */
#include "test.h"

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#include "agent/sink/show.h"
#include "agent/sink/store.h"

static const char *inside(const char *folder, const char *name)
{
    static char paths[16][PATH_MAX];
    static size_t used;
    char *path = paths[used++];
    ck_assert_uint_le(used, 16);
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void read_all(const char *path, struct buf *out)
{
    char bytes[4096];
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    buf_put(out, slice_make(bytes, fread(bytes, 1, sizeof bytes, in)));
    fclose(in);
}

/** The only file in @folder. */
static const char *only_file(const char *folder)
{
    const char *found = NULL;
    DIR *dir = opendir(folder);
    struct dirent *entry;
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_ptr_null(found);
        found = inside(folder, entry->d_name);
    }
    closedir(dir);
    return found;
}

TEST(store, eml_files_have_the_bytes_and_their_numbers_go_on)
{
    const char *folder = inside(unit_test_folder(), "eml");
    struct sink_store store = { .eml_folder = folder };
    struct buf out = buf_make(4096);
    struct err err;
    ck_assert(sink_store_open(&store, &err));
    ck_assert(sink_store_put(&store, SLICE("A: b\r\n\r\nx\ny\r\n"), 1, &err));
    read_all(inside(folder, "000001.eml"), &out);
    ck_assert_slice(buf_slice(&out), "A: b\r\n\r\nx\ny\r\n");
    struct sink_store again = { .eml_folder = folder };
    ck_assert(sink_store_open(&again, &err));
    ck_assert(sink_store_put(&again, SLICE("B: b\r\n"), 1, &err));
    ck_assert_int_eq(access(inside(folder, "000002.eml"), R_OK), 0);
    buf_free(&out);
}

TEST(store, a_maildir_gets_one_file_a_mail_with_unix_line_ends)
{
    const char *folder = inside(unit_test_folder(), "md");
    struct sink_store store = { .maildir = folder };
    struct buf out = buf_make(4096);
    struct err err;
    ck_assert(sink_store_open(&store, &err));
    ck_assert(sink_store_put(&store, SLICE("A: b\r\n\r\nx\r\n"), 1, &err));
    read_all(only_file(inside(folder, "new")), &out);
    ck_assert_slice(buf_slice(&out), "A: b\n\nx\n");
    ck_assert_ptr_null(only_file(inside(folder, "tmp")));
    buf_free(&out);
}

TEST(store, a_folder_that_cannot_be_made_is_named)
{
    struct sink_store store = { .eml_folder = "/dev/null/x" };
    struct err err = { 0 };
    ck_assert(!sink_store_open(&store, &err));
    ck_assert_ptr_nonnull(strstr(err.text, "/dev/null/x"));
}

static const char hostile[] = "From: a@b.c\r\n"
                              "Subject: =?utf-8?Q?=1B[31mred?= EVT-1, x\r\n"
                              "Message-ID: <1@x>\r\n\r\nEVT-2 \x1b[2J\r\n\xff\r\n";

TEST(show, a_mail_cannot_command_a_terminal)
{
    struct smtpd_mail mail = { .bytes = slice_of(hostile) };
    struct buf out = buf_make(1 << 16);
    show_mail(&mail, 7, &out);
    ck_assert_ptr_null(memchr(out.ptr, '\x1b', out.len));
    ck_assert_ptr_nonnull(strstr(out.ptr, " bytes\nFrom     a@b.c\n"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "\nEVT-2 \\x1B[2J\n\\xFF\n"));
    buf_free(&out);
}

TEST(show, the_log_line_has_the_first_word_with_the_token)
{
    struct smtpd_mail mail = { .bytes = slice_of(hostile) };
    struct buf out = buf_make(1 << 16);
    show_log_line(&mail, 5, "EVT-", &out);
    show_log_line(&mail, 6, "EVT-2", &out);
    show_log_line(&mail, 7, "none", &out);
    ck_assert_slice(buf_slice(&out), "5 <1@x> \\x1B[31mred EVT-1, x EVT-1\n"
                                     "6 <1@x> \\x1B[31mred EVT-1, x EVT-2\n"
                                     "7 <1@x> \\x1B[31mred EVT-1, x\n");
    buf_free(&out);
}
