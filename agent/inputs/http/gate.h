/**
 * Who gets in: every request is judged by its head alone, before a byte of its body is
 * read. Shape, host, origin, path, method, token, type and length, in this order; the
 * first that is wrong is the answer.
 */
#ifndef TOCSIN_HTTP_GATE_H
#define TOCSIN_HTTP_GATE_H

#include "agent/base/log.h"
#include "agent/base/now.h"
#include "agent/inputs/http/head.h"
#include "agent/inputs/http/http_config.h"

struct gate;

/** What the gate is of the moment. */
struct gate_moment {
    struct now now;
    bool is_closed; /**< the store cannot be written to, or the agent stops */
};

struct gate_answer {
    struct http_reply reply; /**< status 0: the body is wanted */
    int64_t delay_ms;        /**< the reply has to wait: too many wrong tokens */
    bool wants_reload;       /**< somebody with the right to it asked */
    bool is_unauthorized;    /**< a token or a right was missing */
};

/** @config and @host_name, our own, are borrowed for the life of the gate. Reads the
 *  tokens. */
struct gate *gate_create(const struct http_config *config, struct slice host_name,
                         struct log_sink *log);
/** What @before, which may be NULL, remembers of addresses and signatures is not
 *  forgotten by a reload: @gate takes it over. */
void gate_inherit(struct gate *gate, struct gate *before);
void gate_free(struct gate *gate);

struct gate_answer gate_judge(struct gate *gate, const struct http_head *head,
                              struct gate_moment moment);

/** Is the signature of a whole body right, where one is asked for? @replay is set when
 *  it was committed before. @digest  what to give to gate_remember() */
bool gate_verify(struct gate *gate, struct slice signature, struct slice body,
                 struct now now, unsigned char *digest, bool *replay);
/** The alerts that came with this signature are durable. */
void gate_remember(struct gate *gate, const unsigned char *digest, struct now now);

/** The name of the header with the signature; NULL: none is asked for. */
const char *gate_signature_header(const struct gate *gate);

/** A reply to all while the gate is closed. */
struct http_reply gate_closed(void);

#endif
