/**
 * A program that prints a secret: it is run without a shell, its output goes into
 * locked memory, and nothing here waits for it. It gets an empty standard input, our
 * environment, and a process group of its own, which is ended when it takes too long or
 * says too much.
 */
#ifndef TOCSIN_BASE_PROGRAM_H
#define TOCSIN_BASE_PROGRAM_H

#include <sys/types.h>

#include "agent/base/err.h"
#include "agent/base/now.h"
#include "agent/base/secret.h"
#include "agent/base/wakes.h"

/** How long a program may take. */
#define PROGRAM_TIMEOUT_MS (10 * SECOND_MS)

enum program_state { PROGRAM_RUNS, PROGRAM_DONE, PROGRAM_FAILED };

struct program;

/** Start @words[0], an absolute path, with the words behind it as its arguments; they
 *  are borrowed for the call. A program that cannot be started fails in step(). */
struct program *program_start(const struct slice *words, size_t count,
                              const struct wakes *wakes, struct now now);
/** The same by another process, which is asked at @door for what is known as @name (see
 *  errand.h). @program  what it is called in messages */
struct program *program_send_for(int door, struct slice name, struct slice program,
                                 const struct wakes *wakes, struct now now);
/** Start @argv as above, with @out and @complaints as its output and standard error.
 *  @return 0 with @pid set, which leads a process group of its own; else an errno. */
int program_spawn(char **argv, int out, int complaints, pid_t *pid)
    __attribute__((warn_unused_result));
/** Go on without blocking. PROGRAM_FAILED fills @err: it could not be run, ended with
 *  another status than 0, took too long, or its output is no password. */
enum program_state program_step(struct program *program, struct now now,
                                struct err *err);
/** What it printed, as a password (secret_take_line()), once it is done. */
const struct secret *program_secret(const struct program *program);
/** When to step without a ready descriptor, in mono_ms. */
int64_t program_wake_at(const struct program *program);
/** Ends it when it still runs, and wipes what it printed. NULL is nothing. */
void program_free(struct program *program);

#endif
