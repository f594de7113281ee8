/** From a configuration to folders. */
#include "agent/sandbox_paths.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/landlock.h"
#include "agent/inputs/glob.h"
#include "agent/inputs/http/address.h"
#include "agent/inputs/journal_config.h"
#include "agent/inputs/scan.h"
#include "outputs/compiled.h"

enum { RECREATED_DEPTH = 3 };

/* What libraries read: names of hosts and their servers, certificates. Of /etc all,
 * because /etc/resolv.conf is replaced by a new file whenever a network changes, and a
 * rule stays with the old one. Secrets below it are root's, which we are not. */
static const char *const of_the_network[] = {
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/dev/null",
    "/dev/urandom",
    NULL,
};
/* Zones, the names of groups, what unpacks journals. */
static const char *const of_the_agent[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/machine-id",
    "/etc/localtime",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/proc/sys/kernel",
    "/dev/urandom",
    NULL,
};
static const char *const of_journals[] = { "/var/log", "/run/log", NULL };

/* --- paths ------------------------------------------------------------------------ */

/** Is @path @folder, or below it? */
static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    if (strcmp(folder, "/") == 0)
        return true;
    return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

bool sandbox_paths_cover(const struct sandbox_paths *paths, const char *path,
                         unsigned rights)
{
    for (size_t i = 0; i < paths->count; i++)
        if ((paths->items[i].rights & rights) == rights &&
            is_below(path, paths->items[i].path))
            return true;
    return false;
}

/** Where @path leads to, free of links. */
static bool find_real(const char *path, char *real, size_t size)
{
    char link[64];
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, real, size - 1);
    close(fd);
    if (len <= 0 || real[0] != '/')
        return false;
    real[len] = '\0';
    return true;
}

/** Cut the last piece off. @return false when nothing is left to cut. */
static bool cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash || path[1] == '\0')
        return false;
    slash[slash == path] = '\0';
    return true;
}

static size_t depth_of(const char *path)
{
    size_t depth = 0;
    for (; *path; path++)
        depth += *path == '/' && path[1] != '\0';
    return depth;
}

static void add_real(struct sandbox_paths *paths, const char *real, unsigned rights)
{
    if (sandbox_paths_cover(paths, real, rights))
        return;
    if (paths->count == LIMIT_SANDBOX_PATHS) {
        paths->overflowed = true;
        return;
    }
    const char *copy = arena_text(&paths->arena, slice_of(real));
    paths->items[paths->count++] = (struct sandbox_path){ copy, rights };
}

/** @path, or the deepest folder above it that there is. @return false: "there is no
 *  folder above a relative path". */
static bool find_there(const char *path, char *real, size_t size)
{
    char at[PATH_MAX];
    if (snprintf(at, sizeof at, "%s", path) >= (int)sizeof at)
        return false;
    while (!find_real(at, real, size))
        if (!cut_last(at))
            return find_real(at[0] == '/' ? "/" : ".", real, size);
    return true;
}

static void add(struct sandbox_paths *paths, const char *path, unsigned rights)
{
    char real[PATH_MAX];
    if (find_there(path[0] ? path : ".", real, sizeof real))
        add_real(paths, real, rights);
}

/** The folder of a file: the file may be replaced by a new one. */
static void add_folder_of(struct sandbox_paths *paths, struct slice file,
                          unsigned rights)
{
    char path[PATH_MAX], real[PATH_MAX];
    if (file.len == 0 || file.len >= sizeof path)
        return;
    memcpy(path, file.ptr, file.len);
    path[file.len] = '\0';
    if (rights == LANDLOCK_READ && find_real(path, real, sizeof real) && cut_last(real))
        add_real(paths, real, rights);
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    add(paths, slash ? path : ".", rights);
}

/* --- logs ------------------------------------------------------------------------- */

static void add_watched(struct sandbox_paths *paths, const char *folder)
{
    char real[PATH_MAX];
    if (!find_there(folder, real, sizeof real))
        return;
    if (paths->is_wide && depth_of(real) >= RECREATED_DEPTH)
        cut_last(real);
    add_real(paths, real, LANDLOCK_READ);
}

static void see_folder(void *ctx, const char *path)
{
    add_watched(ctx, path[0] ? path : ".");
}

/** What a link leads to is elsewhere. */
static void see_file(void *ctx, const char *path)
{
    char real[PATH_MAX];
    if (find_real(path, real, sizeof real) && cut_last(real) &&
        !sandbox_paths_cover(ctx, real, LANDLOCK_READ))
        add_watched(ctx, real);
}

