/**
 * The whole configuration as one immutable generation: loaded from YAML, every mistake
 * complained about in one run, compiled, owned by one arena. A reload builds a new one.
 */
#ifndef TOCSIN_AGENT_CONFIG_H
#define TOCSIN_AGENT_CONFIG_H

#include "agent/base/complaint.h"
#include "agent/inputs/http/http_config.h"
#include "agent/inputs/input.h"
#include "agent/inputs/spool_config.h"
#include "outputs/output.h"
#include "rules/route.h"
#include "rules/rule.h"

/** What becomes of a store that is damaged. */
enum damaged_store { DAMAGED_STORE_BEGIN_ANEW, DAMAGED_STORE_STOP };

/** A file that a configuration was made of. */
struct config_file {
    const char *path; /**< as it was opened */
    const struct config_file *next;
};

struct config {
    const struct yaml_node *node;
    struct conf_texts include; /**< globs, relative to the file's folder */
    struct conf_blocks sources, rules, routes, accounts, outputs;
    struct http_config *http;   /**< NULL: nobody listens */
    struct spool_config *spool; /**< NULL: there is none */
    struct conf_text state_dir; /**< holds tocsin.db; default /var/lib/tocsin */
    struct conf_text
        control;           /**< path of the socket; default /run/tocsin/control.sock */
    struct conf_text host; /**< default: gethostname() */
    struct conf_texts redact; /**< further patterns of secrets */
    bool redact_built_in;
    int damaged_store;    /**< enum damaged_store */
    int64_t settle;       /**< ms after start before the first mail; default 0s */
    int64_t scan_threads; /**< see agent/crew.h; below 2: none */
    bool sandbox;         /**< see agent/sandbox.h */
    struct conf_texts sandbox_read;

    /* compiled */
    struct source *source_list; /**< parallel to sources; behind them these two: */
    const struct source *http_source, *spool_source; /**< NULL: without the block */
    size_t source_count;                             /**< of source_list */
    struct redactor *redactor;
    struct rules *compiled_rules;
    struct routes compiled_routes;
    struct outputs_config *compiled_outputs;
    struct slice host_name;          /**< clean: letters, digits, '-' and '.' */
    const struct config_file *files; /**< the first one, included ones, lists */
    struct arena arena;              /**< owns all of it */
};
extern const struct schema config_schema;

/** Load @path (NULL: /etc/tocsin/tocsin.yaml) and what it includes.
 *  @out  gets all complaints, printed; @color: with ANSI colours
 *  @return NULL when there was an error; then nothing is half-loaded. */
struct config *config_load(const char *path, struct buf *out, bool color);

/** The same from bytes, for stories; @name stands in complaints. */
struct config *config_load_text(const char *name, struct slice yaml, struct buf *out);

/** The same from a map that stands in another document, as in a story; places in
 *  complaints are those of @node, and includes start at its file's folder. `${NAME}`
 *  has its default. @node and its text must live as long as the configuration.
 *  @host  the host's name when the map has none */
struct config *config_load_node(const struct yaml_node *node, const char *host,
                                struct buf *out, bool color);

/** Warn of what this host lacks: files that are not there or cannot be read. */
void config_probe(struct config *config, struct buf *out, bool color);
/** Warn of passwords that cannot be read. They are read for it: not in the agent. */
void config_probe_accounts(struct config *config, struct buf *out, bool color);
/** Say what could be better: rules without samples. */
void config_advise(struct config *config, struct buf *out, bool color);

/** What of it the inputs take; it points into @config. */
struct inputs_config config_inputs(const struct config *config);

/** "1 source, 3 rules, 1 route, 2 outputs". */
void config_put_counts(const struct config *config, struct buf *out);

void config_free(struct config *config);

#endif
