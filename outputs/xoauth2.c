/** One command, or two when the token is too long for a command's line. */
#include "outputs/xoauth2.h"

#include <stdio.h>

#include "agent/base/base64.h"
#include "agent/base/json.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "outputs/web_limits.h"

/* RFC 4954 4: a longer first answer waits for the server's 334. */
enum { COMMAND_MAX = 512, OUT_BYTES = 3 * LIMIT_TOKEN_BYTES, USER_MAX = 320 };
static const char command[] = "AUTH XOAUTH2";

static bool put_proof(struct secret *out, struct slice user, struct slice token)
{
    struct secret plain = { 0 };
    struct err err = { 0 };
    bool ok = secret_open(&plain, LIMIT_TOKEN_BYTES + USER_MAX + 64, &err) &&
              secret_put(&plain, SLICE("user=")) && secret_put(&plain, user) &&
              secret_put(&plain, SLICE("\x01"
                                       "auth=Bearer ")) &&
              secret_put(&plain, token) && secret_put(&plain, SLICE("\x01\x01")) &&
              secret_put_base64(out, secret_slice(&plain), BASE64) &&
              secret_put(out, SLICE("\r\n"));
    secret_wipe(&plain);
    return ok;
}

bool xoauth2_begin(struct xoauth2 *talk, struct slice user, struct slice token,
                   struct err *err)
{
    size_t plain_len = user.len + token.len + sizeof "user=..auth=Bearer ..";
    *talk = (struct xoauth2){ 0 };
    talk->is_waiting = sizeof command + plain_len / 3 * 4 + 8 > COMMAND_MAX;
    if (!secret_open(&talk->out, OUT_BYTES, err))
        return false;
    if (secret_put(&talk->out, slice_of(command)) &&
        secret_put(&talk->out, talk->is_waiting ? SLICE("\r\n") : SLICE(" ")) &&
        put_proof(&talk->out, user, token))
        return true;
    xoauth2_clear(talk);
    return err_set(err, ERR_INVALID, "the access token is too long");
}

void xoauth2_clear(struct xoauth2 *talk)
{
    secret_wipe(&talk->out);
}

/* While it waits, only the command itself may go. */
static struct slice next_bytes(const struct xoauth2 *talk)
{
    size_t end = talk->is_waiting ? sizeof command - 1 + 2 : talk->out.len;
    return slice_make(talk->out.page + talk->given, end - talk->given);
}

static bool send_all(struct xoauth2 *talk, const struct link_ops *ops,
                     struct link *link)
{
    struct slice rest;
    while ((rest = next_bytes(talk)).len > 0) {
        ssize_t taken = ops->send(link, rest);
        if (taken <= 0)
            return taken == 0;
        talk->given += (size_t)taken;
    }
    return true;
}

/* {"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"} */
static void note_why(struct xoauth2 *talk, const struct smtp_reply *reply)
{
    struct arena arena = { 0 };
    struct buf json = buf_make(LIMIT_REPLY_TEXT_BYTES),
               text = buf_make(sizeof talk->why);
    const struct json *status = NULL;
    if (unmime_base64(slice_of(reply->text), &json))
        status = json_find(json_parse(buf_slice(&json), &arena).root, SLICE("status"));
    buf_puts(&text, "(XOAUTH2");
    if (status) {
        buf_puts(&text, ": status ");
        text_put_clean(&text, text_cut(status->text, 20), false);
    }
    snprintf(talk->why, sizeof talk->why, "%s)", text.ptr);
    buf_free(&text);
    buf_free(&json);
    arena_free(&arena);
}

static enum xoauth2_state refuse(struct xoauth2 *talk, const struct smtp_reply *reply)
{
    char text[LIMIT_REPLY_TEXT_BYTES];
    talk->reply = *reply;
    talk->reply.phase = PHASE_AUTH;
    snprintf(text, sizeof text, "%.1800s %s", reply->text,
             talk->why[0] ? talk->why : "(XOAUTH2)");
    memcpy(talk->reply.text, text, sizeof talk->reply.text);
    return XOAUTH2_REFUSED;
}

/* A server that closes instead of its last word has said no all the same. */
static enum xoauth2_state lose(struct xoauth2 *talk)
{
    if (talk->is_refused) {
        const struct smtp_reply said = { .code = 334 };
        return refuse(talk, &said);
    }
    talk->reply =
        reply_of_network(PHASE_AUTH, SLICE("the server closed the connection"));
    return XOAUTH2_LOST;
}

static enum xoauth2_state take_reply(struct xoauth2 *talk,
                                     const struct smtp_reply *reply)
{
    if (reply->code == 235)
        return XOAUTH2_DONE;
    if (reply->code != 334 || talk->is_refused)
        return refuse(talk, reply);
    if (talk->is_waiting) {
        talk->is_waiting = false;
        return XOAUTH2_TALKS;
    }
    note_why(talk, reply);
    talk->is_refused = true;
    talk->out.len = talk->given = 0;
    return secret_put(&talk->out, SLICE("\r\n")) ? XOAUTH2_TALKS : lose(talk);
}

static enum xoauth2_state receive(struct xoauth2 *talk, const struct link_ops *ops,
                                  struct link *link)
{
    char byte;
    for (;;) {
        struct smtp_reply reply;
        /* One at a time: what stands behind the last reply is the next one's. */
        ssize_t len = ops->receive(link, &byte, 1);
        if (len < 0)
            return lose(talk);
        if (len == 0)
            return XOAUTH2_TALKS;
        struct slice rest = slice_make(&byte, 1);
        enum reply_state state = reply_feed(&talk->parser, &rest, &reply);
        if (state == REPLY_BROKEN)
            return lose(talk);
        if (state == REPLY_DONE)
            return take_reply(talk, &reply);
    }
}

enum xoauth2_state xoauth2_step(struct xoauth2 *talk, const struct link_ops *ops,
                                struct link *link)
{
    enum xoauth2_state state;
    uint64_t before;
    do {
        before = talk->given + talk->is_refused;
        bool is_open = send_all(talk, ops, link);
        state = receive(talk, ops, link);
        if (state == XOAUTH2_TALKS && !is_open)
            state = lose(talk);
    } while (state == XOAUTH2_TALKS && next_bytes(talk).len > 0 &&
             talk->given + talk->is_refused != before);
    return state;
}
