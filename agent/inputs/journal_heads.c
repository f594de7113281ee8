/** The first bytes of each file; there are at most some hundreds. */
#include "agent/inputs/journal_heads.h"

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* struct Header: where its members stand. */
enum { SEQUENCE_AT = 72, SEQUENCE_BYTES = 16, TAIL_AT = 160, HEAD_AT = 168 };
enum { HEADER_BYTES = HEAD_AT + 8 };

/** A search for the file that begins with @number, or else the next one. */
struct search {
    struct slice sequence;
    uint64_t number;
    uint64_t next, newest; /* the first number behind it; the last of all */
    bool is_found;
};

static uint64_t number_at(const unsigned char *bytes, size_t at)
{
    uint64_t number;
    memcpy(&number, bytes + at, sizeof number);
    return le64toh(number);
}

static bool read_header(int folder, const char *name, unsigned char *bytes)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : pread(fd, bytes, HEADER_BYTES, 0);
    if (fd >= 0)
        close(fd);
    return got == HEADER_BYTES;
}

static bool is_of_sequence(const unsigned char *header, struct slice sequence)
{
    char text[2 * SEQUENCE_BYTES + 1];
    for (int i = 0; i < SEQUENCE_BYTES; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", header[SEQUENCE_AT + i]);
    return slice_equal(slice_of(text), sequence);
}

static void search_file(struct search *search, int folder, const char *name)
{
    unsigned char header[HEADER_BYTES];
    if (!read_header(folder, name, header)) {
        search->is_found = true;
        return;
    }
    uint64_t head = number_at(header, HEAD_AT), tail = number_at(header, TAIL_AT);
    if (!is_of_sequence(header, search->sequence))
        return;
    search->is_found |= head == search->number;
    if (head > search->number && head < search->next)
        search->next = head;
    if (tail > search->newest)
        search->newest = tail;
}

static void search_folder(struct search *search, const char *path)
{
    struct dirent *entry;
    DIR *folder = opendir(path);
    while (folder && (entry = readdir(folder)) != NULL) {
        if (journal_folders_is_file(entry->d_name))
            search_file(search, dirfd(folder), entry->d_name);
    }
    if (folder)
        closedir(folder);
}

bool journal_heads_have(struct journal_heads *heads,
                        const struct journal_folders *folders, struct slice sequence,
                        uint64_t number)
{
    struct search search = { sequence, number, UINT64_MAX, 0, false };
    if (slice_equal(slice_of(heads->sequence), sequence) && heads->from <= number &&
        number < heads->until)
        return false;
    for (size_t i = 0; i < folders->count; i++)
        search_folder(&search, folders->items[i]);
    if (search.is_found)
        return true;
    snprintf(heads->sequence, sizeof heads->sequence, "%.*s", SLICE_ARG(sequence));
    heads->from = number;
    /* A file that comes later begins behind everything that stands in one now. */
    heads->until = search.next < UINT64_MAX ? search.next : search.newest + 1;
    return false;
}
