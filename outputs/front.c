/** Commands in, replies out, by a table of verbs. */
#include "outputs/front.h"

enum {
    IN_BYTES = 2 * LIMIT_MAIL_BYTES + 64 * 1024,
    OUT_BYTES = 64 * 1024,
};

void front_init(struct front *front)
{
    *front = (struct front){ .in = buf_make(IN_BYTES),
                             .out = buf_make(OUT_BYTES),
                             .mail = buf_make(IN_BYTES) };
}

void front_clear(struct front *front)
{
    addressees_clear(&front->to);
    buf_free(&front->in);
    buf_free(&front->out);
    buf_free(&front->mail);
}

void front_say(struct front *front, const char *line)
{
    buf_printf(&front->out, "%s\r\n", line);
    front->state = FRONT_TALKS;
}

/* --- commands --------------------------------------------------------------------- */

static void on_mail(struct front *front, struct slice line)
{
    (void)line;
    addressees_clear(&front->to);
    front->state = FRONT_ASKED;
}

static void on_rcpt(struct front *front, struct slice line)
{
    size_t open = slice_find(line, SLICE("<")), close = slice_find(line, SLICE(">"));
    bool ok =
        open != SIZE_MAX && close != SIZE_MAX && close > open + 1 &&
        addressees_put(&front->to, slice_make(line.ptr + open + 1, close - open - 1));
    front_say(front, ok ? "250 2.1.5 OK, it is looked at when the mail comes"
                        : "501 5.1.3 this is no recipient");
}

static void on_data(struct front *front, struct slice line)
{
    (void)line;
    buf_clear(&front->mail);
    front_say(front, "354 Go ahead");
    front->state = FRONT_TAKES;
}

static void on_rset(struct front *front, struct slice line)
{
    (void)line;
    addressees_clear(&front->to);
    front_say(front, "250 2.1.5 Flushed");
}

static void on_quit(struct front *front, struct slice line)
{
    (void)line;
    front_say(front, "221 2.0.0 closing connection");
    front->state = FRONT_ENDED;
}

static const struct {
    const char *verb;
    void (*take)(struct front *front, struct slice line);
} commands[] = {
    { "MAIL ", on_mail }, { "RCPT ", on_rcpt }, { "DATA", on_data },
    { "RSET", on_rset },  { "QUIT", on_quit },
};

static void take_command(struct front *front, struct slice line)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (slice_starts(line, slice_of(commands[i].verb))) {
            commands[i].take(front, line);
            return;
        }
    }
    front_say(front, "502 5.5.1 Unrecognized command");
}

/* --- the bytes -------------------------------------------------------------------- */

/* The dot ends the mail, and stuffed dots lose one. */
static void take_line(struct front *front, struct slice line)
{
    bool is_stuffed = line.len > 0 && line.ptr[0] == '.';
    if (is_stuffed && line.len == 1) {
        front->state = FRONT_FULL;
        return;
    }
    buf_put(&front->mail, slice_make(line.ptr + is_stuffed, line.len - is_stuffed));
    buf_puts(&front->mail, "\r\n");
}

bool front_listens(const struct front *front)
{
    return front->state == FRONT_TALKS || front->state == FRONT_TAKES;
}

void front_take(struct front *front)
{
    size_t taken = 0;
    while (front_listens(front)) {
        struct slice rest = slice_make(front->in.ptr + taken, front->in.len - taken);
        size_t end = slice_find(rest, SLICE("\r\n"));
        if (rest.len == 0 || end == SIZE_MAX)
            break;
        taken += end + 2;
        if (front->state == FRONT_TAKES)
            take_line(front, slice_make(rest.ptr, end));
        else
            take_command(front, slice_make(rest.ptr, end));
    }
    if (taken > 0)
        buf_drop(&front->in, taken);
}

bool front_feed(struct front *front, struct slice bytes)
{
    buf_put(&front->in, bytes);
    return !front->in.overflowed;
}

size_t front_give(struct front *front, void *into, size_t size)
{
    size_t len = front->out.len < size ? front->out.len : size;
    if (len > 0)
        memcpy(into, front->out.ptr, len);
    if (len > 0)
        buf_drop(&front->out, len);
    return len;
}
