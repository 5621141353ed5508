/* Model files of any bytes: they are loaded or refused. What was loaded is saved and loaded again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/sample_models.h"
#include "model_file.h"

static void check(bool good) {
    if (!good) abort();
}

static void save_and_load(const RdSaved *saved) {
    static char path[64];
    int sizes[RD_MAX_COLUMNS];
    RdSaved again;
    RdError error;
    snprintf(path, sizeof path, "/tmp/rondo-fuzz-%ld", (long)getpid());
    rd_saved_vocab_sizes(saved, sizes);
    RdLayout layout = rd_layout(&mood, sizes);
    RdAtomicFile file = rd_atomic_open(path);
    check(rd_model_save(&file, &mood, &layout, saved, &error));
    rd_layout_free(&layout);
    rd_atomic_close(&file);
    check(rd_model_load(path, &mood, true, &again, &error));
    check(again.vocab[TEXT].size == saved->vocab[TEXT].size);
    check(again.entry_count == saved->entry_count);
    rd_saved_free(&again);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    int fd = memfd_create("model", 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check(write(fd, bytes, size) == (ssize_t)size);
    RdSaved saved;
    RdError error = {""};
    if (rd_model_load(path, &mood, true, &saved, &error))
        save_and_load(&saved);
    else
        check(error.text[0]);
    rd_saved_free(&saved);
    close(fd);
    return 0;
}
