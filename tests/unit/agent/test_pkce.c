/** What ties a browser's answer to our question. */
#include "agent/pkce.h"

#include "test.h"

TEST(pkce, the_challenge_is_that_of_rfc_7636)
{
    char challenge[PKCE_TEXT_BYTES];
    ck_assert(pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge));
    ck_assert_str_eq(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(pkce, each_question_has_its_own_texts)
{
    struct err err = { 0 };
    struct pkce first, second;
    ck_assert(pkce_make(&first, &err) && pkce_make(&second, &err));
    ck_assert_str_ne(first.state, second.state);
    ck_assert_str_ne(first.verifier, second.verifier);
    ck_assert_str_ne(first.state, first.verifier);
    ck_assert_uint_eq(strlen(first.verifier), 43);
    ck_assert_uint_eq(strspn(first.verifier,
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                             "qrstuvwxyz0123456789-_"),
                      43);
}
