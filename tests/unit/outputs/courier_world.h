/**
 * A small world for tests of the courier: virtual time, a store in a file, and a mail
 * server that speaks over links and can be told to refuse, to hang up or to say
 * nothing.
 */
#ifndef TOCSIN_TESTS_UNIT_OUTPUTS_COURIER_WORLD_H
#define TOCSIN_TESTS_UNIT_OUTPUTS_COURIER_WORLD_H

#include "agent/base/db.h"
#include "outputs/compiled.h"

enum { WORLD_MAILS_MAX = 512 };

/** What the server does; NULL and false: it behaves. */
struct fake_server {
    struct smtp_reply login;       /**< text or code set: every login fails so */
    const char *mail, *data, *dot; /**< replies instead of 2xx and 354 */
    const char *bad_recipient;     /**< the address that gets */
    const char *rcpt;              /**< this reply */
    bool hangs_up_at_body;         /**< closes when the body begins to come in */
    bool hangs_up_at_dot;          /**< closes instead of the reply after the dot */
    bool is_silent_at_dot;         /**< takes the mail and says nothing */
    bool swallows_body;            /**< takes no mail and says nothing after 354 */
    bool hangs_up_when_idle;       /**< the next read finds the connection closed */
    bool is_silent;                /**< answers nothing after the login */
    bool is_silent_at_login;       /**< never done with the login */
    bool has_pipelining;
    struct link_complaint complaint; /**< of each login */

    int login_count, open_count;
    char *mails[WORLD_MAILS_MAX];     /**< bodies that ended with a dot, as they came */
    char *envelopes[WORLD_MAILS_MAX]; /**< "from>to>to>" */
    int mail_count;
};

struct courier_world {
    struct now now;
    struct fake_server server;
    struct link_ops links;
    struct log_sink *log; /**< NULL: silence */
    struct account account;
    struct slice to[2];
    struct output outputs[2];
    struct outputs_config config;
    char *path;
    struct db *db;
    struct outputs *door;
    int commit_count;
    int failing_commits; /**< so many of the next commits fail */
    int turn_count;
};

/** One account "gmail", output "ops" to a@x.org and b@x.org. */
struct courier_world *world_create(void);
void world_free(struct courier_world *world);
/** Start the outputs on the store as it is. */
void world_start(struct courier_world *world);
/** End them at once, as kill -9 would: nothing more is said or stored. */
void world_crash(struct courier_world *world);
/** One turn; with @notice_title, a notice of @severity for output @output is put. */
void world_turn(struct courier_world *world, const char *output, const char *title,
                enum severity severity);
/** Put a warning for "ops" and turn once. */
void world_put(struct courier_world *world, const char *title);
/** Turn whenever it asks for it, for @ms. */
void world_run(struct courier_world *world, int64_t ms);
/** One number out of the store. */
int64_t world_ask(struct courier_world *world, const char *sql);
/** One text out of the store, to be freed. */
char *world_ask_text(struct courier_world *world, const char *sql);

#endif
