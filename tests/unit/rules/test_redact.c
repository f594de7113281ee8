/** No secret passes, and what is none stays. */
#include "rules/redact.h"

#include "agent/base/rng.h"
#include "rig.h"
#include "rules/redact_secrets.h"

static const char *hide(struct rig *rig, const char *text)
{
    struct slice out = redact_text(NULL, slice_of(text), &rig->arena);
    return arena_text(&rig->arena, out);
}

static const struct {
    const char *text, *redacted;
} rows[] = {
    { "password=hunter2", "password=[redacted]" },
    { "DB_PASSWORD=hunter2 next", "DB_PASSWORD=[redacted] next" },
    { "login password: hunter2, user: bob", "login password: [redacted], user: bob" },
    { "{\"password\":\"hun\\\"ter2\",\"a\":1}",
      "{\"password\":\"[redacted]\",\"a\":1}" },
    { "{\\\"password\\\": \\\"hunter2\\\"}", "{\\\"password\\\": \\\"[redacted]\\\"}" },
    { "passwd='two words' x", "passwd='[redacted]' x" },
    { "pwd = hunter2", "pwd = [redacted]" },
    { "smtp_password: abcd efgh ijkl mnop for gmail",
      "smtp_password: [redacted] for gmail" },
    { "app password: abcd efgh ijkl mnop", "app password: [redacted]" },
    { "api_key=0123456789&user=bob", "api_key=[redacted]&user=bob" },
    { "X-Api-Key: 0123", "X-Api-Key: [redacted]" },
    { "client_secret => abc", "client_secret => [redacted]" },
    { "accessToken=abc;", "accessToken=[redacted];" },
    { "tokens: abc", "tokens: [redacted]" },
    { "Authorization: Bearer abc.def", "Authorization: Bearer [redacted]" },
    { "authorization: Basic dXNlcjpwYXNz", "authorization: Basic [redacted]" },
    { "sent Bearer abcdefgh12345 to it", "sent Bearer [redacted] to it" },
    { "Set-Cookie: sid=1234; Path=/", "Set-Cookie: [redacted]; Path=/" },
    { "https://bob:hunter2@example.com/x", "https://bob:[redacted]@example.com/x" },
    { "amqp://bob:hunter2@h amqp://eve:other@h",
      "amqp://bob:[redacted]@h amqp://eve:[redacted]@h" },
    { "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end",
      "jwt [redacted] end" },
    { "push with ghp_0123456789abcdefghij failed", "push with [redacted] failed" },
    { "key AKIAIOSFODNN7EXAMPLE0000 used", "key [redacted] used" },
    { "xoxb-123456789012-abcdefghij", "[redacted]" },
    { "-----BEGIN RSA PRIVATE KEY-----MIIEabc-----END RSA PRIVATE KEY----- x",
      "-----BEGIN RSA PRIVATE KEY-----[redacted]-----END RSA PRIVATE KEY----- x" },
    { "-----BEGIN PRIVATE KEY----- MIIEabc", "-----BEGIN PRIVATE KEY-----[redacted]" },
    { "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
      "[redacted]" },
    { "Driver=x;UID=sa;PWD=/hunter2;", "Driver=x;UID=sa;PWD=[redacted];" },
    { "pwd=/hunter2 Pwd=~hunter2", "pwd=[redacted] Pwd=[redacted]" },
    { "PWD=hunter2 DB_PWD=/hunter2", "PWD=[redacted] DB_PWD=[redacted]" },
    { "PWD = /hunter2 \"PWD\":\"/hunter2\"",
      "PWD = [redacted] \"PWD\":\"[redacted]\"" },
    { "eve : TTY=pts/0 ; PWD=/srv ; COMMAND=/bin/x --password=hunter2",
      "eve : TTY=pts/0 ; PWD=/srv ; COMMAND=/bin/x --password=[redacted]" },
    { "PWD=/srv?token=hunter2", "PWD=/srv?token=[redacted]" },
    /* What is no secret. */
    { "bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/bash", NULL },
    { "PWD=~ OLDPWD=/tmp\tPWD=/home/bob", NULL },
    { "Failed password for root from 192.0.2.7 port 22 ssh2", NULL },
    { "Accepted password for bob", NULL },
    { "passenger: 5, tokenizer: fast, compass=north, bypass=1, secretary: Eve", NULL },
    { "password=", NULL },
    { "https://example.com:443/user@host", NULL },
    { "task-0123456789 disk-full sk-1", NULL },
    { "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", NULL },
    { "-----BEGIN CERTIFICATE-----", NULL },
    { "", NULL },
};

