/**
 * What one step of a story says: plain data, filled by the tables in story.c, whose
 * rows tell what each member is for. A `node` knows which keys were there.
 */
#ifndef TOCSIN_STORY_STEP_H
#define TOCSIN_STORY_STEP_H

#include "agent/base/now.h"
#include "agent/base/schema.h"

enum { ROTATE_RENAME, ROTATE_COPYTRUNCATE, ROTATE_DELETE, ROTATE_TRUNCATE };

struct story_append {
    const struct yaml_node *node;
    struct conf_text file, line, text;
    struct conf_text hex; /**< bytes that YAML cannot hold: "00 ff 0a" */
    struct conf_texts lines;
    int64_t count; /**< times that line or text is put, each with {{n}} from 1 */
};
struct story_rotate {
    const struct yaml_node *node;
    struct conf_text file;
    int how;             /**< ROTATE_* */
    struct conf_text to; /**< default: file.1 */
};
struct story_link {
    const struct yaml_node *node;
    struct conf_text path, to;
};
struct story_chmod {
    const struct yaml_node *node;
    struct conf_text path, mode;
};
struct story_smtp {
    const struct yaml_node *node;
    struct conf_text says, to; /**< a reply, and the phase that it answers */
    int64_t times;             /**< 0: always */
    struct conf_text closes, hangs, rule;
    bool accepts, down;
    int64_t size; /**< of a mail; 0: as before */
};
struct story_disk {
    const struct yaml_node *node;
    bool full;
};
struct story_clock {
    const struct yaml_node *node;
    int64_t forward, back;
};
struct story_ask {
    const struct yaml_node *node;
    struct conf_text request;
    struct conf_texts has, lacks;
};
struct story_posted {
    const struct yaml_node *node;
    struct conf_text path;        /**< with its query */
    const struct yaml_node *body; /**< a map or list goes as JSON, a text as it is */
    int64_t status;
};
struct story_reload {
    const struct yaml_node *node;
    const struct yaml_node *config;
    bool fails;
};
struct story_outbox {
    const struct yaml_node *node;
    int64_t waiting, sent, dead;
    struct conf_texts advice;
};
struct story_server {
    const struct yaml_node *node;
    int64_t attempts, logins, connections, accepted, violations;
};
struct story_mails {
    const struct yaml_node *node;
    int64_t count, number;
    int64_t answers; /**< the number of the mail that References names */
    struct conf_texts subject, to, text, lacks, header;
};
struct story_expect {
    const struct yaml_node *node;
    const struct yaml_node *mails; /**< N, a story_mails, or a list of them */
    int64_t new_mails, told;
    int64_t copies; /**< mails that came again; other bytes always fail a story */
    struct story_outbox *outbox;
    struct story_server *smtp;
    struct conf_texts log, no_log, status;
    struct conf_pairs totals, counters;
    bool running;
};

struct story_step {
    const struct yaml_node *node;
    int64_t at;
    struct story_append *append;
    struct story_rotate *rotate;
    struct conf_text mkdir, remove;
    struct conf_texts stdin_lines; /**< key `stdin` */
    struct story_link *symlink;
    struct story_chmod *chmod;
    struct story_posted *posted; /**< key `post` */
    struct story_reload *reload;
    bool crash, start, stop;
    struct story_smtp *smtp;
    struct story_disk *disk;
    struct story_clock *clock;
    struct story_ask *ask;
    struct story_expect *expect;
};

#endif
