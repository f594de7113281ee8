/**
 * Gmail's API over HTTPS (users.messages.send) in the shape of a mail server: it
 * answers MAIL, RCPT and DATA itself, and the final dot with what Google says to the
 * mail, HTTP's status as the code. So outbox, dialog and verdicts are those of SMTP.
 *
 * What it knows better than a byte stream does: a mail is in doubt only when its last
 * byte may have left and no answer came.
 */
#ifndef TOCSIN_OUTPUTS_GMAIL_API_H
#define TOCSIN_OUTPUTS_GMAIL_API_H

#include "outputs/token.h"

/** The extension by which a link says that a reply to the dot is the API's. */
#define GMAIL_API_EXTENSION "X-GMAIL-API"

struct gmail_api;

/** Begin to connect to @account's host. @account, @token and @links are borrowed. */
struct gmail_api *gmail_api_open(const struct account *account,
                                 const struct link_ops *links,
                                 const struct wakes *wakes, struct token *token,
                                 struct now now);
/** NULL is nothing. */
void gmail_api_close(struct gmail_api *api);

/** As the functions of struct link_ops. step() goes on after it is ready, too. */
enum link_state gmail_api_step(struct gmail_api *api, struct now now);
const struct smtp_reply *gmail_api_failure(const struct gmail_api *api);
bool gmail_api_has_extension(struct slice keyword);
ssize_t gmail_api_send(struct gmail_api *api, struct slice bytes);
ssize_t gmail_api_receive(struct gmail_api *api, void *into, size_t size);
void gmail_api_want(struct gmail_api *api, int events);
int64_t gmail_api_wake_at(const struct gmail_api *api);
/** The link below, for its certificate; NULL while there is none. */
const struct link *gmail_api_link(const struct gmail_api *api);

#endif
