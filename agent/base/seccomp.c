/** The filter's program: one test a row, top down. */
#include "agent/base/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/must.h"

#if defined __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE 0
#endif

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)

enum { LEAD = 8, ROW_STEPS = 6 };

struct program {
    struct sock_filter steps[LEAD + SECCOMP_ROWS_MAX * ROW_STEPS + 1];
    unsigned short count;
};

static void put(struct program *program, struct sock_filter step)
{
    program->steps[program->count++] = step;
}

static void put_load(struct program *program, size_t offset)
{
    put(program,
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

static void put_answer(struct program *program, uint32_t answer)
{
    put(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer));
}

/** Go on with the next step when @test holds for @value; else pass over @steps. */
static void put_test(struct program *program, uint16_t test, uint32_t value,
                     uint8_t steps)
{
    put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, steps));
}

static void put_lead(struct program *program)
{
    put_load(program, offsetof(struct seccomp_data, arch));
    put(program,
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0));
    put_answer(program, REFUSED);
    put_load(program, offsetof(struct seccomp_data, nr));
    put_test(program, BPF_JGT, SECCOMP_LAST_KNOWN, 1);
    put_answer(program, SECCOMP_RET_ERRNO | ENOSYS);
    /* Its flags lie in memory, where no filter can look: a libc then takes clone. With
     * EPERM it would make no thread. */
    put_test(program, BPF_JEQ, SYS_clone3, 1);
    put_answer(program, SECCOMP_RET_ERRNO | ENOSYS);
}

static void put_row(struct program *program, const struct seccomp_row *row)
{
    uint32_t answer = row->is_refused ? REFUSED : SECCOMP_RET_ALLOW;
    if (row->mask == 0) {
        put_test(program, BPF_JEQ, (uint32_t)row->number, 1);
        put_answer(program, answer);
        return;
    }
    /* The low half of an argument comes first on both machines. */
    put_test(program, BPF_JEQ, (uint32_t)row->number, ROW_STEPS - 1);
    put_load(program,
             offsetof(struct seccomp_data, args) + row->argument * sizeof(uint64_t));
    put(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, row->mask));
    put_test(program, BPF_JEQ, row->value, 1);
    put_answer(program, answer);
    put_load(program, offsetof(struct seccomp_data, nr));
}

bool seccomp_is_there(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    return MACHINE != 0 &&
           syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool seccomp_shut(const struct seccomp_row *rows, size_t count, struct err *err)
{
    struct program program = { .count = 0 };
    must(count <= SECCOMP_ROWS_MAX);
    if (!seccomp_is_there())
        return err_set(err, ERR_MISSING,
                       "this kernel, or this kind of machine, has no seccomp filter");
    put_lead(&program);
    for (size_t i = 0; i < count; i++)
        put_row(&program, &rows[i]);
    put_answer(&program, REFUSED);
    const struct sock_fprog whole = { program.count, program.steps };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC,
                &whole) != 0)
        return err_set_errno(err, "the filter of system calls cannot be set");
    return true;
}
