/**
 * What makes lives cheap and changes nothing in them: many small things that matter
 * only when a process opens a store a hundred times a second.
 */
#ifndef TOCSIN_TESTS_SIM_LEAN_H
#define TOCSIN_TESTS_SIM_LEAN_H

/** Before anything else of the process: SQLite does without locks and statistics (there
 *  is one thread), and memory is not given back to the kernel between lives. */
void lean_begin(void);

#endif
