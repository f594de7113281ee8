/** Kind `match`: every line is told. Grouping and counting are the engine's work. */
#include "rules/kind.h"
#include "rules/rule_parts.h"

extern const struct rule_kind kind_match;

static bool judge(struct rule *rule, const struct event *event, struct arena *arena,
                  struct sighting *sighting)
{
    rule_describe(rule, event, arena, sighting);
    return true;
}

const struct rule_kind kind_match = {
    .doc = "Every line that matches is told.",
    .tells_all = true,
    .judge = judge,
};
