/** The keys of the block `http`, and what they mean together. */
#include "agent/inputs/http/http_config.h"

#include <ctype.h>

#include "agent/base/limits.h"
#include "agent/base/now.h"
#include "agent/inputs/http/address.h"
#include "agent/inputs/http/httpd.h"

static const struct {
    const char *name;
    unsigned scope;
} scope_names[] = {
    { "ingest", SCOPE_INGEST },
    { "read", SCOPE_READ },
    { "admin", SCOPE_ADMIN },
};

static unsigned scope_of(struct slice name)
{
    for (size_t i = 0; i < sizeof scope_names / sizeof *scope_names; i++) {
        if (slice_equal(name, slice_of(scope_names[i].name)))
            return scope_names[i].scope;
    }
    return 0;
}

unsigned http_scopes(const struct http_token_config *token)
{
    unsigned scopes = 0;
    for (size_t i = 0; i < token->may.count; i++)
        scopes |= scope_of(token->may.items[i].value);
    return scopes;
}

/* --- single keys ------------------------------------------------------------------ */

static struct place place_of(const struct conf_text *text, const struct yaml_node *node)
{
    return text->node ? text->node->at : node->at;
}

static void check_scopes(const struct field *field, const void *value,
                         const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_texts *texts = value;
    for (size_t i = 0; i < texts->count; i++) {
        if (scope_of(texts->items[i].value) == 0)
            complain(complaints, place_of(&texts->items[i], node),
                     "%s: a token may ingest, read or admin", field->name);
    }
}

static void check_listen(const struct field *field, const void *value,
                         const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_texts *texts = value;
    struct http_address address;
    if (texts->count > LIMIT_HTTP_LISTENERS)
        complain(complaints, node->at, "%s: at most %d addresses", field->name,
                 LIMIT_HTTP_LISTENERS);
    for (size_t i = 0; i < texts->count; i++) {
        if (!http_address_parse(texts->items[i].value, &address))
            complain(complaints, place_of(&texts->items[i], node),
                     "%s: write 127.0.0.1:9093, '[::1]:9093' or unix:/PATH",
                     field->name);
    }
}

static void check_addresses(const struct field *field, const void *value,
                            const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_texts *texts = value;
    for (size_t i = 0; i < texts->count; i++) {
        if (!http_is_address(texts->items[i].value))
            complain(complaints, place_of(&texts->items[i], node),
                     "%s: an address is written in digits, without a port",
                     field->name);
    }
}

static void check_header(const struct field *field, const void *value,
                         const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_text *name = value;
    bool is_good = name->value.len > 0 && name->value.len <= 64;
    for (size_t i = 0; is_good && i < name->value.len; i++)
        is_good =
            isalnum((unsigned char)name->value.ptr[i]) || name->value.ptr[i] == '-';
    if (!is_good)
        complain(complaints, node->at,
                 "%s: a header's name has letters, digits and '-'", field->name);
}

static const struct field token_fields[] = {
    TEXT(struct http_token_config, name, .is_required = true,
         .doc = "What the token is called in the log."),
    TEXT(struct http_token_config, file, .is_required = true,
         .doc = "A file with the token, which only its owner may read. Make one with "
                "'openssl rand -hex 32'."),
    TEXTS(struct http_token_config, may, .def = "[ingest]", .check = check_scopes,
          .doc = "What its holder may do: 'ingest' posts alerts, 'read' gets /metrics, "
                 "'admin' reloads the configuration."),
};
static const struct schema token_schema = {
    .name = "token",
    .doc = "A sender shows its token as 'Authorization: Bearer TOKEN'.",
    .size = sizeof(struct http_token_config),
    .node_offset = offsetof(struct http_token_config, node),
    .fields = token_fields,
    .field_count = sizeof token_fields / sizeof *token_fields,
};

static const struct field hmac_fields[] = {
    TEXT(struct http_hmac_config, secret_file, .is_required = true,
         .doc = "A file with the secret that sender and tocsin share."),
    TEXT(struct http_hmac_config, header, .def = "X-Tocsin-Signature",
         .check = check_header,
         .doc =
             "The header that says 't=SECONDS,v1=HEX': the time of the request since "
             "1970, and the HMAC-SHA256 of 'SECONDS.BODY'."),
};
static const struct schema hmac_schema = {
    .name = "hmac",
    .doc = "Take only alerts that are signed, and were signed less than 5 minutes ago. "
           "The same signature is counted once.",
    .size = sizeof(struct http_hmac_config),
    .node_offset = offsetof(struct http_hmac_config, node),
    .fields = hmac_fields,
    .field_count = sizeof hmac_fields / sizeof *hmac_fields,
};

