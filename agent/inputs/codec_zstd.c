/** libzstd: the only file that knows it. */
#include "build.h"

#ifdef HAVE_ZSTD

#include <zstd.h>
#include <zstd_errors.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/inputs/codec.h"

static void *create(void)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    mem_there(stream);
    must(!ZSTD_isError(
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, LIMIT_UNPACK_WINDOW_LOG)));
    return stream;
}

static void destroy(void *state)
{
    ZSTD_freeDStream(state);
}

static enum codec_result step_zstd(void *state, struct codec_step *step)
{
    ZSTD_inBuffer in = { step->in, step->in_len, 0 };
    ZSTD_outBuffer out = { step->out, step->out_len, 0 };
    size_t result = ZSTD_decompressStream(state, &out, &in);
    step->in += in.pos;
    step->in_len -= in.pos;
    step->out += out.pos;
    step->out_len -= out.pos;
    if (result == 0)
        return CODEC_END;
    if (!ZSTD_isError(result))
        return CODEC_MORE;
    return ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
               ? CODEC_TOO_BIG
               : CODEC_BROKEN;
}

static void put_version(struct buf *out)
{
    buf_printf(out, "zstd %s", ZSTD_versionString());
}

const struct codec codec_zstd = { "libzstd", ".zst",    create,
                                  destroy,   step_zstd, put_version };

#endif
