/** Mails as a whole: their headers, threads, wording, bounds, and what cannot get
 *  in. */
#include <inttypes.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/utf8.h"
#include "html_check.h"
#include "mail_case.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static bool says(const struct buf *part, const char *text)
{
    return slice_find(buf_slice(part), slice_of(text)) != SIZE_MAX;
}

/** Do both parts of the mail say @text, which needs no escaping? */
static bool both_say(const struct read_mail *mail, const char *text)
{
    return says(&mail->text, text) && says(&mail->html, text);
}

static bool is_clean(struct slice text)
{
    while (text.len > 0) {
        uint32_t code;
        size_t len = utf8_next(text, &code);
        if (len == 0 || (code < 0x20 && code != '\n') ||
            (code >= 0x7F && code < 0xA0) || utf8_is_hidden(code))
            return false;
        text.ptr += len;
        text.len -= len;
    }
    return true;
}

/** Read it and check what holds for every mail. */
static struct read_mail *read_checked(struct mail_case *c)
{
    struct read_mail *mail = mail_case_read(c);
    ck_assert(is_clean(buf_slice(&mail->text)));
    ck_assert(is_clean(buf_slice(&mail->html)));
    ck_assert_uint_lt(mail->html.len, LIMIT_MAIL_HTML_BYTES);
    ck_assert_uint_le(mail->text.len, LIMIT_MAIL_TEXT_BYTES);
    check_html(buf_slice(&mail->html));
    return mail;
}

static void expect_headers(const struct read_mail *mail, const char *const *names)
{
    size_t count = 0;
    for (; names[count]; count++) {
        ck_assert_msg(count < mail->header_count, "no %s", names[count]);
        ck_assert_str_eq(mail->headers[count].name, names[count]);
    }
    ck_assert_uint_eq(count, mail->header_count);
}

TEST(compose, S23_the_first_mail_has_exactly_these_headers)
{
    static const char *const names[] = { "Date",
                                         "From",
                                         "To",
                                         "Subject",
                                         "Message-ID",
                                         "Auto-Submitted",
                                         "X-Auto-Response-Suppress",
                                         "Precedence",
                                         "List-Id",
                                         "X-Tocsin-Rule",
                                         "X-Tocsin-Route",
                                         "X-Tocsin-Severity",
                                         "X-Tocsin-Reason",
                                         "X-Tocsin-New-Count",
                                         "X-Tocsin-Total-Count",
                                         "X-Tocsin-Line-Hash-Sum",
                                         "MIME-Version",
                                         "Content-Type",
                                         NULL };
    struct read_mail *mail = read_checked(mail_case_make());
    expect_headers(mail, names);
    ck_assert_str_eq(mail_header(mail, "Date"), "Mon, 23 Nov 2026 05:17:51 +0000");
    ck_assert_str_eq(mail_header(mail, "From"),
                     "\"tocsin on web1\" <alerts@example.com>");
    ck_assert_str_eq(mail_header(mail, "To"), "ops@example.com, lead@example.com");
    ck_assert_str_eq(mail_header(mail, "Subject"), "[tocsin web1] db-down on web1");
    ck_assert_str_eq(mail_header(mail, "Auto-Submitted"), "auto-generated");
    ck_assert_str_eq(mail_header(mail, "List-Id"), "<oncall.web1.tocsin>");
    ck_assert_str_eq(mail_header(mail, "X-Tocsin-Rule"), "db-down");
    ck_assert_str_eq(mail_header(mail, "X-Tocsin-New-Count"), "37");
    ck_assert_str_eq(mail_header(mail, "X-Tocsin-Total-Count"), "37");
    ck_assert_str_eq(mail_header(mail, "X-Tocsin-Line-Hash-Sum"), "00c0ffee12345678");
}

TEST(compose, later_mails_name_the_first_and_keep_its_subject)
{
    struct mail_case *c = mail_case_make();
    struct read_mail *first = read_checked(c);
    ck_assert(!mail_has_header(first, "References"));
    c->notice.severity = c->alerts[0].severity = SEVERITY_INFO;
    c->notice.new_count = 9;
    for (uint32_t number = 1; number < 4; number++) {
        c->notice.mail_number = number;
        c->notice.reason = number == 3 ? NOTICE_RESOLVED : NOTICE_REPEAT;
        struct read_mail *next = read_checked(c);
        const char *id = mail_header(first, "Message-ID");
        ck_assert_str_eq(mail_header(next, "References"), id);
        ck_assert_str_eq(mail_header(next, "In-Reply-To"), id);
        ck_assert_str_ne(mail_header(next, "Message-ID"), id);
        ck_assert_str_eq(mail_header(next, "Subject"), mail_header(first, "Subject"));
    }
}

