/** Certificates that do not fit their key: told, and never in the place of ones that
 *  do. The keys are for this test alone. */
#include <unistd.h>

#include "agent/inputs/http/keys.h"
#include "http_world.h"

static const char certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfjCCASWgAwIBAgIUFvPpPHocuMwGy3tU+gWukRKyOPYwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzE1MzgwMloYDzIxMjYxMTAz\n"
    "MTUzODAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAASDVLsub9pX/1vREswapHs9X/q5yrHzm4SSWWzPT5EPC5sy3WZ8lH2L\n"
    "SVNR6S2nAhzqFBJHqHrwrfSDBl9TC2sro1MwUTAdBgNVHQ4EFgQUmMqfyNW++ZW9\n"
    "hvldiXP+XM99vkMwHwYDVR0jBBgwFoAUmMqfyNW++ZW9hvldiXP+XM99vkMwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiA53cxoEU6Hv/DVmo2cVVmX\n"
    "yjymMB5bP7xqP5jHgFHcJAIgEkpRIFBFjuyLlerZ0qR2d5KG2Wfz6klDMVtU+Fr7\n"
    "9Xg=\n"
    "-----END CERTIFICATE-----\n";
static const char key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgq9YYjOomSQ1E+DkT\n"
    "xYarqKiXAu0F21sQeUxWNkhWh5OhRANCAASDVLsub9pX/1vREswapHs9X/q5yrHz\n"
    "m4SSWWzPT5EPC5sy3WZ8lH2LSVNR6S2nAhzqFBJHqHrwrfSDBl9TC2sr\n"
    "-----END PRIVATE KEY-----\n";
static const char other_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfjCCASWgAwIBAgIUGPJ7XFE8sdB8jpy5Qqa3fdn9NHAwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNzE1MzgwMloYDzIxMjYxMTAz\n"
    "MTUzODAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\n"
    "PQMBBwNCAARDtyFEQA9ZqeO2ZHVuWYc2JU+Vpx+vRnsFg/2cMdEw6tKQHdqhblwx\n"
    "hVRWn670RNKwnPmrzttVWTA6PtquyWqmo1MwUTAdBgNVHQ4EFgQUcmCCgevmiGNu\n"
    "Un6om3YQJ7uXoqIwHwYDVR0jBBgwFoAUcmCCgevmiGNuUn6om3YQJ7uXoqIwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBBFaS4lesxHmh9rD+rIVxe\n"
    "PWmOl1XsMaXlzOkkOpci1wIgJ8zjxcL9nEHniuWAYJS7ioNOkmqUiYnuUr1xQBb1\n"
    "wpM=\n"
    "-----END CERTIFICATE-----\n";
static const char locked_key[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "Proc-Type: 4,ENCRYPTED\n"
    "DEK-Info: AES-128-CBC,5E144E2D6FC0442B4180C497443C311F\n"
    "\n"
    "DoTv8JCT1eFCozzxuaQRA4hzeokU4iassNRodAEgUzpEM+Xm3RAJxH0CSSI+P20t\n"
    "tn9oGRNq2mRRnKIGX7zaxdN1FMdQTRZzaclGe/l1shHpmEw+l3E7LJueLwlxPn4r\n"
    "E0i7pCk3fYx5QQUVzCRUq0+dLtwre4f7vtLwP2ASwDw=\n"
    "-----END EC PRIVATE KEY-----\n";

static struct http_world world;

TEST(http, certificate_and_key_fit_or_it_is_said_why_not)
{
    struct err err = { 0 };
    ck_assert(http_keys_fit(certificate, key, &err));
    ck_assert(!http_keys_fit(other_certificate, key, &err));
    ck_assert_str_eq(err.text, "certificate and key do not belong together");
    ck_assert(!http_keys_fit(key, key, &err));
    ck_assert_str_eq(err.text, "the file of the certificate holds none in PEM");
    ck_assert(!http_keys_fit(certificate, locked_key, &err));
    ck_assert_str_eq(err.text,
                     "the file of the key holds none in PEM without a passphrase");
    ck_assert(!http_keys_fit(certificate, "", &err));
}

TEST(http, half_a_renewal_leaves_the_certificate_in_use_that_was_there)
{
    char keys[9000];
    const char *pem = http_world_file(&world, "c.pem", certificate);
    const char *secret = http_world_file(&world, "k.pem", key);
    snprintf(keys, sizeof keys, "listen: ['127.0.0.1:0'], certificate: '%s', key: '%s'",
             pem, secret);
    http_world_init(&world, keys);
    int fd = http_connect(&world);
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 1);
    (void)http_world_file(&world, "c.pem", other_certificate);
    http_world_reload(&world, keys);
    ck_assert_ptr_nonnull(strstr(world.told.ptr, "do not belong together: the one that "
                                                 "was read before stays in use"));
    http_turn(&world);
    ck_assert_uint_eq(http_tally_of(&world)->connections, 1);
    http_pass(&world, 60 * 1000);
    ck_assert_uint_eq(world.reports.len, 0);
    close(fd);
    http_world_clear(&world);
}
