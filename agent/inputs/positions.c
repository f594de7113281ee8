/** Positions in SQLite. A row is a generation of a file, under a number that it
 *  keeps. */
#include "agent/inputs/positions.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/plant.h"
#include "agent/inputs/copies.h"
#include "agent/inputs/discover.h"
#include "agent/inputs/elders.h"
#include "agent/inputs/names.h"
#include "agent/inputs/rotation.h"

#define KEEP_ROWS_MS (30 * DAY_MS)

const char inputs_schema_sql[] =
    "CREATE TABLE input_sources(name TEXT PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE input_files("
    " id INTEGER PRIMARY KEY, source TEXT NOT NULL, path BLOB NOT NULL,"
    " place BLOB NOT NULL, is_rotated INTEGER NOT NULL, is_fresh INTEGER NOT NULL,"
    " wants_end INTEGER NOT NULL, offset INTEGER NOT NULL,"
    " is_in_long_line INTEGER NOT NULL, size INTEGER NOT NULL,"
    " device INTEGER NOT NULL, inode INTEGER NOT NULL, birth INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, head BLOB NOT NULL, tail_bytes INTEGER NOT NULL,"
    " tail_hash INTEGER NOT NULL, before_id INTEGER NOT NULL,"
    " saved_ms INTEGER NOT NULL);";

const char inputs_places_sql[] =
    "ALTER TABLE input_files ADD COLUMN home BLOB NOT NULL DEFAULT x'';"
    "ALTER TABLE input_files ADD COLUMN modified_ns INTEGER NOT NULL DEFAULT 0;";

static const char sources_sql[] = "SELECT name FROM input_sources";
static const char started_sql[] = "INSERT OR IGNORE INTO input_sources(name) VALUES(?)";
/* By name: later steps of the schema add columns behind them. */
#define COLUMNS                                                                        \
    "id, source, path, place, is_rotated, is_fresh, wants_end, offset,"                \
    " is_in_long_line, size, device, inode, birth, generation, head, tail_bytes,"      \
    " tail_hash, before_id, saved_ms, gone, read, skipped, lost, is_packed, encoding," \
    " home, modified_ns"
static const char files_sql[] = "SELECT " COLUMNS " FROM input_files ORDER BY id";
static const char save_sql[] =
    "INSERT OR REPLACE INTO input_files(" COLUMNS ")"
    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
static const char drop_sql[] = "DELETE FROM input_files WHERE id = ?";

/** The columns, in the order of both statements. */
enum {
    COLUMN_ID,
    COLUMN_SOURCE,
    COLUMN_PATH,
    COLUMN_PLACE,
    COLUMN_IS_ROTATED,
    COLUMN_IS_FRESH,
    COLUMN_WANTS_END,
    COLUMN_OFFSET,
    COLUMN_IS_IN_LONG_LINE,
    COLUMN_SIZE,
    COLUMN_DEVICE,
    COLUMN_INODE,
    COLUMN_BIRTH,
    COLUMN_GENERATION,
    COLUMN_HEAD,
    COLUMN_TAIL_BYTES,
    COLUMN_TAIL_HASH,
    COLUMN_BEFORE_ID,
    COLUMN_SAVED_MS,
    COLUMN_GONE,
    COLUMN_READ,
    COLUMN_SKIPPED,
    COLUMN_LOST,
    COLUMN_IS_PACKED,
    COLUMN_ENCODING,
    COLUMN_HOME,
    COLUMN_MODIFIED_NS,
};

/** Bits of COLUMN_IS_FRESH. */
enum { ROW_FRESH = 1, ROW_UNDECIDED = 2 };
/** What stands in COLUMN_IS_ROTATED. */
enum { ROW_LIVE, ROW_ROTATED, ROW_WITH_HEIR, ROW_ELDER };

/* --- loading ---------------------------------------------------------------------- */

static void load_sources(struct tail *tail)
{
    struct db_row *row = db_query(tail->world->db, sources_sql);
    for (size_t i = 0; i < tail->source_count; i++)
        tail->sources[i].is_first = tail->sources[i].is_starting = true;
    while (db_next(row)) {
        for (size_t i = 0; i < tail->source_count; i++) {
            if (slice_equal(tail->sources[i].source->name, db_text(row, 0)))
                tail->sources[i].is_first = tail->sources[i].is_starting = false;
        }
    }
}

