/* What an n-gram model (ngram.h) that is counted in one file says of another one, with the words of
 * a trained model: the baseline that eval prints beside the model's perplexity. */
#ifndef RONDO_BASELINE_H
#define RONDO_BASELINE_H

#include "data.h"
#include "vocab.h"

typedef struct {
    int order;        /* 0: not asked for */
    double k;         /* of add-k; 0: Kneser-Ney */
    const char *path; /* where the counts come from */
    double loss;      /* the mean over all targets of the text, in nats */
} RdBaseline;

/* Counts the target text in `train`, measures it in `data`; sets baseline->loss. A long text is one
 * sequence, its windows one behind the other; else every record is one. */
void rd_baseline_measure(RdBaseline *baseline, const RdModel *model, const RdVocab *vocab,
                         int column, const RdData *train, const RdData *data);

/* "3-gram" and "Kneser-Ney", as text. */
enum { RD_BASELINE_TEXT = 32 };
const char *rd_baseline_smoothing(const RdBaseline *baseline, char text[RD_BASELINE_TEXT]);

#endif
