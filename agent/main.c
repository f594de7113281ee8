/**
 * tocsin: an alarm bell. It reads logs, decides by rules what is wrong, and makes sure
 * that the right people get the right number of e-mails about it.
 *
 * Read in this order (contrib/doc/ARCHITECTURE.md says more):
 *   app.c              app_turn(): the program, one turn of it
 *   rules/event.h, alert.h, notice.h; outputs/message.h     what travels along the
 *     road
 *   agent/inputs/      bytes of files become blocks of whole lines, each counted once
 *   rules/matcher.c, rule.c, kind_*.c      a line becomes a sighting of an alert
 *   rules/engine.c, group.c, limit.c, digest.c     sightings become notices
 *   outputs/compose.c, html.c, mime.c      a notice becomes a mail, rendered once
 *   outputs/outbox.c, courier.c, dialog.c, verdict.c, smtp.c    a mail becomes
 *     delivered
 *   agent/state.c, agent/base/db.c         what a crash must not forget
 *   config.c, agent/base/schema.c, yaml.c  what users write
 *   cli.c, cmd_*.c, control.c, answer.c    what users call
 *   loop.c, world.h                        where the kernel comes in
 *   sink/, story/                          a mail server and a virtual world to test
 *     with
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/openssl.h"
#include "agent/cli.h"

/** What is opened first would take the number of a stream that was closed, and get what
 *  is written to it. */
static void fill_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", O_RDWR);
}

int main(int argc, char **argv)
{
    umask(0077);
    fill_streams();
    openssl_begin();
    return cli_main(argc, argv);
}
