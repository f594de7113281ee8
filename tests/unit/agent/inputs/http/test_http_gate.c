/** Who gets in: names, origins, tokens, signatures, proxies. */
#include <openssl/hmac.h>
#include <unistd.h>

#include "agent/inputs/http/keys.h"
#include "http_world.h"

static struct http_world world;

#define TOKEN "0123456789abcdef0123456789abcdef"
#define ADMIN "fedcba9876543210fedcba9876543210"
#define BEARER(token) "Authorization: Bearer " token "\r\n"

static const char *keys_with_tokens(const char *more)
{
    static char keys[9000];
    const char *ingest = http_world_file(&world, "ingest", TOKEN "\n");
    const char *admin = http_world_file(&world, "admin", ADMIN "\n");
    snprintf(keys, sizeof keys,
             "listen: ['127.0.0.1:0'], tokens: [{name: am, file: %s}, "
             "{name: boss, file: %s, may: [admin]}]%s",
             ingest, admin, more);
    return keys;
}

static int post_with(const char *headers)
{
    char all[4096];
    snprintf(all, sizeof all, HTTP_TEXT "%s", headers);
    return http_ask(&world, http_post("/webhook/text", all, "x"));
}

TEST(http, H17_without_the_right_token_nobody_gets_in_and_all_are_told_the_same)
{
    static const char *const wrong[] = {
        "",
        BEARER(""),
        BEARER("x"),
        BEARER("0123456789abcdef0123456789abcde"),
        BEARER("0123456789abcdef0123456789abcdef0"),
        BEARER("0123456789abcdef0123456789abcdeF"),
        "Authorization: Basic " TOKEN "\r\n",
        "Authorization: " TOKEN "\r\n",
    };
    char first[1000] = "";
    http_world_init(&world, keys_with_tokens(""));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char headers[200];
        snprintf(headers, sizeof headers, HTTP_TEXT "%s", wrong[i]);
        const char *reply =
            http_reply_to(&world, http_post("/webhook/text", headers, "x"));
        ck_assert_msg(strncmp(reply, "HTTP/1.1 401 ", 13) == 0, "row %zu: %s", i,
                      reply);
        if (i == 0)
            snprintf(first, sizeof first, "%s", reply);
        ck_assert_str_eq(reply, first);
    }
    ck_assert_uint_eq(http_tally_of(&world)->unauthorized, 8);
    ck_assert_int_eq(post_with(BEARER(TOKEN)), 200);
    ck_assert_int_eq(post_with("authorization: bearer " TOKEN "\r\n"), 200);
    ck_assert_uint_eq(world.counted, 2);
    http_world_clear(&world);
}

TEST(http, H17_after_ten_failures_of_an_address_its_refusals_wait_a_second)
{
    http_world_init(&world, keys_with_tokens(""));
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(post_with(BEARER("wrong")), 401);
    int fd = http_connect(&world);
    http_say(&world, fd, http_post("/webhook/text", HTTP_TEXT BEARER("wrong"), "x"));
    ck_assert_int_eq(http_status(&world, fd), 0);
    ck_assert_int_eq(post_with(BEARER(TOKEN)), 200); /* who knows it does not wait */
    http_pass(&world, 999);
    ck_assert_int_eq(http_status(&world, fd), 0);
    ck_assert_int_eq(inputs_wake_at(world.inputs), world.now.mono_ms + 1);
    http_pass(&world, 1);
    ck_assert_int_eq(http_status(&world, fd), 401);
    ck_assert(strstr(world.told.ptr, "127.0.0.1 shows wrong tokens") != NULL);
    int other = http_connect_from(&world, "127.0.0.5");
    http_say(&world, other, http_post("/webhook/text", HTTP_TEXT, "x"));
    ck_assert_int_eq(http_status(&world, other), 401);
    http_pass(&world, 11 * 60 * 1000);
    ck_assert_int_eq(post_with(""), 401);
    http_world_clear(&world);
}

