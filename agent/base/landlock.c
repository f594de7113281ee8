/**
 * The numbers are the kernel's (Documentation/userspace-api/landlock.rst); those of
 * versions after 2 are missing in the headers of Debian 12, so all stand here.
 */
#include "agent/base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { VERSION_FLAG = 1, RULE_PATH_BENEATH = 1 };
#define BIT(n) (UINT64_C(1) << (n))

enum { FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR, FS_TRUNCATE = 14 };
/* Making and removing, by kind; 13 is to link and rename between folders. */
#define FS_CHANGES                                                               \
    (BIT(4) | BIT(5) | BIT(7) | BIT(8) | BIT(9) | BIT(13) | BIT(FS_WRITE_FILE) | \
     BIT(FS_TRUNCATE))
#define FS_OF_FILES \
    (BIT(FS_EXECUTE) | BIT(FS_WRITE_FILE) | BIT(FS_READ_FILE) | BIT(FS_TRUNCATE))
#define FS_READS (BIT(FS_READ_FILE) | BIT(FS_READ_DIR))
#define NET_CONNECT_TCP BIT(1)
#define SCOPE_SIGNAL BIT(1)

struct ruleset {
    uint64_t handled_fs;
    uint64_t handled_net; /* from version 4 on */
    uint64_t scoped;      /* from version 6 on */
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

static uint64_t fs_known(int abi)
{
    int count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;
    return BIT(count) - 1;
}

static size_t ruleset_size(int abi)
{
    return abi >= 6   ? sizeof(struct ruleset)
           : abi >= 4 ? offsetof(struct ruleset, scoped)
                      : offsetof(struct ruleset, handled_net);
}

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
    return abi > 0 ? (int)abi : 0;
}

bool landlock_begin(struct landlock *fence, bool connects, struct err *err)
{
    struct ruleset rules = { .scoped = SCOPE_SIGNAL };
    *fence = (struct landlock){ .fd = -1, .abi = landlock_abi() };
    if (fence->abi == 0)
        return err_set(err, ERR_MISSING, "this kernel has no Landlock");
    rules.handled_fs = fs_known(fence->abi);
    rules.handled_net = connects ? 0 : NET_CONNECT_TCP;
    fence->fd =
        (int)syscall(SYS_landlock_create_ruleset, &rules, ruleset_size(fence->abi), 0);
    return fence->fd >= 0 || err_set_errno(err, "Landlock cannot be begun");
}

static uint64_t wanted(const struct landlock *fence, unsigned rights, int fd)
{
    uint64_t allowed = FS_READS;
    struct stat stat;
    if (rights & LANDLOCK_WRITE)
        allowed |= FS_CHANGES;
    if (rights & LANDLOCK_RUN)
        allowed |= BIT(FS_EXECUTE);
    if (fstat(fd, &stat) == 0 && !S_ISDIR(stat.st_mode))
        allowed &= FS_OF_FILES;
    return allowed & fs_known(fence->abi);
}

bool landlock_allow(struct landlock *fence, const char *path, unsigned rights,
                    struct err *err)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, "cannot look at '%s'", path);
    struct path_beneath rule = { .allowed = wanted(fence, rights, fd),
                                 .parent_fd = fd };
    bool ok =
        syscall(SYS_landlock_add_rule, fence->fd, RULE_PATH_BENEATH, &rule, 0) == 0;
    if (!ok)
        err_set_errno(err, "Landlock takes no rule for '%s'", path);
    close(fd);
    return ok;
}

bool landlock_shut(struct landlock *fence, struct err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_restrict_self, fence->fd, 0) != 0)
        return err_set_errno(err, "Landlock cannot be shut");
    return true;
}

void landlock_clear(struct landlock *fence)
{
    if (fence->fd >= 0)
        close(fence->fd);
    fence->fd = -1;
}
