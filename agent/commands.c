/**
 * The table of commands. What people are told of them stands here and nowhere else:
 * `help`, the man page and the shell's completion are made of it. A line of `options`
 * begins with two blanks and a word that may be typed there.
 */
#include <sysexits.h>

#include "agent/cli.h"

#define CONFIG_OPTION \
    "  -c, --config FILE  the configuration (default: /etc/tocsin/tocsin.yaml)\n"

static const char run_about[] =
    "Follows the files of all sources, and sends what the rules find. Runs in the "
    "foreground until SIGTERM or SIGINT, which let the mail under way be finished (10 "
    "seconds at most; a second signal ends at once). SIGHUP reads the configuration "
    "again; a broken one is refused, told in the log, and the one before stays in "
    "force. The log goes to standard error.";

static const char run_options[] = CONFIG_OPTION
    "  --once             read everything to its end, tell and send all of it (trying\n"
    "                     for a minute), and end\n"
    "  -n, --dry-run      print the mails instead of sending them; change nothing. "
    "With\n"
    "                     --once all files are read from their beginning\n"
    "  -v, --verbose      log more\n"
    "  -q, --quiet        log warnings and errors only\n";

static const char check_about[] =
    "Prints each mistake with file, line, column, the source line and a remedy. Warns "
    "of "
    "rules that match every line, are tried on every line or have no samples, of files "
    "that are not there, and "
    "of "
    "passwords that cannot be read. Warnings do not change the exit code.";

static const char check_options[] =
    CONFIG_OPTION "  -q, --quiet        no line when all is well\n";

static const char test_about[] =
    "A FILE with `scenario:` is a story: lines and server replies with times go in, "
    "mails and counts are expected; see STORIES.md. Any other FILE is a configuration, "
    "whose rules' `samples:` are run. Without FILE that is the default one.";

static const char test_options[] =
    CONFIG_OPTION "  -v, --verbose      the agent's log, of what passes too\n";

static const char backup_about[] =
    "Writes a copy of the store to the file TO, which must not exist: all that is "
    "committed, whole, between two transactions; while no agent runs, too. To restore "
    "it, stop the agent, take tocsin.db and tocsin.db-wal out of the state folder, and "
    "put the copy there as tocsin.db, owned by the agent's user. The next start tells "
    "by mail since when lines and mails may come again. It holds what waits to be sent "
    "and lines of logs: it is as private as they are.";
static const char backup_options[] = CONFIG_OPTION;

static const char queue_about[] =
    "Asks the running agent for the mails that wait, that are handed over just now, "
    "and "
    "that were given up (dead). ID is the number in front of a mail. The reply and the "
    "advice tell why a mail is still there. The text of mails that are sent or dropped "
    "is "
    "not kept.";

static const char queue_options[] =
    "  list               all of them (also without a word)\n"
    "  show ID            one mail: how far it has come, and its text\n"
    "  retry ID           send it now; of a dead mail: again, for days if need be\n"
    "  drop ID            never send it\n" CONFIG_OPTION
    "  --raw              show: the bytes, as they are sent\n"
    "  --json             list, show: an object a line\n";

static const char status_about[] =
    "Asks the running agent how it is: which accounts are held, until when, why, and "
    "what "
    "to do about it; how far files are read; which groups are open; what was counted.";

static const char status_options[] =
    CONFIG_OPTION "  -v, --verbose      every file, group and counter\n"
                  "  --rules            what each rule was tried on, found and took\n"
                  "  --json             all of it, as one object\n";

static const char doctor_about[] =
    "Goes step by step through what mail needs: password files, clock, disk, logs, the "
    "server's name, ports, TLS, login, sender and recipients. Each step is OK, WARN or "
    "FAIL, with one remedy. Nothing is changed, and no mail is sent without --send. It "
    "ends with 0 when all is well, 1 after warnings, 2 after failures.";

static const char doctor_options[] =
    "  --account NAME     only the steps of this account\n"
    "  --send             send a test mail by each account, to its first output\n"
    "  --offline          only what needs no network\n"
    "  --timeout TIME     how long a port may be silent (default: 10s)\n"
    "  --json             one JSON object a line\n";

static const char auth_about[] =
    "Gets the consent of a Gmail user by a browser, and keeps it in the account's "
    "token_file, which only its owner reads. It prints an address to open, and waits "
    "at "
    "a port of this host alone for the browser to come back. The OAuth client is one "
    "of "
    "your own, made at console.cloud.google.com/apis/credentials as a \"Desktop app\"; "
    "put its project \"in production\", or Google forgets the consent after 7 days.";

