/** Ids are taken first: what is deleted must not move the rows that are walked over. */
#include "outputs/outbox_shed.h"

static void forget(struct db *db, const char *sql, int64_t last_id)
{
    struct db_row *row = db_query(db, sql);
    db_bind_int(row, last_id);
    db_run(row);
}

size_t outbox_shed(struct db *db)
{
    int64_t last_id = 0, count = 0;
    struct db_row *row =
        db_query(db, "SELECT max(id), count(*) FROM (SELECT id FROM outbox "
                     "WHERE state = 3 ORDER BY id LIMIT ?)");
    db_bind_int(row, OUTBOX_SHED_ROWS);
    if (db_next(row)) {
        last_id = db_int(row, 0);
        count = db_int(row, 1);
        db_done(row);
    }
    if (count == 0)
        return 0;
    forget(db,
           "DELETE FROM outbox_recipient WHERE id IN "
           "(SELECT id FROM outbox WHERE state = 3 AND id <= ?)",
           last_id);
    forget(db,
           "DELETE FROM outbox_body WHERE id IN "
           "(SELECT id FROM outbox WHERE state = 3 AND id <= ?)",
           last_id);
    forget(db, "DELETE FROM outbox WHERE state = 3 AND id <= ?", last_id);
    return (size_t)count;
}
