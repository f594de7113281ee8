/** The agent's and the sender's half of a link, with a server in between that is told
 *  what to say. The sender is a process of its own, as in life. */
#include "outputs/sender.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "outputs/remote.h"
#include "outputs/reply.h"
#include "test.h"

/* --- a server that sends back what it gets ---------------------------------------- */

enum { ECHO_BYTES = 1000 }; /* it holds so much, so that both sides block in between */

struct link {
    bool is_refused, is_closing;
    char held[ECHO_BYTES];
    size_t len;
};

static struct link *echo_open(void *ctx, const struct account *account,
                              const struct wakes *wakes, struct now now)
{
    struct link *link = mem_zalloc(sizeof *link);
    (void)ctx;
    (void)wakes;
    (void)now;
    link->is_refused = slice_equal(account->name, SLICE("refused"));
    return link;
}

static enum link_state echo_step(struct link *link, struct now now)
{
    (void)now;
    return link->is_refused ? LINK_FAILED : LINK_READY;
}

static const struct smtp_reply *echo_failure(const struct link *link)
{
    static struct smtp_reply reply;
    (void)link;
    reply = reply_of_network(PHASE_AUTH, SLICE("no such user"));
    reply.code = 535;
    return &reply;
}

static bool echo_has_extension(const struct link *link, struct slice keyword)
{
    (void)link;
    return slice_equal(keyword, SLICE("SIZE"));
}

static int64_t echo_certificate_ends(const struct link *link)
{
    (void)link;
    return 1234;
}

static const struct link_complaint *echo_complaint(const struct link *link)
{
    static const struct link_complaint complaint = { "not stored\x1b[2J", "store it" };
    (void)link;
    return &complaint;
}

static ssize_t echo_send(struct link *link, struct slice bytes)
{
    size_t len =
        bytes.len < ECHO_BYTES - link->len ? bytes.len : ECHO_BYTES - link->len;
    if (link->is_closing)
        return -1;
    memcpy(link->held + link->len, bytes.ptr, len);
    link->len += len;
    link->is_closing = memchr(bytes.ptr, '!', len) != NULL;
    return (ssize_t)len;
}

static ssize_t echo_receive(struct link *link, void *into, size_t size)
{
    size_t len = link->len < size ? link->len : size;
    memcpy(into, link->held, len);
    memmove(link->held, link->held + len, link->len - len);
    link->len -= len;
    return len == 0 && link->is_closing ? -1 : (ssize_t)len;
}

static void echo_want(struct link *link, int events)
{
    (void)link;
    (void)events;
}

static void echo_close(struct link *link)
{
    free(link);
}

static int64_t echo_wake_at(const struct link *link)
{
    (void)link;
    return 0; /* it has no descriptor that could be ready */
}

static const struct link_ops echo_ops = {
    .open = echo_open,
    .step = echo_step,
    .failure = echo_failure,
    .has_extension = echo_has_extension,
    .certificate_ends = echo_certificate_ends,
    .complaint = echo_complaint,
    .send = echo_send,
    .receive = echo_receive,
    .want = echo_want,
    .close = echo_close,
    .wake_at = echo_wake_at,
};

/* --- the world -------------------------------------------------------------------- */

static struct account accounts[] = { { .name = { "echo", 4 } },
                                     { .name = { "refused", 7 } },
                                     { .name = { "later", 5 } } };

struct other_side {
    size_t count;
};

static const struct account *find(void *ctx, struct slice name)
{
    const struct other_side *side = ctx;
    for (size_t i = 0; i < side->count; i++)
        if (slice_equal(accounts[i].name, name))
            return &accounts[i];
    return NULL;
}

static void read_again(void *ctx)
{
    struct other_side *side = ctx;
    side->count = 3;
}

static int control;
static pid_t sender;
static const struct link_ops *remote;

