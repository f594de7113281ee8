/**
 * Rules are parsed once, when they are given, so that a typing mistake shows at the
 * command line and not as a mail server that behaves too well.
 */
#include "agent/sink/script.h"

#include <ctype.h>
#include <stdlib.h>

#include "agent/base/buf.h"
#include "agent/base/mem.h"
#include "agent/base/text.h"
#include "agent/sink/gmail.h"
#include "agent/sink/sink_limits.h"

const char *const script_phase_names[] = { "greeting", "ehlo", "starttls", "auth",
                                           "mail",     "rcpt", "data",     "body",
                                           "dot",      "rset", "quit",     "resolve",
                                           "connect",  "tls",  "consent",  "token",
                                           "api",      "hook", NULL };

struct script_rule {
    enum script_phase phase;
    char *text;          /* owns what filter and action.text borrow */
    char *filter;        /* NULL: none */
    int64_t first, last; /* of the times that it fits, from 1 */
    int64_t seen;
    struct script_action action;
};

static bool parse_phase(struct slice word, enum script_phase *phase)
{
    for (int i = 0; script_phase_names[i]; i++) {
        if (slice_equal_nocase(word, slice_of(script_phase_names[i]))) {
            *phase = (enum script_phase)i;
            return true;
        }
    }
    return false;
}

/** "PHASE" or "PHASE(TEXT)", up to the ':' behind it, which is taken too. */
static bool parse_head(struct slice *rest, struct script_rule *rule, struct err *err)
{
    size_t end = 0;
    while (end < rest->len && isalpha((unsigned char)rest->ptr[end]))
        end++;
    if (!parse_phase(slice_make(rest->ptr, end), &rule->phase))
        return err_set(
            err, ERR_INVALID,
            "A rule begins with one of greeting, ehlo, starttls, auth, mail, "
            "rcpt, data, body, dot, rset, quit, connect, tls, consent, token, api, "
            "hook, not "
            "with '%.*s'.",
            SLICE_ARG(text_cut(*rest, 40)));
    if (end < rest->len && rest->ptr[end] == '(') {
        struct slice inside = slice_make(rest->ptr + end + 1, rest->len - end - 1);
        size_t close = slice_find(inside, SLICE("):"));
        if (close == SIZE_MAX)
            return err_set(err, ERR_INVALID,
                           "The '(' of a rule has no ')' before a ':'.");
        rule->filter = mem_copy(slice_make(inside.ptr, close));
        end += close + 2;
    }
    if (end >= rest->len || rest->ptr[end] != ':')
        return err_set(err, ERR_INVALID,
                       "There is no ':' behind the phase of the rule.");
    *rest = slice_make(rest->ptr + end + 1, rest->len - end - 1);
    return true;
}

/** Take a decimal number off the front. @return false when there is none. */
static bool take_number(struct slice *rest, int64_t *value)
{
    size_t end = 0;
    while (end < rest->len && isdigit((unsigned char)rest->ptr[end]))
        end++;
    if (!slice_to_int(slice_make(rest->ptr, end), value))
        return false;
    *rest = slice_make(rest->ptr + end, rest->len - end);
    return true;
}

static struct slice after(struct slice s, size_t count)
{
    return slice_trim(slice_make(s.ptr + count, s.len - count));
}

/** "2x", "#3", "#3+" or nothing. */
static bool parse_when(struct slice *rest, struct script_rule *rule, struct err *err)
{
    struct slice at = slice_trim(*rest);
    int64_t number;
    rule->first = 1;
    rule->last = INT64_MAX;
    if (slice_starts(at, SLICE("#"))) {
        at = slice_make(at.ptr + 1, at.len - 1);
        if (!take_number(&at, &number) || number < 1)
            return err_set(err, ERR_INVALID, "A number from 1 stands behind '#'.");
        rule->first = number;
        if (slice_starts(at, SLICE("+")))
            at = slice_make(at.ptr + 1, at.len - 1);
        else
            rule->last = number;
        *rest = slice_trim(at);
        return true;
    }
    *rest = at;
    if (take_number(&at, &number) && number > 0 && slice_starts(at, SLICE("x"))) {
        rule->last = number;
        *rest = after(at, 1);
    }
    return true;
}

/** "\n" as two characters becomes a line end: that is how a shell passes it. In
 *  place. */
