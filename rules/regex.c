/**
 * The only file that runs PCRE2. What match attempts need is allocated at the first of
 * them, and for a pattern with more groups than any before, so that reading a line
 * allocates nothing.
 *
 * PCRE2 counts its match limit anew at every start position, so a long hostile line
 * could cost the limit times its length. A long line therefore gets a smaller limit for
 * each position, and the sum stays within LIMIT_REGEX_TOTAL.
 */
#include "rules/regex.h"

#include <pcre2.h>
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "rules/regex_brackets.h"

struct group_name {
    struct slice name; /* borrowed from the compiled pattern */
    uint32_t number;
};

struct regex_room {
    pcre2_match_data *data; /* NULL until somebody needs it, as the context */
    uint32_t pair_count;    /* of offsets that there is room for */
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* NULL until a line needs more than the machine's stack */
    uint64_t limit_hits;
};

struct regex {
    pcre2_code *code;
    struct regex_room *own_room;
    uint32_t pair_count; /* of offsets: one for the match, one for each group */
    struct group_name *names;
    size_t name_count;
    bool has_jit;
    bool has_one_start; /* anchored, or tried at the starts of lines only */
    int first_byte;     /* that every match begins with; -1: not known */
};

/* --- room to match in ------------------------------------------------------------- */

struct regex_room *regex_room_create(void)
{
    return mem_zalloc(sizeof(struct regex_room));
}

void regex_room_free(struct regex_room *room)
{
    if (!room)
        return;
    pcre2_match_data_free(room->data);
    pcre2_match_context_free(room->context);
    pcre2_jit_stack_free(room->stack);
    free(room);
}

uint64_t regex_room_limit_hits(const struct regex_room *room)
{
    return room->limit_hits;
}

static void make_context(struct regex_room *room)
{
    room->context = pcre2_match_context_create(NULL);
    mem_there(room->context);
    pcre2_set_match_limit(room->context, LIMIT_REGEX_MATCH);
    pcre2_set_depth_limit(room->context, LIMIT_REGEX_DEPTH);
    pcre2_set_heap_limit(room->context, LIMIT_REGEX_HEAP_KIB);
}

static void make_room_for(struct regex_room *room, const struct regex *regex)
{
    if (!room->context)
        make_context(room);
    pcre2_match_data_free(room->data);
    room->data = pcre2_match_data_create(regex->pair_count, NULL);
    room->pair_count = regex->pair_count;
    mem_there(room->data);
}

/* --- remedies --------------------------------------------------------------------- */

static const struct {
    int code;
    const char *remedy;
} remedies[] = {
    { PCRE2_ERROR_END_BACKSLASH, "write two backslashes to mean one" },
    { PCRE2_ERROR_MISSING_SQUARE_BRACKET,
      "put a backslash before '[' when it means itself" },
    { PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS,
      "put a backslash before '(' when it means itself" },
    { PCRE2_ERROR_UNKNOWN_ESCAPE,
      "only punctuation can be made to mean itself by a backslash" },
    { PCRE2_ERROR_UNMATCHED_CLOSING_PARENTHESIS,
      "put a backslash before ')' when it means itself" },
    { PCRE2_ERROR_MISSING_NAME_TERMINATOR, "write a named group as '(?<name>...)'" },
    { PCRE2_ERROR_SUBPATTERN_NAME_EXPECTED, "write a named group as '(?<name>...)'" },
    { PCRE2_ERROR_UNRECOGNIZED_AFTER_QUERY_P, "write a named group as '(?<name>...)'" },
    { PCRE2_ERROR_SUBPATTERN_NAME_TOO_LONG, "a name has at most 32 characters" },
    { PCRE2_ERROR_INVALID_SUBPATTERN_NAME,
      "a name begins with a letter or '_' and goes on with letters, digits and '_'" },
    { PCRE2_ERROR_DUPLICATE_SUBPATTERN_NAME,
      "start the pattern with (?J) when the groups stand in different alternatives" },
    { PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH,
      "match the text before it and put a named group around what is wanted" },
    { PCRE2_ERROR_QUANTIFIER_OUT_OF_ORDER, "write the smaller number first" },
    { PCRE2_ERROR_CLASS_RANGE_ORDER,
      "write the smaller character first, or put '-' last when it means itself" },
    { PCRE2_ERROR_BACKSLASH_C_CALLER_DISABLED, "write '.' for any byte" },
    { PCRE2_ERROR_UTF_IS_DISABLED, "patterns are matched on bytes" },
    { PCRE2_ERROR_UCP_IS_DISABLED, "patterns are matched on bytes" },
    { PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP, "split it into several patterns" },
    { PCRE2_ERROR_PATTERN_TOO_LARGE, "split it, or make its repeat counts smaller" },
};

