/**
 * Writes faster than a shell does; for tests/e2e/watching.sh.
 *
 *   watching append COUNT FILE...     COUNT lines to each, in turns, so that inotify
 *                                     cannot fold two events into one
 *   watching folders COUNT FOLDER     COUNT folders below it, a file with a line each
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/must.h"

enum { MAX_FILES = 16 };
static const char line[] = "the connection was refused\n";

static void write_line(int fd)
{
    must(fd >= 0 && write(fd, line, sizeof line - 1) == (ssize_t)sizeof line - 1);
}

static int open_log(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int append(long count, char **paths, int path_count)
{
    int fds[MAX_FILES];
    must(path_count <= MAX_FILES);
    for (int i = 0; i < path_count; i++)
        fds[i] = open_log(paths[i]);
    for (long n = 0; n < count * path_count; n++)
        write_line(fds[n % path_count]);
    for (int i = 0; i < path_count; i++)
        close(fds[i]);
    return 0;
}

static int make_folders(long count, const char *folder)
{
    char path[PATH_MAX];
    for (long i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%ld", folder, i);
        must(mkdir(path, 0755) == 0);
        snprintf(path, sizeof path, "%s/%ld/x.log", folder, i);
        int fd = open_log(path);
        write_line(fd);
        close(fd);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "append") == 0)
        return append(strtol(argv[2], NULL, 10), argv + 3, argc - 3);
    if (argc == 4 && strcmp(argv[1], "folders") == 0)
        return make_folders(strtol(argv[2], NULL, 10), argv[3]);
    fprintf(stderr, "usage: see the head of tests/e2e/watching.c\n");
    return 64;
}
