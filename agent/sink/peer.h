/**
 * One connection of the sink: the wire, the conversation, and the times that a script
 * asks for (replies that come late, bytes that come slowly).
 */
#ifndef TOCSIN_SINK_PEER_H
#define TOCSIN_SINK_PEER_H

#include "agent/base/now.h"
#include "agent/sink/talker.h"
#include "agent/sink/tls.h"
#include "agent/sink/wire.h"

struct peer;

struct peer_config {
    const struct talker *talker;
    const void *session;        /**< what talker->create() is given */
    struct script *script;      /**< speaks before there is a session; NULL: none */
    const struct sink_tls *tls; /**< NULL: plain alone */
    bool is_quickack;
};

/** Take over @fd. @is_tls: begin with the handshake (smtps). */
struct peer *peer_create(const struct peer_config *config, int fd, uint64_t number,
                         bool is_tls);

/** Do all that can be done at once. @return false when it is over: then peer_free(). */
bool peer_step(struct peer *peer, int64_t mono_ms);
void peer_free(struct peer *peer);

int peer_fd(const struct peer *peer);
/** What poll(2) is to wait for: POLLIN, POLLOUT or 0. */
short peer_events(const struct peer *peer);
/** When to step without an event; NEVER_MS: never. */
int64_t peer_wake_at(const struct peer *peer);

#endif