static const char *remedy_for(struct slice pattern, int code, size_t offset)
{
    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (remedies[i].code == code)
            return remedies[i].remedy;
    if (code != PCRE2_ERROR_QUANTIFIER_INVALID)
        return "";
    if (offset == 0 && slice_starts(pattern, SLICE("*")))
        return "this is a regular expression and no file glob: any text is '.*', and "
               "at "
               "the start of a pattern it is not needed";
    return "put a backslash before the character when it means itself";
}

/* The byte that a person has to change. */
static size_t place_of_mistake(struct slice pattern, int code, size_t offset)
{
    size_t open = SIZE_MAX;
    if (code == PCRE2_ERROR_MISSING_SQUARE_BRACKET)
        open = regex_open_class(pattern);
    if (code == PCRE2_ERROR_MISSING_CLOSING_PARENTHESIS)
        open = regex_open_paren(pattern);
    return open == SIZE_MAX ? offset : open;
}

/* --- compile ---------------------------------------------------------------------- */

/* Where a pattern stands in the configuration. */
struct pattern_place {
    struct slice pattern;
    const struct yaml_node *node;
    size_t offset;
};

static struct place place_at(const struct pattern_place *where, size_t offset)
{
    if (!where->node)
        return (struct place){ 0 };
    return yaml_place_inside(where->node, where->offset + offset);
}

static void complain_about(const struct pattern_place *where, int code, size_t offset,
                           struct complaints *complaints)
{
    PCRE2_UCHAR reason[160];
    const char *remedy = remedy_for(where->pattern, code, offset);
    offset = place_of_mistake(where->pattern, code, offset);
    if (pcre2_get_error_message(code, reason, sizeof reason) < 0)
        reason[0] = '\0';
    complain(complaints, place_at(where, offset),
             "this pattern is no regular expression that can be used: %s%s%s",
             (const char *)reason, remedy[0] ? "; " : "", remedy);
}

/* Bytes that come from YAML and not from the person: they never match a line. */
static void warn_about_bytes(const struct pattern_place *where,
                             struct complaints *complaints)
{
    struct slice pattern = where->pattern;
    size_t feed = slice_find(pattern, SLICE("\n"));
    if (feed != SIZE_MAX)
        complain_softly(
            complaints, place_at(where, feed),
            "this pattern holds a line feed, which no line does; write it in "
            "single quotes on one line, or behind '|-' instead of '|'");
    size_t backspace = slice_find(pattern, SLICE("\b"));
    if (backspace != SIZE_MAX)
        complain_softly(complaints, place_at(where, backspace),
                        "this pattern holds a backspace, because YAML reads \"\\b\" in "
                        "double quotes so; write the pattern in single quotes");
}

static pcre2_code *compile_code(const struct pattern_place *where, bool anchored,
                                struct complaints *complaints)
{
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;
    if (anchored)
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    mem_there(context);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, LIMIT_REGEX_PARENS);
    int code = 0;
    size_t offset = 0;
    struct slice pattern = where->pattern;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)(pattern.len ? pattern.ptr : ""),
                                         pattern.len, options, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!compiled)
        complain_about(where, code, offset, complaints);
    return compiled;
}

static uint32_t code_info(const struct regex *regex, uint32_t what)
{
    uint32_t value = 0;
    must(pcre2_pattern_info(regex->code, what, &value) == 0);
    return value;
}

