/**
 * What the agent has to say about itself: bytes it lost, a rule it suspended. It walks
 * the road as an alert of the rule "tocsin", so that routes, groups and limits hold for
 * it too, and a hundred losses are one mail with a count.
 */
#ifndef TOCSIN_RULES_REPORT_H
#define TOCSIN_RULES_REPORT_H

#include "rules/alert.h"

/** The value of the label `rule`; no rule of a configuration may have this name. */
#define REPORT_RULE "tocsin"

/** All slices are borrowed for the call. Equal kind and object: the same alert. */
struct self_report {
    struct slice kind;   /**< label `kind`: a short constant, e.g. "lost-bytes" */
    struct slice object; /**< label `object`: the file, rule or account; or empty */
    enum severity severity;
    struct slice summary;     /**< one sentence: what happened */
    struct slice description; /**< what it means and what to do; may be empty */
    struct slice line;        /**< what is shown as its sample; may be empty */
};

#endif
