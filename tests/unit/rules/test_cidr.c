/** Networks hold their addresses and no others. */
#include "rules/cidr.h"

#include "test.h"

static bool has(const char *network, const char *address)
{
    struct cidr cidr;
    ck_assert_msg(cidr_parse(slice_of(network), &cidr), "'%s' is no network", network);
    return cidr_has(&cidr, slice_of(address));
}

TEST(cidr, an_address_is_in_its_network_and_not_in_the_next)
{
    ck_assert(has("10.0.0.0/8", "10.255.255.255"));
    ck_assert(!has("10.0.0.0/8", "11.0.0.0"));
    ck_assert(has("192.168.4.0/22", "192.168.7.255"));
    ck_assert(!has("192.168.4.0/22", "192.168.8.0"));
    ck_assert(has("192.0.2.7", "192.0.2.7"));
    ck_assert(!has("192.0.2.7/32", "192.0.2.6"));
    ck_assert(has("0.0.0.0/0", "203.0.113.9"));
    ck_assert(has("2001:db8::/33", "2001:db8:7fff::1"));
    ck_assert(!has("2001:db8::/33", "2001:db8:8000::1"));
    ck_assert(has("10.1.2.3/8", "10.9.9.9"));
}

TEST(cidr, mapped_addresses_are_ipv4_and_wide_ipv6_networks_are_not)
{
    ck_assert(has("192.0.2.0/24", "::ffff:192.0.2.1"));
    ck_assert(has("::ffff:192.0.2.0/120", "192.0.2.9"));
    ck_assert(!has("::/0", "192.0.2.1"));
    ck_assert(has("::/0", "2001:db8::1"));
    ck_assert(!has("0.0.0.0/0", "2001:db8::1"));
    ck_assert(has("fe80::/10", "fe80::1%eth0"));
}

TEST(cidr, what_is_no_address_is_in_no_network)
{
    static const char *const wrong[] = {
        "",           "10",    "10.0.0",
        "10.0.0.256", "host",  "10.0.0.1:22",
        "[::1]",      "%eth0", "1111:2222:3333:4444:5555:6666:7777:8888:9999"
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!has("0.0.0.0/0", wrong[i]), "'%s'", wrong[i]);
        ck_assert_msg(!has("::/0", wrong[i]), "'%s'", wrong[i]);
    }
}

TEST(cidr, what_is_no_network_is_refused)
{
    static const char *const wrong[] = { "",       "10.0.0.0/33", "10.0.0.0/",  "/8",
                                         "::/129", "10.0.0.0/-1", "10.0.0/8",   "x/8",
                                         "::/8/8", "10.0.0.0/8x", "10.0.0.0 /8" };
    struct cidr cidr;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!cidr_parse(slice_of(wrong[i]), &cidr), "'%s'", wrong[i]);
}
