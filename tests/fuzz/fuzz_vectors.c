/* Files of word vectors of any bytes: they are read or refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/sample_models.h"
#include "vectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    RdVocab vocab[2] = {{0}};
    RdVectors vectors;
    RdError error = {""};
    int fd = memfd_create("vectors", 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (write(fd, bytes, size) != (ssize_t)size) abort();
    if (!rd_vocab_from_text("<unk>\nthe\nFilm\nİ", &vocab[TEXT], NULL)) abort();
    RdLayout layout = rd_layout(&mood, (int[]){0, vocab[TEXT].size});
    float *stretch = rd_layout_zeros(&layout, &mood);
    bool read = rd_vectors_read(path, &mood, vocab, &layout, stretch, &vectors, &error);
    if (!read && !error.text[0]) abort();
    if (read && (vectors.found < 0 || vectors.found > vectors.words)) abort();
    free(stretch);
    rd_layout_free(&layout);
    rd_vocab_free(&vocab[TEXT]);
    close(fd);
    return 0;
}
