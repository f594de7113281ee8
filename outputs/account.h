/**
 * An account is a way to send mail: where the server is and who we are there. It also
 * has a state that all its mails share: held until a time, because a quota is spent,
 * logins were too many or a password is wrong. The state is stored: a restart does not
 * hammer anew.
 */
#ifndef TOCSIN_OUTPUTS_ACCOUNT_H
#define TOCSIN_OUTPUTS_ACCOUNT_H

#include "agent/base/err.h"
#include "agent/base/schema.h"
#include "agent/base/secret.h"

enum { TLS_IMPLICIT, TLS_STARTTLS, TLS_NONE };

/** How we prove who we are. */
enum login_way {
    LOGIN_PASSWORD, /**< by the password in password_file; without a user: not at all */
    LOGIN_COMMAND,  /**< by the password that a command prints */
    LOGIN_CONSENT,  /**< OAuth 2.0: by the consent of the user, kept in a file */
    LOGIN_SERVICE,  /**< OAuth 2.0: by the key of a service account that acts for the
                         user (Workspace: domain-wide delegation) */
};

struct smtp_config {
    const struct yaml_node *node;
    struct conf_text host, user, password_file, ca_file, ehlo;
    struct conf_texts password_command; /**< program and arguments */
    int64_t port; /**< 0: 465 for implicit TLS, 587 for STARTTLS */
    int tls; /**< TLS_*; TLS_NONE only towards a loopback address and without a user */
};

struct oauth_config {
    const struct yaml_node *node;
    struct conf_text token_file; /**< as `tocsin auth gmail` writes it */
};

struct service_config {
    const struct yaml_node *node;
    struct conf_text key_file; /**< JSON, as Google gives it */
    struct conf_text user;     /**< default: the address that sends */
};

struct account_config {
    const struct yaml_node *node;
    struct conf_text name;
    struct conf_text gmail;                  /**< address; excludes smtp */
    struct conf_text password_file, ca_file; /**< with gmail */
    struct conf_texts password_command;      /**< with gmail */
    int64_t port;                            /**< with gmail: 465 (default) or 587 */
    bool api;                      /**< with gmail: by HTTPS instead of SMTP */
    struct conf_text api_endpoint; /**< with api: https://HOST[:PORT] */
    struct oauth_config *oauth;
    struct service_config *service_account;
    struct smtp_config *smtp;
    struct conf_text from; /**< default: the gmail address, or the smtp user */
    int64_t doubt_wait;    /**< wait before a mail in doubt goes again; default 10m */
};
extern const struct schema account_schema;

/** What a connection needs; all slices live with the generation. */
struct account {
    struct slice name;
    struct slice host;
    int port;
    int tls;
    struct slice user, ca_file, ehlo, from;
    enum login_way login;
    struct slice password_file;  /**< or the file with the consent or the key */
    const struct slice *command; /**< of LOGIN_COMMAND, program and arguments */
    int errand_door; /**< who runs it is asked there (errand.h); 0: we do it */
    size_t command_count;
    struct slice acts_for; /**< of LOGIN_SERVICE: the user */
    bool is_api;           /**< mails go by Gmail's HTTPS API to host and port */
    bool is_webhook;       /**< mails are posted as JSON: to url, or to what stands in
                                url_file; host, port and tls are the url's */
    struct slice url, url_file, token_file;
    bool allows_plain; /**< of url_file: it may begin with http:// */
    bool is_text_only; /**< nothing but `text` is posted */
    bool is_bare;      /**< TLS alone: nobody greets and nobody logs in (for HTTPS) */
    const struct secret *secret; /**< the password, when it is at hand; borrowed. NULL:
                                      it is in password_file */
    int64_t doubt_wait_ms;
};

/** Check and complete @config: exactly one of gmail and smtp, address sane, tls: none
 *  only where it can do no harm. @return false after a complaint. */
bool account_resolve(const struct account_config *config, struct slice host_name,
                     struct account *account, struct arena *arena,
                     struct complaints *complaints);

/** How @config logs in, into @account, whose user is set.
 *  @owner  the block that has the password keys: the account, or its `smtp` */
struct login_keys {
    const struct yaml_node *owner;
    const struct conf_text *password_file;
    const struct conf_texts *password_command;
};
void account_resolve_login(const struct account_config *config,
                           const struct login_keys *keys, struct account *account,
                           struct arena *arena, struct complaints *complaints);

/** A copy whose texts live in @arena; the secret is left behind. */
struct account account_copy(const struct account *account, struct arena *arena);
/** Is it the same server, and do we log in in the same way? */
bool account_is_same(const struct account *a, const struct account *b);

#endif
