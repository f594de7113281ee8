/** The mail server of stories, through the seam that outputs/ uses. */
#include "test.h"

#include "agent/base/mem.h"
#include "agent/story/post.h"
#include "outputs/dialog.h"

struct scene {
    struct now now;
    struct post *post;
    const struct link_ops *ops;
    struct account account;
    struct link *link;
};

static void scene_open(struct scene *scene, const char *rule)
{
    struct err err;
    *scene = (struct scene){ .now = { 1000, 0 },
                             .account = { .user = SLICE("me@example.com"),
                                          .ehlo = SLICE("web01"),
                                          .tls = TLS_IMPLICIT } };
    scene->post = post_create(&scene->now);
    scene->ops = post_links(scene->post);
    if (rule)
        ck_assert(script_add(post_script(scene->post), slice_of(rule), &err));
}

static enum link_state scene_step(struct scene *scene)
{
    if (!scene->link)
        scene->link =
            scene->ops->open(scene->ops->ctx, &scene->account, NULL, scene->now);
    return scene->ops->step(scene->link, scene->now);
}

static void scene_close(struct scene *scene)
{
    if (scene->link)
        scene->ops->close(scene->link);
    post_free(scene->post);
}

TEST(post, a_link_logs_in_by_implicit_tls_and_by_starttls_and_needs_neither)
{
    for (int tls = TLS_IMPLICIT; tls <= TLS_NONE; tls++) {
        struct scene scene;
        scene_open(&scene, NULL);
        scene.account.tls = tls;
        if (tls == TLS_NONE)
            scene.account.user = SLICE("");
        ck_assert_int_eq(scene_step(&scene), LINK_READY);
        ck_assert(scene.ops->has_extension(scene.link, SLICE("PIPELINING")));
        ck_assert(scene.ops->has_extension(scene.link, SLICE("size")));
        ck_assert(!scene.ops->has_extension(scene.link, SLICE("STARTTLS")) ||
                  tls == TLS_NONE);
        ck_assert(!scene.ops->has_extension(scene.link, SLICE("CHUNKING")));
        ck_assert_uint_eq(post_tally(scene.post)->logins, tls != TLS_NONE);
        scene_close(&scene);
    }
}

