/** What a service manager wants to hear (sd_notify(3)'s protocol, without its library).
 */
#ifndef TOCSIN_AGENT_SERVICE_H
#define TOCSIN_AGENT_SERVICE_H

#include <stdbool.h>

/** Send @state ("READY=1") to $NOTIFY_SOCKET; without one nothing happens. */
void service_notify(const char *state);

/** Is standard error connected to the journal ($JOURNAL_STREAM)? */
bool service_logs_to_journal(void);

#endif
