/** One function a mechanism; each sees the answers in order and fills user and
 *  password. */
#include "agent/sink/sasl.h"

enum { MAX_BYTES = 16 * 1024 };

static const char *const names[] = { "PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER" };

bool sasl_begin(struct sasl *sasl, struct slice name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!slice_equal_nocase(name, slice_of(names[i])))
            continue;
        *sasl = (struct sasl){ .mechanism = (enum sasl_mechanism)i,
                               .user = buf_make(MAX_BYTES),
                               .password = buf_make(MAX_BYTES) };
        return true;
    }
    return false;
}

/** authzid NUL authcid NUL password */
static enum sasl_state step_plain(struct sasl *sasl, struct slice answer)
{
    struct slice part[3] = { { 0 } };
    size_t from = 0, found = 0;
    for (size_t i = 0; i <= answer.len && found < 3; i++) {
        if (i < answer.len && answer.ptr[i] != '\0')
            continue;
        part[found++] = slice_make(answer.ptr + from, i - from);
        from = i + 1;
    }
    if (found < 3 || from <= answer.len || part[1].len == 0)
        return SASL_BAD;
    buf_put(&sasl->user, part[1]);
    buf_put(&sasl->password, part[2]);
    return SASL_DONE;
}

static enum sasl_state step_login(struct sasl *sasl, struct slice answer,
                                  struct buf *challenge)
{
    if (sasl->step == 2) {
        buf_put(&sasl->password, answer);
        return SASL_DONE;
    }
    buf_put(&sasl->user, answer);
    sasl->step = 2;
    buf_puts(challenge, "Password:");
    return SASL_MORE;
}

/** "...user=U^Aauth=Bearer TOKEN^A^A" or, for OAUTHBEARER,
 *  "n,a=U,^A...auth=...^A^A". */
static enum sasl_state step_token(struct sasl *sasl, struct slice answer)
{
    struct slice part, rest = answer;
    while (slice_next(&rest, '\x01', &part)) {
        if (slice_starts(part, SLICE("user=")))
            buf_put(&sasl->user, slice_make(part.ptr + 5, part.len - 5));
        else if (slice_starts(part, SLICE("n,a=")) && part.ptr[part.len - 1] == ',')
            buf_put(&sasl->user, slice_make(part.ptr + 4, part.len - 5));
        else if (slice_starts(part, SLICE("auth=Bearer ")))
            buf_put(&sasl->password, slice_make(part.ptr + 12, part.len - 12));
    }
    bool is_whole = sasl->user.len > 0 && sasl->password.len > 0 &&
                    slice_ends(answer, SLICE("\x01\x01"));
    return is_whole ? SASL_DONE : SASL_BAD;
}

enum sasl_state sasl_step(struct sasl *sasl, struct slice answer, bool has_answer,
                          struct buf *challenge)
{
    if (!has_answer) {
        if (sasl->mechanism == SASL_LOGIN)
            buf_puts(challenge, "Username:");
        return SASL_MORE;
    }
    switch (sasl->mechanism) {
    case SASL_PLAIN:
        return step_plain(sasl, answer);
    case SASL_LOGIN:
        return step_login(sasl, answer, challenge);
    default:
        return step_token(sasl, answer);
    }
}

void sasl_clear(struct sasl *sasl)
{
    if (sasl->password.ptr)
        explicit_bzero(sasl->password.ptr, sasl->password.len);
    buf_free(&sasl->user);
    buf_free(&sasl->password);
    *sasl = (struct sasl){ 0 };
}
