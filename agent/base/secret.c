/** Reading a secret with care; where it lies in between. */
#include "agent/base/secret.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"

enum { APP_PASSWORD_LETTERS = 16, APP_PASSWORD_GROUP = 4 };

/* systemd lets a service read its credentials by an ACL, whose mask shows where the
 * group's bits stand: 0440. The folder is the service's alone. */
static bool is_credential(const struct stat *stat, const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t len = folder ? strlen(folder) : 0;
    return len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
           !strstr(path + len, "/../") && stat->st_uid == 0 && stat->st_gid == 0;
}

static bool check_owner(const struct stat *stat, const char *path, struct err *err)
{
    mode_t others = is_credential(stat, path) ? 037 : 077;
    if (!S_ISREG(stat->st_mode))
        return err_set(err, ERR_DENIED, "the secret '%s' is not a regular file", path);
    if ((stat->st_mode & others) != 0)
        return err_set(err, ERR_DENIED,
                       "others may read the secret '%s': run \"chmod 600 %s\"", path,
                       path);
    if (stat->st_uid != 0 && stat->st_uid != geteuid())
        return err_set(err, ERR_DENIED,
                       "the secret '%s' belongs to another user: run \"chown %ld %s\"",
                       path, (long)geteuid(), path);
    return true;
}

static bool check_size(const struct stat *stat, const char *path, int most,
                       struct err *err)
{
    if (stat->st_size <= most)
        return true;
    return err_set(err, ERR_INVALID, "the secret '%s' is larger than %d bytes", path,
                   most);
}

/* Google shows an App Password as four groups of four letters. */
static void drop_blanks(char *text, size_t *len)
{
    size_t letters = 0;
    for (size_t i = 0; i < *len; i++) {
        if (text[i] >= 'a' && text[i] <= 'z')
            letters++;
        else if (text[i] != ' ' || letters % APP_PASSWORD_GROUP != 0)
            return;
    }
    if (letters != APP_PASSWORD_LETTERS)
        return;
    size_t kept = 0;
    for (size_t i = 0; i < *len; i++)
        if (text[i] != ' ')
            text[kept++] = text[i];
    *len = kept;
}

bool secret_take_line(struct secret *secret, const char *from, struct err *err)
{
    char *text = secret->page;
    size_t len = secret->len;
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0)
        return err_set(err, ERR_INVALID, "the secret '%s' is empty", from);
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)text[i]))
            return err_set(
                err, ERR_INVALID,
                "the secret '%s' must be one line without control characters", from);
    drop_blanks(text, &len);
    secret->len = len;
    return true;
}

static bool read_secret(int fd, const char *path, struct secret *secret,
                        struct err *err)
{
    struct stat stat;
    ssize_t len;
    if (fstat(fd, &stat) != 0)
        return err_set_errno(err, "cannot look at the secret '%s'", path);
    if (!check_owner(&stat, path, err) ||
        !check_size(&stat, path, (int)secret->capacity, err))
        return false;
    do {
        len = read(fd, secret->page + secret->len, secret->capacity - secret->len);
        secret->len += len > 0 ? (size_t)len : 0;
    } while (len > 0 || (len < 0 && errno == EINTR));
    return len == 0 || err_set_errno(err, "cannot read the secret '%s'", path);
}

/* What cannot be locked or kept out of a dump is used all the same, see
 * secret_can_be_locked(). */
