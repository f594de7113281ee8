/** The event loop, where libuv has not what it needs. */
#include "agent/loop.h"

#include <sys/resource.h>

#include "test.h"

TEST(loop, without_descriptors_it_is_refused_with_a_remedy_and_nothing_aborts)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int refused = 0, made = 0;
    for (rlim_t most = 0; most < 40; most++) {
        struct err err = { 0 };
        struct rlimit less = { most, limit.rlim_max };
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
        struct loop *loop = loop_create(&err);
        if (!loop)
            ck_assert_ptr_nonnull(strstr(err.text, "LimitNOFILE="));
        refused += !loop;
        made += loop != NULL;
        loop_free(loop);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_gt(refused, 0);
    ck_assert_int_gt(made, 0);
}
