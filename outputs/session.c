/** One connection: bytes between link and dialog, and the clock that ends what hangs. */
#include "outputs/session.h"

#include "agent/base/must.h"

enum {
    OPEN_TIMEOUT_MS = 45 * 1000, /* the link's own 30 s tell more, so they come first */
    RECEIVE_BYTES = 4096,
    RECEIVES_A_STEP = 64,
};

static void close_link(struct session *session)
{
    if (session->link)
        session->ops->close(session->link);
    session->link = NULL;
    session->state = SESSION_CLOSED;
}

void session_close(struct session *session)
{
    if (session->state == SESSION_OPEN)
        dialog_lost(&session->dialog, SLICE("the connection was closed"));
    session->is_broken = true;
    close_link(session);
}

void session_free(struct session *session)
{
    session_close(session);
    dialog_clear(&session->dialog);
}

/* --- login ------------------------------------------------------------------------------ */

void session_open(struct session *session, const struct account *account,
                  struct now now)
{
    must(session->state == SESSION_CLOSED);
    dialog_clear(&session->dialog);
    session->has_failed = session->is_broken = false;
    session->mail_count = 0;
    session->opened_ms = session->used_ms = now.mono_ms;
    session->deadline_ms = now.mono_ms + OPEN_TIMEOUT_MS;
    session->link = session->ops->open(session->ops->ctx, account, session->wakes, now);
    session->state = SESSION_OPENING;
}

static void fail_login(struct session *session, const struct smtp_reply *reply)
{
    session->failure = *reply;
    session->has_failed = session->is_broken = true;
    close_link(session);
}

static void begin_dialog(struct session *session, struct now now)
{
    const struct link_ops *ops = session->ops;
    struct link *link = session->link;
    dialog_init(&session->dialog,
                (struct dialog_offer){
                    .pipelining = ops->has_extension(link, SLICE("PIPELINING")),
                    .size = ops->has_extension(link, SLICE("SIZE")),
                    .eight_bit = ops->has_extension(link, SLICE("8BITMIME")) });
    session->state = SESSION_OPEN;
    session->used_ms = now.mono_ms;
    session->seen_progress = 0;
    session->deadline_ms = NEVER_MS;
}

static void step_login(struct session *session, struct now now)
{
    enum link_state state = session->ops->step(session->link, now);
    if (state == LINK_READY) {
        begin_dialog(session, now);
    } else if (state == LINK_FAILED) {
        fail_login(session, session->ops->failure(session->link));
    } else if (now.mono_ms >= session->deadline_ms) {
        struct smtp_reply reply =
            reply_of_network(PHASE_CONNECT,
                             SLICE("timed out before the login was done"));
        fail_login(session, &reply);
    }
}

/* --- talk -------------------------------------------------------------------------------- */

/* @return false when the link is broken. */
static bool send_all(struct session *session)
{
    struct slice out;
    while ((out = dialog_output(&session->dialog)).len > 0) {
        ssize_t taken = session->ops->send(session->link, out);
        if (taken <= 0)
            return taken == 0;
        dialog_sent(&session->dialog, (size_t)taken);
    }
    return true;
}

/* @return false when the link is broken or closed. */
static bool receive_all(struct session *session)
{
    char bytes[RECEIVE_BYTES];
    for (int i = 0; i < RECEIVES_A_STEP; i++) {
        ssize_t len = session->ops->receive(session->link, bytes, sizeof bytes);
        if (len <= 0)
            return len == 0;
        dialog_feed(&session->dialog, slice_make(bytes, (size_t)len));
    }
    return true;
}

/* A server that refuses and closes may leave its last words behind a failed send, so they
 * are read before the connection counts as lost. */
static void exchange(struct session *session)
{
    uint64_t before;
    do {
        before = session->dialog.progress;
        bool has_sent = send_all(session);
        bool has_received = receive_all(session);
        if (!has_sent || !has_received) {
            dialog_lost(&session->dialog, SLICE("the server closed the connection"));
            return;
        }
    } while (session->dialog.progress != before &&
             session->dialog.state != DIALOG_CLOSED);
}

static void check_deadline(struct session *session, struct now now)
{
    if (session->dialog.progress != session->seen_progress) {
        session->seen_progress = session->dialog.progress;
        session->deadline_ms =
            later_by_ms(now.mono_ms, dialog_timeout_ms(&session->dialog));
    }
    if (now.mono_ms >= session->deadline_ms)
        dialog_lost(&session->dialog,
                    SLICE("timed out waiting for the server's reply"));
}

static void step_talk(struct session *session, struct now now)
{
    bool was_ending = session->dialog.state == DIALOG_ENDING;
    exchange(session);
    check_deadline(session, now);
    if (session->dialog.state == DIALOG_CLOSED) {
        session->is_broken = !was_ending;
        close_link(session);
        return;
    }
    bool is_blocked = dialog_output(&session->dialog).len > 0;
    session->ops->want(session->link, WAKE_READ | (is_blocked ? WAKE_WRITE : 0));
}

void session_step(struct session *session, struct now now)
{
    if (session->state == SESSION_OPENING)
        step_login(session, now);
    if (session->state == SESSION_OPEN)
        step_talk(session, now);
}

bool session_is_idle(const struct session *session)
{
    return session->state == SESSION_OPEN && session->dialog.state == DIALOG_IDLE;
}

void session_start(struct session *session, const struct dialog_mail *mail,
                   struct now now)
{
    session->used_ms = now.mono_ms;
    session->mail_count++;
    dialog_start(&session->dialog, mail);
    session_step(session, now);
}

void session_end(struct session *session, struct now now)
{
    dialog_quit(&session->dialog);
    session_step(session, now);
}

int64_t session_wake_at(const struct session *session)
{
    if (session->state == SESSION_CLOSED)
        return NEVER_MS;
    return earlier_ms(session->deadline_ms, session->ops->wake_at(session->link));
}
