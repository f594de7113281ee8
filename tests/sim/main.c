/**
 * Lives simulated lives and says which were not as they must be:
 *
 *     sim [--from SEED] [--seeds N] [--actions N] [--world 1|2|3] [--lying]
 *         [--verbose] [--jobs N]
 *     sim [--verbose] FILE...     lives that were kept (tests/sim/regress)
 *     planted --plant NAME ...    the same with a planted bug
 *     planted --mutants [--plant NAME] [--from SEED] [--seeds N] [--actions N]
 *
 * A life that is not good is made as short as it can be and printed as a file that can
 * be kept. With --lying syncs do nothing: the control, which must fail. With --jobs N
 * processes share the seeds. The last line is "N passed, N failed, N skipped".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/base/must.h"
#include "lean.h"
#include "mutants.h"
#include "sim.h"

enum { FILE_BYTES = 64 * 1024, MOST_JOBS = 64, REPORT_BYTES = 8 << 20 };

struct options {
    int64_t from, seeds, actions, world, jobs;
    int64_t step; /**< from one seed to the next: what other jobs live lies between */
    struct sim_how how;
    bool is_verbose, is_hunt;
    const char *plant;
    char **files;
    int file_count;
};

/** What a life leaves behind, where its parent finds it. */
struct outcome {
    uint64_t lived, undecided; /**< of several lives */
    enum sim_end end;
    char why[4096], log[1 << 22];
};

struct sum {
    uint64_t lives, actions, failed, undecided;
};

/* --- the command line ------------------------------------------------------------- */

static bool take_number(char **argv, int *i, const char *name, int64_t *number)
{
    if (strcmp(argv[*i], name) != 0 || !argv[*i + 1] ||
        !slice_to_int(slice_of(argv[*i + 1]), number) || *number < 0)
        return false;
    ++*i;
    return true;
}

static bool parse(int argc, char **argv, struct options *options)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--lying") == 0)
            options->how.is_lying = true;
        else if (strcmp(argv[i], "--verbose") == 0)
            options->is_verbose = true;
        else if (strcmp(argv[i], "--mutants") == 0)
            options->is_hunt = true;
        else if (strcmp(argv[i], "--plant") == 0 && argv[i + 1])
            options->plant = argv[++i];
        else if (!take_number(argv, &i, "--from", &options->from) &&
                 !take_number(argv, &i, "--seeds", &options->seeds) &&
                 !take_number(argv, &i, "--actions", &options->actions) &&
                 !take_number(argv, &i, "--world", &options->world) &&
                 !take_number(argv, &i, "--jobs", &options->jobs))
            return false;
    }
    options->files = argv + i;
    options->file_count = argc - i;
    return options->actions <= SIM_ACTIONS && options->jobs >= 1 &&
           options->jobs <= MOST_JOBS;
}

/* --- one life --------------------------------------------------------------------- */

static void leave(char *to, size_t size, const struct buf *from)
{
    snprintf(to, size, "%s", from->ptr ? from->ptr : "");
}

/** Live it in a process of its own: a bug that aborts is an outcome, too. */
static enum sim_end live(const struct sim_life *life, const struct options *options,
                         struct outcome *outcome, bool wants_log)
{
    int status = 0;
    outcome->end = SIM_BAD;
    outcome->why[0] = outcome->log[0] = '\0';
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        struct buf why = buf_make(sizeof outcome->why);
        struct buf log = buf_make(sizeof outcome->log);
        outcome->end = sim_live(life, &options->how, &why, wants_log ? &log : NULL);
        leave(outcome->why, sizeof outcome->why, &why);
        leave(outcome->log, sizeof outcome->log, &log);
        _exit(0);
    }
    must(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status))
        snprintf(outcome->why, sizeof outcome->why, "the agent died by signal %d",
                 WTERMSIG(status));
    return outcome->end;
}

/** Leave out whatever is not needed to fail: halves first, single actions last
 *  (Zeller's ddmin). */
