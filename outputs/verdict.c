/** How a row of the table is found (verdict_table.c has the rows). */
#include "outputs/verdict.h"

#include <strings.h>

#include "agent/base/must.h"

static const char *const trouble_names[] = {
    [TROUBLE_NONE] = "none",
    [TROUBLE_SERVER] = "server",
    [TROUBLE_STALE] = "stale connection",
    [TROUBLE_SECRET] = "secret",
    [TROUBLE_SETTING] = "setting",
    [TROUBLE_TLS] = "tls",
    [TROUBLE_LOGINS] = "too many logins",
    [TROUBLE_QUOTA] = "quota",
    [TROUBLE_RATE] = "rate",
    [TROUBLE_RECIPIENT] = "recipient",
    [TROUBLE_RECIPIENTS] = "too many recipients",
    [TROUBLE_CONTENT] = "content",
    [TROUBLE_SIZE] = "size",
    [TROUBLE_PROTOCOL] = "protocol",
};

const char *trouble_name(enum trouble trouble)
{
    return trouble_names[trouble];
}

bool trouble_wants_person(enum trouble trouble)
{
    return trouble == TROUBLE_SECRET || trouble == TROUBLE_SETTING ||
           trouble == TROUBLE_TLS;
}

static bool fits_code(int wanted, int code)
{
    return wanted == code || (wanted > 0 && wanted < 10 && code / 100 == wanted);
}

/* "5.7.1" is not the front of "5.7.14", and "5.7" is. */
static bool fits_enhanced(const char *wanted, const char *enhanced)
{
    size_t len = strlen(wanted);
    return strncmp(wanted, enhanced, len) == 0 &&
           (enhanced[len] == '\0' || enhanced[len] == '.');
}

static bool fits(const struct verdict_row *row, const struct smtp_reply *reply)
{
    if ((row->phases & (1u << reply->phase)) == 0 || !fits_code(row->code, reply->code))
        return false;
    if (row->enhanced && !fits_enhanced(row->enhanced, reply->enhanced))
        return false;
    if (row->token && strcmp(row->token, reply->token) != 0)
        return false;
    return !row->text || strcasestr(reply->text, row->text) != NULL;
}

const struct verdict_row *verdict_row_of(const struct smtp_reply *reply)
{
    const struct verdict_row *row = verdict_table;
    while (row < verdict_table + verdict_row_count && !fits(row, reply))
        row++;
    must(row < verdict_table + verdict_row_count);
    return row;
}

int64_t backoff_ms(int64_t attempts, int64_t max_ms)
{
    int64_t wait = 30 * SECOND_MS;
    for (int64_t i = 0; i < attempts && wait < max_ms; i++)
        wait *= 2;
    return wait < max_ms ? wait : max_ms;
}
