/** What the inputs count, since the start where it does not say "now". */
#ifndef TOCSIN_INPUTS_INPUTS_TALLY_H
#define TOCSIN_INPUTS_INPUTS_TALLY_H

#include "agent/inputs/http/http_tally.h"

struct inputs_tally {
    uint64_t files_watched, files_open;
    uint64_t bytes_read;
    uint64_t rotations, truncations;
    uint64_t lost_bytes;       /**< known to have existed and not readable any more */
    uint64_t cut_lines;        /**< longer than LIMIT_LINE_BYTES */
    uint64_t refused_files;    /**< past LIMIT_WATCHED_FILES, devices, hostile links */
    uint64_t unreadable_files; /**< now */
    uint64_t watch_failures;   /**< inotify was exhausted or off: polled instead */
    uint64_t watch_overflows;  /**< inotify lost hints: everything was looked at */
    struct http_tally http;
    uint64_t journal_entries, journal_copies; /**< read; written twice, passed over */
    uint64_t journal_left_out; /**< fields past a bound, and values that were cut */
    uint64_t journal_gaps;     /**< where entries were gone before they were read */
    uint64_t journal_missed;   /**< entries in them, as far as it is known */
    uint64_t spool_entries;    /**< taken */
    uint64_t spool_refused;    /**< that nobody could read */
    uint64_t spool_stuck;      /**< times that one could not be removed */
    uint64_t marks;            /**< positions that moved without a byte read */
};

#endif
