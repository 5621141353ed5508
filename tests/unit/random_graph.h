/* A seeded generator of random valid programs, and of values to run them on. */
#ifndef RONDO_RANDOM_GRAPH_H
#define RONDO_RANDOM_GRAPH_H

#include <stdint.h>

#include "base/intern.h"
#include "graph/eval.h"
#include "graph/graph.h"

/* Random numbers from a seed, the same everywhere. */
typedef struct {
    uint64_t state;
} Random;

uint64_t random_next(Random *random);
int random_below(Random *random, int limit); /* from 0 */
double random_between(Random *random, double low, double high);

/* A random model over one input `text` (words) and one target `label` (a class): embedded words,
 * then elementwise work, products with shared weights, scans of random cells in both directions
 * (also of several stages), concat, slice, reductions over time and attention, scores for each
 * word, then a cross-entropy loss and a few outputs. One seed, one graph.
 *
 * What depends on the input has one of the shapes [], [N], [V], [T], [T, N], [T, V], T being the
 * length of `text` and V its vocabulary's size; other shapes only occur in parameters. Values stay
 * small. */
Graph *random_graph(Arena *arena, Intern *names, uint64_t seed);

/* How many words a vocabulary has: its maximum, or some hundreds when that is large. */
int random_vocabulary(const Sym *sym);

/* Values for any graph: lengths from 1 to `longest` (or to their maxima), vocabularies of that
 * size, inputs and parameters at random, the latter within the scale that they start from and
 * away from zero. */
EvalInput random_input(Arena *arena, const Graph *graph, int longest, uint64_t seed);

#endif
