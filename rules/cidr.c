/** One form for both families: IPv4 is the IPv6 network ::ffff:0:0/96. */
#include "rules/cidr.h"

#include <arpa/inet.h>

#include "agent/base/must.h"

enum { MAPPED_BITS = 96, ALL_BITS = 128 };

/* @return the bits that stand before the address in @bytes: 96 for IPv4, 0 for IPv6; -1
 * when @text is no address. */
static int parse_address(struct slice text, uint8_t bytes[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.ptr, '\0', text.len))
        return -1;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, bytes) == 1)
        return 0;
    memset(bytes, 0, 10);
    memset(bytes + 10, 0xff, 2);
    return inet_pton(AF_INET, copy, bytes + 12) == 1 ? MAPPED_BITS : -1;
}

bool cidr_parse(struct slice text, struct cidr *cidr)
{
    struct slice rest = slice_trim(text), address = { 0 };
    int64_t bits = 0;
    bool has_bits = rest.len > 0 && memchr(rest.ptr, '/', rest.len);
    if (!slice_next(&rest, '/', &address))
        return false;
    int before = parse_address(address, cidr->bytes);
    if (before < 0)
        return false;
    cidr->bits = ALL_BITS;
    if (!has_bits)
        return true;
    if (!slice_to_int(rest, &bits) || bits < 0 || bits > ALL_BITS - before)
        return false;
    cidr->bits = (uint8_t)(before + bits);
    return true;
}

bool cidr_has(const struct cidr *cidr, struct slice address)
{
    uint8_t bytes[16];
    struct slice rest = slice_trim(address), bare = { 0 };
    if (!slice_next(&rest, '%', &bare) || parse_address(bare, bytes) < 0)
        return false;
    /* An IPv6 network wider than the mapped range, as ::/0, does not mean IPv4. */
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (cidr->bits < MAPPED_BITS && memcmp(bytes, mapped, sizeof mapped) == 0)
        return false;
    must(cidr->bits <= ALL_BITS);
    size_t whole = cidr->bits / 8;
    if (memcmp(bytes, cidr->bytes, whole) != 0)
        return false;
    unsigned left = cidr->bits % 8;
    return left == 0 || ((bytes[whole] ^ cidr->bytes[whole]) >> (8 - left)) == 0;
}
