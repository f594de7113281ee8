/** Tables of words and beginnings, and one walk over the text. */
#include "rules/redact_secrets.h"

#include <ctype.h>

enum {
    MIN_TOKEN_BYTES = 16, /* behind a known beginning */
    MIN_BEARER_BYTES = 8,
    APP_PASSWORD_BYTES = 19, /* "abcd efgh ijkl mnop" */
    MAX_NAME_BYTES = 48,
    MIN_INNER_WORD = 5, /* a shorter word is one only at the beginning of a part */
    MAX_KEY_LABEL = 40,
};

/* What a name of a secret ends with or holds; the value follows '=' or ':'. */
static const struct slice key_words[] = {
    { "password", 8 },    { "passwd", 6 },      { "passphrase", 10 },
    { "pwd", 3 },         { "secret", 6 },      { "token", 5 },
    { "api_key", 7 },     { "apikey", 6 },      { "api-key", 7 },
    { "access_key", 10 }, { "accesskey", 9 },   { "private_key", 11 },
    { "auth_key", 8 },    { "credential", 10 }, { "authorization", 13 },
    { "cookie", 6 },      { "sessionid", 9 },   { "session_id", 10 },
    { "pass", 4 },
};

/* What a token begins with. */
static const struct slice beginnings[] = {
    { "eyJ", 3 },   { "ghp_", 4 },         { "gho_", 4 },     { "ghs_", 4 },
    { "ghu_", 4 },  { "github_pat_", 11 }, { "glpat-", 6 },   { "xoxb-", 5 },
    { "xoxp-", 5 }, { "xoxa-", 5 },        { "AKIA", 4 },     { "ASIA", 4 },
    { "AIza", 4 },  { "ya29.", 5 },        { "sk_live_", 8 }, { "rk_live_", 8 },
    { "sk-", 3 },   { "hvs.", 4 },         { "npm_", 4 },     { "pypi-", 5 },
    { "SG.", 3 },   { "dop_v1_", 7 },
};

/* So that most bytes cost one look each: what something may begin with, and what words
 * of the first table do, in lower case. */