/** The folder that stands before the first wildcard. */
static void add_pattern(struct sandbox_paths *paths, struct slice pattern)
{
    const struct scan_visitor visitor = { see_folder, see_file, paths };
    struct fs fs = fs_real();
    struct slice rest = pattern, piece;
    size_t plain = 0;
    while (slice_next(&rest, '/', &piece) && rest.len > 0 && !glob_has_wildcard(piece))
        plain = (size_t)(rest.ptr - pattern.ptr) - 1;
    const char *folder = arena_text(&paths->arena, slice_make(pattern.ptr, plain));
    bool is_root = plain == 0 && slice_starts(pattern, SLICE("/"));
    add_watched(paths, is_root ? "/" : plain == 0 ? "." : folder);
    scan_walk(&fs, pattern, &visitor);
}

static void add_sources(struct sandbox_paths *paths, const struct config *config)
{
    const struct source_config *sources = config->sources.items;
    for (size_t i = 0; i < config->sources.count; i++) {
        const struct journal_config *journal = sources[i].journal;
        for (size_t k = 0; k < sources[i].files.count; k++)
            add_pattern(paths, sources[i].files.items[k].value);
        if (journal && journal->directory.value.len > 0)
            add(paths, arena_text(&paths->arena, journal->directory.value),
                LANDLOCK_READ);
        for (size_t k = 0; journal && of_journals[k]; k++)
            add(paths, of_journals[k], LANDLOCK_READ);
    }
}

/* --- the rest --------------------------------------------------------------------- */

static void add_http(struct sandbox_paths *paths, const struct http_config *http)
{
    const struct http_token_config *tokens = http->tokens.items;
    for (size_t i = 0; i < http->listen.count; i++) {
        struct http_address address;
        if (http_address_parse(http->listen.items[i].value, &address) &&
            address.is_unix)
            add_folder_of(paths, address.path, LANDLOCK_WRITE);
    }
    for (size_t i = 0; i < http->tokens.count; i++)
        add_folder_of(paths, tokens[i].file.value, LANDLOCK_READ);
    if (http->hmac)
        add_folder_of(paths, http->hmac->secret_file.value, LANDLOCK_READ);
    add_folder_of(paths, http->certificate.value, LANDLOCK_READ);
    add_folder_of(paths, http->key.value, LANDLOCK_READ);
}

static void add_accounts(struct sandbox_paths *paths, const struct config *config)
{
    const struct outputs_config *outputs = config->compiled_outputs;
    for (size_t i = 0; i < outputs->account_count; i++) {
        const struct account *account = &outputs->accounts[i];
        add_folder_of(paths, account->password_file,
                      account->login == LOGIN_CONSENT ? LANDLOCK_WRITE : LANDLOCK_READ);
        add_folder_of(paths, account->url_file, LANDLOCK_READ);
        add_folder_of(paths, account->ca_file, LANDLOCK_READ);
    }
}

/* A Maildir is made now, as it would be for its first mail: later it could not be. */
static void add_maildirs(struct sandbox_paths *paths, const struct config *config)
{
    const struct output_config *outputs = config->outputs.items;
    for (size_t i = 0; i < config->outputs.count; i++) {
        if (outputs[i].maildir.value.len == 0)
            continue;
        const char *path = arena_text(&paths->arena, outputs[i].maildir.value);
        (void)mkdir(path, 0700);
        add(paths, path, LANDLOCK_WRITE);
    }
}

static void add_configuration(struct sandbox_paths *paths, const struct config *config)
{
    for (const struct config_file *at = config->files; at; at = at->next)
        add_folder_of(paths, slice_of(at->path), LANDLOCK_READ);
}

static void add_further(struct sandbox_paths *paths, const struct conf_texts *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        add(paths, arena_text(&paths->arena, folders->items[i].value), LANDLOCK_READ);
}

static void add_those_there(struct sandbox_paths *paths, const char *const *list)
{
    for (; *list; list++)
        if (access(*list, F_OK) == 0)
            add(paths, *list, LANDLOCK_READ);
}

void sandbox_paths_of_agent(struct sandbox_paths *paths, const struct config *config,
                            bool is_wide)
{
    paths->is_wide = is_wide;
    add(paths, arena_text(&paths->arena, config->state_dir.value), LANDLOCK_WRITE);
    add_folder_of(paths, config->control.value, LANDLOCK_WRITE);
    add_maildirs(paths, config);
    add_those_there(paths, of_the_agent);
    add_configuration(paths, config);
    if (config->http)
        add_http(paths, config->http);
    if (config->spool)
        add(paths, arena_text(&paths->arena, config->spool->folder.value),
            LANDLOCK_WRITE);
    add_sources(paths, config);
    add_further(paths, &config->sandbox_read);
}

void sandbox_paths_of_sender(struct sandbox_paths *paths, const struct config *config)
{
    add_those_there(paths, of_the_network);
    add_configuration(paths, config);
    add_accounts(paths, config);
}

void sandbox_paths_free(struct sandbox_paths *paths)
{
    arena_free(&paths->arena);
    *paths = (struct sandbox_paths){ 0 };
}
