/** Names in, replies out, and two counters. */
#include "agent/sink/likeness.h"

#include "agent/base/must.h"
#include "agent/base/now.h"
#include "agent/sink/gmail.h"
#include "agent/sink/talk.h"

void likeness_init(struct likeness *likeness)
{
    *likeness = (struct likeness){
        .recipients = { .max = 500, .span_ms = DAY_MS },
        .logins = { .max = 10, .span_ms = MINUTE_MS },
    };
}

static bool is_full(struct likeness_window *window, int64_t now_ms)
{
    if (now_ms - window->begin_ms >= window->span_ms)
        window->count = 0;
    return window->max > 0 && window->count >= window->max;
}

static void count(struct likeness_window *window, int64_t now_ms, size_t more)
{
    if (window->count == 0)
        window->begin_ms = now_ms;
    window->count += (int64_t)more;
}

void likeness_count(struct smtpd *session, size_t more)
{
    struct likeness *likeness = session->config->likeness;
    if (likeness)
        count(&likeness->recipients, likeness->now_ms, more);
}

static void say(struct smtpd *session, const struct gmail_reply *reply)
{
    char enhanced[16] = "";
    size_t len = strcspn(reply->says + 4, " ");
    if (len < sizeof enhanced)
        memcpy(enhanced, reply->says + 4, len);
    int64_t code = 0;
    must(slice_to_int(slice_make(reply->says, 3), &code));
    talk_say(session, (int)code, enhanced, reply->says + 4 + len + 1);
    if (code == 421)
        session->wish = SMTPD_CLOSE;
}

static bool say_named(struct smtpd *session, const char *name)
{
    say(session, gmail_reply_find(slice_of(name)));
    return true;
}

/* "says-NAME" in front of the subject, or of the address in it. */
static const struct gmail_reply *find_asked(struct slice subject)
{
    size_t open = slice_find(subject, SLICE("<"));
    size_t begin = open == SIZE_MAX ? 0 : open + 1;
    struct slice word = slice_make(subject.ptr + begin, subject.len - begin);
    if (!slice_starts(word, SLICE("says-")))
        return NULL;
    struct slice name = slice_make(word.ptr + 5, word.len - 5);
    size_t at = slice_find(name, SLICE("@"));
    if (at != SIZE_MAX)
        name.len = at;
    return gmail_reply_find(name);
}

static bool answer_limits(struct smtpd *session, enum script_phase phase)
{
    struct likeness *likeness = session->config->likeness;
    int64_t now_ms = likeness->now_ms;
    if (phase == SCRIPT_MAIL && is_full(&likeness->recipients, now_ms))
        return say_named(session, "550-daily-limit");
    if (phase != SCRIPT_AUTH)
        return false;
    if (is_full(&likeness->logins, now_ms))
        return say_named(session, "454-logins");
    count(&likeness->logins, now_ms, 1);
    return false;
}

bool likeness_answers(struct smtpd *session, enum script_phase phase,
                      struct slice subject)
{
    bool is_named = phase == SCRIPT_EHLO || phase == SCRIPT_AUTH ||
                    phase == SCRIPT_MAIL || phase == SCRIPT_RCPT;
    if (!session->config->likeness)
        return false;
    const struct gmail_reply *asked = is_named ? find_asked(subject) : session->owed;
    if (asked && asked->phase == phase) {
        say(session, asked);
        session->owed = NULL;
        return true;
    }
    if (asked && phase == SCRIPT_RCPT)
        session->owed = asked;
    return answer_limits(session, phase);
}
