/**
 * A ring of blocks: the owner puts them in and takes them out in order; in between,
 * whoever is free scans the oldest that nobody has begun. The owner is one of those who
 * scan: when the ring is full it does not wait while there is something to do.
 */
#include "agent/crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/limits.h"
#include "agent/base/must.h"
#include "rules/rule_cost.h"

enum {
    BACKLOG_BYTES = 64 * 1024, /* less is scanned before a thread has woken up */
    JOBS_A_THREAD = 2,         /* one that is scanned, one that waits */
    LOOKS = 200                /* about 50 us */
};

struct worker {
    struct crew *crew;
    pthread_t thread;
    struct scanner *scanner;
    bool has_counted; /* since it was settled */
};

/* Where a block is read to and scanned. */
struct room {
    char *bytes;
    uint64_t last; /* number of the last block that lies there, from 1 on */
};

struct crew {
    struct crew_setting setting;
    struct matcher *matcher;
    struct worker workers[CREW_THREADS - 1];
    size_t worker_count; /* 0: none is started */
    bool is_alone;       /* none could be started */
    /* One more than blocks can be under way, so that one is always free. */
    struct room rooms[JOBS_A_THREAD * CREW_THREADS + 1];
    size_t lent, room_bytes; /* the one that was lent last; the size of each */

    /* What stands from here on is changed under the mutex only; a job, by whoever has
     * begun it, until it is done. */
    pthread_mutex_t mutex;
    pthread_cond_t has_work, has_result;
    struct scan_job jobs[JOBS_A_THREAD * CREW_THREADS];
    bool is_done[JOBS_A_THREAD * CREW_THREADS];
    size_t job_count;
    uint64_t taken, begun; /* blocks so far: taken <= begun <= put */
    _Atomic uint64_t put;  /* looked at without the mutex, too */
    bool has_lookout;      /* one is enough */
    bool is_over;
};

/* --- scanning --------------------------------------------------------------------- */

static void run_job(struct crew *crew, uint64_t number, struct scanner *scanner)
{
    size_t slot = number % crew->job_count;
    pthread_mutex_unlock(&crew->mutex);
    scan_job_run(&crew->jobs[slot], crew->matcher, scanner);
    pthread_mutex_lock(&crew->mutex);
    crew->is_done[slot] = true;
}

/* To be woken up takes as long as a block: one of those who have just worked looks a
 * while for the next one first. Afterwards all may be different. */
static void look_out(struct crew *crew)
{
    uint64_t begun = crew->begun;
    crew->has_lookout = true;
    pthread_mutex_unlock(&crew->mutex);
    for (int i = 0; i < LOOKS && crew->put == begun; i++)
        sched_yield();
    pthread_mutex_lock(&crew->mutex);
    crew->has_lookout = false;
}

