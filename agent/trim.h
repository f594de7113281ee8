/** Giving memory back that only a busy time needed. */
#ifndef TOCSIN_AGENT_TRIM_H
#define TOCSIN_AGENT_TRIM_H

/** Give free heap back to the kernel, and let go of pages of program and libraries:
 *  what is used again comes back from the page cache, a few microseconds a piece. Takes
 *  about a millisecond, so it is for quiet times. */
void trim_memory(void);

#endif
