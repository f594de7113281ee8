/** Sockets in the file system. */
#include "agent/base/unix_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/mem.h"

bool unix_address(const char *path, struct sockaddr_un *address, struct err *err)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address->sun_path)
        return err_set(err, ERR_INVALID,
                       "the socket's path '%s' is longer than %zu bytes", path,
                       sizeof address->sun_path - 1);
    memcpy(address->sun_path, path, strlen(path));
    return true;
}

static bool is_stale(const char *path, const struct sockaddr_un *address)
{
    struct stat stat;
    if (lstat(path, &stat) != 0 || !S_ISSOCK(stat.st_mode) || stat.st_uid != geteuid())
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool refused = fd >= 0 &&
                   connect(fd, (const void *)address, sizeof *address) != 0 &&
                   errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return refused;
}

static void make_folder(const char *path)
{
    char *folder = mem_copy_text(path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = '\0';
        (void)mkdir(folder, 0755);
    }
    free(folder);
}

int unix_listen(const char *path, int backlog, struct err *err)
{
    struct sockaddr_un address;
    if (!unix_address(path, &address, err))
        return -1;
    make_folder(path);
    if (is_stale(path, &address))
        (void)unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0117);
    bool listening = fd >= 0 && bind(fd, (const void *)&address, sizeof address) == 0 &&
                     listen(fd, backlog) == 0;
    int code = errno;
    umask(before);
    if (listening)
        return fd;
    if (fd >= 0)
        close(fd);
    errno = code;
    err_set_errno(err, "the socket '%s' cannot be opened", path);
    return -1;
}