static void start(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    control = ends[0];
    sender = fork();
    ck_assert_int_ge(sender, 0);
    if (sender == 0) {
        struct other_side side = { .count = 2 };
        const struct sender_hello hello = { .pid = getpid(),
                                            .began = { 1, 1795000000000 },
                                            .restarts = 2,
                                            .landlock = 3,
                                            .fences = SENDER_FENCE_WANTED };
        close(ends[0]);
        sender_serve(&(struct sender_world){ .control = ends[1],
                                             .hello = &hello,
                                             .links = &echo_ops,
                                             .clock = clock_real(),
                                             .account = find,
                                             .reload = read_again,
                                             .ctx = &side });
        _exit(0);
    }
    close(ends[1]);
    remote = links_remote(control);
}

static void stop(void)
{
    int status = 1;
    links_remote_free(remote);
    close(control);
    ck_assert_int_eq(waitpid(sender, &status, 0), sender);
    ck_assert_int_eq(status, 0);
}

static const struct now now = { 1, 1 };
static int watched_fd;

static void note_fd(void *ctx, int fd, int events)
{
    (void)ctx;
    watched_fd = events ? fd : -1;
}
static const struct wakes wakes = { note_fd, NULL };

static void wait_for_bytes(void)
{
    struct pollfd look = { .fd = watched_fd, .events = POLLIN };
    ck_assert_int_eq(poll(&look, 1, 10000), 1);
}

static enum link_state log_in(const char *name, struct link **link)
{
    const struct account account = { .name = slice_of(name) };
    enum link_state state;
    *link = remote->open(remote->ctx, &account, &wakes, now);
    while ((state = remote->step(*link, now)) == LINK_OPENING)
        wait_for_bytes();
    return state;
}

static struct link *logged_in(void)
{
    struct link *link;
    ck_assert_int_eq(log_in("echo", &link), LINK_READY);
    return link;
}

/** Read until the other side closes. @return how much came. */
static size_t read_all(struct link *link, char *into, size_t size)
{
    size_t len = 0;
    for (;;) {
        ssize_t more = remote->receive(link, into + len, size - len);
        if (more < 0)
            return len;
        if (more == 0)
            wait_for_bytes();
        len += (size_t)more;
    }
}

/* --- tests ------------------------------------------------------------------------ */

TEST(sender, what_the_login_learned_comes_before_the_conversation)
{
    start();
    struct link *link = logged_in();
    ck_assert(remote->has_extension(link, SLICE("size")));
    ck_assert(!remote->has_extension(link, SLICE("PIPELINING")));
    ck_assert_int_eq(remote->certificate_ends(link), 1234);
    ck_assert_str_eq(remote->complaint(link)->remedy, "store it");
    ck_assert_str_eq(remote->complaint(link)->text, "not stored\\x1B[2J");
    remote->close(link);
    stop();
}

TEST(sender, a_login_that_failed_is_told_in_the_server_s_words)
{
    struct link *link;
    start();
    ck_assert_int_eq(log_in("refused", &link), LINK_FAILED);
    ck_assert_int_eq(remote->failure(link)->code, 535);
    ck_assert_int_eq(remote->failure(link)->phase, PHASE_AUTH);
    ck_assert_str_eq(remote->failure(link)->text, "no such user");
    ck_assert_str_eq(remote->complaint(link)->remedy, "store it");
    remote->close(link);
    stop();
}

TEST(sender, a_mail_passes_unchanged_however_it_is_cut)
{
    enum { SIZE = 300000 };
    char *mail = mem_grow(NULL, SIZE, 1), *back = mem_grow(NULL, SIZE, 1);
    size_t sent = 0, got = 0;
    start();
    struct link *link = logged_in();
    for (size_t i = 0; i < SIZE; i++)
        mail[i] = (char)('a' + i * 7919 % 26);
    while (got < SIZE) {
        ssize_t taken =
            sent < SIZE ? remote->send(link, slice_make(mail + sent, SIZE - sent)) : 0;
        ssize_t more = remote->receive(link, back + got, SIZE - got);
        ck_assert_int_ge(taken, 0);
        ck_assert_int_ge(more, 0);
        sent += (size_t)taken;
        got += (size_t)more;
        if (taken == 0 && more == 0)
            wait_for_bytes();
    }
    ck_assert_mem_eq(mail, back, SIZE);
    remote->close(link);
    stop();
    free(mail);
    free(back);
}

