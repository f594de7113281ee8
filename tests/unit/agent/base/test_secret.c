/** Secrets where no memory can be locked. */
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/base/secret.h"
#include "test.h"

/** Even root has nothing to lock with afterwards; a test has a process of its own. */
static void lock_nothing(void)
{
    const struct rlimit none = { 0, 0 };
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct data[2] = { { 0 }, { 0 } };
    ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
    ck_assert_int_eq(syscall(SYS_capset, &head, data), 0);
}

TEST(secret, without_locked_memory_that_is_said)
{
    struct err why = { 0 };
    lock_nothing();
    ck_assert(!secret_can_be_locked(&why));
    ck_assert_ptr_nonnull(strstr(why.text, "no memory can be locked"));
}

TEST(secret, without_locked_memory_a_secret_is_kept_all_the_same)
{
    struct secret secret = { 0 };
    struct err err = { 0 };
    lock_nothing();
    ck_assert(secret_open(&secret, SECRET_MAX_BYTES, &err));
    ck_assert(secret_put(&secret, SLICE("hunter2")));
    ck_assert_slice(secret_slice(&secret), "hunter2");
    secret_wipe(&secret);
    ck_assert_uint_eq(secret.len, 0);
}
