/** The words for why a notice was made, and the list of a turn. */
#include "rules/notice.h"

#include "agent/base/must.h"

static const char *const names[] = {
    [NOTICE_FIRST] = "first",       [NOTICE_NEW] = "new",
    [NOTICE_RESOLVED] = "resolved", [NOTICE_REPEAT] = "repeat",
    [NOTICE_DIGEST] = "digest",     [NOTICE_HELD] = "held",
    [NOTICE_SHUTDOWN] = "shutdown",
};

const char *notice_reason_name(enum notice_reason reason)
{
    must((size_t)reason < sizeof names / sizeof *names);
    return names[reason];
}

struct notice *notices_add(struct notices *notices)
{
    /* An empty list may point into what its arena held before it was cleared. */
    if (notices->count == 0)
        notices->capacity = 0;
    if (notices->count == notices->capacity) {
        size_t capacity = notices->capacity ? notices->capacity * 2 : 8;
        struct notice *items = arena_zalloc(notices->arena, capacity * sizeof *items);
        if (notices->count > 0)
            memcpy(items, notices->items, notices->count * sizeof *items);
        notices->items = items;
        notices->capacity = capacity;
    }
    struct notice *fresh = &notices->items[notices->count++];
    *fresh = (struct notice){ 0 };
    return fresh;
}

void notices_sort(struct notices *notices, size_t from)
{
    size_t put = 0, count = notices->count - from;
    if (count < 2)
        return;
    struct notice *items = notices->items + from;
    struct notice *sorted = arena_zalloc(notices->arena, count * sizeof *sorted);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            bool is_critical = items[i].severity == SEVERITY_CRITICAL;
            if (is_critical == (pass == 0))
                sorted[put++] = items[i];
        }
    }
    memcpy(items, sorted, count * sizeof *sorted);
}
