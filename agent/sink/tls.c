/** Two certificates by OpenSSL's X.509 functions; every one of them may fail. */
#include "agent/sink/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "agent/base/mem.h"

enum { VALID_SECONDS = 30 * 24 * 3600, SKEW_SECONDS = 3600 };

struct sink_tls {
    SSL_CTX *context;
    struct buf ca_pem;
};

/** One extension of a certificate: which, and OpenSSL's text for it. */
struct extension {
    int nid;
    const char *value;
};

static const struct extension ca_extensions[] = {
    { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
    { NID_key_usage, "critical,keyCertSign,cRLSign" },
    { NID_subject_key_identifier, "hash" },
    { 0, NULL },
};

static const struct extension server_extensions[] = {
    { NID_basic_constraints, "critical,CA:FALSE" },
    { NID_key_usage, "critical,digitalSignature" },
    { NID_ext_key_usage, "serverAuth" },
    { NID_subject_key_identifier, "hash" },
    { NID_authority_key_identifier, "keyid" },
    { NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1" },
    { 0, NULL },
};

static bool add_extensions(X509 *certificate, X509 *issuer,
                           const struct extension *list)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (; list->value; list++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, list->nid, list->value);
        bool is_added = extension && X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
        if (!is_added)
            return false;
    }
    return true;
}

static bool set_name(X509 *certificate, X509 *issuer, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
}

static bool set_serial(X509 *certificate)
{
    uint64_t serial = 0;
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1);
}

/** A certificate for @key, signed by @issuer's @issuer_key; both NULL: by itself. */
static X509 *make_certificate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                              const char *name)
{
    const struct extension *extensions = issuer ? server_extensions : ca_extensions;
    X509 *certificate = X509_new();
    if (!certificate)
        return NULL;
    if (X509_set_version(certificate, 2) && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -SKEW_SECONDS) &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_SECONDS) &&
        X509_set_pubkey(certificate, key) &&
        set_name(certificate, issuer ? issuer : certificate, name) &&
        add_extensions(certificate, issuer ? issuer : certificate, extensions) &&
        X509_sign(certificate, issuer_key ? issuer_key : key, EVP_sha256()))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool write_pem(X509 *certificate, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    bool is_written = bio && PEM_write_bio_X509(bio, certificate);
    long len = is_written ? BIO_get_mem_data(bio, &bytes) : 0;
    *out = buf_make(64 * 1024);
    if (len > 0)
        buf_put(out, slice_make(bytes, (size_t)len));
    BIO_free(bio);
    return len > 0;
}

static SSL_CTX *make_context(X509 *certificate, EVP_PKEY *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context && SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) &&
        SSL_CTX_use_certificate(context, certificate) == 1 &&
        SSL_CTX_use_PrivateKey(context, key) == 1) {
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        /* A client that goes without close_notify is no news for a test server. */
        SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

static bool fill(struct sink_tls *tls)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    X509 *ca = NULL, *certificate = NULL;
    if (ca_key && key)
        ca = make_certificate(ca_key, NULL, NULL, "tocsin sink, for tests only");
    if (ca)
        certificate = make_certificate(key, ca, ca_key, "localhost");
    if (certificate && write_pem(ca, &tls->ca_pem))
        tls->context = make_context(certificate, key);
    X509_free(certificate);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    return tls->context != NULL;
}

struct sink_tls *sink_tls_create(struct err *err)
{
    struct sink_tls *tls = mem_zalloc(sizeof *tls);
    char text[160];
    if (fill(tls))
        return tls;
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    err_set(err, ERR_IO, "The sink's certificate could not be made: %s.", text);
    sink_tls_free(tls);
    return NULL;
}

void sink_tls_free(struct sink_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    buf_free(&tls->ca_pem);
    free(tls);
}

struct slice sink_tls_ca(const struct sink_tls *tls)
{
    return buf_slice(&tls->ca_pem);
}

SSL_CTX *sink_tls_context(const struct sink_tls *tls)
{
    return tls->context;
}
