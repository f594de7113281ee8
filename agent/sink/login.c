/** One exchange of challenges; the script has its word when the credentials are
 *  known. */
#include "agent/sink/login.h"

#include "agent/base/base64.h"
#include "agent/base/unmime.h"
#include "agent/sink/google.h"
#include "agent/sink/sink_limits.h"

static void say_denied(struct smtpd *session)
{
    talk_say(session, 535, "5.7.8",
             "Username and Password not accepted. For more information, go to\n"
             " https://support.google.com/mail/?p=BadCredentials");
}

/* A token is refused in two steps: what is wrong as JSON in a challenge, and after any
 * answer the refusal (Google: "IMAP, POP, and SMTP", XOAUTH2). */
static void show_token_error(struct smtpd *session)
{
    session->is_in_auth = session->is_denied = true;
    buf_puts(&session->output, "334 ");
    base64_put(&session->output,
               SLICE("{\"status\":\"400\",\"schemes\":\"Bearer\","
                     "\"scope\":\"https://mail.google.com/\"}"),
               BASE64);
    buf_puts(&session->output, "\r\n");
}

static bool is_by_token(const struct sasl *sasl)
{
    return sasl->mechanism == SASL_XOAUTH2 || sasl->mechanism == SASL_OAUTHBEARER;
}

static void refuse_login(struct smtpd *session)
{
    if (is_by_token(&session->sasl))
        show_token_error(session);
    else
        say_denied(session);
}

static bool is_right_login(const struct smtpd *session)
{
    const struct smtpd_config *config = session->config;
    struct slice user = buf_slice(&session->sasl.user);
    struct slice password = buf_slice(&session->sasl.password);
    if (config->google && is_by_token(&session->sasl))
        return google_lets_in(config->google, user, password);
    return config->user.len == 0 ||
           (slice_equal(user, config->user) && slice_equal(password, config->password));
}

static void finish_login(struct smtpd *session)
{
    const struct smtpd_config *config = session->config;
    struct slice user = buf_slice(&session->sasl.user);
    bool is_right = is_right_login(session);
    enum effect effect = talk_ask(session, SCRIPT_AUTH, user);
    session->is_in_auth = false;
    if (effect == EFFECT_YES || (effect == EFFECT_USUAL && is_right)) {
        session->is_logged_in = true;
        buf_clear(&session->user);
        buf_put(&session->user, user);
        config->tally->logins++;
        if (effect == EFFECT_USUAL)
            talk_reply(session, 235, "2.7.0", SLICE("Accepted"));
    } else {
        config->tally->failed_logins++;
        if (effect == EFFECT_USUAL)
            refuse_login(session);
    }
    sasl_clear(&session->sasl);
}

static void put_challenge(struct smtpd *session, const struct buf *challenge)
{
    buf_puts(&session->output, "334 ");
    base64_put(&session->output, buf_slice(challenge), BASE64);
    buf_puts(&session->output, "\r\n");
}

static void go_on(struct smtpd *session, struct slice text, bool has_answer)
{
    struct buf answer = buf_make(LIMIT_SINK_LINE_BYTES), challenge = buf_make(256);
    /* "=" is the empty initial response (RFC 4954 4). */
    bool is_clean = slice_equal(text, SLICE("=")) || unmime_base64(text, &answer);
    enum sasl_state state = SASL_BAD;
    session->is_in_auth = true;
    if (is_clean)
        state = sasl_step(&session->sasl, buf_slice(&answer), has_answer, &challenge);
    if (state == SASL_MORE)
        put_challenge(session, &challenge);
    else if (state == SASL_DONE)
        finish_login(session);
    if (state == SASL_BAD) {
        session->is_in_auth = false;
        sasl_clear(&session->sasl);
        talk_say(session, 501, "5.5.2", "Cannot Decode response");
    }
    buf_free(&answer);
    buf_free(&challenge);
}

void login_on_auth(struct smtpd *session, struct slice args)
{
    struct slice name = args, initial = SLICE("");
    size_t blank = slice_find(args, SLICE(" "));
    if (blank != SIZE_MAX) {
        name = slice_make(args.ptr, blank);
        initial = slice_trim(slice_make(args.ptr + blank, args.len - blank));
    }
    if (!session->has_ehlo)
        talk_say(session, 503, "5.5.1", "EHLO/HELO first.");
    else if (!session->is_secure)
        talk_say(session, 538, "5.7.11", "Must issue a STARTTLS command first.");
    else if (session->is_logged_in)
        talk_say(session, 503, "5.7.0", "No identity changes permitted.");
    else if (session->has_mail)
        talk_say(session, 503, "5.5.1",
                 "AUTH is not permitted during a mail transaction.");
    else if (!sasl_begin(&session->sasl, name))
        talk_say(session, 504, "5.7.4", "Unrecognized Authentication Type.");
    else
        go_on(session, initial, initial.len > 0);
}

void login_on_answer(struct smtpd *session, struct slice line)
{
    if (session->is_denied) {
        session->is_in_auth = session->is_denied = false;
        say_denied(session);
        return;
    }
    if (!slice_equal(line, SLICE("*"))) {
        go_on(session, line, true);
        return;
    }
    session->is_in_auth = false;
    sasl_clear(&session->sasl);
    talk_say(session, 501, "5.7.0", "Authentication canceled.");
}
