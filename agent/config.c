/**
 * The root of the configuration: its keys, and the order in which a generation is
 * compiled. All parts complain into one list, so that a person sees every mistake in
 * one run; the same code loads for `check` and for the daemon, so neither finds what
 * the other does not.
 */
#include "agent/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/map.h"
#include "agent/config_files.h"
#include "agent/crew.h"
#include "agent/inputs/spool_entry.h"
#include "rules/redact.h"

static const char default_path[] = "/etc/tocsin/tocsin.yaml";

static void check_socket_path(const struct field *field, const void *value,
                              const struct yaml_node *node,
                              struct complaints *complaints)
{
    const struct conf_text *path = value;
    size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (path->value.len == 0 || path->value.len > most)
        complain(complaints, node->at, "%s: the path of a socket has 1 to %zu bytes",
                 field->name, most);
}

static void check_folder(const struct field *field, const void *value,
                         const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_text *path = value;
    if (!slice_starts(path->value, SLICE("/")))
        complain(complaints, node->at, "%s: a folder is written from the top: /...",
                 field->name);
}

static bool is_host_char(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '.';
}

static void check_host(const struct field *field, const void *value,
                       const struct yaml_node *node, struct complaints *complaints)
{
    const struct conf_text *host = value;
    bool is_good = host->value.len > 0 && host->value.len <= LIMIT_HOST_NAME_BYTES;
    for (size_t i = 0; i < host->value.len; i++)
        is_good = is_good && is_host_char(host->value.ptr[i]);
    if (!is_good)
        complain(complaints, node->at,
                 "%s: a host name has 1 to %d letters, digits, '-' and '.'",
                 field->name, LIMIT_HOST_NAME_BYTES);
}

static const char *const damaged_store_names[] = { "begin_anew", "stop", NULL };

static const struct field config_fields[] = {
    TEXTS(struct config, include,
          .doc = "Further files with the same keys, as paths or globs; what is not "
                 "absolute starts at the folder of the including file. Lists are added "
                 "together, and every file is read once."),
    BLOCKS(struct config, sources, .sub = &source_schema, .doc = "What is read."),
    BLOCK(struct config, http, struct http_config, .sub = &http_schema,
          .doc = "Alerts that others post here. 'http: {}' listens at its defaults."),
    BLOCK(struct config, spool, struct spool_config, .sub = &spool_schema,
          .doc = "Alerts that Nagios, Icinga and scripts hand over by `tocsin notify`. "
                 "'spool: {}' takes them from " SPOOL_FOLDER "."),
    BLOCKS(struct config, rules, .sub = &rule_schema,
           .doc = "Which lines are worth a mail."),
    BLOCKS(struct config, routes, .sub = &route_schema,
           .doc = "Who is told, and how alerts share a mail. The first route that "
                  "matches takes the alert. With one output and no routes, all alerts "
                  "go to it."),
    BLOCKS(struct config, accounts, .sub = &account_schema,
           .doc = "The mail servers, and who we are there."),
    BLOCKS(struct config, outputs, .sub = &output_schema, .doc = "Who gets the mail."),
    TEXT(struct config, state_dir, .def = "/var/lib/tocsin", .check = check_folder,
         .doc =
             "The folder of the store. Positions, counts and mails that wait are kept "
             "there."),
    CHOICE(struct config, damaged_store, .def = "begin_anew",
           .choices = damaged_store_names,
           .doc = "What a start does when the store is damaged: 'begin_anew' moves it "
                  "away in its folder, begins a new one and tells it by mail; 'stop' "
                  "waits for a person."),
    TEXT(struct config, control, .def = "/run/tocsin/control.sock",
         .check = check_socket_path,
         .doc = "The socket through which the other commands talk to the agent."),
    TEXT(struct config, host, .check = check_host,
         .doc = "The name of this host in labels and mails. Without it, the name that "
                "the system gives."),
    TEXTS(struct config, redact,
          .doc =
              "Patterns (PCRE2) of secrets that must not be stored or mailed: of each "
              "match the group 'secret', or all of it, becomes [redacted]. What rules "
              "match on is the line as it is."),
    BOOL(struct config, redact_built_in, .def = "true",
         .doc =
             "Also hide what is known to be secret: values of names like password, "
             "token, api_key, cookie and Authorization; passwords in URLs; JWT and "
             "tokens of GitHub, GitLab, Slack, AWS, Google and others; private keys."),
    DURATION(struct config, settle, .def = "0s", .max = 60 * MINUTE_MS,
             .doc = "How long after a start no mail is sent, while a host that boots "
                    "makes noise. Alerts are kept and told afterwards."),
    COUNT(struct config, scan_threads, .def = "0", .max = CREW_THREADS,
          .doc =
              "How many threads look for what rules match while a backlog of files or "
              "standard input is read; 0 and 1 mean none but the agent's own, which "
              "is one of them. What is found is the same, and comes in the same "
              "order. A few lines at a time, journals and what is posted are always "
              "left to the agent's own; threads end when it is quiet."),
    BOOL(struct config, sandbox, .def = "true",
         .doc =
             "Give up, once everything is open, what is not needed any more: other "
             "files than logs, configuration and store (Landlock), and system calls "
             "that an agent does not make (seccomp), as far as the kernel has them."),
    TEXTS(struct config, sandbox_read,
          .doc = "Further folders that may be read inside the sandbox: for logs that a "
                 "later reload brings, or that links will lead to. Without it such a "
                 "reload asks for a restart."),
};

