/**
 * Most of a small agent's resident memory is code that ran once: the set-up of
 * libcurl's libraries, YAML, the compiler of patterns. The kernel keeps it mapped until
 * memory is short; a monitored host is better off when it goes at once.
 */
#include "agent/trim.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/** Segments that are never written to hold nothing that is not in their file. */
static int release_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
    (void)size;
    uintptr_t page = *(const uintptr_t *)ctx;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t from = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t to = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;
        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && to > from)
            (void)madvise((void *)from, to - from, MADV_DONTNEED);
    }
    return 0;
}

uint64_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void trim_memory(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    malloc_trim(0);
    dl_iterate_phdr(release_object, &page);
}