static struct slice unescape_lines(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (from[0] == '\\' && from[1] == 'n') {
            *to++ = '\n';
            from++;
        } else if (*from != '\r') {
            *to++ = *from;
        }
    }
    return slice_make(text, (size_t)(to - text));
}

static bool parse_reply(struct slice at, struct script_rule *rule, struct err *err)
{
    int64_t code;
    struct slice number = slice_make(at.ptr, at.len < 3 ? at.len : 3);
    if (!slice_to_int(number, &code) || code < 200 || code > 599 ||
        (at.len > 3 && at.ptr[3] != ' '))
        return err_set(err, ERR_INVALID,
                       "'%.*s' is no action. Actions are: a reply as '550 5.1.1 text', "
                       "close, reset, hang, slow N, wait DURATION, raw TEXT, ok, take "
                       "ACTION.",
                       SLICE_ARG(text_cut(at, 60)));
    rule->action.act = SCRIPT_REPLY;
    rule->action.code = (int)code;
    rule->text =
        mem_copy(at.len > 4 ? slice_make(at.ptr + 4, at.len - 4) : SLICE("OK"));
    rule->action.text = unescape_lines(rule->text);
    return true;
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/** One character of a raw text off the front, which is not empty. */
static char take_raw(const char **from)
{
    const char *at = *from;
    int high = at[0] == '\\' && at[1] == 'x' ? hex_value(at[2]) : -1;
    int low = high >= 0 ? hex_value(at[3]) : -1;
    *from += low >= 0 ? 4 : at[0] == '\\' && at[1] ? 2 : 1;
    if (low >= 0)
        return (char)(high * 16 + low);
    if (at[0] != '\\' || !at[1])
        return at[0];
    return at[1] == 'r' ? '\r' : at[1] == 'n' ? '\n' : at[1];
}

/** "TEXT" or "1000*TEXT" behind "raw ". */
static bool parse_raw(struct slice at, struct script_rule *rule, struct err *err)
{
    struct slice rest = at;
    rule->action.act = SCRIPT_RAW;
    rule->action.raw_count = 1;
    if (take_number(&rest, &rule->action.raw_count) && slice_starts(rest, SLICE("*")))
        at = slice_make(rest.ptr + 1, rest.len - 1);
    else
        rule->action.raw_count = 1;
    if (rule->action.raw_count < 1 ||
        rule->action.raw_count * (int64_t)at.len > LIMIT_SINK_RAW_BYTES)
        return err_set(err, ERR_INVALID, "'raw' says at most %d bytes.",
                       LIMIT_SINK_RAW_BYTES);
    rule->text = mem_copy(at);
    char *to = rule->text;
    for (const char *from = rule->text; *from;)
        *to++ = take_raw(&from);
    rule->action.text = slice_make(rule->text, (size_t)(to - rule->text));
    return true;
}

static bool parse_pace(struct slice at, struct script_action *action, struct err *err)
{
    if (slice_starts(at, SLICE("slow "))) {
        if (slice_to_int(after(at, 5), &action->slow_bytes) && action->slow_bytes > 0)
            return true;
        return err_set(err, ERR_INVALID, "Bytes a second stand behind 'slow'.");
    }
    if (text_to_duration(after(at, 5), &action->wait_ms))
        return true;
    return err_set(err, ERR_INVALID, "A duration as 2s or 300ms stands behind 'wait'.");
}

static bool parse_bare(struct slice word, struct script_action *action)
{
    static const struct {
        const char *word;
        enum script_act act;
    } words[] = { { "ok", SCRIPT_PASS },
                  { "close", SCRIPT_CLOSE },
                  { "reset", SCRIPT_RESET },
                  { "hang", SCRIPT_HANG } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (slice_equal(word, slice_of(words[i].word))) {
            action->act = words[i].act;
            return true;
        }
    }
    return false;
}

static const struct gmail_reply *find_reply(struct slice at, struct err *err)
{
    struct slice name = slice_trim(slice_make(at.ptr + 1, at.len - 1));
    const struct gmail_reply *reply = gmail_reply_find(name);
    if (!reply)
        err_set(err, ERR_INVALID,
                "'@%.*s' is no reply of Gmail's; `tocsin sink --replies` lists them.",
                SLICE_ARG(text_cut(name, 60)));
    return reply;
}

/** "@NAME": what Gmail says, over SMTP with its tag. */
static bool parse_name(struct slice at, struct script_rule *rule, struct err *err)
{
    const struct gmail_reply *reply = find_reply(at, err);
    struct buf says = buf_make(4096);
    if (!reply)
        return false;
    buf_printf(&says, "%s%s", reply->says,
               reply->phase < SCRIPT_CONSENT ? " sink - gsmtp" : "");
    bool ok = parse_reply(buf_slice(&says), rule, err);
    rule->action.closes = rule->action.code == 421;
    buf_free(&says);
    return ok;
}

static bool parse_action(struct slice at, struct script_rule *rule, struct err *err)
{
    struct script_action *action = &rule->action;
    if (slice_starts(at, SLICE("@")))
        return parse_name(at, rule, err);
    if (slice_starts(at, SLICE("take "))) {
        if (rule->phase != SCRIPT_DOT && rule->phase != SCRIPT_API &&
            rule->phase != SCRIPT_HOOK)
            return err_set(err, ERR_INVALID,
                           "'take' can only stand in phases dot, api and hook.");
        action->takes = true;
        at = after(at, 5);
    }
    if (parse_bare(at, action))
        return true;
    if (slice_starts(at, SLICE("slow ")) || slice_starts(at, SLICE("wait ")))
        return parse_pace(at, action, err);
    bool stays = slice_starts(at, SLICE("stay "));
    bool closes = slice_starts(at, SLICE("close "));
    action->closes = closes;
    if (slice_starts(at, SLICE("close raw ")))
        return parse_raw(slice_make(at.ptr + 10, at.len - 10), rule, err);
    if (slice_starts(at, SLICE("raw ")))
        return parse_raw(slice_make(at.ptr + 4, at.len - 4), rule, err);
    if (!parse_reply(after(at, stays ? 5 : closes ? 6 : 0), rule, err))
        return false;
    action->closes = closes || (action->code == 421 && !stays);
    return true;
}

static void clear_rule(struct script_rule *rule)
{
    free(rule->text);
    free(rule->filter);
}

static bool parse_rule(struct slice text, struct script_rule *rule, struct err *err)
{
    struct slice rest = slice_trim(text);
    if (slice_starts(rest, SLICE("@"))) {
        const struct gmail_reply *reply = find_reply(rest, err);
        rule->first = 1;
        rule->last = INT64_MAX;
        rule->phase = reply ? reply->phase : SCRIPT_GREETING;
        return reply && parse_name(rest, rule, err);
    }
    if (parse_head(&rest, rule, err) && parse_when(&rest, rule, err) &&
        parse_action(rest, rule, err))
        return true;
    clear_rule(rule);
    return false;
}

bool script_add(struct script *script, struct slice text, struct err *err)
{
    struct script_rule rule = { 0 };
    if (script->count >= LIMIT_SINK_RULES)
        return err_set(err, ERR_FULL, "A script has at most %d rules.",
                       LIMIT_SINK_RULES);
    if (!parse_rule(text, &rule, err))
        return false;
    *mem_push(script->rules, script->count, script->capacity) = rule;
    return true;
}

bool script_add_first(struct script *script, struct slice text, struct err *err)
{
    if (!script_add(script, text, err))
        return false;
    struct script_rule rule = script->rules[script->count - 1];
    memmove(script->rules + 1, script->rules, (script->count - 1) * sizeof rule);
    script->rules[0] = rule;
    return true;
}

static bool fits(const struct script_rule *rule, enum script_phase phase,
                 struct slice subject)
{
    return rule->phase == phase &&
           (!rule->filter || slice_find(subject, slice_of(rule->filter)) != SIZE_MAX);
}

const struct script_action *script_judge(struct script *script, enum script_phase phase,
                                         struct slice subject)
{
    for (size_t i = 0; i < script->count; i++) {
        struct script_rule *rule = &script->rules[i];
        if (!fits(rule, phase, subject))
            continue;
        rule->seen++;
        if (rule->seen >= rule->first && rule->seen <= rule->last)
            return &rule->action;
    }
    return NULL;
}

void script_clear(struct script *script)
{
    for (size_t i = 0; i < script->count; i++)
        clear_rule(&script->rules[i]);
    free(script->rules);
    *script = (struct script){ 0 };
}
