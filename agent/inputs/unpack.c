/** The window over a stream that is unpacked. */
#include "agent/inputs/unpack.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/inputs/codec.h"
#include "agent/inputs/identity.h"
#include "build.h"

enum {
    READ_BYTES = TAIL_BYTES + LIMIT_BLOCK_BYTES,
    STEP_BYTES = 64 * 1024,
    WINDOW_BYTES = READ_BYTES + STEP_BYTES,
};

static const struct codec *const codecs[] = {
#ifdef HAVE_ZLIB
    &codec_gzip,
#endif
#ifdef HAVE_ZSTD
    &codec_zstd,
#endif
    NULL,
};

struct unpack {
    const struct fs *fs;
    int fd;
    const struct codec *codec;
    void *state;
    int64_t in_offset; /**< of the next byte to be read from the archive */
    char in[STEP_BYTES];
    size_t in_at, in_len;
    char *window;
    int64_t window_offset; /**< of its first byte, inside */
    size_t window_len;
    size_t allowed;
    bool is_between; /**< behind a whole member */
    bool is_at_end;
};

static const struct codec *codec_of(struct slice name)
{
    for (int i = 0; codecs[i]; i++) {
        if (slice_ends(name, slice_of(codecs[i]->ending)))
            return codecs[i];
    }
    return NULL;
}

bool unpack_knows(struct slice name)
{
    return codec_of(name) != NULL;
}

static void restart(struct unpack *unpack)
{
    if (unpack->state)
        unpack->codec->free(unpack->state);
    unpack->state = unpack->codec->create();
    unpack->in_offset = unpack->window_offset = 0;
    unpack->in_at = unpack->in_len = unpack->window_len = 0;
    unpack->is_between = unpack->is_at_end = false;
}

struct unpack *unpack_open(const struct fs *fs, int fd, struct slice name)
{
    struct unpack *unpack = mem_zalloc(sizeof *unpack);
    unpack->fs = fs;
    unpack->fd = fd;
    unpack->codec = codec_of(name);
    must(unpack->codec != NULL);
    unpack->window = mem_zalloc(WINDOW_BYTES);
    restart(unpack);
    return unpack;
}

void unpack_close(struct unpack *unpack)
{
    if (!unpack)
        return;
    unpack->codec->free(unpack->state);
    free(unpack->window);
    free(unpack);
}

void unpack_allow(struct unpack *unpack, size_t bytes)
{
    unpack->allowed = bytes;
}

/** Have bytes of the archive. @return false at its end, or on an error, with @err. */
static bool fill_in(struct unpack *unpack, struct err *err)
{
    if (unpack->in_at < unpack->in_len)
        return true;
    ssize_t got = unpack->fs->read_at(unpack->fs->ctx, unpack->fd, unpack->in,
                                      sizeof unpack->in, unpack->in_offset, err);
    unpack->in_at = unpack->in_len = 0;
    if (got <= 0) {
        if (got == 0)
            err->kind = ERR_NONE;
        return false;
    }
    unpack->in_offset += got;
    unpack->in_len = (size_t)got;
    return true;
}

/** Did it grow more than any log does? */
static bool is_bomb(const struct unpack *unpack)
{
    int64_t used = unpack->in_offset - (int64_t)(unpack->in_len - unpack->in_at);
    int64_t made = unpack->window_offset + (int64_t)unpack->window_len;
    return made > LIMIT_UNPACK_FREE_BYTES && made / LIMIT_UNPACK_RATIO > used;
}

static bool took(struct unpack *unpack, enum codec_result result, struct err *err)
{
    unpack->is_between = result == CODEC_END;
    if (result == CODEC_BROKEN)
        return err_set(err, ERR_INVALID, "the archive is damaged");
    if (result == CODEC_TOO_BIG)
        return err_set(err, ERR_FULL, "unpacking it takes too much memory");
    if (is_bomb(unpack))
        return err_set(err, ERR_FULL, "it grows past all bounds when it is unpacked");
    return true;
}

