/** The file of the store, before SQLite opens it. */
#include "agent/base/db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool db_file_sync_folder(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) : 0;
    snprintf(folder, sizeof folder, "%.*s", slash ? len : 1, slash ? path : ".");
    int fd = open(len == 0 && slash ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, "cannot open the folder of the store '%s'", path);
    bool ok = fsync(fd) == 0;
    if (!ok)
        err_set_errno(err, "cannot sync the folder of the store '%s'", path);
    close(fd);
    return ok;
}

/* SQLite would create the file by the umask. An existing file is never opened here:
 * closing a second descriptor would drop the locks of SQLite in the same process. */
bool db_file_make(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        bool ok = fchmod(fd, 0600) == 0 && fsync(fd) == 0;
        if (!ok)
            err_set_errno(err, "cannot create the store '%s'", path);
        close(fd);
        return ok && db_file_sync_folder(path, err);
    }
    struct stat stat;
    if (errno != EEXIST)
        return err_set_errno(err, "cannot create the store '%s'", path);
    if (lstat(path, &stat) != 0)
        return err_set_errno(err, "cannot look at the store '%s'", path);
    if (!S_ISREG(stat.st_mode))
        return err_set(err, ERR_BROKEN, "the store '%s' is not a regular file", path);
    if ((stat.st_mode & 077) != 0 && chmod(path, 0600) != 0)
        return err_set_errno(err, "cannot take other users' rights off the store '%s'",
                             path);
    return true;
}
