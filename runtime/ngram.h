/* n-gram language models: the baseline beside a model that produces a text.
 *
 * A text is a sequence of numbers below V; before its first one stand n - 1 marks. c(h w) is how
 * often w follows the n - 1 numbers h in the training text. Two smoothings:
 *
 * Add-k:        p(w | h) = (c(h w) + k) / (c(h) + k V)
 *
 * Kneser-Ney, interpolated, with the three discounts of Chen and Goodman (1998), "modified":
 *
 *     p(w | h) = max(v(h w) - D(v), 0) / v(h) + (sum over x of D(v(h x))) / v(h) · p(w | h')
 *
 * h' is h without its first number; below the unigrams stands 1 / V. v is c for n-grams, and for
 * shorter ones the number of different numbers that stand before them. v(h) is the sum of v(h x).
 * With n_i, the number of n-grams of one order for which v is i, and Y = n_1 / (n_1 + 2 n_2):
 * D(i) = i - (i + 1) Y n_(i+1) / n_i for i of 1 and 2, and D(3) from 3 on; D is kept between 0 and
 * i. A context that was never seen gives p(w | h'). */
#ifndef RONDO_NGRAM_H
#define RONDO_NGRAM_H

#include <stddef.h>

enum { RD_MAX_NGRAM = 10 };

typedef struct RdNgram RdNgram;

/* An empty model of order n, from 1 to RD_MAX_NGRAM, over the numbers 0 .. vocab - 1, `mark` being
 * the one that stands before a text. Never NULL; freed with rd_ngram_free. */
RdNgram *rd_ngram_new(int n, int vocab, int mark);
void rd_ngram_free(RdNgram *ngram);

/* Counts a text. */
void rd_ngram_count(RdNgram *ngram, const int *text, size_t length);

/* Settles the discounts, after the last text. */
void rd_ngram_finish(RdNgram *ngram);

/* The sum of -log p over a text, in nats: Kneser-Ney, or with k above 0 add-k. */
double rd_ngram_loss(const RdNgram *ngram, double k, const int *text, size_t length);

#endif
