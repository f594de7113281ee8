/**
 * Links by libcurl: it connects, sets up TLS and logs in, then hands over the raw
 * connection (CURLOPT_CONNECT_ONLY). Plain libcurl SMTP would block at the final dot
 * and hide replies (facts: gmail.md 4). Each link has a multi handle of its own, driven
 * with poll(2) of no wait, so nothing here blocks.
 *
 * The debug function sees every line of the login, the secret included: it remembers
 * which command was sent and what was answered, and never the command itself.
 */
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/secret.h"
#include "outputs/login.h"
#include "outputs/reply.h"

enum {
    LOGIN_TIMEOUT_S = 30,
    SOCKETS_MAX =
        8, /* two address families and the resolver's pipe; further ones wait for
                        the timer */
    OFFERS_BYTES = 4096,
};

struct watched {
    int fd;
    int events; /* CURL_POLL_* */
};

struct link {
    CURL *easy;
    CURLM *multi;
    const struct wakes *wakes;
    enum link_state state;
    struct smtp_reply failure;
    enum smtp_phase phase; /* of the last command that was sent */
    bool is_implicit_tls, wants_login;
    bool is_broken; /* the server sent what is not SMTP, or too much of it */
    struct reply_parser parser;
    struct smtp_reply last; /* reply of the login's conversation */
    struct buf offers;      /* lines of the last EHLO reply, each with its '\n' */
    struct watched sockets[SOCKETS_MAX];
    size_t socket_count;
    int fd; /* of the connection, once it is ready */
    int64_t timer_ms, now_ms;
    char error[CURL_ERROR_SIZE];
};

struct curl_links {
    struct link_ops ops;
    CURL *warm; /* the first handle costs 4 ms of TLS set-up: paid at the start */
};

/* --- what the login says ---------------------------------------------------------- */

static const struct {
    const char *verb;
    enum smtp_phase phase;
} verbs[] = {
    { "EHLO", PHASE_EHLO },
    { "HELO", PHASE_EHLO },
    { "STARTTLS", PHASE_STARTTLS },
    { "AUTH", PHASE_AUTH },
};

/* A line without a known verb is the next step of AUTH. */
static void note_command(struct link *link, struct slice line)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (!slice_starts(line, slice_of(verbs[i].verb)))
            continue;
        /* libcurl tries HELO after a refused EHLO, and a server that said 421 has
         * closed by then: the refusal is what counts until something else is said. */
        if (slice_starts(line, SLICE("HELO")))
            return;
        link->phase = verbs[i].phase;
        if (link->phase == PHASE_EHLO)
            buf_clear(&link->offers);
    }
    link->last = (struct smtp_reply){ .phase = link->phase };
}

static void note_offer(struct link *link, struct slice line)
{
    if (link->phase != PHASE_EHLO || !slice_starts(line, SLICE("250")) || line.len < 5)
        return;
    buf_put(&link->offers, slice_trim(slice_make(line.ptr + 4, line.len - 4)));
    buf_putc(&link->offers, '\n');
}

static void note_reply(struct link *link, struct slice bytes)
{
    struct slice line, lines = bytes;
    if (link->phase < PHASE_GREETING)
        link->phase = PHASE_GREETING;
    while (slice_next(&lines, '\n', &line))
        note_offer(link, line);
    while (bytes.len > 0) {
        struct smtp_reply reply;
        enum reply_state state = reply_feed(&link->parser, &bytes, &reply);
        link->is_broken = state == REPLY_BROKEN;
        if (state != REPLY_DONE)
            return;
        link->last = reply;
        link->last.phase = link->phase;
    }
}

static int hear_debug(CURL *easy, curl_infotype type, char *data, size_t size,
                      void *ctx)
{
    struct link *link = ctx;
    (void)easy;
    if (link->state != LINK_OPENING)
        return 0;
    if (type == CURLINFO_HEADER_OUT)
        note_command(link, slice_make(data, size));
    else if (type == CURLINFO_HEADER_IN)
        note_reply(link, slice_make(data, size));
    return 0;
}

/* --- sockets and the timer -------------------------------------------------------- */

