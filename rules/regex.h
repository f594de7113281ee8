/**
 * PCRE2 as tocsin uses it: bytes, not UTF mode; JIT where the kernel allows it; match,
 * depth and heap limits always set, and not to be raised by the pattern itself; \C
 * forbidden. What a match attempt writes to is a room, of which each thread has its
 * own; a regex itself is only read.
 */
#ifndef TOCSIN_RULES_REGEX_H
#define TOCSIN_RULES_REGEX_H

#include "agent/base/buf.h"
#include "agent/base/schema.h"
#include "rules/event.h"

struct regex;

/** What match attempts write to, for all regexes of one thread. */
struct regex_room;

/** Compile @text; @anchored wraps it so that it must fill the subject.
 *  Complains with the place inside the pattern and PCRE2's reason. NULL then. */
struct regex *regex_compile(const struct conf_text *text, bool anchored,
                            struct complaints *complaints);
/** The same for @pattern, which begins at byte @offset of @node (or NULL). */
struct regex *regex_compile_part(struct slice pattern, const struct yaml_node *node,
                                 size_t offset, bool anchored,
                                 struct complaints *complaints);
void regex_free(struct regex *regex);

enum regex_result {
    REGEX_NO,
    REGEX_YES,
    REGEX_LIMIT /**< gave up at a limit: no match */
};

/** It grows with the patterns that need it. Owned by the caller: regex_room_free(). */
struct regex_room *regex_room_create(void);
void regex_room_free(struct regex_room *room);
/** Match attempts in it that ended with REGEX_LIMIT. */
uint64_t regex_room_limit_hits(const struct regex_room *room);

/** One match attempt on the bytes of @subject.
 *  @room      of this thread; NULL: what the regex has for itself
 *  @captures  room for LIMIT_CAPTURES, or NULL; named groups only, unset ones left out;
 *             the slices borrow from @subject (values) and @regex (names)
 *  @count     set to the captures found; may be NULL when @captures is */
enum regex_result regex_match_in(const struct regex *regex, struct regex_room *room,
                                 struct slice subject, struct capture *captures,
                                 size_t *count);
/** The same with @room NULL. */
enum regex_result regex_match(const struct regex *regex, struct slice subject,
                              struct capture *captures, size_t *count);

/** All that the last regex_match(), which said REGEX_YES, found in @subject. */
struct slice regex_found(const struct regex *regex, struct slice subject);

/** Calls of regex_match() that ended with REGEX_LIMIT. */
uint64_t regex_limit_hits(const struct regex *regex);

/** The named groups, sorted by name; borrowed. With (?J) a name may come twice. */
size_t regex_name_count(const struct regex *regex);
struct slice regex_name_at(const struct regex *regex, size_t index);
/** Does the pattern have a named group @name? */
bool regex_names(const struct regex *regex, struct slice name);

/** "PCRE2 10.42 2022-12-11". */
void regex_put_version(struct buf *out);

#endif
