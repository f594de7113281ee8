/** The sender's loop: requests in, links stepped, bytes passed on. */
#include "outputs/sender.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "outputs/reply.h"

enum { PASS_BYTES = 16 * 1024, WATCHED_PER_LINK = 8 };

const char *const sender_extensions[] = { "PIPELINING",  "SIZE",      "8BITMIME",
                                          "SMTPUTF8",    "CHUNKING",  "DSN",
                                          "STARTTLS",    "AUTH",      "LIMITS",
                                          "X-GMAIL-API", "X-WEBHOOK", NULL };

/** Bytes on their way. */
struct passage {
    char bytes[PASS_BYTES];
    size_t at, len;
};

/** A link, and the stream to the agent. */
struct relay {
    struct link *link;
    int fd;
    bool is_ready;   /* logged in, and the agent knows */
    bool is_refused; /* the server takes nothing more; its last words may come */
    bool has_ended;  /* the server says nothing more */
    struct passage out, in;
    struct relay *next;
};

struct watched {
    int fd, events;
};

struct sender {
    const struct sender_world *world;
    struct relay *relays;
    size_t relay_count;
    struct watched watched[SENDER_LINKS_MAX * WATCHED_PER_LINK];
    size_t watched_count;
    struct wakes wakes;
    struct now now;
    bool is_over;
};

/* --- what is waited for ----------------------------------------------------------- */

static void set_wake(void *ctx, int fd, int events)
{
    struct sender *sender = ctx;
    struct watched *at = sender->watched, *end = at + sender->watched_count;
    while (at < end && at->fd != fd)
        at++;
    if (at == end &&
        (events == 0 || sender->watched_count == sizeof sender->watched / sizeof *at))
        return;
    if (at == end)
        sender->watched_count++;
    *at = (struct watched){ fd, events };
    if (events == 0)
        *at = sender->watched[--sender->watched_count];
}

static short poll_events(int events)
{
    return (short)((events & WAKE_READ ? POLLIN : 0) |
                   (events & WAKE_WRITE ? POLLOUT : 0));
}

/** Towards the agent. */
static short relay_events(const struct relay *relay)
{
    return (short)((relay->is_ready && relay->out.len == 0 ? POLLIN : 0) |
                   (relay->in.len > 0 ? POLLOUT : 0));
}

static int64_t wake_at(const struct sender *sender)
{
    int64_t at = NEVER_MS;
    for (const struct relay *relay = sender->relays; relay; relay = relay->next)
        at = earlier_ms(at, sender->world->links->wake_at(relay->link));
    return at;
}

static int patience_ms(const struct sender *sender)
{
    int64_t at = wake_at(sender);
    if (at == NEVER_MS)
        return -1;
    int64_t wait = at - clock_read(&sender->world->clock).mono_ms;
    return wait < 0 ? 0 : wait > MINUTE_MS ? (int)MINUTE_MS : (int)wait;
}

static void wait_for_news(const struct sender *sender)
{
    struct pollfd polls[1 + SENDER_LINKS_MAX * (1 + WATCHED_PER_LINK)];
    nfds_t count = 0;
    polls[count++] = (struct pollfd){ .fd = sender->world->control, .events = POLLIN };
    for (const struct relay *relay = sender->relays; relay; relay = relay->next)
        polls[count++] =
            (struct pollfd){ .fd = relay->fd, .events = relay_events(relay) };
    for (size_t i = 0; i < sender->watched_count; i++)
        polls[count++] =
            (struct pollfd){ .fd = sender->watched[i].fd,
                             .events = poll_events(sender->watched[i].events) };
    (void)poll(polls, count, patience_ms(sender));
}

/* --- passing on ------------------------------------------------------------------- */

/** From the agent to the server. @return false when the agent has closed. */
static bool pass_out(const struct link_ops *ops, struct relay *relay)
{
    struct passage *out = &relay->out;
    for (;;) {
        if (out->len == 0) {
            ssize_t len = recv(relay->fd, out->bytes, PASS_BYTES, MSG_DONTWAIT);
            if (len <= 0)
                return len < 0 && (errno == EAGAIN || errno == EINTR);
            out->at = 0;
            out->len = relay->is_refused ? 0 : (size_t)len;
        }
        ssize_t taken =
            out->len == 0
                ? 0
                : ops->send(relay->link, slice_make(out->bytes + out->at, out->len));
        if (taken < 0) {
            relay->is_refused = true;
            out->len = 0;
        } else if (taken == 0) {
            return true;
        } else {
            out->at += (size_t)taken;
            out->len -= (size_t)taken;
        }
    }
}

