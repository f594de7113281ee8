/**
 * Undoes what a mail composer does: encoded bodies, encoded words, folded headers. For
 * the sink and `queue show`, which show mails to people, and for stories. Any
 * bytes may come in; what is not well-formed is passed on as it is.
 */
#ifndef TOCSIN_BASE_UNMIME_H
#define TOCSIN_BASE_UNMIME_H

#include "agent/base/buf.h"

/** Decode base64 (RFC 4648), line ends and blanks skipped.
 *  @return false when other bytes were in it or the length is wrong. */
bool unmime_base64(struct slice text, struct buf *out);

/** Decode quoted-printable (RFC 2045 6.7); CRLF becomes '\n'. */
void unmime_quoted(struct slice text, struct buf *out);

/** Decode the encoded words of an unstructured header (RFC 2047); only UTF-8 and ASCII
 *  are decoded, words of other character sets stay. */
void unmime_words(struct slice text, struct buf *out);

/** Find header @name in the head of @mail and put its value, unfolded and decoded.
 *  @return false when there is none; the first counts. */
bool unmime_header(struct slice mail, const char *name, struct buf *out);

/** Put the text for people: the first text/plain part, decoded, with '\n' line ends;
 *  without one the body as it is. Parts are followed to a depth of 4. */
void unmime_text(struct slice mail, struct buf *out);

#endif
