/**
 * Three processes instead of one: the agent, which reads what strangers write and has
 * no credential; the mail sender (outputs/sender.h), which has the credentials and no
 * logs; and their keeper, which does nothing but start the sender again when it died.
 */
#ifndef TOCSIN_AGENT_KEEPER_H
#define TOCSIN_AGENT_KEEPER_H

#include "agent/base/log.h"
#include "agent/config.h"

struct keeper_setting {
    const char *config_path;     /**< read again at a reload; NULL: the default */
    const struct config *config; /**< until then */
    struct log_sink *log;
};

/** Start keeper and sender, which live until the descriptor that is returned is closed,
 *  also by a kill -9. Both leave signals that end the agent to it. Call it while the
 *  process has one thread and nothing open that they must not have.
 *  @return our end of the socket for requests (links_remote()), or -1. Fails: ERR_IO */
int keeper_start(const struct keeper_setting *setting, struct err *err)
    __attribute__((warn_unused_result));

#endif
