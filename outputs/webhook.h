/**
 * A webhook in the shape of a mail server (front.h): each mail becomes one POST of JSON
 * (webhook_body.h), and the reply to its dot is HTTP's status as the code. A mail is in
 * doubt only when the last byte of its request may have left and no answer came.
 * Redirects are not followed: what is posted goes where the configuration says.
 */
#ifndef TOCSIN_OUTPUTS_WEBHOOK_H
#define TOCSIN_OUTPUTS_WEBHOOK_H

#include "outputs/link.h"
#include "outputs/web_url.h"

/** The extension by which a link says that a reply to the dot is a webhook's. */
#define WEBHOOK_EXTENSION "X-WEBHOOK"

struct webhook;

/** Read @account's address and token, and begin to connect. @account and @links are
 *  borrowed. */
struct webhook *webhook_open(const struct account *account,
                             const struct link_ops *links, const struct wakes *wakes,
                             struct now now);
/** NULL is nothing. */
void webhook_close(struct webhook *webhook);

/** The address that @account posts to, out of its file where it has one: then @text,
 *  which the caller wipes, holds it. Fails: ERR_DENIED, ERR_MISSING, ERR_INVALID. */
bool webhook_find_url(const struct account *account, struct secret *text,
                      struct web_url *url, struct err *err)
    __attribute__((warn_unused_result));

/** As the functions of struct link_ops. step() goes on after it is ready, too. */
enum link_state webhook_step(struct webhook *webhook, struct now now);
const struct smtp_reply *webhook_failure(const struct webhook *webhook);
bool webhook_has_extension(struct slice keyword);
ssize_t webhook_send(struct webhook *webhook, struct slice bytes);
ssize_t webhook_receive(struct webhook *webhook, void *into, size_t size);
void webhook_want(struct webhook *webhook, int events);
int64_t webhook_wake_at(const struct webhook *webhook);
/** The link below, for its certificate; NULL while there is none. */
const struct link *webhook_link(const struct webhook *webhook);

#endif