/* The table has one entry a name: two bytes of group number, the name, a NUL. */
static void read_names(struct regex *regex)
{
    PCRE2_SPTR entry = NULL;
    size_t entry_bytes = code_info(regex, PCRE2_INFO_NAMEENTRYSIZE);
    must(pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &entry) == 0);
    regex->name_count = code_info(regex, PCRE2_INFO_NAMECOUNT);
    regex->names = mem_zalloc(regex->name_count * sizeof *regex->names);
    for (size_t i = 0; i < regex->name_count; i++, entry += entry_bytes) {
        regex->names[i].number = (uint32_t)entry[0] << 8 | entry[1];
        regex->names[i].name = slice_of((const char *)entry + 2);
    }
}

/* A pattern can refuse it, too: "(*NO_JIT)". */
static bool has_jit_code(const pcre2_code *code)
{
    size_t bytes = 0;
    must(pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &bytes) == 0);
    return bytes > 0;
}

static struct regex *regex_create(pcre2_code *code)
{
    struct regex *regex = mem_zalloc(sizeof *regex);
    regex->code = code;
    /* Without it (a kernel that forbids new executable memory) PCRE2 interprets. */
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    regex->has_jit = has_jit_code(code);
    regex->own_room = regex_room_create();
    regex->pair_count = code_info(regex, PCRE2_INFO_CAPTURECOUNT) + 1;
    uint32_t first_type = code_info(regex, PCRE2_INFO_FIRSTCODETYPE);
    regex->has_one_start =
        (code_info(regex, PCRE2_INFO_ALLOPTIONS) & PCRE2_ANCHORED) || first_type == 2;
    regex->first_byte =
        first_type == 1 ? (int)code_info(regex, PCRE2_INFO_FIRSTCODEUNIT) : -1;
    read_names(regex);
    return regex;
}

struct regex *regex_compile_part(struct slice pattern, const struct yaml_node *node,
                                 size_t offset, bool anchored,
                                 struct complaints *complaints)
{
    struct pattern_place where = { pattern, node, offset };
    if (pattern.len > LIMIT_REGEX_BYTES) {
        complain(complaints, place_at(&where, 0),
                 "this pattern has %zu bytes, but at most %d are allowed; split it",
                 pattern.len, LIMIT_REGEX_BYTES);
        return NULL;
    }
    pcre2_code *code = compile_code(&where, anchored, complaints);
    if (!code)
        return NULL;
    struct regex *regex = regex_create(code);
    if (regex->name_count > LIMIT_CAPTURES) {
        complain(complaints, place_at(&where, 0),
                 "this pattern has %zu named groups, but at most %d are allowed",
                 regex->name_count, LIMIT_CAPTURES);
        regex_free(regex);
        return NULL;
    }
    warn_about_bytes(&where, complaints);
    return regex;
}

struct regex *regex_compile(const struct conf_text *text, bool anchored,
                            struct complaints *complaints)
{
    return regex_compile_part(text->value, text->node, 0, anchored, complaints);
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    regex_room_free(regex->own_room);
    pcre2_code_free(regex->code);
    free(regex->names);
    free(regex);
}

/* --- match ------------------------------------------------------------------------ */

