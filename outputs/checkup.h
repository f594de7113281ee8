/**
 * A visit to a mail server for a person who wants to know what works: the same link and
 * the same conversation as the courier's, step by step and with waiting in between. For
 * commands alone; the agent itself never waits.
 */
#ifndef TOCSIN_OUTPUTS_CHECKUP_H
#define TOCSIN_OUTPUTS_CHECKUP_H

#include "agent/base/clock.h"
#include "outputs/connection.h"

enum { CHECKUP_SOCKETS_MAX = 16 };

struct checkup {
    struct clock_source clock;
    struct connection connection;
    struct wakes wakes;
    struct checkup_socket {
        int fd, events;
    } sockets[CHECKUP_SOCKETS_MAX]; /**< what the link waits for */
    size_t socket_count;
};

void checkup_init(struct checkup *checkup, const struct link_ops *links,
                  struct clock_source clock);
void checkup_clear(struct checkup *checkup);

/** Wait until a socket that checkup->wakes was told of is ready, @at_ms (mono) is
 *  there, or a fifth of a second has passed. */
void checkup_wait(struct checkup *checkup, int64_t at_ms);

/** Connect and log in. @return false: checkup->connection.failure says why. */
bool checkup_login(struct checkup *checkup, const struct account *account);
/** Say @command (with its CRLF) after the login and wait for the reply of @phase.
 *  @return false when none came; @reply says why then. */
bool checkup_ask(struct checkup *checkup, struct slice command, enum smtp_phase phase,
                 struct smtp_reply *reply);
/** Send a mail. @return what became of it; good until the next call. */
const struct dialog_result *checkup_send(struct checkup *checkup,
                                         const struct dialog_mail *mail);
/** Say QUIT. */
void checkup_quit(struct checkup *checkup);

/** What a TCP port says to somebody who knocks. */
enum knock {
    KNOCK_OPEN,
    KNOCK_REFUSED,
    KNOCK_SILENT, /**< no answer in time */
    KNOCK_FAILED, /**< no way there, or no such name */
};
/** Knock at all @ports of @host at once, for at most @timeout_ms. @addresses: how many
 *  of IPv4 and IPv6 the name has; 0 and 0: it is not known. */
void checkup_knock(struct slice host, const int *ports, size_t count,
                   int64_t timeout_ms, enum knock *answers, size_t addresses[2]);

#endif
