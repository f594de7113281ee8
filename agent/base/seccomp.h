/**
 * seccomp, the kernel's filter of system calls: what is not on the list fails from then
 * on, in this process and all that it makes, for ever. The filter's program is made
 * here, without libseccomp: a list of numbers and a look at one argument is all that is
 * wanted of it, and 100 lines can be read where a library is one more to be trusted.
 */
#ifndef TOCSIN_BASE_SECCOMP_H
#define TOCSIN_BASE_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/base/err.h"

/** A call that is allowed, or refused: always (mask 0), or when the low half of an
 *  argument, masked, has a value. The first row that fits decides. */
struct seccomp_row {
    int number;
    unsigned argument; /**< 0 is the first */
    uint32_t mask, value;
    bool is_refused;
};

enum {
    SECCOMP_ROWS_MAX = 256,
    /** Of Debian 12's kernel; newer calls are said not to exist (ENOSYS), so that a
     *  newer libc does it the old way. */
    SECCOMP_LAST_KNOWN = 450,
};

/** Is there a filter for this kernel and machine (x86-64, AArch64)? */
bool seccomp_is_there(void);

/** Allow only what @rows say, at most SECCOMP_ROWS_MAX, in the whole process. All else
 *  fails with EPERM, and clone3 with ENOSYS; those often called should stand first.
 *  Fails: ERR_MISSING, there is no filter here. */
bool seccomp_shut(const struct seccomp_row *rows, size_t count, struct err *err)
    __attribute__((warn_unused_result));

#endif
