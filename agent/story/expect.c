/** Numbers must be equal; texts must be found (or not). Every place is the key's
 *  own. */
#include "agent/story/expect.h"

#include <inttypes.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"
#include "agent/base/unmime.h"

enum { SHOWN_BYTES = 300, SHOWN_MAILS = 50 };

static struct place place_of(const struct yaml_node *block, const char *key)
{
    const struct yaml_node *node = yaml_find(block, slice_of(key));
    return node ? node->at : block->at;
}

/** Is @key in @block, and @wanted what there is? */
static void expect_count(struct telling *telling, const struct yaml_node *block,
                         const char *key, int64_t wanted, uint64_t found)
{
    if (!story_has(block, key) || (uint64_t)wanted == found)
        return;
    telling->wants_mails = true;
    complain(telling->failures, place_of(block, key),
             "%s was to be %" PRId64 " and is %" PRIu64, key, wanted, found);
}

/** The end of @text, clean, for a complaint. */
static void put_end(struct buf *out, struct slice text)
{
    if (text.len > SHOWN_BYTES) {
        text = slice_make(text.ptr + text.len - SHOWN_BYTES, SHOWN_BYTES);
        buf_puts(out, "...");
    }
    text_put_clean(out, text, true);
}

/** Must each of @wanted be in @text (or none, when not @is_there)? */
static void expect_texts(struct telling *telling, const struct conf_texts *wanted,
                         bool is_there, const char *what, struct slice text)
{
    for (size_t i = 0; i < wanted->count; i++) {
        struct slice one = wanted->items[i].value;
        if ((slice_find(text, one) != SIZE_MAX) == is_there)
            continue;
        struct buf shown = buf_make(4 * SHOWN_BYTES + 16);
        put_end(&shown, text);
        complain(telling->failures, wanted->items[i].node->at,
                 "%s %s '%.*s'; it ends: %s", what,
                 is_there ? "was to have" : "was not to have", SLICE_ARG(one),
                 shown.ptr ? shown.ptr : "(it is empty)");
        buf_free(&shown);
    }
}

/* --- mails ----------------------------------------------------------------------- */

/** A mail, read once for all the questions about it. */
struct reading {
    struct slice bytes, recipients;
    struct buf subject, text;
};

static void reading_open(struct reading *reading, const struct post_mail *mail)
{
    *reading = (struct reading){ .bytes = mail->bytes,
                                 .recipients = mail->recipients,
                                 .subject = buf_make(LIMIT_MAIL_BYTES),
                                 .text = buf_make(LIMIT_MAIL_BYTES) };
    unmime_header(mail->bytes, "Subject", &reading->subject);
    unmime_text(mail->bytes, &reading->text);
}

static void reading_close(struct reading *reading)
{
    buf_free(&reading->subject);
    buf_free(&reading->text);
}

static bool has_all(const struct conf_texts *wanted, struct slice text)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (slice_find(text, wanted->items[i].value) == SIZE_MAX)
            return false;
    }
    return true;
}

static bool has_any(const struct conf_texts *wanted, struct slice text)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (slice_find(text, wanted->items[i].value) != SIZE_MAX)
            return true;
    }
    return false;
}

/** "Name: part": is @part in that header of the mail? "Name:" alone: is it there? */
static bool has_header(struct slice mail, struct slice wanted)
{
    char name[128];
    size_t colon = slice_find(wanted, SLICE(":"));
    struct buf value = buf_make(LIMIT_MAIL_BYTES);
    if (colon == SIZE_MAX || colon >= sizeof name)
        return false;
    memcpy(name, wanted.ptr, colon);
    name[colon] = '\0';
    struct slice part =
        slice_trim(slice_make(wanted.ptr + colon + 1, wanted.len - colon - 1));
    bool is_there = unmime_header(mail, name, &value) &&
                    slice_find(buf_slice(&value), part) != SIZE_MAX;
    buf_free(&value);
    return is_there;
}

static bool has_headers(const struct conf_texts *wanted, struct slice mail)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (!has_header(mail, wanted->items[i].value))
            return false;
    }
    return true;
}

