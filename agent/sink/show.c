/** Everything that is shown goes through text_put_clean(). */
#include "agent/sink/show.h"

#include <inttypes.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"

enum { MAX_FIELD_BYTES = 64 * 1024, MAX_SUBJECT_BYTES = 300 };

static const char rule[] =
    "────────────────────────────────────────────────────────────────────────\n";

static void show_header(struct slice mail, const char *name, struct buf *out)
{
    struct buf value = buf_make(MAX_FIELD_BYTES);
    if (unmime_header(mail, name, &value)) {
        buf_printf(out, "%-8s ", name);
        text_put_clean(out, buf_slice(&value), false);
        buf_putc(out, '\n');
    }
    buf_free(&value);
}

void show_mail(const struct smtpd_mail *mail, uint64_t number, struct buf *out)
{
    struct buf text = buf_make(mail->bytes.len + 1);
    buf_puts(out, rule);
    buf_printf(out, "Mail %" PRIu64 ", %zu bytes\n", number, mail->bytes.len);
    show_header(mail->bytes, "From", out);
    show_header(mail->bytes, "To", out);
    show_header(mail->bytes, "Subject", out);
    buf_putc(out, '\n');
    unmime_text(mail->bytes, &text);
    text_put_clean(out, buf_slice(&text), true);
    if (text.len == 0 || text.ptr[text.len - 1] != '\n')
        buf_putc(out, '\n');
    buf_puts(out, rule);
    buf_free(&text);
}

static bool is_word_end(unsigned char c)
{
    return c <= ' ' || c == '<' || c == '&' || c == '"' || c == ',' || c == ')' ||
           c == '=';
}

/** Put " word" for the first word of @text that begins with @token. */
static bool put_token(struct slice text, const char *token, struct buf *out)
{
    size_t at = slice_find(text, slice_of(token));
    if (at == SIZE_MAX)
        return false;
    size_t end = at + strlen(token);
    while (end < text.len && !is_word_end((unsigned char)text.ptr[end]) &&
           end - at < 128)
        end++;
    buf_putc(out, ' ');
    text_put_clean(out, slice_make(text.ptr + at, end - at), false);
    return true;
}

void show_log_line(const struct smtpd_mail *mail, int64_t unix_ns, const char *token,
                   struct buf *out)
{
    struct buf id = buf_make(MAX_FIELD_BYTES), subject = buf_make(MAX_FIELD_BYTES);
    struct buf text = buf_make(mail->bytes.len + 1);
    unmime_header(mail->bytes, "Message-ID", &id);
    unmime_header(mail->bytes, "Subject", &subject);
    buf_printf(out, "%" PRId64 " ", unix_ns);
    text_put_clean(out, id.len > 0 ? buf_slice(&id) : SLICE("<>"), false);
    buf_putc(out, ' ');
    text_put_clean(out, text_cut(buf_slice(&subject), MAX_SUBJECT_BYTES), false);
    if (token && !put_token(buf_slice(&subject), token, out)) {
        unmime_text(mail->bytes, &text);
        if (!put_token(buf_slice(&text), token, out))
            put_token(mail->bytes, token, out);
    }
    buf_putc(out, '\n');
    buf_free(&id);
    buf_free(&subject);
    buf_free(&text);
}