bool secret_open(struct secret *secret, size_t capacity, struct err *err)
{
    void *page = mmap(NULL, capacity, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return err_set_errno(err, "no memory for a secret");
    if (mlock(page, capacity) != 0 || madvise(page, capacity, MADV_DONTDUMP) != 0)
        errno = 0;
    *secret = (struct secret){ .page = page, .capacity = capacity };
    return true;
}

bool secret_can_be_locked(struct err *why)
{
    void *page = mmap(NULL, SECRET_MAX_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return err_set_errno(why, "no memory for a secret");
    bool is_locked = mlock(page, SECRET_MAX_BYTES) == 0;
    if (!is_locked)
        err_set_errno(why, "no memory can be locked");
    munmap(page, SECRET_MAX_BYTES);
    return is_locked;
}

bool secret_put(struct secret *secret, struct slice bytes)
{
    if (bytes.len > secret->capacity - secret->len)
        return false;
    if (bytes.len > 0)
        memcpy(secret->page + secret->len, bytes.ptr, bytes.len);
    secret->len += bytes.len;
    return true;
}

void secret_wipe(struct secret *secret)
{
    if (!secret->page)
        return;
    explicit_bzero(secret->page, secret->capacity);
    munmap(secret->page, secret->capacity);
    *secret = (struct secret){ 0 };
}

static bool open_and_read(const char *name, struct secret *secret, struct err *err)
{
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 && errno == ELOOP)
        return err_set(err, ERR_DENIED,
                       "the secret '%s' is a link: name the file itself", name);
    if (fd < 0)
        return err_set_errno(err, "cannot open the secret '%s'", name);
    bool ok = read_secret(fd, name, secret, err);
    close(fd);
    return ok;
}

bool secret_read_whole(struct slice path, size_t max_bytes, struct secret *secret,
                       struct err *err)
{
    char *name = mem_copy(path);
    bool ok = secret_open(secret, max_bytes, err) && open_and_read(name, secret, err);
    if (!ok)
        secret_wipe(secret);
    free(name);
    return ok;
}

bool secret_read(struct slice path, struct secret *secret, struct err *err)
{
    char *name = mem_copy(path);
    bool ok = secret_read_whole(path, SECRET_MAX_BYTES, secret, err) &&
              secret_take_line(secret, name, err);
    if (!ok)
        secret_wipe(secret);
    free(name);
    return ok;
}

/* --- writing ---------------------------------------------------------------------- */

static bool write_whole(int fd, struct slice bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = slice_make(bytes.ptr + put, bytes.len - (size_t)put);
    }
    return fsync(fd) == 0;
}

/* What root writes is for the agent, which is not root. */
static bool give_away(int fd, const char *path, int folder)
{
    struct stat owner;
    if (geteuid() != 0)
        return true;
    if (stat(path, &owner) != 0 && fstat(folder, &owner) != 0)
        return false;
    return fchown(fd, owner.st_uid, owner.st_gid) == 0;
}

static bool write_beside(const char *path, const char *fresh, int folder,
                         struct slice bytes)
{
    unlink(fresh); /* what a crash left */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool ok = write_whole(fd, bytes) && give_away(fd, path, folder) &&
              rename(fresh, path) == 0 && fsync(folder) == 0;
    int code = errno;
    close(fd);
    if (!ok)
        unlink(fresh);
    errno = code;
    return ok;
}

bool secret_write(struct slice path, struct slice bytes, struct err *err)
{
    struct arena arena = { 0 };
    const char *name = arena_text(&arena, path);
    const char *fresh = arena_printf(&arena, "%s.new", name);
    const char *slash = strrchr(name, '/');
    size_t folder_len = slash == name ? 1 : slash ? (size_t)(slash - name) : 0;
    const char *folder =
        folder_len > 0 ? arena_text(&arena, slice_make(name, folder_len)) : ".";
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && write_beside(name, fresh, fd, bytes);
    if (!ok)
        err_set_errno(err, "cannot write the secret '%s'", name);
    if (fd >= 0)
        close(fd);
    arena_free(&arena);
    return ok;
}

/* --- PEM -------------------------------------------------------------------------- */

static bool read_pem(int fd, const char *path, bool is_key, struct buf *pem,
                     struct err *err)
{
    char part[4096];
    struct stat stat;
    ssize_t len;
    if (fstat(fd, &stat) != 0)
        return err_set_errno(err, "cannot look at '%s'", path);
    if ((is_key && !check_owner(&stat, path, err)) ||
        !check_size(&stat, path, LIMIT_HTTP_PEM_BYTES, err))
        return false;
    while ((len = read(fd, part, sizeof part)) > 0)
        buf_put(pem, slice_make(part, (size_t)len));
    explicit_bzero(part, sizeof part);
    if (len < 0)
        return err_set_errno(err, "cannot read '%s'", path);
    if (pem->len == 0 || pem->overflowed || memchr(pem->ptr, '\0', pem->len))
        return err_set(err, ERR_INVALID, "'%s' is no file in PEM", path);
    return true;
}

/** A certificate is no secret, and is often a link (as certbot makes them). */
bool secret_read_pem(struct slice path, bool is_key, struct buf *pem, struct err *err)
{
    struct arena arena = { 0 };
    const char *name = arena_text(&arena, path);
    int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    bool ok = fd >= 0 ? read_pem(fd, name, is_key, pem, err)
                      : err_set_errno(err, "cannot open '%s'", name);
    if (fd >= 0)
        close(fd);
    arena_free(&arena);
    return ok;
}

void secret_free(void *block)
{
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

void *secret_realloc(void *block, size_t size)
{
    size_t old = block ? malloc_usable_size(block) : 0;
    void *fresh = mem_malloc(size);
    if (block)
        memcpy(fresh, block, old < size ? old : size);
    secret_free(block);
    return fresh;
}

void secret_shield_process(void)
{
    const struct rlimit none = { 0, 0 };
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        errno = 0;
}
