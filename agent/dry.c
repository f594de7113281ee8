/** The sink's conversation behind the seam that libcurl stands behind in earnest. */
#include "agent/dry.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/cli.h"
#include "agent/sink/show.h"
#include "agent/sink/sink_limits.h"

struct dry {
    struct link_ops ops;
    struct smtpd_config config;
    struct smtpd_tally tally;
    uint64_t mail_count;
    char folder[256];
};

/** What libcurl would be to outputs/; struct link is this. */
struct dry_link {
    struct smtpd *session;
};

static struct dry_link *dry_of(struct link *link)
{
    return (struct dry_link *)link;
}

/* --- the server ------------------------------------------------------------------- */

static void print_mail(void *ctx, const struct smtpd_mail *mail)
{
    struct dry *dry = ctx;
    struct buf out = buf_make(8 * LIMIT_MAIL_BYTES);
    show_mail(mail, ++dry->mail_count, &out);
    cli_print(&out);
    buf_free(&out);
}

static bool keep_mail(void *ctx, struct slice folder, struct slice bytes)
{
    (void)folder;
    print_mail(ctx, &(struct smtpd_mail){ .bytes = bytes });
    return true;
}

/* --- the link --------------------------------------------------------------------- */

static struct link *open_link(void *ctx, const struct account *account,
                              const struct wakes *wakes, struct now now)
{
    struct dry *dry = ctx;
    struct dry_link *link = mem_zalloc(sizeof *link);
    (void)account;
    (void)wakes;
    (void)now;
    link->session = smtpd_create(&dry->config, 1, false);
    smtpd_feed(link->session, SLICE("EHLO dry.run\r\n"));
    smtpd_sent(link->session, smtpd_output(link->session).len);
    return (struct link *)link;
}

static enum link_state step(struct link *link, struct now now)
{
    (void)link;
    (void)now;
    return LINK_READY;
}

static const struct smtp_reply *failure(const struct link *link)
{
    static const struct smtp_reply none;
    (void)link;
    return &none;
}

static bool has_extension(const struct link *link, struct slice keyword)
{
    (void)link;
    (void)keyword;
    return false;
}

static ssize_t take(struct link *link, struct slice bytes)
{
    if (bytes.len > LIMIT_SINK_INBOX_BYTES)
        bytes.len = LIMIT_SINK_INBOX_BYTES;
    smtpd_feed(dry_of(link)->session, bytes);
    return (ssize_t)bytes.len;
}

static ssize_t give(struct link *link, void *into, size_t size)
{
    struct smtpd *session = dry_of(link)->session;
    struct slice output = smtpd_output(session);
    size_t len = output.len < size ? output.len : size;
    if (len == 0)
        return smtpd_wish(session) == SMTPD_TALK ? 0 : -1;
    memcpy(into, output.ptr, len);
    smtpd_sent(session, len);
    return (ssize_t)len;
}

static void want(struct link *link, int events)
{
    (void)link;
    (void)events;
}

static void close_link(struct link *link)
{
    smtpd_free(dry_of(link)->session);
    free(link);
}

static int64_t wake_at(const struct link *link)
{
    (void)link;
    return NEVER_MS;
}

/* --- the store -------------------------------------------------------------------- */

static bool make_folder(struct dry *dry, struct err *err)
{
    const char *parent = getenv("TMPDIR");
    parent = parent && *parent == '/' ? parent : "/tmp";
    int len = snprintf(dry->folder, sizeof dry->folder, "%s/tocsin-dry-XXXXXX", parent);
    if (len < 0 || (size_t)len >= sizeof dry->folder)
        return err_set(err, ERR_INVALID, "the path in TMPDIR, '%s', is too long",
                       parent);
    if (!mkdtemp(dry->folder))
        return err_set_errno(err, "a temporary folder '%s' cannot be made",
                             dry->folder);
    return true;
}

static int remove_entry(const char *path, const struct stat *stat, int kind,
                        struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

struct dry *dry_create(struct config *config, bool is_once, struct err *err)
{
    struct dry *dry = mem_zalloc(sizeof *dry);
    struct source_config *sources = config->sources.items;
    if (!make_folder(dry, err)) {
        free(dry);
        return NULL;
    }
    config->state_dir.value = arena_slice(&config->arena, slice_of(dry->folder));
    for (size_t i = 0; is_once && i < config->sources.count; i++)
        sources[i].start = START_BEGINNING;
    dry->config = (struct smtpd_config){ .host = SLICE("dry.run"),
                                         .max_bytes = SMTPD_GMAIL_SIZE,
                                         .tally = &dry->tally,
                                         .accept = print_mail,
                                         .ctx = dry };
    dry->ops = (struct link_ops){ .open = open_link,
                                  .step = step,
                                  .failure = failure,
                                  .has_extension = has_extension,
                                  .send = take,
                                  .receive = give,
                                  .want = want,
                                  .close = close_link,
                                  .wake_at = wake_at,
                                  .keep = keep_mail,
                                  .ctx = dry };
    return dry;
}

void dry_free(struct dry *dry)
{
    if (!dry)
        return;
    nftw(dry->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(dry);
}

const struct link_ops *dry_links(const struct dry *dry)
{
    return &dry->ops;
}
