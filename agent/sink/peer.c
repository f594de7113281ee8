/** Each step reads until nothing is there, answers, and then does what the session
 *  wishes. */
#include "agent/sink/peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/base/mem.h"

enum { READ_BYTES = 16 * 1024, MAX_READS = 64, MAX_UNSENT_BYTES = 256 * 1024 };
enum { LINGER_MS = 1000 };

/** What comes next; a script may speak before the first two. */
enum stage { STAGE_CONNECT, STAGE_TLS, STAGE_TALK, STAGE_HUNG };

struct peer {
    const struct peer_config *config;
    struct wire *wire;
    struct smtpd *session; /* NULL until an smtps handshake is over */
    enum stage stage;
    bool is_tls, is_judged; /* the script has spoken before this stage */
    uint64_t number;
    int64_t resume_at_ms;    /* NEVER_MS: no pause is running */
    int64_t slow_at_ms;      /* the next byte may go then */
    int64_t linger_until_ms; /* 0: not closing */
    bool is_broken, is_reset, has_more;
};

static void begin_session(struct peer *peer, bool is_secure)
{
    peer->session = smtpd_create(peer->config->session, peer->number, is_secure);
}

struct peer *peer_create(const struct peer_config *config, int fd, uint64_t number,
                         bool is_tls)
{
    struct peer *peer = mem_zalloc(sizeof *peer);
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    peer->config = config;
    peer->number = number;
    peer->resume_at_ms = NEVER_MS;
    peer->wire = wire_create(fd);
    peer->is_tls = is_tls;
    return peer;
}

/* --- before there is a session ---------------------------------------------------- */

static void say_in_clear(struct peer *peer, const struct script_action *action)
{
    struct buf text = buf_make(LIMIT_SINK_OUTPUT_BYTES);
    if (action->act == SCRIPT_REPLY)
        buf_printf(&text, "%d %.*s\r\n", action->code, SLICE_ARG(action->text));
    for (int64_t i = 0; action->act == SCRIPT_RAW && i < action->raw_count; i++)
        buf_put(&text, action->text);
    (void)wire_send(peer->wire, buf_slice(&text));
    buf_free(&text);
}

static void end_early(struct peer *peer, const struct script_action *action,
                      int64_t mono_ms)
{
    if (action->act == SCRIPT_HANG) {
        peer->stage = STAGE_HUNG;
    } else if (action->act == SCRIPT_RESET) {
        peer->is_reset = peer->is_broken = true;
    } else {
        say_in_clear(peer, action);
        wire_finish(peer->wire);
        peer->linger_until_ms = later_by_ms(mono_ms, LINGER_MS);
    }
}

/** @return false when the stage does not begin, or not yet. */
static bool may_begin(struct peer *peer, enum script_phase phase, int64_t mono_ms)
{
    struct script *script = peer->config->session->script;
    if (!peer->is_judged && script) {
        const struct script_action *action = script_judge(script, phase, SLICE(""));
        peer->is_judged = true;
        if (action && action->wait_ms > 0)
            peer->resume_at_ms = later_by_ms(mono_ms, action->wait_ms);
        else if (action && action->act != SCRIPT_PASS)
            end_early(peer, action, mono_ms);
    }
    if (peer->stage == STAGE_HUNG || peer->is_broken || peer->linger_until_ms > 0)
        return false;
    if (peer->resume_at_ms != NEVER_MS && mono_ms < peer->resume_at_ms)
        return false;
    peer->resume_at_ms = NEVER_MS;
    peer->is_judged = false;
    return true;
}

/** @return false when the conversation cannot go on, or not yet. */
static bool begin(struct peer *peer, int64_t mono_ms)
{
    if (peer->stage == STAGE_CONNECT) {
        if (!may_begin(peer, SCRIPT_CONNECT, mono_ms))
            return false;
        peer->stage = peer->is_tls ? STAGE_TLS : STAGE_TALK;
        if (!peer->is_tls)
            begin_session(peer, false);
    }
    if (peer->stage == STAGE_TLS) {
        if (!may_begin(peer, SCRIPT_TLS, mono_ms))
            return false;
        peer->stage = STAGE_TALK;
        wire_start_tls(peer->wire, peer->config->tls);
    }
    return peer->stage == STAGE_TALK;
}

/** @return true when encryption stands or was never asked for. */
static bool shake_hands(struct peer *peer)
{
    int result = wire_handshake(peer->wire);
    if (result < 0)
        peer->is_broken = true;
    if (result <= 0)
        return false;
    if (!peer->session)
        begin_session(peer, true);
    else if (smtpd_wish(peer->session) == SMTPD_START_TLS)
        smtpd_secured(peer->session);
    return true;
}

static void watch_pause(struct peer *peer, int64_t mono_ms)
{
    int64_t pause_ms = smtpd_pause_ms(peer->session);
    if (pause_ms > 0 && peer->resume_at_ms == NEVER_MS)
        peer->resume_at_ms = later_by_ms(mono_ms, pause_ms);
    if (mono_ms < peer->resume_at_ms)
        return;
    peer->resume_at_ms = NEVER_MS;
    smtpd_resume(peer->session);
}

