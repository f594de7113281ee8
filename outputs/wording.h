/**
 * The sentences of a mail, in plain clean text on one line each: both parts of a mail
 * say the same, and only their dress differs. What came from a log is cleaned and cut
 * here.
 */
#ifndef TOCSIN_OUTPUTS_WORDING_H
#define TOCSIN_OUTPUTS_WORDING_H

#include "outputs/compose.h"

/** What a mail is written from. */
struct mail_view {
    const struct notice *notice;
    const struct mail_profile *profile;
    struct now now;
    struct slice subject; /**< clean */
};

/** The colour of an alert or of a whole mail. */
enum tone { TONE_INFO, TONE_WARNING, TONE_CRITICAL, TONE_RESOLVED };
enum tone tone_of_alert(const struct notice_alert *alert);
enum tone tone_of_notice(const struct notice *notice);
/** "INFO", "WARNING", "CRITICAL", "RESOLVED". */
const char *tone_word(enum tone tone);
/** The same, of an alert that is on. */
const char *severity_word(enum severity severity);

/** Put at most @max_bytes of @bytes, cleaned; what is cut off is marked " [cut]". */
void wording_put_cut(struct buf *out, struct slice bytes, size_t max_bytes,
                     bool keep_lines);

/** What broke, how often, in how long; without the severity's word. */
void wording_put_headline(struct buf *out, const struct mail_view *view);
/** Why this mail comes now. */
void wording_put_reason(struct buf *out, const struct mail_view *view);
/** Mails that a limit held back before this one. Nothing when there are none. */
void wording_put_held(struct buf *out, const struct mail_view *view);

/** The alert's summary, or the title of its group. */
void wording_put_summary(struct buf *out, const struct mail_view *view,
                         const struct notice_alert *alert, size_t max_bytes);
/** A line about an alert; where @put puts nothing, there is none. */
struct fact {
    const char *name;
    void (*put)(struct buf *out, const struct mail_view *view,
                const struct notice_alert *alert);
};
/** How often it was seen, since when, what it is about; a NULL name ends them. */
const struct fact *wording_facts(const struct notice_alert *alert);
/** For a table's narrow column: "12 of 37x", or how long what was posted lasts. */
void wording_put_briefly(struct buf *out, const struct mail_view *view,
                         const struct notice_alert *alert);

/** How much of an alert is shown. */
struct detail {
    size_t samples, sample_bytes, description_bytes;
};
#define DETAIL_LEVELS 4
/** From everything (0) to little (DETAIL_LEVELS - 1): where one level does not fit, the
 *  next is tried, and after the last a row in a table. */
const struct detail *detail_at(size_t level);
/** The level to begin with: one alert has more room than many. */
size_t detail_first_level(const struct notice *notice);
/** The newest samples that @detail has room for. @return how many, set in *@first. */
size_t detail_samples(const struct detail *detail, const struct notice_alert *alert,
                      const struct sample **first);

/** Did this alert join since the last mail of its thread? */
bool wording_has_joined(const struct mail_view *view, const struct notice_alert *alert);
/** Where a sample stands: by the file and offset that the tailer knew, never by what
 *  the line says of itself. */
void wording_put_where(struct buf *out, const struct mail_view *view,
                       const struct sample *sample);
/** Sightings since the last mail that the @shown samples do not show; or nothing. */
void wording_put_unseen(struct buf *out, const struct notice_alert *alert,
                        size_t shown);

/** Is the text behind the alert before it, so that it need not be said twice? */
bool wording_is_repeated(const struct mail_view *view, size_t index);
/** Is it an http or https URL that can safely be a link: printable ASCII, no quotes, no
 *  user part that could pose as the host? */
bool wording_is_link(struct slice url);
/** Take the next of an alert's links that can be one off the front of *@links. */
bool wording_next_link(struct slice *links, struct slice *name, struct slice *url);

/** Alerts from @first_unshown on, by severity, and those that the group had no room
 *  for. Nothing when there are none. */
void wording_put_left_out(struct buf *out, const struct mail_view *view,
                          size_t first_unshown);
/** Who sends this, by which route to which output, and the how manieth of its
 *  thread. */
void wording_put_origin(struct buf *out, const struct mail_view *view);
/** What became of other mails, one line each. Nothing when all went well. */
void wording_put_trouble(struct buf *out, const struct mail_view *view);
/** A shell command that shows the place of the newest sample. Nothing when its path
 *  holds anything that a shell could take for more than a name. */
void wording_put_look_command(struct buf *out, const struct mail_view *view);

#endif