static const struct field http_fields[] = {
    TEXTS(struct http_config, listen, .def = "['127.0.0.1:9093']",
          .check = check_listen,
          .doc =
              "Where to listen: addresses in digits with a port, or 'unix:/PATH'. An "
              "address that others than this host can reach needs 'tokens' or "
              "'hmac'. An Alertmanager on this host has port 9093 itself: then take "
              "another."),
    TEXT(struct http_config, group,
         .doc = "The group that may write to the unix sockets. Default: our own."),
    TEXTS(struct http_config, hosts,
          .doc =
              "Further names that senders call this host by. Requests to other names "
              "than these, 'localhost', the host's own and addresses in digits are "
              "refused, since a web page may have made them."),
    TEXT(struct http_config, certificate,
         .doc = "A file with the certificate and its chain, in PEM. With it all ports "
                "speak TLS; unix sockets do not."),
    TEXT(struct http_config, key,
         .doc = "The certificate's key, which only its owner may read, in PEM."),
    BLOCKS(struct http_config, tokens, .sub = &token_schema,
           .doc =
               "Who may send. Without tokens everybody who reaches the port may post "
               "alerts and, where no 'hmac' is asked for, get /metrics; nobody may "
               "reload."),
    BLOCK(struct http_config, hmac, struct http_hmac_config, .sub = &hmac_schema,
          .doc = "Alerts have to be signed."),
    TEXTS(struct http_config, trusted_proxies, .check = check_addresses,
          .doc =
              "Addresses of proxies that say in X-Forwarded-For whom they speak for. "
              "From others that header means nothing."),
    DURATION(struct http_config, resolve_after, .def = "1d", .min = MINUTE_MS,
             .max = 365 * DAY_MS,
             .doc =
                 "An alert that its sender did not repeat for this long, and did not "
                 "call resolved, is over. Plain texts: after an hour at most."),
    BLOCK(struct http_config, generic, struct webhook_config, .sub = &webhook_schema,
          .doc = "Where a body of /webhook/generic says what."),
};

const struct schema http_schema = {
    .name = "http",
    .doc =
        "Alerts that others post: to /webhook/alertmanager, /webhook/grafana, "
        "/webhook/generic and /webhook/text. The answer 200 means that the alert is "
        "on disk. GET /-/healthy and /-/ready say whether that works; GET /metrics has "
        "the numbers of 'tocsin status' for Prometheus, with a token that may 'read' "
        "where there are tokens; POST /-/reload reads the configuration anew.",
    .size = sizeof(struct http_config),
    .node_offset = offsetof(struct http_config, node),
    .fields = http_fields,
    .field_count = sizeof http_fields / sizeof *http_fields,
};

/* --- all keys together ------------------------------------------------------------ */

static void check_reach(const struct http_config *config, struct complaints *complaints)
{
    struct http_address address;
    if (config->tokens.count > 0 || config->hmac)
        return;
    for (size_t i = 0; i < config->listen.count; i++) {
        const struct conf_text *text = &config->listen.items[i];
        if (http_address_parse(text->value, &address) && !address.is_loopback)
            complain(complaints, place_of(text, config->node),
                     "others than this host can reach '%.*s', and nobody is asked who "
                     "he is: add 'tokens' or 'hmac', or listen at 127.0.0.1",
                     SLICE_ARG(text->value));
    }
}

static void check_tls(const struct http_config *config, struct complaints *complaints)
{
    bool has_certificate = config->certificate.value.len > 0;
    bool has_key = config->key.value.len > 0;
    if (has_certificate != has_key)
        complain(complaints, config->node->at,
                 "'certificate' and 'key' go together: here is one without the other");
    else if (has_certificate && !httpd_has_tls())
        complain(complaints, place_of(&config->certificate, config->node),
                 "the libmicrohttpd of this host was built without TLS");
}

static void check_tokens(const struct http_config *config,
                         struct complaints *complaints)
{
    const struct http_token_config *tokens = config->tokens.items;
    if (config->tokens.count > LIMIT_HTTP_TOKENS)
        complain(complaints, config->node->at, "at most %d tokens", LIMIT_HTTP_TOKENS);
    for (size_t i = 0; i < config->tokens.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (slice_equal(tokens[i].name.value, tokens[k].name.value))
                complain(complaints, place_of(&tokens[i].name, config->node),
                         "a token '%.*s' stands above already",
                         SLICE_ARG(tokens[i].name.value));
        }
    }
}

void http_config_check(const struct http_config *config, struct complaints *complaints)
{
    if (config->listen.count == 0)
        complain(complaints, config->node->at, "'listen' is empty: nobody can connect");
    check_reach(config, complaints);
    check_tls(config, complaints);
    check_tokens(config, complaints);
}