TEST(redact, L69_secrets_are_hidden_and_nothing_else_is)
{
    struct rig *rig = rig_create();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_str_eq(hide(rig, rows[i].text),
                         rows[i].redacted ? rows[i].redacted : rows[i].text);
    rig_free(rig);
}

TEST(redact, L69_hiding_twice_changes_nothing)
{
    struct rig *rig = rig_create();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *once = hide(rig, rows[i].text);
        ck_assert_str_eq(hide(rig, once), once);
    }
    rig_free(rig);
}

TEST(redact, L69_the_secret_is_gone_wherever_it_stands)
{
    struct rig *rig = rig_create();
    struct rng rng;
    rng_seed(&rng, 69);
    static const char noise[] = " \t\"'=:/@-.,;{}[]aZ9\\%\n\xff";
    for (int i = 0; i < 20000; i++) {
        char text[200];
        size_t len = rng_next(&rng) % 40, at = 0;
        for (; at < len; at++)
            text[at] = noise[rng_next(&rng) % (sizeof noise - 1)];
        snprintf(text + at, sizeof text - at, " password=CANARY%d ", i);
        ck_assert_msg(!strstr(hide(rig, text), "CANARY"), "%s", text);
        arena_clear(&rig->arena);
    }
    rig_free(rig);
}

TEST(redact, L69_too_many_secrets_hide_all_the_rest)
{
    struct rig *rig = rig_create();
    struct buf text = buf_make(1 << 16);
    for (int i = 0; i < LIMIT_REDACTIONS + 10; i++)
        buf_printf(&text, "token=CANARY%d ", i);
    buf_puts(&text, "the end");
    const char *out = hide(rig, text.ptr);
    ck_assert_ptr_null(strstr(out, "CANARY"));
    ck_assert_ptr_null(strstr(out, "the end"));
    buf_free(&text);
    rig_free(rig);
}

static struct redactor *own_redactor(struct rig *rig, const char *pattern)
{
    struct conf_texts patterns = { rig_text(rig, pattern), 1 };
    struct redactor *redactor = redactor_compile(&patterns, false, &rig->complaints);
    ck_assert_uint_eq(rig->complaints.count, 0);
    return redactor;
}

TEST(redact, L69_patterns_of_the_configuration_hide_a_match_or_its_group)
{
    struct rig *rig = rig_create();
    struct redactor *all = own_redactor(rig, "'CARD-\\d+'");
    struct redactor *group = own_redactor(rig, "'pin (?<secret>\\d+)'");
    ck_assert_slice(redact_text(all, SLICE("a CARD-1 b CARD-23"), &rig->arena),
                    "a [redacted] b [redacted]");
    ck_assert_slice(redact_text(group, SLICE("pin 1234 of 5"), &rig->arena),
                    "pin [redacted] of 5");
    ck_assert_slice(redact_text(all, SLICE("password=x"), &rig->arena), "password=x");
    redactor_free(all);
    redactor_free(group);
    rig_free(rig);
}

