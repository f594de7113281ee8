/**
 * The main of a fuzz target that is built without libFuzzer: it tries each file that is
 * named, and each in folders that are named.     NAME FILE|FOLDER...
 *
 * Each in a child of its own, so that one that aborts is told by name and the others
 * are tried all the same.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "fuzz.h"

#define SECONDS_AT_MOST 20

struct replay {
    unsigned passed, failed;
};

/** The exact bytes in memory of their own, so that a read past them is seen. */
static void try_file(const char *path)
{
    struct stat is;
    FILE *in = fopen(path, "rb");
    if (!in || fstat(fileno(in), &is) != 0) {
        perror(path);
        _exit(1);
    }
    uint8_t *bytes = mem_zalloc((size_t)is.st_size + 1);
    size_t len = fread(bytes, 1, (size_t)is.st_size, in);
    uint8_t *exact = malloc(len);
    if (len > 0)
        memcpy(exact, bytes, len);
    fclose(in);
    free(bytes);
    alarm(SECONDS_AT_MOST);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    exit(0);
}

static void replay_file(struct replay *replay, const char *path)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        try_file(path);
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
        WEXITSTATUS(status) == 0) {
        replay->passed++;
        return;
    }
    replay->failed++;
    if (WIFSIGNALED(status))
        printf("FAIL %s: %s\n", path, strsignal(WTERMSIG(status)));
    else
        printf("FAIL %s: exit %d\n", path, WEXITSTATUS(status));
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_path(struct replay *replay, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_shown, alphasort);
    if (count < 0) {
        replay_file(replay, path);
        return;
    }
    for (int i = 0; i < count; i++) {
        struct arena arena = { 0 };
        replay_file(replay, arena_printf(&arena, "%s/%s", path, entries[i]->d_name));
        arena_free(&arena);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    struct replay replay = { 0 };
    for (int i = 1; i < argc; i++)
        replay_path(&replay, argv[i]);
    if (replay.passed + replay.failed == 0) {
        printf("FAIL there is no input to replay\n");
        replay.failed++;
    }
    printf("%u passed, %u failed, 0 skipped\n", replay.passed, replay.failed);
    return replay.failed > 0;
}