const struct schema config_schema = {
    .name = "configuration",
    .doc = "Everything that tocsin knows stands in one YAML file and the files it "
           "includes.",
    .size = sizeof(struct config),
    .node_offset = offsetof(struct config, node),
    .fields = config_fields,
    .field_count = sizeof config_fields / sizeof *config_fields,
};

enum { LABEL_BYTES = 63 };

/* --- host ------------------------------------------------------------------------ */

/** One part of a name: what stands in no host name is "-", and none of that at its
 *  ends; cut (RFC 1035 2.3.4). */
static void put_label(struct buf *out, struct slice label)
{
    size_t begin = 0, end = label.len < LABEL_BYTES ? label.len : LABEL_BYTES;
    while (begin < end && (!is_host_char(label.ptr[begin]) || label.ptr[begin] == '-'))
        begin++;
    while (end > begin &&
           (!is_host_char(label.ptr[end - 1]) || label.ptr[end - 1] == '-'))
        end--;
    if (begin < end && out->len > 0)
        buf_putc(out, '.');
    for (size_t i = begin; i < end; i++)
        buf_putc(out, is_host_char(label.ptr[i]) ? label.ptr[i] : '-');
}

/** @name as a host can be called: it goes into EHLO, Message-IDs and subjects. */
static struct slice clean_host(struct arena *arena, struct slice name)
{
    struct buf clean = buf_make(LIMIT_HOST_NAME_BYTES);
    struct slice label;
    if (name.len > LIMIT_HOST_NAME_BYTES)
        name.len = LIMIT_HOST_NAME_BYTES;
    while (slice_next(&name, '.', &label))
        put_label(&clean, label);
    struct slice host =
        clean.len > 0 ? arena_slice(arena, buf_slice(&clean)) : SLICE("localhost");
    buf_free(&clean);
    return host;
}

static void find_host(struct config *config)
{
    char own[LIMIT_HOST_NAME_BYTES + 1] = "";
    struct slice name = config->host.value;
    if (name.len == 0 && gethostname(own, sizeof own - 1) == 0)
        name = slice_of(own);
    config->host_name = clean_host(&config->arena, name);
}

/* --- sources --------------------------------------------------------------------- */

static bool is_label_name(struct slice name)
{
    bool is_good = name.len > 0 && !isdigit((unsigned char)name.ptr[0]);
    for (size_t i = 0; i < name.len; i++)
        is_good =
            is_good && (isalnum((unsigned char)name.ptr[i]) || name.ptr[i] == '_');
    return is_good;
}

static void compile_labels(struct config *config, const struct source_config *from,
                           struct source *source, struct complaints *complaints)
{
    for (size_t i = 0; i < from->labels.count; i++) {
        const struct conf_pair *pair = &from->labels.items[i];
        if (!is_label_name(pair->name.value))
            complain(complaints, pair->name.node->at,
                     "the name of a label has letters, digits and '_', and starts with "
                     "no digit");
        else if (!labels_set(&source->labels, &config->arena, pair->name.value,
                             pair->value.value))
            complain(complaints, pair->name.node->at, "more than %d labels",
                     LIMIT_LABELS);
    }
}

static void check_source(const struct source_config *source, struct map *names,
                         struct complaints *complaints)
{
    struct place at = source->name.node ? source->name.node->at : source->node->at;
    bool has_files = source->files.count > 0;
    bool has_journal = yaml_find(source->node, SLICE("journal")) != NULL;
    if (!has_files && !source->is_stdin && !has_journal &&
        !yaml_find(source->node, SLICE("files")))
        complain(complaints, at,
                 "this source reads nothing; give it 'files: [...]', 'journal: {}' or "
                 "'stdin: true'");
    if (has_files + source->is_stdin + has_journal > 1)
        complain(complaints, at,
                 "a source reads one of files, journal and stdin; make two sources of "
                 "it");
    if (!source->name.node)
        return;
    if (source->name.value.len == 0) {
        complain(complaints, at, "a source needs a name");
        return;
    }
    const struct source_config *first = map_find(names, source->name.value);
    if (first)
        complain(complaints, at, "a source '%.*s' stands in %s:%u already",
                 SLICE_ARG(source->name.value), first->name.node->at.source->name,
                 first->name.node->at.line);
    else
        map_put(names, source->name.value, (void *)source);
}

