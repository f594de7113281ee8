/**
 * The logs and the rules of the bench, the same bytes for the same arguments on every
 * machine. A log is a stream of lines drawn from a pool of noise
 * (tests/samples/noise.txt) and, at the given rate, from a pool of lines that match a
 * rule (tests/samples/rules.txt): seven hits of ten belong to the set of ten rules.
 *
 *   corpus log SAMPLES RATE MIB      RATE: hits among a million lines; whole lines, a
 *                                    shorter log is the head of a longer one
 *   corpus rules SAMPLES COUNT       the patterns of the set of 10, 100 or 1000
 *   corpus literals SAMPLES COUNT    "<index> <literal>": what a match must contain
 *   corpus yaml                      patterns from stdin become `rules:`, groups named
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/base/buf.h"
#include "agent/base/mem.h"
#include "agent/base/must.h"
#include "agent/base/rng.h"

#define SEED 20261123
#define VARIANTS 12000 /* of a group of noise */
#define HITS_OF_TEN 1500
#define HITS_OF_OTHERS 150
#define LONG_LINES 200
#define LONG_WEIGHT 50 /* of 100,000 lines */
#define BEAT 400       /* lines a second, and a set of time prefixes */
#define MOST_BYTES ((size_t)256 * 1024 * 1024)
#define MOST_NAMED 60 /* captures of a rule that get a name */

/* --- what a {field} of a template can become ------------------------------------ */

struct field {
    const char *name, *words; /* words: one of these, parted by '|' */
    const char *text;         /* or a template */
    uint64_t min, max;        /* or a number */
    int width, hex;           /* or this many hexadecimal digits */
    bool is_upper;
};

static const struct field fields[] = {
    { "n", .min = 1, .max = 9999 },
    { "pid", .min = 300, .max = 65000 },
    { "ip", .text = "{octet}.{byte}.{byte}.{byte}" },
    { "port", .min = 1025, .max = 65000 },
    { "user", .words = "root|admin|test|oracle|alice|bob|carol|git|deploy|www-data|"
                       "postgres|backup|ubuntu|nagios|guest|pi|mysql|jenkins" },
    { "host", .words = "web01|web02|db01|db02|mq1|cache3|lb-a|lb-b|combo|LabSZ|app-07|"
                       "app-08" },
    { "svc", .words = "nginx|java|python3|postgres|redis-server|node|php-fpm|sshd|"
                      "dockerd|containerd|etcd|prometheus" },
    { "us", .max = 999999, .width = 6 },
    { "hex", .hex = 8 },
    { "hex16", .hex = 16 },
    { "HEX", .hex = 10, .is_upper = true },
    { "kb", .min = 10000, .max = 99999999 },
    { "d3", .max = 3 },
    { "d5", .words = "0|2|3|4" },
    { "disk", .words = "sda|sdb|sdc|sdd|nvme0n1|vdb" },
    { "url", .words = "/|/index.html|/api/v1/items|/api/v1/orders/4711|/login|"
                      "/static/app.js|/health|/search?q=abc|/images/logo.png|"
                      "/v2/users/me" },
    { "ua", .words = "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 "
                     "Firefox/115.0|curl/7.88.1|Mozilla/5.0 (Windows NT 10.0; Win64; "
                     "x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 "
                     "Safari/537.36|kube-probe/1.27" },
    { "cls", .words = "com.example.shop.OrderService|org.acme.billing.InvoiceJob|"
                      "io.app.http.Router|net.corp.auth.TokenFilter" },
    { "thr", .text = "http-nio-8080-exec-{byte}" },
    { "meth", .words = "GET|POST|PUT|DELETE|HEAD" },
    { "uuid", .text = "{hex}-{h4}-{h4}-{h4}-{hex}{h4}" },
    { "rhost", .text = "{word}-{byte}-{byte}.adsl.{word}.example.net" },
    { "word", .words = "amber|basalt|cedar|delta|ember|fjord|garnet|harbor|indigo|"
                       "juniper|kelp|lagoon|maple|nimbus|onyx|pollen|quartz|ridge" },
    { "blk", .text = "{kb}{kb}" },
    { "daytime", .text = "Mon Nov 23 06:{m}:{m} 2026" },
    { "startstop", .words = "startup|shutdown" },
    { "h4", .hex = 4 },
    { "byte", .max = 255 },
    { "octet", .min = 11, .max = 223 },
    { "m", .min = 10, .max = 59 },
};

