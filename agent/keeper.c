/** Two forks. What they share with the agent is the configuration it was started with.
 */
#include "agent/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/errand.h"
#include "agent/base/limits.h"
#include "agent/base/secret.h"
#include "agent/log_complaints.h"
#include "agent/sandbox.h"
#include "outputs/compiled.h"
#include "outputs/sender.h"

enum { CONTROL_FD = 3, PAUSE_MS = 1000 };

struct keeper {
    const struct keeper_setting *setting;
    const struct config *config; /* of the sender */
    struct config *own;          /* the same, when it was read again */
    uint32_t restarts;           /* senders that came after the first */
    int door;                    /* of who runs commands for the sender; 0: none */
    struct account asked;        /* that was found last, with the door */
    bool is_swappable;           /* what the sender keeps secret; the log was told */
};

static const struct account *account_of(const struct keeper *keeper, struct slice name)
{
    const struct outputs_config *outputs = keeper->config->compiled_outputs;
    for (size_t i = 0; i < outputs->account_count; i++)
        if (slice_equal(outputs->accounts[i].name, name))
            return &outputs->accounts[i];
    return NULL;
}

/** @return false when it has errors, which the agent has told: the old one stays. */
static bool read_again(struct keeper *keeper)
{
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config =
        config_load(keeper->setting->config_path, &complaints, false);
    buf_free(&complaints);
    if (!config)
        return false;
    config_free(keeper->own);
    keeper->config = keeper->own = config;
    return true;
}

/* --- the runner ------------------------------------------------------------------- */

/* Nobody knows what a password_command needs, and it inherits what its parent gave up.
 * So a process that has nothing but the configuration runs it for the sender, and knows
 * itself which program an account has. */

static const struct slice *words_of(void *ctx, struct slice name, size_t *count)
{
    const struct account *account = account_of(ctx, name);
    if (!account || account->login != LOGIN_COMMAND)
        return NULL;
    *count = account->command_count;
    return account->command;
}

static void reload_words(void *ctx)
{
    (void)read_again(ctx);
}

static void be_runner(struct keeper *keeper, int door)
{
    prctl(PR_SET_NAME, "tocsin-runner");
    close(CONTROL_FD); /* or the agent would take it for a sender */
    errand_serve(&(struct errand_world){ door, words_of, reload_words, keeper });
    _exit(0);
}

static bool has_command(const struct config *config)
{
    const struct outputs_config *outputs = config->compiled_outputs;
    for (size_t i = 0; i < outputs->account_count; i++)
        if (outputs->accounts[i].login == LOGIN_COMMAND)
            return true;
    return false;
}

/* Without one the sender would end, and be started again. */
static void start_runner(struct keeper *keeper)
{
    int ends[2];
    if (!keeper->config->sandbox || !has_command(keeper->config))
        return;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        _exit(1);
    pid_t pid = fork();
    if (pid < 0)
        _exit(1);
    if (pid == 0) {
        close(ends[0]);
        be_runner(keeper, ends[1]);
    }
    close(ends[1]);
    keeper->door = ends[0];
}

/* --- the sender ------------------------------------------------------------------- */

/** Only the keeper can start another one, with another sender. */
static void must_have_runner(const struct keeper *keeper)
{
    struct pollfd door = { .fd = keeper->door };
    if (poll(&door, 1, 0) > 0 && (door.revents & (POLLHUP | POLLERR)))
        _exit(1);
}

static const struct account *find_account(void *ctx, struct slice name)
{
    struct keeper *keeper = ctx;
    const struct account *account = account_of(keeper, name);
    if (!account)
        return NULL;
    if (account->login == LOGIN_COMMAND && keeper->door > 0)
        must_have_runner(keeper);
    keeper->asked = *account;
    keeper->asked.errand_door = keeper->door;
    return &keeper->asked;
}

static void warn_of_secrets(const struct keeper *keeper)
{
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    /* What is complained of is put into the configuration's arena, which is ours: after
     * the fork it is a copy. */
    config_probe_accounts((struct config *)(uintptr_t)keeper->config, &complaints,
                          false);
    log_complaints(keeper->setting->log, &complaints);
    buf_free(&complaints);
}

/* Once, not for each sender: whether it is can only change with a start. */
static void look_at_memory(struct keeper *keeper)
{
    struct err why = { 0 };
    if (secret_can_be_locked(&why))
        return;
    keeper->is_swappable = true;
    log_warning(keeper->setting->log,
                "%s: passwords and tokens may be swapped to the disk; raise the limit "
                "of locked memory (LimitMEMLOCK=, ulimit -l)",
                why.text);
}

