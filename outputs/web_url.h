/**
 * Addresses of the web, as far as tocsin asks for something there: a name or an
 * address, a port, a path. Nothing in one can end a line of a request.
 */
#ifndef TOCSIN_OUTPUTS_WEB_URL_H
#define TOCSIN_OUTPUTS_WEB_URL_H

#include "agent/base/secret.h"

/** "https://HOST[:PORT][/PATH]", taken apart; slices into the text. */
struct web_url {
    bool is_plain;     /**< http:// */
    struct slice host; /**< an IPv6 address with its brackets */
    int port;
    struct slice path; /**< with the query; "/" at least */
};

/** @return false when @text is none: another scheme, a user or a password in it, a
 *  fragment, a blank, what is not ASCII. */
bool web_url_parse(struct slice text, struct web_url *url);
/** Is @host this host itself? */
bool web_host_is_loopback(struct slice host);
/** Put "POST PATH HTTP/1.1", Host and User-Agent. @return false when they do not
 *  fit. */
bool web_url_put_post(struct secret *head, const struct web_url *url)
    __attribute__((warn_unused_result));

#endif
