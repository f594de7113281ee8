/** Addresses of the web: what is one, and what is none. */
#include "outputs/web_url.h"

#include "test.h"

static void must_be(const char *text, const char *host, int port, const char *path)
{
    struct web_url url;
    ck_assert_msg(web_url_parse(slice_of(text), &url), "%s", text);
    ck_assert_msg(slice_equal(url.host, slice_of(host)), "%s", text);
    ck_assert_msg(slice_equal(url.path, slice_of(path)), "%s", text);
    ck_assert_int_eq(url.port, port);
}

TEST(web_url, an_address_has_a_host_a_port_and_a_path)
{
    must_be("https://example.com", "example.com", 443, "/");
    must_be("https://example.com:8443/a/b?c=d", "example.com", 8443, "/a/b?c=d");
    must_be("http://127.0.0.1/x", "127.0.0.1", 80, "/x");
    must_be("https://[2001:db8::1]:1/x", "[2001:db8::1]", 1, "/x");
    must_be("https://[::1]", "[::1]", 443, "/");
}

TEST(web_url, what_could_be_read_in_two_ways_is_no_address)
{
    static const char *const wrong[] = {
        "",
        "example.com",
        "ftp://example.com/",
        "https://",
        "https:///path",
        "https://user:word@example.com/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:/",
        "https://example.com:1x/",
        "https://example.com/a b",
        "https://example.com/a\r\nX: y",
        "https://exam\nple.com/",
        "https://example.com/#top",
        "https://example.com?x",
        "https://b\xc3\xbc"
        "cher.example/",
        "https://[::1",
        "https://[::1]x/",
        "https://::1/",
    };
    struct web_url url;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!web_url_parse(slice_of(wrong[i]), &url), "%s", wrong[i]);
}

TEST(web_url, only_this_host_is_loopback)
{
    ck_assert(web_host_is_loopback(SLICE("localhost")));
    ck_assert(web_host_is_loopback(SLICE("LocalHost")));
    ck_assert(web_host_is_loopback(SLICE("127.0.0.1")));
    ck_assert(web_host_is_loopback(SLICE("127.1.2.3")));
    ck_assert(web_host_is_loopback(SLICE("[::1]")));
    ck_assert(!web_host_is_loopback(SLICE("127.example.com")));
    ck_assert(!web_host_is_loopback(SLICE("127.0.0.1.example.com")));
    ck_assert(!web_host_is_loopback(SLICE("localhost.example.com")));
    ck_assert(!web_host_is_loopback(SLICE("10.0.0.1")));
    ck_assert(!web_host_is_loopback(SLICE("")));
}