static void *work(void *ctx)
{
    struct worker *worker = ctx;
    struct crew *crew = worker->crew;
    bool has_worked = false;
    pthread_setname_np(pthread_self(), "scan");
    pthread_mutex_lock(&crew->mutex);
    while (!crew->is_over) {
        if (crew->begun < crew->put) {
            run_job(crew, crew->begun++, worker->scanner);
            has_worked = worker->has_counted = true;
            pthread_cond_signal(&crew->has_result);
        } else if (has_worked && !crew->has_lookout) {
            look_out(crew);
            has_worked = false;
        } else {
            pthread_cond_wait(&crew->has_work, &crew->mutex);
        }
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

/* Without threads: all that waits, the newest first, so that nothing depends on the
 * order in which blocks are done. */
static void run_all(struct crew *crew)
{
    for (uint64_t number = crew->put; number-- > crew->begun;) {
        struct worker *worker = &crew->workers[number % crew->worker_count];
        run_job(crew, number, worker->scanner);
        worker->has_counted = true;
    }
    crew->begun = crew->put;
}

/* Somebody has to be done with the first block: help, or wait. */
static void get_on(struct crew *crew)
{
    if (!crew->setting.has_threads)
        run_all(crew);
    else if (crew->begun < crew->put)
        run_job(crew, crew->begun++, matcher_scanner(crew->matcher));
    else
        pthread_cond_wait(&crew->has_result, &crew->mutex);
}

static void take_first(struct crew *crew, struct now now)
{
    size_t slot = crew->taken % crew->job_count;
    pthread_mutex_unlock(&crew->mutex);
    engine_take(crew->setting.engine, &crew->jobs[slot], now);
    pthread_mutex_lock(&crew->mutex);
    crew->is_done[slot] = false;
    crew->taken++;
}

/* Take what is done, and do on until at most @most blocks are left. */
static void take_results(struct crew *crew, uint64_t most, struct now now)
{
    pthread_mutex_lock(&crew->mutex);
    while (crew->taken < crew->put) {
        if (crew->is_done[crew->taken % crew->job_count])
            take_first(crew, now);
        else if (crew->put - crew->taken > most)
            get_on(crew);
        else
            break;
    }
    pthread_mutex_unlock(&crew->mutex);
}

/* --- threads ---------------------------------------------------------------------- */

/* Signals are for the thread that has the loop. @return an errno */
static int start_thread(struct worker *worker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static void start(struct crew *crew)
{
    size_t wanted = crew->setting.thread_count - 1;
    int error = 0;
    while (crew->worker_count < wanted && error == 0) {
        struct worker *worker = &crew->workers[crew->worker_count];
        worker->crew = crew;
        worker->scanner = scanner_create_apart(crew->setting.rules);
        error = crew->setting.has_threads ? start_thread(worker) : 0;
        if (error == 0)
            crew->worker_count++;
        else
            scanner_free(mem_take(&worker->scanner));
    }
    if (error != 0)
        log_warning(crew->setting.log, "scan_threads: %zu of %zu threads are there: %s",
                    crew->worker_count + 1, wanted + 1, strerror(error));
    crew->is_alone = crew->worker_count == 0;
    crew->job_count = JOBS_A_THREAD * (crew->worker_count + 1);
    rules_share(crew->setting.rules, crew->worker_count + 1);
}

static void settle(struct crew *crew)
{
    for (size_t i = 0; i < crew->worker_count; i++) {
        if (crew->workers[i].has_counted)
            scanner_settle(crew->workers[i].scanner, crew->setting.rules);
        crew->workers[i].has_counted = false;
    }
}

void crew_rest(struct crew *crew)
{
    if (!crew)
        return;
    must(crew->taken == crew->put);
    pthread_mutex_lock(&crew->mutex);
    crew->is_over = true;
    pthread_cond_broadcast(&crew->has_work);
    pthread_mutex_unlock(&crew->mutex);
    for (size_t i = 0; i < crew->worker_count; i++) {
        if (crew->setting.has_threads)
            must(pthread_join(crew->workers[i].thread, NULL) == 0);
        scanner_free(mem_take(&crew->workers[i].scanner));
    }
    for (size_t i = 0; i < crew->job_count; i++)
        scan_job_free(&crew->jobs[i]);
    for (size_t i = 0; i <= crew->job_count; i++) {
        free(crew->rooms[i].bytes);
        crew->rooms[i] = (struct room){ 0 };
    }
    rules_share(crew->setting.rules, 1);
    crew->worker_count = crew->job_count = crew->lent = 0;
    crew->taken = crew->begun = 0;
    crew->put = 0;
    crew->is_over = false;
}

/* --- the door --------------------------------------------------------------------- */

struct crew *crew_create(const struct crew_setting *setting)
{
    if (setting->thread_count < 2)
        return NULL;
    must(setting->thread_count <= CREW_THREADS);
    struct crew *crew = mem_zalloc(sizeof *crew);
    crew->setting = *setting;
    crew->matcher = engine_matcher(setting->engine);
    must(pthread_mutex_init(&crew->mutex, NULL) == 0);
    must(pthread_cond_init(&crew->has_work, NULL) == 0);
    must(pthread_cond_init(&crew->has_result, NULL) == 0);
    return crew;
}

void crew_free(struct crew *crew)
{
    if (!crew)
        return;
    crew_rest(crew);
    pthread_mutex_destroy(&crew->mutex);
    pthread_cond_destroy(&crew->has_work);
    pthread_cond_destroy(&crew->has_result);
    free(crew);
}

static bool can_be_shared(const struct crew *crew, const struct block *block)
{
    size_t least = crew->setting.has_threads ? BACKLOG_BYTES : 1;
    return !crew->is_alone && !block->is_record && block->bytes.len >= least &&
           block->bytes.len <= LIMIT_BLOCK_BYTES;
}

char *crew_room(struct crew *crew, size_t bytes)
{
    if (crew->worker_count == 0)
        return NULL;
    if (crew->rooms[crew->lent].last > crew->taken)
        crew->lent = (crew->lent + 1) % (crew->job_count + 1);
    struct room *room = &crew->rooms[crew->lent];
    must(room->last <= crew->taken && (!room->bytes || bytes == crew->room_bytes));
    if (!room->bytes)
        room->bytes = mem_zalloc(bytes);
    crew->room_bytes = bytes;
    return room->bytes;
}

static bool lies_in(const struct room *room, size_t bytes, struct slice block)
{
    return room->bytes && block.ptr >= room->bytes && block.ptr < room->bytes + bytes;
}

static void put(struct crew *crew, const struct block *block, struct now now)
{
    struct room *room = &crew->rooms[crew->lent];
    bool stays = lies_in(room, crew->room_bytes, block->bytes);
    scan_job_put(&crew->jobs[crew->put % crew->job_count], block, stays, now.unix_ms);
    if (stays)
        room->last = crew->put + 1;
    pthread_mutex_lock(&crew->mutex);
    crew->put++;
    pthread_cond_signal(&crew->has_work);
    pthread_mutex_unlock(&crew->mutex);
}

void crew_feed(struct crew *crew, const struct block *block, struct now now)
{
    if (can_be_shared(crew, block) && crew->worker_count == 0)
        start(crew);
    if (!can_be_shared(crew, block)) {
        crew_finish(crew, now);
        engine_feed(crew->setting.engine, block, now);
        return;
    }
    if (matcher_is_due(crew->matcher, block))
        crew_finish(crew, now);
    matcher_prepare(crew->matcher, block);
    take_results(crew, crew->job_count - 1, now);
    put(crew, block, now);
}

void crew_finish(struct crew *crew, struct now now)
{
    if (!crew)
        return;
    take_results(crew, 0, now);
    settle(crew);
}
