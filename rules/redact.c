/** From spans to texts without secrets. */
#include "rules/redact.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/plant.h"
#include "rules/gate.h"
#include "rules/redact_secrets.h"
#include "rules/regex.h"

/* Owners in the gate: what is built in, then the patterns, as far as there are bits. */
enum { FIRST_PATTERN = REDACT_KINDS, OWNERS = 64 };

/* Of a built-in literal the gate looks for so many bytes at most: in short texts it is
 * faster at short ones, and what is found is looked at anyway. */
enum { GATED_BYTES = 6 };

struct redactor {
    bool has_built_in;
    struct regex **patterns;
    size_t count;
    struct gate *gate; /**< NULL: everything is looked for in every text */
    uint64_t always;   /**< bits of owners that the gate does not know */
};

static const struct redactor built_in = { .has_built_in = true };

struct gate_items {
    struct gate_item *items;
    size_t count, capacity;
};

static void add_literals(struct gate_items *to, const struct literals *literals,
                         size_t owner)
{
    for (size_t i = 0; i < literals->count; i++)
        *mem_push(to->items, to->count, to->capacity) =
            (struct gate_item){ literals->items[i], (uint32_t)owner };
}

static void add_built_in(struct gate_items *to, struct arena *arena)
{
    for (enum redact_kind kind = 0; kind < REDACT_KINDS; kind++) {
        struct literals literals = redact_literals(kind, arena);
        for (size_t i = 0; i < literals.count; i++) {
            struct literal *one = &literals.items[i];
            one->len = one->len < GATED_BYTES ? one->len : GATED_BYTES;
        }
        add_literals(to, &literals, kind);
    }
}

static void add_pattern(struct redactor *redactor, struct gate_items *to,
                        struct slice pattern, struct arena *arena)
{
    size_t owner = FIRST_PATTERN + redactor->count;
    struct literals literals = { 0 };
    if (owner < OWNERS && literals_of_pattern(pattern, NULL, arena, &literals))
        add_literals(to, &literals, owner);
    else if (owner < OWNERS)
        redactor->always |= UINT64_C(1) << owner;
}

struct redactor *redactor_compile(const struct conf_texts *patterns, bool has_built_in,
                                  struct complaints *complaints)
{
    struct redactor *redactor = mem_zalloc(sizeof *redactor);
    struct gate_items items = { 0 };
    struct arena arena = { 0 };
    redactor->has_built_in = has_built_in;
    redactor->patterns = mem_zalloc(patterns->count * sizeof *redactor->patterns);
    if (has_built_in)
        add_built_in(&items, &arena);
    for (size_t i = 0; i < patterns->count; i++) {
        struct regex *regex = regex_compile(&patterns->items[i], false, complaints);
        if (!regex)
            continue;
        add_pattern(redactor, &items, patterns->items[i].value, &arena);
        redactor->patterns[redactor->count++] = regex;
    }
    redactor->gate = gate_create(items.items, items.count, NULL, GATE_BEST);
    arena_free(&arena);
    free(items.items);
    return redactor;
}

void redactor_free(struct redactor *redactor)
{
    for (size_t i = 0; redactor && i < redactor->count; i++)
        regex_free(redactor->patterns[i]);
    if (redactor) {
        gate_free(redactor->gate);
        free(redactor->patterns);
    }
    free(redactor);
}

/** What of a match is secret. */
static struct slice secret_of(const struct regex *regex, struct slice rest,
                              const struct capture *captures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(captures[i].name, SLICE("secret")))
            return captures[i].value;
    return regex_found(regex, rest);
}

/** All matches of one pattern. One that PCRE2 gives up on hides all the rest: it may
 *  have been a secret. */
static void find_matches(const struct regex *regex, struct slice text,
                         struct spans *spans)
{
    struct capture captures[LIMIT_CAPTURES];
    struct slice rest = text;
    size_t count;
    while (rest.len > 0) {
        enum regex_result result = regex_match(regex, rest, captures, &count);
        if (result == REGEX_NO)
            return;
        struct slice secret =
            result == REGEX_YES ? secret_of(regex, rest, captures, count) : rest;
        size_t from = (size_t)(secret.ptr - text.ptr);
        spans_put(spans, from, from + secret.len, text.len);
        size_t used = from + (secret.len > 0 ? secret.len : 1);
        rest = slice_make(text.ptr + used, text.len > used ? text.len - used : 0);
    }
}

