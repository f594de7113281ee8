/**
 * One connection to a mail server, from the login to QUIT: a link and the dialog over it,
 * with the time-outs. It knows nothing of rows; the courier says what is sent.
 */
#ifndef TOCSIN_OUTPUTS_SESSION_H
#define TOCSIN_OUTPUTS_SESSION_H

#include "outputs/dialog.h"
#include "outputs/link.h"

enum session_state {
    SESSION_CLOSED,
    SESSION_OPENING, /**< connecting and logging in */
    SESSION_OPEN,    /**< logged in; what goes on is told by dialog.state */
};

struct session {
    const struct link_ops *ops;
    const struct wakes *wakes;
    enum session_state state;
    struct link *link;
    struct dialog dialog;      /**< its result stays readable after the end */
    struct smtp_reply failure; /**< why the login failed */
    bool has_failed;           /**< set when a login failed; the owner clears it */
    bool is_broken;            /**< it did not end with our QUIT */
    int64_t opened_ms;         /**< mono: when the login began */
    int64_t used_ms;           /**< mono: when it last began or ended a mail */
    int64_t deadline_ms; /**< mono: by then the server has to have said something */
    uint64_t seen_progress;
    uint64_t mail_count; /**< mails begun on it */
};

/** Begin to log in; the session must be closed. */
void session_open(struct session *session, const struct account *account,
                  struct now now);
/** Go on as far as it goes without waiting. */
void session_step(struct session *session, struct now now);
/** May a mail begin? */
bool session_is_idle(const struct session *session);
/** Begin a mail on an idle session. */
void session_start(struct session *session, const struct dialog_mail *mail,
                   struct now now);
/** Say QUIT on an idle session. */
void session_end(struct session *session, struct now now);
/** Close at once. A mail under way gets its result: lost, or in doubt. */
void session_close(struct session *session);
/** Also frees what the last result needs. */
void session_free(struct session *session);
/** When session_step() has something to do, in mono_ms. */
int64_t session_wake_at(const struct session *session);

#endif
