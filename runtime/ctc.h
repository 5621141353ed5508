/* Decoding for connectionist temporal classification (Graves and others, ICML 2006): the labels
 * that scores for each step of a sequence say. An alignment says one of the choices at each step;
 * what it says twice in a row counts once, and then the blanks are left out. Its probability is the
 * product of softmax(scores) at each step, that of labels the sum over all alignments that say
 * them. */
#ifndef RONDO_CTC_H
#define RONDO_CTC_H

/* Labels that were found. `label` is the caller's, with room for one a step. */
typedef struct {
    int *label;
    int count;
    double logp;
} RdLabels;

/* What the most probable alignment says: the best choice of each step, of equals the first. logp is
 * the logarithm of the probability of this one alignment. `scores` is [steps][choices]. */
void rd_best_path(const double *scores, int steps, int choices, int blank, RdLabels *labels);

/* The most probable labels that prefix search finds with a beam of `width` (Graves, "Sequence
 * Transduction with Recurrent Neural Networks", 2012; Hannun and others, "First-Pass Large
 * Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014): after each
 * step the `width` most probable beginnings go on, all alignments of each added up. logp is the
 * logarithm of the probability of the labels over the alignments that were followed: with a beam
 * that holds all beginnings those are all, and the labels the most probable ones. Not even a beam
 * of 1 is the same as the best path. Of equals the first that was found wins. */
void rd_prefix_search(const double *scores, int steps, int choices, int blank, int width,
                      RdLabels *labels);

#endif
