#include "graph/rewrite.h"

typedef struct {
    Rebuild rebuild;
    const int *uses;
    const bool *shared;
} Rotate;

/* Whether delay(W @ x) = W @ delay(x): the product's weight is shared, and there already. */
static bool moves_through(const Rotate *rotate, const Node *node, int axis) {
    return node->op == OP_CONTRACT && rotate->shared[node->in[1]] && !rotate->shared[node->in[0]] &&
           rotate->rebuild.map[node->in[1]] >= 0 && node->attr.a[axis] == node->attr.out[axis];
}

/* delay(x) in the new graph, for the old x: moved towards the operands as far as it goes. */
static int delayed(Rotate *rotate, int x, int axis, int direction, Span span) {
    Graph *from = rotate->rebuild.from, *to = rotate->rebuild.to;
    const Node *node = graph_node(from, x);
    bool alone = rotate->uses[x] == 1;
    if (alone && node->op == OP_ADD) {
        int a = delayed(rotate, node->in[0], axis, direction, span);
        int b = delayed(rotate, node->in[1], axis, direction, span);
        return graph_binary(to, OP_ADD, a, b, span);
    }
    if (alone && moves_through(rotate, node, axis)) {
        int a = delayed(rotate, node->in[0], axis, direction, span);
        return graph_add(to, OP_CONTRACT, 2, (int[]){a, rotate->rebuild.map[node->in[1]]},
                         node->attr, node->span);
    }
    int zero = graph_const(to, 0, type_without(node->type, axis), span);
    return rebuild_delay(&rotate->rebuild, node->type, zero, axis, direction, x, span);
}

/* shift(x) in the new graph, for what the old x has become: moved in the same way. */
static int shifted(Rotate *rotate, int x, const Attr *attr, Dim length, Span span) {
    Graph *from = rotate->rebuild.from, *to = rotate->rebuild.to;
    const Node *node = graph_node(from, x);
    bool alone = rotate->uses[x] == 1;
    if (alone && node->op == OP_ADD) {
        int a = shifted(rotate, node->in[0], attr, length, span);
        int b = shifted(rotate, node->in[1], attr, length, span);
        return graph_binary(to, OP_ADD, a, b, span);
    }
    if (alone && moves_through(rotate, node, attr->axis)) {
        int a = shifted(rotate, node->in[0], attr, length, span);
        return graph_add(to, OP_CONTRACT, 2, (int[]){a, rotate->rebuild.map[node->in[1]]},
                         node->attr, node->span);
    }
    return graph_shift(to, rotate->rebuild.map[x], attr->axis, attr->start, length, span);
}

static bool starts_from_zero(const Graph *graph, const Node *delay) {
    const Node *init = graph_node(graph, delay->in[1]);
    return init->op == OP_CONST && init->attr.value == 0 && init->type.kind == TYPE_REAL;
}

Graph *rotate(Graph *graph) {
    Rotate rotate = {.rebuild = rebuild_new(graph)};
    bool *live = graph_live(graph);
    rotate.uses = graph_uses(graph, live);
    rotate.shared = graph_shared(graph);
    /* Leaves and slices of them first: products that move may need them early. */
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        bool leaf = op_info[node->op].class == OP_LEAF ||
                    (node->op == OP_SLICE && rotate.rebuild.map[node->in[0]] >= 0);
        if (live[i] && leaf) rotate.rebuild.map[i] = rebuild_copy(&rotate.rebuild, i);
    }
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        if (!live[i] || rotate.rebuild.map[i] >= 0) continue;
        if (node->op == OP_STOP) {
            rotate.rebuild.map[i] = rotate.rebuild.map[node->in[0]];
            continue;
        }
        if (node->op == OP_SHIFT) {
            Dim length = node->type.dim[node->attr.axis];
            rotate.rebuild.map[i] = shifted(&rotate, node->in[0], &node->attr, length, node->span);
            continue;
        }
        rotate.rebuild.map[i] =
            node->op == OP_DELAY && starts_from_zero(graph, node)
                ? delayed(&rotate, node->in[0], node->attr.axis, node->attr.direction, node->span)
                : rebuild_copy(&rotate.rebuild, i);
    }
    return rebuild_finish(&rotate.rebuild);
}