static const char auth_options[] = CONFIG_OPTION
    "  --client FILE      the client, as JSON from the Cloud console, mode 600\n"
    "                     (default: that of the consent that is there)\n"
    "  --account NAME     the account (default: the only one with oauth:)\n"
    "  --out FILE         write this file, without a configuration\n"
    "  --api              ... for an account with api: true\n"
    "  --port PORT        where the browser comes back to (default: any free port)\n"
    "  --timeout TIME     how long to wait for it (default: 5m)\n";

static const char notify_about[] =
    "The hook of Nagios and Icinga, and of any script: puts an alert into the spool of "
    "the agent (key `spool`), on the disk, and ends. It waits for nobody, and reads no "
    "configuration; what is handed over while the agent does not run is told later. "
    "Ready commands for both are in contrib/nagios and contrib/icinga.";

static const char notify_options[] =
    "  nagios             one notification of Nagios, Icinga 1 or Naemon; what no "
    "option\n"
    "                     says is taken from the environment (NAGIOS_HOSTNAME, ...)\n"
    "  icinga             one of Icinga 2, with the letters of its mail scripts:\n"
    "                     -t -l -n -e -u -s -o -b -c -4 -6 -i; -d -f -r -v are "
    "ignored\n"
    "  raw                standard input, as it would be posted\n"
    "  --type TYPE        PROBLEM, RECOVERY, ACKNOWLEDGEMENT, DOWNTIMESTART, ...\n"
    "  --host NAME        the host; --host-name, --address, --address6: more of it\n"
    "  --service NAME     the service; --service-name: what people call it\n"
    "  --state STATE      OK WARNING CRITICAL UNKNOWN; UP DOWN UNREACHABLE\n"
    "  --output TEXT      what the check says; --long-output: the lines below\n"
    "  --since SECONDS    of the last change of state, since 1970: what is handed "
    "over\n"
    "                     with the same again is not counted again\n"
    "  --author NAME      who says the --comment\n"
    "  --url URL          a page about it\n"
    "  --icinga-web URL   where Icinga Web 2 is, which has one\n"
    "  --as FORM          raw: text (the default), generic, alertmanager, grafana\n"
    "  --spool FOLDER     where the agent looks (default: /var/spool/tocsin)\n";

static const char sink_about[] = "A mail server on this host alone that behaves like "
                                 "Gmail's. It prints its ports and "
                                 "runs until SIGTERM or SIGINT.";

static const char sink_options[] =
    "  --smtp PORT        port with STARTTLS (default: any that is free)\n"
    "  --smtps PORT       port with TLS from the first byte (default: any that is "
    "free)\n"
    "  --listen ADDRESS   loopback address (default: 127.0.0.1)\n"
    "  --plain            no TLS and no login; only the first port\n"
    "  --user USER:PASS   the only right login (default: every login is right)\n"
    "  --write-ca FILE    write the certificate that clients are to trust (ca_file:)\n"
    "  --print            show each mail as it arrives\n"
    "  --maildir DIR      keep the mails in a Maildir\n"
    "  --eml DIR          keep the mails as numbered .eml files\n"
    "  --log FILE         one line a mail: unix time in ns, Message-ID, subject\n"
    "  --token PREFIX     ... and the first word of the mail that begins with PREFIX\n"
    "  --max N            end after N mails\n"
    "  --for DURATION     end after this time, as 30s or 5m\n"
    "  --size SIZE        largest mail (default: 35882577B, as Gmail)\n"
    "  --strict           refuse mails and commands with bare CR or LF\n"
    "  --like gmail       limits as Gmail's, and its replies on demand: mail to\n"
    "                     says-NAME@example.com is answered by reply NAME\n"
    "  --recipients N     ... with N recipients a day (default: 500; 0: no limit)\n"
    "  --logins N         ... with N logins a minute (default: 10; 0: no limit)\n"
    "  --https PORT       ... with its HTTPS: the page for consent, the endpoint for\n"
    "                     tokens (/token) and the API (default: any free port)\n"
    "  --client ID:SECRET ... where this is the only OAuth client (default: any is "
    "right)\n"
    "  --refresh-token T  ... and this the only refresh token of the beginning\n"
    "  --service-account FILE\n"
    "                     ... and this the JSON key of a service account\n"
    "  --token-life TIME  ... and an access token lives so long (default: 3599s)\n"
    "  --rotate           ... and a refresh token is good once and brings another\n"
    "  --replies          list the replies of Gmail's by name and end\n"
    "  --quickack         acknowledge each TCP segment at once\n"
    "  --says RULE        answer otherwise; may be repeated, the first that fits "
    "decides:\n"
    "                     PHASE[(TEXT)]:[2x|#3|#3+ ]ACTION\n"
    "      PHASE   connect tls greeting ehlo starttls auth mail rcpt data body dot "
    "rset\n"
    "              quit; by HTTPS consent token api ('429 rateLimitExceeded text')\n"
    "              hook ('429 retry-after=30 text'; what is posted below /hook/)\n"
    "      ACTION  '550 5.1.1 text', 'close 550 text', 'stay 421 text', close, reset,\n"
    "              hang, 'slow BYTES', 'wait 2s', 'raw BYTES', 'raw 1000*BYTES' (as "
    "they\n"
    "              are, with \\r \\n \\xHH), ok, 'take ACTION' (dot, api, hook),\n"
    "              @NAME (a reply of Gmail's; --says @NAME: where Gmail says it)\n"
    "      as in   --says 'rcpt(bob@):550 5.1.1 no such user' --says 'dot:take "
    "close'\n";

