/**
 * The agent's own log. It is handed to constructors; only agent/ writes to it, once for
 * each thing that happened. Writing never blocks: a full pipe costs a counted line.
 */
#ifndef TOCSIN_BASE_LOG_H
#define TOCSIN_BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct log_sink {
    void (*write)(void *ctx, enum log_level level, const char *text);
    void *ctx;
    enum log_level max_level; /**< what is less important is not written */
    uint64_t dropped_count;   /**< lines that a full pipe or a closed stderr cost */
};

/** One line. Bytes that are not clean text are shown as \xNN. NULL @log is silence. */
void log_line(struct log_sink *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(log, ...) log_line((log), LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(log, ...) log_line((log), LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(log, ...) log_line((log), LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(log, ...) log_line((log), LOG_LEVEL_DEBUG, __VA_ARGS__)

/** A log on standard error, non-blocking, with the <N> priorities that systemd reads
 *  when @for_journal. */
void log_to_stderr(struct log_sink *log, enum log_level max_level, int for_journal);

#endif
