/**
 * Secrets that stand in logs: passwords, tokens, keys. They are taken out of an event
 * as soon as a rule matched it, before anything of it is kept, so that no store and no
 * mail ever holds one. Rules themselves match on the line as it is.
 */
#ifndef TOCSIN_RULES_REDACT_H
#define TOCSIN_RULES_REDACT_H

#include "agent/base/schema.h"
#include "rules/event.h"

struct redactor;

/** What is known to hide secrets (see redact_secrets.c), unless @has_built_in is false,
 *  and then @patterns: of each match the group `secret`, or all of it when it has none.
 *  @return owned by the caller: redactor_free(); never NULL. */
struct redactor *redactor_compile(const struct conf_texts *patterns, bool has_built_in,
                                  struct complaints *complaints);
void redactor_free(struct redactor *redactor);

/** @text without its secrets: itself, or a copy in @arena. @redactor: NULL hides what
 *  is built in. */
struct slice redact_text(const struct redactor *redactor, struct slice text,
                         struct arena *arena);

/** Likewise the value of a field or label. One named like a secret is one, whatever it
 *  looks like, where what is built in is hidden. */
struct slice redact_field(const struct redactor *redactor, struct slice name,
                          struct slice value, struct arena *arena);

/** Likewise @links, a line each: "Name URL", also behind percent-encoding. What stands
 *  before the '@' of a URL's host goes whole, since no link needs it to be one. A line
 *  that would pass LIMIT_LINKS_BYTES with those before it is left off: a part of a URL
 *  leads elsewhere.
 *  @is_suspect  what redact_suspects() says of all of them as one text */
struct slice redact_links(const struct redactor *redactor, struct slice links,
                          bool is_suspect, struct arena *arena);

/** Which of @lines, REDACT_LINES texts at most, may hold a secret? To ask for many at
 *  once is cheaper than to ask one by one.
 *  @room    REDACT_ROOM_BYTES to write into; a line that does not fit is suspect
 *  @return  bit i: redact_event() must see the event of line i, for its line; or
 *           redact_text() the text */
uint64_t redact_suspects(const struct redactor *redactor, const struct slice *lines,
                         size_t count, char *room);
enum { REDACT_LINES = 64, REDACT_ROOM_BYTES = 32 * 1024 };

/** Take the secrets out of the line, the captures and the fields of @event; what
 *  changes lies in @arena. A capture that is a secret, or a part of one, is redacted
 *  too. */
void redact_event(const struct redactor *redactor, struct event *event,
                  struct arena *arena);

#endif
