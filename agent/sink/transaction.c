/** The sequence of RFC 5321 4.1.4, its limits, and what may not be in a mail. */
#include "agent/sink/transaction.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"

void transaction_forget(struct smtpd *session)
{
    session->has_mail = session->is_in_data = session->is_eight_bit = false;
    buf_clear(&session->from);
    buf_clear(&session->recipients);
    session->recipient_count = 0;
    session->owed = NULL;
    dot_clear(&session->dot);
}

void transaction_accept(struct smtpd *session)
{
    const struct smtpd_config *config = session->config;
    struct slice *recipients =
        mem_zalloc(session->recipient_count * sizeof *recipients);
    struct slice rest = buf_slice(&session->recipients);
    size_t count = 0;
    while (count < session->recipient_count &&
           slice_next(&rest, '\0', &recipients[count]))
        count++;
    struct smtpd_mail mail = { .user = buf_slice(&session->user),
                               .from = buf_slice(&session->from),
                               .recipients = recipients,
                               .recipient_count = count,
                               .bytes = buf_slice(&session->dot.body) };
    config->tally->accepted++;
    likeness_count(session, count);
    session->mail_number++;
    if (config->accept)
        config->accept(config->ctx, &mail);
    free(recipients);
}

static void refuse_mail(struct smtpd *session, int code, const char *enhanced,
                        const char *text)
{
    session->config->tally->refused_mails++;
    talk_say(session, code, enhanced, text);
}

/** Note each fault of the mail once. @return the text of the first, NULL: none. */
static const char *judge_faults(struct smtpd *session)
{
    unsigned faults = session->dot.faults;
    if (session->is_eight_bit)
        faults &= ~(unsigned)DOT_EIGHT_BIT;
    const char *first = dot_fault_text(faults);
    for (unsigned bit = 1; bit <= DOT_NUL; bit <<= 1) {
        if (faults & bit)
            talk_violation(session, dot_fault_text(bit));
    }
    return first;
}

void transaction_finish(struct smtpd *session)
{
    struct dot_reader *dot = &session->dot;
    const char *fault = judge_faults(session);
    char text[160];
    if (session->is_answered) {
        session->config->tally->refused_mails++;
    } else if (dot->body.overflowed) {
        refuse_mail(session, 552, "5.3.4",
                    "Your message exceeded Google's message size limits. Please visit\n"
                    " https://support.google.com/mail/?p=MaxSizeError to view our size "
                    "guidelines.");
    } else if (fault && session->config->is_strict) {
        snprintf(text, sizeof text, "Message is malformed: %s.", fault);
        refuse_mail(session, 554, "5.6.0", text);
    } else {
        uint64_t accepted = session->config->tally->accepted;
        enum effect effect = talk_ask(session, SCRIPT_DOT, buf_slice(&dot->body));
        bool is_taken = session->config->tally->accepted > accepted;
        if (effect != EFFECT_NO && !is_taken)
            transaction_accept(session);
        if (effect == EFFECT_USUAL)
            talk_say(session, 250, "2.0.0", "OK ");
        if (effect == EFFECT_NO && !is_taken)
            session->config->tally->refused_mails++;
    }
    transaction_forget(session);
}

void transaction_judge_body(struct smtpd *session)
{
    size_t output_bytes = session->output.len;
    session->is_body_judged = true;
    talk_ask(session, SCRIPT_BODY, buf_slice(&session->dot.body));
    session->is_answered = session->output.len > output_bytes;
}

/** May a mail begin? Replies when not. */
static bool may_mail(struct smtpd *session)
{
    const struct smtpd_config *config = session->config;
    if (!session->has_ehlo)
        talk_say(session, 503, "5.5.1", "EHLO/HELO first.");
    else if (config->offers_starttls && !session->is_secure)
        talk_say(session, 530, "5.7.0", "Must issue a STARTTLS command first.");
    else if (config->wants_login && !session->is_logged_in)
        talk_say(session, 530, "5.7.0",
                 "Authentication Required. For more information, go to\n"
                 " https://support.google.com/mail/?p=WantAuthError");
    else if (session->has_mail)
        talk_say(session, 503, "5.5.1", "MAIL may not be repeated in a transaction.");
    else
        return true;
    return false;
}

