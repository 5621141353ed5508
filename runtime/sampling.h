/* Scheduled sampling (Bengio, Vinyals, Jaitly and Shazeer 2015): in training some of the words that
 * stand before each word are the model's own, at first few, then more. They are found in two passes
 * (Mihaylova and Martins 2019): what the model guesses at each step when all words before it are
 * those of the data, without dropout, is what the step behind it may be fed. A coin is thrown for
 * each word; no gradient flows through the guess. With t the complete epochs, or with `per_step`
 * the complete steps, the probability of the model's own word is
 *
 *   constant         probability
 *   linear           start + (end - start) min(t / total_iters, 1)
 *   exponential      1 - k^t
 *   inverse_sigmoid  1 - k / (k + exp(t / k))
 *
 * which is 1 - epsilon of the paper. */
#ifndef RONDO_SAMPLING_H
#define RONDO_SAMPLING_H

#include "batch.h"

/* The probability after so many complete epochs and steps. */
double rd_sampling_probability(const RdSampling *sampling, int epochs, long steps);

/* Replaces words in the columns that have what stands before each word of `column`, of the batch
 * that was packed last: with this probability by the guess at the step before, guessed[row]. The
 * first word of an example stays. A coin follows from the key and the word's place in the data
 * alone. */
void rd_plan_sample(RdPlan *plan, const RdModel *model, const RdBatch *batch, int column,
                    const int *guessed, double probability, uint64_t key);

/* The two passes' first: what the model guesses of the batch, and the coins, with the run's key.
 * The run is of a training session, and its batch is the one that was packed last. */
void rd_feed_guesses(RdRun *run, const RdModel *model, const RdSampling *sampling, RdPlan *plan,
                     double probability);

#endif
