/**
 * A certificate authority that lives as long as the sink: made at start, with one
 * server certificate for localhost, 127.0.0.1 and ::1, valid for 30 days. The keys
 * never leave the process; a client is given the authority's certificate (`ca_file:`)
 * and can verify as it must.
 */
#ifndef TOCSIN_SINK_TLS_H
#define TOCSIN_SINK_TLS_H

#include <openssl/types.h>

#include "agent/base/buf.h"
#include "agent/base/err.h"

struct sink_tls;

/** Make keys and certificates (EC P-256). Fails: ERR_IO with what OpenSSL says. */
struct sink_tls *sink_tls_create(struct err *err) __attribute__((warn_unused_result));
void sink_tls_free(struct sink_tls *tls);

/** The authority's certificate as PEM; lives with @tls. */
struct slice sink_tls_ca(const struct sink_tls *tls);

/** The server's side of new connections: TLS 1.2 or later. Borrowed. */
SSL_CTX *sink_tls_context(const struct sink_tls *tls);

#endif