static const bool may_begin[UINT8_MAX + 1] = {
    ['='] = true, [':'] = true, ['-'] = true, ['b'] = true, ['B'] = true, ['e'] = true,
    ['g'] = true, ['h'] = true, ['x'] = true, ['A'] = true, ['y'] = true, ['s'] = true,
    ['r'] = true, ['n'] = true, ['p'] = true, ['S'] = true, ['d'] = true,
};
static const bool begins_key_word[UINT8_MAX + 1] = {
    ['p'] = true, ['s'] = true, ['t'] = true, ['a'] = true, ['c'] = true,
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alnum(char c)
{
    return is_lower((char)(c | 0x20)) || (c >= '0' && c <= '9');
}

static bool is_word(char c)
{
    return is_alnum(c) || c == '_';
}

static bool is_token_byte(char c)
{
    return is_word(c) || c == '-' || c == '.' || c == '/' || c == '+' || c == '=';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static bool starts_nocase(struct slice text, size_t at, struct slice word)
{
    return text.len - at >= word.len &&
           slice_equal_nocase(slice_make(text.ptr + at, word.len), word);
}

static size_t skip(struct slice text, size_t at, bool (*is)(char))
{
    while (at < text.len && is(text.ptr[at]))
        at++;
    return at;
}

/* --- spans ------------------------------------------------------------------------ */

void spans_put(struct spans *spans, size_t from, size_t to, size_t len)
{
    size_t i = 0, end;
    if (from >= to)
        return;
    while (i < spans->count && spans->items[i].to < from)
        i++;
    /* Those that touch it become one with it. */
    for (end = i; end < spans->count && spans->items[end].from <= to; end++) {
        from = spans->items[end].from < from ? spans->items[end].from : from;
        to = spans->items[end].to > to ? spans->items[end].to : to;
    }
    if (end == i && spans->count == LIMIT_REDACTIONS) {
        struct span *last = &spans->items[spans->count - 1];
        last->from = last->from < from ? last->from : from;
        last->to = len;
        return;
    }
    memmove(&spans->items[i + 1], &spans->items[end],
            (spans->count - end) * sizeof *spans->items);
    spans->items[i] = (struct span){ from, to };
    spans->count += i + 1 - end;
}

/* --- values of words -------------------------------------------------------------- */

/** The end of a value in quotes, whose first byte is at @at. */
static size_t quoted_end(struct slice text, size_t at, char quote)
{
    bool is_nested = at > 1 && text.ptr[at - 2] == '\\'; /* JSON within JSON */
    while (is_nested && at < text.len && text.ptr[at] != '\\' && text.ptr[at] != quote)
        at++;
    while (!is_nested && at < text.len && text.ptr[at] != quote)
        at += text.ptr[at] == '\\' && at + 1 < text.len ? 2 : 1;
    return at;
}

static bool ends_value(char c)
{
    return isspace((unsigned char)c) || strchr(",;&)}]<>\"'", c) != NULL;
}

/** "abcd efgh ijkl mnop", as Google shows its app passwords. */
static bool is_app_password(struct slice text, size_t at)
{
    if (text.len - at < APP_PASSWORD_BYTES)
        return false;
    for (size_t i = 0; i < APP_PASSWORD_BYTES; i++) {
        char c = text.ptr[at + i];
        if (i % 5 == 4 ? c != ' ' : !is_lower(c))
            return false;
    }
    return at + APP_PASSWORD_BYTES == text.len ||
           !is_word(text.ptr[at + APP_PASSWORD_BYTES]);
}

static size_t plain_end(struct slice text, size_t at)
{
    while (at < text.len && text.ptr[at] != '\0' && !ends_value(text.ptr[at]))
        at++;
    return at;
}

/** Behind "Bearer " and its like, which say how the value that follows is meant. */
static size_t behind_scheme(struct slice text, size_t at)
{
    static const struct slice schemes[] = {
        { "bearer ", 7 }, { "basic ", 6 }, { "token ", 6 }, { "digest ", 7 }
    };
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (starts_nocase(text, at, schemes[i]))
            return at + schemes[i].len;
    }
    return at;
}

/** Hide the value at @at. @return its end. */
static size_t put_value(struct slice text, size_t at, struct spans *spans)
{
    size_t end;
    at = behind_scheme(text, at);
    if (slice_starts(slice_make(text.ptr + at, text.len - at), SLICE(REDACTED)))
        return at + sizeof REDACTED - 1;
    if (at < text.len && is_quote(text.ptr[at])) {
        at++;
        end = quoted_end(text, at, text.ptr[at - 1]);
    } else if (is_app_password(text, at)) {
        end = at + APP_PASSWORD_BYTES;
    } else {
        end = plain_end(text, at);
    }
    end = end < text.len ? end : text.len;
    spans_put(spans, at, end, text.len);
    return end;
}

/** Where the value begins behind the sign at @at. */
static size_t behind_sign(struct slice text, size_t at)
{
    at++;
    if (at < text.len && (text.ptr[at] == '>' || text.ptr[at] == '='))
        at++;
    at = skip(text, at, is_blank);
    bool is_nested =
        at + 1 < text.len && text.ptr[at] == '\\' && text.ptr[at + 1] == '"';
    return is_nested ? at + 1 : at;
}

/** The name before the sign at @at, out of its quotes. */
static struct slice name_before(struct slice text, size_t at)
{
    while (at > 0 && is_blank(text.ptr[at - 1]))
        at--;
    at -= at > 0 && is_quote(text.ptr[at - 1]);
    at -= at > 0 && text.ptr[at - 1] == '\\';
    size_t end = at;
    while (at > 0 && end - at < MAX_NAME_BYTES &&
           (is_word(text.ptr[at - 1]) || text.ptr[at - 1] == '-'))
        at--;
    return slice_make(text.ptr + at, end - at);
}

/** The way of name_before(), from a byte of the name on. */
bool redact_names_value(struct slice text, size_t at)
{
    size_t most = at + MAX_NAME_BYTES < text.len ? at + MAX_NAME_BYTES : text.len;
    while (at < most && (is_word(text.ptr[at]) || text.ptr[at] == '-'))
        at++;
    at += at < text.len && text.ptr[at] == '\\';
    at += at < text.len && is_quote(text.ptr[at]);
    at = skip(text, at, is_blank);
    return at < text.len && (text.ptr[at] == '=' || text.ptr[at] == ':');
}

/** A name may go on behind its word: "tokens", "token_value", "secretKey"; but not
 *  "tokenizer" or "passenger". "bypass" is none either. */
static bool is_key_at(struct slice name, size_t at, struct slice word)
{
    size_t end = at + word.len;
    if (!starts_nocase(name, at, word) ||
        (word.len < MIN_INNER_WORD && at > 0 && is_alnum(name.ptr[at - 1])))
        return false;
    end += end < name.len && name.ptr[end] == 's';
    return end == name.len || !is_lower(name.ptr[end]);
}

static bool is_any_key_at(struct slice name, size_t at)
{
    char first = (char)(name.ptr[at] | 0x20);
    for (size_t i = 0; i < sizeof key_words / sizeof *key_words; i++)
        if (first == key_words[i].ptr[0] && is_key_at(name, at, key_words[i]))
            return true;
    return false;
}

static bool is_key(struct slice name)
{
    for (size_t at = 0; at < name.len; at++)
        if (begins_key_word[(uint8_t)(name.ptr[at] | 0x20)] && is_any_key_at(name, at))
            return true;
    return false;
}

bool redact_names_secret(struct slice name)
{
    return is_key(name_before(name, name.len));
}

/** The working directory, as sudo and the environment have it: "PWD=/home/bob". Right
 *  behind a ';' it is ODBC's word for the password. */
static bool is_folder(struct slice text, size_t at)
{
    struct slice before = slice_make(text.ptr, at), name = name_before(text, at);
    return slice_equal(name, SLICE("PWD")) && slice_ends(before, name) &&
           (before.len == name.len || is_blank(before.ptr[at - name.len - 1])) &&
           at + 1 < text.len && (text.ptr[at + 1] == '/' || text.ptr[at + 1] == '~');
}

static size_t try_value(struct slice text, size_t at, struct spans *spans)
{
    if (!is_key(name_before(text, at)) || is_folder(text, at))
        return 0;
    return put_value(text, behind_sign(text, at), spans);
}

/* --- what is known by itself ------------------------------------------------------ */

static size_t try_beginning(struct slice text, size_t at, struct spans *spans)
{
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        struct slice begin = beginnings[i];
        if (text.ptr[at] != begin.ptr[0] || text.len - at < begin.len ||
            memcmp(text.ptr + at, begin.ptr, begin.len) != 0)
            continue;
        size_t end = skip(text, at, is_token_byte);
        if (end - at < begin.len + MIN_TOKEN_BYTES)
            return 0;
        spans_put(spans, at, end, text.len);
        return end;
    }
    return 0;
}

