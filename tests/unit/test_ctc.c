/* The library's connectionist temporal classification against all alignments, one by one. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "compile.h"
#include "random_graph.h"

enum { CHOICES = 4, LONGEST = 6, IMPOSSIBLE = 30 };

static const char model[] =
    "model m {\n"
    "  input  text: words(max_vocab = 7)\n"
    "  input  said: words(max_vocab = 4)\n"
    "  target label: class(no, yes)\n"
    "  scores = embedding(text, said.size)\n"
    "  loss ctc(scores, said)\n"
    "  output scores, ctc(scores, said, zero_infinity = 1), said, label\n"
    "}\n";

/* What an alignment says: its length. */
static int labels_of(const int *steps, int count, int *labels) {
    int length = 0;
    for (int t = 0; t < count; t++)
        if (steps[t] && (!t || steps[t] != steps[t - 1])) labels[length++] = steps[t];
    return length;
}

/* Counts the steps of an alignment up; false behind the last. */
static bool next_alignment(int *steps, int count) {
    for (int t = 0; t < count; t++) {
        if (++steps[t] < CHOICES) return true;
        steps[t] = 0;
    }
    return false;
}

/* -log of the probability of all alignments that say the labels. */
static double cost_of(const Tensor *scores, const Tensor *said) {
    int count = scores->dim[0], steps[LONGEST] = {0}, labels[LONGEST];
    double wanted = 0, all = 0;
    do {
        double score = 0;
        for (int t = 0; t < count; t++) score += scores->at[t * CHOICES + steps[t]];
        all += exp(score);
        bool same = labels_of(steps, count, labels) == said->dim[0] &&
                    memcmp(labels, said->index, sizeof(int) * (size_t)said->dim[0]) == 0;
        if (same) wanted += exp(score);
    } while (next_alignment(steps, count));
    return log(all) - log(wanted);
}

/* One number of each column; the lengths, and whether neighbours are equal, follow from the seed.
 */
static bool check(Arena *arena, const Graph *graph, int seed) {
    EvalInput in = random_input(arena, graph, LONGEST, (uint64_t)seed);
    const Tensor *said = &in.inputs[1];
    for (int s = 0; s < said->dim[0]; s++) said->index[s] = 1 + said->index[s] % (CHOICES - 1);
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, &in, results);
    double got = results[graph->outputs.at[0].node].at[0];
    double zeroed = results[graph->outputs.at[2].node].at[0];
    double wanted = cost_of(&results[graph->outputs.at[1].node], said);
    bool possible = isfinite(wanted);
    cr_expect(possible ? fabs(got - wanted) < 1e-9 : got == 1e30, "seed %d: %.12g instead of %.12g",
              seed, got, wanted);
    cr_expect(zeroed == (possible ? got : 0), "seed %d: %.12g", seed, zeroed);
    return possible;
}

Test(ctc, agrees_with_all_alignments) {
    Arena *arena = arena_new();
    Compiled compiled = compile(arena, "ctc.rondo", model);
    cr_assert_str_empty(compiled.said, "%s", compiled.said);
    int possible = 0, tried = 120;
    for (int seed = 1; seed <= tried; seed++) possible += check(arena, compiled.graph, seed);
    cr_expect(possible >= IMPOSSIBLE && tried - possible >= IMPOSSIBLE, "%d of %d are possible",
              possible, tried);
    arena_free(arena);
}
