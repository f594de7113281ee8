/** The file of the store in the kernel's eyes: who may read it, and that its name
 *  stays. */
#ifndef TOCSIN_BASE_DB_FILE_H
#define TOCSIN_BASE_DB_FILE_H

#include "agent/base/err.h"

/** A name in the folder of @path is durable when this has returned true. */
bool db_file_sync_folder(const char *path, struct err *err);

/** Make an empty file at @path that only its owner may read, durable with its name; of
 *  one that is there take off the others' rights. @return false: it cannot be, or is no
 *  regular file */
bool db_file_make(const char *path, struct err *err);

#endif
