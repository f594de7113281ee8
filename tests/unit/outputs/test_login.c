/** Logins by access tokens: how they are got, kept, renewed and refused. */
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/secret.h"
#include "outputs/consent.h"
#include "outputs/verdict.h"

#include "sink_world.h"
#include "test.h"

enum { TEXT_MAX = 4096 };

/* As `tocsin auth gmail` writes it. */
static void write_consent(struct smtp_world *world, const char *refresh_token)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text,
             "{\"type\": \"authorized_user\", \"client_id\": \"me.apps\", "
             "\"client_secret\": \"secret\", \"refresh_token\": \"%s\", "
             "\"token_uri\": \"https://localhost:%d/token\"}",
             refresh_token, world->https_port);
    write_secret(world, text);
    world->account.login = LOGIN_CONSENT;
}

static struct smtp_world *consent_world(const struct sink_wishes *wishes)
{
    struct smtp_world *world = smtp_world_with(wishes);
    write_consent(world, "1//refresh");
    return world;
}

static const struct sink_wishes usual = { .client = "me.apps",
                                          .refresh_token = "1//refresh" };

static const struct smtp_reply *must_fail(struct smtp_world *world,
                                          enum smtp_phase phase, int code)
{
    log_in(world);
    const struct smtp_reply *failure = &world->connection.failure;
    ck_assert(world->connection.has_failed);
    ck_assert_msg(failure->phase == phase && failure->code == code, "%s %d %s",
                  smtp_phase_name(failure->phase), failure->code, failure->text);
    return failure;
}

static void leave(struct smtp_world *world)
{
    connection_close(&world->connection);
}

static void must_log_in_again(struct smtp_world *world)
{
    leave(world);
    must_log_in(world);
}

TEST(login, a_consent_is_turned_into_a_token_that_logs_in_and_blocks_no_turn)
{
    struct sink_wishes wishes = usual;
    wishes.script = "token:wait 1s";
    struct smtp_world *world = consent_world(&wishes);
    must_log_in(world);
    ck_assert_int_lt(world->longest_ms, BLOCKED_MS);
    smtp_world_free(world);
}

TEST(login, a_token_logs_in_over_starttls_too)
{
    struct smtp_world *world = consent_world(&usual);
    world->account.port = world->smtp_port;
    world->account.tls = TLS_STARTTLS;
    must_log_in(world);
    smtp_world_free(world);
}

/* The endpoint gives one token and then nothing more. */
TEST(login, a_token_is_kept_for_the_logins_to_come)
{
    struct sink_wishes wishes = usual;
    wishes.script = "token:#2+ 400 invalid_grant no second one";
    struct smtp_world *world = consent_world(&wishes);
    must_log_in(world);
    must_log_in_again(world);
    must_log_in_again(world);
    smtp_world_free(world);
}

TEST(login, a_token_is_renewed_before_it_ends)
{
    struct sink_wishes wishes = usual;
    wishes.script = "token:#2 400 invalid_grant the second one";
    wishes.life_s = 1; /* renewed after half of it */
    struct smtp_world *world = consent_world(&wishes);
    must_log_in(world);
    leave(world);
    int64_t end = now_real().mono_ms + 600;
    while (now_real().mono_ms < end)
        poll(NULL, 0, 20);
    must_fail(world, PHASE_TOKEN, 400);
    smtp_world_free(world);
}

TEST(login, an_endpoint_in_trouble_costs_nothing_while_the_old_token_is_good)
{
    struct sink_wishes wishes = usual;
    wishes.script = "token:#2+ 503 internal_failure Backend Error";
    wishes.life_s = 2;
    struct smtp_world *world = consent_world(&wishes);
    must_log_in(world);
    leave(world);
    int64_t end = now_real().mono_ms + 1100;
    while (now_real().mono_ms < end)
        poll(NULL, 0, 20);
    must_log_in(world);
    smtp_world_free(world);
}

TEST(login, S09_a_token_that_is_refused_is_got_anew_once)
{
    struct sink_wishes wishes = usual;
    wishes.script = "auth:#2 535 5.7.8 Username and Password not accepted.";
    struct smtp_world *world = consent_world(&wishes);
    must_log_in(world);
    must_log_in_again(world); /* refused, renewed, accepted */
    smtp_world_free(world);
}

TEST(login, S09_a_new_token_that_is_refused_waits_for_a_person)
{
    struct smtp_world *world = consent_world(&usual);
    world->account.user = SLICE("other@x.org"); /* the token is me@x.org's */
    const struct smtp_reply *failure = must_fail(world, PHASE_AUTH, 535);
    ck_assert_ptr_nonnull(strstr(failure->text, "(XOAUTH2: status 400)"));
    const struct verdict *verdict = verdict_of(failure);
    ck_assert_int_eq(verdict->trouble, TROUBLE_SECRET);
    ck_assert_ptr_nonnull(strstr(verdict->advice, "tocsin auth gmail"));
    smtp_world_free(world);
}