/** From the server to the agent. @return false when both have nothing more to say. */
static bool pass_in(const struct link_ops *ops, struct relay *relay)
{
    struct passage *in = &relay->in;
    for (;;) {
        if (in->len == 0) {
            ssize_t len = relay->has_ended
                              ? -1
                              : ops->receive(relay->link, in->bytes, PASS_BYTES);
            relay->has_ended = len < 0;
            if (len <= 0)
                return len == 0;
            in->at = 0;
            in->len = (size_t)len;
        }
        ssize_t given =
            send(relay->fd, in->bytes + in->at, in->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (given < 0)
            return errno == EAGAIN || errno == EINTR;
        in->at += (size_t)given;
        in->len -= (size_t)given;
    }
}

static bool pass(const struct link_ops *ops, struct relay *relay)
{
    bool goes_on = pass_out(ops, relay) && pass_in(ops, relay);
    if (goes_on)
        ops->want(relay->link, (relay->in.len == 0 ? WAKE_READ : 0) |
                                   (relay->out.len > 0 ? WAKE_WRITE : 0));
    return goes_on;
}

/* --- logins ----------------------------------------------------------------------- */

static uint32_t extensions_of(const struct link_ops *ops, const struct link *link)
{
    uint32_t bits = 0;
    for (unsigned i = 0; sender_extensions[i]; i++)
        if (ops->has_extension(link, slice_of(sender_extensions[i])))
            bits |= UINT32_C(1) << i;
    return bits;
}

/** The stream is empty and takes the word as a whole. */
static bool say(int fd, const struct sender_word *word)
{
    return send(fd, word, sizeof *word, MSG_NOSIGNAL | MSG_DONTWAIT) ==
           (ssize_t)sizeof *word;
}

static bool finish_login(const struct link_ops *ops, struct relay *relay,
                         enum link_state state)
{
    struct sender_word word = { .state = state };
    const struct link_complaint *complaint =
        ops->complaint ? ops->complaint(relay->link) : NULL;
    if (complaint)
        word.complaint = *complaint;
    if (state == LINK_FAILED) {
        word.failure = *ops->failure(relay->link);
        (void)say(relay->fd, &word);
        return false;
    }
    word.extensions = extensions_of(ops, relay->link);
    if (ops->certificate_ends)
        word.certificate_ends = ops->certificate_ends(relay->link);
    if (ops->size_max)
        word.size_max = ops->size_max(relay->link);
    relay->is_ready = say(relay->fd, &word);
    return relay->is_ready;
}

static bool has_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/** @return false when the relay is over. */
static bool step(struct sender *sender, struct relay *relay)
{
    const struct link_ops *ops = sender->world->links;
    if (!relay->is_ready) {
        if (has_closed(relay->fd))
            return false;
        enum link_state state = ops->step(relay->link, sender->now);
        if (state == LINK_OPENING)
            return true;
        if (!finish_login(ops, relay, state))
            return false;
    }
    if (ops->go_on)
        ops->go_on(relay->link, sender->now);
    return pass(ops, relay);
}

static void step_all(struct sender *sender)
{
    struct relay **at = &sender->relays;
    while (*at) {
        struct relay *relay = *at;
        if (step(sender, relay)) {
            at = &relay->next;
            continue;
        }
        *at = relay->next;
        sender->relay_count--;
        sender->world->links->close(relay->link);
        close(relay->fd);
        free(relay);
    }
}

/* --- requests --------------------------------------------------------------------- */

static void refuse(int fd, const char *text)
{
    const struct sender_word word = {
        .state = LINK_FAILED,
        .failure = reply_of_network(PHASE_CONNECT, slice_of(text)),
    };
    (void)say(fd, &word);
    close(fd);
}

static void open_relay(struct sender *sender, struct slice name, int fd)
{
    const struct sender_world *world = sender->world;
    const struct account *account = world->account(world->ctx, name);
    if (!account || sender->relay_count == SENDER_LINKS_MAX) {
        refuse(fd, account ? "the mail sender has too many connections"
                           : "the mail sender's configuration has no such account: "
                             "reload it");
        return;
    }
    struct relay *relay = mem_zalloc(sizeof *relay);
    relay->fd = fd;
    relay->link =
        world->links->open(world->links->ctx, account, &sender->wakes, sender->now);
    relay->next = sender->relays;
    sender->relays = relay;
    sender->relay_count++;
}

/** @fd  what came along, or -1. */
static void obey(struct sender *sender, struct sender_request *request, int fd)
{
    request->account[SENDER_NAME_BYTES] = '\0';
    if (request->wish == SENDER_RELOAD)
        sender->world->reload(sender->world->ctx);
    if (fd < 0)
        return;
    if (request->wish == SENDER_OPEN)
        open_relay(sender, slice_of(request->account), fd);
    else
        close(fd);
}

static int descriptor_of(struct msghdr *message)
{
    int fd = -1;
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

/** @return false when there is no further request for now. */
static bool take_request(struct sender *sender)
{
    struct sender_request request;
    char space[CMSG_SPACE(sizeof(int))];
    struct iovec part = { .iov_base = &request, .iov_len = sizeof request };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = space,
                              .msg_controllen = sizeof space };
    ssize_t len =
        recvmsg(sender->world->control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    sender->is_over = len <= 0;
    if (len <= 0)
        return false;
    int fd = descriptor_of(&message);
    if (len == (ssize_t)sizeof request)
        obey(sender, &request, fd);
    else if (fd >= 0)
        close(fd);
    return true;
}

void sender_serve(const struct sender_world *world)
{
    struct sender *sender = mem_zalloc(sizeof *sender);
    sender->world = world;
    sender->wakes = (struct wakes){ set_wake, sender };
    if (world->hello)
        (void)send(world->control, world->hello, sizeof *world->hello,
                   MSG_NOSIGNAL | MSG_DONTWAIT);
    while (!sender->is_over) {
        sender->now = clock_read(&world->clock);
        while (take_request(sender))
            continue;
        step_all(sender);
        if (!sender->is_over)
            wait_for_news(sender);
    }
    for (struct relay *relay = sender->relays, *next; relay; relay = next) {
        next = relay->next;
        world->links->close(relay->link);
        close(relay->fd);
        free(relay);
    }
    free(sender);
}
