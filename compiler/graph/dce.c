#include <string.h>

#include "graph/rewrite.h"

Graph *eliminate_dead(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    bool *live = graph_live(graph);
    for (int i = 0; i < graph->nodes.len; i++)
        if (live[i]) rebuild.map[i] = rebuild_copy(&rebuild, i);
    return rebuild_finish(&rebuild);
}

Graph *without_outputs(const Graph *graph, Role role) {
    Graph copy = *graph;
    memset(&copy.outputs, 0, sizeof copy.outputs);
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role != role)
            vec_push(copy.arena, &copy.outputs, graph->outputs.at[i]);
    return eliminate_dead(&copy);
}
