/**
 * A world for tests of logins: libcurl's links, and the sink like Gmail behind them on
 * loopback, in a process of its own.
 */
#ifndef TOCSIN_TESTS_UNIT_OUTPUTS_SINK_WORLD_H
#define TOCSIN_TESTS_UNIT_OUTPUTS_SINK_WORLD_H

#include <poll.h>
#include <sys/types.h>

#include "agent/sink/server.h"
#include "outputs/connection.h"

/** Where a server takes a second ("wait 1s"), a step this long waited for it. */
enum { FDS_MAX = 16, PATIENCE_MS = 20 * 1000, BLOCKED_MS = 900 };

struct smtp_world {
    pid_t pid;
    int smtp_port, smtps_port, https_port;
    char ca[300], secret[300], log[300];
    struct pollfd fds[FDS_MAX];
    int fd_count;
    struct wakes wakes;
    const struct link_ops *ops;
    struct account account;
    struct connection connection;
    int64_t longest_ms;
};

/** What the sink is beyond its usual self; NULL and empty: that. */
struct sink_wishes {
    const char *script;          /**< one rule; "plain": no TLS at all */
    const char *client;          /**< the only right client id, whose secret is
                                      "secret" */
    const char *refresh_token;   /**< the only right one */
    const char *service_account; /**< its key file */
    int64_t life_s;              /**< of access tokens; 0: an hour */
    bool rotates;
};

/** Its account logs in by the password that is right. */
struct smtp_world *smtp_world(const char *script);
struct smtp_world *smtp_world_with(const struct sink_wishes *wishes);
/** All that was watched must be left by then. */
void smtp_world_free(struct smtp_world *world);

/** The account's password file, mode 0600. */
void write_secret(const struct smtp_world *world, const char *text);

struct now now_real(void);
/** One look at the connection after something happened, as the loop would do it. */
void step(struct smtp_world *world);
/** Until it is logged in or failed. */
void log_in(struct smtp_world *world);
void must_log_in(struct smtp_world *world);
/** Until it is known what became of the mail. */
const struct dialog_result *send_whole(struct smtp_world *world,
                                       const struct dialog_mail *mail);
/** Until it is closed, without a fault. */
void end_connection(struct smtp_world *world);
/** Lines of the sink's log with @part in them. */
size_t log_count(const struct smtp_world *world, const char *part);

#endif
