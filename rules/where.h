/**
 * Conditions: `user!=backup`, `ip!~"^192\.168\."`, `n>=5`, `ip in_cidr 10.0.0.0/8`,
 * `user in_file /etc/tocsin/staff`. They stand in a rule's `where:` (on captures,
 * fields and labels) and in a route's `match:` (on labels). All must hold.
 *
 * Grammar: name, operator, value; blanks around the operator are free; a value may
 * stand in double quotes with \\ and \" (Alertmanager's matcher grammar, widened by
 * numbers and sets). = and != compare bytes; =~ and !~ are fully anchored PCRE2;
 * < <= > >= compare decimal numbers, and do not hold where either side is none. A
 * missing name is the empty value.
 * in_file holds for a line of the file (trimmed, '#' comments apart), read at load.
 */
#ifndef TOCSIN_RULES_WHERE_H
#define TOCSIN_RULES_WHERE_H

#include "agent/base/err.h"
#include "agent/base/schema.h"
#include "rules/literals.h"

struct regex_room;
struct where;

/** The seam to the files of in_file: rules/ opens nothing itself. */
struct where_files {
    /** Read @path, as it stands in the configuration, into @arena.
     *  @return false with @err filled when it cannot be read or is too large. */
    bool (*read)(void *ctx, const char *path, struct arena *arena, struct slice *bytes,
                 struct err *err);
    void *ctx;
};

/** Compile all of @texts into @arena's lifetime; where_free() frees patterns and sets.
 *  @files  NULL: in_file is refused here
 *  @return NULL when there are none or after complaints. */
struct where *where_compile(const struct conf_texts *texts,
                            const struct where_files *files, struct arena *arena,
                            struct complaints *complaints);

/** Call @each for every name that a condition asks for, with its place. */
void where_names(const struct where *where,
                 void (*each)(void *ctx, struct slice name, struct place at),
                 void *ctx);

/** Call @each for every value that a condition wants a name to be equal to, with the
 *  place of the value. */
void where_values(const struct where *where,
                  void (*each)(void *ctx, struct slice name, struct slice value,
                               struct place at),
                  void *ctx);

/** Call @each for every condition that holds only for values with one of a set of
 *  literals in them, with the cheapest such set, in @arena. */
void where_literals(
    const struct where *where, const struct rarity *rarity, struct arena *arena,
    void (*each)(void *ctx, struct slice name, const struct literals *set), void *ctx);

/** Do all hold? NULL @where holds always.
 *  @look_up  gives the value of a name; the empty slice for unknown ones
 *  @failed   set to the text of the first condition that did not hold (for explain);
 *            may be NULL */
bool where_holds(const struct where *where,
                 struct slice (*look_up)(const void *ctx, struct slice name),
                 const void *ctx, struct slice *failed);

/** The same, in any thread. @room: of this thread, where its patterns match */
bool where_holds_in(const struct where *where,
                    struct slice (*look_up)(const void *ctx, struct slice name),
                    const void *ctx, struct regex_room *room);

void where_free(struct where *where);

#endif