/** The source that goes on with a row, or source_count. */
static size_t owner_of(const struct tail *tail, struct slice name, bool is_rotated,
                       const char *path)
{
    for (size_t i = 0; i < tail->source_count; i++) {
        const struct tail_source *source = &tail->sources[i];
        if (slice_equal(source->source->name, name) &&
            (is_rotated || discover_matches(source->config, path)))
            return i;
    }
    return tail_wanted_by(tail, path);
}

static void take_identity(struct identity *id, struct db_row *row)
{
    id->device = (uint64_t)db_int(row, COLUMN_DEVICE);
    id->inode = (uint64_t)db_int(row, COLUMN_INODE);
    id->birth = (uint64_t)db_int(row, COLUMN_BIRTH);
    id->generation = (uint64_t)db_int(row, COLUMN_GENERATION);
    identity_take_head(id, db_blob(row, COLUMN_HEAD));
    id->tail_bytes = db_int(row, COLUMN_TAIL_BYTES);
    id->tail_hash = (uint64_t)db_int(row, COLUMN_TAIL_HASH);
}

/** A file as its row has it; its `place` is only a first guess. */
static struct tail_file *take_file(const struct tail_source *source, const char *path,
                                   struct db_row *row)
{
    struct tail_file *file = tail_file_create(source->source, source->config, path);
    file->row_id = db_int(row, COLUMN_ID);
    char *place = mem_copy(db_blob(row, COLUMN_PLACE));
    tail_file_set_place(file, place);
    free(place);
    file->state = db_int(row, COLUMN_IS_ROTATED) ? TAIL_ROTATED : TAIL_LIVE;
    file->has_heir = db_int(row, COLUMN_IS_ROTATED) == ROW_WITH_HEIR;
    file->is_fresh = (db_int(row, COLUMN_IS_FRESH) & ROW_FRESH) != 0;
    file->is_undecided = (db_int(row, COLUMN_IS_FRESH) & ROW_UNDECIDED) != 0;
    file->wants_end = db_int(row, COLUMN_WANTS_END) != 0;
    file->offset = db_int(row, COLUMN_OFFSET);
    file->is_in_long_line = db_int(row, COLUMN_IS_IN_LONG_LINE) != 0;
    file->peak_bytes = db_int(row, COLUMN_SIZE);
    file->before_row_id = db_int(row, COLUMN_BEFORE_ID);
    char *home = mem_copy(db_blob(row, COLUMN_HOME));
    files_set_home(file, home);
    free(home);
    file->known_ns = file->modified_ns = db_int(row, COLUMN_MODIFIED_NS);
    file->ledger = (struct ledger){ .gone = db_int(row, COLUMN_GONE),
                                    .read = db_int(row, COLUMN_READ),
                                    .skipped = db_int(row, COLUMN_SKIPPED),
                                    .lost = db_int(row, COLUMN_LOST) };
    file->is_packed = db_int(row, COLUMN_IS_PACKED) != 0;
    file->encoding = (enum encoding)db_int(row, COLUMN_ENCODING);
    take_identity(&file->id, row);
    if (file->offset == 0) {
        file->seen_bytes = file->id.tail_bytes;
        file->seen_hash = file->id.tail_hash;
        identity_forget_content(&file->id);
    }
    return file;
}

struct restored {
    struct tail_file **items;
    size_t count, capacity;
};

/** Take a row over, leave it to a source that may come back, or mark it for
 *  deletion. */
static void take_owned(struct tail *tail, const struct tail_source *source,
                       const char *path, struct db_row *row, struct restored *out)
{
    struct tail_file *file = take_file(source, path, row);
    if (db_int(row, COLUMN_IS_ROTATED) == ROW_ELDER)
        elders_restore(tail, file, db_int(row, COLUMN_SAVED_MS));
    else
        *(struct tail_file **)mem_push(out->items, out->count, out->capacity) = file;
}

static void take_row(struct tail *tail, struct db_row *row, const struct map *followed,
                     struct restored *out)
{
    int64_t id = db_int(row, COLUMN_ID);
    if (id > tail->files.last_row_id)
        tail->files.last_row_id = id;
    if (map_find(followed, slice_make((const char *)&id, sizeof id)))
        return;
    char *path = mem_copy(db_blob(row, COLUMN_PATH));
    bool is_rotated = db_int(row, COLUMN_IS_ROTATED) != 0;
    size_t owner = owner_of(tail, db_text(row, COLUMN_SOURCE), is_rotated, path);
    if (owner < tail->source_count)
        take_owned(tail, &tail->sources[owner], path, row, out);
    else if (tail->now.unix_ms - db_int(row, COLUMN_SAVED_MS) > KEEP_ROWS_MS)
        files_forget_row(&tail->files, id);
    free(path);
}

