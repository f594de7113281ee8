/** The steps that need no network. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "agent/base/limits.h"
#include "agent/base/secret.h"
#include "agent/base/text.h"
#include "agent/doctor.h"
#include "agent/inputs/scan.h"
#include "agent/sandbox.h"

#define MIB (1024 * 1024ull)
#define STORE_MIN_BYTES (64 * MIB) /* below it the store may wedge when it is full */
#define STORE_GOOD_BYTES (512 * MIB)
#define BUILD_YEAR_BEGIN_MS INT64_C(1767225600000) /* 2026-01-01 */
enum { WATCHES_MIN = 8192, INSTANCES_MIN = 16 };

/* --- logs ------------------------------------------------------------------------- */

struct files_seen {
    struct fs fs;
    size_t count, refused_count;
    struct err err;
};

static void pass_folder(void *ctx, const char *path)
{
    (void)ctx;
    (void)path;
}

static void try_file(void *ctx, const char *path)
{
    struct files_seen *seen = ctx;
    struct fs_stat stat;
    struct err err = { 0 };
    int fd = seen->fs.open(seen->fs.ctx, path, &stat, &err);
    if (fd < 0 && err.kind == ERR_MISSING)
        return;
    seen->count++;
    if (fd >= 0) {
        seen->fs.close(seen->fs.ctx, fd);
        return;
    }
    seen->refused_count++;
    seen->err = err;
}

static void see_pattern(struct doctor *doctor, struct slice source,
                        struct slice pattern)
{
    struct files_seen seen = { .fs = fs_real() };
    const struct scan_visitor visitor = { pass_folder, try_file, &seen };
    scan_walk(&seen.fs, pattern, &visitor);
    if (seen.refused_count > 0)
        doctor_note(doctor, GRADE_FAIL, "logs", source,
                    "let the user that tocsin runs as read it (often: usermod -aG adm "
                    "USER)",
                    "%zu of %zu files cannot be read: %s", seen.refused_count,
                    seen.count, seen.err.text);
    else if (seen.count == 0)
        doctor_note(doctor, GRADE_WARN, "logs", source,
                    "check the path; tocsin reads the file as soon as there is one",
                    "no file is '%.*s'", SLICE_ARG(pattern));
    else
        doctor_note(doctor, GRADE_OK, "logs", source, "",
                    "%zu files are '%.*s' and can be read", seen.count,
                    SLICE_ARG(pattern));
}

static void see_logs(struct doctor *doctor)
{
    const struct source_config *sources = doctor->config->sources.items;
    for (size_t i = 0; i < doctor->config->sources.count; i++)
        for (size_t k = 0; k < sources[i].files.count; k++)
            see_pattern(doctor, sources[i].name.value, sources[i].files.items[k].value);
}

/* --- this host -------------------------------------------------------------------- */

