/**
 * must() states what can only be false through a bug in tocsin. It is always on: the
 * store makes an abort safe, and going on with a broken invariant would not be.
 */
#ifndef TOCSIN_BASE_MUST_H
#define TOCSIN_BASE_MUST_H

/** Abort with the place and the text of the condition unless @condition holds. */
#define must(condition) \
    ((condition) ? (void)0 : must_failed(__FILE__, __LINE__, #condition))

/** Say which condition broke, on standard error, and abort. */
_Noreturn void must_failed(const char *file, int line, const char *condition);

#endif
