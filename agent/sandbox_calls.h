/** The system calls of a running agent; all others are given up. */
#ifndef TOCSIN_AGENT_SANDBOX_CALLS_H
#define TOCSIN_AGENT_SANDBOX_CALLS_H

#include "agent/base/seccomp.h"

extern const struct seccomp_row sandbox_calls[];
extern const size_t sandbox_call_count;

#endif
