/** What an account logs in with, as far as this host shows it. */
#include <unistd.h>

#include "agent/base/must.h"
#include "agent/base/secret.h"
#include "agent/doctor.h"
#include "outputs/grant.h"
#include "outputs/webhook.h"

static bool note(struct doctor *doctor, const struct account *account,
                 const struct err *err, const char *found, const char *remedy)
{
    bool ok = err->kind == ERR_NONE;
    doctor_note(doctor, ok ? GRADE_OK : GRADE_FAIL, "secret", account->name,
                ok ? "" : remedy, "%s", ok ? found : err->text);
    return ok;
}

static bool see_password(struct doctor *doctor, const struct account *account)
{
    struct secret secret = { 0 };
    struct err err = { 0 };
    if (account->user.len == 0)
        return note(doctor, account, &err, "no login is configured", "");
    if (secret_read(account->password_file, &secret, &err))
        secret_wipe(&secret);
    return note(doctor, account, &err,
                "the password file is there and only its owner reads it",
                "make the file with the password in one line, mode 600");
}

/* The login runs it; here it would be asked twice. */
static bool see_command(struct doctor *doctor, const struct account *account)
{
    struct arena arena = { 0 };
    struct err err = { 0 };
    if (access(arena_text(&arena, account->command[0]), X_OK) != 0)
        err_set_errno(&err, "the command '%.*s' cannot be run",
                      SLICE_ARG(account->command[0]));
    arena_free(&arena);
    return note(doctor, account, &err,
                "the command that prints the password is there, the login runs it",
                "check its path, and that the user that tocsin runs as may run it");
}

/* The request is made as for the token endpoint, with the signature, and not sent. */
static bool see_grant(struct doctor *doctor, const struct account *account)
{
    struct grant grant = { 0 };
    struct err err = { 0 };
    bool is_service = account->login == LOGIN_SERVICE;
    if (!grant_read(account, SLICE(""), clock_read(&doctor->clock), &grant, &err))
        must(err.kind != ERR_NONE);
    grant_clear(&grant);
    return note(doctor, account, &err,
                is_service ? "the key is there, only its owner reads it, and it signs"
                           : "the consent is there and only its owner reads it",
                is_service ? "take a JSON key of the service account from the Cloud "
                             "console, mode 600"
                           : "run `tocsin auth gmail`, which writes it");
}

/* Google may replace the refresh token, and then the old one is worth nothing. */
static void see_folder(struct doctor *doctor, const struct account *account)
{
    struct arena arena = { 0 };
    struct slice file = account->password_file;
    size_t len = file.len;
    while (len > 0 && file.ptr[len - 1] != '/')
        len--;
    if (access(arena_text(&arena, slice_make(file.ptr, len)), W_OK) != 0)
        doctor_note(doctor, GRADE_WARN, "secret", account->name,
                    "let the user that tocsin runs as write into that folder, as below "
                    "/var/lib/tocsin",
                    "a new refresh token could not be stored beside the token_file");
    arena_free(&arena);
}

/* What is needed to post: the address, and a token where there is one. */
static bool see_webhook(struct doctor *doctor, const struct account *account)
{
    struct secret text = { 0 };
    struct web_url url;
    struct err err = { 0 };
    bool ok = webhook_find_url(account, &text, &url, &err);
    secret_wipe(&text);
    if (ok && account->token_file.len > 0 &&
        secret_read(account->token_file, &text, &err))
        secret_wipe(&text);
    return note(doctor, account, &err,
                account->token_file.len > 0 ? "address and token are there"
                                            : "the address is there",
                "make the file with the address or the token in one line, mode 600");
}

bool doctor_see_secret(struct doctor *doctor, const struct account *account)
{
    bool ok;
    if (account->is_webhook)
        return see_webhook(doctor, account);
    switch (account->login) {
    case LOGIN_COMMAND:
        return see_command(doctor, account);
    case LOGIN_SERVICE:
        return see_grant(doctor, account);
    case LOGIN_CONSENT:
        ok = see_grant(doctor, account);
        if (ok)
            see_folder(doctor, account);
        return ok;
    default:
        return see_password(doctor, account);
    }
}
