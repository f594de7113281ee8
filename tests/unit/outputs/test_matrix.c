/**
 * Every stage of a delivery against every way in which a server can behave, on virtual
 * time: the agent's outputs against the mail server of stories. What is expected stands
 * in tests/samples/smtp_matrix.tsv, which tests/e2e/matrix.sh plays over real sockets.
 */
#include <sys/resource.h>

#include "courier_world.h"

#include "agent/base/mem.h"
#include "agent/story/post.h"
#include "outputs/verdict.h"

#include "test.h"

enum {
    FIELDS = 11,
    BEHAVIOURS = 10,
    TURN_MAX_US = 50 * 1000,
    DOUBT_WAIT_MS = 10 * 60 * 1000,
};
#define OUTCOME_MAX_MS (45 * MINUTE_MS)

/** A row of the table. */
struct cell {
    char line[512]; /* what the fields point into */
    const char *stage, *behaviour, *tls, *rule;
    const char *outcome; /* sent, later, dead, doubt */
    const char *trouble; /* of the account's hold; "-": it is not held */
    int64_t attempts;
    int64_t next_min_s, next_max_s; /* when it is tried again; "-": never */
    int64_t took_max_s;             /* until the outcome is there */
    int64_t mails;                  /* that the server took in the end */
};

struct scene {
    struct courier_world *world;
    struct post *post;
    int64_t longest_us; /* of a turn, of the processor's time: others do not count */
};

/* --- the table -------------------------------------------------------------------- */

static FILE *open_table(void)
{
    char path[512];
    const char *end = strstr(__FILE__, "unit/outputs/");
    ck_assert_ptr_nonnull(end);
    snprintf(path, sizeof path, "%.*ssamples/smtp_matrix.tsv", (int)(end - __FILE__),
             __FILE__);
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s cannot be read", path);
    return in;
}

/** "-" is -1. */
static int64_t number(const char *text)
{
    int64_t value = -1;
    ck_assert(strcmp(text, "-") == 0 || slice_to_int(slice_of(text), &value));
    return value;
}

static bool read_cell(FILE *in, struct cell *cell)
{
    char *fields[FIELDS] = { 0 };
    do {
        if (!fgets(cell->line, sizeof cell->line, in))
            return false;
    } while (cell->line[0] == '#');
    size_t count = 0;
    for (char *at = cell->line; count < FIELDS; at += strlen(at) + 1) {
        fields[count++] = at;
        at[strcspn(at, "\t\n")] = '\0';
    }
    ck_assert_msg(fields[FIELDS - 1][0], "'%s' has not %d fields", cell->line, FIELDS);
    cell->stage = fields[0];
    cell->behaviour = fields[1];
    cell->tls = fields[2];
    cell->rule = fields[3];
    cell->outcome = fields[4];
    cell->trouble = fields[5];
    cell->attempts = number(fields[6]);
    cell->next_min_s = number(fields[7]);
    cell->next_max_s = number(fields[8]);
    cell->took_max_s = number(fields[9]);
    cell->mails = number(fields[10]);
    return true;
}

/* --- the scene -------------------------------------------------------------------- */

static void begin(struct scene *scene, const struct cell *cell)
{
    struct err err = { 0 };
    struct courier_world *world = world_create();
    struct slice rules = slice_of(cell->rule), rule;
    *scene = (struct scene){ .world = world, .post = post_create(&world->now) };
    world_crash(world);
    world->links = *post_links(scene->post);
    world->account.ehlo = SLICE("host.x.org");
    world->account.tls =
        strcmp(cell->tls, "starttls") == 0 ? TLS_STARTTLS : TLS_IMPLICIT;
    world->account.doubt_wait_ms = DOUBT_WAIT_MS;
    world_start(world);
    while (slice_next(&rules, ';', &rule))
        ck_assert_msg(script_add(post_script(scene->post), rule, &err), "%s", err.text);
}

