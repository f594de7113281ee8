/**
 * A strict reader of mails, written without a look at the writer: what it does not
 * understand fails the test. It knows the subset of RFC 5322, 2045, 2046 and 2047 that
 * a mail of tocsin may use, and nothing more.
 */
#ifndef TOCSIN_TESTS_MAIL_CHECK_H
#define TOCSIN_TESTS_MAIL_CHECK_H

#include "agent/base/buf.h"
#include "test.h"

#define READ_HEADERS_MAX 40

struct read_header {
    char name[64];
    char value[2048]; /* unfolded, encoded words decoded */
    char raw[4096];   /* as it stood, folded */
};

struct read_mail {
    struct read_header headers[READ_HEADERS_MAX];
    size_t header_count;
    struct buf text, html; /* decoded */
    struct read_mail *next;
};

/** Read a whole mail; every defect fails the test. It lives until the test's process
 *  ends. */
struct read_mail *mail_read(struct slice bytes);

/** The value of the only header @name, which must be there. */
const char *mail_header(const struct read_mail *mail, const char *name);
bool mail_has_header(const struct read_mail *mail, const char *name);

/** Decode what mime_put_quoted_printable() put. */
struct buf read_quoted_printable(struct slice encoded);

/** Unfold and decode one header as it stands in a mail, CRLF at its end included. */
void read_header_line(struct slice raw, struct read_header *header);

/** Does every line end with CRLF, is everything else printable ASCII or a blank, and is
 *  no line longer than @max_octets? */
void check_lines(struct slice bytes, size_t max_octets);

#endif
