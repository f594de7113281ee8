/**
 * Standard input. It is polled before each read instead of being made non-blocking,
 * since that flag belongs to everybody who shares the terminal or pipe. What was read
 * and not committed when tocsin dies is lost: a pipe cannot be read twice.
 */
#include "agent/inputs/stdin.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/mem.h"
#include "agent/inputs/lines.h"

struct stdin_input {
    const struct input_world *world;
    struct inputs_tally *tally;
    const struct source *source; /**< NULL: nobody wants it */
    char *buffer;                /**< LIMIT_BLOCK_BYTES, from the first use on */
    size_t len;                  /**< a partial line that waits for its end */
    bool is_in_long_line;
    bool is_at_end, has_more, is_waited_for;
};

static void *create(const struct input_world *world, struct inputs_tally *tally)
{
    struct stdin_input *input = mem_zalloc(sizeof *input);
    input->world = world;
    input->tally = tally;
    return input;
}

/** An event loop cannot wait for a regular file, which is always ready anyway. */
static bool can_be_waited_for(int fd)
{
    struct stat stat;
    return fstat(fd, &stat) == 0 && !S_ISREG(stat.st_mode);
}

static void wait_for(struct stdin_input *input, bool is_wanted)
{
    int fd = input->world->stdin_fd;
    if (is_wanted == input->is_waited_for || !can_be_waited_for(fd))
        return;
    input->is_waited_for = is_wanted;
    wakes_set(input->world->wakes, fd, is_wanted ? WAKE_READ : 0);
}

static void destroy(void *self)
{
    struct stdin_input *input = self;
    wait_for(input, false);
    free(input->buffer);
    free(input);
}

static void configure(void *self, const struct inputs_config *config, struct now now)
{
    (void)now;
    struct stdin_input *input = self;
    const struct source_config *items = config->blocks->items;
    input->source = NULL;
    for (size_t i = config->blocks->count; i-- > 0;) {
        if (items[i].is_stdin)
            input->source = &config->sources[i];
    }
    if (input->source && !input->buffer)
        input->buffer = mem_zalloc(LIMIT_BLOCK_BYTES);
    input->has_more = input->source && !input->is_at_end;
    wait_for(input, input->has_more);
}

static bool is_ready(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    return poll(&poll_fd, 1, 0) == 1;
}

static void feed_lines(struct stdin_input *input, const struct intake *intake)
{
    struct line_feed to = { .feed = intake->block,
                            .ctx = intake->ctx,
                            .source = input->source,
                            .path = SLICE("<stdin>"),
                            .offset = -1,
                            .is_in_long_line = input->is_in_long_line };
    bool is_full = input->len == LIMIT_BLOCK_BYTES;
    size_t used = lines_feed(&to, slice_make(input->buffer, input->len), is_full,
                             input->is_at_end);
    input->is_in_long_line = to.is_in_long_line;
    input->tally->cut_lines += to.cut_count;
    input->tally->lost_bytes += to.nul_bytes;
    input->len -= used;
    memmove(input->buffer, input->buffer + used, input->len);
}

/** One read. @return bytes, 0 at the end or when nothing is there. */
static size_t read_some(struct stdin_input *input)
{
    int fd = input->world->stdin_fd;
    if (!is_ready(fd))
        return 0;
    ssize_t got = read(fd, input->buffer + input->len, LIMIT_BLOCK_BYTES - input->len);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got < 0)
        log_warning(input->world->log,
                    "stdin cannot be read: %s; it is taken for ended", strerror(errno));
    if (got <= 0) {
        input->is_at_end = true;
        return 0;
    }
    input->len += (size_t)got;
    input->tally->bytes_read += (size_t)got;
    return (size_t)got;
}

static bool read_turn(void *self, struct now now, const struct intake *intake)
{
    (void)now;
    struct stdin_input *input = self;
    size_t sum = 0, got = 0;
    input->has_more = false;
    if (!input->source || input->is_at_end)
        return false;
    do {
        got = read_some(input);
        sum += got;
        if (got > 0 || input->is_at_end)
            feed_lines(input, intake);
    } while (got > 0 && sum < LIMIT_FILE_TURN_BYTES && !intake_has_enough(intake));
    if (input->is_at_end)
        wait_for(input, false);
    input->has_more = got > 0;
    return input->has_more;
}

static int64_t wake_at(const void *self)
{
    const struct stdin_input *input = self;
    return input->has_more ? 0 : NEVER_MS;
}

static bool is_at_end(const void *self)
{
    const struct stdin_input *input = self;
    return !input->source || input->is_at_end;
}

static void describe(const void *self, enum text_form form, struct buf *out)
{
    const struct stdin_input *input = self;
    const char *state = input->is_at_end ? "ended" : "open";
    if (!input->source)
        return;
    if (form != FORM_JSON) {
        buf_printf(out, "  <stdin>: %s\n", state);
        return;
    }
    text_put_comma(out);
    buf_printf(out, "{\"path\":\"<stdin>\",\"state\":\"%s\"}", state);
}

const struct input_kind stdin_kind = {
    .name = "stdin",
    .create = create,
    .destroy = destroy,
    .configure = configure,
    .read = read_turn,
    .wake_at = wake_at,
    .is_at_end = is_at_end,
    .describe = describe,
};