TEST(http, H18_a_guess_is_compared_as_a_digest_with_every_token)
{
    /* That the time says nothing is what tests/bench/token.sh measures. Here: a prefix,
     * an equal length and an empty guess are as wrong as any other. */
    struct http_config config = { 0 };
    struct conf_text may[] = { { SLICE("ingest"), NULL } };
    struct http_token_config tokens[] = {
        { .name = { SLICE("a"), NULL },
          .file = { slice_of(http_world_file(&world, "a", TOKEN)), NULL },
          .may = { may, 1 } },
        { .name = { SLICE("b"), NULL },
          .file = { slice_of(http_world_file(&world, "b", ADMIN)), NULL },
          .may = { may, 1 } },
    };
    config.tokens = (struct conf_blocks){ tokens, 2 };
    struct http_keys *keys = http_keys_create(&config, NULL);
    ck_assert_uint_eq(http_keys_scopes(keys, SLICE(TOKEN)), SCOPE_INGEST);
    ck_assert_uint_eq(http_keys_scopes(keys, SLICE(ADMIN)), SCOPE_INGEST);
    for (size_t len = 0; len < strlen(TOKEN); len++)
        ck_assert_uint_eq(http_keys_scopes(keys, slice_make(TOKEN, len)), 0);
    http_keys_free(keys);
}

TEST(http, a_token_file_that_cannot_be_used_opens_nothing)
{
    char keys[500];
    http_world_init(&world, NULL);
    snprintf(keys, sizeof keys,
             "listen: ['127.0.0.1:0'], tokens: [{name: am, file: %s/nowhere}]",
             world.folder);
    http_world_reload(&world, keys);
    ck_assert(strstr(world.told.ptr, "nobody gets in with the token 'am'") != NULL);
    ck_assert_int_eq(post_with(""), 401);
    ck_assert_int_eq(post_with(BEARER("")), 401);
    ck_assert_int_eq(post_with(BEARER(TOKEN)), 401);
    http_world_clear(&world);
}

/* --- scopes ----------------------------------------------------------------------- */

static int reload_with(const char *headers)
{
    return http_ask(&world, http_post("/-/reload", headers, ""));
}

TEST(http, a_reload_needs_a_token_that_may)
{
    http_world_init(&world, keys_with_tokens(""));
    ck_assert_int_eq(reload_with(""), 401);
    ck_assert_int_eq(reload_with(BEARER(TOKEN)), 403);
    ck_assert(!inputs_takes_reload(world.inputs));
    ck_assert_int_eq(reload_with(BEARER(ADMIN)), 200);
    ck_assert(inputs_takes_reload(world.inputs));
    ck_assert(!inputs_takes_reload(world.inputs));
    ck_assert_int_eq(post_with(BEARER(ADMIN)), 403);
    http_world_clear(&world);
}

TEST(http, without_tokens_nobody_reloads)
{
    http_world_init(&world, NULL);
    ck_assert_int_eq(reload_with(""), 403);
    ck_assert(!inputs_takes_reload(world.inputs));
    http_world_clear(&world);
}

/* --- browsers --------------------------------------------------------------------- */

TEST(http, H24_pages_of_other_sites_may_not_post)
{
    static const struct {
        const char *headers;
        int status;
    } rows[] = {
        { "Origin: http://evil.example\r\n", 403 },
        { "Origin: https://localhost.evil.example\r\n", 403 },
        { "Origin: null\r\n", 403 },
        { "Origin: \r\n", 200 },
        { "Origin: http://localhost\r\n", 200 },
        { "Origin: http://localhost:1\r\n", 403 },
        { "Sec-Fetch-Site: cross-site\r\n", 403 },
        { "Sec-Fetch-Site: same-site\r\n", 403 },
        { "Sec-Fetch-Site: same-origin\r\n", 200 },
        { "Sec-Fetch-Site: none\r\n", 200 },
        { "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", 400 },
    };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int status = post_with(rows[i].headers);
        ck_assert_msg(status == rows[i].status, "%s: %d", rows[i].headers, status);
    }
    http_world_clear(&world);
}