TEST(compose, what_began_critical_says_so_in_the_subject_of_all_its_mails)
{
    struct mail_case *c = mail_case_make();
    c->notice.names_urgency = true;
    c->notice.urgency = SEVERITY_CRITICAL;
    for (uint32_t number = 0; number < 2; number++) {
        c->notice.mail_number = number;
        c->notice.severity = number == 0 ? SEVERITY_CRITICAL : SEVERITY_INFO;
        ck_assert_str_eq(mail_header(read_checked(c), "Subject"),
                         "[tocsin web1] CRITICAL: db-down on web1");
    }
}

TEST(compose, the_same_notice_gives_the_same_bytes)
{
    struct mail_case *c = mail_case_make();
    struct message a = compose_message(&c->notice, &c->profile, c->now, &c->arena);
    struct message b = compose_message(&c->notice, &c->profile, c->now, &c->arena);
    ck_assert(slice_equal(a.bytes, b.bytes));
}

TEST(compose, two_outputs_have_two_message_ids)
{
    struct mail_case *c = mail_case_make();
    struct message a = compose_message(&c->notice, &c->profile, c->now, &c->arena);
    c->profile.output = SLICE("oncall");
    struct message b = compose_message(&c->notice, &c->profile, c->now, &c->arena);
    ck_assert(!slice_equal(a.message_id, b.message_id));
}

TEST(compose, the_message_knows_what_the_mail_says)
{
    struct mail_case *c = mail_case_make();
    struct message message =
        compose_message(&c->notice, &c->profile, c->now, &c->arena);
    struct read_mail *mail = mail_read(message.bytes);
    ck_assert_slice(message.message_id, mail_header(mail, "Message-ID"));
    ck_assert_slice(message.subject, mail_header(mail, "Subject"));
    ck_assert_slice(message.from, "alerts@example.com");
    ck_assert_uint_eq(message.recipient_count, 2);
    ck_assert_slice(message.reason, "first");
    ck_assert_uint_eq(message.event_count, 37);
}

TEST(compose, critical_mails_go_first_and_digests_last)
{
    static const struct {
        enum notice_reason reason;
        enum severity severity;
        int priority;
    } rows[] = {
        { NOTICE_FIRST, SEVERITY_CRITICAL, PRIORITY_CRITICAL },
        { NOTICE_NEW, SEVERITY_CRITICAL, PRIORITY_CRITICAL },
        { NOTICE_REPEAT, SEVERITY_CRITICAL, PRIORITY_CRITICAL },
        { NOTICE_RESOLVED, SEVERITY_CRITICAL, PRIORITY_NORMAL },
        { NOTICE_FIRST, SEVERITY_WARNING, PRIORITY_NORMAL },
        { NOTICE_SHUTDOWN, SEVERITY_INFO, PRIORITY_NORMAL },
        { NOTICE_DIGEST, SEVERITY_CRITICAL, PRIORITY_DIGEST },
        { NOTICE_HELD, SEVERITY_CRITICAL, PRIORITY_DIGEST },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct mail_case *c = mail_case_make();
        c->notice.reason = rows[i].reason;
        c->notice.severity = rows[i].severity;
        struct message mail =
            compose_message(&c->notice, &c->profile, c->now, &c->arena);
        ck_assert_int_eq(mail.priority, rows[i].priority);
    }
}

