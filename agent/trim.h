/** Giving memory back that only a busy time needed. */
#ifndef TOCSIN_AGENT_TRIM_H
#define TOCSIN_AGENT_TRIM_H

#include <stdint.h>

/** Give free heap back to the kernel, and let go of pages of program and libraries:
 *  what is used again comes back from the page cache, a few microseconds a piece. Takes
 *  about a millisecond, so it is for quiet times. */
void trim_memory(void);
/** Bytes that the process has allocated and not freed, the store's included. Two looks
 *  after the same work say whether anything leaks, which resident memory cannot: what
 *  was freed stays resident for a while. */
uint64_t memory_in_use(void);

#endif
