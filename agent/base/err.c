/** Errors of the world, as sentences. */
#include "agent/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static enum err_kind kind_of_errno(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case ESTALE: /* of NFS: the file behind the descriptor is gone */
        return ERR_MISSING;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return ERR_FULL;
    case EBUSY:
    case EADDRINUSE:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

/* Formatted aside first, because callers wrap: err_set(err, ..., "...: %s", err->text).
 * The front is cut, never the reason: a path may be longer than the whole text. */
static void put_text(struct err *err, const char *reason, const char *format,
                     va_list args)
{
    char front[sizeof err->text];
    vsnprintf(front, sizeof front, format, args);
    size_t room = sizeof err->text - 1 - strlen(reason);
    snprintf(err->text, sizeof err->text, "%.*s%s", (int)room, front, reason);
}

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_text(err, "", format, args);
    va_end(args);
    err->kind = kind;
    return false;
}

bool err_set_errno(struct err *err, const char *format, ...)
{
    int code = errno;
    char reason[128];
    va_list args;
    snprintf(reason, sizeof reason, ": %s", strerror(code));
    va_start(args, format);
    put_text(err, reason, format, args);
    va_end(args);
    err->kind = kind_of_errno(code);
    return false;
}
