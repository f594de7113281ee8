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

enum { TLS_IMPLICIT, TLS_STARTTLS, TLS_NONE };

struct smtp_config {
    const struct yaml_node *node;
    struct conf_text host, user, password_file, ca_file, ehlo;
    int64_t port; /**< 0: 465 for implicit TLS, 587 for STARTTLS */
    int tls; /**< TLS_*; TLS_NONE only towards a loopback address and without a user */
};

struct account_config {
    const struct yaml_node *node;
    struct conf_text name;
    struct conf_text gmail;                  /**< address; excludes smtp */
    struct conf_text password_file, ca_file; /**< with gmail */
    int64_t port;                            /**< with gmail: 465 (default) or 587 */
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
    struct slice user, password_file, ca_file, ehlo, from;
    int64_t doubt_wait_ms;
};

/** Check and complete @config: exactly one of gmail and smtp, address sane, tls: none
 *  only where it can do no harm. @return false after a complaint. */
bool account_resolve(const struct account_config *config, struct slice host_name,
                     struct account *account, struct arena *arena,
                     struct complaints *complaints);

#endif
