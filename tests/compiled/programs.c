#include "programs.h"

#include <criterion/criterion.h>
#include <string.h>

#include "elaborated.h"
#include "emit/emit.h"
#include "graph/grad.h"
#include "graph/print.h"
#include "graph/rewrite.h"
#include "graph/verify.h"

static int loss_of(const Graph *graph) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_LOSS) return graph->outputs.at[i].node;
    cr_assert_fail("a graph without a loss");
    return -1;
}

static Graph *copy_graph(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    for (int i = 0; i < graph->nodes.len; i++) rebuild.map[i] = rebuild_copy(&rebuild, i);
    return rebuild_finish(&rebuild);
}

static Program *lower(Graph *graph, const char *name, int rows, Diag *diag) {
    Program *program = pack(graph, name, rows, diag);
    const char *problem;
    if (!program) return NULL;
    cr_assert(graph_verify(program->graph, &problem), "after packing: %s\n%s", problem,
              graph_print(program->graph));
    fuse(program);
    recompute(program);
    find_products(program);
    plan_memory(program);
    return program;
}

Programs programs_of_graph(Graph *graph) {
    Diag *diag = diag_new(graph->arena);
    Programs p = {.graph = simplify(split_products(simplify(graph)))};
    Graph *gradient = copy_graph(p.graph);
    graph_differentiate(gradient, loss_of(gradient));
    gradient = simplify(split_products(simplify(gradient)));
    gradient = simplify(rotate(gradient));
    p.infer = lower(simplify(for_inference(p.graph)), "infer", 1, diag);
    p.train = lower(gradient, "train", graph->training.batch, diag);
    if (p.infer && p.train) p.c = emit_c(&(Emitted){.infer = p.infer, .train = p.train});
    p.said = diag_text(graph->arena, diag);
    return p;
}

Programs programs_of_text(Arena *arena, const char *path, const char *text) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){path, text, strlen(text)};
    Compilation *c = compile(arena, source, STAGE_C, NULL);
    return (Programs){c->graph, c->infer, c->train, c->c, diag_text(arena, c->diag)};
}

Graph *graph_of_text(Arena *arena, const char *text) {
    const char *said;
    Graph *graph = elaborate_text(arena, "test.rondo", text, &said);
    cr_assert(graph, "%s", said);
    return graph;
}