static uint64_t below(struct rng *rng, uint64_t bound)
{
    return rng_next(rng) % bound;
}

static struct slice pick_word(struct rng *rng, const char *words)
{
    size_t count = 1;
    for (const char *c = words; *c; c++)
        count += *c == '|';
    struct slice rest = slice_of(words), word;
    for (size_t i = below(rng, count) + 1; i > 0; i--)
        must(slice_next(&rest, '|', &word));
    return word;
}

static void put_hex(struct rng *rng, const struct field *field, struct buf *out)
{
    const char *digits = field->is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (int i = 0; i < field->hex; i++)
        buf_putc(out, digits[below(rng, 16)]);
}

static const struct field *find_field(struct slice name)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (slice_equal(name, slice_of(fields[i].name)))
            return &fields[i];
    return NULL;
}

static void expand(struct rng *rng, struct slice text, struct buf *out);

static void put_field(struct rng *rng, const struct field *field, struct buf *out)
{
    if (field->text)
        expand(rng, slice_of(field->text), out);
    else if (field->words)
        buf_put(out, pick_word(rng, field->words));
    else if (field->hex)
        put_hex(rng, field, out);
    else
        buf_printf(out, "%0*" PRIu64, field->width,
                   field->min + below(rng, field->max - field->min + 1));
}

/* A brace that names no field stands for itself. */
static void expand(struct rng *rng, struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        const char *open = text.ptr + i;
        const char *close = *open == '{' ? memchr(open, '}', text.len - i) : NULL;
        const struct field *field =
            close ? find_field(slice_make(open + 1, (size_t)(close - open) - 1)) : NULL;
        if (!field) {
            buf_putc(out, *open);
            continue;
        }
        put_field(rng, field, out);
        i += (size_t)(close - open);
    }
}

/* --- the sample files ------------------------------------------------------------- */

struct template
{
    char prefix;
    struct slice text;
};

struct group {
    char prefix;
    uint64_t weight;
    struct template *templates;
    size_t count, capacity;
};

struct rule {
    bool is_of_ten;
    struct slice pattern;
    struct slice *literals;
    size_t literal_count, literal_capacity;
    struct template *hits;
    size_t hit_count, hit_capacity;
};

struct samples {
    struct group *groups;
    size_t group_count, group_capacity;
    struct rule *rules;
    size_t rule_count, rule_capacity;
    struct slice *services, *phrases;
    size_t service_count, service_capacity, phrase_count, phrase_capacity;
};

static struct slice read_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "r");
    if (!in) {
        perror(path);
        exit(66);
    }
    char *text = mem_zalloc(1024 * 1024);
    size_t len = fread(text, 1, 1024 * 1024 - 1, in);
    fclose(in);
    return slice_make(text, len);
}

static bool take_word(struct slice *line, const char *word)
{
    struct slice head = slice_of(word);
    if (!slice_starts(*line, head))
        return false;
    *line = slice_make(line->ptr + head.len, line->len - head.len);
    return true;
}

/* A line that begins with x12 stands there twelve times. */
static void add_templates(struct group *group, struct slice line)
{
    char *end = (char *)line.ptr;
    uint64_t times = 1;
    if (line.ptr[0] == 'x')
        times = strtoull(line.ptr + 1, &end, 10);
    if (end == line.ptr || end == line.ptr + 1 || *end != ' ')
        times = 1; /* a word of its own */
    else
        line = slice_make(end + 1, line.len - (size_t)(end + 1 - line.ptr));
    for (uint64_t i = 0; i < times; i++)
        *mem_push(group->templates, group->count, group->capacity) =
            (struct template){ group->prefix, line };
}

