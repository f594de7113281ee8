/** Accounts, outputs and secrets: what is right, and what each mistake is told. */
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/secret.h"
#include "outputs/compiled.h"
#include "test.h"

struct conf_world {
    struct arena arena;
    struct complaints complaints;
    struct account_config accounts[2];
    struct output_config outputs[2];
    size_t account_count, output_count;
    struct conf_text to[3];
    struct smtp_config smtp;
    struct yaml_node node;
};

static struct conf_text text_of(struct conf_world *world, const char *value)
{
    return (struct conf_text){ .value = slice_of(value), .node = &world->node };
}

/* A Gmail account and an output to one address. */
static void begin(struct conf_world *world)
{
    *world = (struct conf_world){ .account_count = 1, .output_count = 1 };
    world->complaints.arena = &world->arena;
    world->accounts[0].node = world->accounts[1].node = &world->node;
    world->outputs[0].node = world->outputs[1].node = &world->node;
    world->smtp.node = &world->node;
    world->accounts[0].name = text_of(world, "gmail");
    world->accounts[0].gmail = text_of(world, "me@gmail.com");
    world->accounts[0].password_file = text_of(world, "/etc/secret");
    world->accounts[0].doubt_wait = 600000;
    world->outputs[0].name = text_of(world, "ops");
    world->to[0] = text_of(world, "ops@x.org");
    world->outputs[0].to = (struct conf_texts){ world->to, 1 };
}

static void use_smtp(struct conf_world *world, const char *host, int tls)
{
    world->accounts[0].gmail = world->accounts[0].password_file =
        (struct conf_text){ 0 };
    world->accounts[0].from = text_of(world, "me@x.org");
    world->accounts[0].smtp = &world->smtp;
    world->smtp.host = text_of(world, host);
    world->smtp.tls = tls;
}

static struct outputs_config *compile(struct conf_world *world)
{
    const struct conf_blocks accounts = { world->accounts, world->account_count };
    const struct conf_blocks outputs = { world->outputs, world->output_count };
    return outputs_compile(&accounts, &outputs, SLICE("host"), &world->arena,
                           &world->complaints);
}

static void finish(struct conf_world *world)
{
    complaints_free(&world->complaints);
    arena_free(&world->arena);
}

static void must_complain(struct conf_world *world, const char *part)
{
    ck_assert_ptr_null(compile(world));
    bool is_told = false;
    for (size_t i = 0; i < world->complaints.count; i++)
        is_told = is_told || strstr(world->complaints.items[i].text, part);
    ck_assert_msg(is_told, "nothing about '%s', but '%s'", part,
                  world->complaints.count ? world->complaints.items[0].text : "");
    finish(world);
}

TEST(account, a_gmail_address_and_a_secret_are_enough)
{
    struct conf_world world;
    begin(&world);
    struct outputs_config *config = compile(&world);
    ck_assert_ptr_nonnull(config);
    ck_assert_slice(config->accounts[0].host, "smtp.gmail.com");
    ck_assert_int_eq(config->accounts[0].port, 465);
    ck_assert_int_eq(config->accounts[0].tls, TLS_IMPLICIT);
    ck_assert_slice(config->outputs[0].from, "me@gmail.com");
    ck_assert_slice(config->outputs[0].lane, "gmail");
    finish(&world);
    begin(&world);
    world.accounts[0].port = 587;
    config = compile(&world);
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(config->accounts[0].tls, TLS_STARTTLS);
    finish(&world);
}

TEST(account, a_relay_on_this_host_needs_no_tls_and_no_login)
{
    struct conf_world world;
    begin(&world);
    use_smtp(&world, "localhost", TLS_NONE);
    struct outputs_config *config = compile(&world);
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(config->accounts[0].port, 25);
    ck_assert_slice(config->accounts[0].ehlo, "host");
    finish(&world);
}

