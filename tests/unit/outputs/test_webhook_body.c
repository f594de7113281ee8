/** A mail as JSON: read back by the parser that is there for strangers. */
#include "outputs/webhook_body.h"

#include "agent/base/json.h"
#include "agent/base/limits.h"
#include "agent/base/rng.h"

#include "test.h"

struct posted {
    struct buf json;
    struct arena arena;
    const struct json *root;
};

static void make(struct posted *posted, struct slice mail, bool text_only)
{
    *posted = (struct posted){ .json = buf_make(8 * LIMIT_MAIL_BYTES) };
    webhook_body_put(&posted->json, mail, text_only);
    ck_assert(!posted->json.overflowed);
    struct json_result result = json_parse(buf_slice(&posted->json), &posted->arena);
    ck_assert_msg(result.root != NULL, "%s in %s", result.fault, posted->json.ptr);
    ck_assert_uint_eq(result.repaired_count, 0);
    posted->root = result.root;
}

static void clear(struct posted *posted)
{
    arena_free(&posted->arena);
    buf_free(&posted->json);
}

static void must_say(const struct posted *posted, const char *name, const char *text)
{
    const struct json *value = json_find(posted->root, slice_of(name));
    ck_assert_msg(value != NULL, "no '%s'", name);
    ck_assert_msg(slice_equal(value->text, slice_of(text)), "%s: '%.*s'", name,
                  SLICE_ARG(value->text));
}

static const char usual[] =
    "Date: Fri, 27 Nov 2026 08:00:00 +0000\r\nFrom: tocsin@web1\r\n"
    "Subject: =?UTF-8?Q?[tocsin_web1]_caf=C3=A9_is_full?=\r\n"
    "Message-ID: <abc.0.def@web1>\r\nX-Tocsin-Rule: disk\r\nX-Tocsin-Route: 1\r\n"
    "X-Tocsin-Severity: critical\r\nX-Tocsin-Reason: first\r\n"
    "X-Tocsin-New-Count: 3\r\nX-Tocsin-Total-Count: 17\r\n"
    "Content-Type: multipart/alternative; boundary=\"=_1\"\r\n\r\n"
    "--=_1\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    "one \"line\"\r\nand =C3=A4nother\r\n\r\n"
    "--=_1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<b>no</b>\r\n--=_1--\r\n";

TEST(webhook_body, the_fields_are_those_of_the_mail)
{
    struct posted posted;
    make(&posted, slice_of(usual), false);
    must_say(&posted, "title", "[tocsin web1] caf\u00e9 is full");
    must_say(&posted, "body", "one \"line\"\nand \u00e4nother");
    must_say(
        &posted, "text",
        "[tocsin web1] caf\u00e9 is full\n```\none \"line\"\nand \u00e4nother\n```");
    must_say(&posted, "severity", "critical");
    must_say(&posted, "reason", "first");
    must_say(&posted, "rule", "disk");
    must_say(&posted, "route", "1");
    must_say(&posted, "host", "web1");
    must_say(&posted, "id", "<abc.0.def@web1>");
    must_say(&posted, "date", "Fri, 27 Nov 2026 08:00:00 +0000");
    must_say(&posted, "new_count", "3");
    must_say(&posted, "total_count", "17");
    must_say(&posted, "source", "tocsin");
    clear(&posted);
}

TEST(webhook_body, text_only_is_text_alone)
{
    struct posted posted;
    make(&posted, slice_of(usual), true);
    ck_assert_ptr_eq(posted.root->first->next, NULL);
    ck_assert(slice_equal(posted.root->first->name, SLICE("text")));
    clear(&posted);
}

/* Who writes into a log must not call a whole channel, hide an address behind other
 * words, or leave the block of code. */
TEST(webhook_body, nothing_of_a_log_has_a_meaning_in_a_chat)
{
    struct posted posted;
    make(&posted,
         SLICE("Subject: @all [press](http://evil/)\r\n\r\n<!channel> <http://e|x> "
               "``` @here me@x.org (@you)\r\n"),
         false);
    must_say(&posted, "text",
             "\uff20all [press] (http://evil/)\n```\n\u2039!channel\u203a "
             "\u2039http://e|x\u203a ''' \uff20here me@x.org (\uff20you)\n```");
    must_say(&posted, "body", "<!channel> <http://e|x> ``` @here me@x.org (@you)");
    clear(&posted);
}

TEST(webhook_body, what_text_leaves_out_is_counted)
{
    struct buf mail = buf_make(64 * 1024);
    struct posted posted;
    buf_puts(&mail, "Subject: x\r\n\r\n");
    for (int i = 0; i < WEBHOOK_TEXT_BYTES + 123; i++)
        buf_putc(&mail, 'a');
    make(&posted, buf_slice(&mail), false);
    const struct json *text = json_find(posted.root, SLICE("text"));
    ck_assert(slice_ends(text->text, SLICE("\n```\n(123 more bytes)")));
    ck_assert_uint_eq(json_find(posted.root, SLICE("body"))->text.len,
                      WEBHOOK_TEXT_BYTES + 123);
    clear(&posted);
    buf_free(&mail);
}

TEST(webhook_body, any_bytes_become_json)
{
    struct rng rng;
    char bytes[600];
    rng_seed(&rng, 27);
    for (int round = 0; round < 3000; round++) {
        struct posted posted;
        size_t len = rng_next(&rng) % sizeof bytes;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)rng_next(&rng);
        size_t head = len < 20 ? 0 : sizeof "Subject: " - 1;
        memcpy(bytes, "Subject: ", head);
        make(&posted, slice_make(bytes, len), round % 2 == 0);
        clear(&posted);
    }
}

TEST(webhook_body, the_largest_mail_of_the_worst_bytes_fits)
{
    struct buf mail = buf_make(LIMIT_MAIL_BYTES);
    struct posted posted;
    buf_puts(&mail, "Subject: x\r\n\r\n");
    while (mail.len < LIMIT_MAIL_BYTES)
        buf_putc(&mail, '\x02');
    make(&posted, buf_slice(&mail), false);
    clear(&posted);
    buf_free(&mail);
}
