/** The order in which a head is judged. */
#include "agent/inputs/http/porter.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/inputs/http/keys.h"
#include "agent/inputs/http/recent.h"
#include "agent/inputs/http/tidings.h"

enum {
    FREE_FAILURES = 10, /* of an address; then its refusals wait */
    FAILURE_DELAY_MS = 1000,
    FAILURE_KEEP_MS = 10 * 60 * 1000,
    SIGNATURE_KEEP_MS = 10 * 60 * 1000, /* both sides of the window */
};

struct porter {
    const struct http_config *config;
    struct slice host_name;
    struct log_sink *log;
    struct http_keys *keys;
    struct recent offenders, signatures;
    char *signature_header;
};

struct porter *porter_create(const struct http_config *config, struct slice host_name,
                             struct log_sink *log)
{
    struct porter *porter = mem_zalloc(sizeof *porter);
    porter->config = config;
    porter->host_name = host_name;
    porter->log = log;
    porter->keys = http_keys_create(config, log);
    recent_init(&porter->offenders, LIMIT_HTTP_OFFENDERS, FAILURE_KEEP_MS);
    recent_init(&porter->signatures, LIMIT_HTTP_SIGNATURES, SIGNATURE_KEEP_MS);
    if (config->hmac)
        porter->signature_header = mem_copy(config->hmac->header.value);
    return porter;
}

static void take_over(struct recent *own, struct recent *before)
{
    recent_clear(own);
    own->map = before->map;
    before->map = (struct map){ 0 };
}

void porter_inherit(struct porter *porter, struct porter *before)
{
    if (!before)
        return;
    take_over(&porter->offenders, &before->offenders);
    take_over(&porter->signatures, &before->signatures);
}

void porter_free(struct porter *porter)
{
    if (!porter)
        return;
    http_keys_free(porter->keys);
    recent_clear(&porter->offenders);
    recent_clear(&porter->signatures);
    free(porter->signature_header);
    free(porter);
}

const char *porter_signature_header(const struct porter *porter)
{
    return porter->signature_header;
}

struct http_reply porter_closed(void)
{
    return (struct http_reply){ 503, "nothing can be stored now: send it again",
                                "Retry-After", "5" };
}

/* --- where it comes from ---------------------------------------------------------- */

/** Is it nothing, or ":80"? */
static bool is_port(struct slice text)
{
    int64_t port;
    return text.len == 0 ||
           (text.ptr[0] == ':' && text.len <= 6 &&
            slice_to_int(slice_make(text.ptr + 1, text.len - 1), &port) && port >= 0);
}

/** The name in "name:80", "[::1]:80" or either without a port; empty for all else. */
static struct slice without_port(struct slice host)
{
    bool is_v6 = slice_starts(host, SLICE("["));
    size_t end = slice_find(host, is_v6 ? SLICE("]") : SLICE(":"));
    size_t begin = is_v6 ? 1 : 0;
    if (end == SIZE_MAX)
        return is_v6 ? SLICE("") : host;
    size_t behind = is_v6 ? end + 1 : end;
    if (!is_port(slice_make(host.ptr + behind, host.len - behind)))
        return SLICE("");
    return slice_make(host.ptr + begin, end - begin);
}

/** A web page can make a browser come here under the page's own name (DNS rebinding),
 *  but not under an address in digits or a name that is ours. */
static bool is_our_name(const struct porter *porter, struct slice host)
{
    struct slice name = without_port(host);
    if (host.len == 0) /* which no browser sends */
        return true;
    if (http_is_address(name) || slice_equal_nocase(name, SLICE("localhost")) ||
        slice_equal_nocase(name, porter->host_name))
        return true;
    for (size_t i = 0; i < porter->config->hosts.count; i++) {
        if (slice_equal_nocase(name, porter->config->hosts.items[i].value))
            return true;
    }
    return false;
}

/** Programs send neither header; a browser sends them for every foreign page. */
static bool is_foreign(const struct http_head *head, struct slice host)
{
    struct slice origin = http_head_find(head, "Origin");
    struct slice site = http_head_find(head, "Sec-Fetch-Site");
    size_t at = slice_find(origin, SLICE("://"));
    if (site.len > 0 && !slice_equal(site, SLICE("same-origin")) &&
        !slice_equal(site, SLICE("none")))
        return true;
    if (origin.len == 0)
        return false;
    return at == SIZE_MAX ||
           !slice_equal_nocase(slice_make(origin.ptr + at + 3, origin.len - at - 3),
                               host);
}

