/** Replies in Gmail's form, and the script's actions. */
#include "agent/sink/talk.h"

#include <ctype.h>
#include <stdio.h>

#include "agent/sink/transaction.h"

void talk_reply(struct smtpd *session, int code, const char *enhanced,
                struct slice text)
{
    struct slice line = SLICE("");
    bool is_empty = !slice_next(&text, '\n', &line);
    do {
        buf_printf(&session->output, "%d%c", code, text.len > 0 ? '-' : ' ');
        if (*enhanced)
            buf_printf(&session->output, "%s ", enhanced);
        buf_put(&session->output, line);
        buf_puts(&session->output, "\r\n");
    } while (!is_empty && slice_next(&text, '\n', &line));
}

void talk_say(struct smtpd *session, int code, const char *enhanced, const char *text)
{
    struct buf whole = buf_make(4096);
    buf_printf(&whole, "%s %llx-%llx - gsmtp", text,
               (unsigned long long)session->number,
               (unsigned long long)session->mail_number);
    talk_reply(session, code, enhanced, buf_slice(&whole));
    buf_free(&whole);
}

void talk_violation(struct smtpd *session, const char *what)
{
    struct smtpd_tally *tally = session->config->tally;
    tally->violations++;
    snprintf(tally->last_violation, sizeof tally->last_violation, "%s", what);
}

/** A scripted text may begin with its enhanced code, which stands on every line
 *  then. */
static void put_scripted(struct smtpd *session, int code, struct slice text)
{
    char enhanced[16] = "";
    size_t len = 0;
    while (len < text.len &&
           (isdigit((unsigned char)text.ptr[len]) || text.ptr[len] == '.'))
        len++;
    if (len >= 5 && len < sizeof enhanced && text.ptr[1] == '.' &&
        (len == text.len || text.ptr[len] == ' ')) {
        memcpy(enhanced, text.ptr, len);
        size_t cut = len < text.len ? len + 1 : len;
        text = slice_make(text.ptr + cut, text.len - cut);
    }
    talk_reply(session, code, enhanced, text);
}

static enum effect act_reply(struct smtpd *session, const struct script_action *action)
{
    put_scripted(session, action->code, action->text);
    if (action->closes) {
        session->wish = SMTPD_CLOSE;
        return EFFECT_NO;
    }
    return action->code < 400 ? EFFECT_YES : EFFECT_NO;
}

/** What begins as a positive reply, whatever follows, is one. */
static enum effect act_raw(struct smtpd *session, const struct script_action *action)
{
    struct slice text = action->text;
    for (int64_t i = 0; i < action->raw_count; i++)
        buf_put(&session->output, text);
    if (action->closes) {
        session->wish = SMTPD_CLOSE;
        return EFFECT_NO;
    }
    bool is_positive = text.len >= 3 && (text.ptr[0] == '2' || text.ptr[0] == '3') &&
                       isdigit((unsigned char)text.ptr[1]) &&
                       isdigit((unsigned char)text.ptr[2]);
    return is_positive ? EFFECT_YES : EFFECT_NO;
}

enum effect talk_ask(struct smtpd *session, enum script_phase phase,
                     struct slice subject)
{
    const struct script_action *action =
        session->config->script ? script_judge(session->config->script, phase, subject)
                                : NULL;
    if (!action)
        return likeness_answers(session, phase, subject) ? EFFECT_NO : EFFECT_USUAL;
    if (action->takes)
        transaction_accept(session);
    if (action->slow_bytes > 0)
        session->slow_bytes = action->slow_bytes;
    if (action->wait_ms > 0) {
        session->pause_ms = action->wait_ms;
        session->held_from = session->output.len;
    }
    switch (action->act) {
    case SCRIPT_REPLY:
        return act_reply(session, action);
    case SCRIPT_RAW:
        return act_raw(session, action);
    case SCRIPT_CLOSE:
        session->wish = SMTPD_CLOSE;
        return EFFECT_NO;
    case SCRIPT_RESET:
        session->wish = SMTPD_RESET;
        return EFFECT_NO;
    case SCRIPT_HANG:
        session->is_hung = true;
        return EFFECT_NO;
    default:
        return EFFECT_USUAL;
    }
}
