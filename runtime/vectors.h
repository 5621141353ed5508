/* Word vectors that were trained elsewhere, to start a parameter from: text as GloVe, word2vec and
 * fastText write it. A line is a word and its numbers, with blanks between them; a first line of
 * two whole numbers, the words and the numbers of each, is no word. Also as .gz. */
#ifndef RONDO_VECTORS_H
#define RONDO_VECTORS_H

#include "layout.h"
#include "status.h"
#include "vocab.h"

typedef struct {
    const char *path; /* part of what was given */
    int param;        /* which was filled */
    int words, found; /* of the vocabulary, without <unk> */
} RdVectors;

/* Fills rows of a parameter in `stretch` with the vectors of their words. `given` is the file, or
 * PARAMETER=FILE; without a name it is the only parameter [vocabulary, numbers] whose rows are
 * words. Words are looked up as they stand in the vocabulary, then in lower case. Of two vectors
 * for a word the first counts. Rows of words that the file lacks are left alone, and so is the row
 * of <unk> unless the file has it. `vocab` is [column_count]; stretches are of float.
 *
 * Errors: "path:line: …" for a line with another number of numbers than the parameter has columns,
 * a number of a word in the vocabulary that is none, and text that is not UTF-8; a file that cannot
 * be read; a parameter that is not there, or that must be named. */
bool rd_vectors_read(const char *given, const RdModel *model, const RdVocab *vocab,
                     const RdLayout *layout, float *stretch, RdVectors *vectors, RdError *error);

#endif
