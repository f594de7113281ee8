/** Holds: how long, until what, and how they survive a restart. */
#include "outputs/hold.h"

#include <sys/stat.h>

#include "agent/base/hash.h"
#include "agent/base/mem.h"
#include "outputs/reply.h"

enum { JITTER_PERCENT = 25 };
#define SECRET_LOOK_MS (10 * SECOND_MS)
#define NETWORK_MAX_MS (10 * MINUTE_MS)
#define STORED_MAX_MS (2 * DAY_MS) /* past it the clock was set back */

static void copy_text(char *into, size_t size, struct slice text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    memcpy(into, text.ptr, len);
    into[len] = '\0';
}

/* Which file, and as of when; 0 when it cannot be seen. */
static uint64_t secret_id_of(struct slice path)
{
    struct arena arena = { 0 };
    struct stat stat_now;
    uint64_t id = 0;
    if (path.len > 0 && stat(arena_text(&arena, path), &stat_now) == 0) {
        uint64_t facts[] = { stat_now.st_dev,
                             stat_now.st_ino,
                             (uint64_t)stat_now.st_mtim.tv_sec,
                             (uint64_t)stat_now.st_mtim.tv_nsec,
                             stat_now.st_mode,
                             stat_now.st_uid };
        id = hash_bytes(slice_make((const char *)facts, sizeof facts));
    }
    arena_free(&arena);
    return id;
}

static int64_t wait_of(const struct hold *hold, const struct verdict *verdict,
                       struct rng *rng)
{
    int64_t max = verdict->max_wait_ms;
    if (verdict->scope == SCOPE_NETWORK)
        return rng_jitter(rng, backoff_ms(hold->failures, max ? max : NETWORK_MAX_MS),
                          JITTER_PERCENT);
    int64_t wait = verdict->wait_ms;
    for (int64_t i = 0; i < hold->failures && wait < max; i++)
        wait *= 2;
    if (max > 0 && wait > max)
        wait = max;
    return rng_later(rng, wait);
}

void hold_begin(struct hold *hold, const struct verdict *verdict,
                const struct smtp_reply *reply, struct slice secret_file,
                struct now now, struct rng *rng)
{
    struct buf text = buf_make(sizeof hold->reply - 1);
    if (strncmp(hold->advice, verdict->advice, sizeof hold->advice - 1) != 0)
        hold->failures = 0;
    int64_t wait = wait_of(hold, verdict, rng);
    hold->failures++;
    hold->until_ms = now.mono_ms + wait;
    hold->until_unix_ms = now.unix_ms + wait;
    hold->trouble = verdict->trouble;
    hold->wants_secret = verdict->wants_secret;
    hold->secret_id = verdict->wants_secret ? secret_id_of(secret_file) : 0;
    hold->look_ms = now.mono_ms + SECRET_LOOK_MS;
    reply_put(&text, reply);
    copy_text(hold->reply, sizeof hold->reply, buf_slice(&text));
    copy_text(hold->advice, sizeof hold->advice, slice_of(verdict->advice));
    hold->is_dirty = true;
    buf_free(&text);
}

void hold_follow_clock(struct hold *hold, struct now now)
{
    if (now.mono_ms >= hold->until_ms)
        return;
    hold->until_unix_ms = now.unix_ms + hold->until_ms - now.mono_ms;
    hold->is_dirty = true;
}

void hold_lift(struct hold *hold, struct now now)
{
    if (now.mono_ms >= hold->until_ms)
        return;
    hold->until_ms = now.mono_ms;
    hold->until_unix_ms = now.unix_ms;
    hold->is_dirty = true;
}

void hold_end(struct hold *hold)
{
    bool was_there = hold->failures > 0;
    *hold = (struct hold){ .is_dirty = hold->is_dirty || was_there };
}

bool hold_is_on(struct hold *hold, struct slice secret_file, struct now now)
{
    if (now.mono_ms >= hold->until_ms)
        return false;
    if (!hold->wants_secret || now.mono_ms < hold->look_ms)
        return true;
    hold->look_ms = now.mono_ms + SECRET_LOOK_MS;
    if (secret_id_of(secret_file) == hold->secret_id)
        return true;
    hold_end(hold);
    return false;
}

int64_t hold_wake_at(const struct hold *hold)
{
    if (hold->until_ms == 0)
        return NEVER_MS;
    return hold->wants_secret ? earlier_ms(hold->until_ms, hold->look_ms)
                              : hold->until_ms;
}

void hold_save(const struct hold *hold, struct db *db, struct slice account)
{
    struct db_row *row;
    if (hold->failures == 0) {
        row = db_query(db, "DELETE FROM account_hold WHERE account = ?");
        db_bind_text(row, account);
        db_run(row);
        return;
    }
    row = db_query(db, "INSERT OR REPLACE INTO account_hold (account, until, failures, "
                       "reply, advice, wants_secret, secret, trouble) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_text(row, account);
    db_bind_int(row, hold->until_unix_ms);
    db_bind_int(row, hold->failures);
    db_bind_text(row, slice_of(hold->reply));
    db_bind_text(row, slice_of(hold->advice));
    db_bind_int(row, hold->wants_secret);
    db_bind_int(row, (int64_t)hold->secret_id);
    db_bind_int(row, hold->trouble);
    db_run(row);
}

void hold_load(struct hold *hold, struct db *db, struct slice account, struct now now)
{
    *hold = (struct hold){ 0 };
    struct db_row *row =
        db_query(db,
                 "SELECT until, failures, reply, advice, wants_secret, secret, trouble "
                 "FROM account_hold WHERE account = ?");
    db_bind_text(row, account);
    if (!db_next(row))
        return;
    int64_t left = db_int(row, 0) - now.unix_ms;
    hold->failures = db_int(row, 1);
    copy_text(hold->reply, sizeof hold->reply, db_text(row, 2));
    copy_text(hold->advice, sizeof hold->advice, db_text(row, 3));
    hold->wants_secret = db_int(row, 4) != 0;
    hold->secret_id = (uint64_t)db_int(row, 5);
    hold->trouble = (enum trouble)db_int(row, 6);
    db_done(row);
    if (left <= 0 || left > STORED_MAX_MS)
        return;
    hold->until_ms = now.mono_ms + left;
    hold->until_unix_ms = now.unix_ms + left;
    hold->look_ms = now.mono_ms;
}
