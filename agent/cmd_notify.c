/** notify: hands an alert over to the agent, which may be down, and never waits for
 *  it. No configuration is read: it may be another user's, or broken just now. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/base/clock.h"
#include "agent/base/limits.h"
#include "agent/base/mem.h"
#include "agent/cli.h"
#include "agent/inputs/spool_entry.h"
#include "agent/notification.h"

struct order {
    const char *spool;
    const struct spool_form *form;
    struct notification notification;
};

static int hand_over(const struct order *order, const struct buf *body)
{
    struct err err = { 0 };
    if (spool_put(order->spool, order->form, buf_slice(body), &err))
        return EX_OK;
    if (err.kind == ERR_MISSING)
        return cli_fail(EX_UNAVAILABLE,
                        "%s. Make it ('install -d -m 2770 -g nagios %s') and give the "
                        "agent's configuration a block 'spool:'",
                        err.text, order->spool);
    return cli_fail(cli_exit_code(&err), "%s", err.text);
}

/* --- nagios, icinga --------------------------------------------------------------- */

enum { SPOOL_OPTION = 1000, FIRST_ITEM = 1100 };

/* Told otherwise by tocsin: date, sender, recipient, and whether to log. */
#define ICINGA_LETTERS "d:f:r:v:"

static void make_options(struct option *longs, char *letters)
{
    size_t count = 0;
    memcpy(letters, ICINGA_LETTERS, sizeof ICINGA_LETTERS);
    letters += sizeof ICINGA_LETTERS - 1;
    for (int i = 0; i < NOTIFICATION_ITEMS; i++) {
        const struct notification_name *name = &notification_names[i];
        longs[count++] =
            (struct option){ name->option, required_argument, NULL, FIRST_ITEM + i };
        if (name->letter) {
            *letters++ = name->letter;
            *letters++ = ':';
        }
    }
    *letters = '\0';
    longs[count++] = (struct option){ "spool", required_argument, NULL, SPOOL_OPTION };
    longs[count] = (struct option){ 0 };
}

static int item_of(int option)
{
    if (option >= FIRST_ITEM)
        return option - FIRST_ITEM;
    for (int i = 0; i < NOTIFICATION_ITEMS; i++) {
        if (notification_names[i].letter == option)
            return i;
    }
    return -1;
}

static bool read_options(struct order *order, int argc, char **argv)
{
    struct option longs[NOTIFICATION_ITEMS + 2];
    char letters[sizeof ICINGA_LETTERS + 2 * NOTIFICATION_ITEMS];
    int option;
    make_options(longs, letters);
    while ((option = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        int item = item_of(option);
        if (option == '?')
            return false;
        if (option == SPOOL_OPTION)
            order->spool = optarg;
        else if (item >= 0)
            order->notification.items[item] = slice_of(optarg);
    }
    return optind == argc;
}

/** Nagios has every variable, also those that mean nothing just now. */
static bool is_said(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] != '\0';
}

/** What no option says may stand in the environment. */
static void read_environment(struct order *order, bool is_nagios)
{
    struct arena arena = { 0 };
    bool has_service = order->notification.items[NOTIFICATION_SERVICE].len > 0 ||
                       is_said(is_nagios ? "NAGIOS_SERVICEDESC" : "SERVICENAME");
    const char *whose = has_service ? "SERVICE" : "HOST";
    for (int i = 0; i < NOTIFICATION_ITEMS; i++) {
        const struct notification_name *name = &notification_names[i];
        const char *nagios = has_service ? name->service : name->host;
        const char *variable = name->icinga;
        if (is_nagios && nagios)
            variable = arena_printf(&arena, "NAGIOS_%s", nagios);
        else if (!is_nagios && i == NOTIFICATION_STATE)
            variable = arena_printf(&arena, "%sSTATE", whose);
        else if (!is_nagios && i == NOTIFICATION_OUTPUT)
            variable = arena_printf(&arena, "%sOUTPUT", whose);
        if (order->notification.items[i].len == 0 && variable)
            order->notification.items[i] = slice_of(getenv(variable));
    }
    arena_free(&arena);
}

static int notify_of_check(struct order *order, int argc, char **argv)
{
    struct clock_source clock = clock_real();
    struct buf body = buf_make(LIMIT_HTTP_BODY_BYTES);
    struct err err = { 0 };
    order->form = spool_form_find(SLICE("alertmanager"));
    if (!read_options(order, argc, argv))
        return cli_usage("notify");
    read_environment(order, strcmp(argv[0], "nagios") == 0);
    int code = notification_put(&order->notification, clock_read(&clock), &body, &err)
                   ? hand_over(order, &body)
                   : cli_fail(EX_USAGE, "%s", err.text);
    buf_free(&body);
    return code;
}

/* --- raw -------------------------------------------------------------------------- */

static bool read_raw_options(struct order *order, int argc, char **argv)
{
    static const struct option longs[] = { { "as", required_argument, NULL, 'a' },
                                           { "spool", required_argument, NULL,
                                             SPOOL_OPTION },
                                           { NULL, 0, NULL, 0 } };
    int option;
    order->form = spool_form_find(SLICE("text"));
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == SPOOL_OPTION)
            order->spool = optarg;
        else if (option == 'a')
            order->form = spool_form_find(slice_of(optarg));
        else
            return false;
        if (!order->form)
            return false;
    }
    return optind == argc;
}

/** All of standard input, or one byte more than may be. */
static bool read_input(struct buf *body)
{
    char piece[64 * 1024];
    ssize_t got;
    while ((got = read(STDIN_FILENO, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        buf_put(body, slice_make(piece, (size_t)got));
        if (body->overflowed)
            return true;
    }
    return true;
}

static int notify_raw(struct order *order, int argc, char **argv)
{
    struct buf body = buf_make(LIMIT_HTTP_BODY_BYTES);
    int code;
    if (!read_raw_options(order, argc, argv))
        return cli_usage("notify");
    if (!read_input(&body))
        code = cli_fail(EX_IOERR, "standard input cannot be read: %s", strerror(errno));
    else if (body.overflowed)
        code = cli_fail(EX_DATAERR, "standard input is longer than %d bytes",
                        LIMIT_HTTP_BODY_BYTES);
    else if (slice_trim(buf_slice(&body)).len == 0)
        code = cli_fail(EX_DATAERR, "standard input is empty");
    else
        code = hand_over(order, &body);
    buf_free(&body);
    return code;
}

int cmd_notify(int argc, char **argv)
{
    struct order order = { .spool = SPOOL_FOLDER };
    const char *whose = argc > 1 ? argv[1] : "";
    optind = 1;
    if (strcmp(whose, "nagios") == 0 || strcmp(whose, "icinga") == 0)
        return notify_of_check(&order, argc - 1, argv + 1);
    if (strcmp(whose, "raw") == 0)
        return notify_raw(&order, argc - 1, argv + 1);
    return cli_usage("notify");
}
