/** RS256 by OpenSSL. The key's bytes pass through locked memory alone; what OpenSSL
 *  makes of them it wipes itself. */
#include "outputs/jwt.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "agent/base/base64.h"

enum { KEY_BYTES = 8192, SIGNATURE_BYTES = 1024 };

static const char begin_mark[] = "-----BEGIN PRIVATE KEY-----";
static const char end_mark[] = "-----END PRIVATE KEY-----";

/* What stands between the two lines of PEM. */
static bool find_body(struct slice pem, struct slice *body)
{
    size_t begin = slice_find(pem, slice_of(begin_mark));
    size_t end = slice_find(pem, slice_of(end_mark));
    if (begin == SIZE_MAX || end == SIZE_MAX || end < begin)
        return false;
    begin += sizeof begin_mark - 1;
    *body = slice_make(pem.ptr + begin, end - begin);
    return true;
}

static EVP_PKEY *read_key(struct slice pem, struct err *err)
{
    struct secret der = { 0 };
    struct slice body;
    EVP_PKEY *key = NULL;
    if (!find_body(pem, &body)) {
        err_set(err, ERR_INVALID, "private_key is no key in PEM");
        return NULL;
    }
    if (!secret_open(&der, KEY_BYTES, err))
        return NULL;
    if (secret_take_base64(&der, body)) {
        const unsigned char *at = (const unsigned char *)der.page;
        key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
    }
    secret_wipe(&der);
    if (!key)
        err_set(err, ERR_INVALID, "private_key is no RSA key");
    return key;
}

static bool sign(EVP_PKEY *key, struct slice text, unsigned char *signature,
                 size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context &&
              EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestSign(context, signature, size, (const unsigned char *)text.ptr,
                             text.len) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}

bool jwt_sign(struct secret *jwt, struct slice pem, struct err *err)
{
    unsigned char signature[SIGNATURE_BYTES];
    size_t size = sizeof signature;
    EVP_PKEY *key = read_key(pem, err);
    if (!key)
        return false;
    bool ok =
        EVP_PKEY_get_size(key) <= SIGNATURE_BYTES &&
        sign(key, secret_slice(jwt), signature, &size) && secret_put(jwt, SLICE(".")) &&
        secret_put_base64(jwt, slice_make((const char *)signature, size), BASE64_URL);
    EVP_PKEY_free(key);
    return ok || err_set(err, ERR_INVALID, "private_key does not sign");
}