/** What the gate saw in a text. */
struct signs {
    struct slice text;
    uint64_t owners; /**< bits of those whose secrets may stand in it */
    size_t word_at;  /**< a byte of the first word that has a value */
};

/** Is what @owner looks for, and what stands in @text at @at, more than a word that has
 *  no value, or a URL without a password? */
static bool is_sign(struct slice text, size_t at, uint32_t owner)
{
    switch (owner) {
    case REDACT_WORDS:
        return redact_names_value(text, at);
    case REDACT_URLS:
        return redact_url_has_password(text, at);
    default:
        return true;
    }
}

static void want(void *ctx, size_t at, uint32_t owner)
{
    struct signs *signs = ctx;
    if (signs->owners & UINT64_C(1) << owner || !is_sign(signs->text, at, owner))
        return;
    if (owner == REDACT_WORDS)
        signs->word_at = at;
    signs->owners |= UINT64_C(1) << owner;
}

/** Most labels are: too short for a token, and nothing in them is given a value. */
static bool is_harmless(struct slice text)
{
    if (text.len == 0)
        return true;
    return text.len < REDACT_MIN_UNSIGNED_BYTES && !memchr(text.ptr, '=', text.len) &&
           !memchr(text.ptr, ':', text.len);
}

/** Most lines hold none, and this is all that they cost. */
static bool may_hold_secrets(const struct redactor *redactor, struct slice text,
                             struct signs *signs)
{
    *signs = (struct signs){ text, redactor->gate ? redactor->always : UINT64_MAX, 0 };
    if (planted(PLANT_REDACT_NOT))
        return false;
    if (!redactor->gate)
        return true;
    if (redactor->count == 0 && is_harmless(text))
        return false;
    (void)gate_scan(redactor->gate, text, want, signs);
    if (redact_is_key_body(text))
        signs->owners |= UINT64_C(1) << REDACT_OTHERS;
    return signs->owners != 0;
}

static void find_spans(const struct redactor *redactor, struct slice text,
                       const struct signs *signs, struct spans *spans)
{
    const uint64_t beyond_words = UINT64_C(1) << REDACT_URLS | UINT64_C(1)
                                                                   << REDACT_OTHERS;
    spans->count = 0;
    if (redactor->has_built_in && (signs->owners & beyond_words))
        redact_find_secrets(text, spans);
    else if (signs->owners & UINT64_C(1) << REDACT_WORDS)
        redact_find_values(text, signs->word_at, spans);
    for (size_t i = 0; i < redactor->count; i++) {
        size_t owner = FIRST_PATTERN + i;
        if (owner >= OWNERS || (signs->owners & UINT64_C(1) << owner))
            find_matches(redactor->patterns[i], text, spans);
    }
}

/** @part of @text, with what the spans say hidden. */
static struct slice without(struct slice text, const struct spans *spans,
                            struct slice part, struct arena *arena)
{
    size_t at = (size_t)(part.ptr - text.ptr), end = at + part.len;
    size_t most = part.len + spans->count * sizeof REDACTED;
    struct buf out = { .ptr = arena_zalloc(arena, most + 1),
                       .capacity = most + 1,
                       .max_bytes = most };
    for (size_t i = 0; i < spans->count; i++) {
        const struct span *span = &spans->items[i];
        if (span->to <= at || span->from >= end)
            continue;
        if (span->from > at)
            buf_put(&out, slice_make(text.ptr + at, span->from - at));
        buf_puts(&out, REDACTED);
        at = span->to < end ? span->to : end;
    }
    buf_put(&out, slice_make(text.ptr + at, end - at));
    return buf_slice(&out);
}

struct slice redact_text(const struct redactor *redactor, struct slice text,
                         struct arena *arena)
{
    struct signs signs;
    redactor = redactor ? redactor : &built_in;
    if (!may_hold_secrets(redactor, text, &signs))
        return text;
    struct spans spans;
    find_spans(redactor, text, &signs, &spans);
    return spans.count > 0 ? without(text, &spans, text, arena) : text;
}

/* --- many lines at once ----------------------------------------------------------- */

