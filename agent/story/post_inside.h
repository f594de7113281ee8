/**
 * Private to the mail server of stories: its links from the inside. post.c and
 * post_login.c share it; nobody else includes it.
 */
#ifndef TOCSIN_STORY_POST_INSIDE_H
#define TOCSIN_STORY_POST_INSIDE_H

#include "agent/base/mem.h"
#include "agent/base/secret.h"
#include "agent/sink/google.h"
#include "agent/sink/talker.h"
#include "agent/story/post.h"
#include "outputs/reply.h"

/* What libcurl grants each step of a login (smtp.c). */
enum { POST_LINKS = 16, POST_STEP_MS = 30 * 1000 };

/** What libcurl would be to outputs/; struct link is this. */
struct post_link {
    struct post *post;
    const struct talker *talker; /* SMTP or HTTPS */
    void *session;               /* NULL: never connected, or broken */
    bool is_web; /* a bare connection: no login, and the mail server's ways to fail are
                    not for it */
    enum link_state state;
    enum smtp_phase phase;
    struct smtp_reply failure;
    struct reply_parser parser;
    struct smtp_reply reply; /* the last one that was whole */
    struct slice user, ehlo_name;
    int tls;
    struct secret secret;
    struct buf heard, ehlo;
    int64_t step_ms;      /* since when the server owes what comes next */
    int64_t resume_at_ms; /* NEVER_MS: the server holds nothing back */
    bool is_judged;       /* the script has spoken before this phase */
    int64_t drips_from_ms, dripped_bytes;
    int events;
};

struct post {
    const struct now *now;
    struct link_ops ops;
    struct smtpd_config configs[3]; /* by TLS_* */
    struct webd_config web;
    struct google google;
    const struct link_ops *logins; /* ops, with logins by tokens and webhooks */
    struct smtpd_tally tally;
    struct script script;
    bool is_down;
    struct post_link *links[POST_LINKS];
    size_t link_count;
    uint64_t connection_number;
    struct post_mail *mails;
    size_t mail_count, mail_capacity;
    struct arena arena; /* what mails borrow */
};

/** What the server has said by now; -1: it closed. */
ssize_t post_receive(struct link *handle, void *into, size_t size);
/** What of @bytes it takes by now; -1: it is gone. */
ssize_t post_send(struct link *handle, struct slice bytes);

/** From the name of the server to the end of AUTH, as far as it goes now. */
enum link_state post_log_in(struct link *handle, struct now now);
/** The login ends here, and this is why. */
enum link_state post_fail(struct post_link *link, const char *text);
/** Did the server's last reply to EHLO name it? */
bool post_offers(const struct link *handle, struct slice keyword);
/** The number behind SIZE there; 0: none. */
int64_t post_size_max(const struct link *handle);

#endif
