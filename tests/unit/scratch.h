/* A directory of files for one test: TestSuite(x, .init = scratch_open, .fini = scratch_close). */
#ifndef RONDO_SCRATCH_H
#define RONDO_SCRATCH_H

#include <stddef.h>

void scratch_open(void);
void scratch_close(void); /* removes it with all that is in it */

/* The path of `name` in it; valid until scratch_close. "" is the directory itself. */
const char *scratch_path(const char *name);

/* Writes a file there and returns its path. */
const char *scratch_file(const char *name, const void *bytes, size_t size);
const char *scratch_text(const char *name, const char *text);

/* The same, compressed with gzip. */
const char *scratch_gzip(const char *name, const char *text);

/* All of a file, with a NUL behind it; freed with free. */
char *scratch_read(const char *path, size_t *size);

/* How many files there are in the directory. */
int scratch_count(void);

#endif
