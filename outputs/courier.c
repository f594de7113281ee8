/** All lanes, and what a crash left behind. */
#include "outputs/courier.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/plant.h"

enum { RECOVER_AT_ONCE = 256 };
#define DEFAULT_DOUBT_WAIT_MS (10 * MINUTE_MS)

struct courier {
    struct lane_world world;
    const struct link_ops *links;
    const struct wakes *wakes;
    struct lane **lanes;
    size_t count, capacity;
    int64_t clock_offset_ms; /* unix - mono, as the rows have it */
    int64_t clock_staged_ms; /* how far this round moved them */
    bool knows_clock;
    bool needs_recovery; /* rows in `handing_over` that no lane has claimed */
};

struct courier *courier_create(const struct outputs_world *world,
                               struct outputs_tally *tally)
{
    struct courier *courier = mem_zalloc(sizeof *courier);
    courier->world = (struct lane_world){
        .db = world->db, .log = world->log, .host = world->host, .tally = tally
    };
    rng_seed(&courier->world.rng, world->seed);
    courier->links = world->links;
    courier->wakes = world->wakes;
    courier->needs_recovery = true;
    return courier;
}

void courier_free(struct courier *courier)
{
    if (!courier)
        return;
    for (size_t i = 0; i < courier->count; i++)
        lane_free(courier->lanes[i]);
    free(courier->lanes);
    free(courier);
}

static struct lane *find_lane(const struct courier *courier, struct slice key)
{
    for (size_t i = 0; i < courier->count; i++)
        if (slice_equal(courier->lanes[i]->key, key))
            return courier->lanes[i];
    return NULL;
}

void courier_configure(struct courier *courier, const struct lane_spec *specs,
                       size_t count, struct now now)
{
    if (!courier->knows_clock)
        courier->clock_offset_ms = now.unix_ms - now.mono_ms;
    courier->knows_clock = true;
    for (size_t i = 0; i < courier->count; i++)
        courier->lanes[i]->is_gone = true;
    for (size_t i = 0; i < count; i++) {
        struct lane *lane = find_lane(courier, specs[i].key);
        if (lane)
            lane_configure(lane, &specs[i]);
        else
            *mem_push(courier->lanes, courier->count, courier->capacity) =
                lane_create(&courier->world, &specs[i], courier->links, courier->wakes,
                            now);
    }
}

void courier_call(struct courier *courier, struct slice key, struct now now)
{
    struct lane *lane = find_lane(courier, key);
    if (lane)
        lane->due_ms = earlier_ms(lane->due_ms, now.mono_ms);
}

/* --- after a crash ---------------------------------------------------------------- */

/* A person decides once so many copies may have arrived. */
static void give_up(struct outbox_settlement *settlement, struct outputs_tally *staged)
{
    settlement->event = EVENT_EXPIRE;
    settlement->advice = SLICE("in doubt: three attempts ended before the server "
                               "confirmed; the mail may have arrived");
    staged->dead++;
    staged->waiting--;
}

/* The row was given away and its outcome never stored. A Maildir replaces its own file,
 * so only a mail server leaves doubt. It is counted here for the first attempt, and was
 * counted before the text left for each later one. */
static void recover_row(struct courier *courier, int64_t id,
                        struct outputs_tally *staged, struct now now)
{
    struct arena arena = { 0 };
    struct outbox_job job;
    if (!outbox_load(courier->world.db, id, &job, &arena))
        goto out;
    const struct lane *lane = find_lane(courier, job.account);
    bool is_maildir = lane && lane->is_maildir;
    int64_t wait = lane ? lane->account.doubt_wait_ms : DEFAULT_DOUBT_WAIT_MS;
    struct outbox_settlement settlement = {
        .id = id,
        .event = is_maildir ? EVENT_POSTPONE : EVENT_DOUBT,
        .is_counted = !is_maildir && job.doubts > 0,
        .next_at_ms = now.unix_ms + rng_later(&courier->world.rng, wait),
        .is_attempt = true,
        .part = job.part,
        .reply = SLICE("tocsin ended while the mail was being handed over"),
        .advice = SLICE("the same mail is sent again later; it may arrive twice"),
    };
    if (!is_maildir && job.doubts > DOUBT_MAX)
        give_up(&settlement, staged);
    else if (!is_maildir)
        staged->in_doubt++;
    if (planted(PLANT_HANDED_IS_SENT))
        settlement.event = EVENT_ACCEPT;
    outbox_settle(courier->world.db, &settlement, now);
out:
    arena_free(&arena);
}

