/** Listeners and peers in one poll(2); signals come through a descriptor as well. */
#include "agent/sink/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/text.h"
#include "agent/sink/peer.h"
#include "agent/sink/show.h"
#include "agent/sink/sink_limits.h"

enum { SIGNALS, SMTP, SMTPS, HTTPS, FIRST_PEER, END_GRACE_MS = 2000 };

struct server {
    struct sink_options *options;
    struct smtpd_config session;
    struct smtpd_tally tally;
    struct webd_config web;
    struct peer_config peer, web_peer;
    struct sink_tls *tls;
    struct clock_source clock;
    int fds[FIRST_PEER]; /* -1: none */
    int log_fd;
    int64_t end_at_ms;
    bool is_ending;
    struct peer *peers[LIMIT_SINK_CONNECTIONS];
    size_t peer_count;
    uint64_t peer_number;
    struct err failure; /* of storing a mail; ends the sink */
};

/* --- a mail ---------------------------------------------------------------------- */

static void write_out(int fd, struct buf *out)
{
    struct slice rest = buf_slice(out);
    while (rest.len > 0) {
        ssize_t put = write(fd, rest.ptr, rest.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        rest = slice_make(rest.ptr + put, rest.len - (size_t)put);
    }
    buf_free(out);
}

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void on_accept(void *ctx, const struct smtpd_mail *mail)
{
    struct server *server = ctx;
    const struct sink_options *options = server->options;
    int64_t unix_ns = wall_ns();
    struct buf out = buf_make(4 * mail->bytes.len + 64 * 1024);
    if (!sink_store_put(&server->options->store, mail->bytes, unix_ns,
                        &server->failure))
        server->is_ending = true;
    if (server->log_fd >= 0) {
        show_log_line(mail, unix_ns, options->token, &out);
        write_out(server->log_fd, &out);
        out = buf_make(out.max_bytes);
    }
    if (options->prints)
        show_mail(mail, server->tally.accepted, &out);
    write_out(STDOUT_FILENO, &out);
    if (options->max_mails > 0 && server->tally.accepted >= options->max_mails)
        server->is_ending = true;
}

/* --- beginning ------------------------------------------------------------------- */

/** The address with @port; only what cannot be reached from elsewhere. */
static bool parse_address(const char *text, int64_t port, struct sockaddr_storage *into,
                          socklen_t *size, struct err *err)
{
    struct sockaddr_in *v4 = (void *)into;
    struct sockaddr_in6 *v6 = (void *)into;
    *into = (struct sockaddr_storage){ 0 };
    if (strcmp(text, "localhost") == 0)
        text = "127.0.0.1";
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1 &&
        ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *size = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1 &&
        IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr)) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        *size = sizeof *v6;
        return true;
    }
    return err_set(err, ERR_INVALID,
                   "The sink listens on loopback addresses alone (127.0.0.1, ::1, "
                   "localhost), not on '%s'.",
                   text);
}

static bool listen_on(const char *text, int64_t port, int *into, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t size = 0;
    int on = 1;
    if (!parse_address(text, port, &address, &size, err))
        return false;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set_errno(err, "A socket for '%s' could not be made", text);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (void *)&address, size) != 0 || listen(fd, 128) != 0) {
        err_set_errno(err, "The sink cannot listen on '%s', port %" PRId64, text, port);
        close(fd);
        return false;
    }
    *into = fd;
    return true;
}

