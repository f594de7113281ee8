/** backup: a copy of the store. The agent makes it beside the store, between two
 *  transactions, and this command takes it where it is wanted: the agent itself may
 *  write nowhere else. Without an agent the store is opened here. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/limits.h"
#include "agent/cli.h"
#include "agent/config.h"
#include "agent/control.h"
#include "agent/state.h"

enum { PIECE_BYTES = 256 * 1024 };

/** As an agent would, in its absence. */
static bool copy_here(const struct config *config, struct arena *arena, char **path,
                      struct err *err)
{
    struct state_news news = { 0 };
    struct clock_source clock = clock_real();
    const struct state_place place = {
        .folder = arena_text(arena, config->state_dir.value),
        .stops_when_damaged = true,
    };
    const char *store = arena_printf(arena, "%s/tocsin.db", place.folder);
    if (access(store, F_OK) != 0)
        return err_set_errno(err, "there is no store '%s'", store);
    *path = arena_printf(arena, "%s/backup.db", place.folder);
    struct db *db = state_open(&place, clock_read(&clock), &news, err);
    bool ok = db && state_backup(db, *path, err);
    db_close(db);
    return ok;
}

/** The agent answers with the path of the copy. Nobody there: it is made here. */
static bool make_copy(const struct config *config, struct arena *arena, char **path,
                      struct err *err)
{
    struct buf answer = buf_make(PATH_MAX);
    const char *socket = arena_text(arena, config->control.value);
    bool is_running = access(socket, F_OK) == 0;
    bool ok = is_running && control_ask(socket, SLICE("backup"), &answer, err);
    *path = arena_text(arena, slice_trim(buf_slice(&answer)));
    buf_free(&answer);
    if (ok)
        return true;
    struct err first = *err;
    if (copy_here(config, arena, path, err))
        return true;
    /* Another instance holds it: then what the agent said is what matters. */
    if (is_running && err->kind == ERR_BUSY)
        *err = first;
    return false;
}

static bool copy_bytes(int from, int to)
{
    char *piece = mem_grow(NULL, PIECE_BYTES, 1);
    ssize_t len;
    bool ok = true;
    while (ok && (len = read(from, piece, PIECE_BYTES)) > 0)
        ok = write(to, piece, (size_t)len) == len;
    free(piece);
    return ok && len == 0 && fsync(to) == 0;
}

/** Move @from to @to, which may be on another file system and must not exist. */
static bool bring(const char *from, const char *to, struct err *err)
{
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = false;
    if (in < 0)
        err_set_errno(err, "the copy '%s' cannot be read", from);
    else if (out < 0)
        err_set_errno(err, "'%s' cannot be made", to);
    else
        ok = copy_bytes(in, out) || err_set_errno(err, "'%s' cannot be written", to);
    if (out >= 0 && !ok)
        (void)unlink(to);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    (void)unlink(from);
    return ok;
}

static int back_up(const struct config *config, const char *to)
{
    struct arena arena = { 0 };
    struct err err = { 0 };
    char *path = NULL;
    int code = EX_OK;
    if (!make_copy(config, &arena, &path, &err) || !bring(path, to, &err))
        code = cli_fail(cli_exit_code(&err), "%s", err.text);
    arena_free(&arena);
    return code;
}

int cmd_backup(int argc, char **argv)
{
    const char *path = NULL;
    static const struct option longs[] = { { "config", required_argument, NULL, 'c' },
                                           { NULL, 0, NULL, 0 } };
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
        if (option != 'c')
            return cli_usage("backup");
        path = optarg;
    }
    if (optind + 1 != argc)
        return cli_usage("backup");
    struct buf complaints = buf_make(LIMIT_CONFIG_BYTES);
    struct config *config = config_load(path, &complaints, cli_wants_color(2));
    int code = EX_CONFIG;
    if (config)
        code = back_up(config, argv[optind]);
    else
        fputs(complaints.ptr ? complaints.ptr : "", stderr);
    buf_free(&complaints);
    config_free(config);
    return code;
}