static void read_noise(struct samples *samples, const char *folder)
{
    struct slice rest = read_file(folder, "noise.txt"), line;
    while (slice_next(&rest, '\n', &line)) {
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (take_word(&line, "group ")) {
            struct group *group = mem_push(samples->groups, samples->group_count,
                                           samples->group_capacity);
            group->prefix = line.ptr[0];
            group->weight = strtoull(line.ptr + 2, NULL, 10);
            continue;
        }
        add_templates(&samples->groups[samples->group_count - 1], line);
    }
}

static void read_of_rule(struct rule *rule, struct slice line)
{
    if (take_word(&line, "re "))
        rule->pattern = line;
    else if (take_word(&line, "lit "))
        *mem_push(rule->literals, rule->literal_count, rule->literal_capacity) = line;
    else if (take_word(&line, "hit "))
        *mem_push(rule->hits, rule->hit_count, rule->hit_capacity) =
            (struct template){ line.ptr[0], slice_make(line.ptr + 2, line.len - 2) };
    else
        must(line.len == 0 || line.ptr[0] == '#');
}

static void read_rules(struct samples *samples, const char *folder)
{
    struct slice rest = read_file(folder, "rules.txt"), line;
    while (slice_next(&rest, '\n', &line)) {
        if (take_word(&line, "rule "))
            mem_push(samples->rules, samples->rule_count, samples->rule_capacity)
                ->is_of_ten = slice_ends(line, slice_of(" ten"));
        else if (take_word(&line, "service "))
            *mem_push(samples->services, samples->service_count,
                      samples->service_capacity) = line;
        else if (take_word(&line, "phrase "))
            *mem_push(samples->phrases, samples->phrase_count,
                      samples->phrase_capacity) = line;
        else if (samples->rule_count > 0)
            read_of_rule(&samples->rules[samples->rule_count - 1], line);
    }
}

/* --- the log ---------------------------------------------------------------------- */

/* A line of the pool: where it lies in the pool's bytes, its '\n' included. */
struct line {
    char prefix;
    size_t start, len;
};

/* Lines to draw from; the one at a random place of [start, start + count). */
struct pool {
    struct line *lines;
    size_t count, capacity;
    struct buf bytes;
};

struct share {
    uint64_t upto; /* a draw below this takes from here */
    size_t start, count;
};

struct author {
    struct rng rng;
    struct pool pool;
    struct share noise[16], hits[2];
    size_t noise_count;
    struct slice prefixes[128][16]; /* by letter; hosts or addresses vary */
    size_t prefix_count[128];
    struct buf prefix_bytes;
};

static void add_line(struct author *author, char prefix, struct slice template)
{
    struct pool *pool = &author->pool;
    struct line *line = mem_push(pool->lines, pool->count, pool->capacity);
    line->prefix = prefix;
    line->start = pool->bytes.len;
    expand(&author->rng, template, &pool->bytes);
    buf_putc(&pool->bytes, '\n');
    line->len = pool->bytes.len - line->start;
    must(!pool->bytes.overflowed);
}

/* A line of JSON of 1 to 8 kB, with bytes beyond ASCII. */
static void add_long_line(struct author *author)
{
    struct buf text = buf_make(64 * 1024);
    buf_puts(&text, "DEBUG {");
    for (uint64_t i = below(&author->rng, 90) + 14; i > 0; i--)
        buf_printf(&text, "\"key%" PRIu64 "\": \"{hex16}{hex16}\", \"val\": {kb}, ", i);
    buf_puts(&text, "\"text\": \"\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x9c\x93\"}");
    add_line(author, 'J', buf_slice(&text));
    buf_free(&text);
}

static void fill_noise(struct author *author, const struct samples *samples)
{
    uint64_t upto = LONG_WEIGHT;
    author->noise[author->noise_count++] =
        (struct share){ upto, author->pool.count, LONG_LINES };
    for (size_t i = 0; i < LONG_LINES; i++)
        add_long_line(author);
    for (size_t i = 0; i < samples->group_count; i++) {
        const struct group *group = &samples->groups[i];
        upto += group->weight * 100;
        must(author->noise_count < 16);
        author->noise[author->noise_count++] =
            (struct share){ upto, author->pool.count, VARIANTS };
        for (size_t k = 0; k < VARIANTS; k++)
            add_line(author, group->prefix,
                     group->templates[below(&author->rng, group->count)].text);
    }
}