static int64_t cpu_us(void)
{
    struct rusage used;
    ck_assert_int_eq(getrusage(RUSAGE_THREAD, &used), 0);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * INT64_C(1000000) +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static void turn(struct scene *scene, const char *title)
{
    int64_t before = cpu_us();
    world_turn(scene->world, "ops", title, SEVERITY_WARNING);
    int64_t took = cpu_us() - before;
    if (took > scene->longest_us)
        scene->longest_us = took;
}

/** Let the time pass until there is something to do, at most until @end. */
static void pass(struct scene *scene, int64_t end)
{
    struct courier_world *world = scene->world;
    int64_t at = outputs_wake_at(world->door);
    int64_t server = post_wake_at(scene->post);
    if (at <= world->now.mono_ms || post_is_ready(scene->post))
        return;
    if (server > world->now.mono_ms)
        at = earlier_ms(at, server);
    at = earlier_ms(at, end);
    world->now.unix_ms += at - world->now.mono_ms;
    world->now.mono_ms = at;
}

static void run(struct scene *scene, int64_t ms)
{
    int64_t end = scene->world->now.mono_ms + ms;
    for (int turns = 0; scene->world->now.mono_ms < end; turns++) {
        ck_assert_msg(turns < 200000, "the outputs never sleep");
        turn(scene, NULL);
        pass(scene, end);
    }
}

/** Everything that the server could notice of us. */
static uint64_t contacts(const struct scene *scene)
{
    const struct smtpd_tally *tally = post_tally(scene->post);
    return tally->sessions + tally->attempts;
}

/* --- one cell --------------------------------------------------------------------- */

static bool has_outcome(struct scene *scene)
{
    struct courier_world *world = scene->world;
    if (world_ask(world, "SELECT count(*) FROM account_hold") > 0)
        return true;
    return world_ask(world, "SELECT state > 1 OR (state = 0 AND (attempts > 0 OR "
                            "doubts > 0)) FROM outbox");
}

static const char *outcome_of(struct scene *scene)
{
    static const char *const words[] = { "later", "sending", "dead", "sent" };
    int64_t state = world_ask(scene->world, "SELECT state FROM outbox");
    if (state == 0 && world_ask(scene->world, "SELECT doubts FROM outbox") > 0)
        return "doubt";
    return words[state];
}

static const char *trouble_of(struct scene *scene)
{
    if (world_ask(scene->world, "SELECT count(*) FROM account_hold") == 0)
        return "-";
    return trouble_name(
        (enum trouble)world_ask(scene->world, "SELECT trouble FROM account_hold"));
}

static int64_t wait_for_outcome(struct scene *scene)
{
    int64_t began = scene->world->now.mono_ms;
    turn(scene, "disk full");
    while (!has_outcome(scene) && scene->world->now.mono_ms < began + OUTCOME_MAX_MS) {
        pass(scene, began + OUTCOME_MAX_MS);
        turn(scene, NULL);
    }
    return scene->world->now.mono_ms - began;
}

/** When the server next hears of us, now that it behaves. */
static int64_t wait_for_contact(struct scene *scene)
{
    uint64_t before = contacts(scene);
    int64_t began = scene->world->now.mono_ms;
    while (contacts(scene) == before && scene->world->now.mono_ms < began + DAY_MS) {
        pass(scene, began + DAY_MS);
        turn(scene, NULL);
    }
    return scene->world->now.mono_ms - began;
}

static void must_be_the_same_bytes(struct scene *scene)
{
    for (size_t i = 1; i < post_mail_count(scene->post); i++)
        ck_assert(slice_equal(post_mail(scene->post, i)->bytes,
                              post_mail(scene->post, 0)->bytes));
}

/** The lane is as new afterwards: another mail goes through. */
static void must_send_another(struct scene *scene)
{
    turn(scene, "another one");
    run(scene, 5 * MINUTE_MS);
    ck_assert_int_eq(world_ask(scene->world,
                               "SELECT count(*) FROM outbox WHERE state = 3 AND "
                               "subject LIKE '%another one'"),
                     1);
}

static bool waits(const struct cell *cell)
{
    return strcmp(cell->outcome, "later") == 0 || strcmp(cell->outcome, "doubt") == 0;
}

/** The outcome at once, in the words of the table. */
static void check_outcome(struct scene *scene, const struct cell *cell)
{
    int64_t took = wait_for_outcome(scene);
    const char *outcome = outcome_of(scene), *trouble = trouble_of(scene);
    int64_t attempts = world_ask(scene->world, "SELECT attempts FROM outbox");
    ck_assert_msg(strcmp(outcome, cell->outcome) == 0 &&
                      strcmp(trouble, cell->trouble) == 0 &&
                      attempts == cell->attempts &&
                      took <= cell->took_max_s * SECOND_MS,
                  "%s %s: %s, trouble %s, %lld attempts, after %lld ms", cell->stage,
                  cell->behaviour, outcome, trouble, (long long)attempts,
                  (long long)took);
}

static void check_next_try(struct scene *scene, const struct cell *cell)
{
    int64_t next = wait_for_contact(scene);
    ck_assert_msg(next >= cell->next_min_s * SECOND_MS &&
                      next <= cell->next_max_s * SECOND_MS,
                  "%s %s: tried again after %lld ms", cell->stage, cell->behaviour,
                  (long long)next);
}

static void check_end(struct scene *scene, const struct cell *cell)
{
    const char *outcome = outcome_of(scene);
    long mails = (long)post_mail_count(scene->post);
    ck_assert_msg(strcmp(outcome, waits(cell) ? "sent" : cell->outcome) == 0 &&
                      mails == cell->mails,
                  "%s %s: %s in the end, the server has %ld mails", cell->stage,
                  cell->behaviour, outcome, mails);
    must_be_the_same_bytes(scene);
}

/** @return the longest turn, in us. */
static int64_t play(const struct cell *cell)
{
    struct scene scene;
    begin(&scene, cell);
    check_outcome(&scene, cell);
    script_clear(post_script(scene.post));
    if (waits(cell))
        check_next_try(&scene, cell);
    run(&scene, 3 * HOUR_MS);
    check_end(&scene, cell);
    must_send_another(&scene);
    ck_assert_msg(scene.longest_us <= TURN_MAX_US, "%s %s: a turn took %lld us",
                  cell->stage, cell->behaviour, (long long)scene.longest_us);
    world_free(scene.world);
    post_free(scene.post);
    return scene.longest_us;
}

static void play_stage(const char *stage)
{
    struct cell cell;
    FILE *in = open_table();
    int64_t longest_us = 0;
    int count = 0;
    while (read_cell(in, &cell)) {
        if (strcmp(cell.stage, stage) != 0)
            continue;
        int64_t us = play(&cell);
        longest_us = us > longest_us ? us : longest_us;
        count++;
    }
    fclose(in);
    ck_assert_int_eq(count, BEHAVIOURS);
    printf("     matrix: %d cells of %s hold, the longest turn took %lld us\n", count,
           stage, (long long)longest_us);
}

TEST(matrix, S01_whatever_happens_at_resolve_the_mail_is_sent_or_accounted_for)
{
    play_stage("resolve");
}

TEST(matrix, S01_whatever_happens_at_connect_the_mail_is_sent_or_accounted_for)
{
    play_stage("connect");
}

TEST(matrix, S01_whatever_happens_at_tls_the_mail_is_sent_or_accounted_for)
{
    play_stage("tls");
}

TEST(matrix, S01_whatever_happens_at_greeting_the_mail_is_sent_or_accounted_for)
{
    play_stage("greeting");
}

TEST(matrix, S01_whatever_happens_at_ehlo_the_mail_is_sent_or_accounted_for)
{
    play_stage("ehlo");
}

TEST(matrix, S01_whatever_happens_at_starttls_the_mail_is_sent_or_accounted_for)
{
    play_stage("starttls");
}

TEST(matrix, S01_whatever_happens_at_auth_the_mail_is_sent_or_accounted_for)
{
    play_stage("auth");
}

TEST(matrix, S01_whatever_happens_at_mail_the_mail_is_sent_or_accounted_for)
{
    play_stage("mail");
}

TEST(matrix, S01_whatever_happens_at_rcpt_the_mail_is_sent_or_accounted_for)
{
    play_stage("rcpt");
}

TEST(matrix, S01_whatever_happens_at_data_the_mail_is_sent_or_accounted_for)
{
    play_stage("data");
}

TEST(matrix, S01_whatever_happens_at_body_the_mail_is_sent_or_accounted_for)
{
    play_stage("body");
}

TEST(matrix, S01_whatever_happens_at_dot_the_mail_is_sent_or_accounted_for)
{
    play_stage("dot");
}

TEST(matrix, S01_whatever_happens_at_rset_the_mail_is_sent_or_accounted_for)
{
    play_stage("rset");
}

TEST(matrix, S01_whatever_happens_at_quit_the_mail_is_sent_or_accounted_for)
{
    play_stage("quit");
}