/** "Bearer abc...", without a name before it. */
static size_t try_bearer(struct slice text, size_t at, struct spans *spans)
{
    if (!starts_nocase(text, at, SLICE("bearer ")))
        return 0;
    size_t from = at + 7, end = skip(text, from, is_token_byte);
    if (end - from < MIN_BEARER_BYTES)
        return 0;
    spans_put(spans, from, end, text.len);
    return end;
}

/** https://user:password@host: where the password is, of the URL whose "://" is @at. */
static bool find_password(struct slice text, size_t at, struct span *password)
{
    size_t colon = 0, end = at + 3;
    if (text.len - at < 3 || memcmp(text.ptr + at, "://", 3) != 0)
        return false;
    for (; end < text.len && text.ptr[end] != '@'; end++) {
        unsigned char c = (unsigned char)text.ptr[end];
        if (c > '@') /* as most are: nothing of what follows */
            continue;
        if (c == '/' || isspace(c))
            return false;
        if (c == ':' && colon == 0)
            colon = end;
    }
    *password = (struct span){ colon + 1, end };
    return end < text.len && colon != 0;
}

static size_t try_url(struct slice text, size_t at, struct spans *spans)
{
    struct span password;
    if (!find_password(text, at, &password))
        return 0;
    spans_put(spans, password.from, password.to, text.len);
    return password.to;
}

bool redact_url_has_password(struct slice text, size_t at)
{
    struct span password;
    while (at > 0 && text.ptr[at] == '/')
        at--;
    return find_password(text, at, &password);
}

/** All between the two lines of a private key, or to the end where it is cut. */
static size_t try_private_key(struct slice text, size_t at, struct spans *spans)
{
    struct slice rest = slice_make(text.ptr + at, text.len - at);
    if (!slice_starts(rest, SLICE("-----BEGIN ")))
        return 0;
    size_t label = slice_find(rest, SLICE("PRIVATE KEY-----"));
    if (label == SIZE_MAX || label > MAX_KEY_LABEL)
        return 0;
    size_t stop = slice_find(rest, SLICE("-----END "));
    stop = stop == SIZE_MAX ? rest.len : stop;
    spans_put(spans, at + label + sizeof "PRIVATE KEY-----" - 1, at + stop, text.len);
    return at + stop;
}