TEST(http, H25_only_names_of_this_host_are_answered)
{
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        { "localhost", 200 },
        { "localhost:9093", 200 },
        { "LOCALHOST", 200 },
        { "127.0.0.1", 200 },
        { "127.0.0.1:9093", 200 },
        { "[::1]", 200 },
        { "[::1]:9093", 200 },
        { "192.0.2.7:80", 200 },
        { "alerts.example", 200 },
        { "evil.example", 421 },
        { "evil.example:9093", 421 },
        { "localhost.evil.example", 421 },
        { "127.0.0.1.evil.example", 421 },
        { "[::1].evil.example", 421 },
        { "evil.example#localhost", 421 },
        { "localhost:80:evil", 421 },
        { "localhost:", 421 },
        { "localhost:x", 421 },
        { "", 200 },
    };
    http_world_init(&world, "listen: ['127.0.0.1:0'], hosts: [alerts.example]");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char request[300];
        snprintf(request, sizeof request,
                 "POST /webhook/text HTTP/1.1\r\nHost: %s\r\n" HTTP_TEXT
                 "Content-Length: 1\r\n\r\nx",
                 rows[i].host);
        int status = http_ask(&world, request);
        ck_assert_msg(status == rows[i].status, "'%s': %d", rows[i].host, status);
    }
    http_world_clear(&world);
}

TEST(http, H26_no_other_site_is_ever_allowed_in)
{
    static const char *const requests[] = {
        "OPTIONS /webhook/text HTTP/1.1\r\nHost: localhost\r\n"
        "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n",
        "OPTIONS /webhook/text HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n"
        "Origin: http://localhost\r\n\r\n",
    };
    static const int status[] = { 403, 405, 200 };
    http_world_init(&world, NULL);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        char line[20];
        snprintf(line, sizeof line, "HTTP/1.1 %d ", status[i]);
        const char *reply = http_reply_to(&world, requests[i]);
        ck_assert_msg(strncmp(reply, line, strlen(line)) == 0, "%s", reply);
        ck_assert(strcasestr(reply, "Access-Control") == NULL);
    }
    http_world_clear(&world);
}

/* --- proxies ---------------------------------------------------------------------- */

/** Ten wrong tokens with @headers. @return how the eleventh from @then is answered at
 *  once. */
static int eleventh(const char *headers, const char *then)
{
    char both[300];
    snprintf(both, sizeof both, "%s" BEARER("wrong"), headers);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(post_with(both), 401);
    snprintf(both, sizeof both, "%s" BEARER("wrong"), then);
    return post_with(both);
}

TEST(http, H36_whom_a_stranger_says_he_speaks_for_does_not_count)
{
    http_world_init(&world, keys_with_tokens(""));
    ck_assert_int_eq(eleventh("X-Forwarded-For: 192.0.2.1\r\n",
                              "X-Forwarded-For: 192.0.2.2\r\n"),
                     0); /* it waits: all came from one address */
    http_world_clear(&world);
}

TEST(http, H36_a_trusted_proxy_says_whom_it_speaks_for)
{
    http_world_init(&world, keys_with_tokens(", trusted_proxies: [127.0.0.1]"));
    ck_assert_int_eq(eleventh("X-Forwarded-For: 192.0.2.1\r\n",
                              "X-Forwarded-For: 192.0.2.2\r\n"),
                     401);
    ck_assert_int_eq(eleventh("X-Forwarded-For: 198.51.100.1, 192.0.2.3\r\n",
                              "X-Forwarded-For: 198.51.100.2, 192.0.2.3\r\n"),
                     0); /* only what the proxy itself wrote, the last, counts */
    ck_assert_int_eq(
        eleventh("X-Forwarded-For: 203.0.113.1\r\nX-Forwarded-For: 192.0.2.4\r\n",
                 "X-Forwarded-For: 203.0.113.2\r\nX-Forwarded-For: 192.0.2.4\r\n"),
        0); /* as a line of its own, too */
    http_world_clear(&world);
}