TEST(redact, L69_a_capture_that_is_a_secret_is_hidden_too)
{
    struct rig *rig = rig_create();
    struct slice line = SLICE("login of bob with password=hunter2 failed");
    struct event event = rig_event(rig, line);
    struct capture captures[] = {
        { SLICE("user"), slice_make(line.ptr + 9, 3) },
        { SLICE("password"), slice_make(line.ptr + 27, 7) },
        { SLICE("part"), slice_make(line.ptr + 18, 11) },
    };
    event.captures = captures;
    event.capture_count = 3;
    redact_event(NULL, &event, &rig->arena);
    ck_assert_slice(event.line, "login of bob with password=[redacted] failed");
    ck_assert_slice(event.captures[0].value, "bob");
    ck_assert_slice(event.captures[1].value, "[redacted]");
    ck_assert_slice(event.captures[2].value, "password=[redacted]");
    rig_free(rig);
}

TEST(redact, L69_a_field_with_the_name_of_a_secret_is_hidden)
{
    struct rig *rig = rig_create();
    struct event event = rig_event(rig, SLICE("text"));
    const struct capture fields[] = { { SLICE("user"), SLICE("bob") },
                                      { SLICE("api_key"), SLICE("hunter2") } };
    event.fields = fields;
    event.field_count = 2;
    redact_event(NULL, &event, &rig->arena);
    ck_assert_slice(event.fields[0].value, "bob");
    ck_assert_slice(event.fields[1].value, "[redacted]");
    rig_free(rig);
}

/** Among other lines it is suspect if anything of it is hidden. */
static void check_suspect(const struct redactor *redactor, struct slice line,
                          bool is_hidden)
{
    static char room[REDACT_ROOM_BYTES];
    const struct slice lines[] = { SLICE("token"), line, SLICE("=x"), line };
    uint64_t suspects = redact_suspects(redactor, lines, 4, room);
    ck_assert_msg(!is_hidden || (suspects & 10) == 10, "'%.*s' passes",
                  SLICE_ARG(line));
    ck_assert_uint_eq(suspects & ~UINT64_C(10), 0);
}

/** With and without the gate before it. */
static void check_same(struct rig *rig, const struct redactor *redactor,
                       struct slice text)
{
    struct slice plain = redact_text(NULL, text, &rig->arena);
    struct slice gated = redact_text(redactor, text, &rig->arena);
    ck_assert_msg(slice_equal(plain, gated), "'%.*s' becomes '%.*s'", SLICE_ARG(text),
                  SLICE_ARG(gated));
    check_suspect(redactor, text, !slice_equal(plain, text));
}

/** @row at some place of a text, in any case, cut anywhere. */
static void check_hidden_in(struct rig *rig, const struct redactor *redactor,
                            struct slice row, struct rng *rng)
{
    char text[400];
    bool is_mixed = rng_next(rng) % 3 == 0;
    size_t before = rng_next(rng) % 70, cut = rng_next(rng) % (row.len + 1);
    memset(text, 'x', sizeof text);
    memcpy(text + before, row.ptr, row.len);
    for (size_t at = before; is_mixed && at < before + row.len; at++) {
        if ((rng_next(rng) & 3) == 0 && text[at] >= 'a' && text[at] <= 'z')
            text[at] = (char)(text[at] - 32);
    }
    if (before > 0)
        text[before - 1] = rng_next(rng) & 1 ? ' ' : '"';
    check_same(rig, redactor, slice_make(text, before + cut));
    check_same(rig, redactor, slice_make(text, before + row.len));
}

