/**
 * Commands are a table. Bytes are taken from an inbox, so that pipelined commands wait
 * while a script holds a reply back, and so that it cannot matter how TCP cut them.
 */
#include "agent/sink/smtpd.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/sink/login.h"
#include "agent/sink/sink_limits.h"
#include "agent/sink/transaction.h"

static void on_ehlo(struct smtpd *session, struct slice args)
{
    const struct smtpd_config *config = session->config;
    struct buf text = buf_make(4096);
    if (args.len == 0) {
        talk_say(session, 501, "5.5.4",
                 "Empty HELO/EHLO argument not allowed, closing connection.\n"
                 " https://support.google.com/mail/?p=helo");
        session->wish = SMTPD_CLOSE;
        return;
    }
    enum effect effect = talk_ask(session, SCRIPT_EHLO, args);
    if (effect == EFFECT_NO)
        return;
    transaction_forget(session);
    session->has_ehlo = true;
    if (effect == EFFECT_YES)
        return;
    buf_printf(&text, "%.*s at your service\nSIZE %zu\n8BITMIME\n",
               SLICE_ARG(config->host), config->max_bytes);
    if (config->offers_starttls && !session->is_secure)
        buf_puts(&text, "STARTTLS\n");
    if (session->is_secure)
        buf_puts(&text,
                 "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH\n");
    buf_puts(&text, "ENHANCEDSTATUSCODES\nPIPELINING\nSMTPUTF8");
    talk_reply(session, 250, "", buf_slice(&text));
    buf_free(&text);
}

static void on_helo(struct smtpd *session, struct slice args)
{
    enum effect effect = talk_ask(session, SCRIPT_EHLO, args);
    if (effect == EFFECT_NO)
        return;
    transaction_forget(session);
    session->has_ehlo = true;
    if (effect == EFFECT_USUAL)
        talk_reply(session, 250, "", session->config->host);
}

static void on_starttls(struct smtpd *session, struct slice args)
{
    if (session->is_secure || !session->config->offers_starttls) {
        talk_say(session, session->is_secure ? 454 : 502, "5.5.1",
                 session->is_secure ? "STARTTLS may not be repeated."
                                    : "Unrecognized command.");
        return;
    }
    if (args.len > 0) {
        talk_say(session, 501, "5.5.2", "Syntax error, no parameters allowed.");
        return;
    }
    enum effect effect = talk_ask(session, SCRIPT_STARTTLS, args);
    if (effect == EFFECT_NO)
        return;
    if (effect == EFFECT_USUAL)
        talk_reply(session, 220, "2.0.0", SLICE("Ready to start TLS"));
    session->wish = SMTPD_START_TLS;
    /* What is pipelined behind STARTTLS was written by whoever sits on the wire. */
    if (session->inbox.len > 0)
        talk_violation(session, "commands behind STARTTLS");
    buf_clear(&session->inbox);
}

static void on_rset(struct smtpd *session, struct slice args)
{
    enum effect effect = talk_ask(session, SCRIPT_RSET, args);
    if (effect == EFFECT_NO)
        return;
    transaction_forget(session);
    if (effect == EFFECT_USUAL)
        talk_say(session, 250, "2.1.5", "Flushed");
}

static void on_quit(struct smtpd *session, struct slice args)
{
    enum effect effect = talk_ask(session, SCRIPT_QUIT, args);
    if (effect == EFFECT_NO)
        return;
    if (effect == EFFECT_USUAL)
        talk_say(session, 221, "2.0.0", "closing connection");
    session->wish = SMTPD_CLOSE;
}

static void on_noop(struct smtpd *session, struct slice args)
{
    (void)args;
    talk_say(session, 250, "2.0.0", "OK");
}

static void on_vrfy(struct smtpd *session, struct slice args)
{
    (void)args;
    talk_say(session, 252, "2.1.5", "Send some mail, I'll try my best");
}

static void on_help(struct smtpd *session, struct slice args)
{
    (void)args;
    talk_say(session, 214, "2.0.0",
             "This is tocsin's mail sink, https://www.rfc-editor.org/rfc/rfc5321");
}

static const struct {
    const char *word;
    void (*run)(struct smtpd *session, struct slice args);
} commands[] = {
    { "AUTH", login_on_auth },
    { "DATA", transaction_on_data },
    { "EHLO", on_ehlo },
    { "HELO", on_helo },
    { "HELP", on_help },
    { "MAIL", transaction_on_mail },
    { "NOOP", on_noop },
    { "QUIT", on_quit },
    { "RCPT", transaction_on_rcpt },
    { "RSET", on_rset },
    { "STARTTLS", on_starttls },
    { "VRFY", on_vrfy },
};

static void run_command(struct smtpd *session, struct slice line)
{
    size_t end = slice_find(line, SLICE(" "));
    struct slice word = slice_make(line.ptr, end == SIZE_MAX ? line.len : end);
    struct slice args =
        slice_trim(slice_make(line.ptr + word.len, line.len - word.len));
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (slice_equal_nocase(word, slice_of(commands[i].word))) {
            commands[i].run(session, args);
            return;
        }
    }
    talk_say(session, 502, "5.5.1", "Unrecognized command.");
}

/** Is the command line clean? Counts what is not. */
static bool check_line(struct smtpd *session, struct slice line, bool has_cr)
{
    const char *fault = NULL;
    if (!has_cr)
        fault = "a command that ends with a bare LF";
    for (size_t i = 0; i < line.len && !fault; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        if (c == '\r')
            fault = "a bare CR in a command";
        else if (c < ' ' || c == 127)
            fault = "a control character in a command";
    }
    if (fault)
        talk_violation(session, fault);
    return !fault;
}

