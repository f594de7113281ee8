/** Mails are read as bytes; three headers of each say all that is to be known. */
#include "tally.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

enum { BLOCK_BYTES = 65536 };

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    must(in != NULL);
    char *bytes = NULL;
    size_t capacity = 0, len = 0;
    for (;;) {
        bytes = mem_grow(bytes, capacity += BLOCK_BYTES, 1);
        size_t got = fread(bytes + len, 1, capacity - len - 1, in);
        len += got;
        if (got == 0)
            break;
    }
    bytes[len] = '\0';
    fclose(in);
    return bytes;
}

static struct slice header_of(const char *mail, const char *name)
{
    const char *at = strstr(mail, name);
    if (!at)
        return SLICE("");
    at += strlen(name);
    return slice_trim(slice_make(at, strcspn(at, "\r\n")));
}

static bool is_second_copy(struct tally *tally, char *mail)
{
    struct slice id = header_of(mail, "\nMessage-ID:");
    must(id.len > 0);
    const char *before = map_find(&tally->seen, id);
    if (!before) {
        map_put(&tally->seen, id, mail);
        return false;
    }
    bool is_same = strcmp(before, mail) == 0;
    tally->copies += is_same;
    tally->forged += !is_same;
    free(mail);
    return true;
}

static void add_mail(struct tally *tally, char *mail)
{
    if (is_second_copy(tally, mail))
        return;
    struct slice route = header_of(mail, "\nX-Tocsin-Route:");
    struct slice count = header_of(mail, "\nX-Tocsin-New-Count:");
    struct slice sum = header_of(mail, "\nX-Tocsin-Line-Hash-Sum:");
    must(count.len > 0 && sum.len == 16);
    tally->mails++;
    if (slice_equal(route, SLICE("posts"))) {
        tally->posted += strtoull(count.ptr, NULL, 10);
    } else if (!slice_equal(route, SLICE("self"))) {
        tally->count += strtoull(count.ptr, NULL, 10);
        tally->sum += strtoull(sum.ptr, NULL, 16);
    }
}

void tally_folder(struct tally *tally, const char *folder)
{
    DIR *dir = opendir(folder);
    must(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[PATH_MAX];
        if (!slice_ends(slice_of(entry->d_name), SLICE(".eml")))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        add_mail(tally, read_file(path));
    }
    closedir(dir);
}

void tally_clear(struct tally *tally)
{
    size_t at = 0;
    for (char *mail; (mail = map_next(&tally->seen, &at));)
        free(mail);
    map_free(&tally->seen);
    *tally = (struct tally){ 0 };
}
