/**
 * A dry run: the agent as it is, but no mail leaves. A mail server in memory takes
 * every mail and prints it, Maildirs stay as they are, and the store is a temporary one
 * that is removed at the end, so that nothing of this host is changed.
 */
#ifndef TOCSIN_AGENT_DRY_H
#define TOCSIN_AGENT_DRY_H

#include "agent/config.h"

struct dry;

/** Let @config have a temporary store. @is_once: and read its files from their
 *  beginning, because there is nobody to write more. Fails: what the file system says.
 */
struct dry *dry_create(struct config *config, bool is_once, struct err *err)
    __attribute__((warn_unused_result));
/** Remove the store. Call it when the agent has let go of it. */
void dry_free(struct dry *dry);

/** What stands where mail servers would. */
const struct link_ops *dry_links(const struct dry *dry);

#endif
