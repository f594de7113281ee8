/** Settings of the libraries below, and one call that the kernel is spared. */
#include "lean.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/socket.h>

#include "agent/base/must.h"

enum {
    HEAP_BYTES = 1 << 30,
    HEAP_PAD_BYTES = 4 << 20,
};

void lean_begin(void)
{
    /* Lives take and free large blocks all the time: not from the kernel, each. */
    mallopt(M_MMAP_THRESHOLD, HEAP_BYTES);
    mallopt(M_TRIM_THRESHOLD, HEAP_BYTES);
    mallopt(M_TOP_PAD, HEAP_PAD_BYTES);
    must(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
    must(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
}

/* Put before the library's by the linker (--wrap). */
int __real_accept4(int fd, struct sockaddr *socket, socklen_t *length, int flags);
int __wrap_accept4(int fd, struct sockaddr *socket, socklen_t *length, int flags);

/** To accept from nobody costs the kernel a socket that it throws away, and each of
 *  many turns asks. */
int __wrap_accept4(int fd, struct sockaddr *socket, socklen_t *length, int flags)
{
    struct pollfd asked = { .fd = fd, .events = POLLIN };
    if (poll(&asked, 1, 0) != 0)
        return __real_accept4(fd, socket, length, flags);
    errno = EAGAIN;
    return -1;
}