/** Does the mail stand in the thread that mail @number began? 0: no matter. */
static bool does_answer(const struct post *post, int64_t number,
                        const struct post_mail *mail)
{
    struct buf first = buf_make(LIMIT_MAIL_BYTES), named = buf_make(LIMIT_MAIL_BYTES);
    if (number == 0)
        return true;
    bool is_known =
        (uint64_t)number <= post_mail_count(post) &&
        unmime_header(post_mail(post, (size_t)number - 1)->bytes, "Message-ID", &first);
    bool does =
        is_known && unmime_header(mail->bytes, "References", &named) && first.len > 0 &&
        slice_equal(slice_trim(buf_slice(&named)), slice_trim(buf_slice(&first)));
    buf_free(&first);
    buf_free(&named);
    return does;
}

static bool mail_fits(const struct post *post, const struct story_mails *wanted,
                      const struct post_mail *mail)
{
    struct reading reading;
    reading_open(&reading, mail);
    bool fits = has_all(&wanted->subject, buf_slice(&reading.subject)) &&
                has_all(&wanted->to, reading.recipients) &&
                has_all(&wanted->text, buf_slice(&reading.text)) &&
                !has_any(&wanted->lacks, buf_slice(&reading.subject)) &&
                !has_any(&wanted->lacks, buf_slice(&reading.text)) &&
                has_headers(&wanted->header, reading.bytes) &&
                does_answer(post, wanted->answers, mail);
    reading_close(&reading);
    return fits;
}

/** Is the mail at @index the one that @number means? 0 means all. */
static bool is_meant(int64_t number, size_t index, size_t count)
{
    if (number == 0)
        return true;
    return number > 0 ? (size_t)number == index + 1 : (size_t)-number == count - index;
}

static void expect_mails_like(struct telling *telling, const struct yaml_node *node)
{
    const struct post *post = telling->stage->post;
    struct story_mails wanted = { 0 };
    size_t errors = telling->failures->error_count;
    uint64_t fitting = 0;
    schema_load(&story_mails_schema, node, &wanted, NULL, telling->failures);
    if (telling->failures->error_count > errors)
        return;
    for (size_t i = 0; i < post_mail_count(post); i++) {
        if (is_meant(wanted.number, i, post_mail_count(post)) &&
            mail_fits(post, &wanted, post_mail(post, i)))
            fitting++;
    }
    if (story_has(node, "count")) {
        expect_count(telling, node, "count", wanted.count, fitting);
    } else if (fitting == 0) {
        telling->wants_mails = true;
        complain(telling->failures, node->at, "no mail is like this");
    }
}

static void expect_mails(struct telling *telling, const struct yaml_node *node)
{
    size_t found = post_mail_count(telling->stage->post);
    int64_t wanted;
    if (node->kind == YAML_MAP) {
        expect_mails_like(telling, node);
        return;
    }
    for (size_t i = 0; node->kind == YAML_LIST && i < node->count; i++)
        expect_mails_like(telling, node->items[i]);
    if (node->kind == YAML_LIST)
        return;
    if (!slice_to_int(node->text, &wanted)) {
        complain(telling->failures, node->at,
                 "mails: a number, a map of what they are like, or a list of maps");
    } else if (wanted < 0 || (size_t)wanted != found) {
        telling->wants_mails = true;
        complain(telling->failures, node->at, "mails was to be %" PRId64 " and is %zu",
                 wanted, found);
    }
}

/* --- sums ------------------------------------------------------------------------ */

static uint64_t header_number(struct slice mail, const char *name)
{
    struct buf value = buf_make(LIMIT_MAIL_BYTES);
    int64_t number = 0;
    if (!unmime_header(mail, name, &value) ||
        !slice_to_int(slice_trim(buf_slice(&value)), &number))
        number = 0;
    buf_free(&value);
    return (uint64_t)number;
}

