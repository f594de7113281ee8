/** Sockets in the file system, for who listens there and for who connects. */
#ifndef TOCSIN_BASE_UNIX_SOCKET_H
#define TOCSIN_BASE_UNIX_SOCKET_H

#include <sys/un.h>

#include "agent/base/err.h"

/** The address of @path. Fails: ERR_INVALID, longer than the kernel takes. */
bool unix_address(const char *path, struct sockaddr_un *address, struct err *err)
    __attribute__((warn_unused_result));

/** Listen at @path, without blocking, for owner and group (0660); the last folder is
 *  made. A socket of ours that nobody listens on is left over from a kill and makes
 *  way; anything else stays.
 *  @return the descriptor, or -1. Fails: ERR_BUSY somebody listens there, or what is
 *  there is no socket of ours; ERR_DENIED, ERR_INVALID, ERR_IO. */
int unix_listen(const char *path, int backlog, struct err *err)
    __attribute__((warn_unused_result));

#endif