TEST(compose, both_parts_say_what_how_often_when_and_where)
{
    struct read_mail *mail = read_checked(mail_case_make());
    static const char *const facts[] = {
        "CRITICAL",
        "db1: connection refused - seen 37 times in 5m",
        "First mail about this.",
        "2026-11-23 05:12:41 +0000",
        "2026-11-23 05:17:41 +0000 (5m later, 10s before this mail)",
        "host=web1, rule=db-down",
        "ERROR db1:5432 connection refused",
        "/var/log/app.log at byte 4096",
        "FATAL no database left",
        "35 further lines not shown",
        "route oncall, output ops",
        "tail -c +4197 /var/log/app.log | less",
    };
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        ck_assert_msg(both_say(mail, facts[i]), "'%s' is missing", facts[i]);
    ck_assert(slice_starts(buf_slice(&mail->text), SLICE("CRITICAL  db1: connection")));
}

TEST(compose, the_hidden_first_text_of_the_html_is_the_headline)
{
    struct read_mail *mail = read_checked(mail_case_make());
    ck_assert(says(&mail->html,
                   "<body style=\"margin:0;padding:0\">\n"
                   "<div style=\"display:none;max-height:0;overflow:hidden;"
                   "mso-hide:all\">CRITICAL db1: connection refused - "
                   "seen 37 times in 5m. First mail about this.</div>"));
}

TEST(compose, the_reason_for_a_mail_stands_in_words)
{
    static const struct {
        enum notice_reason reason;
        bool is_firing, is_new;
        uint64_t new_count, held;
        const char *words;
    } rows[] = {
        { NOTICE_FIRST, true, true, 37, 0, "First mail about this." },
        { NOTICE_NEW, true, true, 12, 0, "1 new alert joined since the last mail." },
        { NOTICE_NEW, true, false, 12, 0, "It went on: 12 more times since the last" },
        { NOTICE_RESOLVED, false, false, 0, 0, "Quiet for 10s: this closes it." },
        { NOTICE_REPEAT, true, false, 12, 0, "Still going on after 5m 10s." },
        { NOTICE_REPEAT, true, false, 0, 0, "but nothing new since the last mail." },
        { NOTICE_DIGEST, true, false, 37, 0,
          "The digest is due, covering the time since 05:12:41." },
        { NOTICE_HELD, true, false, 37, 6,
          "6 mails were held back by the limit of route oncall" },
        { NOTICE_FIRST, true, true, 37, 1,
          "1 mail was held back by the limit of route oncall" },
        { NOTICE_SHUTDOWN, true, true, 37, 0, "this was still open." },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct mail_case *c = mail_case_make();
        c->notice.reason = rows[i].reason;
        c->notice.mail_number = rows[i].reason != NOTICE_FIRST;
        c->notice.held_mails = rows[i].held;
        c->notice.new_count = c->alerts[0].new_count = rows[i].new_count;
        c->alerts[0].is_firing = rows[i].is_firing;
        c->alerts[0].is_new = rows[i].is_new;
        struct read_mail *mail = read_checked(c);
        ck_assert_msg(both_say(mail, rows[i].words), "row %zu:\n%s", i, mail->text.ptr);
        ck_assert_str_eq(mail_header(mail, "X-Tocsin-Reason"),
                         notice_reason_name(rows[i].reason));
    }
}

TEST(compose, what_is_over_is_called_resolved)
{
    struct mail_case *c = mail_case_make();
    c->notice.reason = NOTICE_RESOLVED;
    c->notice.mail_number = 3;
    c->alerts[0].is_firing = false;
    struct read_mail *mail = read_checked(c);
    ck_assert(slice_starts(buf_slice(&mail->text), SLICE("RESOLVED  ")));
    ck_assert(!says(&mail->html, "CRITICAL"));
    mail_case_multiply(c, 2);
    c->alerts[0].is_firing = true;
    mail = read_checked(c);
    ck_assert(slice_starts(buf_slice(&mail->text), SLICE("CRITICAL  ")));
    ck_assert(both_say(mail, "1 of 2 alerts are quiet again, the rest goes on."));
}

TEST(compose, sightings_since_the_last_mail_are_told_apart_from_all)
{
    struct mail_case *c = mail_case_make();
    c->notice.reason = NOTICE_REPEAT;
    c->notice.mail_number = 2;
    c->alerts[0].is_new = false;
    c->notice.new_count = c->alerts[0].new_count = 12;
    struct read_mail *mail = read_checked(c);
    ck_assert(both_say(mail, "seen 37 times in 5m (12 since the last mail)"));
    ck_assert(both_say(mail, "12 times since the last mail, 37 times in all"));
    ck_assert(both_say(mail, "10 further lines not shown"));
}

