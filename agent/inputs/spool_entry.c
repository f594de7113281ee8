/**
 * An entry is written under a name with a dot, synced, and then renamed: nobody reads
 * half of one, and what was there before a power cut is there after it.
 */
#include "agent/inputs/spool_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/limits.h"

enum { TIME_DIGITS = 12, NAME_BYTES = 64, FILE_MODE = 0640 };

const struct spool_form spool_forms[] = {
    { "alertmanager", "/webhook/alertmanager", "application/json" },
    { "grafana", "/webhook/grafana", "application/json" },
    { "generic", "/webhook/generic", "application/json" },
    { "text", "/webhook/text", "text/plain" },
    { NULL, NULL, NULL },
};

static void put_time(char *name, int64_t unix_ms)
{
    snprintf(name, NAME_BYTES, "%012" PRIx64, (uint64_t)unix_ms);
}

const struct spool_form *spool_form_find(struct slice name)
{
    for (const struct spool_form *form = spool_forms; form->name; form++) {
        if (slice_equal(name, slice_of(form->name)))
            return form;
    }
    return NULL;
}

const struct spool_form *spool_form_of(const char *name)
{
    const char *dot = strchr(name, '.');
    if (strspn(name, "0123456789abcdef") != TIME_DIGITS || name[TIME_DIGITS] != '-' ||
        !dot)
        return NULL;
    return spool_form_find(slice_of(dot + 1));
}

bool spool_is_torso(const char *name, int64_t now_unix_ms)
{
    char hour_ago[NAME_BYTES];
    put_time(hour_ago, now_unix_ms - HOUR_MS);
    return name[0] == '.' && spool_form_of(name + 1) &&
           strncmp(name + 1, hour_ago, TIME_DIGITS) < 0;
}

/* --- writing ---------------------------------------------------------------------- */

static bool write_all(int fd, struct slice body)
{
    while (body.len > 0) {
        ssize_t put = write(fd, body.ptr, body.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        body = slice_make(body.ptr + put, body.len - (size_t)put);
    }
    return true;
}

/** @return false, and errno says why: nothing is left behind then. */
static bool write_entry(int dir, const char *name, struct slice body)
{
    char hidden[NAME_BYTES + 1];
    snprintf(hidden, sizeof hidden, ".%s", name);
    int fd =
        openat(dir, hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    /* The folder's group reads it, which is the agent's, whatever the umask is. */
    bool ok = fchmod(fd, FILE_MODE) == 0 && write_all(fd, body) && fsync(fd) == 0 &&
              renameat(dir, hidden, dir, name) == 0 && fsync(dir) == 0;
    int why = errno;
    if (!ok)
        (void)unlinkat(dir, hidden, 0);
    close(fd);
    errno = why;
    return ok;
}

bool spool_put(const char *folder, const struct spool_form *form, struct slice body,
               struct err *err)
{
    char name[NAME_BYTES];
    struct clock_source clock = clock_real();
    if (body.len > LIMIT_HTTP_BODY_BYTES)
        return err_set(err, ERR_INVALID, "this is longer than %d bytes",
                       LIMIT_HTTP_BODY_BYTES);
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_set_errno(err, "the spool '%s' cannot be opened", folder);
    put_time(name, clock_read(&clock).unix_ms);
    snprintf(name + TIME_DIGITS, sizeof name - TIME_DIGITS, "-%d.%s", (int)getpid(),
             form->name);
    bool ok = write_entry(dir, name, body) ||
              err_set_errno(err, "nothing can be put into the spool '%s'", folder);
    close(dir);
    return ok;
}
