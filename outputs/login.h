/**
 * Links that log in by more than a password in a file: a password that a command
 * prints, or a token of OAuth 2.0. They stand around other links, which bring the
 * connection, so that the same logins work over libcurl and in a story.
 */
#ifndef TOCSIN_OUTPUTS_LOGIN_H
#define TOCSIN_OUTPUTS_LOGIN_H

#include "outputs/link.h"

/** @bare is borrowed; its links log in by account->secret or account->password_file
 *  when the account has a user, and an account that is_bare gets a connection that is
 *  only encrypted. */
const struct link_ops *links_with_login(const struct link_ops *bare);
/** After every link is closed. @return the bare ones. */
const struct link_ops *links_login_free(const struct link_ops *ops);

#endif