/** The numbers of the rows whose files are followed already. */
static struct map followed_rows(const struct tail *tail)
{
    struct map map = { 0 };
    size_t at = 0;
    struct tail_file *elder;
    for (size_t i = 0; i < tail->files.count; i++) {
        struct tail_file *file = tail->files.items[i];
        map_put(&map, slice_make((const char *)&file->row_id, sizeof file->row_id),
                file);
    }
    while ((elder = elders_next(tail, &at)) != NULL)
        map_put(&map, slice_make((const char *)&elder->row_id, sizeof elder->row_id),
                elder);
    return map;
}

static void chain_restored(struct tail *tail, const struct restored *restored)
{
    struct map rows = followed_rows(tail);
    for (size_t i = 0; i < restored->count; i++) {
        struct tail_file *file = restored->items[i];
        struct slice key =
            slice_make((const char *)&file->before_row_id, sizeof file->before_row_id);
        struct tail_file *before = map_find(&rows, key);
        if (before && !file->before)
            files_chain(&tail->files, before, file);
    }
    map_free(&rows);
}

/** Is it the file of the row on a device that has another number now? Without births
 *  the content has to say so. */
static bool is_on_other_device(struct tail *tail, const struct tail_file *file,
                               const char *path, const struct fs_stat *stat)
{
    bool has_births = file->id.birth != 0 && stat->birth != 0;
    return !has_births && stat->inode == file->id.inode &&
           stat->device != file->id.device && copies_match(tail, path, file);
}

/** A log keeps its inode when it is truncated; a rotation that has other content is
 *  another one under its number. */
static bool is_still_there(struct tail *tail, const struct tail_file *file,
                           const char *path, const struct fs_stat *stat)
{
    return name_is_rotated(name_of(slice_of(path)))
               ? copies_is_it(tail, path, stat, file)
               : identity_is_inode(&file->id, stat, true);
}

/** Find the file of a row: at its place, or wherever a rotation took it. */
static void find_restored(struct tail *tail, struct tail_file *file)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = tail->files.fs;
    uint64_t failures = tail->reader.failures;
    char *place = mem_copy_text(file->place);
    const char *guess = place[0] || file->state == TAIL_ROTATED ? place : file->path;
    tail_file_set_place(file, NULL);
    bool is_there = guess[0] && fs->stat(fs->ctx, guess, &stat, &err);
    bool is_same = is_there && (is_still_there(tail, file, guess, &stat) ||
                                is_on_other_device(tail, file, guess, &stat));
    const struct tail_file *known =
        is_same ? files_with_inode(&tail->files, &stat) : NULL;
    if (is_same && (!known || known == file)) {
        rotation_doubt(file);
        files_note(&tail->files, file, &stat);
        files_move(&tail->files, file, guess);
        files_queue(&tail->files, file);
    } else if (is_there && copies_cannot_tell(tail, file, failures)) {
        rotation_wait(tail, file);
    } else {
        if (guess[0])
            tail_hope_for(tail, tail_source_of(tail, file), guess);
        rotation_left(tail, file, true);
    }
    free(place);
}

void positions_load(struct tail *tail)
{
    struct restored restored = { 0 };
    struct map followed = followed_rows(tail);
    load_sources(tail);
    struct db_row *row = db_query(tail->world->db, files_sql);
    while (db_next(row))
        take_row(tail, row, &followed, &restored);
    map_free(&followed);
    for (size_t i = 0; i < restored.count; i++) {
        struct tail_file *file = restored.items[i];
        file->grown_at_ms = tail->now.mono_ms;
        files_add(&tail->files, file);
        files_set_state(&tail->files, file, file->state);
        files_claim(&tail->files, file);
    }
    chain_restored(tail, &restored);
    for (size_t i = 0; i < restored.count; i++)
        find_restored(tail, restored.items[i]);
    /* Now that each is found, what is not known is new. */
    for (size_t i = 0; i < restored.count; i++) {
        struct tail_file *file = restored.items[i];
        if (file->place && tail_file_is_untouched(file) && !rotation_missed(tail, file))
            file->modified_ns = 0;
    }
    free(restored.items);
}

/* --- saving ----------------------------------------------------------------------- */

