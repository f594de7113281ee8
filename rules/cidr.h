/** Networks in CIDR notation (RFC 4632, RFC 4291 2.3), and what is in them. */
#ifndef TOCSIN_RULES_CIDR_H
#define TOCSIN_RULES_CIDR_H

#include "agent/base/slice.h"

struct cidr {
    uint8_t bytes[16]; /**< IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2) */
    uint8_t bits;      /**< of the prefix, 0..128 */
};

/** Parse "10.0.0.0/8", "2001:db8::/32"; an address without "/" is itself alone. Bits
 *  behind the prefix are ignored. @return false for anything else. */
bool cidr_parse(struct slice text, struct cidr *cidr);

/** Is @address, an IPv4 or IPv6 address (a zone as in "%eth0" apart), in @cidr? An IPv4
 *  address that is written as ::ffff:a.b.c.d counts as IPv4. */
bool cidr_has(const struct cidr *cidr, struct slice address);

#endif
