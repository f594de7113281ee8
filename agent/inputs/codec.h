/**
 * A way of packing a file: one library, one file, one row in unpack.c's table. A codec
 * whose library was not there at configure time is not in the table.
 */
#ifndef TOCSIN_INPUTS_CODEC_H
#define TOCSIN_INPUTS_CODEC_H

#include "agent/base/buf.h"

/** What a step may use up, and what it left. */
struct codec_step {
    const char *in;
    size_t in_len;
    char *out;
    size_t out_len;
};

enum codec_result {
    CODEC_MORE,    /**< goes on with more input or more room */
    CODEC_END,     /**< a whole member ended here; another may follow */
    CODEC_BROKEN,  /**< these bytes cannot be unpacked */
    CODEC_TOO_BIG, /**< it wants more memory than LIMIT_UNPACK_WINDOW_LOG gives */
};

struct codec {
    const char *name;   /**< of the library, for `--version` */
    const char *ending; /**< of names: ".gz" */
    void *(*create)(void);
    void (*free)(void *state);
    /** Take from the front of @step what fits; @step is moved on. */
    enum codec_result (*step)(void *state, struct codec_step *step);
    void (*put_version)(struct buf *out);
};

extern const struct codec codec_gzip, codec_zstd;

#endif
