/** Tokens and signatures. */
#include "agent/inputs/http/keys.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/now.h"
#include "agent/base/rng.h"
#include "agent/base/secret.h"

enum { WINDOW_S = 300 };

struct token {
    unsigned scopes;
    unsigned char digest[HTTP_DIGEST_BYTES];
};

struct http_keys {
    unsigned char key[HTTP_DIGEST_BYTES]; /**< of the digests; new in every process */
    struct token *tokens;                 /**< of those that could be read */
    size_t token_count;
    bool wants_token, wants_signature;
    struct secret secret; /**< of signatures; empty: none is right */
};

static void digest_of(struct slice key, struct slice text,
                      unsigned char digest[HTTP_DIGEST_BYTES])
{
    unsigned int len = 0;
    must(HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)text.ptr,
              text.len, digest, &len) != NULL &&
         len == HTTP_DIGEST_BYTES);
}

static struct slice own_key(const struct http_keys *keys)
{
    return slice_make((const char *)keys->key, sizeof keys->key);
}

static void read_token(struct http_keys *keys, const struct http_token_config *config,
                       struct log_sink *log)
{
    struct err err = { 0 };
    struct secret secret = { 0 };
    if (secret_read(config->file.value, &secret, &err)) {
        struct token *token = &keys->tokens[keys->token_count++];
        token->scopes = http_scopes(config);
        digest_of(own_key(keys), secret_slice(&secret), token->digest);
    } else {
        log_error(log, "%s: nobody gets in with the token '%.*s'", err.text,
                  SLICE_ARG(config->name.value));
    }
    secret_wipe(&secret);
}

static void read_secret(struct http_keys *keys, const struct http_hmac_config *config,
                        struct log_sink *log)
{
    struct err err = { 0 };
    keys->wants_signature = true;
    if (!secret_read(config->secret_file.value, &keys->secret, &err))
        log_error(log, "%s: no signature is right", err.text);
}

struct http_keys *http_keys_create(const struct http_config *config,
                                   struct log_sink *log)
{
    struct http_keys *keys = mem_zalloc(sizeof *keys);
    const struct http_token_config *tokens = config->tokens.items;
    for (size_t i = 0; i < sizeof keys->key; i += sizeof(uint64_t)) {
        uint64_t seed = rng_system_seed();
        memcpy(keys->key + i, &seed, sizeof seed);
    }
    keys->wants_token = config->tokens.count > 0;
    keys->tokens = mem_zalloc(config->tokens.count * sizeof *keys->tokens);
    for (size_t i = 0; i < config->tokens.count; i++)
        read_token(keys, &tokens[i], log);
    if (config->hmac)
        read_secret(keys, config->hmac, log);
    return keys;
}

void http_keys_free(struct http_keys *keys)
{
    if (!keys)
        return;
    secret_wipe(&keys->secret);
    free(keys->tokens);
    OPENSSL_cleanse(keys, sizeof *keys);
    free(keys);
}

bool http_keys_wants_token(const struct http_keys *keys)
{
    return keys->wants_token;
}

bool http_keys_wants_signature(const struct http_keys *keys)
{
    return keys->wants_signature;
}

unsigned http_keys_scopes(const struct http_keys *keys, struct slice token)
{
    unsigned char digest[HTTP_DIGEST_BYTES];
    unsigned scopes = 0;
    digest_of(own_key(keys), token, digest);
    for (size_t i = 0; i < keys->token_count; i++) {
        bool is_it = CRYPTO_memcmp(digest, keys->tokens[i].digest, sizeof digest) == 0;
        scopes |= is_it ? keys->tokens[i].scopes : 0;
    }
    return scopes;
}

/* --- signatures ------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool parse_hex(struct slice text, unsigned char digest[HTTP_DIGEST_BYTES])
{
    if (text.len != 2 * HTTP_DIGEST_BYTES)
        return false;
    for (size_t i = 0; i < HTTP_DIGEST_BYTES; i++) {
        int high = hex_digit(text.ptr[2 * i]), low = hex_digit(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        digest[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/** The two parts in their order; @time is the text that is signed. */
static bool parse_header(struct slice header, struct slice *time,
                         unsigned char digest[HTTP_DIGEST_BYTES])
{
    struct slice first, second;
    if (!slice_next(&header, ',', &first) || !slice_next(&header, ',', &second) ||
        header.len > 0)
        return false;
    second = slice_trim(second);
    if (!slice_starts(first, SLICE("t=")) || !slice_starts(second, SLICE("v1=")))
        return false;
    *time = slice_make(first.ptr + 2, first.len - 2);
    return time->len <= 15 &&
           parse_hex(slice_make(second.ptr + 3, second.len - 3), digest);
}

static void sign(const struct http_keys *keys, struct slice time, struct slice body,
                 unsigned char digest[HTTP_DIGEST_BYTES])
{
    struct buf text = buf_make(time.len + 1 + body.len);
    buf_put(&text, time);
    buf_putc(&text, '.');
    buf_put(&text, body);
    digest_of(secret_slice(&keys->secret), buf_slice(&text), digest);
    buf_free(&text);
}

bool http_keys_verify(const struct http_keys *keys, struct slice header,
                      struct slice body, int64_t now_unix_ms,
                      unsigned char digest[HTTP_DIGEST_BYTES])
{
    struct slice time;
    int64_t seconds;
    unsigned char right[HTTP_DIGEST_BYTES];
    if (keys->secret.len == 0 || !parse_header(header, &time, digest) ||
        !slice_to_int(time, &seconds))
        return false;
    int64_t age_s = now_unix_ms / SECOND_MS - seconds;
    if (age_s > WINDOW_S || age_s < -WINDOW_S)
        return false;
    sign(keys, time, body, right);
    return CRYPTO_memcmp(digest, right, sizeof right) == 0;
}

/* --- certificates ----------------------------------------------------------------- */

/** Else the library asks for a passphrase at the terminal. */
static int give_no_passphrase(char *room, int size, int writes, void *ctx)
{
    (void)room, (void)size, (void)writes, (void)ctx;
    return 0;
}

static X509 *read_certificate(const char *text)
{
    BIO *bio = mem_there(BIO_new_mem_buf(text, -1));
    X509 *certificate = PEM_read_bio_X509(bio, NULL, give_no_passphrase, NULL);
    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *read_key(const char *text)
{
    BIO *bio = mem_there(BIO_new_mem_buf(text, -1));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_no_passphrase, NULL);
    BIO_free(bio);
    return key;
}

bool http_keys_fit(const char *certificate, const char *key, struct err *err)
{
    X509 *own = read_certificate(certificate);
    EVP_PKEY *own_key = read_key(key);
    bool fits = false;
    if (!own)
        err_set(err, ERR_INVALID, "the file of the certificate holds none in PEM");
    else if (!own_key)
        err_set(err, ERR_INVALID,
                "the file of the key holds none in PEM without a passphrase");
    else if (X509_check_private_key(own, own_key) != 1)
        err_set(err, ERR_INVALID, "certificate and key do not belong together");
    else
        fits = true;
    X509_free(own);
    EVP_PKEY_free(own_key);
    ERR_clear_error();
    return fits;
}