/* The agent has complained of it already, and would not have asked for it. */
static void reload(void *ctx)
{
    struct keeper *keeper = ctx;
    if (keeper->door > 0)
        errand_reload(keeper->door);
    if (read_again(keeper))
        warn_of_secrets(keeper);
}

static struct sender_hello hello_of(const struct keeper *keeper,
                                    const struct sandbox *sandbox)
{
    struct clock_source clock = clock_real();
    struct sandbox_state state = sandbox_look(sandbox);
    return (struct sender_hello){
        .pid = getpid(),
        .began = clock_read(&clock),
        .restarts = keeper->restarts,
        .landlock = (uint32_t)state.landlock_abi,
        .is_swappable = keeper->is_swappable,
        .fences = (state.is_wanted ? SENDER_FENCE_WANTED : 0u) |
                  (keeper->door > 0 ? SENDER_FENCE_COMMAND : 0u) |
                  (state.has_filter ? SENDER_FENCE_SECCOMP : 0u),
    };
}

static void serve(struct keeper *keeper)
{
    if (keeper->restarts > 0) /* the agent may have taken a later one meanwhile */
        (void)read_again(keeper);
    start_runner(keeper);
    const struct link_ops *links = links_curl();
    struct sandbox *sandbox = sandbox_create();
    warn_of_secrets(keeper);
    sandbox_shut(sandbox, keeper->config, SANDBOX_SENDER, keeper->setting->log);
    const struct sender_hello hello = hello_of(keeper, sandbox);
    sender_serve(&(struct sender_world){ .control = CONTROL_FD,
                                         .hello = &hello,
                                         .links = links,
                                         .clock = clock_real(),
                                         .account = find_account,
                                         .reload = reload,
                                         .ctx = keeper });
    links_curl_free(links);
    sandbox_free(sandbox);
    config_free(keeper->own);
}

static void be_sender(struct keeper *keeper, pid_t parent)
{
    prctl(PR_SET_NAME, "tocsin-sender");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        serve(keeper);
    _exit(0);
}

/* --- the keeper ------------------------------------------------------------------- */

static void tell(struct log_sink *log, int status)
{
    if (WIFSIGNALED(status))
        log_warning(log,
                    "the mail sender was ended by signal %d and is started again; a "
                    "mail that was under way is in doubt",
                    WTERMSIG(status));
    else
        log_warning(log,
                    "the mail sender ended with status %d and is started again; a mail "
                    "that was under way is in doubt",
                    WEXITSTATUS(status));
}

/** @return false when the agent is gone; it is waited for that at most PAUSE_MS. */
static bool pause_a_moment(void)
{
    struct pollfd control = { .fd = CONTROL_FD };
    return poll(&control, 1, PAUSE_MS) <= 0;
}

/** Nobody should look for a process that is gone. What cannot be said is no loss: the
 *  next sender says it, in a moment. */
static void say_gone(const struct keeper *keeper)
{
    const struct sender_hello hello = { .restarts = keeper->restarts };
    (void)!send(CONTROL_FD, &hello, sizeof hello, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void keep(struct keeper *keeper)
{
    int status = 0;
    do {
        pid_t self = getpid(), sender = fork();
        if (sender == 0)
            be_sender(keeper, self);
        if (sender > 0 && waitpid(sender, &status, 0) == sender && WIFEXITED(status) &&
            WEXITSTATUS(status) == 0)
            return;
        if (sender > 0) {
            keeper->restarts++;
            say_gone(keeper);
            tell(keeper->setting->log, status);
        }
    } while (pause_a_moment());
}

/** Nothing of the agent's stays open but standard error. */
static void let_go(int control)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    if (control == CONTROL_FD)
        fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
    else
        dup3(control, CONTROL_FD, O_CLOEXEC);
    close_range(CONTROL_FD + 1, ~0u, 0);
}

static void be_keeper(const struct keeper_setting *setting, int control)
{
    static const int of_the_agent[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE };
    struct keeper keeper = { .setting = setting, .config = setting->config };
    prctl(PR_SET_NAME, "tocsin-keeper");
    for (size_t i = 0; i < sizeof of_the_agent / sizeof *of_the_agent; i++)
        signal(of_the_agent[i], SIG_IGN);
    let_go(control);
    look_at_memory(&keeper);
    keep(&keeper);
    _exit(0);
}

int keeper_start(const struct keeper_setting *setting, struct err *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        err_set_errno(err, "no socket for the mail sender");
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        be_keeper(setting, ends[1]);
    close(ends[1]);
    if (pid > 0)
        return ends[0];
    err_set_errno(err, "the mail sender cannot be started");
    close(ends[0]);
    return -1;
}