/** Split "FROM:<address> parameters". @return false when it is not written so. */
static bool split_path(struct slice args, struct slice word, struct slice *address,
                       struct slice *parameters)
{
    if (args.len < word.len ||
        !slice_equal_nocase(slice_make(args.ptr, word.len), word))
        return false;
    struct slice rest =
        slice_trim(slice_make(args.ptr + word.len, args.len - word.len));
    size_t close = slice_find(rest, SLICE(">"));
    if (!slice_starts(rest, SLICE("<")) || close == SIZE_MAX)
        return false;
    *address = slice_make(rest.ptr + 1, close - 1);
    *parameters = slice_trim(slice_make(rest.ptr + close + 1, rest.len - close - 1));
    return slice_find(*address, SLICE(" ")) == SIZE_MAX;
}

/** SIZE=, BODY=, AUTH= and SMTPUTF8. Replies when one of them is wrong. */
static bool take_parameters(struct smtpd *session, struct slice rest)
{
    struct slice word;
    while (slice_next(&rest, ' ', &word)) {
        int64_t size = 0;
        bool has_size =
            word.len > 5 && slice_equal_nocase(slice_make(word.ptr, 5), SLICE("SIZE="));
        if (has_size && !slice_to_int(slice_make(word.ptr + 5, word.len - 5), &size))
            size = -1;
        if (size > 0 && (uint64_t)size > session->config->max_bytes) {
            refuse_mail(session, 552, "5.3.4",
                        "Your message exceeded Google's message size limits. "
                        "https://support.google.com/mail/?p=MaxSizeError");
            return false;
        }
        if (slice_equal_nocase(word, SLICE("BODY=8BITMIME")))
            session->is_eight_bit = true;
        else if (size < 0 || (!has_size && word.len > 0 &&
                              !slice_equal_nocase(word, SLICE("BODY=7BIT")) &&
                              !slice_equal_nocase(word, SLICE("SMTPUTF8")) &&
                              !slice_starts(word, SLICE("AUTH=")))) {
            talk_say(session, 555, "5.5.2", "Syntax error, unknown parameter.");
            return false;
        }
    }
    return true;
}

void transaction_on_mail(struct smtpd *session, struct slice args)
{
    struct slice address, parameters;
    if (!may_mail(session))
        return;
    session->config->tally->attempts++;
    if (!split_path(args, SLICE("FROM:"), &address, &parameters)) {
        talk_say(session, 555, "5.5.2", "Syntax error, goodbye.");
        return;
    }
    if (!take_parameters(session, parameters))
        return;
    enum effect effect = talk_ask(session, SCRIPT_MAIL, args);
    if (effect == EFFECT_NO)
        return;
    session->has_mail = true;
    buf_put(&session->from, address);
    if (effect == EFFECT_USUAL)
        talk_say(session, 250, "2.1.0", "OK");
}

void transaction_on_rcpt(struct smtpd *session, struct slice args)
{
    struct slice address, parameters;
    if (!session->has_mail) {
        talk_say(session, 503, "5.5.1", "MAIL first.");
        return;
    }
    if (!split_path(args, SLICE("TO:"), &address, &parameters) || address.len == 0 ||
        memchr(address.ptr, '\0', address.len)) {
        talk_say(session, 555, "5.5.2", "Syntax error, goodbye.");
        return;
    }
    if (session->recipient_count >= LIMIT_RECIPIENTS) {
        session->config->tally->refused_recipients++;
        talk_say(session, 452, "4.5.3",
                 "Your message has too many recipients.\n"
                 " https://support.google.com/mail/?p=TooManyRecipientsError");
        return;
    }
    enum effect effect = talk_ask(session, SCRIPT_RCPT, args);
    if (effect == EFFECT_NO) {
        session->config->tally->refused_recipients++;
        return;
    }
    buf_put(&session->recipients, address);
    buf_putc(&session->recipients, '\0');
    session->recipient_count++;
    if (effect == EFFECT_USUAL)
        talk_say(session, 250, "2.1.5", "OK");
}

void transaction_on_data(struct smtpd *session, struct slice args)
{
    if (!session->has_mail || session->recipient_count == 0) {
        talk_say(session, 503, "5.5.1",
                 session->has_mail ? "RCPT first." : "MAIL first.");
        return;
    }
    enum effect effect = talk_ask(session, SCRIPT_DATA, args);
    if (effect == EFFECT_NO) {
        session->config->tally->refused_mails++;
        transaction_forget(session);
        return;
    }
    session->is_in_data = true;
    session->is_body_judged = session->is_answered = false;
    dot_begin(&session->dot, session->config->max_bytes);
    if (effect == EFFECT_USUAL)
        talk_say(session, 354, "", "Go ahead");
}
