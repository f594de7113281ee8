/** posix_spawn(3), two pipes, and an end by SIGKILL for what does not end itself. */
#include "agent/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/errand.h"
#include "agent/base/mem.h"
#include "agent/base/text.h"

enum { COMPLAINT_BYTES = 160, REAP_MS = 20 };

extern char **environ;

struct program {
    const struct wakes *wakes;
    char *name;
    pid_t pid;           /* 0: not running, or by another process */
    int end;             /* then it is told there; -1: not, or no more */
    int out, complaints; /* -1: at their end */
    struct secret secret;
    struct buf complaint; /* the head of standard error */
    struct err failure;   /* of the start */
    int64_t deadline_ms, look_ms;
    bool is_done;
};

/* --- start ------------------------------------------------------------------------ */

static bool make_pipe(int *reader, int *writer, struct err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set_errno(err, "no pipe for a command");
    *reader = ends[0];
    *writer = ends[1];
    return fcntl(*reader, F_SETFL, O_NONBLOCK) == 0 ||
           err_set_errno(err, "no pipe for a command");
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What we ignore (SIGPIPE) would be ignored by the program too. */
static bool set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    return posix_spawnattr_setsigdefault(attributes, &all) == 0 &&
           posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setpgroup(attributes, 0) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETPGROUP) == 0;
}

static bool set_streams(posix_spawn_file_actions_t *actions, int out, int complaints)
{
    return posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null",
                                            O_RDONLY, 0) == 0 &&
           posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO) == 0 &&
           posix_spawn_file_actions_adddup2(actions, complaints, STDERR_FILENO) == 0;
}

