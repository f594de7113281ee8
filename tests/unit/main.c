/** Runs every registered unit test and closes with the line that CI reads. */
#include "test.h"

#include <ftw.h>
#include <limits.h>
#include <unistd.h>

static struct unit_test *first;
static char folder[PATH_MAX];
static char skips[PATH_MAX];

void unit_test_register(struct unit_test *test)
{
    struct unit_test **at = &first;
    while (*at && strcmp((*at)->test->name, test->test->name) < 0)
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

/* Each test is a process of its own and needs some folders at most. */
const char *unit_test_folder(void)
{
    static char paths[64][PATH_MAX];
    static size_t used;
    ck_assert(used < sizeof paths / sizeof *paths);
    char *own = paths[used++];
    snprintf(own, PATH_MAX, "%.4000s/t.XXXXXX", folder);
    ck_assert(mkdtemp(own) != NULL);
    return own;
}

/* Tests run in children, so a skip is told to the parent through a file. */
void unit_test_skip(const char *reason)
{
    FILE *out = fopen(skips, "a");
    ck_assert(out != NULL);
    fprintf(out, "%s\n", reason);
    fclose(out);
}

static int print_skips(void)
{
    char line[512];
    int count = 0;
    FILE *in = fopen(skips, "r");
    while (in && fgets(line, sizeof line, in)) {
        printf("SKIP %s", line);
        count++;
    }
    if (in)
        fclose(in);
    return count;
}

static int remove_entry(const char *path, const struct stat *stat, int type,
                        struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

int main(void)
{
    const char *only = getenv("TOCSIN_TEST");
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/tocsin-unit.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        return 2;
    }
    snprintf(skips, sizeof skips, "%.4000s/skips", folder);
    Suite *suite = suite_create("unit");
    TCase *tcase = NULL;
    const char *group = "";
    for (struct unit_test *test = first; test; test = test->next) {
        if (only && strcmp(only, test->group) != 0)
            continue;
        if (strcmp(group, test->group) != 0) {
            group = test->group;
            tcase = tcase_create(group);
            tcase_set_timeout(tcase, 60);
            suite_add_tcase(suite, tcase);
        }
        tcase_add_test(tcase, test->test);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    int skipped = print_skips();
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("%d passed, %d failed, %d skipped\n", run - failed - skipped, failed,
           skipped);
    return failed > 0 || run == 0;
}
