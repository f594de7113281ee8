/** Headers are taken over line by line, because they are our own; the text is taken out
 *  of its part and encoded anew. */
#include "outputs/recast.h"

#include <inttypes.h>
#include <strings.h>

#include "agent/base/hash.h"
#include "agent/base/limits.h"
#include "agent/base/must.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"
#include "outputs/mime.h"

static const char *const replaced[] = { "Content-Type:", "Content-Transfer-Encoding:",
                                        "Message-ID:" };
static const char *const readdressed[] = { "From:", "To:" };

static bool is_one_of(struct slice line, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (line.len >= strlen(names[i]) &&
            strncasecmp(line.ptr, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* A line that begins with a blank goes on with the header before it. */
static void put_old_headers(struct buf *out, struct slice mail, bool keeps_addresses)
{
    bool is_kept = false;
    struct slice line;
    while (slice_next(&mail, '\n', &line) && line.len > 1) {
        bool is_folded = line.ptr[0] == ' ' || line.ptr[0] == '\t';
        if (!is_folded)
            is_kept = !is_one_of(line, replaced, 3) &&
                      (keeps_addresses || !is_one_of(line, readdressed, 2));
        if (!is_kept)
            continue;
        buf_put(out, line);
        buf_putc(out, '\n');
    }
}

static void put_cut(struct buf *out, struct slice rest)
{
    uint64_t count = 0;
    struct slice line;
    while (slice_next(&rest, '\n', &line))
        count++;
    buf_puts(out, "\n[cut: ");
    text_put_count(out, count, "more line", "more lines");
    buf_puts(out, "]\n");
}

static void put_body(struct buf *out, struct slice mail, const struct recast *how)
{
    struct buf text = buf_make(LIMIT_MAIL_BYTES), whole = buf_make(LIMIT_MAIL_BYTES);
    unmime_text(mail, &text);
    struct slice kept = text_cut(buf_slice(&text), how->text_max);
    buf_put(&whole, how->note);
    buf_putc(&whole, '\n');
    buf_put(&whole, kept);
    if (kept.len < text.len)
        put_cut(&whole, slice_make(text.ptr + kept.len, text.len - kept.len));
    mime_put_quoted_printable(out, buf_slice(&whole));
    buf_free(&whole);
    buf_free(&text);
}

struct slice recast_mail(struct slice mail, const struct recast *how,
                         struct arena *arena)
{
    struct buf out = buf_make(LIMIT_MAIL_BYTES);
    put_old_headers(&out, mail, how->to == NULL);
    if (how->to) {
        mime_put_address_header(&out, "From", how->from_name, &how->from, 1);
        mime_put_address_header(&out, "To", SLICE(""), how->to, how->to_count);
    }
    mime_put_token_header(&out, "Message-ID", how->message_id);
    mime_put_token_header(&out, "Content-Type", SLICE("text/plain; charset=utf-8"));
    mime_put_token_header(&out, "Content-Transfer-Encoding", SLICE("quoted-printable"));
    buf_puts(&out, "\r\n");
    put_body(&out, mail, how);
    must(!out.overflowed);
    struct slice bytes = arena_slice(arena, buf_slice(&out));
    buf_free(&out);
    return bytes;
}

struct slice recast_id(struct slice message_id, struct slice why, struct arena *arena)
{
    size_t at = slice_find(message_id, SLICE("@"));
    struct slice domain = at == SIZE_MAX
                              ? SLICE("@tocsin>")
                              : slice_make(message_id.ptr + at, message_id.len - at);
    return slice_of(arena_printf(arena, "<%016" PRIx64 ".%016" PRIx64 "%.*s",
                                 hash_bytes(message_id), hash_bytes(why),
                                 SLICE_ARG(domain)));
}