/* They are copied side by side, with a line feed behind each, because a scan of little
 * is mostly its beginning and its end. */
struct sift {
    struct slice text;
    const uint32_t *ends; /**< in @text, of each line */
    size_t at;            /**< the line of the last sign */
    uint64_t suspects;
};

static void suspect(void *ctx, size_t at, uint32_t owner)
{
    struct sift *sift = ctx;
    if (!is_sign(sift->text, at, owner))
        return;
    while (sift->ends[sift->at] <= at)
        sift->at++;
    sift->suspects |= UINT64_C(1) << sift->at;
}

/** @return false when there is no room. */
static bool put_line(struct slice line, char *room, size_t *len)
{
    if (line.len >= REDACT_ROOM_BYTES - *len)
        return false;
    if (line.len > 0)
        memcpy(room + *len, line.ptr, line.len);
    *len += line.len;
    room[(*len)++] = '\n';
    return true;
}

/** Must each text be looked at by itself, for patterns that the gate does not know? */
static bool is_beyond_gate(const struct redactor *redactor)
{
    return !redactor || !redactor->gate || redactor->always != 0 ||
           FIRST_PATTERN + redactor->count > OWNERS;
}

uint64_t redact_suspects(const struct redactor *redactor, const struct slice *lines,
                         size_t count, char *room)
{
    uint32_t ends[REDACT_LINES];
    struct sift sift = { .ends = ends };
    size_t len = 0;
    must(count <= REDACT_LINES);
    if (is_beyond_gate(redactor))
        return UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        if (!put_line(lines[i], room, &len) || redact_is_key_body(lines[i]))
            sift.suspects |= UINT64_C(1) << i;
        ends[i] = (uint32_t)len;
    }
    sift.text = slice_make(room, len);
    (void)gate_scan(redactor->gate, sift.text, suspect, &sift);
    return sift.suspects;
}

/* --- what is encoded in links ----------------------------------------------------- */

/** A link as it is meant, and where each byte of it stands. */
struct decoded {
    struct slice text;
    char *bytes;
    uint32_t *places; /**< one more than bytes: the last is the end */
};

/* An encoded sign that would end a value does not: only '&' as it stands does. Nor is
 * it one that a name goes on with. */
enum { ENCODED_END = '\x01' };

