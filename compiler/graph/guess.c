#include "graph/rewrite.h"

Graph *guess_words(Graph *graph) {
    if (!graph->training.sampling.method) return without_outputs(graph, ROLE_GENERATED);
    Rebuild rebuild = rebuild_new(graph);
    for (int i = 0; i < graph->nodes.len; i++) rebuild.map[i] = rebuild_copy(&rebuild, i);
    Graph *result = rebuild_finish(&rebuild);
    for (int i = 0; i < result->outputs.len; i++) {
        Output *output = &result->outputs.at[i];
        if (output->role != ROLE_GENERATED) continue;
        Node logits = *graph_node(result, output->node);
        output->role = ROLE_GUESSED;
        output->node =
            graph_reduce(result, OP_ARGMAX, output->node, logits.type.rank - 1, logits.span);
    }
    return eliminate_dead(result);
}
