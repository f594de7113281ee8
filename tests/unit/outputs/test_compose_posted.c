/** Mails about alerts that were posted. */
#include "html_check.h"
#include "mail_case.h"

static bool says(const struct buf *part, const char *text)
{
    return slice_find(buf_slice(part), slice_of(text)) != SIZE_MAX;
}

static struct read_mail *read_checked(struct mail_case *c)
{
    struct read_mail *mail = mail_case_read(c);
    check_html(buf_slice(&mail->html));
    return mail;
}

static const struct slice hostile[] = {
    BYTES("a\r\nBcc: victim@example.com\r\n\r\nINJECT"),
    BYTES("INJECT\0nul"),
    BYTES("\x1B]0;INJECT\x07\x1B[2J"),
    BYTES("\xE2\x80\xAEINJECT"),
    BYTES("\xEF\xBF\xBDINJECT\xFF"),
    BYTES("<script>INJECT</script>"),
    BYTES("=?UTF-8?Q?=0D=0ABcc=3A?= INJECT"),
    BYTES(".\r\nQUIT\r\nINJECT"),
};

/** No line of the text part that holds what was posted can pose as one of ours. */
static void check_indents(struct slice text)
{
    struct slice line;
    while (slice_next(&text, '\n', &line)) {
        if (slice_find(line, SLICE("INJECT")) != SIZE_MAX)
            ck_assert_msg(slice_starts(line, SLICE("  ")) ||
                              slice_starts(line, SLICE("CRITICAL  ")),
                          "'%.*s'", SLICE_ARG(line));
    }
}

TEST(compose, H20_nothing_that_was_posted_becomes_a_header_or_a_line_of_ours)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct mail_case *c = mail_case_make();
        c->alerts[0].is_posted = true;
        c->alerts[0].sample_count = 0;
        c->notice.title = c->alerts[0].summary = c->alerts[0].description = hostile[i];
        mail_case_label(c, 0, "rule", hostile[i]);
        mail_case_label(c, 0, "alertname", hostile[i]);
        mail_case_label(c, 0, "to", hostile[i]);
        struct read_mail *mail = read_checked(c);
        ck_assert_uint_le(mail->header_count, 18);
        ck_assert(!mail_has_header(mail, "Bcc"));
        ck_assert_str_eq(mail_header(mail, "To"), "ops@example.com, lead@example.com");
        ck_assert(strstr(mail_header(mail, "Subject"), "INJECT"));
        check_indents(buf_slice(&mail->text));
    }
}

TEST(compose, H22_of_the_links_that_were_posted_only_http_and_https_are_links)
{
    struct mail_case *c = mail_case_make();
    c->alerts[0].links = SLICE("Good https://good.example/?a=1&b=%22\n"
                               "<b>Odd</b> http://odd.example/\n"
                               "Bad javascript:alert(1)\n"
                               "Bad https://x/\" onclick=\"alert(1)\n"
                               "Bad https://good.example@evil.example/\n"
                               "nothing\n\n");
    struct read_mail *mail = read_checked(c);
    ck_assert(says(&mail->html, "<a href=\"https://good.example/?a=1&amp;b=%22\""));
    ck_assert(says(&mail->html, "&lt;b&gt;Odd"));
    ck_assert(says(&mail->text, "Good: https://good.example/?a=1&b=%22"));
    ck_assert(!says(&mail->html, "Bad") && !says(&mail->text, "Bad"));
    ck_assert(!says(&mail->html, "<b>Odd"));
}

/** A posted alert: no line of a log, and its own times. */
static struct mail_case *make_posted(void)
{
    struct mail_case *c = mail_case_make();
    c->alerts[0].is_posted = true;
    c->alerts[0].sample_count = 0;
    c->alerts[0].summary = SLICE("web1 is down");
    c->alerts[0].total_count = c->alerts[0].new_count = c->notice.new_count = 1;
    c->alerts[0].first_unix_ms = c->now.unix_ms - 10 * MINUTE_MS;
    c->alerts[0].last_unix_ms = c->now.unix_ms;
    return c;
}

TEST(compose, a_posted_alert_says_since_when_and_not_how_often)
{
    struct read_mail *mail = read_checked(make_posted());
    ck_assert(says(&mail->text, "CRITICAL  web1 is down - since 0"));
    ck_assert(says(&mail->text, "  Began   "));
    ck_assert(!says(&mail->text, "Ended") && !says(&mail->text, "Seen"));
    ck_assert(!says(&mail->text, "First   "));
    struct mail_case *again = make_posted();
    again->alerts[0].total_count = 3;
    ck_assert(says(&read_checked(again)->text, "  Seen    "));
}

TEST(compose, of_a_posted_alert_only_labels_that_say_something_are_shown)
{
    struct mail_case *c = make_posted();
    mail_case_label(c, 0, "rule", c->alerts[0].summary);
    mail_case_label(c, 0, "host", c->profile.host);
    mail_case_label(c, 0, "instance", SLICE("db1:9100"));
    struct read_mail *mail = read_checked(c);
    ck_assert(says(&mail->text, "instance=db1:9100"));
    ck_assert(!says(&mail->text, "rule=") && !says(&mail->text, "host="));
    ck_assert(!says(&mail->html, "host="));
    mail_case_label(c, 0, "rule", SLICE("Down"));
    mail_case_label(c, 0, "host", SLICE("db1"));
    mail = read_checked(c);
    ck_assert(says(&mail->text, "rule=Down") && says(&mail->text, "host=db1"));
}

TEST(compose, a_posted_alert_that_is_over_says_for_how_long_it_was)
{
    struct mail_case *c = make_posted();
    c->notice.reason = NOTICE_RESOLVED;
    c->notice.mail_number = 1;
    c->alerts[0].new_count = c->notice.new_count = 0;
    c->alerts[0].is_firing = c->alerts[0].is_new = false;
    c->alerts[0].ended_unix_ms = c->now.unix_ms - MINUTE_MS;
    struct read_mail *mail = read_checked(c);
    ck_assert(says(&mail->text, "RESOLVED  web1 is down - over after 9m\n"));
    ck_assert(says(&mail->text, "It was reported as over"));
    ck_assert(says(&mail->text, "  Ended   "));
    c->alerts[0].ended_unix_ms = 0;
    ck_assert(says(&read_checked(c)->text, "Nothing more was heard of it"));
}
