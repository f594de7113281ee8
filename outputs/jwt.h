/** Signs what a service account claims (RFC 7515, RS256). The only file of outputs/
 *  with OpenSSL. */
#ifndef TOCSIN_OUTPUTS_JWT_H
#define TOCSIN_OUTPUTS_JWT_H

#include "agent/base/secret.h"

/** Put '.' and the signature of all that @jwt holds behind it, by the RSA key @pem
 *  (PKCS #8). Fails: ERR_INVALID, it is no such key or does not sign. */
bool jwt_sign(struct secret *jwt, struct slice pem, struct err *err)
    __attribute__((warn_unused_result));

#endif
