/**
 * What an answer of a token endpoint shows beside the token: whether it is good for
 * what we want, and how far our clock is off. Both make logins fail whose refusal says
 * something else.
 */
#ifndef TOCSIN_OUTPUTS_TOKEN_LOOK_H
#define TOCSIN_OUTPUTS_TOKEN_LOOK_H

#include "agent/base/now.h"
#include "outputs/http.h"
#include "outputs/link.h"

/** Write into @complaint what is wrong, or make it empty. @scope as the answer has it
 *  (RFC 6749 5.1), empty when it has none; it is looked at for Google alone. */
void token_look(const struct account *account, const struct http_response *response,
                struct slice scope, struct now now, struct link_complaint *complaint);

#endif
