#include "graph/rewrite.h"

#include <string.h>

bool *graph_live(const Graph *graph) {
    bool *live = ARENA_ARRAY(graph->arena, bool, graph->nodes.len + 1);
    int *stack = ARENA_ARRAY(graph->arena, int, graph->nodes.len + 1), depth = 0;
    for (int i = 0; i < graph->outputs.len; i++) {
        int node = graph->outputs.at[i].node;
        if (live[node]) continue;
        live[node] = true;
        stack[depth++] = node;
    }
    while (depth) {
        const Node *node = graph_node(graph, stack[--depth]);
        for (int i = 0; i < node->count; i++) {
            if (live[node->in[i]]) continue;
            live[node->in[i]] = true;
            stack[depth++] = node->in[i];
        }
    }
    return live;
}

int *graph_uses(const Graph *graph, const bool *live) {
    int *uses = ARENA_ARRAY(graph->arena, int, graph->nodes.len + 1);
    for (int i = 0; i < graph->nodes.len; i++) {
        if (!live[i]) continue;
        const Node *node = graph_node(graph, i);
        for (int k = 0; k < node->count; k++) uses[node->in[k]]++;
    }
    for (int i = 0; i < graph->outputs.len; i++) uses[graph->outputs.at[i].node]++;
    return uses;
}

int *graph_user(const Graph *graph, const bool *live) {
    int *user = ARENA_ARRAY(graph->arena, int, graph->nodes.len + 1);
    for (int i = 0; i < graph->nodes.len; i++) user[i] = -1;
    for (int i = 0; i < graph->nodes.len; i++)
        for (int k = 0; live[i] && k < graph_node(graph, i)->count; k++)
            user[graph_node(graph, i)->in[k]] = i;
    return user;
}

bool *graph_shared(const Graph *graph) {
    bool *shared = ARENA_ARRAY(graph->arena, bool, graph->nodes.len + 1);
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        shared[i] = node->op != OP_INPUT && node->op != OP_LENGTH && node->op != OP_MASK &&
                    node->op != OP_POSITION && node->op != OP_DELAY;
        for (int k = 0; k < node->count && shared[i]; k++) shared[i] = shared[node->in[k]];
    }
    return shared;
}

Rebuild rebuild_new(Graph *from) {
    Rebuild rebuild = {.from = from, .to = graph_like(from)};
    rebuild.map = ARENA_ARRAY(from->arena, int, from->nodes.len + 1);
    for (int i = 0; i < from->nodes.len; i++) rebuild.map[i] = -1;
    return rebuild;
}

int rebuild_delay(Rebuild *rebuild, Type type, int init, int axis, int direction, int value,
                  Span span) {
    int delay = graph_open_delay(rebuild->to, type, init, axis, direction, span);
    vec_grow(rebuild->to->arena, (void **)&rebuild->pending, &rebuild->pending_cap,
             rebuild->pending_count, sizeof *rebuild->pending);
    rebuild->pending[rebuild->pending_count++] = (struct PendingDelay){delay, value};
    return delay;
}

int rebuild_copy(Rebuild *rebuild, int i) {
    const Node *node = graph_node(rebuild->from, i);
    if (node->op == OP_DELAY)
        return rebuild_delay(rebuild, node->type, rebuild->map[node->in[1]], node->attr.axis,
                             node->attr.direction, node->in[0], node->span);
    int *in = ARENA_ARRAY(rebuild->to->arena, int, node->count + 1);
    for (int k = 0; k < node->count; k++) in[k] = rebuild->map[node->in[k]];
    return graph_add_typed(rebuild->to, node->op, node->count, in, node->attr, &node->type,
                           node->span);
}

Graph *rebuild_finish(Rebuild *rebuild) {
    Graph *from = rebuild->from, *to = rebuild->to;
    for (int i = 0; i < rebuild->pending_count; i++)
        graph_close_delay(to, rebuild->pending[i].delay, rebuild->map[rebuild->pending[i].value]);
    for (int i = 0; i < from->nodes.len; i++) {
        if (rebuild->map[i] < 0) continue;
        Node *node = graph_node(to, rebuild->map[i]);
        if (!node->name) node->name = graph_node(from, i)->name;
    }
    for (int i = 0; i < from->outputs.len; i++) {
        Output output = from->outputs.at[i];
        output.node = rebuild->map[output.node];
        vec_push(to->arena, &to->outputs, output);
    }
    return to;
}
