/**
 * The files a configuration is made of: the first, what it includes, and the lists of
 * `in_file`. Every file is read once, however many globs name it, so an include can
 * never go round in circles.
 */
#ifndef TOCSIN_AGENT_CONFIG_FILES_H
#define TOCSIN_AGENT_CONFIG_FILES_H

#include "agent/config.h"

/** Load the file @path and what it includes into @config. Mistakes are complained
 *  about; what is right is loaded.
 *  @return false when a file could not be read or is no YAML: then names may be
 *  missing, and to check references would only confuse. */
bool config_read(struct config *config, const char *path,
                 struct complaints *complaints);

/** The same with the first file's content given as @yaml. */
bool config_read_text(struct config *config, const char *name, struct slice yaml,
                      struct complaints *complaints);

/** The same with the first file's content given as @node; the environment is empty. */
bool config_read_node(struct config *config, const struct yaml_node *node,
                      struct complaints *complaints);

/** The seam through which `in_file` conditions read: a path that is not absolute starts
 *  at the folder of the first file, @name. Lives in @config's arena. */
const struct where_files *config_list_files(struct config *config, const char *name);

#endif
