/** A real TLS client in the same thread, over a socketpair. */
#include "test.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/sink/peer.h"

struct world {
    struct sink_tls *tls;
    struct smtpd_tally tally;
    struct smtpd_config session;
    struct peer_config config;
    struct peer *peer;
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

static SSL_CTX *trusting(struct slice ca_pem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = BIO_new_mem_buf(ca_pem.ptr, (int)ca_pem.len);
    X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(ca);
    ck_assert_int_eq(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca), 1);
    X509_free(ca);
    BIO_free(bio);
    return context;
}

static void world_open(struct world *world, bool is_implicit)
{
    struct err err;
    int pair[2];
    *world = (struct world){ .tls = sink_tls_create(&err) };
    ck_assert_ptr_nonnull(world->tls);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    world->session = (struct smtpd_config){ .host = SLICE("localhost"),
                                            .offers_starttls = true,
                                            .wants_login = true,
                                            .max_bytes = 100000,
                                            .tally = &world->tally };
    world->config = (struct peer_config){ .talker = &talker_smtp,
                                          .session = &world->session,
                                          .tls = world->tls };
    world->peer = peer_create(&world->config, pair[0], 1, is_implicit);
    world->fd = pair[1];
    world->context = trusting(sink_tls_ca(world->tls));
    world->ssl = SSL_new(world->context);
    SSL_set_fd(world->ssl, world->fd);
    SSL_set_connect_state(world->ssl);
    SSL_set_verify(world->ssl, SSL_VERIFY_PEER, NULL);
}

static void world_close(struct world *world)
{
    SSL_free(world->ssl);
    SSL_CTX_free(world->context);
    peer_free(world->peer);
    sink_tls_free(world->tls);
    close(world->fd);
}

/** Let both sides go on until the client's handshake is over. @return its result. */
static int shake(struct world *world)
{
    int result = 0;
    for (int i = 0; i < 20 && result != 1; i++) {
        result = SSL_do_handshake(world->ssl);
        if (!peer_step(world->peer, 0))
            break;
    }
    return result;
}

static void hear(struct world *world, const char *start)
{
    char bytes[1024] = "";
    peer_step(world->peer, 0);
    int got = SSL_read(world->ssl, bytes, sizeof bytes - 1);
    ck_assert_int_gt(got, 0);
    ck_assert_msg(strncmp(bytes, start, strlen(start)) == 0, "'%s'", bytes);
}

static void say(struct world *world, const char *text)
{
    ck_assert_int_gt(SSL_write(world->ssl, text, (int)strlen(text)), 0);
}

TEST(sink_tls, a_client_that_trusts_the_ca_verifies_the_server)
{
    static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct world world;
        world_open(&world, true);
        X509_VERIFY_PARAM *param = SSL_get0_param(world.ssl);
        if (i == 0)
            X509_VERIFY_PARAM_set1_host(param, names[i], 0);
        else
            X509_VERIFY_PARAM_set1_ip_asc(param, names[i]);
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
        ck_assert_int_eq(shake(&world), 1);
        ck_assert_int_eq(SSL_get_verify_result(world.ssl), X509_V_OK);
        hear(&world, "220 localhost ESMTP");
        world_close(&world);
    }
}

TEST(sink_tls, another_name_does_not_verify)
{
    struct world world;
    world_open(&world, true);
    SSL_set1_host(world.ssl, "smtp.gmail.com");
    ck_assert_int_ne(shake(&world), 1);
    world_close(&world);
}

TEST(sink_tls, starttls_turns_a_plain_conversation_into_an_encrypted_one)
{
    struct world world;
    char bytes[1024];
    static const char begin[] = "EHLO me\r\nSTARTTLS\r\n";
    world_open(&world, false);
    ck_assert_int_eq(write(world.fd, begin, sizeof begin - 1), sizeof begin - 1);
    ck_assert(peer_step(world.peer, 0));
    ssize_t got = read(world.fd, bytes, sizeof bytes - 1);
    ck_assert_int_gt(got, 0);
    bytes[got] = '\0';
    ck_assert_ptr_nonnull(strstr(bytes, "\r\n220 2.0.0 Ready to start TLS\r\n"));
    ck_assert_int_eq(shake(&world), 1);
    say(&world, "EHLO me\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<>\r\n");
    hear(&world, "250-localhost at your service\r\n");
    ck_assert_uint_eq(world.tally.logins, 1);
    ck_assert_uint_eq(world.tally.attempts, 1);
    world_close(&world);
}

TEST(sink_tls, plain_text_on_the_tls_port_ends_the_connection)
{
    struct world world;
    world_open(&world, true);
    ck_assert_int_eq(write(world.fd, "EHLO me\r\n", 9), 9);
    ck_assert(!peer_step(world.peer, 0));
    world_close(&world);
}

static ssize_t read_plain(struct world *world, int64_t mono_ms)
{
    char bytes[1024];
    peer_step(world->peer, mono_ms);
    return read(world->fd, bytes, sizeof bytes);
}

TEST(sink_peer, a_slow_server_gives_its_bytes_one_by_one)
{
    struct script script = { 0 };
    struct err err;
    struct world world;
    world_open(&world, false);
    peer_free(world.peer);
    close(world.fd);
    ck_assert(script_add(&script, SLICE("greeting:slow 5"), &err));
    world.session.script = world.config.script = &script;
    int pair[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    world.fd = pair[1];
    world.peer = peer_create(&world.config, pair[0], 2, false);
    ck_assert_int_eq(read_plain(&world, 1000), 1);
    ck_assert_int_eq(peer_wake_at(world.peer), 1200);
    ck_assert_int_eq(read_plain(&world, 1199), -1);
    ck_assert_int_eq(read_plain(&world, 1200), 1);
    script_clear(&script);
    world_close(&world);
}

TEST(sink_peer, a_goodbye_arrives_before_the_connection_closes)
{
    struct world world;
    char bytes[1024];
    world_open(&world, false);
    ck_assert_int_eq(write(world.fd, "QUIT\r\nNOOP\r\n", 12), 12);
    ck_assert(peer_step(world.peer, 0));
    ssize_t got = read(world.fd, bytes, sizeof bytes - 1);
    ck_assert_int_gt(got, 10);
    bytes[got] = '\0';
    ck_assert_ptr_nonnull(strstr(bytes, "\r\n221 2.0.0"));
    ck_assert_int_eq(read(world.fd, bytes, sizeof bytes), 0);
    ck_assert(peer_step(world.peer, 500));
    ck_assert(!peer_step(world.peer, 1000));
    world_close(&world);
}
