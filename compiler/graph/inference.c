#include "graph/rewrite.h"

static void drop_gradients(Graph *graph) {
    int kept = 0;
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role != ROLE_GRADIENT)
            graph->outputs.at[kept++] = graph->outputs.at[i];
    graph->outputs.len = kept;
}

Graph *for_inference(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    bool *live = graph_live(graph);
    for (int i = 0; i < graph->nodes.len; i++) {
        if (!live[i]) continue;
        const Node *node = graph_node(graph, i);
        if (node->op == OP_STOP) {
            rebuild.map[i] = rebuild.map[node->in[0]];
            continue;
        }
        rebuild.map[i] = node->op == OP_MASK ? graph_const(rebuild.to, 1, node->type, node->span)
                                             : rebuild_copy(&rebuild, i);
    }
    Graph *result = rebuild_finish(&rebuild);
    drop_gradients(result);
    return result;
}
