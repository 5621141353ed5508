#include "graph/grad.h"

#include "base/die.h"
#include "graph/grad_rules.h"

void grad_to(Grad *grad, int node, int operand, int contribution) {
    Graph *graph = grad->graph;
    int to = graph_node(graph, node)->in[operand];
    if (!grad->wanted[to]) return;
    int *sum = &grad->adjoint[to];
    Span span = graph_node(graph, to)->span;
    *sum = *sum < 0 ? contribution : graph_binary(graph, OP_ADD, *sum, contribution, span);
}

bool *graph_active(const Graph *graph) {
    bool *active = ARENA_ARRAY(graph->arena, bool, graph->nodes.len + 1);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < graph->nodes.len; i++) {
            const Node *node = graph_node(graph, i);
            bool now = node->op == OP_PARAM;
            for (int k = 0; k < node->count && grad_rules[node->op]; k++)
                now |= active[node->in[k]];
            if (now && !active[i]) active[i] = changed = true;
        }
    }
    return active;
}

/* Marks the nodes whose values flow into the loss. */
static void mark_reached(const Graph *graph, int loss, bool *reached) {
    reached[loss] = true;
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = graph->nodes.len - 1; i >= 0; i--) {
            const Node *node = graph_node(graph, i);
            for (int k = 0; k < node->count && reached[i] && grad_rules[node->op]; k++)
                if (!reached[node->in[k]]) reached[node->in[k]] = changed = true;
        }
    }
}

static bool *find_wanted(const Graph *graph, int loss) {
    int count = graph->nodes.len;
    bool *active = graph_active(graph);
    bool *wanted = ARENA_ARRAY(graph->arena, bool, count);
    mark_reached(graph, loss, wanted);
    for (int i = 0; i < count; i++) wanted[i] &= active[i];
    return wanted;
}

/* d = delay(x, init; +1), d_t = x_(t-1) : dx_t = dd_(t+1), zero past the end. So a DELAY of the
 * other direction, of a value that the walk is yet to find, is a part of dx from the start. */
static void open_delays(Grad *grad, int count) {
    Graph *graph = grad->graph;
    for (int i = 0; i < count; i++) {
        Node delay = *graph_node(graph, i);
        if (delay.op != OP_DELAY || !grad->wanted[i]) continue;
        int axis = delay.attr.axis;
        int zero = graph_const(graph, 0, type_without(delay.type, axis), delay.span);
        grad->opened[i] =
            graph_open_delay(graph, delay.type, zero, axis, -delay.attr.direction, delay.span);
        grad_to(grad, i, 0, grad->opened[i]);
    }
}

/* Calls the node `adjoint`, when it is new and nameless, after the value that it belongs to. */
static void name_adjoint(Grad *grad, int of, int adjoint, int count) {
    const char *name = graph_node(grad->graph, of)->name;
    Node *node = graph_node(grad->graph, adjoint);
    if (name && adjoint >= count && !node->name)
        node->name = arena_printf(grad->graph->arena, "d_%s", name);
}

static void walk_back(Grad *grad, int count) {
    Graph *graph = grad->graph;
    for (int i = count - 1; i >= 0; i--) {
        Node node = *graph_node(graph, i);
        if (!grad->wanted[i]) continue;
        int dy = grad->adjoint[i];
        if (dy < 0 && node.op == OP_DELAY) dy = graph_const(graph, 0, node.type, node.span);
        if (dy < 0) continue;
        name_adjoint(grad, i, dy, count);
        if (grad_rules[node.op]) grad_rules[node.op](grad, i, dy);
    }
}

/* The adjoint of parameter number `param`: that of its node, or zeros. */
static int param_gradient(Grad *grad, int param, int count) {
    Graph *graph = grad->graph;
    for (int i = 0; i < count; i++) {
        const Node *node = graph_node(graph, i);
        if (node->op == OP_PARAM && node->attr.index == param && grad->adjoint[i] >= 0)
            return grad->adjoint[i];
    }
    return graph_const(graph, 0, graph->params.at[param].type, graph->params.at[param].span);
}

static void add_gradient_outputs(Grad *grad, int count) {
    Graph *graph = grad->graph;
    for (int i = 0; i < graph->params.len; i++) {
        Output output = {.role = ROLE_GRADIENT, .name = graph->params.at[i].name, .param = i};
        output.node = param_gradient(grad, i, count);
        vec_push(graph->arena, &graph->outputs, output);
    }
}

/* ‖∂L/∂h_t‖ of the state that each DELAY carries, where it has one axis beside that of time. */
static void add_flow_outputs(Grad *grad, int count) {
    Graph *graph = grad->graph;
    for (int i = 0; i < count; i++) {
        Node delay = *graph_node(graph, i);
        if (delay.op != OP_DELAY || !delay.name || delay.attr.axis || delay.type.rank > 2) continue;
        int dy = grad->adjoint[delay.in[0]];
        if (!grad->wanted[delay.in[0]] || dy < 0) continue;
        int norm = graph_binary(graph, OP_MUL, dy, dy, delay.span);
        if (delay.type.rank == 2) norm = graph_reduce(graph, OP_SUM, norm, 1, delay.span);
        norm = graph_unary(graph, OP_SQRT, norm, delay.span);
        vec_push(graph->arena, &graph->outputs,
                 (Output){.role = ROLE_FLOW, .name = delay.name, .node = norm});
    }
}

static void differentiate(Graph *graph, int loss, bool flow) {
    int count = graph->nodes.len;
    Grad grad = {.graph = graph,
                 .adjoint = ARENA_ARRAY(graph->arena, int, count),
                 .opened = ARENA_ARRAY(graph->arena, int, count),
                 .wanted = find_wanted(graph, loss)};
    for (int i = 0; i < count; i++) grad.adjoint[i] = grad.opened[i] = -1;
    Node root = *graph_node(graph, loss);
    if (root.type.kind != TYPE_REAL || root.type.rank > 1) die("the loss is not a number a step");
    int seed = graph_leaf(graph, OP_SEED, type_real(0, NULL), (Attr){0}, root.span);
    grad.adjoint[loss] = graph_expand(graph, seed, root.type, 0, root.span);
    open_delays(&grad, count);
    walk_back(&grad, count);
    add_gradient_outputs(&grad, count);
    if (flow) add_flow_outputs(&grad, count);
}

void graph_differentiate(Graph *graph, int loss) { differentiate(graph, loss, false); }

void graph_differentiate_with_flow(Graph *graph, int loss) { differentiate(graph, loss, true); }
