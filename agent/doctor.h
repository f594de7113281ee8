/**
 * What `tocsin doctor` finds: a list of steps, each OK, a warning or a failure with one
 * remedy. It changes nothing and needs no running agent.
 */
#ifndef TOCSIN_AGENT_DOCTOR_H
#define TOCSIN_AGENT_DOCTOR_H

#include "agent/config.h"
#include "outputs/checkup.h"

enum grade { GRADE_OK, GRADE_WARN, GRADE_FAIL, GRADE_SKIP };

struct doctor {
    const struct config *config;
    const struct link_ops *links;
    struct clock_source clock;
    bool is_json, is_offline, wants_send;
    int64_t timeout_ms; /**< of a port that does not answer */
    struct buf *out;
    size_t counts[4]; /**< by grade */
};

struct finding {
    enum grade grade;
    const char *step;
    struct slice about; /**< the account or source that it is about, or empty */
    const char *remedy; /**< one sentence: what to do; "" when all is well */
};
/** Note a finding; the rest says what was found. */
void doctor_put(struct doctor *doctor, const struct finding *finding,
                const char *format, ...) __attribute__((format(printf, 3, 4)));
#define doctor_note(doctor, grade, step, about, remedy, ...)                  \
    doctor_put((doctor),                                                      \
               &(const struct finding){ (grade), (step), (about), (remedy) }, \
               __VA_ARGS__)

/** Secret files, clock, store, logs, inotify: what can be seen without a network. */
void doctor_see_host(struct doctor *doctor);
/** Name, ports, TLS, login, envelope and budget of one account. */
void doctor_see_account(struct doctor *doctor, const struct account *account);
/** Is there, at this host, what @account logs in with? */
bool doctor_see_secret(struct doctor *doctor, const struct account *account);

#endif
