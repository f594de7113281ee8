/** The one way out for bugs: say where, then abort, so that a core or the journal shows
 *  it. */
#include "agent/base/must.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void must_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "tocsin: bug at %s:%d: '%s' does not hold\n", file, line,
            condition);
    abort();
}
