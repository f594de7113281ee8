/**
 * A host or service is one alert by its names, whatever its state: what begins as a
 * warning and gets critical is over in one recovery. What is said while it lasts
 * (acknowledged, a comment) is the same alert once more; flapping and downtime are
 * alerts of their own, because they come while all is well, too.
 */
#include "agent/notification.h"

#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/text.h"

#define BOTH(name) name, name

const struct notification_name notification_names[NOTIFICATION_ITEMS] = {
    [NOTIFICATION_TYPE] = { "type", 't', BOTH("NOTIFICATIONTYPE"), "NOTIFICATIONTYPE" },
    [NOTIFICATION_HOST] = { "host", 'l', BOTH("HOSTNAME"), "HOSTNAME" },
    [NOTIFICATION_HOST_NAME] = { "host-name", 'n', BOTH("HOSTALIAS"),
                                 "HOSTDISPLAYNAME" },
    [NOTIFICATION_ADDRESS] = { "address", '4', BOTH("HOSTADDRESS"), "HOSTADDRESS" },
    [NOTIFICATION_ADDRESS6] = { "address6", '6', NULL, NULL, "HOSTADDRESS6" },
    [NOTIFICATION_SERVICE] = { "service", 'e', "SERVICEDESC", NULL, "SERVICENAME" },
    [NOTIFICATION_SERVICE_NAME] = { "service-name", 'u', "SERVICEDISPLAYNAME", NULL,
                                    "SERVICEDISPLAYNAME" },
    [NOTIFICATION_STATE] = { "state", 's', "SERVICESTATE", "HOSTSTATE", NULL },
    [NOTIFICATION_OUTPUT] = { "output", 'o', "SERVICEOUTPUT", "HOSTOUTPUT", NULL },
    [NOTIFICATION_LONG_OUTPUT] = { "long-output", 0, "LONGSERVICEOUTPUT",
                                   "LONGHOSTOUTPUT", NULL },
    [NOTIFICATION_SINCE] = { "since", 0, "LASTSERVICESTATECHANGE",
                             "LASTHOSTSTATECHANGE", NULL },
    [NOTIFICATION_AUTHOR] = { "author", 'b', BOTH("NOTIFICATIONAUTHOR"),
                              "NOTIFICATIONAUTHORNAME" },
    [NOTIFICATION_COMMENT] = { "comment", 'c', BOTH("NOTIFICATIONCOMMENT"),
                               "NOTIFICATIONCOMMENT" },
    [NOTIFICATION_URL] = { "url", 0, "SERVICENOTESURL", "HOSTNOTESURL", NULL },
    [NOTIFICATION_ICINGA_WEB] = { "icinga-web", 'i', NULL, NULL, "ICINGAWEB2URL" },
};

/* --- what it means ---------------------------------------------------------------- */

enum meaning {
    MEANS_STATE, /* begun or over, as the state says */
    MEANS_WORD,  /* somebody says something of it */
    MEANS_BEGIN, /* of something else than the state */
    MEANS_END
};

struct type {
    const char *name;
    enum meaning meaning;
    const char *what; /* to a person, behind the name of the service or host */
    const char *key;  /* tells its alert from the state's; NULL: it is that one */
};

static const struct type types[] = {
    { "PROBLEM", MEANS_STATE, "", NULL },
    { "RECOVERY", MEANS_STATE, "", NULL },
    { "ACKNOWLEDGEMENT", MEANS_WORD, "acknowledged", NULL },
    { "CUSTOM", MEANS_WORD, "a message", NULL },
    { "FLAPPINGSTART", MEANS_BEGIN, "flaps", "flapping" },
    { "FLAPPINGSTOP", MEANS_END, "does not flap any more", "flapping" },
    { "FLAPPINGEND", MEANS_END, "does not flap any more", "flapping" },
    { "FLAPPINGDISABLED", MEANS_END, "is not watched for flapping any more",
      "flapping" },
    { "DOWNTIMESTART", MEANS_BEGIN, "is in downtime", "downtime" },
    { "DOWNTIMEEND", MEANS_END, "is out of downtime", "downtime" },
    { "DOWNTIMECANCELLED", MEANS_END, "is out of downtime (cancelled)", "downtime" },
    { "DOWNTIMEREMOVED", MEANS_END, "is out of downtime (removed)", "downtime" },
};

