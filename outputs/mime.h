/**
 * A typed writer of mail (RFC 5322, 2045, 2047, 2231): an address can only be put where
 * an address belongs, text is always cleaned, encoded and folded. There is no way to
 * put a raw header line, so nothing that came from a log can become one.
 */
#ifndef TOCSIN_OUTPUTS_MIME_H
#define TOCSIN_OUTPUTS_MIME_H

#include "agent/base/buf.h"

/** Is @address one addr-spec that tocsin sends to: dot-atom local part of 1..64 octets,
 *  "@", a domain name or [address literal], at most 254 octets, ASCII, no quotes, no
 *  comments (RFC 5321 4.1.2 without quoted strings)? */
bool mime_is_address(struct slice address);

/** "Name: text": cleaned, as RFC 2047 encoded words where it is not plain ASCII, folded
 *  at 78. @name must be a literal of ours. */
void mime_put_text_header(struct buf *out, const char *name, struct slice text);
/** "Name: "display" <address>, ..." */
void mime_put_address_header(struct buf *out, const char *name, struct slice display,
                             const struct slice *addresses, size_t count);
/** A header whose value is a token, an id or a date made by us; must() be clean
 *  ASCII. */
void mime_put_token_header(struct buf *out, const char *name, struct slice value);

/** The body as quoted-printable (RFC 2045 6.7): lines end with CRLF and are at most 76
 *  long; a leading "." and "From " are encoded, so that no transport can change them.
 *  @text uses '\n' as line end. */
void mime_put_quoted_printable(struct buf *out, struct slice text);

#endif