TEST(login, S09_each_error_of_the_endpoint_is_told_with_its_advice)
{
    static const struct {
        const char *script;
        int code;
        const char *text, *advice;
    } rows[] = {
        { "@400-invalid-grant", 400, "invalid_grant: Token has been expired or revoked",
          "consent anew with `tocsin auth gmail`" },
        { "@401-invalid-client", 401, "invalid_client: The OAuth client",
          "client id or client secret are wrong" },
        { "@503-token-trouble", 503, "internal_failure: Backend", "temporary problem" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sink_wishes wishes = usual;
        wishes.script = rows[i].script;
        struct smtp_world *world = consent_world(&wishes);
        const struct smtp_reply *failure = must_fail(world, PHASE_TOKEN, rows[i].code);
        ck_assert_msg(strstr(failure->text, rows[i].text) != NULL, "%s", failure->text);
        ck_assert_ptr_nonnull(strstr(verdict_of(failure)->advice, rows[i].advice));
        smtp_world_free(world);
    }
}

TEST(login, an_endpoint_that_is_away_is_the_networks_trouble)
{
    struct smtp_world *world = consent_world(&usual);
    world->https_port = 1;
    write_consent(world, "1//refresh");
    const struct smtp_reply *failure = must_fail(world, PHASE_TOKEN, 0);
    ck_assert_ptr_nonnull(strstr(failure->text, "connect: Connection refused"));
    ck_assert_int_eq(verdict_of(failure)->scope, SCOPE_NETWORK);
    smtp_world_free(world);
}

TEST(login, an_endpoint_that_hangs_up_or_talks_nonsense_is_the_networks_trouble)
{
    static const char *const scripts[] = { "token:close", "token:reset" };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct sink_wishes wishes = usual;
        wishes.script = scripts[i];
        struct smtp_world *world = consent_world(&wishes);
        must_fail(world, PHASE_TOKEN, 0);
        smtp_world_free(world);
    }
}

TEST(login, an_endpoint_whose_certificate_is_unknown_is_told_nothing)
{
    struct smtp_world *world = consent_world(&usual);
    world->account.ca_file = SLICE("");
    const struct smtp_reply *failure = must_fail(world, PHASE_TOKEN, 0);
    ck_assert_int_eq(verdict_of(failure)->trouble, TROUBLE_TLS);
    smtp_world_free(world);
}

/* --- the file --------------------------------------------------------------------- */

static void must_hold(const struct smtp_world *world, const char *part, bool is_there)
{
    char text[TEXT_MAX] = "";
    struct stat stat_now;
    FILE *in = fopen(world->secret, "r");
    ck_assert_ptr_nonnull(in);
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    ck_assert_msg((strstr(text, part) != NULL) == is_there, "'%s' in: %s", part, text);
    ck_assert_int_eq(stat(world->secret, &stat_now), 0);
    ck_assert_int_eq(stat_now.st_mode & 0777, 0600);
}

TEST(login, a_refresh_token_that_is_replaced_is_stored_at_once)
{
    struct sink_wishes wishes = usual;
    wishes.rotates = true;
    wishes.script = "auth:#2 535 5.7.8 no"; /* so that a second token is wanted */
    struct smtp_world *world = consent_world(&wishes);
    must_log_in(world);
    must_hold(world, "1//refresh", false);
    must_hold(world, "\"refresh_token\": \"1//0", true);
    must_hold(world, "\"client_id\": \"me.apps\"", true);
    must_log_in_again(world);
    smtp_world_free(world);
}

TEST(login, a_refresh_token_that_cannot_be_stored_is_used_all_the_same)
{
    struct sink_wishes wishes = usual;
    char beside[310];
    wishes.rotates = true;
    wishes.script = "auth:#2 535 5.7.8 no";
    struct smtp_world *world = consent_world(&wishes);
    /* A folder where the new file is to be written first. */
    snprintf(beside, sizeof beside, "%s.new", world->secret);
    ck_assert_int_eq(mkdir(beside, 0700), 0);
    must_log_in(world);
    must_hold(world, "1//refresh", true);
    const char *complaint = world->connection.complaint.text;
    ck_assert_msg(strstr(complaint, world->secret) != NULL, "%s", complaint);
    ck_assert_msg(strstr(complaint, "not stored: cannot") != NULL, "%s", complaint);
    ck_assert_ptr_null(strstr(complaint, "1//0"));
    ck_assert_int_eq(rmdir(beside), 0);
    must_log_in_again(world);
    must_hold(world, "1//refresh", false);
    ck_assert_str_eq(world->connection.complaint.text, "");
    smtp_world_free(world);
}

