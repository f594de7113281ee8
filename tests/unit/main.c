/** Runs every registered unit test and closes with the line that CI reads. */
#include "test.h"

#include <ftw.h>
#include <limits.h>
#include <unistd.h>

static struct unit_test *first;
static const char *running;
static char folder[PATH_MAX];
static char skips[PATH_MAX], outcomes[PATH_MAX];

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

void unit_test_begin(const char *name)
{
    running = name;
}

/* Tests run in children, so a skip is told to the parent through a file. */
void unit_test_skip(const char *reason)
{
    FILE *out = fopen(skips, "a");
    ck_assert(out != NULL);
    fprintf(out, "%s: %s\n", running, reason);
    fclose(out);
}

/** Was the test @name skipped? Then *@line is what was said of it. */
static bool was_skipped(const char *name, char *line, size_t size)
{
    const char *plain = strstr(name, ": ") + 2;
    FILE *in = fopen(skips, "r");
    bool found = false;
    while (in && !found && fgets(line, (int)size, in))
        found = strncmp(line, plain, strlen(plain)) == 0 && line[strlen(plain)] == ':';
    if (in)
        fclose(in);
    return found;
}

/** One line of Check's log, "file:line:P:group:group: name:0: text", as everybody else
 *  prints it. @return whether it was a skip. */
static bool print_outcome(const char *line)
{
    char skip[512];
    static const char *const marks[] = { ":P:", ":F:", ":E:" };
    for (size_t i = 0; i < 3; i++) {
        const char *mark = strstr(line, marks[i]);
        const char *group = mark ? mark + 3 : NULL;
        const char *name = group ? strchr(group, ':') : NULL;
        const char *end = name ? strstr(name, ":0:") : NULL;
        char text[512];
        if (!end)
            continue;
        snprintf(text, sizeof text, "%.*s", (int)(end - name - 1), name + 1);
        bool is_skip = i == 0 && was_skipped(text, skip, sizeof skip);
        if (is_skip)
            printf("SKIP %s", skip);
        else
            printf("%s %s\n", i == 0 ? "ok  " : "FAIL", text);
        return is_skip;
    }
    return false;
}

/** @return how many were skipped. */
static int print_outcomes(void)
{
    char line[4096];
    int skipped = 0;
    FILE *in = fopen(outcomes, "r");
    while (in && fgets(line, sizeof line, in))
        skipped += print_outcome(line);
    if (in)
        fclose(in);
    return skipped;
}

/** @only: a group, or how a name begins; NULL: all. */
static bool is_wanted(const struct unit_test *test, const char *only)
{
    return !only || strcmp(only, test->group) == 0 ||
           strncmp(only, strstr(test->test->name, ": ") + 2, strlen(only)) == 0;
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
    snprintf(outcomes, sizeof outcomes, "%.4000s/outcomes", folder);
    Suite *suite = suite_create("unit");
    TCase *tcase = NULL;
    const char *group = "";
    for (struct unit_test *test = first; test; test = test->next) {
        if (!is_wanted(test, only))
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
    srunner_set_log(runner, outcomes);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    int run = srunner_ntests_run(runner);
    srunner_free(runner);
    int skipped = print_outcomes();
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("%d passed, %d failed, %d skipped\n", run - failed - skipped, failed,
           skipped);
    return failed > 0 || run == 0;
}
