/** Complaints about a configuration, as lines of the log. */
#include "agent/log_complaints.h"

#include "agent/base/slice.h"

/** A complaint's own "error: " or "warning: " becomes the level of its lines; the
 *  source line and the caret below it have the same. */
static void log_complaint(struct log_sink *log, struct slice line,
                          enum log_level *level)
{
    static const struct {
        struct slice word;
        enum log_level level;
    } kinds[] = { { { "error: ", 7 }, LOG_LEVEL_ERROR },
                  { { "warning: ", 9 }, LOG_LEVEL_WARNING } };
    bool is_source = slice_starts(slice_trim(line), SLICE("|")) ||
                     (line.len > 5 && memcmp(line.ptr + 4, " |", 2) == 0);
    for (size_t i = 0; !is_source && i < 2; i++) {
        size_t at = slice_find(line, kinds[i].word);
        size_t behind = at + kinds[i].word.len;
        if (at == SIZE_MAX)
            continue;
        *level = kinds[i].level;
        log_line(log, *level, "%.*s%.*s", (int)at, line.ptr, (int)(line.len - behind),
                 line.ptr + behind);
        return;
    }
    log_line(log, *level, "%.*s", SLICE_ARG(line));
}

void log_complaints(struct log_sink *log, const struct buf *complaints)
{
    struct slice rest = buf_slice(complaints), line;
    enum log_level level = LOG_LEVEL_WARNING;
    while (slice_next(&rest, '\n', &line))
        log_complaint(log, line, &level);
}
