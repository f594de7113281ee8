/**
 * A world for the HTTP server: the real inputs behind real loopback sockets, a clock
 * that the test moves, alerts that count when they are committed, and a store that can
 * be full. Nothing waits: a turn is made whenever the client would.
 */
#ifndef TOCSIN_TESTS_HTTP_WORLD_H
#define TOCSIN_TESTS_HTTP_WORLD_H

#include "agent/config.h"
#include "test.h"

struct http_world {
    const char *folder;
    struct config *config;
    struct db *db;
    struct inputs *inputs;
    struct now now;
    struct log_sink log;
    struct buf told;         /**< the log */
    struct buf reports;      /**< what is to be mailed, a line each */
    size_t pending, counted; /**< alerts given, and alerts committed */
    enum severity severity;  /**< of the last alert */
    char title[64];          /**< of the last alert */
    bool is_held_back;       /**< the last commit failed: nothing is read */
    bool is_full;            /**< the store cannot be written to */
    bool is_stopping;        /**< nothing is read any more */
    int port;                /**< of the first listener */
    bool is_heard;           /**< does the first listener wake us? */
    int asked;               /**< how often the metrics were */
    size_t metrics_bytes;    /**< 0: they are "asked N"; else so many bytes */
};

/** Start with the block `http: {...}` of which @keys are the inside; NULL: only
 *  "listen: ['127.0.0.1:0']". */
void http_world_init(struct http_world *world, const char *keys);
/** The same again with other keys, as a reload. */
void http_world_reload(struct http_world *world, const char *keys);
void http_world_clear(struct http_world *world);
/** As http_world_clear(), but the inputs are gone first, in mid-air. */
void http_world_end(struct http_world *world);

/** A file in the world's folder, mode 0600. @return its path. */
const char *http_world_file(struct http_world *world, const char *name,
                            const char *text);

void http_turn(struct http_world *world);
/** The two halves of a turn. */
void http_read(struct http_world *world);
void http_commit(struct http_world *world);
/** Let @ms pass, then make a turn. */
void http_pass(struct http_world *world, int64_t ms);
const struct http_tally *http_tally_of(struct http_world *world);

/** A client's socket, non-blocking. */
int http_connect(struct http_world *world);
/** The same from another address of this host, e.g. "127.0.0.9". */
int http_connect_from(struct http_world *world, const char *address);
void http_say(struct http_world *world, int fd, const char *text);
void http_say_bytes(struct http_world *world, int fd, struct slice bytes);

/** What comes back, until a reply is whole, the server closes, or nothing comes any
 *  more. @return text that is good until the next call. */
const char *http_hear(struct http_world *world, int fd);
/** The status of the next reply; 0: none came; -1: closed without one. */
int http_status(struct http_world *world, int fd);
/** Does the server close, once it has said what it says? */
bool http_is_closed(struct http_world *world, int fd);

/** One request on a connection of its own. @return the status. */
int http_ask(struct http_world *world, const char *request);
/** The same, with the whole reply. */
const char *http_reply_to(struct http_world *world, const char *request);

/** "POST @path" with further @headers, each with its line end, and @body. */
const char *http_post(const char *path, const char *headers, const char *body);

#define HTTP_TEXT "Content-Type: text/plain\r\n"
#define HTTP_JSON "Content-Type: application/json\r\n"

#endif
