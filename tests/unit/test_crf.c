/* The library's conditional random field against all paths, one by one. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "compile.h"
#include "random_graph.h"

enum { TAGS = 3, LONGEST = 5 };

static const char model[] =
    "model m {\n"
    "  target label: class(no, yes)\n"
    "  input text: words(max_vocab = 7)\n"
    "  scores     = embedding(text, 3)\n"
    "  gold       = argmax(embedding(text, 3))\n"
    "  cost, path = crf(scores, gold)\n"
    "  loss cost\n"
    "  output scores, gold, path, label\n"
    "}\n";

typedef struct {
    const Graph *graph;
    const EvalInput *in;
    const Tensor *scores;
    int length;
} Chain;

static const Tensor *param(const Chain *c, const char *name) {
    for (int i = 0; i < c->graph->params.len; i++)
        if (strcmp(c->graph->params.at[i].name, name) == 0) return &c->in->params[i];
    cr_assert_fail("no parameter %s", name);
    return NULL;
}

static double score(const Chain *c, const int *tags) {
    double sum = param(c, "crf.start")->at[tags[0]] + param(c, "crf.end")->at[tags[c->length - 1]];
    for (int t = 0; t < c->length; t++) sum += c->scores->at[t * TAGS + tags[t]];
    for (int t = 1; t < c->length; t++)
        sum += param(c, "crf.transition")->at[tags[t] * TAGS + tags[t - 1]];
    return sum;
}

static const Tensor *output(const Graph *graph, const Tensor *results, const char *name) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (strcmp(graph->outputs.at[i].name, name) == 0)
            return &results[graph->outputs.at[i].node];
    cr_assert_fail("no output %s", name);
    return NULL;
}

/* Counts the tags of a path up; false behind the last. */
static bool next_path(int *tags, int length) {
    for (int t = 0; t < length; t++) {
        if (++tags[t] < TAGS) return true;
        tags[t] = 0;
    }
    return false;
}

static void check(Arena *arena, const Graph *graph, int seed) {
    EvalInput in = random_input(arena, graph, LONGEST, (uint64_t)seed);
    for (int i = 0; i < graph->params.len; i++)
        for (long k = 0; k < tensor_size(&in.params[i]); k++) in.params[i].at[k] *= 3;
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, &in, results);
    Chain c = {graph, &in, output(graph, results, "scores"), 0};
    c.length = c.scores->dim[0];
    int tags[LONGEST] = {0}, best[LONGEST] = {0};
    double total = 0, highest = -INFINITY;
    do {
        double s = score(&c, tags);
        total += exp(s);
        if (s > highest) memcpy(best, tags, sizeof best);
        if (s > highest) highest = s;
    } while (next_path(tags, c.length));
    double cost = log(total) - score(&c, output(graph, results, "gold")->index);
    double got = output(graph, results, "loss")->at[0];
    cr_assert(fabs(got - cost) < 1e-9, "seed %d: %.12g instead of %.12g", seed, got, cost);
    const Tensor *path = output(graph, results, "path");
    cr_assert_eq(path->dim[0], c.length);
    cr_assert_eq(memcmp(path->index, best, sizeof(int) * (size_t)c.length), 0,
                 "seed %d: another path", seed);
}

Test(crf, agrees_with_all_paths) {
    Arena *arena = arena_new();
    Compiled compiled = compile(arena, "crf.rondo", model);
    cr_assert_str_empty(compiled.said, "%s", compiled.said);
    for (int seed = 1; seed <= 60; seed++) check(arena, compiled.graph, seed);
    arena_free(arena);
}
