/** Errors are whole sentences, whatever stands in them. */
#include "agent/base/err.h"

#include <errno.h>

#include "test.h"

TEST(err, set_gives_false_and_the_sentence)
{
    struct err err = { 0 };
    ck_assert(!err_set(&err, ERR_DENIED, "'%s' is readable by others.", "/etc/pw"));
    ck_assert_int_eq(err.kind, ERR_DENIED);
    ck_assert_str_eq(err.text, "'/etc/pw' is readable by others.");
}

TEST(err, an_error_can_be_wrapped_into_itself)
{
    struct err err = { 0 };
    err_set(&err, ERR_IO, "the disk is gone");
    err_set(&err, err.kind, "cannot open '%s': %s", "a.db", err.text);
    ck_assert_str_eq(err.text, "cannot open 'a.db': the disk is gone");
}

TEST(err, errno_tells_what_the_caller_can_do)
{
    static const struct {
        int code;
        enum err_kind kind;
    } rows[] = {
        { ENOENT, ERR_MISSING }, { EACCES, ERR_DENIED }, { EROFS, ERR_DENIED },
        { ENOSPC, ERR_FULL },    { EMFILE, ERR_FULL },   { EBUSY, ERR_BUSY },
        { EIO, ERR_IO },         { ECONNRESET, ERR_IO },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = { 0 };
        errno = rows[i].code;
        ck_assert(!err_set_errno(&err, "cannot read '%s'", "x"));
        ck_assert_int_eq(err.kind, rows[i].kind);
        ck_assert_ptr_nonnull(strstr(err.text, strerror(rows[i].code)));
    }
}

TEST(err, a_path_that_is_too_long_does_not_cost_the_reason)
{
    struct err err = { 0 };
    char path[4096];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    errno = EACCES;
    err_set_errno(&err, "cannot open '%s'", path);
    ck_assert(slice_ends(slice_of(err.text), SLICE(": Permission denied")));
    ck_assert(slice_starts(slice_of(err.text), SLICE("cannot open 'ppp")));
    ck_assert_uint_lt(strlen(err.text), sizeof err.text);
}
