/**
 * Time zones from TZif files (RFC 8536). The 64-bit block is used where there is one,
 * and behind its last transition the POSIX rule of the footer, as modern tzdata needs
 * it.
 */
#include "agent/base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/base/buf.h"
#include "agent/base/civil.h"
#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/base/text.h"
#include "agent/base/zone_rule.h"

struct zone {
    int64_t *at_s;  /* moments at which the offset changes, rising */
    int *offsets_s; /* from that moment on */
    size_t count;
    int first_offset_s; /* before the first change */
    bool has_rule;      /* for moments from the last change on */
    struct zone_rule rule;
};

/** One data block's counts, in the order of the file. */
struct tzif_header {
    char version;
    uint32_t isut_count, isstd_count, leap_count, time_count, type_count, char_count;
};

#define TZIF_HEADER_BYTES 44

static uint64_t big_endian(const char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static bool header_parse(struct slice *file, struct tzif_header *header)
{
    if (file->len < TZIF_HEADER_BYTES || !slice_starts(*file, SLICE("TZif")))
        return false;
    uint32_t *counts[] = { &header->isut_count, &header->isstd_count,
                           &header->leap_count, &header->time_count,
                           &header->type_count, &header->char_count };
    header->version = file->ptr[4];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        *counts[i] = (uint32_t)big_endian(file->ptr + 20 + 4 * i, 4);
    file->ptr += TZIF_HEADER_BYTES;
    file->len -= TZIF_HEADER_BYTES;
    return header->type_count >= 1 && header->type_count <= 256;
}

static uint64_t block_bytes(const struct tzif_header *header, uint64_t time_size)
{
    return header->time_count * (time_size + 1) + header->type_count * UINT64_C(6) +
           header->char_count + header->leap_count * (time_size + 4) +
           header->isstd_count + (uint64_t)header->isut_count;
}

/** Read transitions and offsets of the block that @file begins with. */
static bool block_load(struct zone *zone, struct slice file,
                       const struct tzif_header *header, size_t time_size)
{
    if (block_bytes(header, time_size) > file.len)
        return false;
    const char *type_of = file.ptr + header->time_count * time_size;
    const char *types = type_of + header->time_count;
    zone->first_offset_s = (int32_t)big_endian(types, 4);
    zone->at_s = mem_zalloc(header->time_count * sizeof *zone->at_s);
    zone->offsets_s = mem_zalloc(header->time_count * sizeof *zone->offsets_s);
    for (size_t i = 0; i < header->time_count; i++) {
        uint64_t at = big_endian(file.ptr + i * time_size, time_size);
        size_t type = (unsigned char)type_of[i];
        if (type >= header->type_count)
            return false;
        zone->at_s[i] = time_size == 4 ? (int32_t)at : (int64_t)at;
        zone->offsets_s[i] = (int32_t)big_endian(types + 6 * type, 4);
        if (i > 0 && zone->at_s[i] <= zone->at_s[i - 1])
            return false;
    }
    zone->count = header->time_count;
    return true;
}

static bool footer_load(struct zone *zone, struct slice footer)
{
    struct slice text;
    if (!slice_starts(footer, SLICE("\n")))
        return false;
    footer.ptr++;
    footer.len--;
    if (!slice_next(&footer, '\n', &text))
        return false;
    zone->has_rule = text.len > 0;
    return text.len == 0 || zone_rule_parse(text, &zone->rule);
}

static bool tzif_load(struct zone *zone, struct slice file)
{
    struct tzif_header header;
    if (!header_parse(&file, &header))
        return false;
    if (header.version < '2')
        return block_load(zone, file, &header, 4);
    uint64_t old_block = block_bytes(&header, 4);
    if (old_block > file.len)
        return false;
    file.ptr += old_block;
    file.len -= old_block;
    if (!header_parse(&file, &header) || !block_load(zone, file, &header, 8))
        return false;
    uint64_t block = block_bytes(&header, 8);
    return footer_load(zone, slice_make(file.ptr + block, file.len - block));
}

/** The whole of a small file. */
static bool read_file(const char *path, struct buf *into, struct err *err)
{
    char block[4096];
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_set_errno(err, "cannot open \"%s\"", path);
    do {
        got = read(fd, block, sizeof block);
        if (got > 0)
            buf_put(into, slice_make(block, (size_t)got));
    } while (!into->overflowed && (got > 0 || (got < 0 && errno == EINTR)));
    bool is_read = got >= 0 || err_set_errno(err, "cannot read \"%s\"", path);
    close(fd);
    return is_read;
}

static struct zone *zone_from_file(const char *path, struct err *err)
{
    struct buf file = buf_make(LIMIT_ZONE_BYTES);
    struct zone *zone = NULL;
    if (!read_file(path, &file, err))
        goto out;
    zone = mem_zalloc(sizeof *zone);
    if (file.overflowed || !tzif_load(zone, buf_slice(&file))) {
        err_set(err, ERR_INVALID, "\"%s\" is not a time zone file", path);
        zone_free(zone);
        zone = NULL;
    }
out:
    buf_free(&file);
    return zone;
}

static bool is_zone_name(struct slice name)
{
    if (name.len == 0 || name.len > 255 || name.ptr[0] == '/')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && (c == '\0' || !strchr("_+-/", c)))
            return false;
    }
    return true;
}

