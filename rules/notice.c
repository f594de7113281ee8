/** The words for why a notice was made. */
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