TEST(account, each_mistake_is_told)
{
    struct conf_world world;
    begin(&world);
    world.accounts[0].gmail = text_of(&world, "no address");
    must_complain(&world, "'gmail' must be one e-mail address");
    begin(&world);
    world.accounts[0].password_file = (struct conf_text){ 0 };
    must_complain(&world, "no 'password_file'");
    begin(&world);
    world.accounts[0].port = 25;
    must_complain(&world, "465 or 587");
    begin(&world);
    world.accounts[0].smtp = &world.smtp;
    must_complain(&world, "exclude each other");
    begin(&world);
    use_smtp(&world, "mail.x.org", TLS_NONE);
    must_complain(&world, "tls: none is only for");
    begin(&world);
    use_smtp(&world, "localhost", TLS_NONE);
    world.smtp.user = text_of(&world, "u");
    world.smtp.password_file = text_of(&world, "/f");
    must_complain(&world, "never sent in clear");
    begin(&world);
    use_smtp(&world, "mail.x.org/evil", TLS_IMPLICIT);
    must_complain(&world, "'host' must be");
    begin(&world);
    use_smtp(&world, "mail.x.org", TLS_IMPLICIT);
    world.smtp.user = text_of(&world, "u");
    must_complain(&world, "belong together");
}

TEST(account, C24_each_mistake_in_an_output_is_told)
{
    struct conf_world world;
    begin(&world);
    world.to[0] = text_of(&world, "a@x.org\r\nRCPT TO:<b@x.org>");
    must_complain(&world, "not an e-mail address");
    begin(&world);
    world.outputs[0].to.count = 0;
    must_complain(&world, "no recipients");
    begin(&world);
    world.outputs[0].account = text_of(&world, "gmial");
    must_complain(&world, "did you mean 'gmail'?");
    begin(&world);
    world.outputs[0].maildir = text_of(&world, "relative");
    must_complain(&world, "absolute path");
    begin(&world);
    world.outputs[0].name = text_of(&world, "a:b");
    must_complain(&world, "a name is");
    begin(&world);
    world.output_count = 2;
    world.outputs[1] = world.outputs[0];
    must_complain(&world, "two outputs with the name 'ops'");
}

/* RFC 5321 allows braces in an address, so it would go out as it stands, to nobody. */
TEST(account, H21_no_recipient_comes_from_an_event)
{
    struct conf_world world;
    begin(&world);
    world.to[0] = text_of(&world, "{{owner}}@example.com");
    must_complain(&world, "an address is no template");
}

/* Names beyond ASCII need a server with SMTPUTF8, and it may go at any time: an address
 * that cannot be relied on is refused while somebody looks. */
TEST(account, S22_an_address_that_not_every_server_takes_is_refused_at_the_start)
{
    static const char *const addresses[] = {
        "\xc3\xa4rger@example.com",
        "ops@b\xc3\xbc"
        "cher.example",
        "a\r\nRCPT TO:<b>@x.org",
        "a\nb@x.org",
        "a b@x.org",
        "\"a b\"@x.org",
        "a@x.org\r",
        "<a@x.org>",
        "a,b@x.org",
    };
    struct conf_world world;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        begin(&world);
        world.to[0] = text_of(&world, addresses[i]);
        must_complain(&world, "not an e-mail address");
        begin(&world);
        world.accounts[0].from = text_of(&world, addresses[i]);
        must_complain(&world, "'from' must be one e-mail address");
    }
    begin(&world);
    world.to[0] = text_of(&world, "a@x.org");
    world.to[0].value = SLICE("a\0b@x.org");
    must_complain(&world, "not an e-mail address");
}

/* --- secrets ---------------------------------------------------------------------- */

static const char *secret_file(struct slice text, mode_t mode)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/secret", unit_test_folder());
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fwrite(text.ptr, 1, text.len, out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(chmod(path, mode), 0);
    return path;
}

static void must_read(struct slice text, const char *secret)
{
    struct err err = { 0 };
    struct secret out = { 0 };
    ck_assert_msg(secret_read(slice_of(secret_file(text, 0600)), &out, &err), "%s",
                  err.text);
    ck_assert_slice(secret_slice(&out), secret);
    secret_wipe(&out);
    ck_assert_uint_eq(out.len, 0);
}

static void must_refuse(const char *path, enum err_kind kind, const char *part)
{
    struct err err = { 0 };
    struct secret out = { 0 };
    ck_assert(!secret_read(slice_of(path), &out, &err));
    ck_assert_ptr_null(out.page);
    ck_assert_msg(err.kind == kind && strstr(err.text, part), "%d %s", err.kind,
                  err.text);
}

TEST(account, a_secret_is_one_line_and_an_app_password_has_no_blanks)
{
    must_read(SLICE("abcd efgh ijkl mnop\n"), "abcdefghijklmnop");
    must_read(SLICE("secret with blanks\r\n"), "secret with blanks");
    must_read(SLICE("bare"), "bare");
}

