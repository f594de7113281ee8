/** One message a wish; descriptors come along. */
#include "agent/base/errand.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/base/program.h"

enum { PIPES = 3, LOOK_MS = 20 };
enum pipe { PIPE_OUT, PIPE_COMPLAINTS, PIPE_END };

struct wish {
    bool is_reload;
    char name[ERRAND_NAME_BYTES + 1];
};

/* --- to ask ----------------------------------------------------------------------- */

bool errand_ask(int door, struct slice name, const int pipes[3], struct err *err)
{
    struct wish wish = { .is_reload = false };
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(PIPES * sizeof(int))] = { 0 };
    struct iovec part = { .iov_base = &wish, .iov_len = sizeof wish };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = space,
                              .msg_controllen = sizeof space };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (name.len == 0 || name.len > ERRAND_NAME_BYTES)
        return err_set(err, ERR_INVALID, "no command has a name of %zu bytes",
                       name.len);
    memcpy(wish.name, name.ptr, name.len);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(PIPES * sizeof(int));
    memcpy(CMSG_DATA(head), pipes, PIPES * sizeof(int));
    return sendmsg(door, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof wish ||
           err_set_errno(err, "who runs the commands cannot be asked");
}

void errand_reload(int door)
{
    const struct wish wish = { .is_reload = true };
    (void)!send(door, &wish, sizeof wish, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- to serve --------------------------------------------------------------------- */

struct errand {
    pid_t pid;
    int end; /* where its end is told */
};

struct errands {
    const struct errand_world *world;
    struct errand items[ERRANDS_MAX];
    size_t count;
    bool is_over;
};

static void tell_end(int end, int error, int status)
{
    const struct errand_end told = { error, status };
    (void)!write(end, &told, sizeof told);
    close(end);
}

static int spawn(const struct slice *words, size_t count, const int pipes[PIPES],
                 pid_t *pid)
{
    struct arena arena = { 0 };
    char **argv = arena_zalloc(&arena, (count + 1) * sizeof *argv);
    for (size_t i = 0; i < count; i++)
        argv[i] = arena_text(&arena, words[i]);
    int error = program_spawn(argv, pipes[PIPE_OUT], pipes[PIPE_COMPLAINTS], pid);
    arena_free(&arena);
    return error;
}

static void begin(struct errands *errands, struct slice name, const int pipes[PIPES])
{
    const struct errand_world *world = errands->world;
    size_t count = 0;
    pid_t pid = 0;
    const struct slice *words = world->words(world->ctx, name, &count);
    int error = EAGAIN;
    if (!words)
        error = ENOENT;
    else if (errands->count < ERRANDS_MAX)
        error = spawn(words, count, pipes, &pid);
    close(pipes[PIPE_OUT]);
    close(pipes[PIPE_COMPLAINTS]);
    if (error != 0)
        tell_end(pipes[PIPE_END], error, 0);
    else
        errands->items[errands->count++] = (struct errand){ pid, pipes[PIPE_END] };
}

/** @return how many descriptors came along. */
static size_t take_pipes(struct msghdr *message, int pipes[PIPES])
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return 0;
    size_t bytes = head->cmsg_len - CMSG_LEN(0), count = bytes / sizeof(int);
    count = count < PIPES ? count : PIPES;
    memcpy(pipes, CMSG_DATA(head), count * sizeof(int));
    return count;
}

static void obey(struct errands *errands)
{
    struct wish wish;
    int pipes[PIPES];
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(PIPES * sizeof(int))];
    struct iovec part = { .iov_base = &wish, .iov_len = sizeof wish };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = space,
                              .msg_controllen = sizeof space };
    ssize_t len =
        recvmsg(errands->world->door, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    errands->is_over = len <= 0;
    size_t count = len > 0 ? take_pipes(&message, pipes) : 0;
    wish.name[ERRAND_NAME_BYTES] = '\0';
    if (len == (ssize_t)sizeof wish && wish.is_reload)
        errands->world->reload(errands->world->ctx);
    if (len == (ssize_t)sizeof wish && !wish.is_reload && count == PIPES) {
        begin(errands, slice_of(wish.name), pipes);
        return;
    }
    for (size_t i = 0; i < count; i++)
        close(pipes[i]);
}

static void end_by_force(struct errand *errand)
{
    int status;
    kill(-errand->pid, SIGKILL);
    kill(errand->pid, SIGKILL);
    while (waitpid(errand->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    close(errand->end);
}

/** @return whether it is over. */
static bool look_after(struct errand *errand, short seen)
{
    int status = 0;
    if (seen & (POLLERR | POLLNVAL)) { /* nobody reads it any more */
        end_by_force(errand);
        return true;
    }
    pid_t gone = waitpid(errand->pid, &status, WNOHANG);
    if (gone == 0 || (gone < 0 && errno == EINTR))
        return false;
    tell_end(errand->end, gone < 0 ? ECHILD : 0, status);
    return true;
}

static void turn(struct errands *errands)
{
    struct pollfd seen[1 + ERRANDS_MAX] = {
        { .fd = errands->world->door, .events = POLLIN },
    };
    size_t count = errands->count, kept = 0;
    for (size_t i = 0; i < count; i++)
        seen[1 + i] = (struct pollfd){ .fd = errands->items[i].end };
    (void)poll(seen, 1 + count, count > 0 ? LOOK_MS : -1);
    for (size_t i = 0; i < count; i++) {
        if (!look_after(&errands->items[i], seen[1 + i].revents))
            errands->items[kept++] = errands->items[i];
    }
    errands->count = kept;
    if (seen[0].revents != 0)
        obey(errands);
}

void errand_serve(const struct errand_world *world)
{
    struct errands errands = { .world = world };
    while (!errands.is_over)
        turn(&errands);
    for (size_t i = 0; i < errands.count; i++)
        end_by_force(&errands.items[i]);
}
