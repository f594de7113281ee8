/** Finds the files of the sources: by walking their patterns, and by hints. */
#ifndef TOCSIN_INPUTS_DISCOVER_H
#define TOCSIN_INPUTS_DISCOVER_H

#include "agent/inputs/tail.h"

/** Walk all patterns of a source; watch the folders on the way. */
void discover_scan(struct tail *tail, size_t source);

/** Walk only the patterns of which inotify leaves something out. */
void discover_scan_gaps(struct tail *tail, size_t source);

/** Something happened at @path, where no followed file lies. */
void discover_hint(struct tail *tail, const char *path);

/** Does the source want to read @path? */
bool discover_matches(const struct source_config *config, const char *path);

#endif