static int events_of(int what)
{
    return (what & CURL_POLL_IN ? WAKE_READ : 0) |
           (what & CURL_POLL_OUT ? WAKE_WRITE : 0);
}

static struct watched *find_socket(struct link *link, int fd)
{
    for (size_t i = 0; i < link->socket_count; i++)
        if (link->sockets[i].fd == fd)
            return &link->sockets[i];
    return NULL;
}

static int hear_socket(CURL *easy, curl_socket_t fd, int what, void *ctx,
                       void *socket_ctx)
{
    struct link *link = ctx;
    struct watched *watched = find_socket(link, fd);
    (void)easy;
    (void)socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        wakes_set(link->wakes, fd, 0);
        if (watched)
            *watched = link->sockets[--link->socket_count];
        return 0;
    }
    if (!watched && link->socket_count == SOCKETS_MAX)
        return 0;
    if (!watched)
        watched = &link->sockets[link->socket_count++];
    *watched = (struct watched){ .fd = fd, .events = what };
    wakes_set(link->wakes, fd, events_of(what));
    return 0;
}

static int hear_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct link *link = ctx;
    (void)multi;
    link->timer_ms = timeout_ms < 0 ? NEVER_MS : link->now_ms + timeout_ms;
    return 0;
}

/* Tell libcurl which of its sockets are ready, and that its timer is over. */
static void drive(struct link *link)
{
    struct pollfd polls[SOCKETS_MAX];
    size_t count = link->socket_count;
    int running = 0;
    for (size_t i = 0; i < count; i++) {
        int events = link->sockets[i].events;
        polls[i] =
            (struct pollfd){ .fd = link->sockets[i].fd,
                             .events =
                                 (short)((events & CURL_POLL_IN ? POLLIN : 0) |
                                         (events & CURL_POLL_OUT ? POLLOUT : 0)) };
    }
    if (poll(polls, count, 0) < 0)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        int ready = (polls[i].revents & (POLLIN | POLLHUP) ? CURL_CSELECT_IN : 0) |
                    (polls[i].revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
                    (polls[i].revents & POLLERR ? CURL_CSELECT_ERR : 0);
        if (ready != 0 && find_socket(link, polls[i].fd))
            curl_multi_socket_action(link->multi, polls[i].fd, ready, &running);
    }
    if (link->now_ms >= link->timer_ms) {
        link->timer_ms = NEVER_MS;
        curl_multi_socket_action(link->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

/* --- how a login fails ------------------------------------------------------------ */

static void fail_with(struct link *link, enum smtp_phase phase, struct slice text)
{
    link->failure = reply_of_network(phase, text);
    link->state = LINK_FAILED;
}

static bool is_after(CURL *easy, CURLINFO moment)
{
    curl_off_t at_us = 0;
    return curl_easy_getinfo(easy, moment, &at_us) == CURLE_OK && at_us > 0;
}

/* How far it had come when the network failed. */
static enum smtp_phase phase_of_silence(const struct link *link)
{
    if (!is_after(link->easy, CURLINFO_NAMELOOKUP_TIME_T))
        return PHASE_RESOLVE;
    if (!is_after(link->easy, CURLINFO_CONNECT_TIME_T))
        return PHASE_CONNECT;
    if (link->is_implicit_tls && !is_after(link->easy, CURLINFO_APPCONNECT_TIME_T))
        return PHASE_TLS;
    return link->phase < PHASE_GREETING ? PHASE_GREETING : link->phase;
}

static enum smtp_phase phase_of_failure(const struct link *link, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return PHASE_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return PHASE_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
        return PHASE_TLS;
    case CURLE_USE_SSL_FAILED:
        return PHASE_STARTTLS;
    case CURLE_LOGIN_DENIED:
        return PHASE_AUTH;
    default:
        return phase_of_silence(link);
    }
}

static struct slice text_of_failure(const struct link *link, CURLcode code)
{
    if (code == CURLE_USE_SSL_FAILED)
        return SLICE("the server does not offer STARTTLS");
    if (code == CURLE_LOGIN_DENIED)
        return SLICE("the server offers no login that tocsin knows");
    long reason = 0;
    if (code == CURLE_COULDNT_CONNECT &&
        curl_easy_getinfo(link->easy, CURLINFO_OS_ERRNO, &reason) == CURLE_OK &&
        reason != 0)
        return slice_of(strerror((int)reason));
    if (code == CURLE_PEER_FAILED_VERIFICATION && !strstr(link->error, "certificate"))
        return SLICE("the server's certificate is not the right one");
    if (code == CURLE_SSL_CACERT_BADFILE)
        return SLICE("the certificate file ca_file cannot be read");
    return slice_of(link->error[0] ? link->error : curl_easy_strerror(code));
}

/* A refusal that the server put into words says more than libcurl's code. */
static void fail_login(struct link *link, CURLcode code)
{
    enum smtp_phase phase = phase_of_failure(link, code);
    bool is_tls =
        phase == PHASE_TLS || phase == PHASE_RESOLVE || phase == PHASE_CONNECT;
    if (!is_tls && link->last.code >= 400) {
        link->failure = link->last;
        link->state = LINK_FAILED;
        return;
    }
    fail_with(link, phase, text_of_failure(link, code));
}

/* libcurl goes on without a login when the server offers none. */
static void finish_login(struct link *link)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (link->wants_login && (link->phase != PHASE_AUTH || link->last.code != 235)) {
        fail_with(link, PHASE_AUTH,
                  SLICE("the server offers no login that tocsin knows"));
        return;
    }
    if (curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
        fd == CURL_SOCKET_BAD) {
        fail_with(link, PHASE_AUTH, SLICE("the connection was lost"));
        return;
    }
    link->fd = fd;
    link->state = LINK_READY;
    wakes_set(link->wakes, link->fd, WAKE_READ);
}

static enum link_state link_step(struct link *link, struct now now)
{
    CURLMsg *message;
    int left;
    link->now_ms = now.mono_ms;
    if (link->state != LINK_OPENING)
        return link->state;
    drive(link);
    /* libcurl passes over lines that are no reply, and would wait for a time-out. */
    if (link->is_broken) {
        curl_easy_setopt(link->easy, CURLOPT_PASSWORD, NULL);
        fail_with(link, link->phase,
                  SLICE("the server sent what is not an SMTP reply"));
        return link->state;
    }
    while ((message = curl_multi_info_read(link->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        /* Not wanted any more: no later transfer, no readable option. */
        curl_easy_setopt(link->easy, CURLOPT_PASSWORD, NULL);
        if (message->data.result == CURLE_OK)
            finish_login(link);
        else
            fail_login(link, message->data.result);
        break;
    }
    return link->state;
}

/* --- open ------------------------------------------------------------------------- */

static void set_text(struct link *link, CURLoption option, struct slice text)
{
    char *copy = mem_copy(text);
    must(curl_easy_setopt(link->easy, option, copy) == CURLE_OK);
    explicit_bzero(copy, text.len);
    free(copy);
}

static void set_number(struct link *link, CURLoption option, long value)
{
    must(curl_easy_setopt(link->easy, option, value) == CURLE_OK);
}

/* The EHLO name is the path of the URL; the configuration allows only letters, digits,
 * '.', '-', ':' and brackets in it. */
static void set_url(struct link *link, const struct account *account)
{
    struct buf url = buf_make(1024);
    bool is_v6 = memchr(account->host.ptr, ':', account->host.len) != NULL &&
                 account->host.ptr[0] != '[';
    buf_printf(&url, "%s://%s%.*s%s:%d/%.*s",
               account->is_bare && account->tls == TLS_NONE ? "http"
               : account->is_bare                           ? "https"
               : account->tls == TLS_IMPLICIT               ? "smtps"
                                                            : "smtp",
               is_v6 ? "[" : "", SLICE_ARG(account->host), is_v6 ? "]" : "",
               account->port, SLICE_ARG(account->ehlo));
    set_text(link, CURLOPT_URL, buf_slice(&url));
    buf_free(&url);
}

/* What was received stands in a buffer of OpenSSL until something else does: it may be
 * a token. */
static CURLcode set_context(CURL *easy, void *context, void *ctx)
{
    (void)easy;
    (void)ctx;
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    return CURLE_OK;
}

static void set_tls(struct link *link, const struct account *account)
{
    must(curl_easy_setopt(link->easy, CURLOPT_SSL_CTX_FUNCTION, set_context) ==
         CURLE_OK);
    set_number(link, CURLOPT_CERTINFO, 1);
    set_number(link, CURLOPT_SSL_VERIFYPEER, 1);
    set_number(link, CURLOPT_SSL_VERIFYHOST, 2);
    set_number(link, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_number(link, CURLOPT_USE_SSL,
               account->tls == TLS_NONE ? CURLUSESSL_NONE : CURLUSESSL_ALL);
    if (account->ca_file.len > 0) {
        set_text(link, CURLOPT_CAINFO, account->ca_file);
        must(curl_easy_setopt(link->easy, CURLOPT_CAPATH, NULL) == CURLE_OK);
    }
}

static void set_connection(struct link *link)
{
    set_number(link, CURLOPT_CONNECT_ONLY, 1);
    set_number(link, CURLOPT_NOSIGNAL, 1);
    set_number(link, CURLOPT_TCP_NODELAY, 1);
    set_number(link, CURLOPT_SASL_IR, 1);
    set_number(link, CURLOPT_CONNECTTIMEOUT, LOGIN_TIMEOUT_S);
    set_number(link, CURLOPT_SERVER_RESPONSE_TIMEOUT, LOGIN_TIMEOUT_S);
    set_text(link, CURLOPT_PROTOCOLS_STR, SLICE("smtp,smtps,http,https"));
    set_number(link, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    /* An all_proxy of the environment is not for mail. */
    set_text(link, CURLOPT_PROXY, SLICE(""));
    set_number(link, CURLOPT_VERBOSE, 1);
    must(curl_easy_setopt(link->easy, CURLOPT_DEBUGFUNCTION, hear_debug) == CURLE_OK);
    must(curl_easy_setopt(link->easy, CURLOPT_DEBUGDATA, link) == CURLE_OK);
    must(curl_easy_setopt(link->easy, CURLOPT_ERRORBUFFER, link->error) == CURLE_OK);
    must(curl_multi_setopt(link->multi, CURLMOPT_SOCKETFUNCTION, hear_socket) ==
         CURLM_OK);
    must(curl_multi_setopt(link->multi, CURLMOPT_SOCKETDATA, link) == CURLM_OK);
    must(curl_multi_setopt(link->multi, CURLMOPT_TIMERFUNCTION, hear_timer) ==
         CURLM_OK);
    must(curl_multi_setopt(link->multi, CURLMOPT_TIMERDATA, link) == CURLM_OK);
}

static bool set_login(struct link *link, const struct account *account)
{
    struct secret secret = { 0 };
    struct err err = { 0 };
    if (account->user.len == 0)
        return true;
    link->wants_login = true;
    bool ok = account->secret || secret_read(account->password_file, &secret, &err);
    if (ok) {
        set_text(link, CURLOPT_USERNAME, account->user);
        set_text(link, CURLOPT_PASSWORD,
                 secret_slice(account->secret ? account->secret : &secret));
    } else {
        fail_with(link, PHASE_AUTH, slice_of(err.text));
    }
    secret_wipe(&secret);
    return ok;
}

static struct link *link_open(void *ctx, const struct account *account,
                              const struct wakes *wakes, struct now now)
{
    struct link *link = mem_zalloc(sizeof *link);
    (void)ctx;
    link->wakes = wakes;
    link->fd = -1;
    link->timer_ms = NEVER_MS;
    link->now_ms = now.mono_ms;
    link->is_implicit_tls = account->tls == TLS_IMPLICIT;
    link->offers = buf_make(OFFERS_BYTES);
    link->easy = curl_easy_init();
    link->multi = curl_multi_init();
    mem_there(link->easy);
    mem_there(link->multi);
    set_connection(link);
    set_url(link, account);
    set_tls(link, account);
    if (set_login(link, account))
        must(curl_multi_add_handle(link->multi, link->easy) == CURLM_OK);
    return link;
}

static void link_close(struct link *link)
{
    for (size_t i = 0; i < link->socket_count; i++)
        wakes_set(link->wakes, link->sockets[i].fd, 0);
    link->socket_count = 0;
    wakes_set(link->wakes, link->fd, 0);
    curl_multi_setopt(link->multi, CURLMOPT_SOCKETFUNCTION, NULL);
    curl_multi_setopt(link->multi, CURLMOPT_TIMERFUNCTION, NULL);
    curl_multi_remove_handle(link->multi, link->easy);
    curl_easy_cleanup(link->easy);
    curl_multi_cleanup(link->multi);
    buf_free(&link->offers);
    free(link);
}

/* --- the raw connection ----------------------------------------------------------- */

static ssize_t link_send(struct link *link, struct slice bytes)
{
    size_t sent = 0;
    CURLcode code = curl_easy_send(link->easy, bytes.ptr, bytes.len, &sent);
    if (code == CURLE_AGAIN)
        return 0;
    return code == CURLE_OK ? (ssize_t)sent : -1;
}

static ssize_t link_receive(struct link *link, void *into, size_t size)
{
    size_t len = 0;
    CURLcode code = curl_easy_recv(link->easy, into, size, &len);
    if (code == CURLE_AGAIN)
        return 0;
    return code == CURLE_OK && len > 0 ? (ssize_t)len : -1;
}

static void link_want(struct link *link, int events)
{
    wakes_set(link->wakes, link->fd, events);
}

static bool link_has_extension(const struct link *link, struct slice keyword)
{
    struct slice line, rest = buf_slice(&link->offers);
    while (slice_next(&rest, '\n', &line)) {
        struct slice word = line;
        slice_next(&line, ' ', &word);
        if (slice_equal_nocase(word, keyword))
            return true;
    }
    return false;
}

static int64_t link_size_max(const struct link *link)
{
    return reply_size_max(buf_slice(&link->offers));
}

static int64_t link_certificate_ends(const struct link *link)
{
    static const char name[] = "Expire date:";
    struct curl_certinfo *chain = NULL;
    if (curl_easy_getinfo(link->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
        !chain || chain->num_of_certs == 0)
        return 0;
    for (struct curl_slist *at = chain->certinfo[0]; at; at = at->next) {
        if (strncmp(at->data, name, sizeof name - 1) != 0)
            continue;
        int64_t ends = curl_getdate(at->data + sizeof name - 1, NULL);
        return ends > 0 ? ends : 0;
    }
    return 0;
}

static const struct smtp_reply *link_failure(const struct link *link)
{
    return &link->failure;
}

static int64_t link_wake_at(const struct link *link)
{
    return link->state == LINK_OPENING ? link->timer_ms : NEVER_MS;
}

/* --- all links -------------------------------------------------------------------- */

const struct link_ops *links_curl(void)
{
    struct curl_links *links = mem_zalloc(sizeof *links);
    /* libcurl keeps the password and the line of AUTH on its heap. */
    must(curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_malloc, secret_free,
                              secret_realloc, mem_copy_text, mem_calloc) == CURLE_OK);
    links->warm = curl_easy_init();
    mem_there(links->warm);
    links->ops = (struct link_ops){
        .open = link_open,
        .step = link_step,
        .failure = link_failure,
        .has_extension = link_has_extension,
        .size_max = link_size_max,
        .certificate_ends = link_certificate_ends,
        .send = link_send,
        .receive = link_receive,
        .want = link_want,
        .close = link_close,
        .wake_at = link_wake_at,
        .ctx = links,
    };
    return links_with_login(&links->ops);
}

void links_curl_free(const struct link_ops *ops)
{
    if (!ops)
        return;
    struct curl_links *links = links_login_free(ops)->ctx;
    curl_easy_cleanup(links->warm);
    curl_global_cleanup();
    free(links);
}

void links_curl_put_version(struct buf *out)
{
    buf_puts(out, curl_version());
}
