/** What the answer of a token endpoint shows beside the token. */
#include "outputs/token_look.h"

#include "outputs/grant.h"

#include "test.h"

#define NOON_MS INT64_C(1795780800000)

static struct link_complaint look(const struct account *account, int64_t behind_s,
                                  const char *scope)
{
    struct link_complaint complaint = { "old", "old" };
    const struct http_response response = { .date_s = NOON_MS / 1000 };
    const struct now now = { .mono_ms = 1, .unix_ms = NOON_MS - behind_s * 1000 };
    token_look(account, &response, slice_of(scope), now, &complaint);
    return complaint;
}

static void must_say(struct link_complaint complaint, const char *text,
                     const char *remedy)
{
    ck_assert_str_eq(complaint.text, text);
    ck_assert_msg(strstr(complaint.remedy, remedy) != NULL, "%s", complaint.remedy);
}

TEST(token_look, a_token_that_may_not_use_smtp_is_told_with_what_it_may)
{
    const struct account gmail = { .host = SLICE("smtp.gmail.com"),
                                   .login = LOGIN_CONSENT };
    const struct account service = { .host = SLICE("smtp.gmail.com"),
                                     .login = LOGIN_SERVICE };
    const struct account other = { .host = SLICE("smtp.office365.com") };
    const char *sends = "openid\x1b " GRANT_SCOPE_API;
    const char *told = "the access token is good for 'openid\\x1B " GRANT_SCOPE_API
                       "', and " GRANT_SCOPE_SMTP " is wanted";
    must_say(look(&gmail, 0, sends), told, "tocsin auth gmail");
    must_say(look(&service, 0, sends), told, "domain-wide delegation");
    must_say(look(&other, 0, sends), "", "");
    must_say(look(&gmail, 0, ""), "", "");
    must_say(look(&gmail, 0, "openid " GRANT_SCOPE_SMTP), "", "");
}

TEST(token_look, sending_alone_is_enough_for_the_api)
{
    const struct account api = { .is_api = true, .login = LOGIN_CONSENT };
    must_say(look(&api, 0, GRANT_SCOPE_API), "", "");
    must_say(look(&api, 0, GRANT_SCOPE_SMTP), "", "");
    must_say(look(&api, 0, "openid"),
             "the access token is good for 'openid', and " GRANT_SCOPE_API " is wanted",
             "tocsin auth gmail");
}

TEST(token_look, a_clock_more_than_five_minutes_off_is_told_with_its_side)
{
    const struct account other = { .host = SLICE("mail.x.org") };
    must_say(look(&other, 300, ""), "", "");
    must_say(look(&other, -300, ""), "", "");
    must_say(look(&other, 420, ""),
             "this host's clock is 7m behind that of the token endpoint", "chrony");
    must_say(look(&other, -3600, ""),
             "this host's clock is 1h ahead of that of the token endpoint", "chrony");
}

TEST(token_look, a_server_that_says_no_time_says_nothing_of_the_clock)
{
    struct link_complaint complaint = { "old", "old" };
    const struct account other = { .host = SLICE("mail.x.org") };
    const struct http_response response = { 0 };
    token_look(&other, &response, SLICE(""), (struct now){ 1, NOON_MS }, &complaint);
    must_say(complaint, "", "");
}
