/** Windows over a file, and every byte of them accounted for. */
#include "agent/inputs/tail_read.h"

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "agent/inputs/lines.h"
#include "agent/inputs/unpack.h"
#include "agent/inputs/utf16.h"

/** Read up to @size bytes at @offset, over short reads. @return bytes, -1 on error. */
static ssize_t read_fully(struct tail_reader *reader, int fd, size_t size,
                          int64_t offset, struct err *err)
{
    size_t got = 0;
    while (got < size) {
        ssize_t n = reader->fs->read_at(reader->fs->ctx, fd, reader->buffer + got,
                                        size - got, offset + (int64_t)got, err);
        if (n < 0) {
            reader->failures++;
            return -1;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

void tail_file_detach(const struct tail_file *file, struct archive_slot *archive)
{
    if (archive->owner != file)
        return;
    unpack_close(archive->unpack);
    *archive = (struct archive_slot){ 0 };
}

/** As read_fully(), of what is inside when it lies in an archive. */
static ssize_t read_inside(struct tail_file *file, struct tail_reader *reader,
                           size_t size, int64_t offset, struct err *err)
{
    struct archive_slot *archive = reader->archive;
    if (!file->is_packed)
        return read_fully(reader, file->fd, size, offset, err);
    if (archive->owner && archive->owner != file) {
        err_set(err, ERR_BUSY, "another archive is read first");
        return -1;
    }
    if (!archive->owner) {
        archive->owner = file;
        archive->unpack = unpack_open(reader->fs, file->fd, slice_of(file->place));
        unpack_allow(archive->unpack, LIMIT_UNPACK_TURN_BYTES);
    }
    return unpack_read_at(archive->unpack, reader->buffer, size, offset, err);
}

/** One read: @lead bytes that are known, then new ones. */
struct window {
    int64_t offset; /**< of the first byte of the buffer */
    size_t lead, len;
    bool is_full;
};

/** Are those the bytes that were seen, if any were? Perhaps more stand there now. */
static bool begins_as_seen(const struct tail_file *file, struct slice head)
{
    size_t seen = (size_t)file->seen_bytes;
    return head.len >= seen &&
           (seen == 0 || hash_bytes(slice_make(head.ptr, seen)) == file->seen_hash);
}

static enum tail_read window_read(struct tail_file *file, struct tail_reader *reader,
                                  struct window *window, struct err *err)
{
    reader->buffer = intake_room(reader->intake, TAIL_BUFFER_BYTES, reader->own_buffer);
    window->lead = identity_tail_length(file->offset);
    window->offset = file->offset - (int64_t)window->lead;
    ssize_t got = read_inside(file, reader, window->lead + LIMIT_BLOCK_BYTES,
                              window->offset, err);
    if (got < 0)
        return TAIL_READ_FAILED;
    window->len = (size_t)got;
    window->is_full = window->len == window->lead + LIMIT_BLOCK_BYTES;
    if (window->len < window->lead ||
        !identity_match_tail(&file->id, slice_make(reader->buffer, window->lead)))
        return TAIL_READ_CHANGED;
    if (file->offset == 0 &&
        !begins_as_seen(file, slice_make(reader->buffer, window->len)))
        return TAIL_READ_CHANGED;
    if (file->peak_bytes < file->size_bytes)
        file->peak_bytes = file->size_bytes;
    return TAIL_READ_MORE;
}

static void advance(struct tail_file *file, struct tail_reader *reader,
                    const struct window *window, size_t used)
{
    struct slice bytes = slice_make(reader->buffer, window->lead + used);
    file->offset += (int64_t)used;
    file->seen_bytes = 0;
    identity_note(&file->id, bytes, window->offset, file->offset);
    reader->tally->bytes_read += used;
    file->is_dirty = true;
}

/** Every byte that was used has a reason. */
static void account_for(struct tail_file *file, struct tail_reader *reader,
                        const struct line_feed *fed, size_t used)
{
    int64_t nul = (int64_t)fed->nul_bytes, hole = (int64_t)fed->hole_bytes;
    int64_t rest = (int64_t)fed->rest_bytes;
    ledgers_count(reader->ledgers, &file->ledger, REASON_HOLE, hole);
    ledgers_count(reader->ledgers, &file->ledger, REASON_LONG_LINE, rest);
    ledgers_count(reader->ledgers, &file->ledger, REASON_READ,
                  (int64_t)used - nul - hole - rest);
    if (nul == 0)
        return;
    reader->tally->lost_bytes += (uint64_t)nul;
    ledgers_lose(reader->ledgers, &file->ledger, file->path, REASON_NUL, nul,
                 reader->now);
}

/** Say how the bytes are text, once enough of them are there. @return false: wait. */
static bool know_encoding(struct tail_file *file, struct slice head, bool is_final)
{
    if (file->encoding != ENCODING_UNKNOWN)
        return true;
    if (file->config->encoding != ENCODING_UNKNOWN)
        file->encoding = (enum encoding)file->config->encoding;
    else if (file->offset > 0)
        file->encoding = ENCODING_BYTES;
    else if (head.len == 1 && (unsigned char)head.ptr[0] >= 0xfe && !is_final)
        return false;
    else if (slice_starts(head, SLICE("\xff\xfe")))
        file->encoding = ENCODING_UTF16_LE;
    else if (slice_starts(head, SLICE("\xfe\xff")))
        file->encoding = ENCODING_UTF16_BE;
    else
        file->encoding = ENCODING_BYTES;
    return true;
}

static size_t feed_encoded(const struct tail_file *file, struct line_feed *to,
                           struct slice bytes, bool is_full, bool is_final)
{
    if (file->encoding == ENCODING_BYTES)
        return lines_feed(to, bytes, is_full, is_final);
    return utf16_feed(to, bytes, file->encoding == ENCODING_UTF16_BE, is_full,
                      is_final);
}

static size_t feed_window(struct tail_file *file, struct tail_reader *reader,
                          const struct window *window, bool is_final)
{
    struct line_feed to = { .feed = reader->intake->block,
                            .ctx = reader->intake->ctx,
                            .source = file->source,
                            .path = slice_of(file->path),
                            .offset = file->offset,
                            .is_in_long_line = file->is_in_long_line,
                            .is_after_line = window->lead > 0 &&
                                             reader->buffer[window->lead - 1] == '\n' };
    struct slice fresh =
        slice_make(reader->buffer + window->lead, window->len - window->lead);
    if (!know_encoding(file, fresh, is_final))
        return 0;
    size_t used =
        feed_encoded(file, &to, fresh, window->is_full, is_final && !window->is_full);
    file->is_in_long_line = to.is_in_long_line;
    reader->tally->cut_lines += to.cut_count;
    account_for(file, reader, &to, used);
    if (used > 0)
        advance(file, reader, window, used);
    return used;
}

/** Does the new part begin with a NUL where a line should begin? */
static bool begins_with_nul(const struct tail_file *file,
                            const struct tail_reader *reader,
                            const struct window *window)
{
    return !file->is_in_long_line && file->encoding <= ENCODING_BYTES &&
           window->len > window->lead && reader->buffer[window->lead] == '\0';
}

/** Jump over a hole. @return true when the offset moved; the bytes before it are then
 *  unknown until the next read. A hole up to the end stays: it may yet be filled. */
static bool skip_hole(struct tail_file *file, struct tail_reader *reader)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = reader->fs;
    if (file->is_packed)
        return false;
    int64_t data = fs->next_data(fs->ctx, file->fd, file->offset);
    if (data <= file->offset || !fs->fstat(fs->ctx, file->fd, &stat, &err) ||
        data >= stat.size_bytes)
        return false;
    ledgers_count(reader->ledgers, &file->ledger, REASON_HOLE, data - file->offset);
    file->offset = data;
    file->seen_bytes = 0;
    file->id.tail_bytes = 0;
    file->is_dirty = true;
    return true;
}

static bool is_only_hole(const struct tail_file *file, const struct tail_reader *reader)
{
    struct err err;
    struct fs_stat stat;
    const struct fs *fs = reader->fs;
    return !file->is_packed && fs->fstat(fs->ctx, file->fd, &stat, &err) &&
           fs->next_data(fs->ctx, file->fd, file->offset) >= stat.size_bytes;
}

/** It was cut to @size_bytes, but is the same so far: what was not read behind the
 *  offset is lost, and told. */
static void shrink(struct tail_file *file, struct tail_reader *reader,
                   int64_t size_bytes)
{
    int64_t top = file->peak_bytes > file->offset ? file->peak_bytes : file->offset;
    int64_t unread = top - (file->offset > size_bytes ? file->offset : size_bytes);
    file->ledger.gone += top - size_bytes;
    file->peak_bytes = size_bytes;
    file->is_dirty = true;
    if (unread == 0)
        return;
    reader->tally->lost_bytes += (uint64_t)unread;
    ledgers_lose(reader->ledgers, &file->ledger, file->path, REASON_TRUNCATED, unread,
                 reader->now);
}

/** The window is all there is, and nothing of it was read. A hole may yet be filled. */
static void note_seen(struct tail_file *file, const struct tail_reader *reader,
                      const struct window *window)
{
    if (file->offset > 0 || file->is_packed || begins_with_nul(file, reader, window))
        return;
    file->seen_bytes = (int64_t)window->len;
    file->seen_hash = hash_bytes(slice_make(reader->buffer, window->len));
}

static enum tail_read read_on(struct tail_file *file, struct tail_reader *reader,
                              size_t budget, bool is_final, struct err *err)
{
    size_t read = 0;
    while (read < budget && !(read > 0 && intake_has_enough(reader->intake))) {
        struct window window;
        enum tail_read result = window_read(file, reader, &window, err);
        if (result == TAIL_READ_FAILED && file->is_packed && err->kind == ERR_BUSY)
            return TAIL_READ_MORE;
        if (result != TAIL_READ_MORE)
            return result;
        size_t used = 0;
        if (begins_with_nul(file, reader, &window)) {
            if (skip_hole(file, reader))
                continue;
            if (!is_only_hole(file, reader))
                used = feed_window(file, reader, &window, is_final);
        } else {
            used = feed_window(file, reader, &window, is_final);
        }
        read += used;
        if (!window.is_full || used == 0) {
            file->read_size = window.offset + (int64_t)window.len;
            file->size_bytes = file->read_size;
            if (file->peak_bytes < file->size_bytes)
                file->peak_bytes = file->size_bytes;
            file->read_modified_ns = file->modified_ns;
            note_seen(file, reader, &window);
            tail_file_knows(file, file->modified_ns);
            if (file->peak_bytes > file->size_bytes)
                shrink(file, reader, file->size_bytes);
            return TAIL_READ_END;
        }
    }
    return TAIL_READ_MORE;
}

enum tail_read tail_file_read(struct tail_file *file, struct tail_reader *reader,
                              size_t budget, bool is_final, struct err *err)
{
    enum tail_read result = read_on(file, reader, budget, is_final, err);
    /* What was lent may be scanned yet. */
    reader->buffer = reader->own_buffer;
    return result;
}

bool tail_file_seek(struct tail_file *file, struct tail_reader *reader, int64_t offset,
                    struct err *err)
{
    size_t head = offset < HEAD_BYTES ? (size_t)offset : (size_t)HEAD_BYTES;
    size_t tail = identity_tail_length(offset);
    err_set(err, ERR_IO, "'%s' is shorter than it was", file->path);
    identity_forget_content(&file->id);
    if (read_fully(reader, file->fd, head, 0, err) != (ssize_t)head)
        return false;
    identity_note(&file->id, slice_make(reader->buffer, head), 0, (int64_t)head);
    if (read_fully(reader, file->fd, tail, offset - (int64_t)tail, err) !=
        (ssize_t)tail)
        return false;
    identity_note(&file->id, slice_make(reader->buffer, tail), offset - (int64_t)tail,
                  offset);
    file->offset = offset;
    file->seen_bytes = 0;
    file->is_dirty = true;
    return true;
}

/** Behind the last whole line in @bytes, which begin at an even offset when that
 *  matters; 0: there is none. */
static size_t last_line_end(const struct tail_file *file, struct slice bytes)
{
    if (file->encoding > ENCODING_BYTES)
        return utf16_last_line_end(bytes, file->encoding == ENCODING_UTF16_BE);
    const char *last = bytes.len > 0 ? memrchr(bytes.ptr, '\n', bytes.len) : NULL;
    return last ? (size_t)(last - bytes.ptr) + 1 : 0;
}

/** Start of the line that the byte before @end belongs to, or @end with *@is_long set
 *  when it begins too far back; -1 on error. */
static int64_t line_start(struct tail_file *file, struct tail_reader *reader,
                          int64_t end, bool *is_long, struct err *err)
{
    if (file->encoding > ENCODING_BYTES)
        end -= end % 2;
    size_t len = end > LIMIT_LINE_BYTES ? LIMIT_LINE_BYTES + 2 : (size_t)end;
    int64_t from = end - (int64_t)len;
    *is_long = false;
    ssize_t got = read_fully(reader, file->fd, len, from, err);
    if (got < 0)
        return -1;
    size_t whole = last_line_end(file, slice_make(reader->buffer, (size_t)got));
    if (whole > 0)
        return from + (int64_t)whole;
    *is_long = from > 0;
    return from > 0 ? end : 0;
}

bool tail_file_seek_end(struct tail_file *file, struct tail_reader *reader,
                        struct err *err)
{
    bool is_long;
    ssize_t head = read_fully(reader, file->fd, 2, 0, err);
    if (head < 0)
        return false;
    int64_t offset = file->offset;
    file->offset = 0;
    file->encoding = ENCODING_UNKNOWN;
    (void)know_encoding(file, slice_make(reader->buffer, (size_t)head), true);
    file->offset = offset;
    int64_t start = line_start(file, reader, file->offset, &is_long, err);
    if (start < 0 || !tail_file_seek(file, reader, start, err))
        return false;
    ledgers_count(reader->ledgers, &file->ledger,
                  file->state == TAIL_COPY ? REASON_COPY : REASON_OLD, start);
    file->is_in_long_line = is_long;
    file->wants_end = false;
    return true;
}

int tail_open_to_compare(struct tail_reader *reader, const char *path,
                         struct fs_stat *stat)
{
    struct err err = { 0 };
    int fd = reader->fs->open(reader->fs->ctx, path, stat, &err);
    if (fd < 0 && err.kind != ERR_MISSING && err.kind != ERR_INVALID)
        reader->failures++;
    return fd;
}

int tail_head_matches(struct tail_reader *reader, int fd, const struct identity *id,
                      int64_t size)
{
    struct err err;
    size_t want = size < HEAD_BYTES ? (size_t)size : (size_t)HEAD_BYTES;
    ssize_t got = read_fully(reader, fd, want, 0, &err);
    if (got < 0)
        return -1;
    return identity_match_head(id, slice_make(reader->buffer, (size_t)got));
}

bool tail_seen_matches(struct tail_reader *reader, int fd, const struct tail_file *file)
{
    struct err err;
    ssize_t got = read_fully(reader, fd, (size_t)file->seen_bytes, 0, &err);
    return got > 0 && begins_as_seen(file, slice_make(reader->buffer, (size_t)got));
}

bool tail_content_matches(struct tail_reader *reader, int fd, const struct identity *id,
                          int64_t offset)
{
    struct err err;
    size_t tail = identity_tail_length(offset);
    must(offset > 0);
    if (id->tail_bytes != (int64_t)tail ||
        tail_head_matches(reader, fd, id, HEAD_BYTES) < 0 ||
        read_fully(reader, fd, tail, offset - (int64_t)tail, &err) != (ssize_t)tail)
        return false;
    return identity_match_tail(id, slice_make(reader->buffer, tail));
}

static bool same_part(struct tail_reader *reader, const int fds[2], size_t len,
                      int64_t offset)
{
    struct err err;
    if (read_fully(reader, fds[0], len, offset, &err) != (ssize_t)len)
        return false;
    uint64_t hash = hash_bytes(slice_make(reader->buffer, len));
    if (read_fully(reader, fds[1], len, offset, &err) != (ssize_t)len)
        return false;
    return hash == hash_bytes(slice_make(reader->buffer, len));
}

bool tail_same_prefix(struct tail_reader *reader, int fd_a, int fd_b, int64_t size)
{
    int fds[2] = { fd_a, fd_b };
    size_t head = size < HEAD_BYTES ? (size_t)size : (size_t)HEAD_BYTES;
    size_t tail = identity_tail_length(size);
    return same_part(reader, fds, head, 0) &&
           same_part(reader, fds, tail, size - (int64_t)tail);
}

/** Is a file of @size bytes a number of whole lines? */
static bool ends_with_line(struct tail_file *file, struct tail_reader *reader,
                           int64_t size)
{
    struct err err;
    size_t len = size < 2 ? (size_t)size : 2;
    int64_t from = size - (int64_t)len;
    ssize_t got = read_fully(reader, file->fd, len, from, &err);
    return got == (ssize_t)len &&
           last_line_end(file, slice_make(reader->buffer, len)) == len;
}

/** Is it what was read, but ends at @stat's size? */
static bool is_cut_at(struct tail_file *file, struct tail_reader *reader,
                      const struct fs_stat *stat)
{
    int equal = tail_head_matches(reader, file->fd, &file->id, stat->size_bytes);
    bool is_sure = equal >= TAIL_CUT_PROOF_BYTES || stat->modified_ns <= file->known_ns;
    return equal > 0 && (is_sure || ends_with_line(file, reader, stat->size_bytes));
}

bool tail_file_shorten(struct tail_file *file, struct tail_reader *reader,
                       bool *is_doubtful)
{
    struct err err;
    struct fs_stat stat;
    struct identity known = file->id;
    int64_t offset = file->offset;
    const struct fs *fs = reader->fs;
    if (!fs->fstat(fs->ctx, file->fd, &stat, &err) || stat.size_bytes == 0 ||
        stat.size_bytes >= offset || !is_cut_at(file, reader, &stat))
        return false;
    if (!tail_file_seek(file, reader, stat.size_bytes, &err)) {
        file->id = known; /* or the next try would compare with nothing */
        return false;
    }
    /* A power cut is no change: the time of the file goes back with its size. */
    *is_doubtful = stat.modified_ns > file->known_ns;
    file->offset = offset; /* what is lost is counted from there */
    shrink(file, reader, stat.size_bytes);
    file->offset = stat.size_bytes;
    file->is_in_long_line = false;
    return true;
}