TEST(sender, the_last_words_of_a_server_that_closes_arrive_before_the_end)
{
    char bytes[64];
    start();
    struct link *link = logged_in();
    ck_assert_int_eq(remote->send(link, SLICE("bye!")), 4);
    ck_assert_uint_eq(read_all(link, bytes, sizeof bytes), 4);
    ck_assert_mem_eq(bytes, "bye!", 4);
    remote->close(link);
    stop();
}

TEST(sender, an_account_that_its_own_configuration_does_not_have_is_refused)
{
    struct link *link;
    start();
    ck_assert_int_eq(log_in("stranger", &link), LINK_FAILED);
    ck_assert(strstr(remote->failure(link)->text, "no such account") != NULL);
    remote->close(link);
    stop();
}

TEST(sender, a_reload_is_done_before_what_is_asked_for_next)
{
    struct link *link;
    start();
    ck_assert_int_eq(log_in("later", &link), LINK_FAILED);
    remote->close(link);
    links_remote_reload(remote);
    ck_assert_int_eq(log_in("later", &link), LINK_READY);
    remote->close(link);
    stop();
}

TEST(sender, past_its_bound_it_refuses_and_goes_on_when_one_is_closed)
{
    struct link *links[SENDER_LINKS_MAX], *more;
    start();
    for (size_t i = 0; i < SENDER_LINKS_MAX; i++)
        links[i] = logged_in();
    ck_assert_int_eq(log_in("echo", &more), LINK_FAILED);
    ck_assert(strstr(remote->failure(more)->text, "too many") != NULL);
    remote->close(more);
    for (size_t i = 0; i < SENDER_LINKS_MAX; i++)
        remote->close(links[i]);
    /* The sender has seen the ends before it takes the next request, or a later one. */
    while (log_in("echo", &more) != LINK_READY)
        remote->close(more);
    remote->close(more);
    stop();
}

TEST(sender, one_that_is_killed_is_a_connection_that_was_cut)
{
    char bytes[64];
    start();
    struct link *link = logged_in();
    ck_assert(links_remote_is_there(remote));
    kill(sender, SIGKILL);
    waitpid(sender, NULL, 0);
    ck_assert_int_eq(remote->receive(link, bytes, sizeof bytes), -1);
    ck_assert_int_eq(remote->send(link, SLICE("x")), -1);
    remote->close(link);
    ck_assert(!links_remote_is_there(remote));
    ck_assert_int_eq(log_in("echo", &link), LINK_FAILED);
    ck_assert(strstr(remote->failure(link)->text, "mail sender is gone") != NULL);
    ck_assert_int_eq(remote->wake_at(link), 0);
    remote->close(link);
    links_remote_free(remote);
    close(control);
}

/** What a sender that was taken over says is bounded and clean. */
TEST(sender, a_word_of_lies_does_no_harm)
{
    int ends[2], fd = -1;
    char space[CMSG_SPACE(sizeof fd)];
    struct sender_request request;
    struct iovec part = { &request, sizeof request };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = space,
                              .msg_controllen = sizeof space };
    struct sender_word word;
    const struct account account = { .name = SLICE("echo") };
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    remote = links_remote(ends[0]);
    struct link *link = remote->open(remote->ctx, &account, &wakes, now);
    ck_assert_ptr_null(remote->complaint(link));
    ck_assert_int_eq(recvmsg(ends[1], &message, 0), (ssize_t)sizeof request);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    memset(&word, 0x1b, sizeof word);
    ck_assert_int_eq(write(fd, &word, sizeof word), (ssize_t)sizeof word);
    ck_assert_int_eq(remote->step(link, now), LINK_FAILED);
    const struct smtp_reply *failure = remote->failure(link);
    ck_assert_int_eq(failure->phase, PHASE_CONNECT);
    ck_assert_ptr_null(strchr(failure->text, 0x1b));
    ck_assert_uint_lt(strlen(failure->text), sizeof failure->text);
    ck_assert_ptr_null(strchr(failure->enhanced, 0x1b));
    const struct link_complaint *complaint = remote->complaint(link);
    ck_assert_ptr_null(strchr(complaint->text, 0x1b));
    ck_assert_uint_lt(strlen(complaint->text), sizeof complaint->text);
    ck_assert_uint_lt(strlen(complaint->remedy), sizeof complaint->remedy);
    remote->close(link);
    links_remote_free(remote);
}

