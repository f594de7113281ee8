/** The keys of the block `http`. */
#ifndef TOCSIN_HTTP_HTTP_CONFIG_H
#define TOCSIN_HTTP_HTTP_CONFIG_H

#include "agent/base/schema.h"
#include "agent/inputs/webhook/webhook.h"

/** What the holder of a token may do; bits. */
enum http_scope { SCOPE_INGEST = 1, SCOPE_READ = 2, SCOPE_ADMIN = 4 };

struct http_token_config {
    const struct yaml_node *node;
    struct conf_text name, file;
    struct conf_texts may; /**< names of scopes */
};

struct http_hmac_config {
    const struct yaml_node *node;
    struct conf_text secret_file, header;
};

struct http_config {
    const struct yaml_node *node;
    struct conf_texts listen; /**< see address.h */
    struct conf_text group;   /**< of unix sockets */
    struct conf_texts hosts;  /**< further names that we are called by */
    struct conf_text certificate, key;
    struct conf_blocks tokens; /**< of struct http_token_config */
    struct http_hmac_config *hmac;
    struct conf_texts trusted_proxies;
    int64_t resolve_after; /**< ms; see struct webhook_request */
    struct webhook_config *generic;
};
extern const struct schema http_schema;

/** What its keys mean together: who listens beyond this host has to ask for a token. */
void http_config_check(const struct http_config *config, struct complaints *complaints);

/** The scopes of @token as bits; unknown names are left out. */
unsigned http_scopes(const struct http_token_config *token);

#endif