static void shorten(struct sim_life *life, const struct options *options,
                    struct outcome *outcome)
{
    for (size_t part = life->count / 2; part > 0; part /= 2) {
        for (size_t at = 0; at + part <= life->count;) {
            struct sim_life shorter = *life;
            memmove(shorter.actions + at, shorter.actions + at + part,
                    (life->count - at - part) * sizeof *shorter.actions);
            shorter.count -= part;
            if (live(&shorter, options, outcome, false) == SIM_BAD)
                *life = shorter;
            else
                at += part;
        }
    }
}

static void report(struct sim_life *life, const struct options *options,
                   struct outcome *outcome)
{
    struct buf text = buf_make(FILE_BYTES);
    if (options->file_count == 0)
        shorten(life, options, outcome);
    (void)live(life, options, outcome, options->is_verbose);
    sim_save(life, &text);
    printf("FAIL seed %llu: %s\n%s%s", (unsigned long long)life->seed, outcome->why,
           text.ptr, outcome->log);
    fflush(stdout);
    buf_free(&text);
}

static void judge(struct sim_life *life, const struct options *options,
                  struct outcome *outcome, struct sum *sum)
{
    enum sim_end end = live(life, options, outcome, false);
    sum->lives++;
    sum->actions += life->count;
    sum->undecided += end == SIM_UNDECIDED;
    sum->failed += end == SIM_BAD;
    if (end == SIM_BAD) {
        report(life, options, outcome);
    } else if (options->is_verbose) {
        (void)live(life, options, outcome, true);
        printf("seed %llu\n%s", (unsigned long long)life->seed, outcome->log);
    }
}

/* --- all of them ------------------------------------------------------------------ */

static bool load(const char *path, struct sim_life *life)
{
    static char bytes[FILE_BYTES];
    FILE *in = fopen(path, "r");
    if (!in)
        return false;
    size_t len = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    return sim_load(life, slice_make(bytes, len));
}

static void draw(struct sim_life *life, const struct options *options, int64_t i)
{
    sim_draw(life, (uint64_t)(options->from + i * options->step),
             (size_t)options->actions, (int)options->world);
}

/** Live the lives from the @i-th on in one process, which spares the kernel work, up to
 *  the first that goes wrong or dies. @return how many were good */
static uint64_t live_good_ones(struct sim_life *life, const struct options *options,
                               struct outcome *outcome, int64_t i)
{
    outcome->lived = outcome->undecided = 0;
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        struct buf why = buf_make(sizeof outcome->why);
        for (; i < options->seeds; i++) {
            draw(life, options, i);
            enum sim_end end = sim_live(life, &options->how, &why, NULL);
            if (end == SIM_BAD)
                break;
            outcome->undecided += end == SIM_UNDECIDED;
            outcome->lived++;
        }
        _exit(0);
    }
    must(waitpid(child, NULL, 0) == child);
    return outcome->lived;
}

/** What the hunt for a planted bug lives with. */
struct hunt {
    const struct options *options;
    struct outcome *outcome;
};

static uint64_t live_up_to_bad(void *ctx, uint64_t from, uint64_t seeds,
                               const char **why)
{
    static struct sim_life life;
    const struct hunt *hunt = ctx;
    struct options options = *hunt->options;
    options.from = (int64_t)from;
    options.seeds = (int64_t)seeds;
    uint64_t good = live_good_ones(&life, &options, hunt->outcome, 0);
    if (good == seeds)
        return good;
    draw(&life, &options, (int64_t)good);
    (void)live(&life, &options, hunt->outcome, false);
    *why = hunt->outcome->why;
    return good;
}

static void live_all(struct sim_life *life, const struct options *options,
                     struct outcome *outcome, struct sum *sum)
{
    for (int64_t i = 0; i < options->seeds; i++) {
        uint64_t good =
            options->is_verbose ? 0 : live_good_ones(life, options, outcome, i);
        sum->lives += good;
        sum->actions += good * (uint64_t)options->actions;
        sum->undecided += outcome->undecided;
        i += (int64_t)good;
        if (i == options->seeds)
            break;
        draw(life, options, i);
        judge(life, options, outcome, sum);
    }
}

static void *share(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED);
    return memory;
}

