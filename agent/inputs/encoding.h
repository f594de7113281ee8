/** How the bytes of a file are text: decided by its source, or by its first bytes. */
#ifndef TOCSIN_INPUTS_ENCODING_H
#define TOCSIN_INPUTS_ENCODING_H

enum encoding {
    ENCODING_UNKNOWN, /**< its first bytes were not seen yet */
    ENCODING_BYTES,   /**< as they are: ASCII, UTF-8, anything with '\n' as one byte */
    ENCODING_UTF16_LE,
    ENCODING_UTF16_BE,
};

#endif
