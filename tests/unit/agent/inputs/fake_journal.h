/**
 * A journal in memory, with files that are rotated and deleted as journald's are. What
 * is deleted is gone at once, and what is in a new file is seen only when the reader
 * takes notice.
 */
#ifndef TOCSIN_TESTS_INPUTS_FAKE_JOURNAL_H
#define TOCSIN_TESTS_INPUTS_FAKE_JOURNAL_H

#include "agent/inputs/journal_ops.h"
#include "bench.h"

enum { FAKE_ENTRIES = 4000, FAKE_FIELDS = 200 };

struct fake_entry {
    uint64_t number;
    const char *sequence, *boot;
    int64_t unix_us;
    int file;
    struct slice *fields; /**< "NAME=value" */
    size_t field_count;
    bool is_half;     /**< its file was full; a copy is the first of the next one */
    bool is_unlisted; /**< half, and a reader with a filter does not find it */
    bool is_damaged;  /**< its fields end in an error */
};

struct fake_journal {
    struct journal_ops ops;
    struct fake_entry entries[FAKE_ENTRIES];
    size_t count;
    const char *sequence, *boot;  /**< of what is written from now on; the boot runs */
    int64_t unix_us;              /**< of the next entry; a second later each */
    int first_file, last_file;    /**< that are there */
    bool is_empty;                /**< there is no file at all */
    size_t unreadable;            /**< of its files */
    struct journal_damage damage; /**< of files that were written to until then: */
    int64_t damaged_us;
    struct err open_err; /**< open() fails with it */
    int failing_steps;   /**< next() fails so many times */
    int vacuum_at;       /**< the oldest file goes when next() gave so many; 0: never */
    bool is_stale;       /**< process() wants a new open() */
    int opens, open_now, seeks;
};

/** The one journal of a test, and what its source wants of it. */
extern struct fake_journal fake;
extern struct journal_config fake_config;

/** @bench gets one source, "app", that reads all of the journal from its beginning; not
 *  started yet. */
void fake_init(struct bench *bench);
/** And started. */
void fake_start(struct bench *bench);
/** The same, where only what ssh.service says is wanted. */
void fake_start_filtered(struct bench *bench);

/** Write an entry of these fields, "NAME=value", up to a NULL. */
struct fake_entry *fake_write(const char *field, ...);
/** Write "MESSAGE=@text" of ssh.service at priority info. */
void fake_say(const char *text);
/** Say the last entry once more, at the same time. */
void fake_say_again(void);
/** Begin a new file with a copy of the last entry, for which the old one was full. */
void fake_rotate_in_the_middle(void);
/** Write what another service says. */
void fake_say_other(void);
/** Add a field to the last entry; its bytes are copied. */
void fake_add(struct slice field);
/** Begin a new file. */
void fake_rotate(void);
/** Delete the oldest file. */
void fake_vacuum(void);
/** Another boot writes from now on. */
void fake_reboot(const char *boot);

/** Restart @bench after one entry was read, two deleted unread, and one is there. */
void fake_lose_two(struct bench *bench);
/** What was reported since the last time. */
void fake_expect_reported(struct bench *bench, const char *text);

#endif
