/* The passes from graph to graph keep what a program computes: the interpreter judges. */
#include <criterion/criterion.h>
#include <math.h>

#include "gradient_check.h"
#include "graph/grad.h"
#include "graph/print.h"
#include "graph/rewrite.h"
#include "graph/verify.h"
#include "random_graph.h"

static Tensor *evaluate(Arena *arena, const Graph *graph, const EvalInput *in) {
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, in, results);
    return results;
}

/* The largest difference between two values, relative to 1 or to the value. */
static double difference(const Tensor *a, const Tensor *b) {
    double most = 0;
    cr_assert_eq(tensor_size(a), tensor_size(b));
    for (long i = 0; i < tensor_size(a); i++) {
        double x = a->at ? a->at[i] : a->index[i], y = b->at ? b->at[i] : b->index[i];
        double error = fabs(x - y) / fmax(1, fabs(x));
        if (!(error <= most)) most = error;
    }
    return most;
}

/* Both graphs give the same outputs, in their order. */
static void check_same(Arena *arena, const Graph *before, const Graph *after, int seed,
                       const char *pass) {
    const char *problem;
    cr_assert(graph_verify(after, &problem), "seed %d, after %s: %s\n%s", seed, pass, problem,
              graph_print(after));
    cr_assert_eq(before->outputs.len, after->outputs.len);
    for (int longest = 1; longest <= 7; longest += 3) {
        EvalInput in = random_input(arena, before, longest, (uint64_t)(seed + longest));
        Tensor *a = evaluate(arena, before, &in), *b = evaluate(arena, after, &in);
        for (int i = 0; i < before->outputs.len; i++) {
            double error =
                difference(&a[before->outputs.at[i].node], &b[after->outputs.at[i].node]);
            cr_assert(error < 1e-9, "seed %d: %s changes output %d by %g\n%s\n%s", seed, pass, i,
                      error, graph_print(before), graph_print(after));
        }
    }
}

/* The passes one after another, in the order in which the compiler runs them. */
static void check_passes(int seed) {
    Arena *arena = arena_new();
    Graph *graph = random_graph(arena, intern_new(arena), (uint64_t)seed);
    Graph *simple = simplify(graph);
    check_same(arena, graph, simple, seed, "simplify");
    check_same(arena, simple, split_products(simple), seed, "products");
    Graph *inference = for_inference(simple);
    check_same(arena, simple, inference, seed, "inference");
    graph_differentiate(simple, loss_of(simple));
    Graph *gradient = simplify(simple);
    check_same(arena, simple, gradient, seed, "simplify of the gradient");
    Graph *split = split_products(gradient);
    check_same(arena, gradient, split, seed, "products of the gradient");
    gradient = simplify(split);
    Graph *rotated = rotate(gradient);
    check_same(arena, gradient, rotated, seed, "rotate");
    check_same(arena, rotated, simplify(rotated), seed, "simplify of the rotated");
    arena_free(arena);
}

Test(rewrite, passes_keep_random_programs, .timeout = 300) {
    for (int seed = 1; seed <= 150; seed++) check_passes(seed);
}
