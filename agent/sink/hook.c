/** A POST is a mail to the rest of the sink. */
#include "agent/sink/hook.h"

#include "agent/base/json.h"

enum { MAIL_BYTES = 8 * 1024 * 1024 };

static void put_header(struct buf *mail, const char *name, struct slice value)
{
    if (value.len > 0)
        buf_printf(mail, "%s: %.*s\r\n", name, SLICE_ARG(value));
}

static struct slice text_at(const struct json *root, const char *name)
{
    const struct json *value = json_find(root, slice_of(name));
    return value && value->type == JSON_STRING ? value->text : SLICE("");
}

static void accept_post(const struct hook *hook, const struct web_request *request,
                        const struct json *root)
{
    struct buf mail = buf_make(MAIL_BYTES), to = buf_make(MAIL_BYTES);
    put_header(&mail, "Subject", text_at(root, "title"));
    put_header(&mail, "Message-ID", text_at(root, "id"));
    put_header(&mail, "X-Authorization", request->authorization);
    put_header(&mail, "Content-Type", request->content_type);
    buf_puts(&mail, "\r\n");
    buf_put(&mail, request->body);
    buf_puts(&mail, "\r\n");
    buf_printf(&to, "hook:%.*s", SLICE_ARG(request->path));
    const struct slice recipient = buf_slice(&to);
    const struct smtpd_mail posted = { .recipients = &recipient,
                                       .recipient_count = 1,
                                       .bytes = buf_slice(&mail) };
    hook->tally->accepted++;
    hook->accept(hook->ctx, &posted);
    buf_free(&mail);
    buf_free(&to);
}

/* "retry-after=30 slow down" */
static void refuse(const struct script_action *action, struct web_answer *answer)
{
    static const struct slice word = { "retry-after=", 12 };
    struct slice text = action->text, first;
    answer->status = action->code;
    answer->closes = action->closes;
    if (slice_starts(text, word) && slice_next(&text, ' ', &first) &&
        !slice_to_int(slice_make(first.ptr + word.len, first.len - word.len),
                      &answer->retry_after_s))
        answer->retry_after_s = -1;
    answer->type = "text/plain";
    buf_put(&answer->body, text);
}

void hook_answer(const struct hook *hook, const struct web_request *request,
                 struct web_answer *answer)
{
    struct arena arena = { 0 };
    const struct json *root = json_parse(request->body, &arena).root;
    const struct script_action *action =
        hook->script ? script_judge(hook->script, SCRIPT_HOOK, request->body) : NULL;
    hook->tally->attempts++;
    if (action && action->takes)
        accept_post(hook, request, root);
    if (action && action->act == SCRIPT_REPLY) {
        refuse(action, answer);
    } else if (!action || !webd_obey(action, answer)) {
        answer->status = root ? 200 : 400;
        buf_puts(&answer->body, root ? "ok" : "invalid_payload");
        if (root)
            accept_post(hook, request, root);
    }
    hook->tally->refused_mails += answer->status >= 300;
    arena_free(&arena);
}