static char meant_by(char c)
{
    return c != '\0' && strchr("&,;)}]<>", c) ? ENCODED_END : c;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/** The byte that "%40" at @at stands for; -1: it is none that is encoded. */
static int encoded_at(struct slice line, size_t at)
{
    if (line.ptr[at] != '%' || line.len - at < 3)
        return -1;
    int high = hex_digit(line.ptr[at + 1]), low = hex_digit(line.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static struct decoded decode(struct slice line, struct arena *arena)
{
    struct decoded own = { .bytes = arena_zalloc(arena, line.len + 1),
                           .places = arena_zalloc(arena, (line.len + 1) *
                                                             sizeof *own.places) };
    size_t count = 0;
    for (size_t at = 0; at < line.len; count++) {
        int byte = encoded_at(line, at);
        own.places[count] = (uint32_t)at;
        own.bytes[count] = byte < 0 ? line.ptr[at] : meant_by((char)byte);
        at += byte < 0 ? 1 : 3;
    }
    own.places[count] = (uint32_t)line.len;
    own.text = slice_make(own.bytes, count);
    return own;
}

/** What an expression says of a metric is no secret: "token_age == 0", and the colon in
 *  the name of a recorded one, "token:rate5m". */
static bool is_of_expression(struct slice text, const struct span *span)
{
    size_t at = span->from;
    while (at > 0 && (text.ptr[at - 1] == ' ' || text.ptr[at - 1] == '"'))
        at--;
    if (at < 2)
        return false;
    char sign = text.ptr[at - 1], before = text.ptr[at - 2];
    bool is_url = span->to < text.len && text.ptr[span->to] == '@';
    return sign == '=' ? before == '=' : sign == ':' && before != '"' && !is_url;
}

/** Names and signs may be encoded, as in "?matcher=token%3Dabc". */
static struct slice redact_encoded(const struct redactor *redactor, struct slice line,
                                   struct arena *arena)
{
    struct signs signs;
    struct spans found, spans = { .count = 0 };
    if (line.len == 0 || !memchr(line.ptr, '%', line.len))
        return line;
    struct decoded own = decode(line, arena);
    if (!may_hold_secrets(redactor, own.text, &signs))
        return line;
    find_spans(redactor, own.text, &signs, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct span *span = &found.items[i];
        if (!is_of_expression(own.text, span))
            spans_put(&spans, own.places[span->from], own.places[span->to], line.len);
    }
    return spans.count > 0 ? without(line, &spans, line, arena) : line;
}

/** Where the host of the URL in @line begins, behind a user's name and password. */
static size_t behind_user(struct slice line, size_t authority)
{
    size_t host = authority;
    for (size_t i = authority; i < line.len && !strchr("/?#", line.ptr[i]); i++) {
        host = line.ptr[i] == '@' ? i + 1 : host;
        host = encoded_at(line, i) == '@' ? i + 3 : host;
    }
    return host;
}

static struct slice redact_link(const struct redactor *redactor, struct slice line,
                                struct arena *arena)
{
    size_t scheme = slice_find(line, SLICE("://"));
    if (redactor->has_built_in && scheme != SIZE_MAX) {
        size_t authority = scheme + 3, host = behind_user(line, authority);
        if (host > authority)
            line = slice_of(arena_printf(arena, "%.*s%.*s", (int)authority, line.ptr,
                                         (int)(line.len - host), line.ptr + host));
    }
    return redact_encoded(redactor, redact_text(redactor, line, arena), arena);
}

struct slice redact_links(const struct redactor *redactor, struct slice links,
                          bool is_suspect, struct arena *arena)
{
    struct buf safe = buf_make(LIMIT_LINKS_BYTES);
    struct slice rest = links, line;
    redactor = redactor ? redactor : &built_in;
    if (!is_suspect && (links.len == 0 || (!memchr(links.ptr, '@', links.len) &&
                                           !memchr(links.ptr, '%', links.len))))
        return links;
    while (slice_next(&rest, '\n', &line)) {
        line = redact_link(redactor, line, arena);
        if (safe.len + line.len + 1 > LIMIT_LINKS_BYTES)
            continue;
        buf_put(&safe, line);
        buf_putc(&safe, '\n');
    }
    if (!slice_equal(buf_slice(&safe), links))
        links = arena_slice(arena, buf_slice(&safe));
    buf_free(&safe);
    return links;
}

static bool lies_within(struct slice part, struct slice text)
{
    return part.len > 0 && part.ptr >= text.ptr &&
           part.ptr + part.len <= text.ptr + text.len;
}

static void hide_in_line(const struct redactor *redactor, struct event *event,
                         const struct signs *signs, struct arena *arena)
{
    struct spans spans;
    struct slice line = event->line;
    find_spans(redactor, line, signs, &spans);
    if (spans.count == 0)
        return;
    struct capture *captures =
        arena_zalloc(arena, event->capture_count * sizeof *captures);
    for (size_t i = 0; i < event->capture_count; i++) {
        captures[i] = event->captures[i];
        if (lies_within(captures[i].value, line))
            captures[i].value = without(line, &spans, captures[i].value, arena);
    }
    event->captures = captures;
    event->line = without(line, &spans, line, arena);
}

struct slice redact_field(const struct redactor *redactor, struct slice name,
                          struct slice value, struct arena *arena)
{
    redactor = redactor ? redactor : &built_in;
    if (redactor->has_built_in && value.len > 0 && redact_names_secret(name))
        return SLICE(REDACTED);
    return redact_text(redactor, value, arena);
}

void redact_event(const struct redactor *redactor, struct event *event,
                  struct arena *arena)
{
    struct signs signs;
    redactor = redactor ? redactor : &built_in;
    if (may_hold_secrets(redactor, event->line, &signs))
        hide_in_line(redactor, event, &signs, arena);
    if (event->field_count == 0)
        return;
    struct capture *fields = arena_zalloc(arena, event->field_count * sizeof *fields);
    for (size_t i = 0; i < event->field_count; i++) {
        const struct capture *field = &event->fields[i];
        fields[i].name = field->name;
        fields[i].value = redact_field(redactor, field->name, field->value, arena);
    }
    event->fields = fields;
}
