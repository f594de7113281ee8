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

TEST(account, each_mistake_in_an_output_is_told)
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

TEST(account, a_secret_that_others_could_read_or_place_is_refused)
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