/** One of several processes: it lives each N-th seed. */
static pid_t begin_job(const struct options *all, int64_t job, struct sum *sum)
{
    static struct sim_life life;
    struct options options = *all;
    pid_t child = fork();
    must(child >= 0);
    if (child != 0)
        return child;
    /* What is told of a life stays together. */
    setvbuf(stdout, NULL, _IOFBF, REPORT_BYTES);
    options.from += job;
    options.step = all->jobs;
    options.seeds = (all->seeds - job + all->jobs - 1) / all->jobs;
    live_all(&life, &options, share(sizeof(struct outcome)), sum);
    fflush(stdout);
    _exit(0);
}

static void live_in_jobs(const struct options *options, struct sum *sum)
{
    pid_t children[MOST_JOBS];
    struct sum *sums = share((size_t)options->jobs * sizeof *sums);
    for (int64_t i = 0; i < options->jobs; i++)
        children[i] = begin_job(options, i, &sums[i]);
    for (int64_t i = 0; i < options->jobs; i++) {
        int status = 0;
        must(waitpid(children[i], &status, 0) == children[i]);
        must(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        sum->lives += sums[i].lives;
        sum->actions += sums[i].actions;
        sum->failed += sums[i].failed;
        sum->undecided += sums[i].undecided;
    }
}

static double wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/** Of processors, by all lives: what others take of the machine does not count. */
static double busy_seconds(void)
{
    struct rusage usage;
    must(getrusage(RUSAGE_CHILDREN, &usage) == 0);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double rate(uint64_t actions, double took)
{
    return (double)actions / (took > 0 ? took : 1);
}

static int close_with(const struct sum *sum, double took)
{
    printf("%llu lives, %llu actions, %.0f actions a second, %.0f a second of a core\n",
           (unsigned long long)sum->lives, (unsigned long long)sum->actions,
           rate(sum->actions, took), rate(sum->actions, busy_seconds()));
    if (sum->undecided > 0)
        printf("SKIP the sums of %llu lives with too many losses, or a mail nobody "
               "knows of\n",
               (unsigned long long)sum->undecided);
    printf("%llu passed, %llu failed, %llu skipped\n",
           (unsigned long long)(sum->lives - sum->failed - sum->undecided),
           (unsigned long long)sum->failed, (unsigned long long)sum->undecided);
    return sum->failed > 0 || sum->lives == 0;
}

static int live_files(const struct options *options)
{
    static struct sim_life life;
    struct sum sum = { 0 };
    struct outcome *outcome = share(sizeof *outcome);
    double began = wall_seconds();
    for (int i = 0; i < options->file_count; i++) {
        if (!load(options->files[i], &life)) {
            fprintf(stderr, "sim: '%s' holds no life\n", options->files[i]);
            return 64;
        }
        judge(&life, options, outcome, &sum);
    }
    return close_with(&sum, wall_seconds() - began);
}

static int live_seeds(const struct options *options)
{
    struct sum sum = { 0 };
    double began = wall_seconds();
    live_in_jobs(options, &sum);
    return close_with(&sum, wall_seconds() - began);
}

static int hunt(const struct options *options)
{
    struct hunt its = { options, share(sizeof(struct outcome)) };
    const struct hunter hunter = { live_up_to_bad, &its, (uint64_t)options->from,
                                   (uint64_t)options->seeds };
    return mutants_hunt(&hunter, options->plant);
}

static int run(const struct options *options)
{
    if (options->is_hunt)
        return hunt(options);
    if (options->plant && !mutants_plant(options->plant)) {
        fprintf(stderr, "sim: no bug '%s' can be planted in this program\n",
                options->plant);
        return 64;
    }
    return options->file_count > 0 ? live_files(options) : live_seeds(options);
}

int main(int argc, char **argv)
{
    struct options options = { .from = 1,
                               .seeds = 100,
                               .actions = 60,
                               .world = SIM_SECRET_WORLD,
                               .jobs = 1,
                               .step = 1 };
    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: see the head of tests/sim/main.c\n");
        return 64;
    }
    lean_begin();
    struct power *stores = sim_make_stores();
    options.how.stores = stores;
    int code = run(&options);
    power_free(stores);
    return code;
}