TEST(login, a_file_that_is_no_consent_is_told)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        { "abcdefghijklmnop", "is no JSON object" },
        { "{\"type\": \"authorized_user\"}", "it has no \"client_id\"" },
        { "{\"client_id\": \"a\", \"refresh_token\": \"b\\nc\"}", "characters" },
        { "{\"client_id\": \"a\", \"refresh_token\": \"b\", \"token_uri\": "
          "\"http://x.org\"}",
          "no address that begins with https://" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct smtp_world *world = smtp_world(NULL);
        write_secret(world, rows[i].text);
        world->account.login = LOGIN_CONSENT;
        const struct smtp_reply *failure = must_fail(world, PHASE_AUTH, 0);
        ck_assert_msg(strstr(failure->text, rows[i].part) != NULL, "%s", failure->text);
        ck_assert_int_eq(verdict_of(failure)->trouble, TROUBLE_SECRET);
        smtp_world_free(world);
    }
}

TEST(login, a_consent_that_others_may_read_is_not_used)
{
    struct smtp_world *world = consent_world(&usual);
    ck_assert_int_eq(chmod(world->secret, 0640), 0);
    const struct smtp_reply *failure = must_fail(world, PHASE_AUTH, 0);
    ck_assert_ptr_nonnull(strstr(failure->text, "chmod 600"));
    smtp_world_free(world);
}

/* --- service accounts ------------------------------------------------------------- */

/* As the Cloud console gives it. */
static const char *make_key(const char *folder)
{
    static char paths[2][300];
    static int used;
    char *path = paths[used++ % 2], *pem = NULL;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    ck_assert(key && bio);
    ck_assert_int_eq(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL),
                     1);
    long len = BIO_get_mem_data(bio, &pem);
    snprintf(path, sizeof paths[0], "%.200s/key.json", folder);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    fputs("{\"type\": \"service_account\", \"private_key_id\": \"k1\", "
          "\"client_email\": \"bot@p.iam.gserviceaccount.com\", "
          "\"private_key\": \"",
          out);
    for (long i = 0; i < len; i++)
        if (pem[i] == '\n')
            fputs("\\n", out);
        else
            fputc(pem[i], out);
    fputs("\"}\n", out);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    BIO_free(bio);
    EVP_PKEY_free(key);
    return path;
}

/* The key with the address of this world's token endpoint in it. */
static void use_service(struct smtp_world *world, const char *key)
{
    char text[TEXT_MAX];
    FILE *in = fopen(key, "r");
    ck_assert_ptr_nonnull(in);
    size_t len = fread(text, 1, sizeof text - 200, in);
    fclose(in);
    while (len > 0 && text[len - 1] != '}')
        len--;
    snprintf(text + len - 1, 200, ", \"token_uri\": \"https://localhost:%d/token\"}",
             world->https_port);
    write_secret(world, text);
    world->account.login = LOGIN_SERVICE;
    world->account.acts_for = SLICE("me@x.org");
}

TEST(login, a_service_account_signs_for_its_token)
{
    const char *key = make_key(unit_test_folder());
    struct sink_wishes wishes = usual;
    wishes.service_account = key;
    wishes.script = "token:wait 1s";
    struct smtp_world *world = smtp_world_with(&wishes);
    use_service(world, key);
    must_log_in(world);
    ck_assert_int_lt(world->longest_ms, BLOCKED_MS);
    smtp_world_free(world);
}

TEST(login, a_service_account_that_may_not_act_for_the_user_is_told)
{
    const char *key = make_key(unit_test_folder());
    struct sink_wishes wishes = usual;
    wishes.service_account = key;
    struct smtp_world *world = smtp_world_with(&wishes);
    use_service(world, key);
    world->account.acts_for = SLICE("boss@x.org");
    const struct smtp_reply *failure = must_fail(world, PHASE_TOKEN, 401);
    ck_assert_str_eq(failure->token, "unauthorized_client");
    ck_assert_ptr_nonnull(strstr(verdict_of(failure)->advice, "answer/162106"));
    smtp_world_free(world);
}

TEST(login, a_key_that_is_not_the_accounts_signs_nothing)
{
    struct sink_wishes wishes = usual;
    wishes.service_account = make_key(unit_test_folder());
    struct smtp_world *world = smtp_world_with(&wishes);
    use_service(world, make_key(unit_test_folder()));
    const struct smtp_reply *failure = must_fail(world, PHASE_TOKEN, 400);
    ck_assert_ptr_nonnull(strstr(failure->text, "Invalid JWT Signature"));
    smtp_world_free(world);
}

TEST(login, a_key_that_is_none_is_told)
{
    static const char *const texts[] = {
        "{\"client_email\": \"a@x.org\"}",
        "{\"client_email\": \"a@x.org\", \"private_key\": \"abc\"}",
        "{\"client_email\": \"a@x.org\", \"private_key\": \"-----BEGIN PRIVATE "
        "KEY-----\\nAAAA\\n-----END PRIVATE KEY-----\\n\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct smtp_world *world = smtp_world(NULL);
        write_secret(world, texts[i]);
        world->account.login = LOGIN_SERVICE;
        const struct smtp_reply *failure = must_fail(world, PHASE_AUTH, 0);
        ck_assert_int_eq(verdict_of(failure)->trouble, TROUBLE_SECRET);
        smtp_world_free(world);
    }
}