/** The mail before the one at @index that has its Message-ID. NULL: none. */
static const struct post_mail *find_first_copy(const struct post *post, size_t index)
{
    uint64_t own = post_mail(post, index)->id_hash;
    for (size_t i = 0; own != 0 && i < index; i++)
        if (post_mail(post, i)->id_hash == own)
            return post_mail(post, i);
    return NULL;
}

/** Counts second copies. One with other bytes is never right, whatever is expected. */
static void expect_copies(struct telling *telling, const struct story_expect *expect)
{
    const struct post *post = telling->stage->post;
    uint64_t count = 0;
    for (size_t i = 0; i < post_mail_count(post); i++) {
        const struct post_mail *first = find_first_copy(post, i);
        count += first != NULL;
        if (!first || slice_equal(first->bytes, post_mail(post, i)->bytes))
            continue;
        telling->wants_mails = true;
        complain(telling->failures, expect->node->at,
                 "mail %zu has the Message-ID of an earlier one and other bytes",
                 i + 1);
    }
    expect_count(telling, expect->node, "copies", expect->copies, count);
}

/** Lines told by mails of @rule (empty: of all), second copies apart. */
static uint64_t sum_told(const struct post *post, struct slice rule)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < post_mail_count(post); i++) {
        struct slice mail = post_mail(post, i)->bytes;
        struct buf name = buf_make(LIMIT_MAIL_BYTES);
        unmime_header(mail, "X-Tocsin-Rule", &name);
        if ((rule.len == 0 || slice_equal(rule, slice_trim(buf_slice(&name)))) &&
            !find_first_copy(post, i))
            sum += header_number(mail, "X-Tocsin-New-Count");
        buf_free(&name);
    }
    return sum;
}

static void expect_pair(struct telling *telling, const struct conf_pair *pair,
                        const char *what, uint64_t found)
{
    int64_t wanted;
    if (slice_to_int(pair->value.value, &wanted) && wanted >= 0 &&
        (uint64_t)wanted == found)
        return;
    telling->wants_mails = true;
    complain(telling->failures, pair->value.node->at,
             "%s '%.*s' was to be %.*s and is %" PRIu64, what,
             SLICE_ARG(pair->name.value), SLICE_ARG(pair->value.value), found);
}

static void expect_totals(struct telling *telling, const struct conf_pairs *totals)
{
    for (size_t i = 0; i < totals->count; i++)
        expect_pair(telling, &totals->items[i], "the total of",
                    sum_told(telling->stage->post, totals->items[i].name.value));
}

static void expect_counter(struct telling *telling, const struct metrics *metrics,
                           const struct conf_pair *pair)
{
    for (size_t i = 0; i < metric_count; i++) {
        const struct metric *metric = &metric_table[i];
        uint64_t value;
        if (!slice_equal(slice_of(metric->name), pair->name.value))
            continue;
        memcpy(&value, (const char *)metrics + metric->offset, sizeof value);
        expect_pair(telling, pair, "the counter", value);
        return;
    }
    complain(telling->failures, pair->name.node->at,
             "there is no counter '%.*s'; `tocsin status` shows all",
             SLICE_ARG(pair->name.value));
}

/* --- the agent ------------------------------------------------------------------- */

static void put_answer(const struct stage *stage, struct slice request, struct buf *out)
{
    struct err err = { 0 };
    if (!app_answer(stage->app, request, out, &err))
        buf_puts(out, err.text);
}

void expect_answer(struct telling *telling, const struct story_ask *ask)
{
    struct buf answer = buf_make(LIMIT_CONTROL_REPLY);
    put_answer(telling->stage, ask->request.value, &answer);
    expect_texts(telling, &ask->has, true, "the answer", buf_slice(&answer));
    expect_texts(telling, &ask->lacks, false, "the answer", buf_slice(&answer));
    buf_free(&answer);
}