struct state {
    const char *name, *severity; /* NULL: all is well */
};

static const struct state states[] = {
    { "OK", NULL },
    { "UP", NULL },
    { "WARNING", "warning" },
    { "UNKNOWN", "warning" },
    { "CRITICAL", "critical" },
    { "DOWN", "critical" },
    { "UNREACHABLE", "warning" },
};

/** What is written, and where to. */
struct writing {
    struct slice items[NOTIFICATION_ITEMS];
    const struct type *type;
    const struct state *state; /* NULL: not said */
    struct now now;
    struct buf *body;
};

/** "$SERVICEDESC$", "$service.name$": nothing stood there to be put in. */
static bool is_macro(struct slice item)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_.:";
    if (item.len < 3 || item.ptr[0] != '$' || item.ptr[item.len - 1] != '$')
        return false;
    for (size_t i = 1; i < item.len - 1; i++) {
        if (!memchr(letters, item.ptr[i], sizeof letters - 1))
            return false;
    }
    return true;
}

static struct slice said(struct slice item)
{
    item = slice_trim(item);
    return is_macro(item) ? SLICE("") : item;
}

static bool find_type(struct writing *writing, struct err *err)
{
    struct slice name = writing->items[NOTIFICATION_TYPE];
    name = name.len > 0 ? name : SLICE("PROBLEM");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (slice_equal_nocase(name, slice_of(types[i].name)))
            writing->type = &types[i];
    }
    return writing->type ||
           err_set(err, ERR_INVALID, "'%.*s' is no type of notification",
                   SLICE_ARG(name));
}

static bool find_state(struct writing *writing, struct err *err)
{
    struct slice name = writing->items[NOTIFICATION_STATE];
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (slice_equal_nocase(name, slice_of(states[i].name)))
            writing->state = &states[i];
    }
    if (writing->state || (name.len == 0 && writing->type->key))
        return true;
    return err_set(err, ERR_INVALID,
                   "'%.*s' is no state: OK, WARNING, CRITICAL, UNKNOWN; UP, DOWN, "
                   "UNREACHABLE",
                   SLICE_ARG(name));
}

static bool is_over(const struct writing *writing)
{
    return writing->type->key ? writing->type->meaning == MEANS_END
                              : !writing->state->severity;
}

static const char *status_of(const struct writing *writing)
{
    if (is_over(writing))
        return "resolved";
    return writing->type->meaning == MEANS_WORD ? "acknowledged" : "firing";
}

static const char *severity_of(const struct writing *writing)
{
    if (writing->type->key)
        return "info";
    return writing->state->severity ? writing->state->severity : "warning";
}

/* --- texts ------------------------------------------------------------------------ */

static struct slice first_said(const struct writing *writing,
                               enum notification_item one, enum notification_item other)
{
    struct slice item = writing->items[one];
    return item.len > 0 ? item : writing->items[other];
}

/** "HTTP on web1", or "web1". */
static void put_object(const struct writing *writing, struct buf *out)
{
    struct slice service =
        first_said(writing, NOTIFICATION_SERVICE_NAME, NOTIFICATION_SERVICE);
    if (writing->items[NOTIFICATION_SERVICE].len > 0) {
        buf_put(out, service);
        buf_puts(out, " on ");
    }
    buf_put(out, writing->items[NOTIFICATION_HOST]);
}

static void put_title(const struct writing *writing, struct buf *out)
{
    struct slice rest = writing->items[NOTIFICATION_OUTPUT], line = SLICE("");
    (void)slice_next(&rest, '\n', &line);
    put_object(writing, out);
    if (writing->type->key) {
        buf_printf(out, " %s", writing->type->what);
        return;
    }
    buf_printf(out, " is %s", writing->state->name);
    if (writing->type->meaning == MEANS_WORD) {
        struct slice author = writing->items[NOTIFICATION_AUTHOR];
        buf_printf(out, ", %s", writing->type->what);
        buf_puts(out, author.len > 0 ? " by " : "");
        buf_put(out, author);
        line = writing->items[NOTIFICATION_COMMENT];
    }
    buf_puts(out, line.len > 0 ? ": " : "");
    buf_put(out, line);
}

