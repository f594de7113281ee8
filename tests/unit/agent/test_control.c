/** The control socket: one question, one answer, nobody blocks anybody. */
#include "agent/control.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/** Descriptors that the control socket waits for, as a loop would keep them. */
struct waiting {
    struct pollfd fds[32];
    nfds_t count;
};

static void set_wake(void *ctx, int fd, int events)
{
    struct waiting *waiting = ctx;
    nfds_t i = 0;
    while (i < waiting->count && waiting->fds[i].fd != fd)
        i++;
    if (i == waiting->count)
        waiting->count++;
    waiting->fds[i] = (struct pollfd){
        .fd = events ? fd : -1,
        .events = (short)(events & WAKE_WRITE ? POLLOUT : POLLIN),
    };
}

static bool echo(void *ctx, struct slice request, struct buf *out, struct err *err)
{
    (void)ctx;
    if (slice_equal(request, SLICE("bad")))
        return err_set(err, ERR_INVALID, "there is no mail '%s'", "7");
    buf_put(out, SLICE("you said "));
    buf_put(out, request);
    return true;
}

static const char *socket_path(void)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/run/control.sock", unit_test_folder());
    return path;
}

/** Serve until the child that asks has ended. @return its exit status. */
static int serve(struct control *control, struct waiting *waiting, pid_t child,
                 const struct err *refusal)
{
    int status = -1;
    for (int turns = 0; turns < 1000 && waitpid(child, &status, WNOHANG) == 0;
         turns++) {
        poll(waiting->fds, waiting->count, 10);
        control_read(control, echo, NULL);
        if (refusal)
            control_refuse(control, refusal);
        control_write(control);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** In a child: ask, and end with 0 when the answer, or the sentence of an error of
 *  @wanted_kind, is @wanted. */
static pid_t ask_in_child(const char *path, const char *request,
                          enum err_kind wanted_kind, const char *wanted)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    struct buf answer = buf_make(10000);
    struct err err = { 0 };
    bool ok = control_ask(path, slice_of(request), &answer, &err);
    struct slice got = ok ? buf_slice(&answer) : slice_of(err.text);
    bool is_right = ok == (wanted_kind == ERR_NONE) && err.kind == wanted_kind &&
                    slice_equal(got, slice_of(wanted)) && (ok || answer.len == 0);
    _exit(is_right ? 0 : 1);
}

TEST(control, a_question_gets_its_answer_and_an_error_its_sentence)
{
    struct waiting waiting = { 0 };
    struct wakes wakes = { .set = set_wake, .ctx = &waiting };
    struct err err = { 0 };
    const char *path = socket_path();
    struct control *control = control_open(path, &wakes, &err);
    ck_assert_msg(control != NULL, "%s", err.text);
    pid_t child = ask_in_child(path, "status", ERR_NONE, "you said status");
    ck_assert_int_eq(serve(control, &waiting, child, NULL), 0);
    child = ask_in_child(path, "bad", ERR_INVALID, "there is no mail '7'");
    ck_assert_int_eq(serve(control, &waiting, child, NULL), 0);
    control_close(control);
}

TEST(control, an_answer_whose_commit_failed_becomes_the_error)
{
    struct waiting waiting = { 0 };
    struct wakes wakes = { .set = set_wake, .ctx = &waiting };
    struct err err = { 0 }, full = { 0 };
    const char *path = socket_path();
    struct control *control = control_open(path, &wakes, &err);
    err_set(&full, ERR_FULL, "the disk is full");
    pid_t child = ask_in_child(path, "queue drop 7", ERR_FULL, "the disk is full");
    ck_assert_int_eq(serve(control, &waiting, child, &full), 0);
    control_close(control);
}

static bool echo_held_back(void *ctx, struct slice request, struct buf *out,
                           struct err *err)
{
    (void)ctx;
    buf_put(out, SLICE("held back: "));
    return echo(NULL, request, out, err);
}

TEST(control, what_is_asked_in_a_turn_whose_commit_fails_is_answered_as_things_are_then)
{
    struct waiting waiting = { 0 };
    struct wakes wakes = { .set = set_wake, .ctx = &waiting };
    struct err err = { 0 };
    const char *path = socket_path();
    int status = -1;
    struct control *control = control_open(path, &wakes, &err);
    pid_t child = ask_in_child(path, "status", ERR_NONE, "held back: you said status");
    for (int turns = 0; turns < 1000 && waitpid(child, &status, WNOHANG) == 0;
         turns++) {
        poll(waiting.fds, waiting.count, 10);
        control_read(control, echo, NULL);
        control_again(control, echo_held_back, NULL);
        control_write(control);
        control_again(control, echo, NULL); /* what has left stays as it is */
    }
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    control_close(control);
}

TEST(control, a_socket_left_by_a_kill_is_replaced_and_a_live_one_is_not)
{
    struct err err = { 0 };
    const char *path = socket_path();
    struct control *first = control_open(path, NULL, &err);
    ck_assert_msg(first != NULL, "%s", err.text);
    ck_assert_ptr_null(control_open(path, NULL, &err));
    ck_assert_int_eq(err.kind, ERR_BUSY);
    control_close(first);
    /* Bound and closed without unlink: what a killed agent leaves. */
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (void *)&address, sizeof address), 0);
    close(fd);
    struct control *second = control_open(path, NULL, &err);
    ck_assert_msg(second != NULL, "%s", err.text);
    struct stat stat_of;
    ck_assert_int_eq(stat(path, &stat_of), 0);
    ck_assert_int_eq(stat_of.st_mode & 0777, 0660);
    control_close(second);
}

TEST(control, a_request_over_the_bound_is_closed)
{
    struct waiting waiting = { 0 };
    struct wakes wakes = { .set = set_wake, .ctx = &waiting };
    struct err err = { 0 };
    const char *path = socket_path();
    char *huge = malloc(20001);
    ck_assert(huge != NULL);
    memset(huge, 'x', 20000);
    huge[20000] = '\0';
    struct control *control = control_open(path, &wakes, &err);
    pid_t child = fork();
    if (child == 0) {
        struct buf answer = buf_make(1000);
        _exit(control_ask(path, slice_of(huge), &answer, &err) ? 1 : 0);
    }
    ck_assert_int_eq(serve(control, &waiting, child, NULL), 0);
    free(huge);
    control_close(control);
}

TEST(control, without_an_agent_the_client_is_told_so)
{
    struct buf answer = buf_make(100);
    struct err err = { 0 };
    ck_assert(!control_ask("/nonexistent/socket", SLICE("status"), &answer, &err));
    ck_assert(strstr(err.text, "no agent answers") != NULL);
    ck_assert_int_eq(err.kind, ERR_BUSY);
}