static void refuse_name(struct slice name, struct err *err)
{
    struct buf clean = buf_make(1024);
    text_put_clean(&clean, slice_make(name.ptr, name.len < 64 ? name.len : 64), false);
    err_set(err, ERR_INVALID,
            "\"%.*s\" is not the name of a time zone; write it like \"Europe/Berlin\"",
            SLICE_ARG(buf_slice(&clean)));
    buf_free(&clean);
}

struct zone *zone_load(struct slice name, struct err *err)
{
    const char *folder = getenv("TZDIR");
    char path[4096];
    if (slice_equal(name, SLICE("UTC")))
        return zone_utc();
    if (!is_zone_name(name)) {
        refuse_name(name, err);
        return NULL;
    }
    if (!folder || folder[0] != '/')
        folder = "/usr/share/zoneinfo";
    snprintf(path, sizeof path, "%s/%.*s", folder, SLICE_ARG(name));
    struct zone *zone = zone_from_file(path, err);
    if (zone || err->kind != ERR_MISSING)
        return zone;
    if (access(folder, F_OK) != 0)
        err_set(err, ERR_MISSING,
                "time zone \"%.*s\" cannot be read, because this host has no \"%s\"; "
                "install the package tzdata or use \"UTC\"",
                SLICE_ARG(name), folder);
    else
        err_set(err, ERR_MISSING, "there is no time zone \"%.*s\" below \"%s\"",
                SLICE_ARG(name), folder);
    return NULL;
}

struct zone *zone_local(void)
{
    struct err err;
    struct zone *zone;
    const char *wanted = getenv("TZ");
    if (wanted && wanted[0] == ':')
        wanted++;
    if (!wanted)
        zone = zone_from_file("/etc/localtime", &err);
    else if (wanted[0] == '/')
        zone = zone_from_file(wanted, &err);
    else
        zone = zone_load(slice_of(wanted), &err);
    if (zone)
        return zone;
    /* TZ may also hold a rule; without a rule and a zone, libc too takes UTC. */
    zone = zone_utc();
    zone->has_rule = wanted && zone_rule_parse(slice_of(wanted), &zone->rule);
    return zone;
}

struct zone *zone_utc(void)
{
    return mem_zalloc(sizeof(struct zone));
}

void zone_free(struct zone *zone)
{
    if (!zone)
        return;
    free(zone->at_s);
    free(zone->offsets_s);
    free(zone);
}

static int offset_at(const struct zone *zone, int64_t unix_s)
{
    size_t low = 0,
           high = zone->count; /* the first change that is later than @unix_s */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (zone->at_s[middle] <= unix_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == zone->count && zone->has_rule)
        return zone_rule_offset_s(&zone->rule, unix_s);
    return low == 0 ? zone->first_offset_s : zone->offsets_s[low - 1];
}

int zone_offset_s(const struct zone *zone, int64_t unix_ms)
{
    return offset_at(zone, floor_div(unix_ms, SECOND_MS));
}

/** The first second in (@from, @to] whose offset is not that of @from. */
static int64_t first_change(const struct zone *zone, int64_t from, int64_t to)
{
    int offset = offset_at(zone, from);
    while (to - from > 1) {
        int64_t middle = from + (to - from) / 2;
        if (offset_at(zone, middle) == offset)
            from = middle;
        else
            to = middle;
    }
    return to;
}

/** The first second at which the wall clock shows @local_s or later. Clocks that were
 *  set back show it twice: this is the first time. Clocks that jumped over it: behind
 *  the gap. */
static int64_t first_showing(const struct zone *zone, int64_t local_s)
{
    int64_t at = local_s - 2 * DAY_SECONDS; /* no zone is that far from UTC */
    for (int changes = 0; changes < 16; changes++) {
        int offset = offset_at(zone, at);
        int64_t reached = local_s - offset;
        if (reached <= at)
            return at;
        if (offset_at(zone, reached) == offset)
            return reached;
        at = first_change(zone, at, reached);
    }
    return at;
}

int64_t zone_next_daily_ms(const struct zone *zone, int64_t after_ms, int minute_of_day)
{
    int64_t after_s = floor_div(after_ms, SECOND_MS);
    if (after_ms > NEVER_MS - 8 * DAY_MS)
        return NEVER_MS;
    int64_t day = floor_div(after_s + offset_at(zone, after_s), DAY_SECONDS) - 1;
    for (;; day++) {
        int64_t local_s = day * DAY_SECONDS + minute_of_day * 60;
        int64_t at = first_showing(zone, local_s);
        int64_t jump_s = offset_at(zone, at) - offset_at(zone, at - 1);
        /* Where a whole day was left out (Samoa, 2011-12-30), so is its digest. */
        if (at * SECOND_MS > after_ms && jump_s < DAY_SECONDS)
            return at * SECOND_MS;
    }
}

bool zone_parse_clock(struct slice text, int *minute_of_day)
{
    int64_t hour, minute;
    if (text.len != 5 || text.ptr[2] != ':' ||
        !slice_to_int(slice_make(text.ptr, 2), &hour) ||
        !slice_to_int(slice_make(text.ptr + 3, 2), &minute))
        return false;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || text.ptr[0] == '-' ||
        text.ptr[3] == '-')
        return false;
    *minute_of_day = (int)(hour * 60 + minute);
    return true;
}
