/* The words that a column's numbers stand for. Number 0 is "<unk>": every other word. */
#ifndef RONDO_VOCAB_H
#define RONDO_VOCAB_H

#include "bpe.h"
#include "data.h"

/* What is known of a column from the training data: its words, or of one of numbers how they are
 * scaled (scale.h). Starts as {0}: an empty one, size 0. */
typedef struct RdVocab {
    int size;                 /* <unk> included */
    const char **word;        /* [size] */
    int numbers;              /* of a row; 0 when they are not scaled */
    double *mean, *deviation; /* [numbers] */
    RdBpe *bpe;               /* of a byte-pair encoding: what makes its tokens; else NULL */
    /* private: */
    char *bytes;       /* the words themselves */
    int *slot;         /* [slot_count] hash table: number + 1, or 0 */
    size_t slot_count; /* a power of two */
} RdVocab;

/* The words of `column` in `data`: <unk>, then by falling count, equal counts in the order of their
 * bytes. Words seen less than min_count times are left out; so is what goes beyond max_vocab (which
 * counts <unk>; 0: no limit). A marked one has the mark </s> as number 1. Overwrites *vocab; freed
 * with rd_vocab_free. */
void rd_vocab_build(const RdData *data, int column, int max_vocab, int min_count, bool marked,
                    RdVocab *vocab);

/* Whether the values of a column are words (or tags) that the training data show. */
bool rd_column_learned(const RdColumn *column);

/* The vocabulary of a learned column, with the limits of the model. False when the data have more
 * tags than the model has room for. Overwrites *vocab; freed with rd_vocab_free, also after a
 * failure. */
bool rd_vocab_learn(const RdData *data, const RdModel *model, int column, RdVocab *vocab,
                    RdError *error);

/* The class, tag or word that `number` stands for. */
const char *rd_value_name(const RdColumn *column, const RdVocab *vocab, int number);

/* The number of `word`; 0 when it is not known. */
int rd_vocab_lookup(const RdVocab *vocab, const char *word);

/* The vocabulary of the words in `text`, a line each. False unless they are different words,
 * "<unk>" the first. Overwrites *vocab; freed with rd_vocab_free, also after a failure. */
bool rd_vocab_from_text(const char *text, RdVocab *vocab, RdError *error);

/* The same for characters; the line end, which is one too, stands there as a backslash and an n. */
bool rd_vocab_from_chars(const char *text, RdVocab *vocab, RdError *error);

/* Whether the vocabulary has the mark where it belongs. */
bool rd_vocab_check_mark(const RdVocab *vocab, RdError *error);

/* The vocabulary of a byte-pair encoding, which it then owns, with the mark or without. Overwrites
 * *vocab. */
void rd_vocab_from_bpe(RdBpe *bpe, bool marked, RdVocab *vocab);

/* Back to {0}. */
void rd_vocab_free(RdVocab *vocab);

#endif
