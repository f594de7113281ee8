/** Posting bodies without a server. */
#include "webhook_case.h"

const struct source door = { .name = { "http", 4 }, .has_fields = true };

struct caught *caught; /* one test a process */

static void catch_alert(void *ctx, const struct incoming *incoming)
{
    (void)ctx;
    ck_assert_uint_lt(caught->count, LIMIT_BODY_ALERTS);
    struct incoming *own = &caught->items[caught->count++];
    *own = *incoming;
}

static void catch_block(void *ctx, const struct block *block)
{
    (void)ctx;
    (void)block;
    ck_abort_msg("a block");
}

static void catch_report(void *ctx, const struct self_report *report)
{
    (void)ctx;
    (void)report;
    ck_abort_msg("a report");
}

int post_request(struct webhook_request request)
{
    static const struct intake intake = { catch_block, catch_alert, catch_report,
                                          NULL };
    if (!caught)
        caught = calloc(1, sizeof *caught);
    caught->count = 0;
    request.source = &door;
    request.now_unix_ms = NOW_MS;
    caught->reply = webhook_take(&request, &intake, &caught->arena);
    if (caught->reply.status != 200)
        ck_assert_uint_eq(caught->count, 0);
    ck_assert_ptr_nonnull(caught->reply.text);
    return caught->reply.status;
}

int post_bytes(const char *path, struct slice body)
{
    const char *type = strstr(path, "text") ? "text/plain" : "application/json";
    return post_request((struct webhook_request){
        .path = slice_of(path), .content_type = slice_of(type), .body = body });
}

int post(const char *path, const char *body)
{
    return post_bytes(path, slice_of(body));
}

const struct incoming *only_alert(void)
{
    ck_assert_int_eq(caught->reply.status, 200);
    ck_assert_uint_eq(caught->count, 1);
    return &caught->items[0];
}

struct slice label(const struct incoming *incoming, const char *name)
{
    return labels_find(&incoming->labels, slice_of(name));
}

void check_has(struct slice text, const char *part)
{
    ck_assert_msg(slice_find(text, slice_of(part)) != SIZE_MAX, "'%.*s' lacks '%s'",
                  (int)text.len, text.ptr, part);
}

void check_lacks(struct slice text, const char *part)
{
    ck_assert_msg(slice_find(text, slice_of(part)) == SIZE_MAX, "'%.*s' has '%s'",
                  (int)text.len, text.ptr, part);
}
