/** Whatever a mail server says, cut at any place: the conversation ends in a class of
 *  its own, says "accepted" only after 2xx to the dot, and never keeps more than its
 *  bound. The first two bytes choose the offer and the cuts. */
#include "frame/fuzz.h"

#include "agent/base/rng.h"
#include "outputs/dialog.h"
#include "outputs/verdict.h"

static const struct slice recipients[] = { { "a@x.org", 7 }, { "b@x.org", 7 } };
static const struct dialog_mail mail = {
    .from = { "me@x.org", 8 },
    .recipients = recipients,
    .recipient_count = 2,
    .bytes = { "Subject: x\r\n\r\n.dot\r\nend\r\n", 25 },
};

/** Take all that the client says. */
static void drain(struct dialog *dialog)
{
    struct slice out;
    while ((out = dialog_output(dialog)).len > 0)
        dialog_sent(dialog, out.len);
}

static void check_reply(const struct smtp_reply *reply)
{
    struct buf text = buf_make(4 * LIMIT_REPLY_TEXT_BYTES);
    must(reply->code == 0 || (reply->code >= 200 && reply->code <= 599));
    must(verdict_of(reply) != NULL);
    reply_put(&text, reply);
    must(!text.overflowed);
    for (size_t i = 0; i < text.len; i++)
        must((unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7F);
    buf_free(&text);
}

static void check_result(const struct dialog *dialog)
{
    const struct dialog_result *result = &dialog->result;
    check_reply(&result->reply);
    for (size_t i = 0; result->recipients && i < mail.recipient_count; i++)
        check_reply(&result->recipients[i]);
    if (!result->is_accepted)
        return;
    must(!result->is_in_doubt && result->reply.phase == PHASE_DOT);
    must(result->reply.code / 100 == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct dialog dialog;
    struct rng rng;
    struct slice rest = fuzz_input(data + 2, size - 2);
    rng_seed(&rng, data[1]);
    dialog_init(&dialog, (struct dialog_offer){ .pipelining = data[0] & 1,
                                                .size = data[0] & 2,
                                                .eight_bit = data[0] & 4,
                                                .dot = PHASE_DOT });
    dialog_start(&dialog, &mail);
    while (rest.len > 0 && dialog.state != DIALOG_CLOSED) {
        size_t len = 1 + rng_next(&rng) % (rest.len < 512 ? rest.len : 512);
        drain(&dialog);
        dialog_feed(&dialog, slice_make(rest.ptr, len));
        rest = slice_make(rest.ptr + len, rest.len - len);
    }
    if (dialog.state == DIALOG_IDLE)
        dialog_quit(&dialog);
    drain(&dialog);
    dialog_lost(&dialog, SLICE("the end of the input"));
    must(dialog.result.is_ready);
    check_result(&dialog);
    dialog_clear(&dialog);
    return 0;
}
