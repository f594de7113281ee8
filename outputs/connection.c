/** One connection: bytes between link and dialog, and the clock that ends what
 *  hangs. */
#include "outputs/connection.h"

#include "agent/base/must.h"
#include "outputs/gmail_api.h"
#include "outputs/webhook.h"

enum {
    UNPROVEN_TIMEOUT_MS = 20 * 1000,
    OPEN_TIMEOUT_MS = 45 * 1000, /* the link's own 30 s tell more, so they come first */
    IDLE_MS = 1000,              /* unused for so long it may have been forgotten */
    RECEIVE_BYTES = 4096,
    RECEIVES_A_STEP = 64,
};

static void close_link(struct connection *connection)
{
    if (connection->link)
        connection->ops->close(connection->link);
    connection->link = NULL;
    connection->state = CONNECTION_CLOSED;
}

void connection_close(struct connection *connection)
{
    if (connection->state == CONNECTION_OPEN)
        dialog_lost(&connection->dialog, SLICE("the connection was closed"));
    connection->is_broken = true;
    close_link(connection);
}

void connection_free(struct connection *connection)
{
    connection_close(connection);
    dialog_clear(&connection->dialog);
}

/* --- login ------------------------------------------------------------------------ */

void connection_open(struct connection *connection, const struct account *account,
                     struct now now)
{
    must(connection->state == CONNECTION_CLOSED);
    dialog_clear(&connection->dialog);
    connection->has_failed = connection->is_broken = false;
    connection->mail_count = 0;
    connection->opened_ms = connection->used_ms = now.mono_ms;
    connection->deadline_ms = now.mono_ms + OPEN_TIMEOUT_MS;
    connection->link =
        connection->ops->open(connection->ops->ctx, account, connection->wakes, now);
    connection->state = CONNECTION_OPENING;
}

static struct link_complaint complaint_of(const struct connection *connection)
{
    const struct link_ops *ops = connection->ops;
    const struct link_complaint *complaint =
        ops->complaint ? ops->complaint(connection->link) : NULL;
    return complaint ? *complaint : (struct link_complaint){ 0 };
}

/* A login that failed earlier than where there is something to complain of leaves what
 * the one before it found. */
static void fail_login(struct connection *connection, const struct smtp_reply *reply)
{
    struct link_complaint complaint = complaint_of(connection);
    if (complaint.text[0] != '\0')
        connection->complaint = complaint;
    connection->failure = *reply;
    connection->has_failed = connection->is_broken = true;
    close_link(connection);
}

/* Gmail's API and webhooks say so by an extension. */
static enum smtp_phase dot_of(const struct link_ops *ops, const struct link *link)
{
    if (ops->has_extension(link, SLICE(GMAIL_API_EXTENSION)))
        return PHASE_API;
    return ops->has_extension(link, SLICE(WEBHOOK_EXTENSION)) ? PHASE_WEBHOOK
                                                              : PHASE_DOT;
}

static void begin_dialog(struct connection *connection, struct now now)
{
    const struct link_ops *ops = connection->ops;
    struct link *link = connection->link;
    dialog_init(&connection->dialog,
                (struct dialog_offer){
                    .pipelining = ops->has_extension(link, SLICE("PIPELINING")),
                    .size = ops->has_extension(link, SLICE("SIZE")),
                    .eight_bit = ops->has_extension(link, SLICE("8BITMIME")),
                    .dot = dot_of(ops, link),
                    .size_max = ops->size_max ? ops->size_max(link) : 0 });
    connection->complaint = complaint_of(connection);
    connection->state = CONNECTION_OPEN;
    connection->used_ms = now.mono_ms;
    connection->seen_progress = 0;
    connection->deadline_ms = NEVER_MS;
}

static void step_login(struct connection *connection, struct now now)
{
    enum link_state state = connection->ops->step(connection->link, now);
    if (state == LINK_READY) {
        begin_dialog(connection, now);
    } else if (state == LINK_FAILED) {
        fail_login(connection, connection->ops->failure(connection->link));
    } else if (now.mono_ms >= connection->deadline_ms) {
        struct smtp_reply reply =
            reply_of_network(PHASE_CONNECT,
                             SLICE("timed out before the login was done"));
        fail_login(connection, &reply);
    }
}

