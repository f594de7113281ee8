/** Rules as people write them. */
#include "test.h"

#include "agent/base/err.h"
#include "agent/sink/script.h"

static const struct script_action *only(struct script *script, const char *rule,
                                        enum script_phase phase)
{
    struct err err;
    script_clear(script);
    ck_assert_msg(script_add(script, slice_of(rule), &err), "%s: %s", rule, err.text);
    return script_judge(script, phase, SLICE("RCPT TO:<bob@example.com>"));
}

TEST(script, each_action_is_read_as_it_is_documented)
{
    struct script script = { 0 };
    const struct script_action *action =
        only(&script, "greeting:hang", SCRIPT_GREETING);
    ck_assert_int_eq(action->act, SCRIPT_HANG);
    action = only(&script, " EHLO:close", SCRIPT_EHLO);
    ck_assert_int_eq(action->act, SCRIPT_CLOSE);
    action = only(&script, "starttls:reset", SCRIPT_STARTTLS);
    ck_assert_int_eq(action->act, SCRIPT_RESET);
    action = only(&script, "auth: slow 10", SCRIPT_AUTH);
    ck_assert_int_eq(action->act, SCRIPT_PASS);
    ck_assert_int_eq(action->slow_bytes, 10);
    action = only(&script, "mail:wait 1500ms", SCRIPT_MAIL);
    ck_assert_int_eq(action->wait_ms, 1500);
    action = only(&script, "rcpt(bob@):close 550 5.1.1 gone", SCRIPT_RCPT);
    ck_assert_int_eq(action->code, 550);
    ck_assert_slice(action->text, "5.1.1 gone");
    ck_assert(action->closes);
    action = only(&script, "dot:take 451 hm", SCRIPT_DOT);
    ck_assert(action->takes);
    ck_assert_int_eq(action->code, 451);
    ck_assert(!action->closes);
    action = only(&script, "connect:raw 3*2\\r\\n\\x00\\\\\\x4g", SCRIPT_CONNECT);
    ck_assert_int_eq(action->act, SCRIPT_RAW);
    ck_assert_int_eq(action->raw_count, 3);
    ck_assert(slice_equal(action->text, SLICE("2\r\n\0\\x4g")));
    action = only(&script, "tls:raw 200 ok", SCRIPT_TLS);
    ck_assert_int_eq(action->raw_count, 1);
    ck_assert_slice(action->text, "200 ok");
    script_clear(&script);
}

TEST(script, the_first_rule_that_fits_decides)
{
    struct script script = { 0 };
    struct err err;
    ck_assert(script_add(&script, SLICE("rcpt(alice@):550 no alice"), &err));
    ck_assert(script_add(&script, SLICE("rcpt:#2+ok"), &err));
    ck_assert(script_add(&script, SLICE("rcpt:450 later"), &err));
    ck_assert_int_eq(script_judge(&script, SCRIPT_RCPT, SLICE("<alice@x>"))->code, 550);
    ck_assert_int_eq(script_judge(&script, SCRIPT_RCPT, SLICE("<bob@x>"))->code, 450);
    ck_assert_int_eq(script_judge(&script, SCRIPT_RCPT, SLICE("<bob@x>"))->code, 0);
    ck_assert_ptr_null(script_judge(&script, SCRIPT_MAIL, SLICE("<bob@x>")));
    ck_assert(script_add_first(&script, SLICE("rcpt:551 new"), &err));
    ck_assert_int_eq(script_judge(&script, SCRIPT_RCPT, SLICE("<alice@x>"))->code, 551);
    script_clear(&script);
}

TEST(script, what_cannot_be_read_is_refused_with_a_sentence)
{
    static const char *const wrong[] = {
        "",
        "rcpt",
        "recpt:550 x",
        "rcpt(a:550 x",
        "rcpt:",
        "rcpt:55 x",
        "rcpt:650 x",
        "rcpt:5500 x",
        "rcpt:#0 550 x",
        "rcpt:slow 0",
        "rcpt:wait x",
        "mail:take close",
        "mail:later",
        "rcpt(a)550 x",
        "rcpt:#x close",
        "mail:raw 0*x",
        "mail:raw 3000000*x",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct script script = { 0 };
        struct err err = { 0 };
        ck_assert_msg(!script_add(&script, slice_of(wrong[i]), &err), "'%s'", wrong[i]);
        ck_assert_int_eq(err.kind, ERR_INVALID);
        ck_assert_uint_gt(strlen(err.text), 20);
        script_clear(&script);
    }
}