static bool is_trusted_proxy(const struct porter *porter, struct slice address)
{
    for (size_t i = 0; i < porter->config->trusted_proxies.count; i++) {
        if (slice_equal(address, porter->config->trusted_proxies.items[i].value))
            return true;
    }
    return false;
}

/** Whom a refusal is counted for: the peer, or whom a proxy that we trust names last
 *  and that is not such a proxy itself. */
static struct slice sender_of(const struct porter *porter, const struct http_head *head)
{
    struct slice sender = slice_of(head->peer->text);
    struct slice rest = http_head_find_last(head, "X-Forwarded-For");
    while (rest.len > 0 && is_trusted_proxy(porter, sender)) {
        const char *comma = memrchr(rest.ptr, ',', rest.len);
        size_t at = comma ? (size_t)(comma - rest.ptr) + 1 : 0;
        struct slice last = slice_trim(slice_make(rest.ptr + at, rest.len - at));
        if (!http_is_address(last))
            break;
        sender = last;
        rest.len = comma ? at - 1 : 0;
    }
    return sender;
}

/* --- what it wants ---------------------------------------------------------------- */

enum task { TASK_LOOK, TASK_MEASURE, TASK_RELOAD, TASK_POST };

struct endpoint {
    const char *path, *method;
    unsigned scope; /**< 0: for everybody */
    enum task task;
};

static const struct endpoint endpoints[] = {
    { "/-/healthy", "GET", 0, TASK_LOOK },
    { "/-/ready", "GET", 0, TASK_LOOK },
    { "/metrics", "GET", SCOPE_READ, TASK_MEASURE },
    { "/-/reload", "POST", SCOPE_ADMIN, TASK_RELOAD },
};
static const struct endpoint webhook_endpoint = { NULL, "POST", SCOPE_INGEST,
                                                  TASK_POST };

static const struct endpoint *find_endpoint(struct slice path)
{
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        if (slice_equal(path, slice_of(endpoints[i].path)))
            return &endpoints[i];
    }
    return webhook_knows(path) ? &webhook_endpoint : NULL;
}

static struct http_reply check_place(const struct porter *porter,
                                     const struct http_head *head,
                                     const struct endpoint *endpoint)
{
    struct slice host = http_head_find(head, "Host");
    if (!is_our_name(porter, host))
        return (struct http_reply){ 421,
                                    "this is not a name of this host: see 'hosts'" };
    if (is_foreign(head, host))
        return (struct http_reply){ 403, "pages of other sites may not send here" };
    if (!endpoint)
        return (struct http_reply){ 404, "there is nothing here" };
    if (!slice_equal(head->method, slice_of(endpoint->method)))
        return (struct http_reply){ 405, "this path has another method", "Allow",
                                    endpoint->method };
    return (struct http_reply){ 0 };
}

static struct porter_answer refuse_sender(struct porter *porter,
                                          const struct http_head *head, struct now now)
{
    struct slice sender = sender_of(porter, head);
    uint32_t count = recent_see(&porter->offenders, sender, now.mono_ms);
    if (count == FREE_FAILURES + 1)
        log_warning(porter->log,
                    "http: %.*s shows wrong tokens: its answers are delayed",
                    SLICE_ARG(sender));
    return (struct porter_answer){
        .reply = { 401, "a token is needed", "WWW-Authenticate", "Bearer" },
        .delay_ms = count > FREE_FAILURES ? FAILURE_DELAY_MS : 0,
        .is_unauthorized = true,
    };
}

/** What may everybody do who reaches the port? Without signatures either, that is this
 *  host alone. */
static bool is_open(const struct porter *porter, const struct endpoint *endpoint)
{
    return endpoint->scope == SCOPE_INGEST ||
           (endpoint->scope == SCOPE_READ && !http_keys_wants_signature(porter->keys));
}