static void expect_outbox(struct telling *telling, const struct story_outbox *outbox,
                          const struct metrics *metrics)
{
    const struct yaml_node *node = outbox->node;
    struct buf status = buf_make(LIMIT_CONTROL_REPLY);
    expect_count(telling, node, "waiting", outbox->waiting, metrics->mails_waiting);
    expect_count(telling, node, "sent", outbox->sent, metrics->mails_sent);
    expect_count(telling, node, "dead", outbox->dead, metrics->mails_dead);
    if (outbox->advice.count > 0)
        put_answer(telling->stage, SLICE("status"), &status);
    expect_texts(telling, &outbox->advice, true, "the status", buf_slice(&status));
    buf_free(&status);
}

/** What only a running agent can tell. */
static void expect_of_app(struct telling *telling, const struct story_expect *expect)
{
    struct buf status = buf_make(LIMIT_CONTROL_REPLY);
    struct metrics metrics;
    app_measure(telling->stage->app, &metrics);
    if (expect->outbox)
        expect_outbox(telling, expect->outbox, &metrics);
    for (size_t i = 0; i < expect->counters.count; i++)
        expect_counter(telling, &metrics, &expect->counters.items[i]);
    if (expect->status.count > 0)
        put_answer(telling->stage, SLICE("status"), &status);
    expect_texts(telling, &expect->status, true, "the status", buf_slice(&status));
    buf_free(&status);
}

static void expect_server(struct telling *telling, const struct story_server *server)
{
    const struct smtpd_tally *tally = post_tally(telling->stage->post);
    const struct yaml_node *node = server->node;
    expect_count(telling, node, "attempts", server->attempts, tally->attempts);
    expect_count(telling, node, "logins", server->logins, tally->logins);
    expect_count(telling, node, "connections", server->connections, tally->sessions);
    expect_count(telling, node, "accepted", server->accepted, tally->accepted);
    expect_count(telling, node, "violations", server->violations, tally->violations);
}

void expect_all(struct telling *telling, const struct story_expect *expect)
{
    const struct stage *stage = telling->stage;
    size_t mail_count = post_mail_count(stage->post);
    struct slice log = buf_slice(&stage->log_text);
    if (story_has(expect->node, "running") && expect->running != (stage->app != NULL))
        complain(telling->failures, place_of(expect->node, "running"),
                 "the agent was %sto run", expect->running ? "" : "not ");
    if (stage->app)
        expect_of_app(telling, expect);
    else if (expect->outbox || expect->counters.count > 0 || expect->status.count > 0)
        complain(telling->failures, expect->node->at,
                 "the agent does not run, so it cannot be asked");
    if (expect->mails)
        expect_mails(telling, expect->mails);
    expect_count(telling, expect->node, "new_mails", expect->new_mails,
                 mail_count - telling->mails_seen);
    telling->mails_seen = mail_count;
    expect_count(telling, expect->node, "told", expect->told,
                 sum_told(stage->post, SLICE("")));
    expect_copies(telling, expect);
    if (expect->smtp)
        expect_server(telling, expect->smtp);
    expect_texts(telling, &expect->log, true, "the log", log);
    expect_texts(telling, &expect->no_log, false, "the log", log);
    expect_totals(telling, &expect->totals);
}

void expect_list_mails(const struct stage *stage, struct buf *out)
{
    size_t count = post_mail_count(stage->post);
    text_put_count(out, count, "mail", "mails");
    buf_puts(out, count > 0 ? " so far:\n" : " so far\n");
    if (count > SHOWN_MAILS)
        buf_printf(out, "  ... the last %d:\n", SHOWN_MAILS);
    for (size_t i = count > SHOWN_MAILS ? count - SHOWN_MAILS : 0; i < count; i++) {
        const struct post_mail *mail = post_mail(stage->post, i);
        struct buf subject = buf_make(LIMIT_MAIL_BYTES);
        unmime_header(mail->bytes, "Subject", &subject);
        buf_printf(out, "  %zu. at ", i + 1);
        text_put_duration(out, mail->mono_ms - stage->started_ms);
        buf_puts(out, " to ");
        text_put_clean(out, mail->recipients, false);
        buf_puts(out, ": ");
        text_put_clean(out, buf_slice(&subject), false);
        buf_putc(out, '\n');
        buf_free(&subject);
    }
}