static void fill_hits(struct author *author, const struct samples *samples)
{
    for (int ten = 1; ten >= 0; ten--) {
        struct share *share = &author->hits[!ten];
        share->upto = ten ? 7 : 10;
        share->start = author->pool.count;
        for (size_t i = 0; i < samples->rule_count; i++) {
            const struct rule *rule = &samples->rules[i];
            if (rule->is_of_ten != (bool)ten)
                continue;
            for (size_t k = 0; k < (ten ? HITS_OF_TEN : HITS_OF_OTHERS); k++)
                add_line(author, rule->hits[k % rule->hit_count].prefix,
                         rule->hits[k % rule->hit_count].text);
        }
        share->count = author->pool.count - share->start;
    }
}

static void add_prefix(struct author *author, char letter, const char *text)
{
    size_t start = author->prefix_bytes.len;
    expand(&author->rng, slice_of(text), &author->prefix_bytes);
    author->prefixes[(int)letter][author->prefix_count[(int)letter]++] =
        slice_make(author->prefix_bytes.ptr + start, author->prefix_bytes.len - start);
}

/* What stands before the lines of this second. */
static void stamp(struct author *author, uint64_t second)
{
    char text[200], time[9];
    snprintf(time, sizeof time, "%02u:%02u:%02u", (unsigned)(second / 3600 % 24),
             (unsigned)(second / 60 % 60), (unsigned)(second % 60));
    memset(author->prefix_count, 0, sizeof author->prefix_count);
    author->prefix_bytes.len = 0;
    for (int i = 0; i < 12; i++) {
        snprintf(text, sizeof text, "Nov 23 %s {host} ", time);
        add_prefix(author, 'S', text);
        snprintf(text, sizeof text, "{ip} - - [23/Nov/2026:%s +0000] ", time);
        add_prefix(author, 'A', text);
    }
    static const struct {
        char letter;
        const char *before, *after;
    } others[] = {
        { 'J', "2026-11-23 ", ",1{m} " }, { 'Z', "2026-11-23 ", ",1{m} - " },
        { 'N', "2026/11/23 ", " " },      { 'P', "[Mon Nov 23 ", " 2026] " },
        { 'H', "261123 ", " " },          { 'O', "nova.log 2026-11-23 ", ".1{m} " },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(text, sizeof text, "%s%s%s", others[i].before, time, others[i].after);
        add_prefix(author, others[i].letter, text);
    }
}

static const struct line *draw(struct author *author, bool is_hit)
{
    const struct share *share = is_hit ? author->hits : author->noise;
    uint64_t last = is_hit ? 10 : author->noise[author->noise_count - 1].upto;
    uint64_t at = below(&author->rng, last);
    while (at >= share->upto)
        share++;
    return &author->pool.lines[share->start + below(&author->rng, share->count)];
}

static void put_line(struct author *author, const struct line *line, struct buf *out)
{
    size_t letter = (size_t)line->prefix;
    must(author->prefix_count[letter] > 0);
    buf_put(
        out,
        author->prefixes[letter][below(&author->rng, author->prefix_count[letter])]);
    buf_put(out, slice_make(author->pool.bytes.ptr + line->start, line->len));
}

static int write_log(struct author *author, uint64_t rate, uint64_t limit)
{
    struct buf out = buf_make(4 * 1024 * 1024);
    uint64_t lines = 0, bytes = 0;
    while (true) {
        if (lines % BEAT == 0)
            stamp(author, lines / BEAT);
        bool is_hit = below(&author->rng, 1000000) < rate;
        size_t before = out.len;
        put_line(author, draw(author, is_hit), &out);
        if (bytes + out.len > limit) {
            out.len = before;
            break;
        }
        lines++;
        if (out.len < 1024 * 1024)
            continue;
        must(fwrite(out.ptr, 1, out.len, stdout) == out.len);
        bytes += out.len;
        out.len = 0;
    }
    must(fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0);
    return 0;
}