TEST(compose, an_empty_digest_says_that_nothing_was_seen)
{
    struct mail_case *c = mail_case_make();
    c->notice.reason = NOTICE_DIGEST;
    c->notice.severity = SEVERITY_INFO;
    c->notice.alert_count = 0;
    c->notice.new_count = 0;
    ck_assert(both_say(read_checked(c), "Digest of route oncall - nothing was seen"));
}

TEST(compose, a_summary_that_is_missing_is_replaced_by_the_rule)
{
    struct mail_case *c = mail_case_make();
    c->alerts[0].summary = SLICE("");
    ck_assert(both_say(read_checked(c), "db-down - seen 37 times"));
}

TEST(compose, times_are_written_in_the_zone_of_the_output)
{
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) != 0)
        SKIP_TEST("no tzdata in /usr/share/zoneinfo");
    struct err err;
    struct mail_case *c = mail_case_make();
    zone_free(c->zone);
    c->profile.zone = c->zone = zone_load(SLICE("Europe/Berlin"), &err);
    struct read_mail *mail = read_checked(c);
    ck_assert_str_eq(mail_header(mail, "Date"), "Mon, 23 Nov 2026 06:17:51 +0100");
    ck_assert(both_say(mail, "2026-11-23 06:12:41 +0100"));
    /* In summer, over the change, with its own offset. */
    c->alerts[0].first_unix_ms = INT64_C(1782900000000);
    ck_assert(both_say(read_checked(c), "2026-07-01 12:00:00 +0200"));
}

TEST(compose, only_http_and_https_become_links)
{
    static const struct {
        const char *url;
        bool is_link;
    } rows[] = {
        { "https://wiki.example.com/a?b=c&d=e#f", true },
        { "http://wiki/", true },
        { "javascript:alert(1)", false },
        { " https://x/", false },
        { "HTTPS://x/", false },
        { "data:text/html,x", false },
        { "https://", false },
        { "https:///x", false },
        { "https://good.example@evil.example/", false },
        { "https://x/\" onclick=\"alert(1)", false },
        { "https://x/'", false },
        { "https://x/<b>", false },
        { "https://x/\nhttps://y/", false },
        { "https://x/\xE2\x80\xAE", false },
        { "see the wiki", false },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct mail_case *c = mail_case_make();
        c->alerts[0].runbook = slice_of(rows[i].url);
        struct read_mail *mail = read_checked(c);
        ck_assert_msg(says(&mail->html, "<a href=") == rows[i].is_link, "'%s'",
                      rows[i].url);
        ck_assert(says(&mail->text, "Runbook: "));
    }
}

static const struct slice hostile[] = {
    BYTES("a\r\nBcc: victim@example.com\r\n\r\nINJECT"),
    BYTES("a\nBcc: INJECT"),
    BYTES("INJECT\0nul"),
    BYTES("\x1B]0;INJECT\x07\x1B[2J"),
    BYTES("\xE2\x80\xAEINJECT\xE2\x81\xA6\xE2\x80\x8B"),
    BYTES("INJECT\xFF\xC0\x80\xED\xA0\x80\xF8"),
    BYTES("\r\n--=_0123456789abcdef--\r\nINJECT"),
    BYTES("<script>INJECT</script>"),
    BYTES("</td></table><img src=x onerror=INJECT>"),
    BYTES("'\"><a href=\"javascript:INJECT\">"),
    BYTES("&lt;INJECT&#x3C;"),
    BYTES("=?UTF-8?Q?=0D=0ABcc=3A?= INJECT"),
    BYTES("=?utf-8?B?QmNjOg==?=INJECT"),
    BYTES("{{summary}} %s %n ${HOME} `INJECT`"),
    BYTES("\xF0\x9F\x94\xA5\xF0\x9F\x94\xA5 INJECT \xE6\x97\xA5\xE6\x9C\xAC"),
    BYTES(".\r\nQUIT\r\nINJECT"),
    BYTES("From INJECT"),
};

/** No line of the text part that holds what came from outside can pose as one of ours:
 *  it is indented, quoted, or begins with the severity that we put there. */
