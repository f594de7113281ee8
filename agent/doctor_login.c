/** What an account logs in with, as far as this host shows it. */
#include <unistd.h>

#include "agent/base/secret.h"
#include "agent/doctor.h"

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

bool doctor_see_secret(struct doctor *doctor, const struct account *account)
{
    switch (account->login) {
    case LOGIN_COMMAND:
        return see_command(doctor, account);
    default:
        return see_password(doctor, account);
    }
}
