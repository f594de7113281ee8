/** The conversation from MAIL to QUIT: one handler a phase, in a table. */
#include "outputs/dialog.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { OFFER_BYTES = 64 * 1024 };

/* RFC 5321 4.5.3.2; the block time-out stands for the whole of what is on its way. */
static const int64_t timeouts_ms[] = {
    [PHASE_MAIL] = 5 * MINUTE_MS, [PHASE_RCPT] = 5 * MINUTE_MS,
    [PHASE_DATA] = 2 * MINUTE_MS, [PHASE_BODY] = 3 * MINUTE_MS,
    [PHASE_DOT] = 10 * MINUTE_MS, [PHASE_RSET] = MINUTE_MS,
    [PHASE_QUIT] = 5 * SECOND_MS,
};

int64_t dialog_timeout_ms(const struct dialog *dialog)
{
    bool owes = dialog->state == DIALOG_BUSY || dialog->state == DIALOG_ENDING;
    return owes ? timeouts_ms[dialog->phase] : NEVER_MS;
}

void dialog_init(struct dialog *dialog, struct dialog_offer offer)
{
    *dialog = (struct dialog){ .offer = offer, .phase = PHASE_MAIL };
    /* Dot-stuffing at worst doubles a mail of nothing but dots and line ends. */
    dialog->out = buf_make(2 * LIMIT_MAIL_BYTES + 1024);
}

void dialog_clear(struct dialog *dialog)
{
    free(dialog->result.recipients);
    buf_free(&dialog->out);
    *dialog = (struct dialog){ 0 };
}

/* --- what we say ------------------------------------------------------------------ */

static void begin_output(struct dialog *dialog, enum smtp_phase phase)
{
    buf_clear(&dialog->out);
    dialog->given = dialog->offered = 0;
    dialog->phase = phase;
}

static bool has_eight_bit(struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if ((unsigned char)bytes.ptr[i] >= 0x80)
            return true;
    return false;
}

/* Addresses were checked when the configuration was read; a line end in one would be a
 * command of its own. */
static bool is_plain_address(struct slice address)
{
    for (size_t i = 0; i < address.len; i++)
        if (address.ptr[i] <= ' ' || address.ptr[i] >= 0x7f || address.ptr[i] == '<' ||
            address.ptr[i] == '>')
            return false;
    return address.len > 0;
}

static void put_mail(struct dialog *dialog)
{
    const struct dialog_mail *mail = &dialog->mail;
    must(is_plain_address(mail->from));
    buf_puts(&dialog->out, "MAIL FROM:<");
    buf_put(&dialog->out, mail->from);
    buf_puts(&dialog->out, ">");
    if (dialog->offer.size)
        buf_printf(&dialog->out, " SIZE=%zu", mail->bytes.len);
    if (dialog->offer.eight_bit && has_eight_bit(mail->bytes))
        buf_puts(&dialog->out, " BODY=8BITMIME");
    buf_puts(&dialog->out, "\r\n");
}

static void put_rcpt(struct dialog *dialog, struct slice recipient)
{
    must(is_plain_address(recipient));
    buf_puts(&dialog->out, "RCPT TO:<");
    buf_put(&dialog->out, recipient);
    buf_puts(&dialog->out, ">\r\n");
}

static void put_stuffed(struct buf *out, struct slice bytes)
{
    struct slice line, rest = bytes;
    while (slice_next(&rest, '\n', &line)) {
        if (line.len > 0 && line.ptr[0] == '.')
            buf_putc(out, '.');
        bool has_end = line.ptr + line.len < bytes.ptr + bytes.len;
        buf_put(out, slice_make(line.ptr, line.len + (has_end ? 1 : 0)));
    }
    if (!slice_ends(bytes, SLICE("\r\n")))
        buf_puts(out, "\r\n");
    buf_puts(out, ".\r\n");
}

bool dialog_is_waiting(const struct dialog *dialog)
{
    return dialog->state == DIALOG_BUSY && dialog->phase == PHASE_BODY &&
           dialog->mail.waits && !dialog->is_released && !dialog->is_void;
}

void dialog_release(struct dialog *dialog)
{
    dialog->is_released = true;
}

struct slice dialog_output(struct dialog *dialog)
{
    size_t left = dialog->out.len - dialog->given;
    size_t len = left < OFFER_BYTES ? left : OFFER_BYTES;
    if (dialog->state == DIALOG_CLOSED || left == 0 || dialog_is_waiting(dialog))
        return SLICE("");
    if (dialog->offered < dialog->given + len)
        dialog->offered = dialog->given + len;
    if (dialog->phase == PHASE_BODY && dialog->offered == dialog->out.len)
        dialog->phase = PHASE_DOT;
    return slice_make(dialog->out.ptr + dialog->given, len);
}

void dialog_sent(struct dialog *dialog, size_t count)
{
    must(count <= dialog->out.len - dialog->given);
    dialog->given += count;
    dialog->progress += count;
}

/* --- how a mail ends -------------------------------------------------------------- */