static void check_indents(struct slice text)
{
    struct slice line;
    while (slice_next(&text, '\n', &line)) {
        if (slice_find(line, SLICE("INJECT")) == SIZE_MAX)
            continue;
        ck_assert_msg(slice_starts(line, SLICE("  ")) ||
                          slice_starts(line, SLICE("CRITICAL  ")) ||
                          slice_starts(line, SLICE("tocsin on ")),
                      "a line of the log stands alone: '%.*s'", SLICE_ARG(line));
    }
}

TEST(compose, L66_L67_L68_hostile_bytes_in_every_field_stay_inert_content)
{
    for (size_t i = 0; i < COUNT_OF(hostile); i++) {
        struct mail_case *c = mail_case_make();
        c->notice.title = c->alerts[0].summary = c->alerts[0].description = hostile[i];
        c->alerts[0].runbook = hostile[i];
        c->notice.route = c->profile.from_name = hostile[i];
        mail_case_label(c, 0, "rule", hostile[i]);
        mail_case_label(c, 0, "user", hostile[i]);
        mail_case_samples(c, &hostile[i], 1);
        ((struct sample *)c->alerts[0].samples)[0].path = hostile[i];
        struct read_mail *mail = read_checked(c);
        ck_assert_uint_le(mail->header_count, 18);
        ck_assert(!mail_has_header(mail, "Bcc"));
        ck_assert(!mail_has_header(mail, "X-Tocsin-Rule"));
        ck_assert_str_eq(mail_header(mail, "To"), "ops@example.com, lead@example.com");
        ck_assert(strstr(mail_header(mail, "Subject"), "INJECT"));
        ck_assert(says(&mail->text, "INJECT") && says(&mail->html, "INJECT"));
        ck_assert(!says(&mail->text, "tail -c"));
        check_indents(buf_slice(&mail->text));
    }
}

TEST(compose, a_path_that_a_shell_could_misread_gives_no_command)
{
    static const char *const paths[] = { "/var/log/$(id).log",
                                         "/var/log/a b",
                                         "/a;b",
                                         "/a'b",
                                         "-rf",
                                         "<stdin>",
                                         "",
                                         "/a\nb",
                                         "/a|b" };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct mail_case *c = mail_case_make();
        for (size_t s = 0; s < c->alerts[0].sample_count; s++)
            ((struct sample *)c->alerts[0].samples)[s].path = slice_of(paths[i]);
        ck_assert(!says(&read_checked(c)->text, "tail -c"));
    }
}

TEST(compose, a_line_of_100_kb_is_cut_and_said_to_be)
{
    struct mail_case *c = mail_case_make();
    for (int kind = 0; kind < 3; kind++) {
        static char line[100 * 1024];
        memset(line, "x\xFF&"[kind], sizeof line);
        struct slice lines[] = { { line, sizeof line }, { line, sizeof line } };
        mail_case_samples(c, lines, 2);
        struct read_mail *mail = read_checked(c);
        ck_assert(both_say(mail, " [cut]"));
        ck_assert_uint_lt(mail->text.len, 8 * 1024);
    }
}

TEST(compose, a_cut_leaves_whole_characters)
{
    struct mail_case *c = mail_case_make();
    char line[4096];
    for (size_t shift = 0; shift < 4; shift++) {
        memset(line, 'x', shift);
        for (size_t i = shift; i + 4 <= sizeof line; i += 4)
            memcpy(line + i, "\xF0\x9F\x94\xA5", 4);
        struct slice lines[] = { { line, 4000 } };
        mail_case_samples(c, lines, 1);
        struct read_mail *mail = read_checked(c);
        ck_assert(!says(&mail->text, "\\x"));
        ck_assert(says(&mail->text, "\xF0\x9F\x94\xA5 [cut]"));
    }
}

/** The number before @words in @text. */
static uint64_t number_before(const char *text, const char *words)
{
    int64_t number = -1;
    const char *at = strstr(text, words), *end = at;
    ck_assert_msg(at != NULL, "no '%s'", words);
    while (at > text && at[-1] >= '0' && at[-1] <= '9')
        at--;
    ck_assert(slice_to_int(slice_make(at, (size_t)(end - at)), &number));
    return (uint64_t)number;
}