TEST(post, a_refusal_before_the_login_is_told_with_its_phase)
{
    static const struct {
        const char *rule;
        enum smtp_phase phase;
        int code;
    } rows[] = { { "greeting:421 4.7.0 later", PHASE_GREETING, 421 },
                 { "ehlo:close 550 5.7.1 no", PHASE_EHLO, 550 },
                 { "auth:535 5.7.8 wrong", PHASE_AUTH, 535 },
                 { "auth:close", PHASE_AUTH, 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene scene;
        scene_open(&scene, rows[i].rule);
        ck_assert_int_eq(scene_step(&scene), LINK_FAILED);
        const struct smtp_reply *failure = scene.ops->failure(scene.link);
        ck_assert_int_eq(failure->phase, rows[i].phase);
        ck_assert_int_eq(failure->code, rows[i].code);
        scene_close(&scene);
    }
}

TEST(post, nobody_listens_when_it_is_down)
{
    struct scene scene;
    scene_open(&scene, NULL);
    post_set_down(scene.post, true);
    ck_assert_int_eq(scene_step(&scene), LINK_FAILED);
    ck_assert_int_eq(scene.ops->failure(scene.link)->phase, PHASE_CONNECT);
    ck_assert_uint_eq(post_tally(scene.post)->sessions, 0);
    scene_close(&scene);
}

TEST(post, a_server_that_hangs_in_its_greeting_times_out)
{
    struct scene scene;
    scene_open(&scene, "greeting:hang");
    ck_assert_int_eq(scene_step(&scene), LINK_OPENING);
    ck_assert_int_eq(scene.ops->wake_at(scene.link), 31000);
    scene.now.mono_ms = 30999;
    ck_assert_int_eq(scene_step(&scene), LINK_OPENING);
    scene.now.mono_ms = 31000;
    ck_assert_int_eq(scene_step(&scene), LINK_FAILED);
    scene_close(&scene);
}

TEST(post, a_reply_that_waits_is_there_at_its_time)
{
    struct scene scene;
    scene_open(&scene, "ehlo:wait 5s");
    ck_assert_int_eq(scene_step(&scene), LINK_OPENING);
    ck_assert_int_eq(post_wake_at(scene.post), 6000);
    scene.now.mono_ms = 6000;
    ck_assert_int_eq(scene_step(&scene), LINK_READY);
    ck_assert_int_eq(post_wake_at(scene.post), NEVER_MS);
    scene_close(&scene);
}

TEST(post, bytes_that_drip_come_one_by_one)
{
    struct scene scene;
    scene_open(&scene, "greeting:slow 10");
    ck_assert_int_eq(scene_step(&scene), LINK_OPENING);
    ck_assert_int_eq(post_wake_at(scene.post), 1100);
    int64_t limit_ms = 1000 + 120 * SECOND_MS;
    while (scene_step(&scene) == LINK_OPENING && scene.now.mono_ms < limit_ms)
        scene.now.mono_ms = post_wake_at(scene.post);
    ck_assert_int_gt(scene.now.mono_ms, 10000);
    ck_assert_int_ne(scene.now.mono_ms, limit_ms);
    scene_close(&scene);
}

static void converse(struct scene *scene, struct dialog *dialog)
{
    for (int i = 0; i < 50 && dialog->state == DIALOG_BUSY; i++) {
        char bytes[256];
        struct slice output = dialog_output(dialog);
        if (output.len > 0) {
            ssize_t sent = scene->ops->send(scene->link, output);
            if (sent > 0)
                dialog_sent(dialog, (size_t)sent);
        }
        ssize_t got = scene->ops->receive(scene->link, bytes, sizeof bytes);
        if (got > 0)
            dialog_feed(dialog, slice_make(bytes, (size_t)got));
        else if (got < 0)
            dialog_lost(dialog, SLICE("closed"));
    }
}

static struct dialog_result hand_over(struct scene *scene, struct dialog *dialog)
{
    static const struct slice to[] = { { "a@example.com", 13 },
                                       { "b@example.com", 13 } };
    const struct dialog_mail mail = { .from = SLICE("me@example.com"),
                                      .recipients = to,
                                      .recipient_count = 2,
                                      .bytes = SLICE("Subject: hi\r\n\r\n.x\r\n") };
    ck_assert_int_eq(scene_step(scene), LINK_READY);
    dialog_init(dialog, (struct dialog_offer){ .pipelining = true });
    dialog_start(dialog, &mail);
    converse(scene, dialog);
    return dialog->result;
}

TEST(post, a_mail_arrives_as_it_was_sent)
{
    struct scene scene;
    struct dialog dialog;
    scene_open(&scene, NULL);
    ck_assert(hand_over(&scene, &dialog).is_accepted);
    ck_assert_uint_eq(post_mail_count(scene.post), 1);
    const struct post_mail *mail = post_mail(scene.post, 0);
    ck_assert_slice(mail->recipients, "a@example.com, b@example.com");
    ck_assert_slice(mail->bytes, "Subject: hi\r\n\r\n.x\r\n");
    ck_assert_int_eq(mail->mono_ms, 1000);
    ck_assert_uint_eq(post_tally(scene.post)->violations, 0);
    dialog_clear(&dialog);
    scene_close(&scene);
}

TEST(post, a_mail_that_was_taken_without_a_reply_is_in_doubt)
{
    struct scene scene;
    struct dialog dialog;
    scene_open(&scene, "dot:take close");
    ck_assert(hand_over(&scene, &dialog).is_in_doubt);
    ck_assert_uint_eq(post_mail_count(scene.post), 1);
    dialog_clear(&dialog);
    scene_close(&scene);
}

TEST(post, a_link_is_ready_only_for_what_its_owner_wants)
{
    struct scene scene;
    scene_open(&scene, NULL);
    ck_assert_int_eq(scene_step(&scene), LINK_READY);
    scene.ops->want(scene.link, WAKE_READ);
    ck_assert(!post_is_ready(scene.post));
    ck_assert_int_eq(scene.ops->send(scene.link, SLICE("NOOP\r\n")), 6);
    ck_assert(post_is_ready(scene.post));
    scene.ops->want(scene.link, 0);
    ck_assert(!post_is_ready(scene.post));
    scene.ops->want(scene.link, WAKE_WRITE);
    ck_assert(post_is_ready(scene.post));
    scene_close(&scene);
}

TEST(post, a_server_that_goes_down_breaks_its_connections)
{
    struct scene scene;
    char byte;
    scene_open(&scene, NULL);
    ck_assert_int_eq(scene_step(&scene), LINK_READY);
    post_set_down(scene.post, true);
    ck_assert_int_eq(scene.ops->send(scene.link, SLICE("NOOP\r\n")), -1);
    ck_assert_int_eq(scene.ops->receive(scene.link, &byte, 1), -1);
    scene_close(&scene);
}
