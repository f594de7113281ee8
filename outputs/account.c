/** The keys of an account, and what they mean together. */
#include "outputs/account.h"

#include <ctype.h>
#include <string.h>

#include "agent/base/now.h"
#include "outputs/mime.h"
#include "outputs/web_url.h"

/* --- keys ------------------------------------------------------------------------- */

static const char *const tls_names[] = { "implicit", "starttls", "none", NULL };

static const struct field smtp_fields[] = {
    TEXT(struct smtp_config, host, .is_required = true,
         .doc = "The mail server's name. Its certificate has to show this name."),
    COUNT(struct smtp_config, port, .min = 0, .max = 65535,
          .doc =
              "The port. Default: 465 with tls: implicit, 587 with starttls, 25 with "
              "none."),
    CHOICE(struct smtp_config, tls, .def = "implicit", .choices = tls_names,
           .doc = "implicit: TLS from the first byte. starttls: in clear at first, and "
                  "refused when the server offers no TLS. none: only towards this host "
                  "itself and without user."),
    TEXT(struct smtp_config, user,
         .doc = "The name to log in with. Default: no login."),
    TEXT(struct smtp_config, password_file,
         .doc = "A file with the password, which only its owner may read."),
    TEXTS(struct smtp_config, password_command,
          .doc =
              "Instead of `password_file`: a program that prints the password, and "
              "its arguments, as a list. No shell reads it; it has 10 seconds, and is "
              "asked before each login."),
    TEXT(struct smtp_config, ca_file,
         .doc = "Trust the certificates in this file instead of the system's."),
    TEXT(struct smtp_config, ehlo,
         .doc = "The name by which we greet the server. Default: the host's name."),
};
static const struct schema smtp_schema = {
    .name = "smtp",
    .doc = "A mail server that is not Gmail's.",
    .size = sizeof(struct smtp_config),
    .node_offset = offsetof(struct smtp_config, node),
    .fields = smtp_fields,
    .field_count = sizeof smtp_fields / sizeof *smtp_fields,
};

static const struct field oauth_fields[] = {
    TEXT(struct oauth_config, token_file, .is_required = true,
         .doc = "The file that `tocsin auth gmail` writes: who may send, and Google's "
                "token for it. tocsin must be able to write it too, because Google may "
                "give a new token; below /var/lib/tocsin it is."),
};
static const struct schema oauth_schema = {
    .name = "oauth",
    .doc = "A login by the user's consent (OAuth 2.0) instead of a password.",
    .size = sizeof(struct oauth_config),
    .node_offset = offsetof(struct oauth_config, node),
    .fields = oauth_fields,
    .field_count = sizeof oauth_fields / sizeof *oauth_fields,
};

static const struct field service_fields[] = {
    TEXT(struct service_config, key_file, .is_required = true,
         .doc = "The service account's key, the JSON file that Google's Cloud console "
                "gives; only its owner may read it."),
    TEXT(struct service_config, user,
         .doc = "The user for whom it acts. Default: the address of `gmail`, or the "
                "`user` of `smtp`."),
};
static const struct schema service_schema = {
    .name = "service_account",
    .doc =
        "A login by a service account of Google Workspace to which the administrator "
        "gave domain-wide delegation.",
    .size = sizeof(struct service_config),
    .node_offset = offsetof(struct service_config, node),
    .fields = service_fields,
    .field_count = sizeof service_fields / sizeof *service_fields,
};

static const struct field account_fields[] = {
    TEXT(struct account_config, name, .is_required = true,
         .doc = "The name by which outputs use the account."),
    TEXT(struct account_config, gmail,
         .doc = "The Gmail or Workspace address that sends. Instead of `smtp`."),
    TEXT(struct account_config, password_file,
         .doc = "With `gmail`: a file with the App Password, which only its owner may "
                "read. Blanks in the password do not matter."),
    TEXTS(struct account_config, password_command,
          .doc = "With `gmail`, instead of `password_file`: a program that prints the "
                 "App Password, and its arguments, as a list: [/usr/bin/pass, show, "
                 "tocsin]. No shell reads it; it has 10 seconds, and is asked before "
                 "each login."),
    BLOCK(struct account_config, oauth, struct oauth_config, .sub = &oauth_schema,
          .doc = "Instead of a password: the user's consent, got by `tocsin auth "
                 "gmail`."),
    BLOCK(struct account_config, service_account, struct service_config,
          .sub = &service_schema,
          .doc = "Instead of a password: a service account that acts for the user."),
    BOOL(struct account_config, api,
         .doc =
             "With `gmail` and `oauth` or `service_account`: send by Gmail's API over "
             "HTTPS (port 443) instead of SMTP, where the ports of mail are "
             "blocked."),
    TEXT(struct account_config, api_endpoint, .def = "https://gmail.googleapis.com",
         .doc = "With `api`: where it is, for a server to try against."),
    TEXT(struct account_config, ca_file,
         .doc = "With `gmail`: trust the certificates in this file instead of the "
                "system's."),
    COUNT(struct account_config, port, .min = 0, .max = 65535,
          .doc = "With `gmail`: 465 (implicit TLS, the default) or 587 (STARTTLS)."),
    BLOCK(struct account_config, smtp, struct smtp_config, .sub = &smtp_schema,
          .doc = "Another mail server. Instead of `gmail`."),
    TEXT(struct account_config, from,
         .doc = "The sender's address. Default: the gmail address, or the smtp user."),
    DURATION(struct account_config, doubt_wait, .def = "10m", .min = 0, .max = DAY_MS,
             .doc = "When the connection broke before the server confirmed a mail, the "
                    "same mail is sent again after this time, at most twice."),
};
const struct schema account_schema = {
    .name = "account",
    .doc = "A way to send mail: the server, and who we are there.",
    .size = sizeof(struct account_config),
    .node_offset = offsetof(struct account_config, node),
    .fields = account_fields,
    .field_count = sizeof account_fields / sizeof *account_fields,
};

