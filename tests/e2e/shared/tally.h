/**
 * What the mails that arrived say in sum: the oracle of the tests that kill, starve and
 * cut the real binary. The sum is of the lines' hashes modulo 2^64: one lost line and
 * one doubled line have the right count and the wrong sum.
 */
#ifndef TOCSIN_TESTS_E2E_SHARED_TALLY_H
#define TOCSIN_TESTS_E2E_SHARED_TALLY_H

#include <stdint.h>

#include "agent/base/map.h"

struct tally {
    uint64_t mails;      /**< with a Message-ID of their own */
    uint64_t copies;     /**< byte-identical second copies */
    uint64_t forged;     /**< second copies that differ: never right */
    uint64_t count, sum; /**< of the lines of logs */
    uint64_t posted;     /**< alerts of the route "posts" */
    struct map seen;     /**< Message-ID -> the bytes of its first copy */
};

/** Read all .eml files of @folder. What the agent says of itself (the route "self") is
 *  in no log and is not counted. Aborts when a mail lacks its headers. */
void tally_folder(struct tally *tally, const char *folder);
void tally_clear(struct tally *tally);

#endif
