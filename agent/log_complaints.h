/** Complaints about a configuration, in the log of who runs with it. */
#ifndef TOCSIN_AGENT_LOG_COMPLAINTS_H
#define TOCSIN_AGENT_LOG_COMPLAINTS_H

#include "agent/base/buf.h"
#include "agent/base/log.h"

/** Line by line, as complaints_print() printed them, so that the journal shows them
 *  readably. */
void log_complaints(struct log_sink *log, const struct buf *complaints);

#endif