/** Without tokens everybody may post, and nobody may reload. */
static struct porter_answer check_right(struct porter *porter,
                                        const struct http_head *head,
                                        const struct endpoint *endpoint, struct now now)
{
    const struct http_reply forbidden = { 403,
                                          "this needs a token with the right to it" };
    struct slice value = http_head_find(head, "Authorization");
    unsigned scopes = 0;
    if (endpoint->scope == 0)
        return (struct porter_answer){ 0 };
    if (!http_keys_wants_token(porter->keys))
        return (struct porter_answer){ .reply = is_open(porter, endpoint)
                                                    ? (struct http_reply){ 0 }
                                                    : forbidden };
    if (value.len > 7 && slice_equal_nocase(slice_make(value.ptr, 7), SLICE("Bearer ")))
        scopes = http_keys_scopes(porter->keys,
                                  slice_trim(slice_make(value.ptr + 7, value.len - 7)));
    if (scopes == 0)
        return refuse_sender(porter, head, now);
    if (!(scopes & endpoint->scope))
        return (struct porter_answer){ .reply = forbidden, .is_unauthorized = true };
    return (struct porter_answer){ 0 };
}

/** Does the head alone show that its sender may post? */
static bool is_known(const struct porter *porter)
{
    return http_keys_wants_token(porter->keys) ||
           !http_keys_wants_signature(porter->keys);
}

/** Is it "application/json", "application/x+json", with any parameters? */
static bool is_json(struct slice type)
{
    struct slice rest = type, bare = type;
    (void)slice_next(&rest, ';', &bare);
    bare = slice_trim(bare);
    return slice_equal_nocase(bare, SLICE("application/json")) ||
           (bare.len > 17 &&
            slice_equal_nocase(slice_make(bare.ptr, 12), SLICE("application/")) &&
            slice_equal_nocase(slice_make(bare.ptr + bare.len - 5, 5), SLICE("+json")));
}

static bool is_plain_text(struct slice type)
{
    struct slice rest = type, bare = type;
    (void)slice_next(&rest, ';', &bare);
    return slice_equal_nocase(slice_trim(bare), SLICE("text/plain"));
}

static struct http_reply check_body(const struct http_head *head)
{
    struct slice type = http_head_find(head, "Content-Type");
    struct slice coding = http_head_find(head, "Content-Encoding");
    bool is_text = slice_equal(head->path, SLICE("/webhook/text"));
    if (coding.len > 0 && !slice_equal_nocase(coding, SLICE("identity")))
        return (struct http_reply){ 415, "a body is sent as it is, not compressed" };
    if (is_text ? !is_plain_text(type) : !is_json(type))
        return (struct http_reply){ 415, is_text ? "Content-Type has to be text/plain"
                                                 : "Content-Type has to be "
                                                   "application/json" };
    if (http_head_length(head) > LIMIT_HTTP_BODY_BYTES)
        return (struct http_reply){ 413, "a body has 1 MiB at most" };
    return (struct http_reply){ 0 };
}

struct porter_answer porter_judge(struct porter *porter, const struct http_head *head,
                                  struct porter_moment moment)
{
    const struct endpoint *endpoint = find_endpoint(head->path);
    struct porter_answer answer = { .reply = http_head_check(head) };
    if (answer.reply.status == 0)
        answer.reply = check_place(porter, head, endpoint);
    if (answer.reply.status != 0)
        return answer;
    answer = check_right(porter, head, endpoint, moment.now);
    if (answer.reply.status != 0)
        return answer;
    if (endpoint->task == TASK_MEASURE) /* needs no store */
        answer.reply = (struct http_reply){ .status = 200, .text = NULL };
    else if (moment.is_closed)
        answer.reply = porter_closed();
    else if (endpoint->task == TASK_POST)
        answer.reply = check_body(head);
    else
        answer.reply = (struct http_reply){ 200, "ok" };
    answer.is_lost_post = endpoint->task == TASK_POST && is_known(porter) &&
                          tidings_is_final(&answer.reply);
    answer.wants_reload = endpoint->task == TASK_RELOAD && !moment.is_closed;
    return answer;
}

/* --- signatures ------------------------------------------------------------------- */

static struct slice digest_key(const unsigned char *digest)
{
    return slice_make((const char *)digest, HTTP_DIGEST_BYTES);
}

bool porter_verify(struct porter *porter, struct slice signature, struct slice body,
                   struct now now, unsigned char *digest, bool *replay)
{
    *replay = false;
    if (!http_keys_wants_signature(porter->keys))
        return true;
    if (!http_keys_verify(porter->keys, signature, body, now.unix_ms, digest))
        return false;
    *replay = recent_count(&porter->signatures, digest_key(digest), now.mono_ms) > 0;
    return true;
}

void porter_remember(struct porter *porter, const unsigned char *digest, struct now now)
{
    if (http_keys_wants_signature(porter->keys))
        (void)recent_see(&porter->signatures, digest_key(digest), now.mono_ms);
}
