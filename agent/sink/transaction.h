/** Private to the session: one mail from MAIL to the reply behind its dot. */
#ifndef TOCSIN_SINK_TRANSACTION_H
#define TOCSIN_SINK_TRANSACTION_H

#include "agent/sink/talk.h"

void transaction_on_mail(struct smtpd *session, struct slice args);
void transaction_on_rcpt(struct smtpd *session, struct slice args);
void transaction_on_data(struct smtpd *session, struct slice args);

/** The first line of the mail is there: a script may answer before its end. */
void transaction_judge_body(struct smtpd *session);
/** Its end is there. */
void transaction_finish(struct smtpd *session);
/** Give the mail to whoever wants it. */
void transaction_accept(struct smtpd *session);
/** As RSET does. */
void transaction_forget(struct smtpd *session);

#endif
