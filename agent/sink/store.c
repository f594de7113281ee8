/** Written under a name that readers overlook, then renamed. */
#include "agent/sink/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/buf.h"

static bool make_folder(const char *path, struct err *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return true;
    return err_set_errno(err, "The folder '%s' could not be made", path);
}

static bool make_maildir(const char *path, struct err *err)
{
    static const char *const parts[] = { "", "/tmp", "/new", "/cur" };
    char part[PATH_MAX];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(part, sizeof part, "%s%s", path, parts[i]);
        if (!make_folder(part, err))
            return false;
    }
    return true;
}

/** The highest number of an .eml file in @path. */
static uint64_t highest_number(const char *path)
{
    uint64_t highest = 0;
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        struct slice name = slice_of(entry->d_name);
        int64_t number;
        if (slice_ends(name, SLICE(".eml")) &&
            slice_to_int(slice_make(name.ptr, name.len - 4), &number) && number > 0 &&
            (uint64_t)number > highest)
            highest = (uint64_t)number;
    }
    if (folder)
        closedir(folder);
    return highest;
}

bool sink_store_open(struct sink_store *store, struct err *err)
{
    if (store->maildir && !make_maildir(store->maildir, err))
        return false;
    if (!store->eml_folder)
        return true;
    if (!make_folder(store->eml_folder, err))
        return false;
    store->number = highest_number(store->eml_folder);
    return true;
}

static bool write_all(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = slice_make(bytes.ptr + put, bytes.len - (size_t)put);
    }
    return true;
}

/** Write @bytes to @from and rename it to @to. */
static bool put_file(const char *from, const char *to, struct slice bytes,
                     struct err *err)
{
    int fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, "The mail could not be written to '%s'", from);
    bool is_written = write_all(fd, bytes);
    if (!is_written)
        err_set_errno(err, "The mail could not be written to '%s'", from);
    close(fd);
    if (is_written && rename(from, to) != 0)
        is_written = err_set_errno(err, "The mail could not be renamed to '%s'", to);
    if (!is_written)
        (void)unlink(from);
    return is_written;
}

static bool put_maildir(const struct sink_store *store, struct slice mail,
                        int64_t unix_ns, struct err *err)
{
    char name[96], from[PATH_MAX], to[PATH_MAX];
    struct buf text = buf_make(mail.len + 1);
    struct slice line;
    snprintf(name, sizeof name, "%" PRId64 ".M%" PRId64 "P%ldQ%" PRIu64 ".sink",
             unix_ns / 1000000000, unix_ns / 1000 % 1000000, (long)getpid(),
             store->number);
    snprintf(from, sizeof from, "%s/tmp/%s", store->maildir, name);
    snprintf(to, sizeof to, "%s/new/%s", store->maildir, name);
    while (slice_next(&mail, '\n', &line)) {
        line.len -= line.len > 0 && line.ptr[line.len - 1] == '\r';
        buf_put(&text, line);
        buf_putc(&text, '\n');
    }
    bool is_put = put_file(from, to, buf_slice(&text), err);
    buf_free(&text);
    return is_put;
}

bool sink_store_put(struct sink_store *store, struct slice mail, int64_t unix_ns,
                    struct err *err)
{
    char from[PATH_MAX], to[PATH_MAX];
    store->number++;
    if (store->maildir && !put_maildir(store, mail, unix_ns, err))
        return false;
    if (!store->eml_folder)
        return true;
    snprintf(to, sizeof to, "%s/%06" PRIu64 ".eml", store->eml_folder, store->number);
    snprintf(from, sizeof from, "%s/%06" PRIu64 ".part", store->eml_folder,
             store->number);
    return put_file(from, to, mail, err);
}