/* --- what the keys mean together -------------------------------------------------- */

struct resolving {
    const struct account_config *config;
    struct account *account;
    struct slice host_name;
    struct arena *arena;
    struct complaints *complaints;
};

static struct place place_of(const struct conf_text *text,
                             const struct yaml_node *owner)
{
    return text->node ? text->node->at : owner->at;
}

static bool is_host(struct slice host)
{
    for (size_t i = 0; i < host.len; i++)
        if (!isalnum((unsigned char)host.ptr[i]) && !strchr(".-:[]", host.ptr[i]))
            return false;
    return host.len > 0 && host.len <= 255;
}

static void check_tls(const struct resolving *resolving)
{
    const struct smtp_config *smtp = resolving->config->smtp;
    if (smtp->tls == TLS_NONE && !web_host_is_loopback(smtp->host.value))
        complain(resolving->complaints, place_of(&smtp->host, smtp->node),
                 "tls: none is only for a mail server on this host (localhost); use "
                 "implicit or starttls");
    if (smtp->tls == TLS_NONE && smtp->user.value.len > 0)
        complain(resolving->complaints, place_of(&smtp->user, smtp->node),
                 "a password is never sent in clear; use tls: implicit or starttls, or "
                 "leave 'user' out");
    if (smtp->tls == TLS_IMPLICIT && smtp->port == 587)
        complain_softly(
            resolving->complaints, smtp->node->at,
            "servers speak STARTTLS at port 587; did you mean tls: starttls?");
    if (smtp->tls == TLS_STARTTLS && smtp->port == 465)
        complain_softly(resolving->complaints, smtp->node->at,
                        "servers speak TLS at once at port 465; did you mean tls: "
                        "implicit?");
}

/* Google: "SMTP relay: route outgoing non-Gmail messages", a/answer/2956491. */
static void check_relay(const struct resolving *resolving)
{
    const struct smtp_config *smtp = resolving->config->smtp;
    if (slice_equal_nocase(smtp->host.value, SLICE("smtp-relay.gmail.com")) &&
        smtp->user.value.len == 0 && smtp->ehlo.value.len == 0)
        complain_softly(
            resolving->complaints, place_of(&smtp->host, smtp->node),
            "without a login the relay knows a sender by its address and by "
            "'ehlo': set 'ehlo' to a domain of the organisation and register "
            "this host's address there (support.google.com/a/answer/2956491)");
    if (slice_equal_nocase(smtp->host.value, SLICE("smtp.gmail.com")) &&
        smtp->user.value.len == 0)
        complain_softly(resolving->complaints, place_of(&smtp->host, smtp->node),
                        "smtp.gmail.com takes no mail without a login; use 'gmail: "
                        "ADDRESS' instead of 'smtp'");
}

static void resolve_smtp(const struct resolving *resolving)
{
    static const int default_ports[] = { 465, 587, 25 };
    const struct smtp_config *smtp = resolving->config->smtp;
    struct account *account = resolving->account;
    if (smtp->host.value.len > 0 && !is_host(smtp->host.value))
        complain(resolving->complaints, place_of(&smtp->host, smtp->node),
                 "'host' must be a host name or an address");
    if (smtp->ehlo.value.len > 0 && !is_host(smtp->ehlo.value))
        complain(resolving->complaints, place_of(&smtp->ehlo, smtp->node),
                 "'ehlo' must be a host name");
    check_tls(resolving);
    check_relay(resolving);
    account->host = smtp->host.value;
    account->port = smtp->port ? (int)smtp->port : default_ports[smtp->tls];
    account->tls = smtp->tls;
    account->user = smtp->user.value;
    account->ca_file = smtp->ca_file.value;
    account->ehlo = smtp->ehlo.value.len > 0 ? smtp->ehlo.value : resolving->host_name;
    account->from = smtp->user.value;
    const struct login_keys keys = { smtp->node, &smtp->password_file,
                                     &smtp->password_command };
    account_resolve_login(resolving->config, &keys, account, resolving->arena,
                          resolving->complaints);
}