/** Zeros may stand behind the last member: tapes and block devices leave them. */
static bool only_zeros_follow(const struct unpack *unpack)
{
    return unpack->is_between && unpack->in_at < unpack->in_len &&
           unpack->in[unpack->in_at] == '\0';
}

/** Unpack a little more into the window. @return false on an error. */
static bool unpack_some(struct unpack *unpack, struct err *err)
{
    if (unpack->allowed == 0)
        return err_set(err, ERR_BUSY, "there is more to be unpacked");
    if (!fill_in(unpack, err)) {
        if (err->kind != ERR_NONE)
            return false;
        unpack->is_at_end = unpack->is_between;
        return unpack->is_at_end ||
               err_set(err, ERR_INVALID, "the archive is cut short");
    }
    if (only_zeros_follow(unpack)) {
        unpack->is_at_end = true;
        return true;
    }
    size_t room = WINDOW_BYTES - unpack->window_len;
    struct codec_step step = { unpack->in + unpack->in_at,
                               unpack->in_len - unpack->in_at,
                               unpack->window + unpack->window_len, room };
    enum codec_result result = unpack->codec->step(unpack->state, &step);
    size_t made = room - step.out_len;
    unpack->in_at = unpack->in_len - step.in_len;
    unpack->window_len += made;
    unpack->allowed -= made < unpack->allowed ? made : unpack->allowed;
    return took(unpack, result, err);
}

/** Forget what lies before @offset, as far as it is there. */
static void move_on(struct unpack *unpack, int64_t offset)
{
    int64_t behind = offset - unpack->window_offset;
    size_t drop =
        behind > (int64_t)unpack->window_len ? unpack->window_len : (size_t)behind;
    if (drop == 0)
        return;
    unpack->window_len -= drop;
    unpack->window_offset += (int64_t)drop;
    memmove(unpack->window, unpack->window + drop, unpack->window_len);
}

static int64_t end_of(const struct unpack *unpack)
{
    return unpack->window_offset + (int64_t)unpack->window_len;
}

ssize_t unpack_read_at(struct unpack *unpack, void *into, size_t size, int64_t offset,
                       struct err *err)
{
    must(size <= READ_BYTES);
    if (offset < unpack->window_offset)
        restart(unpack);
    while (!unpack->is_at_end && end_of(unpack) < offset + (int64_t)size) {
        move_on(unpack, offset);
        if (!unpack_some(unpack, err))
            return -1;
    }
    int64_t there = end_of(unpack) - offset;
    if (there <= 0)
        return 0;
    size_t len = there < (int64_t)size ? (size_t)there : size;
    memcpy(into, unpack->window + (offset - unpack->window_offset), len);
    return (ssize_t)len;
}

int64_t unpack_estimate(const struct fs *fs, int fd, int64_t size_bytes,
                        struct slice name)
{
    struct err err;
    unsigned char end[4];
    if (!slice_ends(name, SLICE(".gz")) || size_bytes < 20 ||
        size_bytes > LIMIT_UNPACK_BELIEVE_BYTES ||
        fs->read_at(fs->ctx, fd, end, sizeof end, size_bytes - 4, &err) != 4)
        return 0;
    /* RFC 1952: the length modulo 2^32, which so small an archive does not reach. */
    int64_t length = end[0] | end[1] << 8 | end[2] << 16 | (int64_t)end[3] << 24;
    return length / LIMIT_UNPACK_RATIO > size_bytes ? 0 : length;
}

void unpack_put_versions(struct buf *out)
{
    for (int i = 0; codecs[i]; i++) {
        buf_puts(out, i > 0 ? ", " : "");
        codecs[i]->put_version(out);
    }
    if (unpack_missing())
        buf_printf(out, "%s%s", codecs[0] ? ", " : "", unpack_missing());
}

const char *unpack_missing(void)
{
#if !defined HAVE_ZLIB && !defined HAVE_ZSTD
    return "no zlib and no libzstd";
#elif !defined HAVE_ZLIB
    return "no zlib";
#elif !defined HAVE_ZSTD
    return "no libzstd";
#else
    return NULL;
#endif
}
