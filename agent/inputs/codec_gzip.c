/** zlib: the only file that knows it. */
#include "build.h"

#ifdef HAVE_ZLIB

#include <stdlib.h>
#include <zlib.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/inputs/codec.h"

/** 15 bits of window, and 16: a gzip header has to be there. */
enum { GZIP_WINDOW = 15 + 16 };

static void *create(void)
{
    z_stream *stream = mem_zalloc(sizeof *stream);
    must(inflateInit2(stream, GZIP_WINDOW) == Z_OK);
    return stream;
}

static void destroy(void *state)
{
    inflateEnd(state);
    free(state);
}

static enum codec_result step_gzip(void *state, struct codec_step *step)
{
    z_stream *stream = state;
    stream->next_in = (Bytef *)step->in;
    stream->avail_in = (uInt)step->in_len;
    stream->next_out = (Bytef *)step->out;
    stream->avail_out = (uInt)step->out_len;
    int result = inflate(stream, Z_NO_FLUSH);
    step->in = (const char *)stream->next_in;
    step->in_len = stream->avail_in;
    step->out = (char *)stream->next_out;
    step->out_len = stream->avail_out;
    if (result == Z_STREAM_END)
        return inflateReset(stream) == Z_OK ? CODEC_END : CODEC_BROKEN;
    return result == Z_OK || result == Z_BUF_ERROR ? CODEC_MORE : CODEC_BROKEN;
}

static void put_version(struct buf *out)
{
    buf_printf(out, "zlib %s", zlibVersion());
}

const struct codec codec_gzip = {
    "zlib", ".gz", create, destroy, step_gzip, put_version
};

#endif
