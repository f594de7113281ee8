/**
 * An error of the world: what the caller can do about it, and one complete sentence for
 * a person, with the object in quotes. Functions that can fail return false or NULL and
 * fill the `struct err` that is their last parameter.
 */
#ifndef TOCSIN_BASE_ERR_H
#define TOCSIN_BASE_ERR_H

#include <stdbool.h>

/** What the caller can do. */
enum err_kind {
    ERR_NONE,
    ERR_INVALID, /**< the input is wrong; the same input fails again */
    ERR_MISSING, /**< not there (yet); try again later */
    ERR_DENIED,  /**< a person has to change a permission or a secret */
    ERR_BUSY,    /**< somebody else holds it */
    ERR_FULL,    /**< no space or a bound is reached; try again later */
    ERR_IO,      /**< the system or the network failed; try again later */
    ERR_BROKEN,  /**< stored state cannot be used; stop */
    ERR_DAMAGED, /**< stored state is not what was stored; it can be set aside */
};

struct err {
    enum err_kind kind;
    char text[480];
};

/** Fill @err and return false, so that a caller can `return err_set(...)`. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As err_set, with the kind taken from errno and ": <its text>" put behind. */
bool err_set_errno(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
