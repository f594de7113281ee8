/**
 * What Nagios and Icinga say of a host or a service when they notify somebody, and what
 * becomes of it: the body that Alertmanager would post.
 * (nagioscore, "Standard Macros in Nagios"; icinga2, etc/icinga2/scripts)
 */
#ifndef TOCSIN_AGENT_NOTIFICATION_H
#define TOCSIN_AGENT_NOTIFICATION_H

#include "agent/base/buf.h"
#include "agent/base/err.h"
#include "agent/base/now.h"

enum notification_item {
    NOTIFICATION_TYPE, /**< PROBLEM, RECOVERY, ACKNOWLEDGEMENT, ... */
    NOTIFICATION_HOST,
    NOTIFICATION_HOST_NAME, /**< what people call it */
    NOTIFICATION_ADDRESS,
    NOTIFICATION_ADDRESS6,
    NOTIFICATION_SERVICE, /**< empty: it is about the host */
    NOTIFICATION_SERVICE_NAME,
    NOTIFICATION_STATE, /**< OK, WARNING, CRITICAL, UNKNOWN; UP, DOWN, UNREACHABLE */
    NOTIFICATION_OUTPUT,
    NOTIFICATION_LONG_OUTPUT, /**< "\n" in two characters is a line feed */
    NOTIFICATION_SINCE,       /**< seconds since 1970: of the last change of state */
    NOTIFICATION_AUTHOR,
    NOTIFICATION_COMMENT,
    NOTIFICATION_URL,
    NOTIFICATION_ICINGA_WEB, /**< where Icinga Web 2 is: it has a page about it */
    NOTIFICATION_ITEMS
};

/** All borrowed. Empty: not said. */
struct notification {
    struct slice items[NOTIFICATION_ITEMS];
};

/** How an item is called: as options, and in the environment of who notifies. */
struct notification_name {
    const char *option;         /**< "host" of "--host" */
    char letter;                /**< of Icinga's mail scripts; 0: there is none */
    const char *service, *host; /**< behind NAGIOS_, of either; NULL: there is none */
    const char *icinga;         /**< of Icinga's mail scripts; NULL: there is none */
};
extern const struct notification_name notification_names[NOTIFICATION_ITEMS];

/** Put the body of a webhook. A macro that was not replaced ("$SERVICEDESC$") says
 *  nothing. Fails: ERR_INVALID, what is needed is missing or means nothing. */
bool notification_put(const struct notification *notification, struct now now,
                      struct buf *body, struct err *err)
    __attribute__((warn_unused_result));

#endif
