/** HTTP by hand: what is proven here is when the answer comes, not its form. */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/base/hash.h"
#include "agent/base/must.h"
#include "agent/base/unix_socket.h"

enum { BODY_BYTES = 2048, MOST_TURNS = 30 };
/* An alert that is not repeated for 20 minutes is over, and the next one is another. */
#define LAST_RETRY_MS (18 * MINUTE_MS)

void clients_init(struct clients *clients)
{
    *clients = (struct clients){ .fd = -1 };
    snprintf(clients->path, sizeof clients->path, "/tmp/tocsin-sim-%ld.sock",
             (long)getpid());
}

void clients_end(struct clients *clients)
{
    clients_break(clients);
    (void)unlink(clients->path);
}

/* --- the connection --------------------------------------------------------------- */

static void hear(struct clients *clients)
{
    ssize_t got = 1;
    while (clients->fd >= 0 && got > 0) {
        size_t room = sizeof clients->heard - clients->heard_len;
        got =
            recv(clients->fd, clients->heard + clients->heard_len, room, MSG_DONTWAIT);
        if (got > 0)
            clients->heard_len += (size_t)got;
    }
}

void clients_break(struct clients *clients)
{
    if (clients->fd < 0)
        return;
    hear(clients);
    close(clients->fd);
    clients->fd = -1;
}

static bool connect_to(struct clients *clients)
{
    struct err err;
    struct sockaddr_un address;
    must(unix_address(clients->path, &address, &err));
    clients->heard_len = 0;
    clients->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(clients->fd >= 0);
    if (connect(clients->fd, (struct sockaddr *)&address, sizeof address) == 0)
        return true;
    clients_break(clients);
    return false;
}

/** The status of the answer; 0: none came. */
static int status_of(const struct clients *clients)
{
    static const char begin[] = "HTTP/1.1 ";
    int64_t status = 0;
    size_t len = strlen(begin);
    if (clients->heard_len < len + 3 || memcmp(clients->heard, begin, len) != 0 ||
        !slice_to_int(slice_make(clients->heard + len, 3), &status))
        return 0;
    return (int)status;
}

/** @return the status, as long as the agent lives to say one. */
static int exchange(struct sim *sim, struct slice request, uint32_t value)
{
    struct clients *clients = &sim->clients;
    if (value % 4 == 0)
        power_die_after(sim->power, (value >> 2) % 20);
    must(send(clients->fd, request.ptr, request.len, MSG_NOSIGNAL) ==
         (ssize_t)request.len);
    for (int i = 0; i < MOST_TURNS && sim->app && clients->fd >= 0; i++) {
        if (!sim_turn(sim))
            break;
        hear(clients);
        if (status_of(clients) != 0)
            break;
    }
    power_die_after(sim->power, -1);
    clients_break(clients);
    canary_look(sim, "what a client heard",
                slice_make(clients->heard, clients->heard_len));
    return status_of(clients);
}

/* --- bodies ----------------------------------------------------------------------- */

/** What Alertmanager passes on of a person's texts and of the URL behind an alert. */
static void put_texts(const struct canary *canary, struct buf *text)
{
    if (canary->is_there)
        buf_printf(text,
                   "\"annotations\":{\"summary\":\"password=%s is wrong\"},"
                   "\"generatorURL\":\"http://ops:%s@prom.example.com/graph\",",
                   canary->secret, canary->secret);
}

static void put_request(const struct client_body *body, const struct canary *canary,
                        struct buf *out)
{
    struct buf text = buf_make(BODY_BYTES);
    buf_puts(&text, "{\"version\":\"4\",\"groupKey\":\"g\",\"receiver\":\"r\","
                    "\"status\":\"firing\",\"alerts\":[");
    for (size_t i = 0; i < body->alerts; i++) {
        buf_printf(&text, "%s{\"status\":\"firing\",", i > 0 ? "," : "");
        put_texts(canary, &text);
        buf_printf(&text,
                   "\"labels\":{\"alertname\":\"A\",\"id\":\"%016llx\"},"
                   "\"startsAt\":\"2026-09-20T00:00:00Z\","
                   "\"fingerprint\":\"%016llx\"}",
                   (unsigned long long)body->fingerprints[i],
                   (unsigned long long)body->fingerprints[i]);
    }
    buf_puts(&text, "]}");
    buf_printf(out,
               "POST /webhook/alertmanager HTTP/1.1\r\nHost: localhost\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               text.len, text.ptr);
    buf_free(&text);
}

static void fill_body(struct sim *sim, struct client_body *body, size_t alerts)
{
    *body = (struct client_body){ .alerts = alerts, .first_ms = sim->now.mono_ms };
    for (size_t i = 0; i < alerts; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "alert %llu",
                           (unsigned long long)sim->clients.posted++);
        body->fingerprints[i] = hash_bytes(slice_make(text, (size_t)len)) | 1;
        body->places[i] = model_post(&sim->model, body->fingerprints[i]);
    }
}

/** The one to be sent: an old one, or one that is new; NULL: too many are left. */
static struct client_body *choose_body(struct sim *sim, uint32_t value)
{
    struct client_body *free_one = NULL, *old = NULL;
    for (int i = 0; i < CLIENTS_BODIES; i++) {
        struct client_body *body = &sim->clients.bodies[i];
        if (body->alerts > 0 && sim->now.mono_ms - body->first_ms > LAST_RETRY_MS)
            body->alerts = 0;
        if (body->alerts == 0)
            free_one = body;
        else
            old = body;
    }
    if (old && ((value & 1) || !free_one))
        return old;
    fill_body(sim, free_one, 1 + (value >> 1) % CLIENTS_ALERTS);
    return free_one;
}

void clients_forget(struct clients *clients)
{
    for (int i = 0; i < CLIENTS_BODIES; i++)
        clients->bodies[i].alerts = 0;
}

/** Gone in the middle of the body: nothing of it counts. */
static void leave_early(struct sim *sim, struct slice request)
{
    struct clients *clients = &sim->clients;
    must(send(clients->fd, request.ptr, request.len - 10, MSG_NOSIGNAL) > 0);
    for (int i = 0; i < 3 && sim->app; i++)
        (void)sim_turn(sim);
    clients_break(clients);
}

void clients_post(struct sim *sim, uint32_t value)
{
    struct clients *clients = &sim->clients;
    struct buf request = buf_make(2 * BODY_BYTES);
    if (!sim->traits.has_clients || !sim->app || !connect_to(clients))
        return;
    struct client_body *body = choose_body(sim, value);
    put_request(body, &sim->canary, &request);
    int status = 0;
    if ((value >> 8) % 8 == 0)
        leave_early(sim, buf_slice(&request));
    else
        status = exchange(sim, buf_slice(&request), value >> 13);
    /* He who does not hear the answer has to ask again. */
    bool is_heard = (value >> 11) % 4 != 0;
    if (status >= 200 && status < 300 && is_heard) {
        for (size_t i = 0; i < body->alerts; i++)
            model_acknowledge(&sim->model, body->places[i]);
        body->alerts = 0;
    }
    buf_free(&request);
}

void clients_repeat(struct sim *sim, uint32_t value)
{
    enum { OLD = 1, WHOLE = 1 << 8, HEARD = 1 << 11, ALIVE = 1 << 13 };
    clients_post(sim, WHOLE | ALIVE | (value & 6));
    sim_pass(sim, 11 * MINUTE_MS);
    if (sim->app)
        sim_kill(sim);
    sim_start(sim);
    clients_post(sim, OLD | WHOLE | HEARD | ALIVE);
}
