/** Standard input: lines, a line without end, and the end. */
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

static int start_on_pipe(struct bench *b)
{
    int ends[2];
    bench_init(b, false);
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    b->stdin_fd = ends[0];
    b->configs[0].files.count = 0;
    b->configs[0].is_stdin = true;
    bench_start(b);
    return ends[1];
}

static void say(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

TEST(stdin, lines_are_read_as_they_come_and_the_last_one_at_the_end)
{
    struct bench b;
    int in = start_on_pipe(&b);
    bench_turn(&b);
    bench_expect(&b, "");
    say(in, "one\nhal");
    bench_turn(&b);
    bench_expect(&b, "one\n");
    ck_assert(!inputs_at_end(b.inputs));
    say(in, "f\nlast");
    close(in);
    bench_turn(&b);
    bench_expect(&b, "half\nlast<end>\n");
    ck_assert(inputs_at_end(b.inputs));
    ck_assert_int_eq(inputs_wake_at(b.inputs), NEVER_MS);
    bench_clear(&b);
}

TEST(stdin, L35_a_long_line_is_cut)
{
    struct bench b;
    char chunk[4096];
    int in = start_on_pipe(&b);
    memset(chunk, 'x', sizeof chunk);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(write(in, chunk, sizeof chunk), sizeof chunk);
        bench_turn(&b);
    }
    say(in, "\nafter\n");
    close(in);
    bench_turn(&b);
    bench_expect(&b, "<cut 65536>\nafter\n");
    bench_clear(&b);
}

TEST(stdin, a_file_as_standard_input_is_read_to_its_end)
{
    struct bench b;
    bench_init(&b, false);
    for (int i = 0; i < 1000; i++)
        bench_append(&b, "in", "a line\n");
    b.stdin_fd = open(bench_path(&b, "in"), O_RDONLY);
    b.configs[0].files.count = 0;
    b.configs[0].is_stdin = true;
    bench_start(&b);
    ck_assert_int_le(inputs_wake_at(b.inputs), b.now.mono_ms);
    bench_turn(&b);
    ck_assert_uint_eq(b.counted.len, 7000);
    ck_assert(inputs_at_end(b.inputs));
    bench_clear(&b);
}
