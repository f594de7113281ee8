/**
 * Reading inside of an archive as if it were a file: a stream that goes forward in
 * bounded memory and bounded work a turn, and begins anew when somebody looks back past
 * its window.
 */
#ifndef TOCSIN_INPUTS_UNPACK_H
#define TOCSIN_INPUTS_UNPACK_H

#include "agent/base/buf.h"
#include "agent/base/fs.h"

struct unpack;

/** Can archives of this name be read? False also when the library was not there at
 *  configure time. */
bool unpack_knows(struct slice name);

/** A stream out of @fd, which is borrowed and read only by read_at. @name decides how
 *  it is packed, and unpack_knows() it. */
struct unpack *unpack_open(const struct fs *fs, int fd, struct slice name);
void unpack_close(struct unpack *unpack);

/** How many bytes may be unpacked from now on until the next call. */
void unpack_allow(struct unpack *unpack, size_t bytes);

/** As fs->read_at, of what is inside. ERR_BUSY: what was allowed is used up, go on in
 *  the next turn; ERR_INVALID: damaged, cut short, or not packed so; ERR_FULL: it grows
 *  past LIMIT_UNPACK_RATIO, or wants too much memory; else as fs->read_at.
 *  @size  at most TAIL_BYTES + LIMIT_BLOCK_BYTES */
ssize_t unpack_read_at(struct unpack *unpack, void *into, size_t size, int64_t offset,
                       struct err *err);

/** What the archive of @size_bytes says of its content's length; 0: nothing that can be
 *  believed. */
int64_t unpack_estimate(const struct fs *fs, int fd, int64_t size_bytes,
                        struct slice name);

/** "zlib 1.2.13, no zstd". */
void unpack_put_versions(struct buf *out);
/** "no zlib", or NULL when all is there. */
const char *unpack_missing(void);

#endif
