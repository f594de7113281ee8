/**
 * OpenSSL's memory. What it cannot set up at its first use for lack of memory it does
 * not try again, nor does it say so to whoever asked: the names of digests, without
 * which no certificate is good, or its default context, without which the next random
 * number ends the process by signal 11. So lack of memory ends the process at once, as
 * everywhere (mem_there()).
 */
#ifndef TOCSIN_BASE_OPENSSL_H
#define TOCSIN_BASE_OPENSSL_H

/** Once, before anything else of OpenSSL's or of a library that uses it. */
void openssl_begin(void);

#endif
