/** What is said of a mail is in its own headers; what the server knows is who got it.
 *  */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/unmime.h"

/* A mail in doubt goes again twice at most. */
enum { MOST_COPIES = 3, DATE_SLACK_S = 1, SUBJECT_BYTES = 4096 };

const char *const mails_people[MAILS_PEOPLE] = { "ops@example.com", "dev@example.com",
                                                 "boss@example.com" };

/* --- headers ---------------------------------------------------------------------- */

struct slice mails_header(struct slice mail, const char *name)
{
    char wanted[64];
    int len = snprintf(wanted, sizeof wanted, "\n%s:", name);
    bool is_first = slice_starts(mail, slice_make(wanted + 1, (size_t)len - 1));
    size_t at = is_first ? 0 : slice_find(mail, slice_make(wanted, (size_t)len));
    if (at == SIZE_MAX)
        return SLICE("");
    size_t begin = at + (size_t)len - is_first;
    struct slice rest = slice_make(mail.ptr + begin, mail.len - begin), line;
    return slice_next(&rest, '\n', &line) ? slice_trim(line) : SLICE("");
}

uint64_t mails_hex(struct slice text)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        value = value * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/** "Fri, 27 Nov 2026 03:24:14 +0000", in seconds; the house writes no other zone here.
 *  */
static int64_t date_of(struct slice mail)
{
    char text[64];
    struct tm tm = { 0 };
    struct slice date = mails_header(mail, "Date");
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(date));
    return strptime(text, "%a, %d %b %Y %H:%M:%S", &tm) ? (int64_t)timegm(&tm) : 0;
}

/* --- letters ---------------------------------------------------------------------- */

struct letter *mails_find(const struct mails *mails, struct slice id)
{
    return map_find(&mails->letters, id);
}

static struct letter *open_letter(struct sim *sim, const struct post_mail *mail,
                                  struct slice id)
{
    int64_t count = 0;
    struct slice sum = mails_header(mail->bytes, "X-Tocsin-Line-Hash-Sum");
    struct slice route = mails_header(mail->bytes, "X-Tocsin-Route");
    if (id.len == 0 || sum.len != 16 ||
        !slice_to_int(mails_header(mail->bytes, "X-Tocsin-New-Count"), &count))
        sim_fail(sim, "a mail lacks its headers");
    struct letter *letter = mem_zalloc(sizeof *letter);
    *letter = (struct letter){ .bytes = mail->bytes,
                               .count = (uint64_t)count,
                               .sum = mails_hex(sum),
                               .is_own = slice_equal(route, SLICE("self")) };
    map_put(&sim->mails.letters, id, letter);
    return letter;
}

/** What all threads of a group have in their subjects: how bad it began is of one
 *  thread, and so is the rule where a group is that of a path. */
static struct slice group_of(struct slice subject)
{
    static const struct slice urgency = { "CRITICAL: ", 10 }, path = { "(path=", 6 };
    size_t at = slice_find(subject, path);
    if (at == SIZE_MAX && (at = slice_find(subject, urgency)) != SIZE_MAX)
        at += urgency.len;
    at = at == SIZE_MAX ? 0 : at;
    return slice_make(subject.ptr + at, subject.len - at);
}

/** Two mails of a group keep their distance, over restarts too. */
static void check_distance(struct sim *sim, const struct post_mail *mail)
{
    struct mails *mails = &sim->mails;
    int64_t date_s = date_of(mail->bytes);
    struct slice reason = mails_header(mail->bytes, "X-Tocsin-Reason");
    struct slice subject = group_of(mails_header(mail->bytes, "Subject"));
    if (slice_equal(reason, SLICE("held")) || slice_equal(reason, SLICE("digest")) ||
        date_s <= mails->epoch_unix_s || mails->has_stepped)
        return;
    struct told_group *group = map_find(&mails->groups, subject);
    if (!group) {
        group = mem_zalloc(sizeof *group);
        map_put(&mails->groups, subject, group);
    }
    int64_t distance_s = date_s - group->date_s;
    if (group->epoch == mails->epoch && distance_s >= 0 &&
        (distance_s + DATE_SLACK_S) * SECOND_MS < sim_group_interval(sim))
        sim_fail(sim, "two mails of the group '%.*s' are only %lld s apart",
                 SLICE_ARG(subject), (long long)distance_s);
    *group = (struct told_group){ date_s, mails->epoch };
}

/** A copy may come when there was reason to doubt that the last one did. */
static void count_copy(struct sim *sim, struct letter *letter, int i)
{
    const struct mails *mails = &sim->mails;
    const char *who = mails_people[i];
    if (letter->copies[i]++ > 0 && letter->doubts[i] == mails->doubts &&
        !letter->is_in_doubt[i])
        sim_fail(sim, "%s got %.*s twice, and nobody had to doubt that it came", who,
                 SLICE_ARG(mails_header(letter->bytes, "Message-ID")));
    if (letter->copies[i] > MOST_COPIES)
        sim_fail(sim, "%s got a mail %d times", who, letter->copies[i]);
    letter->doubts[i] = mails->doubts;
    letter->is_in_doubt[i] = mails->doubtful > 0;
}

static void count_recipients(struct sim *sim, struct letter *letter,
                             const struct post_mail *mail)
{
    size_t known = 0;
    for (int i = 0; i < MAILS_PEOPLE; i++) {
        if (slice_find(mail->recipients, slice_of(mails_people[i])) == SIZE_MAX)
            continue;
        known += strlen(mails_people[i]) + (known > 0 ? 2 : 0);
        count_copy(sim, letter, i);
    }
    if (known != mail->recipients.len)
        sim_fail(sim, "a mail went to '%.*s'", SLICE_ARG(mail->recipients));
}

/** The body is quoted-printable, where the secret stays as it is. */
static void look_for_secret(struct sim *sim, const struct post_mail *mail)
{
    struct buf subject = buf_make(SUBJECT_BYTES);
    canary_look(sim, "a mail", mail->bytes);
    if (unmime_header(mail->bytes, "Subject", &subject))
        canary_look(sim, "a subject", buf_slice(&subject));
    buf_free(&subject);
}

static void look_at(struct sim *sim, const struct post_mail *mail)
{
    struct mails *mails = &sim->mails;
    struct slice id = mails_header(mail->bytes, "Message-ID");
    struct letter *letter = mails_find(mails, id);
    look_for_secret(sim, mail);
    if (!letter) {
        letter = open_letter(sim, mail, id);
        if (!letter->is_own)
            check_distance(sim, mail);
    } else if (!slice_equal(letter->bytes, mail->bytes)) {
        sim_fail(sim, "a second copy of %.*s differs", SLICE_ARG(id));
    }
    count_recipients(sim, letter, mail);
    mails->doubtful -= mails->doubtful > 0;
}

void mails_look(struct sim *sim)
{
    size_t count = post_mail_count(sim->post);
    while (sim->mails.seen < count)
        look_at(sim, post_mail(sim->post, sim->mails.seen++));
}

void mails_begin_epoch(struct sim *sim)
{
    sim->mails.epoch++;
    sim->mails.epoch_unix_s = sim->now.unix_ms / SECOND_MS + 1;
}

void mails_free(struct mails *mails)
{
    void *item;
    for (size_t at = 0; (item = map_next(&mails->letters, &at));)
        free(item);
    for (size_t at = 0; (item = map_next(&mails->groups, &at));)
        free(item);
    map_free(&mails->letters);
    map_free(&mails->groups);
}
