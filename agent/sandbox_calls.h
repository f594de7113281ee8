/** The system calls of the running agent and of its mail sender; all others are given
 *  up. */
#ifndef TOCSIN_AGENT_SANDBOX_CALLS_H
#define TOCSIN_AGENT_SANDBOX_CALLS_H

#include "agent/base/seccomp.h"
#include "agent/sandbox.h"

/** Put the calls of @role into @rows. @return how many they are.
 *  @has_threads  the agent starts some; the sender always does */
size_t sandbox_calls_of(enum sandbox_role role, bool has_threads,
                        struct seccomp_row rows[SECCOMP_ROWS_MAX]);

#endif
