/** A body is written in YAML, because a story is; it goes out as JSON. */
#include "agent/story/caller.h"

#include "agent/base/limits.h"

enum { BODY_BYTES = 8 * 1024 * 1024 };

static void put_string(struct buf *out, struct slice text)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < ' ')
            buf_printf(out, "\\u%04x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

/** What YAML 1.2 calls a number or a word, when it is not quoted. */
static bool is_literal(const struct yaml_node *node)
{
    static const char *const words[] = { "true", "false", "null" };
    struct slice text = node->text;
    size_t digits = 0;
    bool has_zeros = text.len > 1 && text.ptr[0] == '0' && text.ptr[1] != '.';
    if (!node->is_plain || text.len == 0 || has_zeros)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (slice_equal(text, slice_of(words[i])))
            return true;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr("0123456789.-+eE", text.ptr[i], 15))
            return false;
        digits += text.ptr[i] >= '0' && text.ptr[i] <= '9';
    }
    return digits > 0 && text.ptr[0] != '+' && text.ptr[0] != '.';
}

static void put_json(struct buf *out, const struct yaml_node *node)
{
    bool is_map = node->kind == YAML_MAP;
    if (node->kind == YAML_TEXT && is_literal(node)) {
        buf_put(out, node->text);
        return;
    }
    if (node->kind == YAML_TEXT) {
        put_string(out, node->text);
        return;
    }
    buf_putc(out, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        bool is_key = is_map && i % 2 == 0;
        if (i > 0)
            buf_putc(out, is_map && !is_key ? ':' : ',');
        if (is_key)
            put_string(out, node->items[i]->text);
        else
            put_json(out, node->items[i]);
    }
    buf_putc(out, is_map ? '}' : ']');
}

bool caller_post(struct stage *stage, const struct story_posted *posted,
                 struct err *err)
{
    struct buf body = buf_make(BODY_BYTES);
    struct slice query = posted->path.value, path = { 0 };
    slice_next(&query, '?', &path);
    if (posted->body && posted->body->kind == YAML_TEXT)
        buf_put(&body, posted->body->text);
    else if (posted->body)
        put_json(&body, posted->body);
    bool is_text = slice_equal(path, SLICE("/webhook/text"));
    struct webhook_request request = {
        .path = path,
        .query = query,
        .content_type = is_text ? SLICE("text/plain") : SLICE("application/json"),
        .body = buf_slice(&body),
    };
    struct webhook_reply reply = app_post(stage->app, &request);
    buf_free(&body);
    return reply.status == posted->status ||
           err_set(err, ERR_INVALID, "It is answered with %d: %s.", reply.status,
                   reply.text);
}