static const struct {
    const char *links, *redacted;
} link_rows[] = {
    { "Source http://p:9090/graph?token=abc&g0.tab=1\n",
      "Source http://p:9090/graph?token=[redacted]&g0.tab=1\n" },
    { "A https://h/x#access_token=abc\nB https://h/?api_key=abc\n",
      "A https://h/x#access_token=[redacted]\nB https://h/?api_key=[redacted]\n" },
    { "Grafana https://bob:hunter2@g.example/d/1\n",
      "Grafana https://g.example/d/1\n" },
    { "Grafana https://glsa@g.example:3000/?x=a@b\n",
      "Grafana https://g.example:3000/?x=a@b\n" },
    { "A https://a@b:c@h\n", "A https://h\n" },
    /* A quote ends with its line. */
    { "A https://h/?token=\"abc\nB https://h/b\n",
      "A https://h/?token=\"[redacted]\nB https://h/b\n" },
    /* Encoded. */
    { "A https://h/?token%3Dabc\nB https://h/?%70assword=abc&x=1\n",
      "A https://h/?token%3D[redacted]\nB https://h/?%70assword=[redacted]&x=1\n" },
    { "Silence https://g/silence/new?matcher=api_key%3Da%26b&matcher=host%3Dweb1\n",
      "Silence https://g/silence/new?matcher=api_key%3D[redacted]&matcher="
      "host%3Dweb1\n" },
    { "Source "
      "http://p/graph?g0.expr=up%7Btoken%3D%22abc%22%2Cjob%3D%22a%22%7D&g0.tab=1\n",
      "Source http://p/graph?g0.expr=up%7Btoken%3D%22[redacted]%22%2Cjob%3D%22a%22%7D"
      "&g0.tab=1\n" },
    { "A https://h/?left=%7B%22token%22%3A%22abc%22%7D\n",
      "A https://h/?left=%7B%22token%22%3A%22[redacted]%22%7D\n" },
    { "A https://h/?to=https%3A%2F%2Fbob%3Ahunter2%40i.example%2F&x=1\n",
      "A https://h/?to=https%3A%2F%2Fbob%3A[redacted]%40i.example%2F&x=1\n" },
    { "A https://bob:hunter2%40g.example/d%40e\n", "A https://g.example/d%40e\n" },
    { "A https://h/?a=%\nB https://h/?a=%4&b=%zz%\n", NULL },
    /* Ordinary ones. */
    { "Source http://p/graph?g0.expr=token_errors_total%20%3D%3D%200&g0.tab=1\n"
      "Source http://p/graph?g0.expr=job%3Atoken_errors%3Arate5m+%3E+0&g0.tab=1\n"
      "Source http://p/graph?g0.expr=sum%20by%20(token)%20(x)%20%3E%3D%205\n"
      "Explore "
      "https://g/explore?left=%7B%22expr%22%3A%22%7Bapp%3D%5C%22x%5C%22%7D%20%7C"
      "%3D%20%60token%20refresh%60%20%7C%20status%3Derror%22%7D\n"
      "Runbook https://wiki.example/caf%C3%A9%20password%20reset?lang=de\n",
      NULL },
    { "Source http://p:9090/graph?g0.expr=up%7Bjob%3D%22a%22%7D+%3D%3D+0&g0.tab=1\n"
      "Silence https://g/alerting/silence/new?alertmanager=grafana&matcher="
      "alertname%3DDown&matcher=grafana_folder%3DOps&orgId=1\n"
      "Dashboard https://g/d/aB3xY_z-9/node-exporter?orgId=1&from=1&to=2\n"
      "Panel https://g/d/aB3xY_z-9?orgId=1&viewPanel=4\n"
      "Alertmanager http://am:9093/#/alerts?receiver=ops%2Fmail\n"
      "Runbook https://wiki/@team/passwords/token-rotation\n",
      NULL },
    { "", NULL },
};

/** What redact_suspects() says is enough to let those be that are harmless. */
static void check_looked_at(struct rig *rig, const struct redactor *redactor,
                            struct slice links, const char *wanted)
{
    static char room[REDACT_ROOM_BYTES];
    bool is_suspect = redact_suspects(redactor, &links, 1, room) != 0;
    ck_assert_slice(redact_links(redactor, links, is_suspect, &rig->arena), wanted);
}

