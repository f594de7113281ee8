/** Every bound that is no configuration key, and what happens there; all counted. */
#ifndef TOCSIN_BASE_LIMITS_H
#define TOCSIN_BASE_LIMITS_H

/* --- configuration ------------------------------------------------------------- */
#define LIMIT_CONFIG_BYTES (1024 * 1024) /* refused with an error */
#define LIMIT_CONFIG_FILES 256           /* refused with an error */
#define LIMIT_ZONE_BYTES (256 * 1024)    /* a time zone file; refused with an error */
#define LIMIT_LIST_FILE_BYTES (8 * 1024 * 1024) /* of in_file; refused with an error */
#define LIMIT_HOST_NAME_BYTES 253 /* RFC 1035; refused, the system's is cut */
#define LIMIT_YAML_DEPTH 32       /* refused with an error */
#define LIMIT_YAML_NODES 200000   /* refused with an error */
#define LIMIT_RULES 10000         /* refused with an error */
#define LIMIT_SANDBOX_PATHS 256 /* folders; further ones: no fence around files, told */
#define LIMIT_COMPLAINTS 100    /* the rest is counted */

/* --- reading ------------------------------------------------------------------- */
#define LIMIT_LINE_BYTES (64 * 1024)        /* the rest of a line is skipped, counted */
#define LIMIT_BLOCK_BYTES (256 * 1024)      /* one read */
#define LIMIT_FILE_TURN_BYTES (1024 * 1024) /* per file and turn; then the next file */
#define LIMIT_TURN_BYTES (8 * 1024 * 1024)  /* per turn; then due work and sending */
#define LIMIT_TURN_NOTICES 100     /* per turn, critical first; then the next turn */
#define LIMIT_TURN_FILES 1000      /* read from per turn; then due work and sending */
#define LIMIT_WATCHED_FILES 10000  /* further ones are refused, counted, told */
#define LIMIT_OPEN_FILES 512       /* the longest idle file is closed */
#define LIMIT_SCAN_ENTRIES 1000000 /* names seen for a pattern; then cut, told */
#define LIMIT_REFUSED_PATHS 1000   /* remembered as told; then told again */
#define LIMIT_UNPACK_TURN_BYTES (8 * 1024 * 1024) /* out of an archive; goes on later */
#define LIMIT_UNPACK_RATIO 1000 /* times an archive may grow, then given up, told ... */
#define LIMIT_UNPACK_FREE_BYTES (64 * 1024 * 1024) /* ... once it made so much */
#define LIMIT_UNPACK_WINDOW_LOG 23 /* 8 MiB; archives that need more: given up, told */
#define LIMIT_UNPACK_BELIEVE_BYTES (4 * 1024 * 1024) /* larger: no length is believed */
#define LIMIT_LOSS_ROWS 1000 /* of paths and reasons; the oldest is forgotten */
#define LIMIT_ELDERS 1000    /* paths whose last file is remembered; then forgotten */
#define LIMIT_GENERATIONS 64 /* found between two looks; older: lost */

/* --- what others post ------------------------------------------------------------ */
#define LIMIT_JSON_DEPTH 32                    /* the body is refused, 400 */
#define LIMIT_JSON_VALUES 200000               /* the body is refused, 413 */
#define LIMIT_POSTED_LABELS (LIMIT_LABELS - 4) /* ours need room; told in the mail */
#define LIMIT_BODY_ALERTS 1000                 /* the body is refused, 413 */
#define LIMIT_SPOOL_ENTRIES 4096 /* that cannot be removed; further ones wait, told */

/* --- the journal --------------------------------------------------------------- */
#define LIMIT_JOURNALS 16        /* sources; each has the files open; refused at load */
#define LIMIT_JOURNAL_MATCHES 50 /* units, and identifiers; refused at load */
#define LIMIT_UNIT_BYTES 256     /* the name of a unit; refused at load */
#define LIMIT_TURN_ENTRIES 200   /* of journals, of the spool; then due work */
#define LIMIT_ENTRY_FIELDS 128   /* further ones are left out, counted */
#define LIMIT_FIELD_BYTES 4096   /* of a value but the message; cut, counted */
#define LIMIT_ENTRY_BYTES (256 * 1024) /* further fields are left out, counted */

