/** Private to the session: AUTH (RFC 4954). */
#ifndef TOCSIN_SINK_LOGIN_H
#define TOCSIN_SINK_LOGIN_H

#include "agent/sink/talk.h"

void login_on_auth(struct smtpd *session, struct slice args);
/** The client's answer to a challenge. */
void login_on_answer(struct smtpd *session, struct slice line);

#endif
