/** What can be seen only when all routes are compiled. */
#ifndef TOCSIN_RULES_ROUTE_CHECK_H
#define TOCSIN_RULES_ROUTE_CHECK_H

#include "rules/route.h"

/** Complain of two routes with one name and of a last one that leaves alerts over; warn
 *  of one that is never reached, and of labels and values that no alert has. */
void routes_check(const struct routes *routes, const struct routes_setting *setting,
                  struct complaints *complaints);

#endif
