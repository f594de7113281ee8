/** The agent's half of a link: one end of a stream, and the word that comes first. */
#include "outputs/remote.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/text.h"
#include "outputs/reply.h"
#include "outputs/sender.h"

enum { HELLOS_A_LOOK = 64 };

struct link {
    int fd; /* -1: it could not be asked for */
    const struct wakes *wakes;
    enum link_state state;
    struct sender_word word;
    size_t word_len; /* so much of it is there */
};

struct remote_links {
    struct link_ops ops;
    int control;
    struct sender_hello hello; /* of the last that was started; pid 0: none runs */
};

/* --- asking ----------------------------------------------------------------------- */

/** @fd  goes along; -1: none. */
static bool ask(int control, const struct sender_request *request, int fd)
{
    char space[CMSG_SPACE(sizeof fd)] = { 0 };
    struct iovec part = { .iov_base = (void *)(uintptr_t)request,
                          .iov_len = sizeof *request };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static void fail(struct link *link, const char *text)
{
    link->word.failure = reply_of_network(PHASE_CONNECT, slice_of(text));
    link->state = LINK_FAILED;
}

static void ask_for(struct link *link, int control, struct slice account)
{
    struct sender_request request = { .wish = SENDER_OPEN };
    int ends[2];
    if (account.len > SENDER_NAME_BYTES ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        fail(link, "the mail sender cannot be asked: no descriptors are left");
        return;
    }
    memcpy(request.account, account.ptr, account.len);
    if (ask(control, &request, ends[1]))
        link->fd = ends[0];
    else
        fail(link, errno == EAGAIN ? "the mail sender has too much to do"
                                   : "the mail sender is gone: restart tocsin");
    if (link->fd < 0)
        close(ends[0]);
    close(ends[1]);
    wakes_set(link->wakes, link->fd, WAKE_READ | WAKE_ALWAYS);
}

static struct link *remote_open(void *ctx, const struct account *account,
                                const struct wakes *wakes, struct now now)
{
    const struct remote_links *links = ctx;
    struct link *link = mem_zalloc(sizeof *link);
    (void)now;
    link->wakes = wakes;
    link->fd = -1;
    ask_for(link, links->control, account->name);
    return link;
}

/* --- the login -------------------------------------------------------------------- */

/** Nothing but letters, digits, '.', '-' and '_', with an end; or nothing at all. */
static void keep_word(char *text, size_t size)
{
    size_t len = 0;
    while (len < size && (isalnum((unsigned char)text[len]) ||
                          (text[len] != '\0' && strchr(".-_", text[len]))))
        len++;
    if (len == size || text[len] != '\0')
        text[0] = '\0';
}

/** Clean and ended, whatever it holds. */
static void keep_text(char *text, size_t size)
{
    struct buf clean = buf_make(size);
    text_put_clean(&clean, slice_make(text, strnlen(text, size)), false);
    snprintf(text, size, "%.*s", (int)clean.len, clean.len > 0 ? clean.ptr : "");
    buf_free(&clean);
}

/* It comes from a process that talks to servers: nothing of it is believed blindly. */
static void take_word(struct link *link)
{
    struct smtp_reply *failure = &link->word.failure;
    keep_word(failure->enhanced, sizeof failure->enhanced);
    keep_word(failure->token, sizeof failure->token);
    failure->text[sizeof failure->text - 1] = '\0';
    if (failure->code < 200 || failure->code > 599)
        failure->code = 0;
    if ((unsigned)failure->phase > PHASE_WEBHOOK)
        failure->phase = PHASE_CONNECT;
    struct smtp_reply clean = reply_of_network(failure->phase, slice_of(failure->text));
    memcpy(failure->text, clean.text, sizeof failure->text);
    struct link_complaint *complaint = &link->word.complaint;
    keep_text(complaint->text, sizeof complaint->text);
    keep_text(complaint->remedy, sizeof complaint->remedy);
    link->state = link->word.state == LINK_READY ? LINK_READY : LINK_FAILED;
}

static enum link_state remote_step(struct link *link, struct now now)
{
    (void)now;
    if (link->state != LINK_OPENING)
        return link->state;
    char *word = (char *)&link->word;
    ssize_t len = recv(link->fd, word + link->word_len,
                       sizeof link->word - link->word_len, MSG_DONTWAIT);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return LINK_OPENING;
    if (len <= 0) {
        fail(link, "the mail sender ended; it is started again");
        return LINK_FAILED;
    }
    link->word_len += (size_t)len;
    if (link->word_len == sizeof link->word)
        take_word(link);
    return link->state;
}

static const struct smtp_reply *remote_failure(const struct link *link)
{
    return &link->word.failure;
}

static bool remote_has_extension(const struct link *link, struct slice keyword)
{
    for (unsigned i = 0; sender_extensions[i]; i++)
        if (slice_equal_nocase(slice_of(sender_extensions[i]), keyword))
            return link->word.extensions >> i & 1;
    return false;
}

static int64_t remote_certificate_ends(const struct link *link)
{
    return link->word.certificate_ends;
}

static int64_t remote_size_max(const struct link *link)
{
    return link->word.size_max;
}

static const struct link_complaint *remote_complaint(const struct link *link)
{
    bool is_whole = link->word_len == sizeof link->word;
    return is_whole ? &link->word.complaint : NULL;
}

/* --- the bytes -------------------------------------------------------------------- */

static ssize_t taken_or_blocked(ssize_t len)
{
    return len < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : len;
}

static ssize_t remote_send(struct link *link, struct slice bytes)
{
    return taken_or_blocked(
        send(link->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT));
}

static ssize_t remote_receive(struct link *link, void *into, size_t size)
{
    ssize_t len = recv(link->fd, into, size, MSG_DONTWAIT);
    return len == 0 ? -1 : taken_or_blocked(len);
}

static void remote_want(struct link *link, int events)
{
    wakes_set(link->wakes, link->fd, events == 0 ? 0 : events | WAKE_ALWAYS);
}

static void remote_close(struct link *link)
{
    wakes_set(link->wakes, link->fd, 0);
    if (link->fd >= 0)
        close(link->fd);
    free(link);
}

static int64_t remote_wake_at(const struct link *link)
{
    /* What could not be asked for is told in the next step. */
    return link->fd < 0 ? 0 : NEVER_MS;
}

/* --- all links -------------------------------------------------------------------- */

const struct link_ops *links_remote(int control)
{
    struct remote_links *links = mem_zalloc(sizeof *links);
    links->control = control;
    links->ops = (struct link_ops){
        .open = remote_open,
        .step = remote_step,
        .failure = remote_failure,
        .has_extension = remote_has_extension,
        .certificate_ends = remote_certificate_ends,
        .size_max = remote_size_max,
        .complaint = remote_complaint,
        .send = remote_send,
        .receive = remote_receive,
        .want = remote_want,
        .close = remote_close,
        .wake_at = remote_wake_at,
        .ctx = links,
    };
    return &links->ops;
}

void links_remote_free(const struct link_ops *ops)
{
    if (ops)
        free(ops->ctx);
}

void links_remote_reload(const struct link_ops *ops)
{
    const struct remote_links *links = ops->ctx;
    const struct sender_request request = { .wish = SENDER_RELOAD };
    (void)ask(links->control, &request, -1);
}

/* --- what it says of itself ------------------------------------------------------- */

static void hear(struct remote_links *links)
{
    struct sender_hello hello;
    for (int i = 0; i < HELLOS_A_LOOK; i++) {
        ssize_t len = recv(links->control, &hello, sizeof hello, MSG_DONTWAIT);
        if (len <= 0)
            return;
        if (len == (ssize_t)sizeof hello && hello.pid >= 0)
            links->hello = hello;
    }
}

bool links_remote_is_there(const struct link_ops *ops)
{
    const struct remote_links *links = ops->ctx;
    struct pollfd look = { .fd = links->control };
    hear(ops->ctx);
    return poll(&look, 1, 0) == 0 || (look.revents & (POLLHUP | POLLERR)) == 0;
}

static void put_fences(const struct sender_hello *hello, struct buf *out)
{
    if (!(hello->fences & SENDER_FENCE_WANTED)) {
        buf_puts(out, "off (sandbox: false)");
    } else {
        if (hello->landlock > 0)
            buf_printf(out, "Landlock %u", (unsigned)hello->landlock);
        else
            buf_puts(out, "NO Landlock");
        buf_puts(out,
                 hello->fences & SENDER_FENCE_SECCOMP ? ", seccomp" : ", NO seccomp");
        if (hello->fences & SENDER_FENCE_COMMAND)
            buf_puts(out, "; password_command runs outside of it");
    }
}

static void put_words(const struct sender_hello *hello, struct now now, struct buf *out)
{
    int64_t age_ms = now.mono_ms - hello->began.mono_ms;
    buf_printf(out, "process %lld, running for ", (long long)hello->pid);
    text_put_duration(out, age_ms < 0 ? 0 : age_ms - age_ms % SECOND_MS);
    buf_puts(out, ", started again ");
    text_put_count(out, hello->restarts, "time", "times");
    buf_puts(out, "; sandbox: ");
    put_fences(hello, out);
    if (hello->is_swappable)
        buf_puts(out, "; PASSWORDS MAY BE SWAPPED (limit of locked memory)");
}

static void put_json(const struct sender_hello *hello, struct buf *out)
{
    buf_puts(out, "\"sender\":");
    if (hello->pid == 0) {
        buf_puts(out, "null");
        return;
    }
    buf_printf(out,
               "{\"pid\":%lld,\"started_ms\":%lld,\"restarts\":%u,\"sandbox\":"
               "{\"wanted\":%s,\"landlock\":%u,\"seccomp\":%s},\"memory_locked\":%s}",
               (long long)hello->pid, (long long)hello->began.unix_ms,
               (unsigned)hello->restarts,
               hello->fences & SENDER_FENCE_WANTED ? "true" : "false",
               (unsigned)hello->landlock,
               hello->fences & SENDER_FENCE_SECCOMP ? "true" : "false",
               hello->is_swappable ? "false" : "true");
}

void links_remote_describe(const struct link_ops *ops, struct now now,
                           enum text_form form, struct buf *out)
{
    const struct remote_links *links = ops->ctx;
    bool is_there = links_remote_is_there(ops);
    if (form == FORM_JSON) {
        put_json(&links->hello, out);
        return;
    }
    buf_puts(out, "mail sender: ");
    if (!is_there)
        buf_puts(out, "GONE, and nobody starts it again: restart tocsin");
    else if (links->hello.pid == 0)
        buf_puts(out, "is being started");
    else
        put_words(&links->hello, now, out);
    buf_putc(out, '\n');
}