static void see_clock(struct doctor *doctor)
{
    struct timex state = { 0 };
    if (clock_read(&doctor->clock).unix_ms < BUILD_YEAR_BEGIN_MS)
        doctor_note(doctor, GRADE_FAIL, "clock", SLICE(""),
                    "set it, and let systemd-timesyncd or chrony keep it",
                    "the clock is years behind: certificates and logins fail");
    else if (adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
        doctor_note(doctor, GRADE_WARN, "clock", SLICE(""),
                    "let systemd-timesyncd or chrony keep it, or ignore this in a "
                    "container whose host does",
                    "nobody keeps the clock right");
    else
        doctor_note(doctor, GRADE_OK, "clock", SLICE(""), "", "it is kept right");
}

/* The folder itself, or, before the first start, the one above it. */
static bool find_store(struct doctor *doctor, char *path, size_t size,
                       struct statvfs *disk)
{
    snprintf(path, size, "%.*s", SLICE_ARG(doctor->config->state_dir.value));
    if (statvfs(path, disk) == 0)
        return true;
    char *end = strrchr(path, '/');
    if (!end || end == path)
        return false;
    *end = '\0';
    return statvfs(path, disk) == 0;
}

static void see_store(struct doctor *doctor)
{
    char path[4096];
    struct statvfs disk;
    if (!find_store(doctor, path, sizeof path, &disk)) {
        doctor_note(doctor, GRADE_FAIL, "store", SLICE(""),
                    "make the folder above it, or change state_dir",
                    "there is no folder for state_dir '%.*s'",
                    SLICE_ARG(doctor->config->state_dir.value));
        return;
    }
    unsigned long long free_bytes = (unsigned long long)disk.f_bavail * disk.f_frsize;
    if (access(path, W_OK) != 0)
        doctor_note(doctor, GRADE_WARN, "store", SLICE(""),
                    "run the doctor as the user that tocsin runs as, or give it the "
                    "folder",
                    "'%s' cannot be written by this user", path);
    else if (free_bytes < STORE_MIN_BYTES)
        doctor_note(doctor, GRADE_FAIL, "store", SLICE(""),
                    "free some, or move state_dir", "only %llu MiB are free for '%s'",
                    free_bytes / MIB, path);
    else if (free_bytes < STORE_GOOD_BYTES)
        doctor_note(doctor, GRADE_WARN, "store", SLICE(""),
                    "free some: 50,000 waiting mails take more",
                    "%llu MiB are free for '%s'", free_bytes / MIB, path);
    else
        doctor_note(doctor, GRADE_OK, "store", SLICE(""), "",
                    "%llu MiB are free for '%s'", free_bytes / MIB, path);
}

/* @return -1 when the kernel does not say. */
static int64_t read_number(const char *path)
{
    char text[32];
    int64_t value = -1;
    FILE *in = fopen(path, "re");
    if (!in)
        return -1;
    if (fgets(text, sizeof text, in) &&
        !slice_to_int(slice_trim(slice_of(text)), &value))
        value = -1;
    fclose(in);
    return value;
}

static void see_inotify(struct doctor *doctor)
{
    int64_t watches = read_number("/proc/sys/fs/inotify/max_user_watches");
    int64_t instances = read_number("/proc/sys/fs/inotify/max_user_instances");
    bool is_low = watches < WATCHES_MIN || instances < INSTANCES_MIN;
    if (watches < 0 || instances < 0)
        doctor_note(doctor, GRADE_SKIP, "inotify", SLICE(""), "",
                    "the kernel tells no limits");
    else
        doctor_note(doctor, is_low ? GRADE_WARN : GRADE_OK, "inotify", SLICE(""),
                    is_low
                        ? "raise fs.inotify.max_user_watches and "
                          "fs.inotify.max_user_instances by sysctl; without it files "
                          "are looked at every so often"
                        : "",
                    "%lld watches and %lld instances a user", (long long)watches,
                    (long long)instances);
}

static void see_sandbox(struct doctor *doctor)
{
    struct buf kernel = buf_make(256);
    bool is_whole = sandbox_put_kernel(&kernel);
    if (!doctor->config->sandbox)
        doctor_note(doctor, GRADE_WARN, "sandbox", SLICE(""),
                    "take 'sandbox: false' out of the configuration",
                    "it is off; this kernel has %s", kernel.ptr);
    else
        doctor_note(doctor, is_whole ? GRADE_OK : GRADE_WARN, "sandbox", SLICE(""),
                    is_whole ? ""
                             : "boot with lsm=...,landlock, or a kernel from 5.13 on; "
                               "without it the unit of systemd fences what it can",
                    "this kernel has %s", kernel.ptr);
    buf_free(&kernel);
}

static void see_memory(struct doctor *doctor)
{
    struct err why = { 0 };
    if (secret_can_be_locked(&why))
        doctor_note(doctor, GRADE_OK, "memory", SLICE(""), "",
                    "passwords are kept from the swap");
    else
        doctor_note(doctor, GRADE_WARN, "memory", SLICE(""),
                    "raise the limit of locked memory (LimitMEMLOCK=, ulimit -l)",
                    "%s: passwords may be swapped to the disk", why.text);
}

void doctor_see_host(struct doctor *doctor)
{
    see_clock(doctor);
    see_store(doctor);
    see_inotify(doctor);
    see_sandbox(doctor);
    see_memory(doctor);
    see_logs(doctor);
}