static size_t count_byte(struct slice s, int byte)
{
    size_t count = 0;
    const char *end = s.ptr + s.len;
    const char *at = s.ptr;
    while (at < end && (at = memchr(at, byte, (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

/* At how many positions can an attempt begin? Whether the first letter's case counts is
 * not to be asked of PCRE2, so both cases are counted. */
static size_t count_starts(const struct regex *regex, struct slice subject)
{
    if (regex->has_one_start)
        return 1 + count_byte(subject, '\n');
    if (regex->first_byte < 0)
        return subject.len + 1;
    int byte = regex->first_byte;
    bool is_letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    if (!is_letter)
        return count_byte(subject, byte);
    return count_byte(subject, byte & ~0x20) + count_byte(subject, byte | 0x20);
}

static uint32_t limit_for(const struct regex *regex, struct slice subject)
{
    size_t starts = count_starts(regex, subject);
    size_t share = starts ? LIMIT_REGEX_TOTAL / starts : LIMIT_REGEX_MATCH;
    return share < LIMIT_REGEX_MATCH ? (uint32_t)share : LIMIT_REGEX_MATCH;
}

static int run_code(const struct regex *regex, const struct regex_room *room,
                    struct slice subject)
{
    PCRE2_SPTR bytes = (PCRE2_SPTR)(subject.ptr ? subject.ptr : "");
    if (regex->has_jit)
        return pcre2_jit_match(regex->code, bytes, subject.len, 0, 0, room->data,
                               room->context);
    return pcre2_match(regex->code, bytes, subject.len, 0, 0, room->data,
                       room->context);
}

/* The second try of a line for which the machine's own stack was too small. */
static int run_with_stack(const struct regex *regex, struct regex_room *room,
                          struct slice subject)
{
    if (room->stack)
        return PCRE2_ERROR_JIT_STACKLIMIT;
    size_t max_bytes = (size_t)LIMIT_REGEX_HEAP_KIB * 1024;
    room->stack = pcre2_jit_stack_create(32 * 1024, max_bytes, NULL);
    if (!room->stack)
        return PCRE2_ERROR_JIT_STACKLIMIT;
    pcre2_jit_stack_assign(room->context, NULL, room->stack);
    return run_code(regex, room, subject);
}

static int run_within_limits(const struct regex *regex, struct regex_room *room,
                             struct slice subject)
{
    if (room->pair_count < regex->pair_count)
        make_room_for(room, regex);
    /* Shorter lines cannot pass the total, so they are not even counted. */
    bool is_long = subject.len >= LIMIT_REGEX_TOTAL / LIMIT_REGEX_MATCH;
    if (is_long)
        pcre2_set_match_limit(room->context, limit_for(regex, subject));
    int found = run_code(regex, room, subject);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = run_with_stack(regex, room, subject);
    if (is_long)
        pcre2_set_match_limit(room->context, LIMIT_REGEX_MATCH);
    return found;
}

static size_t take_captures(const struct regex *regex, const struct regex_room *room,
                            struct slice subject, struct capture *captures)
{
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(room->data);
    size_t count = 0;
    for (size_t i = 0; i < regex->name_count; i++) {
        size_t from = offsets[2 * regex->names[i].number];
        size_t to = offsets[2 * regex->names[i].number + 1];
        if (from == PCRE2_UNSET || to < from)
            continue;
        captures[count].name = regex->names[i].name;
        captures[count++].value = slice_make(subject.ptr + from, to - from);
    }
    return count;
}

enum regex_result regex_match_in(const struct regex *regex, struct regex_room *room,
                                 struct slice subject, struct capture *captures,
                                 size_t *count)
{
    if (!room)
        room = regex->own_room;
    int found = run_within_limits(regex, room, subject);
    if (count)
        *count = 0;
    if (found == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    if (found < 0) {
        room->limit_hits++;
        return REGEX_LIMIT;
    }
    if (captures)
        *count = take_captures(regex, room, subject, captures);
    return REGEX_YES;
}

enum regex_result regex_match(const struct regex *regex, struct slice subject,
                              struct capture *captures, size_t *count)
{
    return regex_match_in(regex, NULL, subject, captures, count);
}

struct slice regex_found(const struct regex *regex, struct slice subject)
{
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(regex->own_room->data);
    must(offsets[0] <= subject.len && offsets[1] <= subject.len);
    size_t to = offsets[1] > offsets[0] ? offsets[1] : offsets[0];
    return slice_make(subject.ptr + offsets[0], to - offsets[0]);
}

uint64_t regex_limit_hits(const struct regex *regex)
{
    return regex->own_room->limit_hits;
}

size_t regex_name_count(const struct regex *regex)
{
    return regex->name_count;
}

struct slice regex_name_at(const struct regex *regex, size_t index)
{
    must(index < regex->name_count);
    return regex->names[index].name;
}

bool regex_names(const struct regex *regex, struct slice name)
{
    for (size_t i = 0; i < regex->name_count; i++)
        if (slice_equal(regex->names[i].name, name))
            return true;
    return false;
}

void regex_put_version(struct buf *out)
{
    char text[64] = "";
    pcre2_config(PCRE2_CONFIG_VERSION, text);
    buf_printf(out, "PCRE2 %s", text);
}
