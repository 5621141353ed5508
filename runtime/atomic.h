/* A file that appears at once: it is written under another name beside its place, synced, and then
 * put there. A kill at any moment leaves the old file or the whole new one (and perhaps the other
 * name, which ends in ".tmp" and the process number). */
#ifndef RONDO_ATOMIC_H
#define RONDO_ATOMIC_H

#include <stddef.h>

#include "status.h"

typedef struct {
    const char *path; /* as the caller calls it, for messages */
    char *final;      /* where it will stand: symbolic links followed */
    char *temporary;
    int fd;
} RdAtomicFile;

/* Whether a file could be put at `path`, as far as that can be known before: nothing but a regular
 * file is there, and its directory exists and may be written to. */
bool rd_atomic_possible(const char *path, RdError *error);

/* Begins a file. `path` must outlive it. When this succeeds, rd_atomic_end must follow. */
bool rd_atomic_begin(RdAtomicFile *file, const char *path, RdError *error);

/* Appends `size` bytes. */
bool rd_atomic_write(RdAtomicFile *file, const void *data, size_t size, RdError *error);

/* Puts the file into its place when `good`; otherwise, or when that fails, removes what was
 * written. Returns whether the file is in its place. */
bool rd_atomic_end(RdAtomicFile *file, bool good, RdError *error);

#endif
