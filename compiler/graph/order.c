#include <string.h>

#include "graph/rewrite.h"

/* order[k] is the axis of the old node that stands at place k of the new one. */
typedef struct {
    int at[MAX_RANK];
} Order;

static bool is_length(const Graph *g, Dim dim) { return g->syms.at[dim.sym].kind == SYM_LENGTH; }

/* The lengths of a type first, then all other axes, both as they stand. */
static Order order_of(const Graph *g, const Type *type) {
    Order order = {{0}};
    int next = 0;
    for (int lengths = 1; lengths >= 0; lengths--)
        for (int i = 0; i < type->rank; i++)
            if (is_length(g, type->dim[i]) == lengths) order.at[next++] = i;
    return order;
}

static Type ordered(const Graph *g, Type type) {
    Order order = order_of(g, &type);
    Type result = type;
    for (int i = 0; i < type.rank; i++) result.dim[i] = type.dim[order.at[i]];
    return result;
}

static int place_of(const Graph *g, const Type *type, int axis) {
    Order order = order_of(g, type);
    for (int i = 0; i < type->rank; i++)
        if (order.at[i] == axis) return i;
    return axis;
}

static void order_labels(const Graph *g, const Type *type, char *labels) {
    Order order = order_of(g, type);
    char old[MAX_LABELS];
    memcpy(old, labels, sizeof old);
    for (int i = 0; i < type->rank; i++) labels[i] = old[order.at[i]];
}

/* The value of `node` (of the new graph), which was of this type, with its axes as they stood; or
 * the other way: a product with 1, "ab,->ba". */
static int turned(Graph *g, int node, const Type *type, bool back, Span span) {
    char from[MAX_LABELS] = "", to[MAX_LABELS] = "";
    for (int i = 0; i < type->rank; i++) from[i] = to[i] = (char)('a' + i);
    order_labels(g, type, back ? from : to);
    if (strcmp(from, to) == 0) return node;
    int one = graph_const(g, 1, type_real(0, NULL), span);
    return graph_contract(g, node, one, from, "", to, span);
}

/* Selections are along the first axis, or the last: they see their operands as they stood. */
static int add_selection(Rebuild *rebuild, const Node *node) {
    int in[2];
    for (int k = 0; k < node->count; k++) {
        const Type *type = &graph_node(rebuild->from, node->in[k])->type;
        in[k] = turned(rebuild->to, rebuild->map[node->in[k]], type, true, node->span);
    }
    int result = graph_add_typed(rebuild->to, node->op, 2, in, node->attr, &node->type, node->span);
    return turned(rebuild->to, result, &node->type, false, node->span);
}

/* Attributes that name axes, of the operand or of the result. */
static Attr ordered_attr(const Graph *from, const Node *node) {
    Attr attr = node->attr;
    bool of_operand = op_info[node->op].class == OP_REDUCE || node->op == OP_FINAL;
    const Type *type = of_operand ? &graph_node(from, node->in[0])->type : &node->type;
    if (node->op == OP_CONTRACT) {
        order_labels(from, &graph_node(from, node->in[0])->type, attr.a);
        order_labels(from, &graph_node(from, node->in[1])->type, attr.b);
        order_labels(from, &node->type, attr.out);
    } else if (node->op == OP_EXPAND) {
        Order order = order_of(from, type);
        attr.kept = 0;
        for (int i = 0; i < type->rank; i++) attr.kept |= (node->attr.kept >> order.at[i] & 1) << i;
    } else if (op_info[node->op].class != OP_ELEMENTWISE && op_info[node->op].class != OP_LEAF) {
        attr.axis = place_of(from, type, attr.axis);
    }
    return attr;
}

static int add_ordered(Rebuild *rebuild, int i) {
    const Node *node = graph_node(rebuild->from, i);
    Attr attr = ordered_attr(rebuild->from, node);
    Type type = ordered(rebuild->from, node->type);
    if (node->op == OP_DELAY)
        return rebuild_delay(rebuild, type, rebuild->map[node->in[1]], attr.axis, attr.direction,
                             node->in[0], node->span);
    int *in = ARENA_ARRAY(rebuild->to->arena, int, node->count + 1);
    for (int k = 0; k < node->count; k++) in[k] = rebuild->map[node->in[k]];
    return graph_add_typed(rebuild->to, node->op, node->count, in, attr, &type, node->span);
}

Graph *order_axes(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        bool selects = node->op == OP_GATHER || node->op == OP_PICK;
        rebuild.map[i] = selects ? add_selection(&rebuild, node) : add_ordered(&rebuild, i);
    }
    return rebuild_finish(&rebuild);
}
