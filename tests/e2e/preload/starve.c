/**
 * An allocator that fails once, for LD_PRELOAD:
 *
 *     STARVE_AT=k        the k-th allocation of the process gets nothing
 *     STARVE_DEPTH=d     the k-th after its fork of a child (1), or of a child's child
 *                        (2: the mail sender); the same one of a later sender is served
 *     STARVE_COUNT=FILE  how many there were of each depth is written there at the end
 *
 * What every library allocates goes through here as well: SQLite, libcurl, OpenSSL,
 * libyaml, libuv, libmicrohttpd. (PCRE2 is built with the same malloc.) In a build with
 * AddressSanitizer it stands before the sanitizer's allocator, and has to be told
 * ASAN_OPTIONS=verify_asan_link_order=0.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
/* There are none without AddressSanitizer. */
extern void *__interceptor_malloc(size_t size) __attribute__((weak));
extern void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
extern void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));
extern void *__interceptor_memalign(size_t alignment, size_t size)
    __attribute__((weak));

enum { DEPTHS = 3 };

/** What all processes of the family know. */
struct family {
    _Atomic uint64_t most[DEPTHS]; /* allocations of one process of that depth */
    _Atomic int has_starved;
};

static struct family alone, *family = &alone;
static _Atomic uint64_t allocations;
static uint64_t starve_at;
static int depth, starve_depth;

static void descend(void)
{
    depth += depth < DEPTHS - 1;
    allocations = 0;
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("STARVE_AT"), *below = getenv("STARVE_DEPTH");
    void *shared = mmap(NULL, sizeof *family, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared != MAP_FAILED)
        family = shared;
    pthread_atfork(NULL, NULL, descend);
    starve_depth = below ? (int)strtol(below, NULL, 10) : 0;
    starve_at = at ? strtoull(at, NULL, 10) : 0;
}

__attribute__((destructor)) static void end(void)
{
    char text[96];
    const char *path = depth == 0 ? getenv("STARVE_COUNT") : NULL;
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
    int len = snprintf(text, sizeof text, "%llu %llu %llu\n",
                       (unsigned long long)family->most[0],
                       (unsigned long long)family->most[1],
                       (unsigned long long)family->most[2]);
    if (fd >= 0)
        (void)!write(fd, text, (size_t)len);
}

static int is_starved(void)
{
    static const char said[] = "starved\n";
    uint64_t number = atomic_fetch_add(&allocations, 1) + 1;
    if (number > family->most[depth])
        family->most[depth] = number;
    if (number != starve_at || depth != starve_depth ||
        atomic_exchange(&family->has_starved, 1))
        return 0;
    (void)!write(STDERR_FILENO, said, sizeof said - 1);
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    if (is_starved())
        return NULL;
    return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (is_starved())
        return NULL;
    return __interceptor_calloc ? __interceptor_calloc(count, size)
                                : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (is_starved())
        return NULL;
    return __interceptor_realloc ? __interceptor_realloc(old, size)
                                 : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    if (is_starved())
        return NULL;
    return __interceptor_memalign ? __interceptor_memalign(alignment, size)
                                  : __libc_memalign(alignment, size);
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