TEST(redact, L69_links_keep_all_but_their_secrets)
{
    struct rig *rig = rig_create();
    const struct conf_texts none = { 0 };
    struct redactor *redactor = redactor_compile(&none, true, &rig->complaints);
    for (size_t i = 0; i < sizeof link_rows / sizeof *link_rows; i++) {
        const char *wanted =
            link_rows[i].redacted ? link_rows[i].redacted : link_rows[i].links;
        struct slice once =
            redact_links(NULL, slice_of(link_rows[i].links), true, &rig->arena);
        ck_assert_slice(once, wanted);
        ck_assert_slice(redact_links(NULL, once, true, &rig->arena), wanted);
        check_looked_at(rig, redactor, slice_of(link_rows[i].links), wanted);
    }
    redactor_free(redactor);
    rig_free(rig);
}

TEST(redact, L69_a_link_that_grows_past_the_bound_is_left_off_whole)
{
    struct rig *rig = rig_create();
    struct buf links = buf_make(LIMIT_LINKS_BYTES);
    buf_puts(&links, "Source https://h/?token=a\nPanel https://h/");
    while (links.len < LIMIT_LINKS_BYTES - 5)
        buf_putc(&links, 'x');
    buf_puts(&links, "\nA b\n");
    ck_assert_slice(redact_links(NULL, buf_slice(&links), true, &rig->arena),
                    "Source https://h/?token=[redacted]\nA b\n");
    buf_free(&links);
    rig_free(rig);
}

TEST(redact, L69_links_are_left_as_they_are_where_nothing_is_built_in)
{
    struct rig *rig = rig_create();
    struct redactor *own = own_redactor(rig, "'key-\\d+'");
    ck_assert_slice(redact_links(own, SLICE("A http://a:b@h/key-12?token=c\n"), true,
                                 &rig->arena),
                    "A http://a:b@h/[redacted]?token=c\n");
    redactor_free(own);
    rig_free(rig);
}

TEST(redact, the_gate_lets_every_secret_through)
{
    struct rig *rig = rig_create();
    struct rng rng;
    const struct conf_texts none = { 0 };
    struct redactor *redactor = redactor_compile(&none, true, &rig->complaints);
    rng_seed(&rng, 7);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice row = slice_of(rows[i].text);
        check_same(rig, redactor, row);
        for (int k = 0; k < 200; k++)
            check_hidden_in(rig, redactor, row, &rng);
    }
    redactor_free(redactor);
    rig_free(rig);
}

TEST(redact, most_lines_are_suspected_of_nothing)
{
    static char room[REDACT_ROOM_BYTES], much[REDACT_ROOM_BYTES];
    struct rig *rig = rig_create();
    const struct conf_texts none = { 0 };
    struct redactor *redactor = redactor_compile(&none, true, &rig->complaints);
    struct slice lines[] = {
        SLICE("Failed password for root from 192.0.2.7 port 22 ssh2"),
        SLICE("session opened: password changed for bob"),
        SLICE(""),
        SLICE("GET https://h:8443/a?b=c by bob@example.net, refers to ftp://h"),
        SLICE("https://bob@example.net/a:b@c"),
        SLICE("cookie monster"),
        slice_make(memset(much, 'x', sizeof much), sizeof much - 300),
        slice_make(much, 300), /* for which there is no room */
        SLICE("pass phrase"),
    };
    ck_assert_uint_eq(redact_suspects(redactor, lines, 9, room), 1 << 7);
    redactor_free(redactor);
    rig_free(rig);
}

TEST(redact, where_the_gate_does_not_know_all_patterns_every_line_is_suspect)
{
    char room[1];
    struct rig *rig = rig_create();
    struct redactor *redactor = own_redactor(rig, "\\d+");
    struct slice line = SLICE("");
    ck_assert_uint_eq(redact_suspects(redactor, &line, 1, room), UINT64_MAX);
    ck_assert_uint_eq(redact_suspects(NULL, &line, 1, room), UINT64_MAX);
    redactor_free(redactor);
    rig_free(rig);
}

