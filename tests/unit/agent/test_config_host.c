/** The name of this host: a configuration that names none takes the system's, whatever
 *  that is. */
#include "agent/base/complaint.h"
#include "agent/config.h"
#include "outputs/mime.h"
#include "test.h"

static const char yaml[] =
    "sources: [{name: app, files: [/x]}]\n"
    "rules: [{name: r, match: x, samples: {match: [x]}}]\n"
    "accounts: [{name: a, smtp: {host: mail.example.org}, from: a@example.org}]\n"
    "outputs: [{name: o, to: [b@example.org]}]\n";

static void must_be_called(const char *system_name, const char *wanted)
{
    struct arena arena = { 0 };
    struct complaints complaints = { .arena = &arena };
    struct buf out = buf_make(64 * 1024), from = buf_make(512);
    const struct source_text source = { .name = "t.yaml", .bytes = slice_of(yaml) };
    const struct yaml_node *node = yaml_parse(&source, &complaints);
    ck_assert_ptr_nonnull(node);
    struct config *config = config_load_node(node, system_name, &out, false);
    ck_assert_msg(config != NULL, "%s", out.ptr);
    ck_assert_slice(config->host_name, wanted);
    buf_printf(&from, "tocsin@%.*s", SLICE_ARG(config->host_name));
    ck_assert_msg(mime_is_address(buf_slice(&from)), "%s", from.ptr);
    config_free(config);
    complaints_free(&complaints);
    buf_free(&from);
    buf_free(&out);
    arena_free(&arena);
}

/* Gmail answers EHLO by 501 5.5.4 when its argument is no name. */
TEST(config_host, S25_any_name_of_the_system_becomes_one_that_a_mail_server_takes)
{
    must_be_called("web01.example.com", "web01.example.com");
    must_be_called("web_01", "web-01");
    must_be_called("we\xc3\xbc"
                   "b 1\r\nMAIL FROM:<x>",
                   "we--b-1--MAIL-FROM--x");
    must_be_called("-web-.-.example..com.", "web.example.com");
    must_be_called("\x1b[31m", "31m");
    must_be_called("(none)", "none");
    must_be_called("...", "localhost");
    must_be_called("\xff\xfe", "localhost");
    must_be_called(
        "a123456789012345678901234567890123456789012345678901234567890123456789",
        "a12345678901234567890123456789012345678901234567890123456789012");
}
