/** The scope against what SMTP and the API want, and the Date against our clock. */
#include "outputs/token_look.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/base/text.h"
#include "outputs/grant.h"

enum { CLOCK_OFF_MAX_S = 5 * 60 };

static bool has_scope(struct slice scopes, const char *wanted)
{
    struct slice scope;
    while (slice_next(&scopes, ' ', &scope))
        if (slice_equal(scope, slice_of(wanted)))
            return true;
    return false;
}

static bool is_enough(const struct account *account, struct slice scopes)
{
    static const char *const of_the_api[] = {
        GRANT_SCOPE_API, "https://www.googleapis.com/auth/gmail.compose",
        "https://www.googleapis.com/auth/gmail.modify"
    };
    if (has_scope(scopes, GRANT_SCOPE_SMTP))
        return true;
    for (size_t i = 0; account->is_api && i < sizeof of_the_api / sizeof *of_the_api;
         i++)
        if (has_scope(scopes, of_the_api[i]))
            return true;
    return false;
}

static bool is_google(const struct account *account)
{
    return account->is_api ||
           slice_equal_nocase(account->host, SLICE("smtp.gmail.com")) ||
           slice_equal_nocase(account->host, SLICE("smtp-relay.gmail.com"));
}

static void note_scope(const struct account *account, struct slice scopes,
                       struct link_complaint *complaint)
{
    const char *wanted = account->is_api ? GRANT_SCOPE_API : GRANT_SCOPE_SMTP;
    struct buf clean = buf_make(300);
    text_put_clean(&clean, scopes, false);
    snprintf(complaint->text, sizeof complaint->text,
             "the access token is good for '%.300s', and %s is wanted", clean.ptr,
             wanted);
    snprintf(complaint->remedy, sizeof complaint->remedy,
             account->login == LOGIN_SERVICE
                 ? "give the service account that scope: Admin console, Security, API "
                   "controls, domain-wide delegation"
                 : "consent anew with `tocsin auth gmail`, and leave that box ticked");
    buf_free(&clean);
}

static void note_clock(int64_t ahead_s, struct link_complaint *complaint)
{
    struct buf span = buf_make(64);
    text_put_duration(&span, llabs((long long)ahead_s) * SECOND_MS);
    snprintf(complaint->text, sizeof complaint->text,
             "this host's clock is %.60s %s that of the token endpoint", span.ptr,
             ahead_s > 0 ? "ahead of" : "behind");
    snprintf(complaint->remedy, sizeof complaint->remedy,
             "set it, and let systemd-timesyncd or chrony keep it: signed claims and "
             "certificates are refused otherwise");
    buf_free(&span);
}

void token_look(const struct account *account, const struct http_response *response,
                struct slice scope, struct now now, struct link_complaint *complaint)
{
    int64_t ahead_s = now.unix_ms / SECOND_MS - response->date_s;
    *complaint = (struct link_complaint){ 0 };
    if (scope.len > 0 && is_google(account) && !is_enough(account, scope))
        note_scope(account, scope, complaint);
    else if (response->date_s > 0 &&
             (ahead_s > CLOCK_OFF_MAX_S || ahead_s < -CLOCK_OFF_MAX_S))
        note_clock(ahead_s, complaint);
}
