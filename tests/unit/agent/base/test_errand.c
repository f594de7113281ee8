/** Programs run by another process: what comes back, and how they end. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/errand.h"
#include "agent/base/program.h"
#include "test.h"

static int door;
static pid_t server;
static bool is_reloaded;

static const struct slice *words_of(void *ctx, struct slice name, size_t *count)
{
    static struct slice words[] = { { "/bin/sh", 7 }, { "-c", 2 }, { NULL, 0 } };
    (void)ctx;
    *count = 3;
    if (slice_equal(name, SLICE("nobody")))
        return NULL;
    words[0] =
        slice_equal(name, SLICE("nowhere")) ? SLICE("/nowhere/sh") : SLICE("/bin/sh");
    words[2] = is_reloaded ? SLICE("echo anew") : name;
    return words;
}

static void reload(void *ctx)
{
    (void)ctx;
    is_reloaded = true;
}

static void start_server(void)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    server = fork();
    ck_assert_int_ge(server, 0);
    if (server == 0) {
        close(ends[0]);
        signal(SIGPIPE, SIG_IGN);
        errand_serve(&(struct errand_world){ ends[1], words_of, reload, NULL });
        _exit(0);
    }
    close(ends[1]);
    door = ends[0];
}

static void end_server(void)
{
    int status = 1;
    close(door);
    ck_assert_int_eq(waitpid(server, &status, 0), server);
    ck_assert_int_eq(status, 0);
}

static struct now now_real(void)
{
    struct clock_source clock = clock_real();
    return clock_read(&clock);
}

static struct program *send_for(const char *name)
{
    return program_send_for(door, slice_of(name), SLICE("/bin/pass"), NULL, now_real());
}

/** A fresh clock would only end a hang: the program's own deadline does. */
static enum program_state finish(struct program *program, struct err *err)
{
    enum program_state state = program_step(program, now_real(), err);
    while (state == PROGRAM_RUNS) {
        (void)poll(NULL, 0, 1);
        state = program_step(program, now_real(), err);
    }
    return state;
}

static void must_fail(const char *name, const char *text)
{
    struct err err = { 0 };
    struct program *program = send_for(name);
    ck_assert_int_eq(finish(program, &err), PROGRAM_FAILED);
    ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
    program_free(program);
}

static void must_print(const char *name, const char *secret)
{
    struct err err = { 0 };
    struct program *program = send_for(name);
    ck_assert_msg(finish(program, &err) == PROGRAM_DONE, "%s", err.text);
    ck_assert_slice(secret_slice(program_secret(program)), secret);
    program_free(program);
}

TEST(errand, what_the_program_prints_is_the_password)
{
    start_server();
    must_print("echo hunter2", "hunter2");
    must_print("printf 'abcd efgh ijkl mnop'", "abcdefghijklmnop");
    end_server();
}

TEST(errand, how_it_ends_is_told)
{
    start_server();
    must_fail("echo locked >&2; exit 3",
              "'/bin/pass' ended with status 3 and said: locked");
    must_fail("kill -9 $$", "'/bin/pass' was ended by signal 9");
    must_fail("exit 0", "printed no password");
    must_fail("yes", "printed more than a password can be");
    end_server();
}

TEST(errand, what_cannot_be_started_is_told)
{
    start_server();
    must_fail("nobody", "'/bin/pass' cannot be started");
    must_fail("nowhere", "'/bin/pass' cannot be started");
    must_fail("", "no command has a name of 0 bytes");
    end_server();
}

TEST(errand, a_reload_changes_what_is_run)
{
    start_server();
    must_print("echo hunter2", "hunter2");
    errand_reload(door);
    must_print("echo hunter2", "anew");
    end_server();
}

/** Wait until the other end of the pipe is closed by all who had it. */
static void must_hang_up(int fd)
{
    struct pollfd look = { .fd = fd };
    while (poll(&look, 1, 60 * 1000) < 0)
        continue;
    ck_assert(look.revents & POLLHUP);
}

/** A program that has a pipe of ours open, until it ends. */
static struct program *start_holder(int held[2], char *name, size_t size)
{
    ck_assert_int_eq(pipe(held), 0);
    start_server(); /* it has the pipe from here on, and its programs, too */
    snprintf(name, size, "exec sleep 1000 >&%d", held[1]);
    close(held[1]);
    return send_for(name);
}

TEST(errand, a_program_that_nobody_waits_for_is_ended)
{
    int held[2];
    char name[ERRAND_NAME_BYTES];
    struct err err = { 0 };
    struct program *program = start_holder(held, name, sizeof name);
    ck_assert_int_eq(program_step(program, now_real(), &err), PROGRAM_RUNS);
    program_free(program);
    must_print("echo hunter2", "hunter2"); /* the server goes on */
    end_server();
    must_hang_up(held[0]);
    close(held[0]);
}

TEST(errand, with_who_asks_goes_what_still_runs)
{
    int held[2];
    char name[ERRAND_NAME_BYTES];
    struct program *program = start_holder(held, name, sizeof name);
    end_server();
    must_hang_up(held[0]);
    program_free(program);
    close(held[0]);
}

TEST(errand, without_a_server_the_program_is_lost)
{
    start_server();
    kill(server, SIGKILL);
    ck_assert_int_eq(waitpid(server, NULL, 0), server);
    must_fail("echo hunter2", "who runs the commands cannot be asked");
    close(door);
}