static int port_of(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t size = sizeof address;
    if (getsockname(fd, (void *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
}

static void announce(const struct server *server)
{
    static const char *const names[] = {
        [SMTP] = "smtp", [SMTPS] = "smtps", [HTTPS] = "https"
    };
    const char *address = server->options->address;
    struct buf out = buf_make(8192);
    if (strcmp(address, "localhost") == 0)
        address = "127.0.0.1";
    bool is_v6 = strchr(address, ':') != NULL;
    buf_puts(&out, "listening");
    for (int i = SMTP; i < FIRST_PEER; i++) {
        if (server->fds[i] >= 0)
            buf_printf(&out, " %s=%s%s%s:%d", names[i], is_v6 ? "[" : "", address,
                       is_v6 ? "]" : "", port_of(server->fds[i]));
    }
    if (server->options->write_ca)
        buf_printf(&out, " ca=%s", server->options->write_ca);
    buf_putc(&out, '\n');
    write_out(STDOUT_FILENO, &out);
}

static bool write_ca(const struct server *server, struct err *err)
{
    const char *path = server->options->write_ca;
    if (!path || !server->tls)
        return true;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set_errno(err, "The certificate could not be written to '%s'", path);
    struct buf pem = buf_make(64 * 1024);
    buf_put(&pem, sink_tls_ca(server->tls));
    write_out(fd, &pem);
    close(fd);
    return true;
}

static bool open_log(struct server *server, struct err *err)
{
    const char *path = server->options->log;
    if (!path)
        return true;
    server->log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (server->log_fd < 0)
        return err_set_errno(err, "The log '%s' could not be opened", path);
    return true;
}

static bool watch_signals(struct server *server, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        server->fds[SIGNALS] = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (server->fds[SIGNALS] < 0)
        return err_set_errno(err, "Signals cannot be watched");
    return true;
}

static void fill_session(struct server *server)
{
    struct sink_options *options = server->options;
    server->session =
        (struct smtpd_config){ .host = SLICE("smtp.gmail.com"),
                               .user = options->user,
                               .password = options->password,
                               .offers_starttls = !options->is_plain,
                               .wants_login = !options->is_plain,
                               .is_strict = options->is_strict,
                               .max_bytes = (size_t)options->max_bytes,
                               .script = &options->script,
                               .likeness = options->likeness,
                               .google = options->likeness ? &options->google : NULL,
                               .tally = &server->tally,
                               .accept = on_accept,
                               .ctx = server };
    server->peer = (struct peer_config){ .talker = &talker_smtp,
                                         .session = &server->session,
                                         .script = &options->script,
                                         .tls = server->tls,
                                         .is_quickack = options->is_quickack };
}

static void fill_web(struct server *server)
{
    struct google *google = &server->options->google;
    google->script = &server->options->script;
    google->likeness = server->options->likeness;
    google->tally = &server->tally;
    google->accept = on_accept;
    google->ctx = server;
    server->web =
        (struct webd_config){ .max_bytes = 2 * (size_t)server->options->max_bytes,
                              .answer = google_answer,
                              .ctx = google };
    server->web_peer = (struct peer_config){ .talker = &talker_web,
                                             .session = &server->web,
                                             .tls = server->tls };
}

static bool open_tls(struct server *server, struct err *err)
{
    struct sink_options *options = server->options;
    server->tls = sink_tls_create(err);
    return server->tls &&
           listen_on(options->address, options->smtps_port, &server->fds[SMTPS], err) &&
           (!options->likeness || listen_on(options->address, options->https_port,
                                            &server->fds[HTTPS], err)) &&
           write_ca(server, err);
}

static bool server_open(struct server *server, struct err *err)
{
    struct sink_options *options = server->options;
    if (!sink_store_open(&options->store, err) || !open_log(server, err) ||
        !listen_on(options->address, options->smtp_port, &server->fds[SMTP], err) ||
        !watch_signals(server, err))
        return false;
    if (!options->is_plain && !open_tls(server, err))
        return false;
    fill_web(server);
    fill_session(server);
    announce(server);
    return true;
}

/* --- serving --------------------------------------------------------------------- */

static void take_connection(struct server *server, int listener)
{
    int fd = accept4(server->fds[listener], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    server->peers[server->peer_count++] =
        peer_create(listener == HTTPS ? &server->web_peer : &server->peer, fd,
                    ++server->peer_number, listener != SMTP);
}

static void step_peers(struct server *server, int64_t mono_ms)
{
    for (size_t i = 0; i < server->peer_count;) {
        if (peer_step(server->peers[i], mono_ms)) {
            i++;
            continue;
        }
        peer_free(server->peers[i]);
        server->peers[i] = server->peers[--server->peer_count];
    }
}

static size_t fill_polls(const struct server *server, struct pollfd *polls,
                         int64_t *wake_at)
{
    bool is_open = server->peer_count < LIMIT_SINK_CONNECTIONS && !server->is_ending;
    for (int i = 0; i < FIRST_PEER; i++)
        polls[i] = (struct pollfd){ .fd = i == SIGNALS || is_open ? server->fds[i] : -1,
                                    .events = POLLIN };
    for (size_t i = 0; i < server->peer_count; i++) {
        short events = peer_events(server->peers[i]);
        /* Without events poll(2) would still report a hang-up, again and again. */
        polls[FIRST_PEER + i] =
            (struct pollfd){ .fd = events ? peer_fd(server->peers[i]) : -1,
                             .events = events };
        *wake_at = earlier_ms(*wake_at, peer_wake_at(server->peers[i]));
    }
    return FIRST_PEER + server->peer_count;
}

static int timeout_of(int64_t wake_at, int64_t mono_ms)
{
    if (wake_at == NEVER_MS)
        return -1;
    int64_t left = wake_at - mono_ms;
    return left < 0 ? 0 : left > MINUTE_MS ? (int)MINUTE_MS : (int)left;
}

static bool is_over(struct server *server, int64_t mono_ms)
{
    if (mono_ms >= server->end_at_ms)
        return true;
    if (!server->is_ending)
        return false;
    /* Clients are to get their replies; whoever stays longer is left. */
    server->end_at_ms =
        earlier_ms(server->end_at_ms, later_by_ms(mono_ms, END_GRACE_MS));
    return server->peer_count == 0;
}

static void tell_time(struct server *server, int64_t mono_ms)
{
    struct sink_options *options = server->options;
    options->google.oauth.now_ms = mono_ms;
    options->google.oauth.unix_s = wall_ns() / 1000000000;
    if (options->likeness)
        options->likeness->now_ms = mono_ms;
}

static void serve(struct server *server)
{
    struct pollfd polls[FIRST_PEER + LIMIT_SINK_CONNECTIONS];
    int64_t mono_ms = clock_read(&server->clock).mono_ms;
    if (server->options->for_ms > 0)
        server->end_at_ms = later_by_ms(mono_ms, server->options->for_ms);
    while (!is_over(server, mono_ms)) {
        int64_t wake_at = server->end_at_ms;
        size_t count = fill_polls(server, polls, &wake_at);
        if (poll(polls, count, timeout_of(wake_at, mono_ms)) < 0 && errno != EINTR)
            return;
        mono_ms = clock_read(&server->clock).mono_ms;
        tell_time(server, mono_ms);
        if (polls[SIGNALS].revents)
            return;
        for (int i = SMTP; i < FIRST_PEER; i++) {
            if (polls[i].revents && server->peer_count < LIMIT_SINK_CONNECTIONS)
                take_connection(server, i);
        }
        step_peers(server, mono_ms);
    }
}

static void summarize(const struct server *server)
{
    const struct smtpd_tally *tally = &server->tally;
    struct buf out = buf_make(4096);
    text_put_count(&out, tally->accepted, "mail", "mails");
    buf_puts(&out, " accepted, ");
    text_put_count(&out, tally->sessions, "connection", "connections");
    buf_puts(&out, ", ");
    text_put_count(&out, tally->logins, "login", "logins");
    buf_printf(&out, " (%" PRIu64 " refused), ", tally->failed_logins);
    text_put_count(&out, tally->attempts, "attempt", "attempts");
    buf_printf(&out, ", %" PRIu64 " refused, ", tally->refused_mails);
    text_put_count(&out, tally->refused_recipients, "recipient", "recipients");
    buf_puts(&out, " refused, ");
    text_put_count(&out, tally->violations, "violation", "violations");
    if (tally->violations > 0)
        buf_printf(&out, ", the last: %s", tally->last_violation);
    buf_putc(&out, '\n');
    write_out(STDOUT_FILENO, &out);
}

static void server_close(struct server *server)
{
    for (size_t i = 0; i < server->peer_count; i++)
        peer_free(server->peers[i]);
    for (int i = 0; i < FIRST_PEER; i++) {
        if (server->fds[i] >= 0)
            close(server->fds[i]);
    }
    if (server->log_fd >= 0)
        close(server->log_fd);
    sink_tls_free(server->tls);
}

bool sink_run(struct sink_options *options, struct err *err)
{
    struct server server = { .options = options,
                             .clock = clock_real(),
                             .fds = { -1, -1, -1, -1 },
                             .log_fd = -1,
                             .end_at_ms = NEVER_MS };
    bool is_open = server_open(&server, err);
    if (is_open) {
        serve(&server);
        summarize(&server);
    }
    if (server.failure.kind != ERR_NONE)
        *err = server.failure;
    server_close(&server);
    return is_open && server.failure.kind == ERR_NONE;
}