/* --- talk ------------------------------------------------------------------------- */

/* @return false when the link is broken. */
static bool send_all(struct connection *connection)
{
    struct slice out;
    while ((out = dialog_output(&connection->dialog)).len > 0) {
        ssize_t taken = connection->ops->send(connection->link, out);
        if (taken <= 0)
            return taken == 0;
        dialog_sent(&connection->dialog, (size_t)taken);
    }
    return true;
}

/* @return false when the link is broken or closed. */
static bool receive_all(struct connection *connection)
{
    char bytes[RECEIVE_BYTES];
    for (int i = 0; i < RECEIVES_A_STEP; i++) {
        ssize_t len = connection->ops->receive(connection->link, bytes, sizeof bytes);
        if (len <= 0)
            return len == 0;
        dialog_feed(&connection->dialog, slice_make(bytes, (size_t)len));
    }
    return true;
}

/* A server that refuses and closes may leave its last words behind a failed send, so
 * they are read before the connection counts as lost. */
static void exchange(struct connection *connection)
{
    uint64_t before;
    do {
        before = connection->dialog.progress;
        bool has_sent = send_all(connection);
        bool has_received = receive_all(connection);
        if (!has_sent || !has_received) {
            dialog_lost(&connection->dialog, SLICE("the server closed the connection"));
            return;
        }
    } while (connection->dialog.progress != before &&
             connection->dialog.state != DIALOG_CLOSED);
}

/* A firewall that has forgotten an idle connection swallows what is said on it. Nothing
 * is lost by giving up early there: the mail goes over a new connection at once. */
static int64_t patience_ms(struct connection *connection)
{
    int64_t patience = dialog_timeout_ms(&connection->dialog);
    if (connection->dialog.result.was_answered)
        connection->is_unproven = false;
    return connection->is_unproven ? earlier_ms(patience, UNPROVEN_TIMEOUT_MS)
                                   : patience;
}

static void check_deadline(struct connection *connection, struct now now)
{
    if (connection->dialog.progress != connection->seen_progress) {
        connection->seen_progress = connection->dialog.progress;
        connection->deadline_ms = later_by_ms(now.mono_ms, patience_ms(connection));
    }
    if (now.mono_ms >= connection->deadline_ms)
        dialog_lost(&connection->dialog,
                    SLICE("timed out waiting for the server's reply"));
}

static void step_talk(struct connection *connection, struct now now)
{
    bool was_ending = connection->dialog.state == DIALOG_ENDING;
    if (connection->ops->go_on)
        connection->ops->go_on(connection->link, now);
    exchange(connection);
    check_deadline(connection, now);
    if (connection->dialog.state == DIALOG_CLOSED) {
        connection->is_broken = !was_ending;
        close_link(connection);
        return;
    }
    bool is_blocked = dialog_output(&connection->dialog).len > 0;
    connection->ops->want(connection->link, WAKE_READ | (is_blocked ? WAKE_WRITE : 0));
}

void connection_step(struct connection *connection, struct now now)
{
    if (connection->state == CONNECTION_OPENING)
        step_login(connection, now);
    if (connection->state == CONNECTION_OPEN)
        step_talk(connection, now);
}

bool connection_is_idle(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN &&
           connection->dialog.state == DIALOG_IDLE;
}

void connection_start(struct connection *connection, const struct dialog_mail *mail,
                      struct now now)
{
    connection->is_unproven =
        connection->mail_count > 0 && now.mono_ms - connection->used_ms >= IDLE_MS;
    connection->used_ms = now.mono_ms;
    connection->mail_count++;
    dialog_start(&connection->dialog, mail);
    connection_step(connection, now);
}

void connection_end(struct connection *connection, struct now now)
{
    dialog_quit(&connection->dialog);
    connection_step(connection, now);
}

int64_t connection_wake_at(const struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED)
        return NEVER_MS;
    return earlier_ms(connection->deadline_ms,
                      connection->ops->wake_at(connection->link));
}