int program_spawn(char **argv, int out, int complaints, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = ENOMEM;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return error;
    if (posix_spawnattr_init(&attributes) == 0) {
        if (set_streams(&actions, out, complaints) && set_attributes(&attributes))
            error = posix_spawn(pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static bool no_start(const struct program *program, int error, struct err *err)
{
    errno = error;
    return err_set_errno(err, "the command '%s' cannot be started", program->name);
}

static bool spawn(struct program *program, char **argv, int out, int complaints)
{
    int error = program_spawn(argv, out, complaints, &program->pid);
    if (error == 0)
        return true;
    program->pid = 0;
    return no_start(program, error, &program->failure);
}

static bool send_for(struct program *program, int door, struct slice name,
                     const int streams[2])
{
    int end = -1;
    struct err *err = &program->failure;
    bool is_asked =
        make_pipe(&program->end, &end, err) &&
        errand_ask(door, name, (const int[]){ streams[0], streams[1], end }, err);
    close_fd(&end);
    return is_asked;
}

/* By @argv, or at @door for @name when there is none. */
static void start(struct program *program, char **argv, int door, struct slice name)
{
    int streams[] = { -1, -1 };
    struct err *err = &program->failure;
    if (secret_open(&program->secret, SECRET_MAX_BYTES, err) &&
        make_pipe(&program->out, &streams[0], err) &&
        make_pipe(&program->complaints, &streams[1], err) &&
        (argv ? spawn(program, argv, streams[0], streams[1])
              : send_for(program, door, name, streams))) {
        wakes_set(program->wakes, program->out, WAKE_READ);
        wakes_set(program->wakes, program->complaints, WAKE_READ);
    }
    close_fd(&streams[0]);
    close_fd(&streams[1]);
}

static struct program *make(struct slice name, const struct wakes *wakes,
                            struct now now)
{
    struct program *program = mem_zalloc(sizeof *program);
    program->wakes = wakes;
    program->name = mem_copy(name);
    program->out = program->complaints = program->end = -1;
    program->complaint = buf_make(COMPLAINT_BYTES);
    program->deadline_ms = now.mono_ms + PROGRAM_TIMEOUT_MS;
    program->look_ms = NEVER_MS;
    return program;
}

struct program *program_start(const struct slice *words, size_t count,
                              const struct wakes *wakes, struct now now)
{
    struct program *program = make(words[0], wakes, now);
    struct arena arena = { 0 };
    char **argv = arena_zalloc(&arena, (count + 1) * sizeof *argv);
    for (size_t i = 0; i < count; i++)
        argv[i] = arena_text(&arena, words[i]);
    start(program, argv, -1, SLICE(""));
    arena_free(&arena);
    return program;
}

struct program *program_send_for(int door, struct slice name, struct slice program_name,
                                 const struct wakes *wakes, struct now now)
{
    struct program *program = make(program_name, wakes, now);
    start(program, NULL, door, name);
    return program;
}

/* --- while it runs ---------------------------------------------------------------- */

static void end_stream(struct program *program, int *fd)
{
    wakes_set(program->wakes, *fd, 0);
    close_fd(fd);
}

/* @return false when it says more than a password can be. */
static bool read_out(struct program *program)
{
    struct secret *secret = &program->secret;
    while (program->out >= 0) {
        size_t room = secret->capacity - secret->len;
        if (room == 0)
            return false;
        ssize_t len = read(program->out, secret->page + secret->len, room);
        if (len > 0)
            secret->len += (size_t)len;
        else if (len < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        else
            end_stream(program, &program->out);
    }
    return true;
}

/* All of it is read, or the program could wait for us; the head is kept for people. */
static void read_complaints(struct program *program)
{
    char bytes[512];
    while (program->complaints >= 0) {
        ssize_t len = read(program->complaints, bytes, sizeof bytes);
        if (len < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (len <= 0) {
            end_stream(program, &program->complaints);
            return;
        }
        size_t room = COMPLAINT_BYTES - program->complaint.len;
        buf_put(&program->complaint,
                slice_make(bytes, (size_t)len < room ? (size_t)len : room));
    }
}

static void kill_program(struct program *program)
{
    int status;
    close_fd(&program->end); /* which ends it, where another process runs it */
    if (program->pid <= 0)
        return;
    kill(-program->pid, SIGKILL);
    kill(program->pid, SIGKILL);
    while (waitpid(program->pid, &status, 0) < 0 && errno == EINTR)
        ;
    program->pid = 0;
}

static enum program_state fail(struct program *program, struct err *err,
                               const char *what)
{
    kill_program(program);
    err_set(err, ERR_IO, "the command '%s' %s", program->name, what);
    return PROGRAM_FAILED;
}

static enum program_state fail_by_status(struct program *program, int status,
                                         struct err *err)
{
    struct buf why = buf_make(2048);
    struct slice said = buf_slice(&program->complaint), line;
    if (WIFSIGNALED(status))
        buf_printf(&why, "was ended by signal %d", WTERMSIG(status));
    else
        buf_printf(&why, "ended with status %d", WEXITSTATUS(status));
    if (slice_next(&said, '\n', &line) && line.len > 0) {
        buf_puts(&why, " and said: ");
        text_put_clean(&why, line, false);
    }
    fail(program, err, why.ptr);
    buf_free(&why);
    return PROGRAM_FAILED;
}

static enum program_state judge(struct program *program, int status, struct err *err)
{
    if (status != 0)
        return fail_by_status(program, status, err);
    if (!secret_take_line(&program->secret, program->name, err))
        return fail(program, err,
                    "printed no password, which is one line without control "
                    "characters");
    program->is_done = true;
    return PROGRAM_DONE;
}

static enum program_state reap(struct program *program, struct now now, struct err *err)
{
    int status = 0;
    pid_t gone = waitpid(program->pid, &status, WNOHANG);
    program->look_ms = now.mono_ms + REAP_MS;
    if (gone == 0)
        return PROGRAM_RUNS;
    program->pid = 0;
    return gone < 0 ? fail(program, err, "is lost") : judge(program, status, err);
}

/* The other process tells how it ended, or is gone itself. */
static enum program_state hear_end(struct program *program, struct now now,
                                   struct err *err)
{
    struct errand_end end;
    ssize_t len = read(program->end, &end, sizeof end);
    program->look_ms = now.mono_ms + REAP_MS;
    if (len < 0 && (errno == EAGAIN || errno == EINTR))
        return PROGRAM_RUNS;
    close_fd(&program->end);
    if (len != (ssize_t)sizeof end)
        return fail(program, err, "is lost");
    if (end.error == 0)
        return judge(program, end.status, err);
    (void)no_start(program, end.error, err);
    return PROGRAM_FAILED;
}

enum program_state program_step(struct program *program, struct now now,
                                struct err *err)
{
    if (program->is_done)
        return PROGRAM_DONE;
    if (program->failure.kind != ERR_NONE) {
        *err = program->failure;
        return PROGRAM_FAILED;
    }
    read_complaints(program);
    if (!read_out(program))
        return fail(program, err, "printed more than a password can be");
    if (now.mono_ms >= program->deadline_ms)
        return fail(program, err, "took longer than 10 s");
    if (program->out >= 0)
        return PROGRAM_RUNS;
    return program->end >= 0 ? hear_end(program, now, err) : reap(program, now, err);
}

const struct secret *program_secret(const struct program *program)
{
    return &program->secret;
}

int64_t program_wake_at(const struct program *program)
{
    if (program->is_done || program->failure.kind != ERR_NONE)
        return 0;
    return earlier_ms(program->deadline_ms,
                      program->out < 0 ? program->look_ms : NEVER_MS);
}

void program_free(struct program *program)
{
    if (!program)
        return;
    kill_program(program);
    end_stream(program, &program->out);
    end_stream(program, &program->complaints);
    secret_wipe(&program->secret);
    buf_free(&program->complaint);
    free(program->name);
    free(program);
}
