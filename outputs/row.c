/** The table of moves of an outbox row. */
#include "outputs/row.h"

#include <stddef.h>

#include "agent/base/must.h"

/* Every move that a row can make. There are no others. */
static const struct {
    enum row_state from;
    enum row_event on;
    enum row_state to;
} moves[] = {
    { ROW_WAITING, EVENT_CLAIM, ROW_HANDING_OVER },
    { ROW_WAITING, EVENT_EXPIRE, ROW_DEAD },
    { ROW_WAITING, EVENT_RETRY, ROW_WAITING },
    { ROW_WAITING, EVENT_DROP, ROW_CANCELLED },
    { ROW_WAITING, EVENT_MERGE, ROW_CANCELLED },
    { ROW_HANDING_OVER, EVENT_ACCEPT, ROW_SENT },
    { ROW_HANDING_OVER, EVENT_POSTPONE, ROW_WAITING },
    { ROW_HANDING_OVER, EVENT_DOUBT, ROW_WAITING },
    { ROW_HANDING_OVER, EVENT_REFUSE, ROW_DEAD },
    { ROW_HANDING_OVER, EVENT_EXPIRE, ROW_DEAD },
    { ROW_DEAD, EVENT_RETRY, ROW_WAITING },
    { ROW_DEAD, EVENT_DROP, ROW_CANCELLED },
};
enum { MOVE_COUNT = sizeof moves / sizeof *moves };

static size_t find_move(enum row_state from, enum row_event on)
{
    size_t i = 0;
    while (i < MOVE_COUNT && (moves[i].from != from || moves[i].on != on))
        i++;
    return i;
}

bool row_may_move(enum row_state from, enum row_event on)
{
    return find_move(from, on) < MOVE_COUNT;
}

enum row_state row_move(enum row_state from, enum row_event on)
{
    size_t i = find_move(from, on);
    must(i < MOVE_COUNT);
    return moves[i].to;
}

const char *row_state_name(enum row_state state)
{
    static const char *const names[] = { "waiting", "handing over", "dead", "sent",
                                         "cancelled" };
    return names[state];
}
