/**
 * Scanning threads: while a backlog is read, blocks of it are scanned by several
 * threads at once. They only run gate and rules; what they find is taken back in the
 * order in which the blocks were read, so engine and store see what they would see
 * without them.
 *
 * Nothing is under way between two turns: crew_finish() ends each reading. So whoever
 * suspends a rule, takes a new configuration or stops finds the threads waiting.
 */
#ifndef TOCSIN_AGENT_CREW_H
#define TOCSIN_AGENT_CREW_H

#include "agent/base/log.h"
#include "rules/engine.h"

struct crew;

/** More are refused at load. */
enum { CREW_THREADS = 16 };

struct crew_setting {
    struct engine *engine; /**< borrowed, with its rules */
    struct rules *rules;
    size_t thread_count; /**< that scan, the caller's own among them */
    bool has_threads;    /**< false: all is done by the caller, in another order */
    struct log_sink *log;
};

/** No thread is started before there is a backlog.
 *  @return NULL: with @thread_count below 2 there is nothing to share. */
struct crew *crew_create(const struct crew_setting *setting);
/** All threads have ended when it returns. */
void crew_free(struct crew *crew);

/** As engine_feed(), but it may reach the engine later, in the order of the calls. */
void crew_feed(struct crew *crew, const struct block *block, struct now now);

/** Room for @bytes, the same in each call, to read the next block into: fed from there
 *  it is not copied. @return NULL: there is none yet. */
char *crew_room(struct crew *crew, size_t bytes);

/** All that was fed is in the engine now, and counted at the rules. To be called before
 *  anything else is asked of either. */
void crew_finish(struct crew *crew, struct now now);

/** It is quiet: end the threads and give their memory back, until there is a backlog
 *  again. */
void crew_rest(struct crew *crew);

#endif
