/**
 * The mail server of a story: the sink's conversation (agent/sink/smtpd.h) behind the
 * seam that libcurl stands behind in earnest, in memory and on virtual time. It has its
 * own client for greeting, EHLO and AUTH; what comes after the login is spoken by
 * outputs/.
 */
#ifndef TOCSIN_STORY_POST_H
#define TOCSIN_STORY_POST_H

#include "agent/sink/smtpd.h"
#include "outputs/link.h"

/** A mail that the server accepted. */
struct post_mail {
    int64_t mono_ms;
    struct slice from;
    struct slice recipients; /**< joined by ", " */
    struct slice bytes;
    uint64_t id_hash; /**< of its Message-ID; 0: it has none */
};

struct post;

/** @now  is what the clock of the story shows; borrowed */
struct post *post_create(const struct now *now);
void post_free(struct post *post);

const struct link_ops *post_links(const struct post *post);
struct script *post_script(struct post *post);
const struct smtpd_tally *post_tally(const struct post *post);
size_t post_mail_count(const struct post *post);
const struct post_mail *post_mail(const struct post *post, size_t index);

/** It takes mails of @bytes at most, and says so. */
void post_set_size(struct post *post, size_t bytes);
/** A server that is down refuses connections, and those it has break. */
void post_set_down(struct post *post, bool is_down);

/** Is a link ready for what its owner waits for, so that a loop would turn at once? */
bool post_is_ready(const struct post *post);
/** When a script's reply or byte is due, in mono_ms. */
int64_t post_wake_at(const struct post *post);

#endif
