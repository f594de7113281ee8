/** Private to the session: one mail from MAIL to the reply behind its dot. */
#ifndef TOCSIN_SINK_TRANSACTION_H
#define TOCSIN_SINK_TRANSACTION_H

#include "agent/sink/talk.h"

void transaction_on_mail(struct session *session, struct slice args);
void transaction_on_rcpt(struct session *session, struct slice args);
void transaction_on_data(struct session *session, struct slice args);

/** The first line of the mail is there: a script may answer before its end. */
void transaction_judge_body(struct session *session);
/** Its end is there. */
void transaction_finish(struct session *session);
/** Give the mail to whoever wants it. */
void transaction_accept(struct session *session);
/** As RSET does. */
void transaction_forget(struct session *session);

#endif
