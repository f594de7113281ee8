/** The agent's own log on standard error. */
#include "agent/base/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/base/buf.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/text.h"

/* With its prefix a line stays within PIPE_BUF (4096): a pipe that is ready then takes
 * it whole, so that the write cannot block. */
enum { LINE_BYTES = 4000, PREFIX_BYTES = 64 };

/* A byte can become the four of \xNN. */
enum { CLEAN_GROWTH = 4 };

void log_line(struct log_sink *log, enum log_level level, const char *format, ...)
{
    if (!log || level > log->max_level)
        return;
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    mem_there(len >= 0 ? text : NULL);
    struct buf line = buf_make(LINE_BYTES * CLEAN_GROWTH);
    size_t kept = len < LINE_BYTES ? (size_t)len : LINE_BYTES;
    text_put_clean(&line, slice_make(text, kept), false);
    char *cut = mem_copy(text_cut(buf_slice(&line), LINE_BYTES));
    log->write(log->ctx, level, cut);
    free(cut);
    buf_free(&line);
    free(text);
}

static const char *const level_words[] = { "error: ", "warning: ", "", "debug: " };
static const char *const level_priorities[] = { "<3>", "<4>", "<6>", "<7>" };

static void write_to_stderr(struct log_sink *log, const char *prefix, const char *word,
                            const char *text)
{
    char line[LINE_BYTES + PREFIX_BYTES];
    int len = snprintf(line, sizeof line, "%stocsin: %s%s\n", prefix, word, text);
    must(len > 0 && (size_t)len < sizeof line);
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    /* A pipe without a reader is ready too, but writing to it would raise SIGPIPE. */
    if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT ||
        write(STDERR_FILENO, line, (size_t)len) < len)
        log->dropped_count++;
}

static void write_plain(void *ctx, enum log_level level, const char *text)
{
    write_to_stderr(ctx, "", level_words[level], text);
}

static void write_journal(void *ctx, enum log_level level, const char *text)
{
    write_to_stderr(ctx, level_priorities[level], "", text);
}

void log_to_stderr(struct log_sink *log, enum log_level max_level, int for_journal)
{
    *log = (struct log_sink){ .write = for_journal ? write_journal : write_plain,
                              .ctx = log,
                              .max_level = max_level };
}
