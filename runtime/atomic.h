/* A file that appears at once: it is written under another name beside its place, synced, and then
 * put there. A kill at any moment leaves the old file or the whole new one (and perhaps the other
 * name, which ends in ".tmp" and the process number). */
#ifndef RONDO_ATOMIC_H
#define RONDO_ATOMIC_H

#include <stddef.h>

#include "status.h"

typedef struct {
    const char *path; /* as the caller calls it, for messages */
    /* private: */
    char *final;     /* where it will stand: symbolic links followed */
    char *directory; /* that it will stand in */
    char *temporary;
    int fd;
} RdAtomicFile;

/* A file that is to be written, once or often. Allocates all that this takes; freed with
 * rd_atomic_close. `path` must outlive it. */
RdAtomicFile rd_atomic_open(const char *path);
void rd_atomic_close(RdAtomicFile *file);

/* Whether the file could be put there, as far as that can be known before: nothing but a regular
 * file is there, and its directory exists and may be written to. */
bool rd_atomic_possible(const RdAtomicFile *file, RdError *error);

/* Begins to write it anew. When this succeeds, rd_atomic_end must follow. */
bool rd_atomic_begin(RdAtomicFile *file, RdError *error);

/* Appends `size` bytes. */
bool rd_atomic_write(RdAtomicFile *file, const void *data, size_t size, RdError *error);

/* Puts the file into its place when `good`; otherwise, or when that fails, removes what was
 * written. Returns whether the file is in its place. */
bool rd_atomic_end(RdAtomicFile *file, bool good, RdError *error);

#endif