TEST(account, a_credential_of_systemd_may_be_read_by_its_group_and_by_nobody_else)
{
    struct err err = { 0 };
    struct secret out = { 0 };
    if (geteuid() != 0)
        SKIP_TEST("only root has files of root");
    char *path = strdup(secret_file(SLICE("given"), 0440));
    must_refuse(path, ERR_DENIED, "chmod 600");
    char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    ck_assert_msg(secret_read(slice_of(path), &out, &err), "%s", err.text);
    ck_assert_slice(secret_slice(&out), "given");
    secret_wipe(&out);
    must_refuse(secret_file(SLICE("elsewhere"), 0440), ERR_DENIED, "chmod 600");
    ck_assert_int_eq(chmod(path, 0444), 0);
    must_refuse(path, ERR_DENIED, "chmod 600");
    free(folder);
    free(path);
}

TEST(account, C15_a_secret_that_others_could_read_or_place_is_refused)
{
    must_refuse(secret_file(SLICE("x"), 0640), ERR_DENIED, "chmod 600");
    must_refuse(secret_file(SLICE(""), 0600), ERR_INVALID, "empty");
    must_refuse(secret_file(SLICE("a\nb"), 0600), ERR_INVALID, "one line");
    must_refuse(secret_file(SLICE("a\0b"), 0600), ERR_INVALID, "one line");
    must_refuse("/nowhere/secret", ERR_MISSING, "/nowhere/secret");
    must_refuse("/dev/null", ERR_DENIED, "not a regular file");
    char link_path[512];
    snprintf(link_path, sizeof link_path, "%s/link", unit_test_folder());
    ck_assert_int_eq(symlink(secret_file(SLICE("x"), 0600), link_path), 0);
    must_refuse(link_path, ERR_DENIED, "is a link");
}

/* --- ways to log in --------------------------------------------------------------- */

static void use_command(struct conf_world *world, const char *program,
                        const char *argument)
{
    static struct conf_text words[2];
    words[0] = text_of(world, program);
    words[1] = text_of(world, argument);
    world->accounts[0].password_file = (struct conf_text){ 0 };
    world->accounts[0].password_command =
        (struct conf_texts){ words, argument[0] ? 2 : 1 };
}

TEST(account, a_command_can_bring_the_password)
{
    struct conf_world world;
    begin(&world);
    use_command(&world, "/usr/bin/pass", "tocsin");
    struct outputs_config *config = compile(&world);
    ck_assert_ptr_nonnull(config);
    const struct account *account = &config->accounts[0];
    ck_assert_int_eq(account->login, LOGIN_COMMAND);
    ck_assert_uint_eq(account->command_count, 2);
    ck_assert_slice(account->command[0], "/usr/bin/pass");
    ck_assert_slice(account->command[1], "tocsin");
    ck_assert_slice(account->password_file, "");
    finish(&world);
}

TEST(account, a_command_without_a_path_or_with_blanks_is_told)
{
    struct conf_world world;
    begin(&world);
    use_command(&world, "pass", "tocsin");
    must_complain(&world, "absolute path of a program");
    begin(&world);
    use_command(&world, "/usr/bin/pass show tocsin", "");
    must_complain(&world, "as a list, [/usr/bin/pass, show, tocsin]");
}

TEST(account, a_second_way_to_log_in_is_one_too_many)
{
    struct conf_world world;
    begin(&world);
    use_command(&world, "/usr/bin/pass", "tocsin");
    world.accounts[0].password_file = text_of(&world, "/etc/secret");
    must_complain(&world, "one way to log in is enough");
}

static void use_oauth(struct conf_world *world, struct oauth_config *oauth)
{
    *oauth =
        (struct oauth_config){ .node = &world->node,
                               .token_file = text_of(world, "/var/lib/tocsin/token") };
    world->accounts[0].password_file = (struct conf_text){ 0 };
    world->accounts[0].oauth = oauth;
    world->accounts[0].api_endpoint.value = SLICE("https://gmail.googleapis.com");
}