static void put_lines(struct buf *out, struct slice text)
{
    buf_put(out, text);
    buf_puts(out, text.len > 0 ? "\n" : "");
}

/** Nagios writes a line feed as a backslash and an n, and a backslash as two of them;
 *  in the long output only. (nagioscore 4.4, base/utils.c: my_escape_newlines) */
static void put_escaped_lines(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char next = text.ptr[i] == '\\' && i + 1 < text.len ? text.ptr[i + 1] : 0;
        bool is_escape = next == 'n' || next == '\\';
        buf_putc(out, next == 'n' ? '\n' : text.ptr[i]);
        i += is_escape;
    }
    buf_puts(out, text.len > 0 ? "\n" : "");
}

/** What the title has no room for: Icinga's output has all lines of it. */
static struct slice rest_of_output(const struct writing *writing)
{
    struct slice rest = writing->items[NOTIFICATION_OUTPUT], line = SLICE("");
    (void)slice_next(&rest, '\n', &line);
    bool is_in_title =
        writing->type->meaning == MEANS_STATE && line.len < LIMIT_SUMMARY_BYTES / 2;
    return is_in_title ? slice_trim(rest) : writing->items[NOTIFICATION_OUTPUT];
}

static void put_all_texts(const struct writing *writing, struct buf *out)
{
    struct slice author = writing->items[NOTIFICATION_AUTHOR];
    struct slice comment = writing->items[NOTIFICATION_COMMENT];
    put_lines(out, rest_of_output(writing));
    put_escaped_lines(out, writing->items[NOTIFICATION_LONG_OUTPUT]);
    if (comment.len > 0 && writing->type->meaning != MEANS_WORD) {
        buf_put(out, author.len > 0 ? author : SLICE("comment"));
        buf_puts(out, ": ");
        put_lines(out, comment);
    }
}

/** A check may print books; the alert has room for LIMIT_DESCRIPTION_BYTES, with its
 *  host's name and address behind. */
static void put_description(const struct writing *writing, struct buf *out)
{
    struct buf texts = buf_make(LIMIT_HTTP_BODY_BYTES);
    put_all_texts(writing, &texts);
    struct slice all = slice_trim(buf_slice(&texts));
    struct slice head = text_cut(all, LIMIT_DESCRIPTION_BYTES * 3 / 4);
    buf_put(out, head);
    if (head.len < all.len)
        buf_printf(out, "\n(%zu more bytes are left out)", all.len - head.len);
    buf_free(&texts);
}

/* --- the body --------------------------------------------------------------------- */

/** A member of JSON, when it says something. The bytes stay as they are but for what
 *  JSON must escape: who reads it repairs what is no text, and says so. */
static void put_member(struct buf *out, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    buf_printf(out, "%s\"%s\":\"", out->ptr[out->len - 1] == '{' ? "" : ",", name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c == '"' || c == '\\')
            buf_putc(out, '\\');
        if (c < ' ')
            buf_printf(out, "\\u%04x", c);
        else
            buf_putc(out, (char)c);
    }
    buf_putc(out, '"');
}

static void put_made(const struct writing *writing, const char *name,
                     void (*make)(const struct writing *writing, struct buf *out))
{
    struct buf text = buf_make(LIMIT_HTTP_BODY_BYTES);
    make(writing, &text);
    put_member(writing->body, name, slice_trim(buf_slice(&text)));
    buf_free(&text);
}

/** Host and service never hold a '/' that would make two of them alike: a line feed
 *  stands between them. */
static void put_key(const struct writing *writing, struct buf *out)
{
    buf_put(out, writing->items[NOTIFICATION_HOST]);
    buf_puts(out, "\n");
    buf_put(out, writing->items[NOTIFICATION_SERVICE]);
    buf_puts(out, "\nmonitoring ");
    buf_puts(out, writing->type->key ? writing->type->key : "state");
    /* Somebody's word while all is well is an end of nothing: one more would be taken
       for the end that was told already. */
    if (writing->type->meaning == MEANS_WORD && is_over(writing))
        buf_printf(out, " %lld", (long long)writing->now.unix_ms);
}

