/**
 * What the agent finds out about itself while it runs, and tells by mail as an alert of
 * the rule "tocsin": rules that cost too much, give up or feed themselves, keys without
 * bound, a configuration that was refused. Each is told at most every quarter of an
 * hour, whatever happens meanwhile; what the routes make of it is their business.
 */
#ifndef TOCSIN_AGENT_REPORTS_H
#define TOCSIN_AGENT_REPORTS_H

struct app;

/** Look for what is to be told; call it once a turn, after reading. */
void reports_look(struct app *app);

/** The configuration on disk was not taken. */
void reports_refused_config(struct app *app);

#endif