/** What comes as an alert has a source of its own, @name, by the block @block.
 *  @names  of the sources that are there */
static const struct source *add_door(struct config *config, const char *name,
                                     const char *block, const struct map *names,
                                     struct complaints *complaints)
{
    const struct source_config *taken = map_find(names, slice_of(name));
    struct source *source = &config->source_list[config->source_count];
    *source = (struct source){
        .name = slice_of(name),
        .index = config->source_count++,
        .has_fields = true,
        .brings_alerts = true,
    };
    if (taken)
        complain(complaints, taken->name.node->at,
                 "with a block '%s', \"%s\" is the source of what is %s", block, name,
                 strcmp(name, block) == 0 ? "posted" : "handed over");
    return source;
}

enum { DOORS = 2 };

static void compile_sources(struct config *config, struct complaints *complaints)
{
    const struct source_config *from = config->sources.items;
    const struct source_config *reads_stdin = NULL;
    struct map names = { 0 };
    size_t count = config->sources.count, journals = 0;
    config->source_list =
        arena_zalloc(&config->arena, (count + DOORS) * sizeof *config->source_list);
    for (size_t i = 0; i < count; i++) {
        config->source_list[i].name = from[i].name.value;
        config->source_list[i].index = i;
        check_source(&from[i], &names, complaints);
        config->source_list[i].has_fields = from[i].journal != NULL;
        journals += from[i].journal != NULL;
        if (from[i].journal && journals == LIMIT_JOURNALS + 1)
            complain(complaints, from[i].node->at,
                     "more than %d sources read a journal; one can read it for many "
                     "rules, which choose by 'where: [unit=...]'",
                     LIMIT_JOURNALS);
        compile_labels(config, &from[i], &config->source_list[i], complaints);
        if (from[i].is_stdin && reads_stdin)
            complain(complaints, from[i].node->at,
                     "stdin is read by the source '%.*s' already",
                     SLICE_ARG(reads_stdin->name.value));
        if (from[i].is_stdin)
            reads_stdin = &from[i];
    }
    config->source_count = count;
    if (config->http)
        config->http_source = add_door(config, "http", "http", &names, complaints);
    if (config->spool)
        config->spool_source = add_door(config, "notify", "spool", &names, complaints);
    map_free(&names);
}

/* --- routes ---------------------------------------------------------------------- */

/** Who has one output and no routes means: all to it. */
static void add_default_route(struct config *config, struct complaints *complaints)
{
    struct arena *arena = &config->arena;
    const struct output_config *output = config->outputs.items;
    struct route_config *route = arena_zalloc(arena, sizeof *route);
    schema_defaults(&route_schema, route, complaints);
    route->node = output->node;
    route->to.items = arena_zalloc(arena, sizeof *route->to.items);
    route->to.items[0] = output->name;
    route->to.count = 1;
    config->routes = (struct conf_blocks){ route, 1 };
}