const struct command commands[] = {
    { "run", "[-c FILE] [--once] [--dry-run] [-v|-q]",
      "follow logs and send mails, in the foreground", run_about, run_options, cmd_run,
      false },
    { "check", "[-c FILE] [-q]", "every mistake in the configuration, all at once",
      check_about, check_options, cmd_check, false },
    { "test", "[-v] [FILE...]", "run rules' samples, and stories on virtual time",
      test_about, test_options, cmd_test, false },
    { "status", "[-c FILE] [-v|--rules|--json]",
      "accounts, files, open groups and counters", status_about, status_options,
      cmd_status, false },
    { "queue", "[list | show ID [--raw] | retry ID | drop ID] [-c FILE] [--json]",
      "mails that wait or were given up, and why", queue_about, queue_options,
      cmd_queue, false },
    { "backup", "[-c FILE] TO", "a copy of the store, while the agent runs",
      backup_about, backup_options, cmd_backup, false },
    { "doctor", "[-c FILE] [--account NAME] [--send] [--offline] [--json]",
      "what works, what does not, and what to do", doctor_about, doctor_options,
      cmd_doctor, false },
    { "auth", "gmail [--client FILE] [--account NAME | --out FILE [--api]] [-c FILE]",
      "a user's consent to send mail, by a browser", auth_about, auth_options, cmd_auth,
      false },
    { "notify", "nagios | icinga | raw [OPTIONS]",
      "hand an alert over, as a hook of Nagios, Icinga or a script", notify_about,
      notify_options, cmd_notify, false },
    { "sink", "[OPTIONS]", "a local mail server to try against", sink_about,
      sink_options, cmd_sink, false },
    { "schema", "", "the JSON Schema of the configuration, for editors", NULL, NULL,
      cmd_schema, false },
    { "completion", "bash",
      "completion for the shell: source <(tocsin completion bash)", NULL,
      "  bash               for bash\n", cmd_completion, false },
    { "help", "[COMMAND]", "this text, or a command's", NULL, NULL, cmd_help, false },
    { "version", "", "version and how it was built", NULL, NULL, cmd_version, false },
    { "man", "1|5", "the manual pages' source, made from the tables", NULL, NULL,
      cmd_man, true },
    { NULL, NULL, NULL, NULL, NULL, NULL, false },
};

const struct exit_code exit_codes[] = {
    { EX_OK, "Done." },
    { 1, "test: a sample or a story failed. doctor: there are warnings." },
    { 2, "doctor: there are failures." },
    { EX_USAGE, "The command line is wrong." },
    { EX_DATAERR, "What was asked for cannot be done, as to drop a mail that is sent; "
                  "or the store is damaged." },
    { EX_NOINPUT, "There is no such mail or file." },
    { EX_UNAVAILABLE, "No agent answers; or another one runs on the same store; or the "
                      "mail is being handed over just now." },
    { EX_IOERR, "Reading or writing failed." },
    { EX_TEMPFAIL, "Mails wait for a later try (run --once); or the disk is full." },
    { EX_NOPERM, "A permission is missing." },
    { EX_CONFIG, "The configuration, or a file to be tested, has an error." },
    { 0, NULL },
};