/* --- status ----------------------------------------------------------------------- */

static void must_describe(enum text_form form, const char *wanted)
{
    struct buf text = buf_make(1000);
    links_remote_describe(remote, (struct now){ 65001, 1795000065000 }, form, &text);
    ck_assert_str_eq(text.ptr, wanted);
    buf_free(&text);
}

TEST(sender, status_says_which_process_it_is_since_when_and_what_it_gave_up)
{
    char wanted[300];
    start();
    struct link *link = logged_in(); /* by then it has said so */
    snprintf(wanted, sizeof wanted,
             "mail sender: process %d, running for 1m 5s, started again 2 times; "
             "sandbox: Landlock 3, NO seccomp\n",
             (int)sender);
    must_describe(FORM_BRIEF, wanted);
    snprintf(wanted, sizeof wanted,
             "\"sender\":{\"pid\":%d,\"started_ms\":1795000000000,\"restarts\":2,"
             "\"sandbox\":{\"wanted\":true,\"landlock\":3,\"seccomp\":false},"
             "\"memory_locked\":true}",
             (int)sender);
    must_describe(FORM_JSON, wanted);
    remote->close(link);
    stop();
}

TEST(sender, status_says_when_it_is_not_there_and_why_it_is_not_fenced)
{
    static const struct {
        uint32_t fences;
        const char *end;
    } rows[] = {
        { 0, "off (sandbox: false)\n" },
        { SENDER_FENCE_WANTED | SENDER_FENCE_SECCOMP | SENDER_FENCE_COMMAND,
          "NO Landlock, seccomp; password_command runs outside of it\n" },
        { SENDER_FENCE_WANTED | SENDER_FENCE_SECCOMP, "NO Landlock, seccomp\n" },
    };
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    remote = links_remote(ends[0]);
    must_describe(FORM_BRIEF, "mail sender: is being started\n");
    must_describe(FORM_JSON, "\"sender\":null");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sender_hello hello = {
            .pid = 7, .began = { 65001, 1 }, .restarts = 1, .fences = rows[i].fences
        };
        char wanted[300];
        ck_assert_int_eq(send(ends[1], "short", 5, 0), 5); /* and is not believed */
        ck_assert_int_eq(send(ends[1], &hello, sizeof hello, 0), sizeof hello);
        snprintf(wanted, sizeof wanted,
                 "mail sender: process 7, running for 0s, started again 1 time; "
                 "sandbox: %s",
                 rows[i].end);
        must_describe(FORM_BRIEF, wanted);
    }
    const struct sender_hello poor = { .pid = 7,
                                       .began = { 65001, 1 },
                                       .is_swappable = true };
    ck_assert_int_eq(send(ends[1], &poor, sizeof poor, 0), sizeof poor);
    must_describe(FORM_BRIEF,
                  "mail sender: process 7, running for 0s, started again 0 times; "
                  "sandbox: off (sandbox: false); PASSWORDS MAY BE SWAPPED (limit of "
                  "locked memory)\n");
    const struct sender_hello gone = { .restarts = 2 };
    ck_assert_int_eq(send(ends[1], &gone, sizeof gone, 0), sizeof gone);
    must_describe(FORM_BRIEF, "mail sender: is being started\n");
    must_describe(FORM_JSON, "\"sender\":null");
    close(ends[1]);
    must_describe(FORM_BRIEF,
                  "mail sender: GONE, and nobody starts it again: restart tocsin\n");
    links_remote_free(remote);
    close(ends[0]);
}
