#include "atomic.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"

static bool cannot(const char *path, const char *what, RdError *error) {
    return rd_fail(error, "%s: cannot %s: %s", path, what, strerror(errno));
}

/* Why nothing can be put where a device or the like is. What a write to it says is the better
 * answer when the write fails, as it does for a full device. */
static bool not_regular(const char *path, const struct stat *status, RdError *error) {
    if (S_ISDIR(status->st_mode))
        return rd_fail(error, "%s: is a directory; expected a file name", path);
    int fd = S_ISCHR(status->st_mode) ? open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        bool full = !isatty(fd) && write(fd, "", 1) < 0;
        int why = errno;
        close(fd);
        errno = why;
        if (full) return cannot(path, "write", error);
    }
    return rd_fail(error, "%s: is not a regular file; expected a file name", path);
}

bool rd_atomic_possible(const RdAtomicFile *file, RdError *error) {
    const char *path = file->path;
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return not_regular(path, &status, error);
    if (!path[0] || path[strlen(path) - 1] == '/')
        return rd_fail(error, "'%s': is not a file name", path);
    if (stat(file->directory, &status) != 0 || !S_ISDIR(status.st_mode))
        return rd_fail(error, "%s: cannot write: the directory '%s' does not exist", path,
                       file->directory);
    if (access(file->directory, W_OK | X_OK) != 0)
        return rd_fail(error, "%s: cannot write in the directory '%s': %s", path, file->directory,
                       strerror(errno));
    return true;
}

static char *temporary_name(const char *final) {
    size_t room = strlen(final) + 32;
    char *name = rd_zeros(room, 1);
    snprintf(name, room, "%s.tmp%ld", final, (long)getpid());
    return name;
}

RdAtomicFile rd_atomic_open(const char *path) {
    RdAtomicFile file = {.path = path, .final = realpath(path, NULL), .fd = -1};
    if (!file.final) file.final = rd_copy(path);
    char *copy = rd_copy(file.final);
    file.directory = rd_copy(dirname(copy));
    file.temporary = temporary_name(file.final);
    free(copy);
    return file;
}

void rd_atomic_close(RdAtomicFile *file) {
    free(file->final);
    free(file->directory);
    free(file->temporary);
    *file = (RdAtomicFile){0};
}

bool rd_atomic_begin(RdAtomicFile *file, RdError *error) {
    if (!rd_atomic_possible(file, error)) return false;
    unlink(file->temporary); /* left by a killed process that had our number */
    file->fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return file->fd >= 0 || cannot(file->path, "write", error);
}

bool rd_atomic_write(RdAtomicFile *file, const void *data, size_t size, RdError *error) {
    for (const char *at = data; size > 0;) {
        ssize_t n = write(file->fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot(file->path, "write", error);
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* Makes the new name of a file in the directory last. */
static bool sync_directory(const RdAtomicFile *file, RdError *error) {
    int fd = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd < 0 || fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    if (!good) cannot(file->path, "sync its directory", error);
    if (fd >= 0) close(fd);
    return good;
}

bool rd_atomic_end(RdAtomicFile *file, bool good, RdError *error) {
    if (good && fsync(file->fd) != 0) good = cannot(file->path, "write", error);
    if (close(file->fd) != 0 && good) good = cannot(file->path, "write", error);
    if (good && rename(file->temporary, file->final) != 0)
        good = cannot(file->path, "put the new file into its place", error);
    if (!good)
        unlink(file->temporary);
    else
        good = sync_directory(file, error);
    return good;
}
