/**
 * Who gets in: every request is judged by its head alone, before a byte of its body is
 * read. Shape, host, origin, path, method, token, type and length, in this order; the
 * first that is wrong is the answer.
 */
#ifndef TOCSIN_HTTP_PORTER_H
#define TOCSIN_HTTP_PORTER_H

#include "agent/base/log.h"
#include "agent/base/now.h"
#include "agent/inputs/http/head.h"
#include "agent/inputs/http/http_config.h"

struct porter;

/** What the porter is of the moment. */
struct porter_moment {
    struct now now;
    bool is_closed; /**< the store cannot be written to, or the agent stops */
};

struct porter_answer {
    struct http_reply reply; /**< status 0: the body is wanted */
    int64_t delay_ms;        /**< the reply has to wait: too many wrong tokens */
    bool wants_reload;       /**< somebody with the right to it asked */
    bool is_unauthorized;    /**< a token or a right was missing */
    bool is_lost_post;       /**< of somebody who may post, and who gives it up now */
};

/** @config and @host_name, our own, are borrowed for the life of the porter. Reads the
 *  tokens. */
struct porter *porter_create(const struct http_config *config, struct slice host_name,
                             struct log_sink *log);
/** What @before, which may be NULL, remembers of addresses and signatures is not
 *  forgotten by a reload: @porter takes it over. */
void porter_inherit(struct porter *porter, struct porter *before);
void porter_free(struct porter *porter);

struct porter_answer porter_judge(struct porter *porter, const struct http_head *head,
                                  struct porter_moment moment);

/** Is the signature of a whole body right, where one is asked for? @replay is set when
 *  it was committed before. @digest  what to give to porter_remember() */
bool porter_verify(struct porter *porter, struct slice signature, struct slice body,
                   struct now now, unsigned char *digest, bool *replay);
/** The alerts that came with this signature are durable. */
void porter_remember(struct porter *porter, const unsigned char *digest,
                     struct now now);

/** The name of the header with the signature; NULL: none is asked for. */
const char *porter_signature_header(const struct porter *porter);

/** A reply to all while the porter is closed. */
struct http_reply porter_closed(void);

#endif
