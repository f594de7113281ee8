/**
 * What the running agent, and the mail sender, give up once everything is open: files
 * that the configuration does not need, and system calls that they do not make. A
 * mistake in a parser is then worth less to who finds it. Best effort: what the kernel
 * lacks is said and done without.
 *
 * The fence around files can never be widened (see agent/base/landlock.h). So a
 * configuration that needs more than the one at the start is not taken by a reload but
 * by a restart.
 */
#ifndef TOCSIN_AGENT_SANDBOX_H
#define TOCSIN_AGENT_SANDBOX_H

#include "agent/base/log.h"
#include "agent/base/text.h"
#include "agent/config.h"

struct sandbox;

enum sandbox_role {
    SANDBOX_AGENT,  /**< reads logs and writes the store; begins no connection */
    SANDBOX_SENDER, /**< has credentials and connections; no logs, no store */
};

/** Nothing is given up yet. */
struct sandbox *sandbox_create(void);
void sandbox_free(struct sandbox *sandbox);

/** Give up what @config does not need, for ever; nothing when it says `sandbox: false`.
 *  What could not be is logged. Call it before the first byte of
 *  a stranger is read, in a process that has one thread. */
void sandbox_shut(struct sandbox *sandbox, const struct config *config,
                  enum sandbox_role role, struct log_sink *log);

/** Is what @config needs inside? @return false with @err naming what is outside, and
 *  the remedy. */
bool sandbox_covers(const struct sandbox *sandbox, const struct config *config,
                    struct err *err) __attribute__((warn_unused_result));

/** For `tocsin status`: a line of text, or a member of JSON. */
void sandbox_describe(const struct sandbox *sandbox, enum text_form form,
                      struct buf *out);

/** What was given up, in numbers. */
struct sandbox_state {
    bool is_wanted;
    int landlock_abi; /**< 0: files have no fence */
    bool has_filter;  /**< of system calls */
};
struct sandbox_state sandbox_look(const struct sandbox *sandbox);

/** What this kernel has of it: "Landlock 7, seccomp". @return false when something is
 *  missing. */
bool sandbox_put_kernel(struct buf *out);

#endif
