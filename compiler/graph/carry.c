#include "base/die.h"
#include "graph/rewrite.h"

/* Whether a node is a state that goes on from one window of a stream to the next. */
static bool is_carried(const Graph *graph, const Node *node) {
    if (node->op != OP_DELAY || node->attr.direction < 0) return false;
    const Sym *sym = &graph->syms.at[node->type.dim[node->attr.axis].sym];
    return sym->kind == SYM_LENGTH && graph->inputs.at[sym->input].stream;
}

/* `wanted`, or with the first number behind it that no input has. */
static const char *free_name(const Graph *graph, const char *wanted) {
    const char *name = wanted;
    for (int suffix = 2, i = 0; i < graph->inputs.len; i++)
        if (strcmp(graph->inputs.at[i].name, name) == 0) {
            name = arena_printf(graph->arena, "%s_%d", wanted, suffix++);
            i = -1;
        }
    return name;
}

/* The input that the state of old node `delay` starts a window from, as a node. */
static int state_input(Graph *graph, const Graph *from, const Node *delay) {
    if (graph_node(from, delay->in[1])->op != OP_CONST) die("a stream starts from no constant");
    Input input = {.kind = INPUT_CARRIED,
                   .name = free_name(graph, delay->name ? delay->name : "state"),
                   .type = type_without(delay->type, delay->attr.axis),
                   .start = graph_node(from, delay->in[1])->attr.value,
                   .span = delay->span};
    Attr attr = {.index = graph->inputs.len};
    vec_push(graph->arena, &graph->inputs, input);
    int leaf = graph_leaf(graph, OP_INPUT, input.type, attr, delay->span);
    graph_node(graph, leaf)->name = input.name;
    return leaf;
}

static bool has_stream(const Graph *graph) {
    bool found = false;
    for (int i = 0; i < graph->inputs.len; i++) found |= graph->inputs.at[i].stream;
    return found;
}

Graph *carry_states(Graph *graph) {
    if (!has_stream(graph)) return graph;
    Rebuild rebuild = rebuild_new(graph);
    bool *live = graph_live(graph);
    VEC(int) carried = {0};
    int first = graph->inputs.len;
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        if (!live[i]) continue;
        if (!is_carried(graph, node)) {
            rebuild.map[i] = rebuild_copy(&rebuild, i);
            continue;
        }
        int start = state_input(rebuild.to, graph, node);
        rebuild.map[i] =
            rebuild_delay(&rebuild, node->type, start, node->attr.axis, 1, node->in[0], node->span);
        vec_push(graph->arena, &carried, i);
    }
    Graph *result = rebuild_finish(&rebuild);
    for (int k = 0; k < carried.len; k++) {
        const Node *node = graph_node(graph, carried.at[k]);
        int axis = node->attr.axis, value = rebuild.map[node->in[0]];
        int final = graph_final(result, OP_FINAL, value, axis, 1, node->type.dim[axis], node->span);
        vec_push(result->arena, &result->outputs,
                 (Output){.role = ROLE_CARRIED,
                          .name = result->inputs.at[first + k].name,
                          .node = final,
                          .param = first + k});
    }
    return result;
}
