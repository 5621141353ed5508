/* What a model generates: the next token is the best one, one drawn by its probability, or several
 * hypotheses go on side by side (beam search).
 *
 * The beam is the monotonic one of Lemons, Linares López, Holte and Ruml, "Beam Search: Faster and
 * Monotonic" (ICAPS 2022): hypothesis i goes on with the best token behind hypotheses 1 to i that
 * none before it took. So the first is what greedy search gives, and the texts that a beam
 * completes are among those of any wider one: a wider beam never ends with a lower score. */
#ifndef RONDO_SEARCH_H
#define RONDO_SEARCH_H

#include "stepper.h"

typedef struct {
    int width;      /* hypotheses of each text; 1: the best token at each step */
    double penalty; /* of length: a text's score is its log-probability over length^penalty, the
                       mark being counted */
    int limit;      /* tokens at most */
    bool endless;   /* the mark is a token like others and ends nothing */
    bool sample;    /* tokens are drawn, for a width of 1: with probabilities softmax(logits /
                       temperature), of the top_k best (0: all) or of the fewest that have top_p
                       together (1: all) */
    double temperature;
    int top_k;
    double top_p;
    uint64_t seed;
    /* Called with each token of a width of 1, as soon as it is chosen; or NULL. */
    void (*on_token)(void *user, int text, int token);
    void *user;
} RdSearchOptions;

/* A text that was found: its tokens, the mark not among them. */
typedef struct {
    const int *token;
    int count;
    double score;
} RdFound;

typedef struct RdSearch RdSearch;

/* Memory for searching with the stepper, whose examples are the hypotheses: `width` behind each
 * other for each text, all having the columns of their text. Never NULL; the stepper must outlive
 * it. */
RdSearch *rd_search_new(RdStepper *stepper, const RdSearchOptions *options);
void rd_search_free(RdSearch *search);

/* Finds a text for each of stepper->batch.examples / width, after rd_stepper_begin; number[i] says
 * which text that is, from which together with the seed its random numbers follow; NULL: from 0 on.
 * Each begins behind the `count` tokens of `prompt`, which are not among its own. */
void rd_search_run(RdSearch *search, const int *number, const int *prompt, int count);

/* The text number i of the last run, valid until the next one. */
RdFound rd_search_found(const RdSearch *search, int i);

#endif