static int make_log(const struct samples *samples, uint64_t rate, uint64_t mib)
{
    struct author *author = mem_zalloc(sizeof *author);
    author->pool.bytes = buf_make(MOST_BYTES);
    author->prefix_bytes = buf_make(64 * 1024);
    /* No prefix may move once it is pointed to. */
    for (int i = 0; i < 32 * 1024; i++)
        buf_putc(&author->prefix_bytes, ' ');
    rng_seed(&author->rng, SEED);
    fill_noise(author, samples);
    fill_hits(author, samples);
    return write_log(author, rate, mib * 1024 * 1024);
}

/* --- the rules -------------------------------------------------------------------- */

static int print_rules(const struct samples *samples, size_t count)
{
    for (size_t i = 0; i < samples->rule_count; i++)
        if (count > 10 || samples->rules[i].is_of_ten)
            printf("%.*s\n", (int)samples->rules[i].pattern.len,
                   samples->rules[i].pattern.ptr);
    static const char *const links[] = {
        "\\[[0-9]+\\]: ", "\\[([0-9]+)\\]: (error|warning|crit): ", ": "
    };
    for (size_t i = 0; i < samples->service_count; i++)
        for (size_t k = 0; count > 100 && k < samples->phrase_count; k++)
            printf("%.*s%s%.*s\n", (int)samples->services[i].len,
                   samples->services[i].ptr, links[(i + k) % 3],
                   (int)samples->phrases[k].len, samples->phrases[k].ptr);
    return 0;
}

static int print_literals(const struct samples *samples, size_t count)
{
    size_t index = 0;
    for (size_t i = 0; i < samples->rule_count; i++) {
        const struct rule *rule = &samples->rules[i];
        if (count == 10 && !rule->is_of_ten)
            continue;
        for (size_t k = 0; k < rule->literal_count; k++)
            printf("%zu %.*s\n", index, (int)rule->literals[k].len,
                   rule->literals[k].ptr);
        index++;
    }
    return 0;
}

/* Where the bracket expression that opens at @at ends: ']' first in it is a member, as
 * are [:classes:]. */
static size_t bracket_end(struct slice pattern, size_t at)
{
    size_t i = at + 1;
    i += i < pattern.len && pattern.ptr[i] == '^';
    i += i < pattern.len && pattern.ptr[i] == ']';
    for (; i < pattern.len && pattern.ptr[i] != ']'; i++) {
        if (pattern.ptr[i] == '\\')
            i++;
        else if (i + 1 < pattern.len && pattern.ptr[i] == '[' &&
                 strchr(":.=", pattern.ptr[i + 1]))
            for (i += 2; i < pattern.len && pattern.ptr[i] != ']';)
                i++;
    }
    return i;
}

/* The pattern in YAML's single quotes, its plain groups with names. */
static void print_pattern(struct slice pattern)
{
    int groups = 0;
    size_t upto = 0; /* bytes up to here are as they are */
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        putchar(c);
        if (c == '\'')
            putchar(c);
        if (i < upto)
            continue;
        if (c == '\\')
            upto = i + 2;
        else if (c == '[')
            upto = bracket_end(pattern, i) + 1;
        else if (c == '(' && i + 1 < pattern.len && pattern.ptr[i + 1] != '?' &&
                 groups < MOST_NAMED)
            printf("?<c%d>", ++groups);
    }
}

static int print_yaml(void)
{
    char line[16 * 1024];
    puts("rules:");
    for (size_t count = 1; fgets(line, sizeof line, stdin); count++) {
        line[strcspn(line, "\n")] = '\0';
        printf("  - name: r%04zu\n    match: '", count);
        print_pattern(slice_of(line));
        puts("'");
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "yaml") == 0)
        return print_yaml();
    if (argc >= 4) {
        struct samples samples = { 0 };
        read_noise(&samples, argv[2]);
        read_rules(&samples, argv[2]);
        uint64_t number = strtoull(argv[3], NULL, 10);
        if (argc == 5 && strcmp(argv[1], "log") == 0)
            return make_log(&samples, number, strtoull(argv[4], NULL, 10));
        if (argc == 4 && strcmp(argv[1], "rules") == 0)
            return print_rules(&samples, number);
        if (argc == 4 && strcmp(argv[1], "literals") == 0)
            return print_literals(&samples, number);
    }
    fprintf(stderr, "usage: see the head of tests/bench/corpus.c\n");
    return 64;
}
