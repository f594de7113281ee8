/** SMTP, as a connection sees it. */
#include "agent/sink/talker.h"

static void *create(const void *config, uint64_t number, bool is_secure)
{
    return smtpd_create(config, number, is_secure);
}

static void end(void *session)
{
    smtpd_free(session);
}

static void feed(void *session, struct slice bytes)
{
    smtpd_feed(session, bytes);
}

static struct slice output(const void *session)
{
    return smtpd_output(session);
}

static void sent(void *session, size_t count)
{
    smtpd_sent(session, count);
}

static enum smtpd_wish wish(const void *session)
{
    return smtpd_wish(session);
}

static void secured(void *session)
{
    smtpd_secured(session);
}

static int64_t pause_ms(const void *session)
{
    return smtpd_pause_ms(session);
}

static void resume(void *session)
{
    smtpd_resume(session);
}

static int64_t slow_bytes(const void *session)
{
    return smtpd_slow_bytes(session);
}

const struct talker talker_smtp = {
    create, end, feed, output, sent, wish, secured, pause_ms, resume, slow_bytes,
};
