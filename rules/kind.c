/** The rows: one a kind. */
#include "rules/kind.h"

#include "agent/base/must.h"

#define KINDS(ROW) ROW(match)

#define DECLARE(name) extern const struct rule_kind kind_##name;
#define NAME(name) #name,
#define ADDRESS(name) &kind_##name,

KINDS(DECLARE)

const char *const kind_names[] = { KINDS(NAME) NULL };

static const struct rule_kind *const kinds[] = { KINDS(ADDRESS) };

const struct rule_kind *kind_get(int index)
{
    must(index >= 0 && (size_t)index < sizeof kinds / sizeof *kinds);
    return kinds[index];
}
