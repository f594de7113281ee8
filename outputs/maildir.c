/** A file in a Maildir: written, synced, moved, and its folder synced. */
#include "outputs/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/buf.h"
#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/now.h"

enum { NAME_BYTES = 512 };

static bool make_folder(int at, const char *name, const char *path, struct err *err)
{
    if (mkdirat(at, name, 0700) == 0 || errno == EEXIST)
        return true;
    return err_set_errno(err, "cannot make the folder '%s' of the maildir '%s'", name,
                         path);
}

/* @return a descriptor of the folder with its three parts, or -1. */
static int open_maildir(const char *path, struct err *err)
{
    static const char *const parts[] = { "tmp", "new", "cur" };
    if (!make_folder(AT_FDCWD, path, path, err))
        return -1;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        err_set_errno(err, "cannot open the maildir '%s'", path);
        return -1;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!make_folder(folder, parts[i], path, err)) {
            close(folder);
            return -1;
        }
    }
    return folder;
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return true;
}

/* Files of a host have line feeds alone. */
static void put_unix_lines(struct buf *out, struct slice bytes)
{
    struct slice line;
    while (slice_next(&bytes, '\n', &line)) {
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        buf_put(out, line);
        buf_putc(out, '\n');
    }
}

static bool write_file(int folder, const char *name, struct slice bytes)
{
    struct buf lines = buf_make(bytes.len + 1);
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                    0600);
    if (fd < 0)
        return false;
    put_unix_lines(&lines, bytes);
    bool ok = write_all(fd, buf_slice(&lines)) && fsync(fd) == 0;
    int code = errno;
    ok = close(fd) == 0 && ok;
    buf_free(&lines);
    if (!ok)
        errno = code;
    return ok;
}

static bool sync_folder(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fsync(fd) == 0;
    close(fd);
    return ok;
}

bool maildir_put(struct slice folder, const struct maildir_mail *mail, struct err *err)
{
    char tmp_name[NAME_BYTES], new_name[NAME_BYTES];
    struct arena arena = { 0 };
    const char *path = arena_text(&arena, folder);
    snprintf(tmp_name, sizeof tmp_name, "tmp/%lld.R%lld.%.*s",
             (long long)(mail->created_ms / SECOND_MS), (long long)mail->id,
             SLICE_ARG(mail->host));
    snprintf(new_name, sizeof new_name, "new/%s", tmp_name + 4);
    int fd = open_maildir(path, err);
    bool ok = fd >= 0;
    if (ok && (!write_file(fd, tmp_name, mail->bytes) ||
               renameat(fd, tmp_name, fd, new_name) != 0 || !sync_folder(fd, "new")))
        ok = err_set_errno(err, "cannot write into the maildir '%s'", path);
    if (fd >= 0)
        close(fd);
    arena_free(&arena);
    return ok;
}