void courier_recover(struct courier *courier, struct outputs_tally *staged,
                     struct now now)
{
    int64_t ids[RECOVER_AT_ONCE];
    if (!courier->needs_recovery)
        return;
    size_t count = outbox_handing_over(courier->world.db, ids, RECOVER_AT_ONCE);
    for (size_t i = 0; i < count; i++)
        recover_row(courier, ids[i], staged, now);
}

/* --- the turn --------------------------------------------------------------------- */

void courier_follow_clock(struct courier *courier, struct now now)
{
    int64_t step_ms = now.unix_ms - now.mono_ms - courier->clock_offset_ms;
    if (step_ms > -SECOND_MS && step_ms < SECOND_MS)
        return;
    outbox_shift_clock(courier->world.db, step_ms);
    courier->clock_staged_ms = step_ms;
    for (size_t i = 0; i < courier->count; i++)
        hold_follow_clock(&courier->lanes[i]->hold, now);
}

void courier_write(struct courier *courier, struct outputs_tally *staged,
                   struct now now)
{
    for (size_t i = 0; i < courier->count; i++)
        lane_write(courier->lanes[i], staged, now);
}

void courier_undo(struct courier *courier)
{
    courier->clock_staged_ms = 0;
    for (size_t i = 0; i < courier->count; i++)
        lane_undo(courier->lanes[i]);
}

void courier_committed(struct courier *courier, bool has_written, struct now now)
{
    has_written = has_written || courier->needs_recovery;
    courier->needs_recovery = false;
    courier->clock_offset_ms += courier->clock_staged_ms;
    courier->clock_staged_ms = 0;
    for (size_t i = 0; i < courier->count; i++)
        lane_committed(courier->lanes[i], has_written, now);
}

bool courier_pump(struct courier *courier, struct now now)
{
    size_t kept = 0;
    for (size_t i = 0; i < courier->count; i++) {
        struct lane *lane = courier->lanes[i];
        lane_pump(lane, now);
        if (lane->is_gone && lane_is_quiet(lane))
            lane_free(lane);
        else
            courier->lanes[kept++] = lane;
    }
    bool has_gone = kept < courier->count;
    courier->count = kept;
    return has_gone;
}

bool courier_wants_write(const struct courier *courier, struct now now)
{
    for (size_t i = 0; i < courier->count; i++)
        if (lane_wants_write(courier->lanes[i], now))
            return true;
    return courier->needs_recovery;
}

int64_t courier_wake_at(const struct courier *courier, struct now now)
{
    int64_t at = NEVER_MS;
    for (size_t i = 0; i < courier->count; i++)
        at = earlier_ms(at, lane_wake_at(courier->lanes[i], now));
    return at;
}

void courier_lift(struct courier *courier, struct slice key, struct now now)
{
    struct lane *lane = find_lane(courier, key);
    if (lane)
        lane_lift(lane, now);
}

bool courier_stop(struct courier *courier, struct now now)
{
    bool is_quiet = true;
    if (!courier->world.is_stopping)
        courier->world.stopping_ms = now.mono_ms;
    courier->world.is_stopping = true;
    for (size_t i = 0; i < courier->count; i++)
        is_quiet = is_quiet && lane_is_quiet(courier->lanes[i]);
    return is_quiet;
}

void courier_put_trouble(const struct courier *courier, struct now now, struct buf *out)
{
    for (size_t i = 0; i < courier->count; i++)
        lane_put_trouble(courier->lanes[i], now, out);
}

bool courier_is_held(const struct courier *courier, struct slice key, struct now now)
{
    const struct lane *lane = find_lane(courier, key);
    return lane && now.mono_ms < lane->hold.until_ms;
}

void courier_describe(const struct courier *courier, struct now now,
                      enum text_form form, struct buf *out)
{
    for (size_t i = 0; i < courier->count; i++)
        lane_describe(courier->lanes[i], now, form, out);
}