static void end_mail(struct dialog *dialog, const struct smtp_reply *reply)
{
    dialog->result.reply = *reply;
    dialog->result.is_ready = true;
}

/* The connection cannot be used any more; a mail that has its result keeps it. */
static void close_dialog(struct dialog *dialog, struct slice why)
{
    if (dialog->state == DIALOG_BUSY && !dialog->result.is_ready) {
        struct smtp_reply reply = reply_of_network(dialog->phase, why);
        dialog->result.is_in_doubt = dialog->phase == PHASE_DOT;
        end_mail(dialog, &reply);
    }
    dialog->state = DIALOG_CLOSED;
}

void dialog_lost(struct dialog *dialog, struct slice why)
{
    close_dialog(dialog, why);
}

static void begin_reset(struct dialog *dialog)
{
    begin_output(dialog, PHASE_RSET);
    buf_puts(&dialog->out, "RSET\r\n");
}

/* After 421 the server closes; after any other refusal RSET keeps the login. */
static void refuse_mail(struct dialog *dialog, const struct smtp_reply *reply)
{
    end_mail(dialog, reply);
    if (reply->code == 421) {
        dialog->state = DIALOG_CLOSED;
        return;
    }
    begin_reset(dialog);
}

static void say_protocol_error(struct dialog *dialog, const struct smtp_reply *reply)
{
    struct buf why = buf_make(LIMIT_REPLY_TEXT_BYTES);
    buf_printf(&why, "the server broke the rules of SMTP with '%d' at %s", reply->code,
               smtp_phase_name(dialog->phase));
    close_dialog(dialog, buf_slice(&why));
    buf_free(&why);
}

/* --- what the server says --------------------------------------------------------- */

static bool is_good(const struct smtp_reply *reply)
{
    return reply->code >= 200 && reply->code < 300;
}

static bool is_refusal(const struct smtp_reply *reply)
{
    return reply->code >= 400;
}

static void ask_next_recipient(struct dialog *dialog)
{
    if (dialog->offer.pipelining)
        return;
    begin_output(dialog, PHASE_RCPT);
    put_rcpt(dialog, dialog->mail.recipients[dialog->replied]);
}

static void at_mail(struct dialog *dialog, const struct smtp_reply *reply)
{
    if (!is_good(reply) && !is_refusal(reply)) {
        say_protocol_error(dialog, reply);
        return;
    }
    if (is_good(reply)) {
        dialog->phase = PHASE_RCPT;
        ask_next_recipient(dialog);
        return;
    }
    if (!dialog->offer.pipelining || reply->code == 421) {
        refuse_mail(dialog, reply);
        return;
    }
    dialog->result.reply = *reply;
    dialog->is_refused = true;
    dialog->phase = PHASE_RCPT;
}

static void after_last_recipient(struct dialog *dialog, const struct smtp_reply *reply)
{
    bool is_lost = dialog->is_refused || dialog->accepted == 0;
    const struct smtp_reply *why = dialog->is_refused ? &dialog->result.reply : reply;
    if (dialog->offer.pipelining) {
        dialog->phase = PHASE_DATA;
        dialog->is_void = is_lost;
        if (is_lost)
            end_mail(dialog, why);
        return;
    }
    if (is_lost) {
        refuse_mail(dialog, why);
        return;
    }
    begin_output(dialog, PHASE_DATA);
    buf_puts(&dialog->out, "DATA\r\n");
}

static void at_rcpt(struct dialog *dialog, const struct smtp_reply *reply)
{
    if (!is_good(reply) && !is_refusal(reply)) {
        say_protocol_error(dialog, reply);
        return;
    }
    if (!dialog->is_refused)
        dialog->result.recipients[dialog->replied] = *reply;
    dialog->accepted += is_good(reply);
    dialog->replied++;
    if (reply->code == 421)
        refuse_mail(dialog, dialog->is_refused ? &dialog->result.reply : reply);
    else if (dialog->replied == dialog->mail.recipient_count)
        after_last_recipient(dialog, reply);
    else
        ask_next_recipient(dialog);
    if (reply->code == 421)
        dialog->state = DIALOG_CLOSED;
}

/* RFC 2920 3.1: a server may answer DATA with 354 although it took no recipient; then
 * an end of text without text is due, which it refuses. */
static void at_void_data(struct dialog *dialog, const struct smtp_reply *reply)
{
    if (reply->code == 354) {
        begin_output(dialog, PHASE_BODY);
        buf_puts(&dialog->out, ".\r\n");
    } else if (is_refusal(reply) && reply->code != 421) {
        begin_reset(dialog);
    } else {
        dialog->state = DIALOG_CLOSED;
    }
}

static void at_data(struct dialog *dialog, const struct smtp_reply *reply)
{
    if (dialog->is_void) {
        at_void_data(dialog, reply);
    } else if (is_refusal(reply)) {
        refuse_mail(dialog, reply);
    } else if (reply->code == 354) {
        begin_output(dialog, PHASE_BODY);
        put_stuffed(&dialog->out, dialog->mail.bytes);
        must(!dialog->out.overflowed);
    } else {
        say_protocol_error(dialog, reply);
    }
}