TEST(redact, where_the_gate_sees_words_alone_their_values_are_hidden_all_the_same)
{
    static const char *const parts[] = { "password", "token", "pass", "Secret", "=",
                                         ":",        " ",     "\"",   "'",      "x1",
                                         " = ",      "=>",    ":=",   "\\\"",   "s",
                                         "12:30:01", "a=b",   "-",    "cookie", ",",
                                         "PWD",      "/x" };
    struct rig *rig = rig_create();
    struct rng rng;
    const struct conf_texts none = { 0 };
    struct redactor *redactor = redactor_compile(&none, true, &rig->complaints);
    struct buf text = buf_make(1000);
    rng_seed(&rng, 9);
    for (int i = 0; i < 20000; i++) {
        buf_clear(&text);
        for (uint64_t k = rng_next(&rng) % 24; k > 0; k--)
            buf_puts(&text, parts[rng_next(&rng) % (sizeof parts / sizeof *parts)]);
        check_same(rig, redactor, buf_slice(&text));
    }
    buf_free(&text);
    redactor_free(redactor);
    rig_free(rig);
}

/** Does a secret behind @word, or in front of what stands behind it, go? */
static bool is_hidden_behind(struct rig *rig, const char *word)
{
    static const char *const forms[] = { "=hunter2", "0123456789abcdefghij",
                                         "bob:hunter2@host", "PRIVATE KEY-----abc" };
    bool is_hidden = false;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char *text = arena_printf(&rig->arena, "x %s%s", word, forms[i]);
        is_hidden |= strcmp(hide(rig, text), text) != 0;
    }
    return is_hidden;
}

static void check_literal(struct rig *rig, const struct literal *literal)
{
    char word[LITERAL_BYTES + 1] = { 0 };
    memcpy(word, literal->bytes, literal->len);
    bool is_hidden = is_hidden_behind(rig, word);
    for (size_t k = 0; k < literal->len; k++)
        word[k] = (char)(word[k] - (literal->nocase >> k & 1 ? 0x20 : 0));
    ck_assert_msg(is_hidden || is_hidden_behind(rig, word), "%s", word);
}

TEST(redact, each_word_and_each_beginning_that_is_known_hides_something)
{
    struct rig *rig = rig_create();
    size_t count = 0;
    for (enum redact_kind kind = 0; kind < REDACT_KINDS; kind++) {
        struct literals literals = redact_literals(kind, &rig->arena);
        for (size_t i = 0; i < literals.count; i++, count++)
            check_literal(rig, &literals.items[i]);
    }
    ck_assert_uint_gt(count, 35);
    rig_free(rig);
}

TEST(redact, the_shortest_secrets_are_not_taken_for_harmless)
{
    struct rig *rig = rig_create();
    const struct conf_texts none = { 0 };
    struct redactor *redactor = redactor_compile(&none, true, &rig->complaints);
    static const char *const texts[] = {
        "Bearer abcdefgh",      "pwd=x", "pass:y", "a://b:c@d",
        "token => z",           "eyJ",   "",       "sk-0123456789abcdef",
        "AKIA0123456789ABCDEF", "secret"
    };
    size_t hidden = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_same(rig, redactor, slice_of(texts[i]));
        hidden += strcmp(hide(rig, texts[i]), texts[i]) != 0;
    }
    ck_assert_uint_eq(hidden, 7);
    redactor_free(redactor);
    rig_free(rig);
}

TEST(redact, patterns_behind_the_gate_find_what_they_find_alone)
{
    struct rig *rig = rig_create();
    struct conf_text items[] = { { SLICE("card (?<secret>[0-9]{4})"), NULL },
                                 { SLICE("[A-Z]{2}[0-9]{6}"), NULL } };
    const struct conf_texts patterns = { items, 2 };
    struct redactor *redactor = redactor_compile(&patterns, false, &rig->complaints);
    struct slice out =
        redact_text(redactor, SLICE("card 1234 of AB123456, password=x"), &rig->arena);
    ck_assert_slice(out, "card [redacted] of [redacted], password=x");
    redactor_free(redactor);
    rig_free(rig);
}
