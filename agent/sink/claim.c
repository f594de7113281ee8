/** RS256 by OpenSSL, and a look at each claim. */
#include "agent/sink/claim.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "agent/base/base64.h"
#include "agent/base/json.h"
#include "agent/base/secret.h"

enum { KEY_FILE_MAX = 16 * 1024, PART_MAX = 8192, SKEW_S = 60, LIFE_MAX_S = 3600 };

struct claim_key {
    EVP_PKEY *key;
    char *email;
};

static struct slice text_of(const struct json *root, const char *name)
{
    const struct json *value = json_find(root, slice_of(name));
    return value && value->type == JSON_STRING ? value->text : SLICE("");
}

struct claim_key *claim_key_read(const char *path, struct err *err)
{
    struct secret file = { 0 };
    struct arena arena = { 0 };
    struct claim_key *key = NULL;
    if (!secret_read_whole(slice_of(path), KEY_FILE_MAX, &file, err))
        return NULL;
    const struct json *root = json_parse(secret_slice(&file), &arena).root;
    struct slice pem = text_of(root, "private_key");
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *private = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (private) {
        key = mem_zalloc(sizeof *key);
        key->key = private;
        key->email = mem_copy(text_of(root, "client_email"));
    } else {
        err_set(err, ERR_INVALID, "'%s' is no JSON key of a service account", path);
    }
    arena_wipe(&arena);
    secret_wipe(&file);
    return key;
}

void claim_key_free(struct claim_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key->email);
    free(key);
}

/* --- a JWT ------------------------------------------------------------------------ */

static bool decode(struct slice part, struct secret *out)
{
    struct err err = { 0 };
    return secret_open(out, PART_MAX, &err) && secret_take_base64(out, part);
}

static bool is_signed(const struct claim_key *key, struct slice text,
                      struct slice signature)
{
    struct secret raw = { 0 };
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && decode(signature, &raw) &&
              EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
              EVP_DigestVerify(context, (const unsigned char *)raw.page, raw.len,
                               (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(context);
    secret_wipe(&raw);
    return ok;
}

static const struct json *parse_part(struct slice part, struct arena *arena)
{
    struct secret raw = { 0 };
    const struct json *root = NULL;
    if (decode(part, &raw))
        root = json_parse(arena_slice(arena, secret_slice(&raw)), arena).root;
    secret_wipe(&raw);
    return root;
}

static int64_t number_of(const struct json *root, const char *name)
{
    const struct json *value = json_find(root, slice_of(name));
    int64_t number = 0;
    if (!value || !slice_to_int(value->text, &number))
        return 0;
    return number;
}

static const char *check_times(const struct json *claims, int64_t unix_s)
{
    int64_t begin = number_of(claims, "iat"), end = number_of(claims, "exp");
    if (begin > unix_s + SKEW_S || end < unix_s || end - begin > LIFE_MAX_S ||
        end <= begin)
        return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a "
               "reasonable timeframe. Check your iat and exp values in the JWT claim.";
    return NULL;
}

const char *claim_check(const struct claim_key *key, struct slice assertion,
                        struct slice audience, int64_t unix_s, struct arena *arena,
                        struct claim *claim)
{
    struct slice head, body, signature = assertion;
    if (!slice_next(&signature, '.', &head) || !slice_next(&signature, '.', &body))
        return "Invalid JWT: it has not three parts.";
    struct slice text = slice_make(head.ptr, head.len + 1 + body.len);
    const struct json *header = parse_part(head, arena);
    const struct json *claims = parse_part(body, arena);
    if (!header || !claims || !slice_equal(text_of(header, "alg"), SLICE("RS256")))
        return "Invalid JWT: it cannot be read.";
    if (!key || !slice_equal(text_of(claims, "iss"), slice_of(key->email)))
        return "Invalid grant: account not found";
    if (!is_signed(key, text, signature))
        return "Invalid JWT Signature.";
    if (!slice_equal(text_of(claims, "aud"), audience))
        return "Invalid JWT: Failed audience check.";
    claim->subject = text_of(claims, "sub");
    claim->scope = text_of(claims, "scope");
    return check_times(claims, unix_s);
}
