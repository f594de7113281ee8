/** getrandom(2), and OpenSSL for the digest. */
#include "agent/pkce.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "agent/base/base64.h"

enum { NOISE_BYTES = 32 };

static void put_text(char into[PKCE_TEXT_BYTES], const unsigned char *bytes)
{
    struct buf text = buf_make(PKCE_TEXT_BYTES);
    base64_put(&text, slice_make((const char *)bytes, NOISE_BYTES), BASE64_URL);
    memcpy(into, text.ptr, PKCE_TEXT_BYTES);
    explicit_bzero(text.ptr, text.len);
    buf_free(&text);
}

static bool make_noise(char into[PKCE_TEXT_BYTES], struct err *err)
{
    unsigned char noise[NOISE_BYTES];
    if (getrandom(noise, sizeof noise, 0) != NOISE_BYTES)
        return err_set_errno(err, "the kernel gives no random numbers");
    put_text(into, noise);
    explicit_bzero(noise, sizeof noise);
    return true;
}

bool pkce_challenge(const char *verifier, char challenge[PKCE_TEXT_BYTES])
{
    unsigned char digest[NOISE_BYTES];
    unsigned size = 0;
    if (EVP_Digest(verifier, strlen(verifier), digest, &size, EVP_sha256(), NULL) !=
            1 ||
        size != NOISE_BYTES)
        return false;
    put_text(challenge, digest);
    return true;
}

bool pkce_make(struct pkce *pkce, struct err *err)
{
    if (!make_noise(pkce->state, err) || !make_noise(pkce->verifier, err))
        return false;
    return pkce_challenge(pkce->verifier, pkce->challenge) ||
           err_set(err, ERR_IO, "OpenSSL makes no SHA-256");
}
