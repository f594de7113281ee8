/**
 * One accepted connection as a non-blocking byte stream, plain at first and encrypted
 * when it is told to be. server.c need not know which.
 */
#ifndef TOCSIN_SINK_WIRE_H
#define TOCSIN_SINK_WIRE_H

#include <sys/types.h>

#include "agent/sink/tls.h"

struct wire;

/** Take over @fd, a non-blocking stream socket. */
struct wire *wire_create(int fd);
int wire_fd(const struct wire *wire);

/** Be a TLS server from the next byte on. */
void wire_start_tls(struct wire *wire, const struct sink_tls *tls);

/** Go on with the handshake. @return 1 done (also on a plain wire), 0 later, -1
 *  failed. */
int wire_handshake(struct wire *wire);

/** @return bytes taken or given; 0: would block; -1: closed or broken. */
ssize_t wire_receive(struct wire *wire, void *into, size_t size);
ssize_t wire_send(struct wire *wire, struct slice bytes);

/** Does TLS have to write before it can go on? */
bool wire_wants_write(const struct wire *wire);

/** Say that nothing more will come: close_notify and FIN. */
void wire_finish(struct wire *wire);
/** Throw away what the client still sends: closing with unread bytes would turn into a
 *  RST and could take the last reply with it. @return false when the client is gone
 *  too. */
bool wire_discard(struct wire *wire);

/** Close it: politely, or with a TCP RST when @is_reset. Frees @wire. */
void wire_close(struct wire *wire, bool is_reset);

#endif