TEST(compose, of_1000_alerts_all_are_shown_or_counted)
{
    struct mail_case *c = mail_case_make();
    mail_case_multiply(c, 1000);
    for (size_t i = 0; i < 1000; i++)
        c->alerts[i].severity = i < 3 ? SEVERITY_CRITICAL : SEVERITY_WARNING;
    struct read_mail *mail = read_checked(c);
    uint64_t left = number_before(mail->text.ptr, " further alerts (");
    size_t shown = 0;
    for (size_t i = 0; i < 1000; i++) {
        char summary[64];
        snprintf(summary, sizeof summary, "disk sd%zu: I/O error", i);
        shown += says(&mail->text, summary);
    }
    ck_assert_uint_eq(shown + left, 1000);
    ck_assert_uint_gt(shown, 50);
    ck_assert_uint_eq(number_before(mail->html.ptr, " further alerts ("), left);
    char words[64];
    snprintf(words, sizeof words, "%" PRIu64 " WARNING), seen %" PRIu64 " times", left,
             left * 37);
    ck_assert_msg(both_say(mail, words), "%s", words);
    ck_assert(both_say(mail, "1000 alerts, seen 37000 times"));
}

TEST(compose, what_did_not_fit_into_the_group_is_said)
{
    struct mail_case *c = mail_case_make();
    c->notice.left_out_alerts = 12;
    c->notice.left_out_count = 99;
    ck_assert(both_say(read_checked(c),
                       "12 more alerts, seen 99 times, did not fit into "
                       "this group and could only be counted."));
}

TEST(compose, the_longest_and_worst_mail_stays_within_its_bounds)
{
    static const char worst[] = "&\"'<\xFF\xF0";
    for (size_t kind = 0; kind < sizeof worst - 1; kind++) {
        struct mail_case *c = mail_case_make();
        static char bytes[LIMIT_DESCRIPTION_BYTES];
        memset(bytes, worst[kind], sizeof bytes);
        struct slice lines[LIMIT_SAMPLES];
        for (size_t i = 0; i < LIMIT_SAMPLES; i++)
            lines[i] = slice_make(bytes, LIMIT_SAMPLE_BYTES);
        mail_case_samples(c, lines, LIMIT_SAMPLES);
        for (size_t i = 0; i < LIMIT_SAMPLES; i++)
            ((struct sample *)c->alerts[0].samples)[i].path = slice_make(bytes, 4095);
        for (size_t i = 0; i < LIMIT_LABELS - 3; i++)
            mail_case_label(c, 0, arena_printf(&c->arena, "label%zu", i),
                            slice_make(bytes, LIMIT_LABEL_BYTES));
        c->alerts[0].description = slice_make(bytes, sizeof bytes);
        c->alerts[0].runbook = slice_make(bytes, 4000);
        c->notice.title = c->notice.route = slice_make(bytes, 4000);
        c->profile.output = c->profile.host = slice_make(bytes, 200);
        c->alerts[0].summary = slice_make(bytes, LIMIT_SUMMARY_BYTES);
        c->notice.left_out_alerts = c->notice.left_out_count = UINT64_MAX;
        ck_assert(says(&read_checked(c)->html, "Labels"));
        struct notice_alert one = c->alerts[0];
        c->alerts = arena_zalloc(&c->arena, 1000 * sizeof one);
        for (size_t i = 0; i < 1000; i++)
            c->alerts[i] = one;
        c->notice.alerts = c->alerts;
        c->notice.alert_count = 1000;
        read_checked(c);
    }
}

TEST(compose, a_mail_to_a_maildir_needs_no_recipient)
{
    struct mail_case *c = mail_case_make();
    c->profile.to_count = 0;
    ck_assert_str_eq(mail_header(read_checked(c), "To"), "undisclosed-recipients:;");
}

TEST(compose, the_first_mail_of_a_thread_is_not_called_the_first_when_one_told_of_it)
{
    struct mail_case *c = mail_case_make();
    c->notice.told_unix_ms = c->now.unix_ms - 4 * MINUTE_MS;
    struct read_mail *mail = read_checked(c);
    ck_assert(both_say(mail, "It is back, 4m after the last mail about it."));
    c = mail_case_make();
    c->notice.reason = NOTICE_NEW;
    c->notice.is_told = true;
    mail = read_checked(c);
    ck_assert(both_say(mail, "1 new alert joined since the last mail."));
}