/** When it began. Without that each word of it is a new one. */
static void put_moment(const struct writing *writing, struct buf *out)
{
    int64_t seconds = 0, unix_ms = writing->now.unix_ms;
    struct slice since = writing->items[NOTIFICATION_SINCE];
    for (size_t i = 0; i < since.len && i < 12 && since.ptr[i] != '.'; i++)
        seconds = since.ptr[i] >= '0' && since.ptr[i] <= '9'
                      ? seconds * 10 + (since.ptr[i] - '0')
                      : 0;
    if (seconds > 0 && writing->type->meaning == MEANS_STATE)
        unix_ms = seconds * 1000;
    buf_printf(out, "%lld", (long long)unix_ms);
}

static void put_url_encoded(struct buf *out, struct slice text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789.~_-";
    for (size_t i = 0; i < text.len; i++) {
        if (memchr(plain, text.ptr[i], sizeof plain - 1))
            buf_putc(out, text.ptr[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
    }
}

/** The page about it: as said, or that of Icinga Web 2, as the mail scripts have it.
 *  (icinga2 2.13, etc/icinga2/scripts) */
static void put_url(const struct writing *writing, struct buf *out)
{
    struct slice service = writing->items[NOTIFICATION_SERVICE];
    struct slice web = writing->items[NOTIFICATION_ICINGA_WEB];
    buf_put(out, writing->items[NOTIFICATION_URL]);
    if (out->len > 0 || web.len == 0)
        return;
    buf_put(out, web);
    buf_printf(out, "/monitoring/%s/show?host=", service.len > 0 ? "service" : "host");
    put_url_encoded(out, writing->items[NOTIFICATION_HOST]);
    if (service.len == 0)
        return;
    buf_puts(out, "&service=");
    put_url_encoded(out, service);
}

static void put_labels(const struct writing *writing)
{
    struct buf *body = writing->body;
    struct slice service = writing->items[NOTIFICATION_SERVICE];
    const char *key = writing->type->key;
    buf_puts(body, ",\"labels\":{");
    put_member(body, "alertname", service.len > 0 ? service : SLICE("host"));
    put_member(body, "host", writing->items[NOTIFICATION_HOST]);
    put_member(body, "service", service);
    put_member(body, "severity", slice_of(severity_of(writing)));
    put_member(body, "about", slice_of(key));
    buf_puts(body, "}");
}

static void put_annotations(const struct writing *writing)
{
    struct buf *body = writing->body;
    struct slice name = writing->items[NOTIFICATION_HOST_NAME];
    buf_puts(body, ",\"annotations\":{");
    put_made(writing, "summary", put_title);
    put_made(writing, "description", put_description);
    if (!slice_equal(name, writing->items[NOTIFICATION_HOST]))
        put_member(body, "host name", name);
    put_member(body, "address",
               first_said(writing, NOTIFICATION_ADDRESS, NOTIFICATION_ADDRESS6));
    buf_puts(body, "}");
}

bool notification_put(const struct notification *notification, struct now now,
                      struct buf *body, struct err *err)
{
    struct writing writing = { .now = now, .body = body };
    for (size_t i = 0; i < NOTIFICATION_ITEMS; i++)
        writing.items[i] = said(notification->items[i]);
    if (writing.items[NOTIFICATION_HOST].len == 0)
        return err_set(err, ERR_INVALID, "the name of the host is missing");
    if (!find_type(&writing, err) || !find_state(&writing, err))
        return false;
    buf_puts(body, "{\"receiver\":\"notify\",\"alerts\":[{");
    put_member(body, "status", slice_of(status_of(&writing)));
    put_made(&writing, "fingerprint", put_key);
    put_made(&writing, is_over(&writing) ? "endsAt" : "startsAt", put_moment);
    put_made(&writing, "generatorURL", put_url);
    put_labels(&writing);
    put_annotations(&writing);
    buf_puts(body, "}]}");
    return !body->overflowed ||
           err_set(err, ERR_INVALID, "this is longer than %d bytes",
                   LIMIT_HTTP_BODY_BYTES);
}
