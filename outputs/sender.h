/**
 * The mail sender: the loop of a process of its own that has the credentials and the
 * network, and that the agent asks for links. What the two say to each other stands
 * here; the agent's half is outputs/remote.c.
 *
 * The agent sends a struct sender_request over a SOCK_SEQPACKET socket, and with one
 * that opens a link a descriptor: the sender's end of a stream. Over it comes first a
 * struct sender_word, when the login is over, and then the bytes of the conversation,
 * both ways, as they are. So a sender that dies is, to the agent, a connection that was
 * cut.
 */
#ifndef TOCSIN_OUTPUTS_SENDER_H
#define TOCSIN_OUTPUTS_SENDER_H

#include "agent/base/clock.h"
#include "outputs/link.h"

enum {
    SENDER_NAME_BYTES = 80, /**< "webhook:" and an output's */
    SENDER_LINKS_MAX = 64,  /**< further ones are refused, and tried later */
};

enum sender_wish {
    SENDER_OPEN,   /**< log in to @account; a descriptor comes along */
    SENDER_RELOAD, /**< read the configuration again before what is asked for next */
};

struct sender_request {
    enum sender_wish wish;
    char account[SENDER_NAME_BYTES + 1];
};

/** How a login ended. */
struct sender_word {
    enum link_state state; /**< LINK_READY or LINK_FAILED */
    uint32_t extensions;   /**< a bit for each of sender_extensions, in their order */
    int64_t certificate_ends;
    int64_t size_max;
    struct link_complaint complaint;
    struct smtp_reply failure;
};

/** What the sender says of itself, once, over the socket for requests. */
enum sender_fence {
    SENDER_FENCE_WANTED = 1,  /**< not `sandbox: false` */
    SENDER_FENCE_COMMAND = 2, /**< a process outside runs an account's command */
    SENDER_FENCE_SECCOMP = 4,
};
struct sender_hello {
    int64_t pid; /**< 0: the keeper says that the last one is gone */
    struct now began;
    uint32_t restarts; /**< how often the keeper started it again */
    uint32_t landlock; /**< 0: files have no fence */
    uint32_t fences;   /**< SENDER_FENCE_* */
    bool is_swappable; /**< its secrets are: no memory can be locked */
};

/** The extensions that the agent may ask for; NULL-terminated, at most 32. */
extern const char *const sender_extensions[];

struct sender_world {
    int control;                      /**< our end of the socket for requests */
    const struct sender_hello *hello; /**< NULL: it says nothing of itself */
    const struct link_ops *links;
    struct clock_source clock;
    /** The account of that name as the configuration has it, or NULL. It says where a
     *  password goes; the agent only names it. */
    const struct account *(*account)(void *ctx, struct slice name);
    void (*reload)(void *ctx);
    void *ctx;
};

/** Serve until the agent closes its end. Links that are open then are cut. */
void sender_serve(const struct sender_world *world);

#endif