static bool wants_bytes(const struct peer *peer)
{
    return !peer->is_broken && peer->resume_at_ms == NEVER_MS &&
           smtpd_wish(peer->session) == SMTPD_TALK &&
           smtpd_output(peer->session).len < MAX_UNSENT_BYTES;
}

static void read_all(struct peer *peer, int64_t mono_ms)
{
    char bytes[READ_BYTES];
    int on = 1;
    peer->has_more = false;
    for (int i = 0; wants_bytes(peer); i++) {
        if (i == MAX_READS) {
            peer->has_more = true;
            return;
        }
        ssize_t got = wire_receive(peer->wire, bytes, sizeof bytes);
        if (got == 0)
            return;
        if (got < 0) {
            peer->is_broken = true;
            return;
        }
        if (peer->config->is_quickack)
            (void)setsockopt(wire_fd(peer->wire), IPPROTO_TCP, TCP_QUICKACK, &on,
                             sizeof on);
        smtpd_feed(peer->session, slice_make(bytes, (size_t)got));
        watch_pause(peer, mono_ms);
    }
}

/** How much may go now: all, or what the script's pace allows. */
static size_t pace(struct peer *peer, size_t len, int64_t mono_ms)
{
    int64_t slow = smtpd_slow_bytes(peer->session);
    if (slow == 0)
        return len;
    if (mono_ms < peer->slow_at_ms)
        return 0;
    /* At most ten portions a second, so that 5 bytes a second are one byte every 200
     * ms. */
    size_t portion = slow > 10 ? (size_t)slow / 10 : 1;
    peer->slow_at_ms = mono_ms + (int64_t)portion * SECOND_MS / slow;
    return portion < len ? portion : len;
}

static void send_all(struct peer *peer, int64_t mono_ms)
{
    for (;;) {
        struct slice output = smtpd_output(peer->session);
        if (output.len == 0 || peer->is_broken)
            return;
        output.len = pace(peer, output.len, mono_ms);
        if (output.len == 0)
            return;
        ssize_t sent = wire_send(peer->wire, output);
        peer->is_broken = sent < 0;
        if (sent <= 0)
            return;
        smtpd_sent(peer->session, (size_t)sent);
    }
}

/** @return true when there is more to do at once. */
static bool grant_wish(struct peer *peer, int64_t mono_ms)
{
    if (smtpd_output(peer->session).len > 0 || peer->is_broken)
        return false;
    switch (smtpd_wish(peer->session)) {
    case SMTPD_START_TLS:
        peer->stage = STAGE_TLS;
        return true;
    case SMTPD_RESET:
        peer->is_reset = true;
        peer->is_broken = true;
        return false;
    case SMTPD_CLOSE:
        wire_finish(peer->wire);
        peer->linger_until_ms = later_by_ms(mono_ms, LINGER_MS);
        return false;
    default:
        return false;
    }
}

bool peer_step(struct peer *peer, int64_t mono_ms)
{
    if (peer->linger_until_ms > 0)
        return wire_discard(peer->wire) && mono_ms < peer->linger_until_ms;
    if (peer->stage == STAGE_HUNG)
        return wire_discard(peer->wire);
    do {
        if (!begin(peer, mono_ms) || !shake_hands(peer))
            break;
        watch_pause(peer, mono_ms);
        send_all(peer, mono_ms);
        read_all(peer, mono_ms);
        send_all(peer, mono_ms);
    } while (grant_wish(peer, mono_ms));
    return !peer->is_broken;
}

void peer_free(struct peer *peer)
{
    smtpd_free(peer->session);
    wire_close(peer->wire, peer->is_reset);
    free(peer);
}

int peer_fd(const struct peer *peer)
{
    return wire_fd(peer->wire);
}

short peer_events(const struct peer *peer)
{
    if (peer->stage < STAGE_TALK && peer->linger_until_ms == 0)
        return 0; /* the script's clock runs */
    if (wire_wants_write(peer->wire))
        return POLLOUT;
    if (!peer->session || peer->linger_until_ms > 0 ||
        smtpd_wish(peer->session) == SMTPD_START_TLS)
        return POLLIN;
    short events = wants_bytes(peer) ? POLLIN : 0;
    /* What goes slowly waits for the clock, not for the socket. */
    if (smtpd_output(peer->session).len > 0 && smtpd_slow_bytes(peer->session) == 0)
        events |= POLLOUT;
    return events;
}

int64_t peer_wake_at(const struct peer *peer)
{
    if (peer->has_more)
        return 0;
    if (peer->linger_until_ms > 0)
        return peer->linger_until_ms;
    if (peer->session && smtpd_output(peer->session).len > 0 &&
        smtpd_slow_bytes(peer->session) > 0)
        return earlier_ms(peer->resume_at_ms, peer->slow_at_ms);
    return peer->resume_at_ms;
}
