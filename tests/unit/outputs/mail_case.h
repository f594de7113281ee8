/** Notices to compose mails from: a plain one to begin with, changed by each test. */
#ifndef TOCSIN_TESTS_MAIL_CASE_H
#define TOCSIN_TESTS_MAIL_CASE_H

#include "mail_check.h"
#include "outputs/compose.h"

#define CASE_NOW_MS INT64_C(1795411071000) /* 2026-11-23 05:17:51 UTC */

struct mail_case {
    struct arena arena;
    struct notice notice;
    struct notice_alert *alerts; /* what notice.alerts points to */
    struct mail_profile profile;
    struct now now;
    struct zone *zone;
    struct mail_case *next;
};

/** A first notice of one critical alert with two samples. */
struct mail_case *mail_case_make(void);
/** As many alerts as @count, copies of the first with a summary and a label of their
 *  own. */
void mail_case_multiply(struct mail_case *mail_case, size_t count);
/** Put label @name of alert @index. */
void mail_case_label(struct mail_case *mail_case, size_t index, const char *name,
                     struct slice value);
/** Make @lines the samples of the first alert. */
void mail_case_samples(struct mail_case *mail_case, const struct slice *lines,
                       size_t count);
/** Compose and read it. */
struct read_mail *mail_case_read(struct mail_case *mail_case);

#endif