static void compile_routes(struct config *config, const struct where_files *files,
                           struct complaints *complaints)
{
    const struct output_config *outputs = config->outputs.items;
    size_t count = config->outputs.count;
    struct conf_text *names = arena_zalloc(&config->arena, count * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = outputs[i].name;
    if (config->routes.count == 0 && count == 1)
        add_default_route(config, complaints);
    const struct routes_setting setting = {
        .outputs = names,
        .output_count = count,
        .files = files,
        .rules = config->compiled_rules,
    };
    if (!routes_compile(&config->routes, &setting, &config->arena,
                        &config->compiled_routes, complaints))
        config->compiled_routes = (struct routes){ 0 };
}

/* --- the whole ------------------------------------------------------------------- */

/** Is the list @key neither there nor complained about? */
static bool is_left_out(const struct config *config, const char *key)
{
    const struct yaml_node *node = yaml_find(config->node, slice_of(key));
    return !node || (node->kind == YAML_LIST && node->count == 0);
}

static void check_whole(const struct config *config, struct complaints *complaints)
{
    struct place at = { .source = config->node->at.source };
    bool has_doors = config->http || config->spool;
    if (is_left_out(config, "sources") && !has_doors)
        complain_softly(complaints, at, "there are no sources, so nothing is read");
    if (is_left_out(config, "rules") && !has_doors)
        complain_softly(complaints, at,
                        "there are no rules, so nothing is ever mailed");
    if (is_left_out(config, "outputs"))
        complain(complaints, at, "there are no outputs, so no mail can go anywhere");
    if (config->outputs.count > 1 && is_left_out(config, "routes"))
        complain(complaints, at,
                 "there are %zu outputs and no 'routes'; say which alert goes to which",
                 config->outputs.count);
}

static void add_address(struct rules_setting *setting, struct slice *into,
                        const struct conf_text *address)
{
    if (address->value.len > 0)
        into[setting->own_address_count++] = address->value;
}

/** Of whom mails go from and to: lines that name them may be about our own mails. */
static void collect_addresses(struct config *config, struct rules_setting *setting)
{
    const struct account_config *accounts = config->accounts.items;
    const struct output_config *outputs = config->outputs.items;
    size_t count = 2 * config->accounts.count;
    for (size_t i = 0; i < config->outputs.count; i++)
        count += outputs[i].to.count;
    struct slice *into = arena_zalloc(&config->arena, count * sizeof *into);
    for (size_t i = 0; i < config->accounts.count; i++) {
        add_address(setting, into, &accounts[i].gmail);
        add_address(setting, into, &accounts[i].from);
    }
    for (size_t i = 0; i < config->outputs.count; i++)
        for (size_t k = 0; k < outputs[i].to.count; k++)
            add_address(setting, into, &outputs[i].to.items[k]);
    setting->own_addresses = into;
}

/** What the compiled rules borrow lives as long as they do. */
static const struct rules_setting *rules_setting(struct config *config,
                                                 const struct where_files *files)
{
    struct rules_setting *setting = arena_zalloc(&config->arena, sizeof *setting);
    *setting = (struct rules_setting){
        .sources = config->source_list,
        .source_count = config->source_count,
        .host = config->host_name,
        .files = files,
        .redactor = config->redactor,
    };
    collect_addresses(config, setting);
    return setting;
}

static void compile(struct config *config, const char *name,
                    struct complaints *complaints)
{
    const struct where_files *files = config_list_files(config, name);
    check_whole(config, complaints);
    find_host(config);
    compile_sources(config, complaints);
    config->redactor =
        redactor_compile(&config->redact, config->redact_built_in, complaints);
    if (config->http)
        http_config_check(config->http, complaints);
    config->compiled_rules = rules_compile(&config->rules, rules_setting(config, files),
                                           &config->arena, complaints);
    config->compiled_outputs =
        outputs_compile(&config->accounts, &config->outputs, config->host_name,
                        &config->arena, complaints);
    if (config->outputs.count == 1 || config->routes.count > 0)
        compile_routes(config, files, complaints);
}

/** Print what there is to say, and keep @config only when it has no error. */
static struct config *finish(struct config *config, struct complaints *complaints,
                             struct buf *out, bool color)
{
    bool is_good = complaints->error_count == 0;
    complaints_print(complaints, out, color);
    complaints_free(complaints);
    if (is_good)
        return config;
    config_free(config);
    return NULL;
}

struct config *config_load(const char *path, struct buf *out, bool color)
{
    struct config *config = mem_zalloc(sizeof *config);
    struct complaints complaints = { .arena = &config->arena };
    path = path ? path : default_path;
    if (config_read(config, path, &complaints))
        compile(config, path, &complaints);
    return finish(config, &complaints, out, color);
}

struct config *config_load_text(const char *name, struct slice yaml, struct buf *out)
{
    struct config *config = mem_zalloc(sizeof *config);
    struct complaints complaints = { .arena = &config->arena };
    if (config_read_text(config, name, yaml, &complaints))
        compile(config, name, &complaints);
    return finish(config, &complaints, out, false);
}

struct config *config_load_node(const struct yaml_node *node, const char *host,
                                struct buf *out, bool color)
{
    struct config *config = mem_zalloc(sizeof *config);
    struct complaints complaints = { .arena = &config->arena };
    bool is_whole = config_read_node(config, node, &complaints);
    if (config->host.value.len == 0)
        config->host.value = slice_of(host);
    if (is_whole)
        compile(config, node->at.source->name, &complaints);
    return finish(config, &complaints, out, color);
}

struct inputs_config config_inputs(const struct config *config)
{
    return (struct inputs_config){
        .blocks = &config->sources,
        .sources = config->source_list,
        .http = config->http,
        .http_source = config->http_source,
        .spool = config->spool,
        .spool_source = config->spool_source,
        .host_name = config->host_name,
    };
}

void config_put_counts(const struct config *config, struct buf *out)
{
    text_put_count(out, config->sources.count, "source", "sources");
    buf_puts(out, ", ");
    text_put_count(out, rules_count(config->compiled_rules), "rule", "rules");
    buf_puts(out, ", ");
    text_put_count(out, config->compiled_routes.count, "route", "routes");
    buf_puts(out, ", ");
    text_put_count(out, config->outputs.count, "output", "outputs");
}

void config_free(struct config *config)
{
    if (!config)
        return;
    rules_free(config->compiled_rules);
    redactor_free(config->redactor);
    routes_free(&config->compiled_routes);
    arena_free(&config->arena);
    free(config);
}
