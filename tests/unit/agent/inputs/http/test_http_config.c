/** The block `http`: what is refused when it is loaded, and addresses as written. */
#include "agent/inputs/http/http_config.h"

#include "agent/config.h"
#include "agent/inputs/http/address.h"
#include "test.h"

static struct buf out;

static struct config *load(const char *keys)
{
    char yaml[2000];
    buf_free(&out);
    out = buf_make(64 * 1024);
    snprintf(yaml, sizeof yaml,
             "http: {%s}\noutputs: [{name: local, maildir: /nowhere/mail}]\n", keys);
    return config_load_text("t.yaml", slice_of(yaml), &out);
}

static void check_good(const char *keys)
{
    struct config *config = load(keys);
    ck_assert_msg(config != NULL && out.len == 0, "%s: %s", keys, out.ptr);
    config_free(config);
}

static void check_bad(const char *keys, const char *part)
{
    ck_assert_msg(load(keys) == NULL, "%s", keys);
    ck_assert_msg(strstr(out.ptr, part) != NULL, "%s: %s", keys, out.ptr);
}

TEST(http_config, an_empty_block_listens_on_this_host_only)
{
    struct config *config = load("");
    ck_assert_msg(config != NULL, "%s", out.ptr);
    ck_assert_uint_eq(config->http->listen.count, 1);
    ck_assert_slice(config->http->listen.items[0].value, "127.0.0.1:9093");
    ck_assert_ptr_null(config->http->hmac);
    ck_assert_uint_eq(config->source_count, 1);
    ck_assert_slice(config->source_list[0].name, "http");
    ck_assert(config->source_list[0].brings_alerts);
    config_free(config);
}

TEST(http_config, H37_who_can_be_reached_from_outside_asks_for_a_token)
{
    static const char *const open[] = { "0.0.0.0:9093", "'[::]:9093'", "192.0.2.1:80",
                                        "'[2001:db8::1]:80'", "128.0.0.1:80" };
    char keys[200];
    for (size_t i = 0; i < sizeof open / sizeof *open; i++) {
        snprintf(keys, sizeof keys, "listen: [127.0.0.1:1, %s]", open[i]);
        check_bad(keys, "nobody is asked who he is");
        snprintf(keys, sizeof keys, "listen: [%s], tokens: [{name: a, file: /a}]",
                 open[i]);
        check_good(keys);
        snprintf(keys, sizeof keys, "listen: [%s], hmac: {secret_file: /a}", open[i]);
        check_good(keys);
    }
    check_good("listen: [127.0.0.1:1, localhost:2, 127.9.9.9:3, '[::1]:4', "
               "'unix:/run/x.sock']");
}

TEST(http_config, what_is_no_address_is_refused)
{
    static const char *const bad[] = {
        "9093",        "':9093'",         "127.0.0.1",       "'127.0.0.1:'",
        "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",    "example.org:80",
        "'[::1]'",     "'::1:80'",        "'[127.0.0.1]:1'", "'unix:relative'",
        "'unix:'",     "'*:80'",          "127.1:80",        "127.0.0.1:000080",
    };
    char keys[100];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(keys, sizeof keys, "listen: [%s]", bad[i]);
        check_bad(keys, "write 127.0.0.1:9093");
    }
    check_bad("listen: []", "nobody can connect");
}

TEST(http_config, keys_that_belong_together_are_checked_together)
{
    check_bad("certificate: /c.pem", "go together");
    check_bad("key: /k.pem", "go together");
    check_good("certificate: /c.pem, key: /k.pem");
    check_bad("tokens: [{name: a, file: /a}, {name: a, file: /b}]", "stands above");
    check_bad("tokens: [{name: a, file: /a, may: [all]}]", "ingest, read or admin");
    check_bad("trusted_proxies: [proxy.example]", "in digits");
    check_bad("hmac: {secret_file: /s, header: 'X Y'}", "letters, digits and '-'");
}

TEST(http_config, the_name_of_its_source_is_taken)
{
    buf_free(&out);
    out = buf_make(64 * 1024);
    ck_assert_ptr_null(
        config_load_text("t.yaml",
                         SLICE("http: {}\nsources: [{name: http, stdin: true}]\n"
                               "outputs: [{name: local, maildir: /nowhere/mail}]\n"),
                         &out));
    ck_assert_msg(strstr(out.ptr, "is the source of what is posted") != NULL, "%s",
                  out.ptr);
}

TEST(http_config, a_peer_has_one_name)
{
    static const struct {
        const char *text, *peer;
    } rows[] = { { "127.0.0.1:80", "127.0.0.1" },
                 { "[::1]:80", "::1" },
                 { "[::ffff:192.0.2.7]:80", "192.0.2.7" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct http_address address;
        struct http_peer peer;
        ck_assert(http_address_parse(slice_of(rows[i].text), &address));
        http_peer_of(&address.socket, &peer);
        ck_assert_str_eq(peer.text, rows[i].peer);
    }
}
