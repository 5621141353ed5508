/* Random programs: the compiled code against the interpreter on the graph as it was generated.
 * Between the two lie differentiation, all rewriting, packing, fusion, emission and C. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "agreement.h"
#include "graph/print.h"
#include "object.h"
#include "oracle.h"
#include "programs.h"
#include "random_graph.h"

enum { SHARE = 25 }; /* seeds that are compiled together; SHARES of them are tried */

/* The graph of a seed; half of them for batches so small that products leave the loops. */
static Graph *generate(Arena *arena, int seed) {
    Graph *graph = random_graph(arena, intern_new(arena), (uint64_t)seed);
    separate_masks(graph);
    if (seed % 2) graph->training.batch = 2;
    return graph;
}

ParameterizedTestParameters(random_programs, agree_with_the_interpreter) {
    static int first[SHARES];
    for (int i = 0; i < SHARES; i++) first[i] = 1 + i * SHARE;
    return cr_make_param_array(int, first, SHARES);
}

ParameterizedTest(int *first, random_programs, agree_with_the_interpreter) {
    Arena *arena = arena_new();
    const char *c[SHARE];
    for (int i = 0; i < SHARE; i++) {
        Programs programs = programs_of_graph(generate(arena, *first + i));
        cr_assert(programs.c, "seed %d: %s\n%s", *first + i, programs.said,
                  graph_print(programs.graph));
        c[i] = programs.c;
    }
    Object object = object_load(arena, c, SHARE, true, flags_of_width(*first / SHARE % WIDTHS));
    for (int i = 0; i < SHARE; i++)
        check_agreement("seed", generate(arena, *first + i), object.model[i], *first + i);
    object_unload(&object);
    arena_free(arena);
}