static void bind_identity(const struct identity *id, struct db_row *row)
{
    struct buf head = buf_make(sizeof id->head + 1);
    identity_put_head(id, &head);
    db_bind_int(row, (int64_t)id->device);
    db_bind_int(row, (int64_t)id->inode);
    db_bind_int(row, (int64_t)id->birth);
    db_bind_int(row, (int64_t)id->generation);
    db_bind_blob(row, buf_slice(&head));
    db_bind_int(row, id->tail_bytes);
    db_bind_int(row, (int64_t)id->tail_hash);
    buf_free(&head);
}

static int kind_of_row(const struct tail_file *file)
{
    bool is_rotated = file->state == TAIL_ROTATED || file->was_rotated;
    if (file->state == TAIL_ELDER)
        return ROW_ELDER;
    if (!is_rotated)
        return ROW_LIVE;
    return file->has_heir ? ROW_WITH_HEIR : ROW_ROTATED;
}

static void save_file(struct tail *tail, struct tail_file *file, struct now now)
{
    struct db_row *row = db_query(tail->world->db, save_sql);
    db_bind_int(row, file->row_id);
    db_bind_text(row, file->source->name);
    db_bind_blob(row, slice_of(file->path));
    db_bind_blob(row, slice_of(file->place ? file->place : ""));
    db_bind_int(row, kind_of_row(file));
    db_bind_int(row, file->is_fresh * ROW_FRESH + file->is_undecided * ROW_UNDECIDED);
    db_bind_int(row, file->wants_end);
    db_bind_int(row, file->offset);
    db_bind_int(row, file->is_in_long_line);
    db_bind_int(row, file->peak_bytes);
    struct identity id = file->id;
    if (file->offset == 0) { /* nothing was read before it */
        id.tail_bytes = file->seen_bytes;
        id.tail_hash = file->seen_hash;
    }
    bind_identity(&id, row);
    db_bind_int(row, file->before ? file->before_row_id : 0);
    db_bind_int(row, now.unix_ms);
    db_bind_int(row, file->ledger.gone);
    db_bind_int(row, file->ledger.read);
    db_bind_int(row, file->ledger.skipped);
    db_bind_int(row, file->ledger.lost);
    db_bind_int(row, file->is_packed);
    db_bind_int(row, file->encoding);
    db_bind_blob(row, slice_of(file->home ? file->home : ""));
    db_bind_int(row, file->known_ns);
    db_run(row);
    file->is_saved = true;
    if (planted(PLANT_SAVED_IS_DURABLE))
        file->is_dirty = false;
}

static void save_sources(struct tail *tail)
{
    for (size_t i = 0; i < tail->source_count; i++) {
        if (!tail->sources[i].is_first)
            continue;
        struct db_row *row = db_query(tail->world->db, started_sql);
        db_bind_text(row, tail->sources[i].source->name);
        db_run(row);
        tail->sources[i].is_saved = true;
    }
}

void positions_save(struct tail *tail, struct now now)
{
    size_t at = 0;
    struct tail_file *elder;
    struct files *files = &tail->files;
    if (!tail->has_changes)
        return;
    save_sources(tail);
    ledgers_save(&files->ledgers, tail->world->db);
    for (size_t i = 0; i < files->dead_count; i++) {
        struct db_row *row = db_query(tail->world->db, drop_sql);
        db_bind_int(row, files->dead_rows[i]);
        db_run(row);
    }
    files->dead_saved_count = files->dead_count;
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i]->is_dirty)
            save_file(tail, files->items[i], now);
    }
    while ((elder = elders_next(tail, &at)) != NULL) {
        if (elder->is_dirty)
            save_file(tail, elder, now);
    }
}

static void note_saved(struct tail_file *file)
{
    if (file->is_saved)
        file->is_saved = file->is_dirty = false;
}

void positions_committed(struct tail *tail)
{
    size_t at = 0;
    struct tail_file *elder;
    struct files *files = &tail->files;
    if (!tail->has_changes)
        return;
    for (size_t i = 0; i < tail->source_count; i++) {
        if (tail->sources[i].is_saved)
            tail->sources[i].is_first = tail->sources[i].is_saved = false;
    }
    ledgers_committed(&files->ledgers);
    must(files->dead_saved_count <= files->dead_count);
    files->dead_count -= files->dead_saved_count;
    if (files->dead_count > 0)
        memmove(files->dead_rows, files->dead_rows + files->dead_saved_count,
                files->dead_count * sizeof *files->dead_rows);
    files->dead_saved_count = 0;
    for (size_t i = 0; i < files->count; i++) {
        note_saved(files->items[i]);
    }
    while ((elder = elders_next(tail, &at)) != NULL)
        note_saved(elder);
    tail->has_changes = tail->files.wants_commit = false;
}
