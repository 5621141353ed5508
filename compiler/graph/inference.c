#include "graph/rewrite.h"

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
    return without_outputs(rebuild_finish(&rebuild), ROLE_GRADIENT);
}
