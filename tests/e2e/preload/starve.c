/**
 * An allocator that fails once, for LD_PRELOAD:
 *
 *     STARVE_AT=k        the k-th allocation of the process gets nothing
 *     STARVE_COUNT=FILE  how many there were is written there at the end
 *
 * What every library allocates goes through here as well: SQLite, libcurl, OpenSSL,
 * libyaml, libuv, libmicrohttpd. (PCRE2 is built with the same malloc.)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic uint64_t allocations;
static uint64_t starve_at;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("STARVE_AT");
    starve_at = at ? strtoull(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void)
{
    char text[32];
    const char *path = getenv("STARVE_COUNT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    int len = snprintf(text, sizeof text, "%llu\n", (unsigned long long)allocations);
    if (fd >= 0)
        (void)!write(fd, text, (size_t)len);
}

static int is_starved(void)
{
    static const char said[] = "starved\n";
    if (atomic_fetch_add(&allocations, 1) + 1 != starve_at || starve_at == 0)
        return 0;
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return is_starved() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_starved() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return is_starved() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    return is_starved() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    *memory = memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}
