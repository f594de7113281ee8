/**
 * A route says who is told, and how alerts share a mail: the first whose `match` holds
 * takes the alert; with `continue: true` the next ones are asked too; the last is the
 * default.
 */
#ifndef TOCSIN_RULES_ROUTE_H
#define TOCSIN_RULES_ROUTE_H

#include "agent/base/now.h"
#include "agent/base/zone.h"
#include "rules/rule.h"
#include "rules/where.h"

struct digest_config {
    const struct yaml_node *node;
    struct conf_text at;   /**< "08:00"; excludes every */
    struct conf_text zone; /**< of `at`; default: the host's */
    int64_t every;
    int empty; /**< index into { "skip", "send" } */
};

struct limit_config {
    const struct yaml_node *node;
    int64_t mails; /**< the bucket's size, */
    int64_t per;   /**< refilled evenly over this many ms */
};

struct route_config {
    const struct yaml_node *node;
    struct conf_text name; /**< keys its stored state; may be left out */
    struct conf_texts match, to, fallback, group_by;
    int64_t fallback_after;
    int64_t group_wait, group_interval, repeat_interval;
    struct digest_config *digest;
    struct limit_config *limit;
    bool is_continued;  /**< key `continue` */
    bool send_resolved; /**< also mail "quiet again" when nothing new was counted */
};
extern const struct schema route_schema;

/** A compiled route; plain data for the engine. */
struct route {
    struct slice name; /**< shown to people: its own, or "route-N" */
    struct slice key;  /**< of its stored state: its name, or what it says, hashed, so
                          that a route put in before it changes nothing */
    const struct route_config *config;
    struct where *match;
    struct zone *digest_zone;
    int digest_minute;  /**< of the day; -1: by interval or no digest */
    bool groups_by_all; /**< group_by: ['...'] */
};

struct routes {
    struct route *items;
    size_t count;
};

/** What routes are compiled against. */
struct routes_setting {
    const struct conf_text *outputs; /**< the names of all outputs */
    size_t output_count;
    const struct where_files *files; /**< for in_file; NULL: refused */
    const struct rules *rules;       /**< whose labels `group_by` may name; NULL: any */
};

/** Compile and check all routes: at least one, the last without `match`, names unique,
 *  `to` known, group_interval >= 1s, digest and limit sane. Warns of a route that is
 *  never reached, because one before it takes all that it would take, and of a label in
 *  `group_by` that no alert has.
 *  @configs  of struct route_config; borrowed for the life of @routes, as @arena is
 *  @return false after an error; @routes is empty then. */
bool routes_compile(const struct conf_blocks *configs,
                    const struct routes_setting *setting, struct arena *arena,
                    struct routes *routes, struct complaints *complaints);
void routes_free(struct routes *routes);

#endif