/* --- signatures ------------------------------------------------------------------- */

static const char *signature_of(const char *secret, long long seconds, const char *body)
{
    static char header[300];
    unsigned char digest[32];
    char text[1000];
    int len = snprintf(text, sizeof text, "%lld.%s", seconds, body);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)text, (size_t)len,
         digest, NULL);
    len = snprintf(header, sizeof header, "X-Tocsin-Signature: t=%lld,v1=", seconds);
    for (size_t i = 0; i < sizeof digest; i++)
        len += snprintf(header + len, sizeof header - (size_t)len, "%02x", digest[i]);
    snprintf(header + len, sizeof header - (size_t)len, "\r\n");
    return header;
}

static void init_signed(void)
{
    char keys[5000];
    snprintf(keys, sizeof keys, "listen: ['127.0.0.1:0'], hmac: {secret_file: %s}",
             http_world_file(&world, "secret", "s3cret"));
    http_world_init(&world, keys);
}

TEST(http, H19_only_what_was_signed_lately_is_taken)
{
    init_signed();
    long long now_s = world.now.unix_ms / 1000;
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s, "x")), 200);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s - 300, "x")), 200);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s + 300, "x")), 200);
    ck_assert_uint_eq(world.counted, 3);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s - 301, "x")), 401);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s + 301, "x")), 401);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s, "y")), 401);
    ck_assert_int_eq(post_with(signature_of("secret", now_s, "x")), 401);
    ck_assert_int_eq(post_with(""), 401);
    ck_assert_int_eq(post_with("X-Tocsin-Signature: t=1,v1=\r\n"), 401);
    ck_assert_int_eq(post_with("X-Tocsin-Signature: v1=00,t=1\r\n"), 401);
    ck_assert_int_eq(post_with("X-Tocsin-Signature: \r\n"), 401);
    ck_assert_uint_eq(world.counted, 3);
    http_world_clear(&world);
}

TEST(http, H19_the_same_signature_again_is_answered_and_not_counted)
{
    init_signed();
    long long now_s = world.now.unix_ms / 1000;
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s, "x")), 200);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s, "x")), 200);
    http_pass(&world, 299 * 1000);
    ck_assert_int_eq(post_with(signature_of("s3cret", now_s, "x")), 200);
    ck_assert_uint_eq(world.counted, 1);
    http_world_clear(&world);
}

TEST(http, H19_a_reload_forgets_no_signature)
{
    char keys[5000];
    init_signed();
    const char *header = signature_of("s3cret", world.now.unix_ms / 1000, "x");
    ck_assert_int_eq(post_with(header), 200);
    snprintf(keys, sizeof keys, "listen: ['127.0.0.1:0'], hmac: {secret_file: %s}",
             http_world_file(&world, "secret", "s3cret"));
    http_world_reload(&world, keys);
    ck_assert_int_eq(post_with(header), 200);
    ck_assert_uint_eq(world.counted, 1);
    http_world_clear(&world);
}

TEST(http, H19_what_was_refused_for_a_full_store_is_no_replay)
{
    init_signed();
    const char *header = signature_of("s3cret", world.now.unix_ms / 1000, "x");
    int fd = http_connect(&world);
    char headers[400];
    snprintf(headers, sizeof headers, HTTP_TEXT "%s", header);
    http_say(&world, fd, http_post("/webhook/text", headers, "x"));
    for (int i = 0; i < 100 && !inputs_wants_commit(world.inputs); i++)
        http_read(&world);
    world.is_full = true;
    http_commit(&world);
    ck_assert_int_eq(http_status(&world, fd), 503);
    world.is_full = false;
    world.pending = 0;
    http_turn(&world);
    ck_assert_int_eq(post_with(header), 200);
    ck_assert_uint_eq(world.counted, 1);
    http_world_clear(&world);
}
