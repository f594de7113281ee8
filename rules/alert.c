/** The names of the severities, the mildest first. */
#include "rules/alert.h"

const char *const severity_names[] = { "info", "warning", "critical", NULL };

bool severity_parse(struct slice text, enum severity *severity)
{
    for (int i = 0; severity_names[i]; i++) {
        if (slice_equal_nocase(text, slice_of(severity_names[i]))) {
            *severity = (enum severity)i;
            return true;
        }
    }
    return false;
}
