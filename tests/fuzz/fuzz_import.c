/* A vocabulary and weights of any bytes: they are imported or refused. The first byte is how many
 * bytes the vocabulary has; the weights are behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/sample_models.h"
#include "import.h"

static void check(bool good) {
    if (!good) abort();
}

static int file_of(const uint8_t *bytes, size_t size, char *path, size_t room) {
    int fd = memfd_create("import", 0);
    snprintf(path, room, "/proc/self/fd/%d", fd);
    check(write(fd, bytes, size) == (ssize_t)size);
    return fd;
}

static void ignore(const char *what, void *context) {
    (void)context;
    check(what[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (!size) return 0;
    size_t words = bytes[0] < size - 1 ? bytes[0] : size - 1;
    char vocab[64], weights[64], *given[] = {vocab};
    int first = file_of(bytes + 1, words, vocab, sizeof vocab);
    int second = file_of(bytes + 1 + words, size - 1 - words, weights, sizeof weights);
    RdSaved saved = {0};
    RdError error = {""};
    int moved[RD_MAX_COLUMNS];
    if (rd_import_columns(given, 1, &mood, &saved, moved, &error) &&
        rd_import_weights(weights, &mood, moved, &saved, ignore, NULL, &error))
        check(saved.stretch[RD_WEIGHTS]);
    else
        check(error.text[0]);
    rd_saved_free(&saved);
    close(first);
    close(second);
    return 0;
}