static void take_line(struct smtpd *session, struct slice line)
{
    bool has_cr = line.len > 0 && line.ptr[line.len - 1] == '\r';
    line.len -= has_cr;
    bool is_clean = check_line(session, line, has_cr);
    if (!is_clean && session->config->is_strict)
        talk_say(session, 500, "5.5.2", "Syntax error, a line ends with CR LF.");
    else if (session->is_in_auth)
        login_on_answer(session, line);
    else
        run_command(session, line);
}

/** Take the next command off the inbox. @return false when it is not whole yet. */
static bool go_on_command(struct smtpd *session)
{
    const char *end = memchr(session->inbox.ptr, '\n', session->inbox.len);
    if (!end) {
        if (session->inbox.len < LIMIT_SINK_LINE_BYTES)
            return false;
        session->is_skipping = true;
        buf_clear(&session->inbox);
        return false;
    }
    size_t len = (size_t)(end - session->inbox.ptr);
    char *line = mem_copy(slice_make(session->inbox.ptr, len));
    buf_drop(&session->inbox, len + 1);
    if (session->is_skipping || len > LIMIT_SINK_LINE_BYTES) {
        session->is_skipping = false;
        talk_violation(session, "a command that is too long");
        talk_say(session, 500, "5.5.1", "Line too long.");
    } else {
        take_line(session, slice_make(line, len));
    }
    free(line);
    return true;
}

static bool go_on_data(struct smtpd *session)
{
    bool is_done;
    size_t taken = dot_feed(&session->dot, buf_slice(&session->inbox), &is_done);
    buf_drop(&session->inbox, taken);
    if (!session->is_body_judged && (session->dot.line_count > 0 || is_done))
        transaction_judge_body(session);
    if (is_done && session->wish == SMTPD_TALK && !session->is_hung)
        transaction_finish(session);
    return is_done;
}

static void go_on(struct smtpd *session)
{
    bool is_going = true;
    while (is_going && session->inbox.len > 0 && session->wish == SMTPD_TALK &&
           session->pause_ms == 0 && !session->is_hung)
        is_going = session->is_in_data ? go_on_data(session) : go_on_command(session);
    if (session->is_hung || session->wish > SMTPD_START_TLS)
        buf_clear(&session->inbox);
    if (session->output.overflowed)
        session->wish = SMTPD_RESET;
}

/* --- the doors ------------------------------------------------------------------- */

struct smtpd *smtpd_create(const struct smtpd_config *config, uint64_t number,
                           bool is_secure)
{
    struct smtpd *session = mem_zalloc(sizeof *session);
    session->config = config;
    session->number = number;
    session->is_secure = is_secure;
    session->inbox = buf_make(LIMIT_SINK_LINE_BYTES + LIMIT_SINK_INBOX_BYTES);
    session->output = buf_make(LIMIT_SINK_OUTPUT_BYTES);
    session->user = buf_make(LIMIT_SINK_LINE_BYTES);
    session->from = buf_make(LIMIT_SINK_LINE_BYTES);
    session->recipients = buf_make(LIMIT_RECIPIENTS * LIMIT_SINK_LINE_BYTES);
    config->tally->sessions++;
    if (talk_ask(session, SCRIPT_GREETING, SLICE("")) == EFFECT_USUAL) {
        struct buf text = buf_make(1024);
        buf_printf(&text, "%.*s ESMTP", SLICE_ARG(config->host));
        talk_say(session, 220, "", text.ptr);
        buf_free(&text);
    }
    return session;
}

void smtpd_free(struct smtpd *session)
{
    if (!session)
        return;
    sasl_clear(&session->sasl);
    dot_clear(&session->dot);
    buf_free(&session->inbox);
    buf_free(&session->output);
    buf_free(&session->user);
    buf_free(&session->from);
    buf_free(&session->recipients);
    free(session);
}

void smtpd_feed(struct smtpd *session, struct slice bytes)
{
    must(bytes.len <= LIMIT_SINK_INBOX_BYTES);
    if (session->is_hung || session->wish > SMTPD_START_TLS)
        return;
    buf_put(&session->inbox, bytes);
    /* Only a caller that reads during a pause can get here. */
    if (session->inbox.overflowed)
        session->wish = SMTPD_RESET;
    go_on(session);
}

struct slice smtpd_output(const struct smtpd *session)
{
    struct slice all = buf_slice(&session->output);
    if (session->pause_ms > 0)
        all.len = session->held_from;
    return all;
}

void smtpd_sent(struct smtpd *session, size_t count)
{
    buf_drop(&session->output, count);
    session->held_from -= session->held_from < count ? session->held_from : count;
}

enum smtpd_wish smtpd_wish(const struct smtpd *session)
{
    return session->pause_ms > 0 ? SMTPD_TALK : session->wish;
}

void smtpd_secured(struct smtpd *session)
{
    must(session->wish == SMTPD_START_TLS);
    session->wish = SMTPD_TALK;
    session->is_secure = true;
    session->has_ehlo = false;
    transaction_forget(session);
}

int64_t smtpd_pause_ms(const struct smtpd *session)
{
    return session->pause_ms;
}

void smtpd_resume(struct smtpd *session)
{
    session->pause_ms = 0;
    go_on(session);
}

int64_t smtpd_slow_bytes(const struct smtpd *session)
{
    return session->slow_bytes;
}