/* A refusal in the middle of the body counts; the rest of the body cannot be taken
 * back, so the connection ends. */
static void at_body(struct dialog *dialog, const struct smtp_reply *reply)
{
    if (!is_refusal(reply)) {
        say_protocol_error(dialog, reply);
        return;
    }
    end_mail(dialog, reply);
    dialog->state = DIALOG_CLOSED;
}

static void at_dot(struct dialog *dialog, const struct smtp_reply *reply)
{
    bool is_all_given = dialog->given == dialog->out.len;
    if (dialog->is_void && is_all_given && reply->code != 421) {
        begin_reset(dialog);
    } else if (dialog->is_void) {
        dialog->state = DIALOG_CLOSED;
    } else if (is_refusal(reply) && is_all_given) {
        refuse_mail(dialog, reply);
    } else if (is_refusal(reply)) {
        at_body(dialog, reply);
    } else if (is_good(reply) && is_all_given) {
        dialog->result.is_accepted = true;
        end_mail(dialog, reply);
        dialog->state = DIALOG_IDLE;
    } else {
        say_protocol_error(dialog, reply);
    }
}

static void at_rset(struct dialog *dialog, const struct smtp_reply *reply)
{
    dialog->state = is_good(reply) ? DIALOG_IDLE : DIALOG_CLOSED;
}

static void at_quit(struct dialog *dialog, const struct smtp_reply *reply)
{
    (void)reply;
    dialog->state = DIALOG_CLOSED;
}

static void (*const handlers[])(struct dialog *, const struct smtp_reply *) = {
    [PHASE_MAIL] = at_mail, [PHASE_RCPT] = at_rcpt, [PHASE_DATA] = at_data,
    [PHASE_BODY] = at_body, [PHASE_DOT] = at_dot,   [PHASE_RSET] = at_rset,
    [PHASE_QUIT] = at_quit,
};

/* An answer that comes before its question could be meant for another mail. Pipelined
 * commands leave together; a body may be refused while it is on its way. */
static bool is_asked(const struct dialog *dialog)
{
    if (dialog->state != DIALOG_BUSY && dialog->state != DIALOG_ENDING)
        return false;
    if (dialog->phase == PHASE_BODY || dialog->phase == PHASE_DOT)
        return true;
    if (dialog->offer.pipelining &&
        (dialog->phase == PHASE_MAIL || dialog->phase == PHASE_RCPT))
        return dialog->given > 0;
    return dialog->given == dialog->out.len;
}

static void take_reply(struct dialog *dialog, struct smtp_reply *reply)
{
    dialog->progress++;
    reply->phase =
        dialog->offer.is_api && dialog->phase == PHASE_DOT ? PHASE_API : dialog->phase;
    if (!is_asked(dialog)) {
        say_protocol_error(dialog, reply);
        return;
    }
    if (dialog->state == DIALOG_BUSY && !dialog->result.is_ready)
        dialog->result.was_answered = true;
    handlers[dialog->phase](dialog, reply);
}

void dialog_feed(struct dialog *dialog, struct slice bytes)
{
    struct smtp_reply reply;
    while (bytes.len > 0 && dialog->state != DIALOG_CLOSED) {
        enum reply_state state = reply_feed(&dialog->parser, &bytes, &reply);
        if (state == REPLY_DONE)
            take_reply(dialog, &reply);
        else if (state == REPLY_BROKEN)
            close_dialog(dialog, SLICE("the server sent what is not an SMTP reply"));
    }
}

/* --- begin and end ---------------------------------------------------------------- */

void dialog_start(struct dialog *dialog, const struct dialog_mail *mail)
{
    must(dialog->state == DIALOG_IDLE && mail->recipient_count > 0);
    free(dialog->result.recipients);
    dialog->mail = *mail;
    dialog->result = (struct dialog_result){ 0 };
    dialog->result.recipients =
        mem_zalloc(mail->recipient_count * sizeof *dialog->result.recipients);
    dialog->replied = dialog->accepted = 0;
    dialog->is_refused = dialog->is_void = dialog->is_released = false;
    dialog->state = DIALOG_BUSY;
    dialog->progress++;
    begin_output(dialog, PHASE_MAIL);
    put_mail(dialog);
    for (size_t i = 0; dialog->offer.pipelining && i < mail->recipient_count; i++)
        put_rcpt(dialog, mail->recipients[i]);
    /* In one go with them: two round trips a mail instead of three. */
    if (dialog->offer.pipelining)
        buf_puts(&dialog->out, "DATA\r\n");
}

void dialog_quit(struct dialog *dialog)
{
    must(dialog->state == DIALOG_IDLE);
    dialog->state = DIALOG_ENDING;
    dialog->progress++;
    begin_output(dialog, PHASE_QUIT);
    buf_puts(&dialog->out, "QUIT\r\n");
}
