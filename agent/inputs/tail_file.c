/** One generation of a file: its names and its numbers. */
#include "agent/inputs/tail_file.h"

#include <stdlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"

struct tail_file *tail_file_create(const struct source *source,
                                   const struct source_config *config, const char *path)
{
    struct tail_file *file = mem_zalloc(sizeof *file);
    file->source = source;
    file->config = config;
    file->path = mem_copy_text(path);
    file->fd = -1;
    file->read_size = -1;
    return file;
}

void tail_file_free(struct tail_file *file)
{
    if (!file)
        return;
    must(file->fd < 0 && !file->is_queued);
    if (file->place != file->path)
        free(file->place);
    free(file->path);
    free(file->home);
    free(file);
}

void tail_file_set_place(struct tail_file *file, const char *place)
{
    char *old = file->place != file->path ? file->place : NULL;
    bool is_same = place && strcmp(place, file->path) == 0;
    file->place = !place ? NULL : is_same ? file->path : mem_copy_text(place);
    free(old);
}

void tail_file_set_path(struct tail_file *file, const char *path)
{
    if (strcmp(path, file->path) == 0)
        return;
    /* Whoever borrowed the place goes on borrowing it: maps have it as a key. */
    char *old = file->place != file->path ? file->path : NULL;
    bool is_place =
        file->place && file->place != file->path && strcmp(path, file->place) == 0;
    file->path = is_place ? file->place : mem_copy_text(path);
    free(old);
}

void tail_file_continue(struct tail_file *to, const struct tail_file *from)
{
    struct identity numbers = to->id;
    to->id = from->id;
    to->id.device = numbers.device;
    to->id.inode = numbers.inode;
    to->id.birth = numbers.birth;
    to->id.generation = numbers.generation;
    to->offset = from->offset;
    to->ledger = from->ledger;
    to->encoding = from->encoding;
    to->is_in_long_line = from->is_in_long_line;
    to->is_dirty = true;
}

void tail_file_forget_seen(struct tail_file *file)
{
    must(file->offset == 0);
    file->seen_bytes = file->peak_bytes = 0;
    file->is_dirty = true;
}

void tail_file_restart(struct tail_file *file)
{
    file->ledger = (struct ledger){ 0 };
    file->encoding = ENCODING_UNKNOWN;
    identity_forget_content(&file->id);
    file->offset = 0;
    tail_file_forget_seen(file);
    file->is_in_long_line = false;
    file->wants_end = false;
    file->read_size = -1;
    file->is_dirty = true;
}

int64_t tail_file_waiting(const struct tail_file *file)
{
    int64_t offset = tail_file_settled(file);
    int64_t top =
        file->peak_bytes > file->size_bytes ? file->peak_bytes : file->size_bytes;
    return top > offset ? top - offset : 0;
}

void tail_file_knows(struct tail_file *file, int64_t ns)
{
    if (ns <= file->known_ns)
        return;
    file->known_ns = ns;
    /* Of a file without content it is all that tells it from its copies. */
    file->is_dirty |= file->offset == 0;
}