TEST(account, a_consent_logs_in_by_smtp_and_by_the_api)
{
    struct conf_world world;
    struct oauth_config oauth;
    begin(&world);
    use_oauth(&world, &oauth);
    struct outputs_config *config = compile(&world);
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(config->accounts[0].login, LOGIN_CONSENT);
    ck_assert_slice(config->accounts[0].password_file, "/var/lib/tocsin/token");
    ck_assert_slice(config->accounts[0].host, "smtp.gmail.com");
    ck_assert(!config->accounts[0].is_api);
    finish(&world);
    begin(&world);
    use_oauth(&world, &oauth);
    world.accounts[0].api = true;
    config = compile(&world);
    ck_assert_ptr_nonnull(config);
    ck_assert_slice(config->accounts[0].host, "gmail.googleapis.com");
    ck_assert_int_eq(config->accounts[0].port, 443);
    ck_assert(config->accounts[0].is_api);
    finish(&world);
}

TEST(account, a_service_account_acts_for_the_address_unless_told_otherwise)
{
    struct conf_world world;
    struct service_config service = { .node = &world.node };
    for (int i = 0; i < 2; i++) {
        begin(&world);
        service.key_file = text_of(&world, "/etc/tocsin/key.json");
        service.user = text_of(&world, i == 0 ? "" : "other@x.org");
        world.accounts[0].password_file = (struct conf_text){ 0 };
        world.accounts[0].service_account = &service;
        struct outputs_config *config = compile(&world);
        ck_assert_ptr_nonnull(config);
        ck_assert_int_eq(config->accounts[0].login, LOGIN_SERVICE);
        ck_assert_slice(config->accounts[0].acts_for,
                        i == 0 ? "me@gmail.com" : "other@x.org");
        finish(&world);
    }
}

TEST(account, the_api_takes_no_password_and_no_port_of_smtp)
{
    struct conf_world world;
    struct oauth_config oauth;
    begin(&world);
    world.accounts[0].api = true;
    world.accounts[0].api_endpoint.value = SLICE("https://gmail.googleapis.com");
    must_complain(&world, "Gmail's API takes no password");
    begin(&world);
    use_oauth(&world, &oauth);
    world.accounts[0].api = true;
    world.accounts[0].port = 587;
    must_complain(&world, "'port' is of SMTP");
    begin(&world);
    use_oauth(&world, &oauth);
    world.accounts[0].api = true;
    world.accounts[0].api_endpoint = text_of(&world, "http://gmail.googleapis.com");
    must_complain(&world, "is written https://HOST");
    begin(&world);
    use_oauth(&world, &oauth);
    oauth.token_file = text_of(&world, "token");
    must_complain(&world, "'token_file' must be an absolute path");
    begin(&world);
    use_smtp(&world, "mail.x.org", TLS_IMPLICIT);
    world.accounts[0].api = true;
    must_complain(&world, "'api' is Gmail's");
}

TEST(account, a_copy_lives_without_the_first_and_is_the_same)
{
    struct conf_world world;
    struct arena arena = { 0 };
    begin(&world);
    use_command(&world, "/usr/bin/pass", "tocsin");
    struct outputs_config *config = compile(&world);
    ck_assert_ptr_nonnull(config);
    struct account copy = account_copy(&config->accounts[0], &arena);
    ck_assert(account_is_same(&copy, &config->accounts[0]));
    struct slice others[] = { SLICE("/usr/bin/pass"), SLICE("other") };
    copy.command = others;
    ck_assert(!account_is_same(&copy, &config->accounts[0]));
    finish(&world);
    arena_free(&arena);
}

static void must_warn(struct conf_world *world, const char *part)
{
    ck_assert_ptr_nonnull(compile(world));
    bool is_told = false;
    for (size_t i = 0; i < world->complaints.count; i++)
        is_told = is_told || strstr(world->complaints.items[i].text, part);
    ck_assert_msg(is_told == (part[0] != '\0') &&
                      (part[0] || world->complaints.count == 0),
                  "'%s'", part);
    finish(world);
}

TEST(account, the_relay_wants_a_name_or_a_login)
{
    struct conf_world world;
    begin(&world);
    use_smtp(&world, "smtp-relay.gmail.com", TLS_IMPLICIT);
    must_warn(&world, "set 'ehlo' to a domain of the organisation");
    begin(&world);
    use_smtp(&world, "smtp-relay.gmail.com", TLS_IMPLICIT);
    world.smtp.ehlo = text_of(&world, "x.org");
    must_warn(&world, "");
    begin(&world);
    use_smtp(&world, "smtp.gmail.com", TLS_IMPLICIT);
    must_warn(&world, "takes no mail without a login");
}
