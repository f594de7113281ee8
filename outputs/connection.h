/**
 * One connection to a mail server, from the login to QUIT: a link and the dialog over
 * it, with the time-outs. It knows nothing of rows; the courier says what is sent.
 */
#ifndef TOCSIN_OUTPUTS_CONNECTION_H
#define TOCSIN_OUTPUTS_CONNECTION_H

#include "outputs/dialog.h"
#include "outputs/link.h"

enum connection_state {
    CONNECTION_CLOSED,
    CONNECTION_OPENING, /**< connecting and logging in */
    CONNECTION_OPEN,    /**< logged in; what goes on is told by dialog.state */
};

struct connection {
    const struct link_ops *ops;
    const struct wakes *wakes;
    enum connection_state state;
    struct link *link;
    struct dialog dialog;      /**< its result stays readable after the end */
    struct smtp_reply failure; /**< why the login failed */
    bool has_failed;           /**< set when a login failed; the owner clears it */
    bool is_broken;            /**< it did not end with our QUIT */
    struct link_complaint complaint; /**< of the last login */
    int64_t opened_ms;               /**< mono: when the login began */
    int64_t used_ms;                 /**< mono: when it last began or ended a mail */
    int64_t deadline_ms; /**< mono: by then the server has to have said something */
    uint64_t seen_progress;
    bool is_unproven;    /**< it was idle: who sat between may have forgotten it */
    uint64_t mail_count; /**< mails begun on it */
};

/** Begin to log in; the connection must be closed. */
void connection_open(struct connection *connection, const struct account *account,
                     struct now now);
/** Go on as far as it goes without waiting. */
void connection_step(struct connection *connection, struct now now);
/** May a mail begin? */
bool connection_is_idle(const struct connection *connection);
/** Begin a mail on an idle connection. */
void connection_start(struct connection *connection, const struct dialog_mail *mail,
                      struct now now);
/** Say QUIT on an idle connection. */
void connection_end(struct connection *connection, struct now now);
/** Close at once. A mail under way gets its result: lost, or in doubt. */
void connection_close(struct connection *connection);
/** Also frees what the last result needs. */
void connection_free(struct connection *connection);
/** When connection_step() has something to do, in mono_ms. */
int64_t connection_wake_at(const struct connection *connection);

#endif
