#include "graph/rewrite.h"

Graph *eliminate_dead(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    bool *live = graph_live(graph);
    for (int i = 0; i < graph->nodes.len; i++)
        if (live[i]) rebuild.map[i] = rebuild_copy(&rebuild, i);
    return rebuild_finish(&rebuild);
}
