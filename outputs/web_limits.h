/** The bounds of what is asked by HTTPS, as agent/base/limits.h has the others. */
#ifndef TOCSIN_OUTPUTS_WEB_LIMITS_H
#define TOCSIN_OUTPUTS_WEB_LIMITS_H

#define LIMIT_REPLY_HEAD_BYTES (32 * 1024)   /* of a response; then it is closed */
#define LIMIT_REPLY_BODY_BYTES (64 * 1024)   /* likewise */
#define LIMIT_REQUEST_HEAD_BYTES (16 * 1024) /* or the form; a larger key is refused */
#define LIMIT_TOKEN_BYTES \
    4096                /* an access token (Google: 2048); the reply is refused */
#define LIMIT_TOKENS 32 /* at hand; the one unused for longest is forgotten */
#define LIMIT_KEY_FILE_BYTES (16 * 1024) /* consent or key; refused */

#endif
