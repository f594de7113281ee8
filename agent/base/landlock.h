/**
 * Landlock, the kernel's own fence around a process without privileges: what is not
 * allowed before it is shut cannot be opened afterwards, by nobody in the process, and
 * the fence can never be widened. Without a library; best effort, because kernels
 * before 5.13, and some that were built so, have none.
 *
 * A rule is for a folder and all below it, or for one file; it stays with what was
 * there when it was made. So a file that is replaced by a new one, or a folder that is
 * made anew, is reached only by a rule for a folder above it.
 */
#ifndef TOCSIN_BASE_LANDLOCK_H
#define TOCSIN_BASE_LANDLOCK_H

#include "agent/base/err.h"

enum landlock_right {
    LANDLOCK_READ = 1,  /**< read files and list folders */
    LANDLOCK_WRITE = 2, /**< change, make and remove files, folders and sockets; read */
    LANDLOCK_RUN = 4,   /**< start programs; read */
};

struct landlock {
    int fd; /**< -1: none is begun */
    int abi;
};

/** The version of Landlock that this kernel has; 0: none. */
int landlock_abi(void);

/** Begin a fence inside of which nothing is allowed. @connects: TCP connections may be
 *  begun; without it they may not, from version 4 on.
 *  Fails: ERR_MISSING, this kernel has no Landlock. */
bool landlock_begin(struct landlock *fence, bool connects, struct err *err)
    __attribute__((warn_unused_result));
/** @rights  bits of enum landlock_right, for @path and all below it.
 *  Fails: ERR_MISSING, there is no such path; ERR_DENIED. */
bool landlock_allow(struct landlock *fence, const char *path, unsigned rights,
                    struct err *err) __attribute__((warn_unused_result));
/** Shut it around this thread and all that it will make. Files that are open stay so.
 */
bool landlock_shut(struct landlock *fence, struct err *err)
    __attribute__((warn_unused_result));
/** Let go of a fence that is begun, shut or not; it stays shut. */
void landlock_clear(struct landlock *fence);

#endif