/* --- rules --------------------------------------------------------------------- */
#define LIMIT_LABELS 32              /* further labels are left off */
#define LIMIT_LABEL_BYTES 1024       /* longer values are cut */
#define LIMIT_HITS 1024              /* of a block at once, with 4 captures each */
#define LIMIT_CAPTURES 64            /* refused at load */
#define LIMIT_SUMMARY_BYTES 512      /* cut */
#define LIMIT_DESCRIPTION_BYTES 8192 /* cut */
#define LIMIT_SAMPLES 5              /* per alert; later lines are counted */
#define LIMIT_SAMPLE_BYTES 2048      /* cut */
#define LIMIT_GROUPS 10000      /* per route; further keys share one "(other)" group */
#define LIMIT_GROUP_ALERTS 1000 /* then told endless ones make way, or "(other)" */
#define LIMIT_DEDUP_ENTRIES 50000  /* the one that ends first is forgotten */
#define LIMIT_LINKS_BYTES 2048     /* of all links of an alert; further are left off */
#define LIMIT_REGEX_MATCH 100000   /* PCRE2 match limit; counted as a rule error */
#define LIMIT_REGEX_TOTAL 50000000 /* the same over all starts in a long line */
#define LIMIT_REGEX_DEPTH 10000    /* PCRE2 depth limit, where there is no JIT */
#define LIMIT_REGEX_HEAP_KIB 2048  /* PCRE2 heap limit, and of the JIT's stack */
#define LIMIT_REGEX_BYTES 8192     /* of a pattern; refused at load */
#define LIMIT_REGEX_PARENS 64      /* nested parentheses; refused at load */
#define LIMIT_REDACTIONS 64        /* in a text; then all the rest is hidden */
#define LIMIT_RULE_NAME_BYTES 100  /* refused at load */
#define LIMIT_TEMPLATE_DEPTH 8     /* nested sections; refused at load */

/* --- mail ---------------------------------------------------------------------- */
#define LIMIT_MAIL_HTML_BYTES (90 * 1024)  /* further alerts are counted, not shown */
#define LIMIT_MAIL_TEXT_BYTES (128 * 1024) /* likewise */
#define LIMIT_MAIL_GLANCE 8            /* alerts in the overview; the rest follows */
#define LIMIT_MAIL_FULL_ALERTS 12      /* with samples; the rest as rows of a table */
#define LIMIT_MAIL_ROWS 100            /* the rest is counted */
#define LIMIT_MAIL_BYTES (1024 * 1024) /* must() */
#define LIMIT_SUBJECT_BYTES 200        /* cut */

/* --- outbox and SMTP ------------------------------------------------------------- */
#define LIMIT_OUTBOX_ROWS 50000 /* digests merge first; criticals stay */
#define LIMIT_HELD_MAILS 100    /* of an output while its account waits; then merged */
#define LIMIT_FOLD 50           /* mails that one merged mail stands for */
#define LIMIT_TURN_FALLBACKS 16 /* per turn; then the next turn */
#define LIMIT_SMTP_REPLY_BYTES (64 * 1024) /* then the connection is closed */
#define LIMIT_SMTP_REPLY_LINES 100         /* likewise */
#define LIMIT_REPLY_TEXT_BYTES 2048        /* kept of a reply, for people */
#define LIMIT_CONNECTION_MAILS 100         /* then a new connection */
#define LIMIT_RECIPIENTS 100               /* per mail; refused at load */
#define LIMIT_SENT_HISTORY 10000           /* rows; the oldest sent are forgotten */
#define LIMIT_DEAD_LETTERS 10000           /* rows; the oldest are forgotten, counted */
#define LIMIT_QUEUE_LIST 1000 /* rows shown by `queue list`; the rest is counted */
#define LIMIT_STATUS_ROWS 20  /* files and groups in a brief status; the rest counted */

/* --- control socket -------------------------------------------------------------- */
#define LIMIT_CONTROL_CLIENTS 16   /* further ones wait in the kernel's queue */
#define LIMIT_CONTROL_REQUEST 8192 /* bytes; then closed */
#define LIMIT_CONTROL_REPLY (8 * 1024 * 1024) /* bytes; then cut and said */

/* --- HTTP ------------------------------------------------------------------------ */
#define LIMIT_HTTP_BODY_BYTES (1024 * 1024)        /* 413; in the spool: refused */
#define LIMIT_HTTP_BODIES_BYTES (32 * 1024 * 1024) /* of all that are here; 503 */
#define LIMIT_HTTP_HEAD_BYTES (32 * 1024)          /* request line and headers; 431 */
#define LIMIT_HTTP_METRICS_BYTES (32 * 1024) /* of GET /metrics; fits, by a test */
#define LIMIT_HTTP_HEADERS 100               /* 431 */
#define LIMIT_HTTP_CONNECTIONS 256         /* further ones wait in the kernel's queue */
#define LIMIT_HTTP_PEER_CONNECTIONS 64     /* of one address; 429, closed */
#define LIMIT_HTTP_ACCEPTS 256             /* per turn; then the turn goes on */
#define LIMIT_HTTP_LISTENERS 16            /* refused at load */
#define LIMIT_HTTP_TOKENS 100              /* refused at load */
#define LIMIT_HTTP_OFFENDERS 1000          /* addresses; the oldest is forgotten */
#define LIMIT_HTTP_SIGNATURES 10000        /* seen lately; the oldest is forgotten */
#define LIMIT_HTTP_PEM_BYTES (1024 * 1024) /* certificate or key; refused */
#endif
