/**
 * A mail as the JSON that is posted to a webhook. It is made of the stored bytes alone,
 * so every attempt posts the same. Pure.
 *
 *     text        the title and the beginning of the text, for chats: what would call
 *                 people by name there, or make links of other words, is made harmless
 *     title       the subject
 *     body        the whole text
 *     severity    info, warning or critical
 *     reason      first, new, repeat, resolved, digest, held
 *     rule route host   may be empty
 *     id          the Message-ID: the same in each attempt
 *     date        RFC 5322
 *     new_count total_count   lines or alerts: new here, and in all of the thread
 *     source      "tocsin"
 */
#ifndef TOCSIN_OUTPUTS_WEBHOOK_BODY_H
#define TOCSIN_OUTPUTS_WEBHOOK_BODY_H

#include "agent/base/buf.h"

/** Bytes of `text`; what is behind is counted in it. Chats take 4,000 letters. */
enum { WEBHOOK_TEXT_BYTES = 3500 };

/** @mail  of compose_message() or recast_mail()
 *  @text_only  nothing but `text`, for receivers that refuse what they do not know */
void webhook_body_put(struct buf *out, struct slice mail, bool text_only);

#endif