/* "https://HOST[:PORT]" */
static void resolve_api(const struct resolving *resolving)
{
    const struct account_config *config = resolving->config;
    struct account *account = resolving->account;
    struct web_url url;
    bool ok = web_url_parse(config->api_endpoint.value, &url) && !url.is_plain &&
              slice_equal(url.path, SLICE("/"));
    if (!ok)
        complain(resolving->complaints, place_of(&config->api_endpoint, config->node),
                 "'api_endpoint' is written https://HOST or https://HOST:PORT");
    if (config->port != 0)
        complain(resolving->complaints, config->node->at,
                 "'port' is of SMTP, and 'api: true' sends by HTTPS: leave one of them "
                 "out");
    account->is_api = true;
    account->host = ok ? url.host : SLICE("");
    account->port = ok ? url.port : 443;
    account->tls = TLS_IMPLICIT;
}

static void resolve_gmail(const struct resolving *resolving)
{
    const struct account_config *config = resolving->config;
    struct account *account = resolving->account;
    if (!mime_is_address(config->gmail.value))
        complain(resolving->complaints, place_of(&config->gmail, config->node),
                 "'gmail' must be one e-mail address");
    if (config->port != 0 && config->port != 465 && config->port != 587)
        complain(resolving->complaints, config->node->at,
                 "Gmail takes mail at port 465 or 587");
    account->host = SLICE("smtp.gmail.com");
    account->port = config->port ? (int)config->port : 465;
    account->tls = account->port == 587 ? TLS_STARTTLS : TLS_IMPLICIT;
    account->user = config->gmail.value;
    account->ca_file = config->ca_file.value;
    account->ehlo = resolving->host_name;
    account->from = config->gmail.value;
    if (config->api)
        resolve_api(resolving);
    const struct login_keys keys = { config->node, &config->password_file,
                                     &config->password_command };
    account_resolve_login(config, &keys, account, resolving->arena,
                          resolving->complaints);
}

static void check_stray_keys(const struct resolving *resolving)
{
    const struct account_config *config = resolving->config;
    if (config->password_file.value.len > 0 || config->password_command.count > 0 ||
        config->ca_file.value.len > 0 || config->port != 0)
        complain(
            resolving->complaints, config->node->at,
            "'password_file', 'password_command', 'ca_file' and 'port' belong below "
            "'smtp' here");
    if (config->api)
        complain(resolving->complaints, config->node->at,
                 "'api' is Gmail's: it belongs to 'gmail: ADDRESS'");
}

static void resolve_from(const struct resolving *resolving)
{
    const struct account_config *config = resolving->config;
    struct account *account = resolving->account;
    if (config->from.value.len > 0)
        account->from = config->from.value;
    if (mime_is_address(account->from))
        return;
    if (config->from.value.len > 0)
        complain(resolving->complaints, place_of(&config->from, config->node),
                 "'from' must be one e-mail address");
    else if (config->smtp)
        complain(resolving->complaints, config->node->at,
                 "this account needs 'from', the sender's e-mail address");
}

bool account_resolve(const struct account_config *config, struct slice host_name,
                     struct account *account, struct arena *arena,
                     struct complaints *complaints)
{
    size_t errors_before = complaints->error_count;
    const struct resolving resolving = { config, account, host_name, arena,
                                         complaints };
    bool is_gmail = config->gmail.value.len > 0;
    *account = (struct account){ .name = config->name.value,
                                 .doubt_wait_ms = config->doubt_wait };
    if (is_gmail && config->smtp) {
        complain(complaints, config->node->at, "'gmail' and 'smtp' exclude each other");
        return false;
    }
    if (!is_gmail && !config->smtp) {
        complain(complaints, config->node->at,
                 "an account needs 'gmail: ADDRESS' or 'smtp: {host: NAME}'");
        return false;
    }
    if (is_gmail) {
        resolve_gmail(&resolving);
    } else {
        resolve_smtp(&resolving);
        check_stray_keys(&resolving);
    }
    resolve_from(&resolving);
    account->host = arena_slice(arena, account->host);
    return complaints->error_count == errors_before;
}
