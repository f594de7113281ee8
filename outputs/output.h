/**
 * Outputs: from notices to mails that are durable, then delivered. The rest of the
 * program sees only this door. Compose, outbox, courier and transports stand behind it.
 *
 * The order in a turn: outputs_put() for each notice and outputs_write() inside the
 * transaction, commit, outputs_committed(), outputs_pump(). No byte of a mail leaves
 * before the commit that holds its row in state `handing_over`: outputs_write() claims
 * the rows that outputs_pump() may send. When the commit fails, the same outputs_put()
 * and outputs_write() calls are made again later.
 */
#ifndef TOCSIN_OUTPUTS_OUTPUT_H
#define TOCSIN_OUTPUTS_OUTPUT_H

#include "agent/base/db.h"
#include "agent/base/log.h"
#include "agent/base/now.h"
#include "agent/base/text.h"
#include "agent/base/wakes.h"
#include "outputs/account.h"
#include "outputs/link.h"
#include "rules/notice.h"

struct output_config {
    const struct yaml_node *node;
    struct conf_text name;
    struct conf_text account, maildir, webhook, webhook_file; /**< one of them */
    struct conf_texts to;
    struct conf_text webhook_token_file, webhook_ca_file;
    int webhook_fields;
    bool webhook_allow_http;
};
extern const struct schema output_schema;

/** The SQL that creates what outputs store: one migration step, and the next. */
extern const char outputs_schema_sql[], outputs_more_schema_sql[];

struct outputs_tally {
    uint64_t put, sent, dead, retries, in_doubt, recipients_refused;
    uint64_t connections, logins, merged;
    uint64_t fallbacks; /**< mails that other outputs were told of */
    uint64_t forgotten; /**< dead letters past LIMIT_DEAD_LETTERS */
    uint64_t waiting;   /**< rows that are not sent or dead */
    int64_t oldest_ms;  /**< unix_ms of the oldest waiting row, 0: none */
};

/** Compiled accounts and outputs of a generation. */
struct outputs_config;

/** Check both lists: names unique, accounts known, addresses valid, at most
 *  LIMIT_RECIPIENTS a mail, a recipient at least. @return NULL after an error; lives in
 *  @arena. */
struct outputs_config *outputs_compile(const struct conf_blocks *accounts,
                                       const struct conf_blocks *outputs,
                                       struct slice host_name, struct arena *arena,
                                       struct complaints *complaints);

struct outputs_world {
    struct db *db;
    const struct link_ops *links;
    const struct wakes *wakes;
    struct log_sink *log;
    uint64_t seed;
    struct slice host; /**< this host's name, clean */
};

struct outputs;

/** Rows left in `handing_over` by a crash become "in doubt": waiting for doubt_wait,
 *  then sent again as the same bytes, at most twice. @config is borrowed until the next
 *  outputs_configure(). */
struct outputs *outputs_create(const struct outputs_world *world,
                               const struct outputs_config *config, struct now now);
void outputs_free(struct outputs *outputs);

/** Take a new generation. Mails whose output is gone go to dead letters with that
 *  reason. A mail under way is finished first. */
void outputs_configure(struct outputs *outputs, const struct outputs_config *config,
                       struct now now);

void outputs_put(struct outputs *outputs, const struct notice *notice, struct now now,
                 struct arena *arena);
void outputs_write(struct outputs *outputs, struct now now);
void outputs_committed(struct outputs *outputs, struct now now);
void outputs_pump(struct outputs *outputs, struct now now);

/** When outputs_write() or outputs_pump() next has work, in mono_ms. */
int64_t outputs_wake_at(const struct outputs *outputs);

/** Claim nothing more and say QUIT. @return true when no mail is under way and every
 *  link is closed; call the turn until it is (SIGTERM waits at most 10 s for it). */
bool outputs_stop(struct outputs *outputs, struct now now);

const struct outputs_tally *outputs_tally(const struct outputs *outputs);

/** Queue commands of the control socket. Each appends its answer for people to @out
 *  (one JSON object a line when @json) and returns false with a sentence in @err. */
bool outputs_queue_list(struct outputs *outputs, struct now now, bool json,
                        struct buf *out, struct err *err);
bool outputs_queue_show(struct outputs *outputs, int64_t id, struct now now, bool json,
                        struct buf *out, struct err *err);
/** The bytes of a mail that was not sent yet. */
bool outputs_queue_raw(struct outputs *outputs, int64_t id, struct buf *out,
                       struct err *err);
bool outputs_queue_retry(struct outputs *outputs, int64_t id, struct now now,
                         struct err *err);
bool outputs_queue_drop(struct outputs *outputs, int64_t id, struct now now,
                        struct err *err);

/** Why mail @id has to wait although it is due: its account is held; or nothing. */
void outputs_queue_hold(struct outputs *outputs, int64_t id, struct now now,
                        struct buf *out);

/** Recipients that @account reached in 24 hours, as far as the history goes. */
uint64_t outputs_sent_in_a_day(struct outputs *outputs, struct slice account,
                               struct now now);
/** Accounts for `tocsin status`: open or held, until when, why, what to do. */
void outputs_describe(const struct outputs *outputs, struct now now,
                      enum text_form form, struct buf *out);

#endif
