/** The allocator, with the places in OpenSSL's source, which nobody wants to know. */
#include "agent/base/openssl.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "agent/base/mem.h"

static void *take(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_malloc(size);
}

static void *grow(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_realloc(old, size);
}

static void give_back(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

void openssl_begin(void)
{
    /* Refused when a library's constructor was first: then lack of memory is as bad as
     * OpenSSL makes it, and all else as ever. */
    (void)CRYPTO_set_mem_functions(take, grow, give_back);
}