bool redact_is_key_body(struct slice text)
{
    bool has_upper = false, has_lower = false, has_digit = false;
    text = slice_trim(text);
    if (text.len != 64 && text.len != 76)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_alnum(c) && c != '+' && c != '/')
            return false;
        has_upper |= isupper((unsigned char)c) != 0;
        has_lower |= is_lower(c) != 0;
        has_digit |= isdigit((unsigned char)c) != 0;
    }
    return has_upper && has_lower && has_digit;
}

/* --- what all of it has in common ------------------------------------------------- */

/* Where no word and no known beginning stands: URLs; Bearer and private keys. */
static const struct slice url_marks[] = { { "://", 3 } };
static const struct slice marks[] = { { "bearer ", 7 }, { "-----begin ", 11 } };

/* Does another of the texts stand in each text that holds this one? */
static bool is_implied(const struct slice *texts, size_t count, struct slice text)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i].len < text.len && slice_starts(text, texts[i]))
            return true;
    return false;
}

static void put_literals(struct literals *to, const struct slice *texts, size_t count,
                         bool is_nocase)
{
    for (size_t i = 0; i < count; i++) {
        if (is_implied(texts, count, texts[i]))
            continue;
        struct literal *literal = &to->items[to->count++];
        literal->len = (uint8_t)texts[i].len;
        memcpy(literal->bytes, texts[i].ptr, texts[i].len);
        for (size_t k = 0; is_nocase && k < texts[i].len; k++)
            literal->nocase |= (uint64_t)is_lower(texts[i].ptr[k]) << k;
    }
}

struct literals redact_literals(enum redact_kind kind, struct arena *arena)
{
    static const struct {
        enum redact_kind kind;
        const struct slice *texts;
        size_t count;
        bool is_nocase;
    } tables[] = {
        { REDACT_WORDS, key_words, sizeof key_words / sizeof *key_words, true },
        { REDACT_URLS, url_marks, sizeof url_marks / sizeof *url_marks, false },
        { REDACT_OTHERS, beginnings, sizeof beginnings / sizeof *beginnings, false },
        { REDACT_OTHERS, marks, sizeof marks / sizeof *marks, true },
    };
    enum { MOST = 64 };
    struct literals literals = { arena_zalloc(arena, MOST * sizeof *literals.items),
                                 0 };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (tables[i].kind == kind)
            put_literals(&literals, tables[i].texts, tables[i].count,
                         tables[i].is_nocase);
    return literals;
}

/* --- the walk --------------------------------------------------------------------- */

/** What may begin at @at, by its first byte. @return where it ends; 0: nothing does. */
static size_t try_at(struct slice text, size_t at, struct spans *spans)
{
    size_t end = 0;
    switch (text.ptr[at]) {
    case '=':
        return try_value(text, at, spans);
    case ':':
        end = try_value(text, at, spans);
        return end > 0 ? end : try_url(text, at, spans);
    case '-':
        return try_private_key(text, at, spans);
    case 'b':
    case 'B':
        return try_bearer(text, at, spans);
    default:
        return try_beginning(text, at, spans);
    }
}

void redact_find_secrets(struct slice text, struct spans *spans)
{
    size_t at = 0;
    if (redact_is_key_body(text)) {
        spans_put(spans, 0, text.len, text.len);
        return;
    }
    while (at < text.len) {
        if (!may_begin[(uint8_t)text.ptr[at]]) {
            at++;
            continue;
        }
        bool is_inside = is_alnum(text.ptr[at]) && at > 0 && is_word(text.ptr[at - 1]);
        size_t end = is_inside ? 0 : try_at(text, at, spans);
        at = end > at ? end : at + 1;
    }
}

static size_t find_byte(struct slice text, size_t at, char byte)
{
    const char *found =
        at < text.len ? memchr(text.ptr + at, byte, text.len - at) : NULL;
    return found ? (size_t)(found - text.ptr) : text.len;
}

/* A value follows a sign, and its word stands before that. */
void redact_find_values(struct slice text, size_t at, struct spans *spans)
{
    size_t equal = find_byte(text, at, '='), colon = find_byte(text, at, ':');
    while (equal < text.len || colon < text.len) {
        at = equal < colon ? equal : colon;
        size_t end = try_value(text, at, spans);
        at = end > at ? end : at + 1;
        equal = equal < at ? find_byte(text, at, '=') : equal;
        colon = colon < at ? find_byte(text, at, ':') : colon;
    }
}
