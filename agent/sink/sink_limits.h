/** The bounds of the mail server to try against, as agent/base/limits.h has them of the
 *  agent. */
#ifndef TOCSIN_SINK_SINK_LIMITS_H
#define TOCSIN_SINK_SINK_LIMITS_H

#define LIMIT_SINK_CONNECTIONS 64          /* further ones wait in the kernel's queue */
#define LIMIT_SINK_RULES 1000              /* of a script; refused with an error */
#define LIMIT_SINK_LINE_BYTES 16384        /* a command; answered 500 and skipped */
#define LIMIT_SINK_INBOX_BYTES (64 * 1024) /* one read; must() */
#define LIMIT_SINK_RAW_BYTES (2 * 1024 * 1024) /* of a script; refused with an error */
#define LIMIT_SINK_OUTPUT_BYTES (4 * 1024 * 1024) /* unread replies; then closed */

#endif
