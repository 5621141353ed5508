#include <string.h>

#include "graph/step.h"

/* Stands for minus infinity, where a maximum is taken of what is masked. */
static const double low = -1e30;

int own_axis(const Type *type, int sequence) {
    for (int i = 0; i < type->rank; i++)
        if (type->dim[i].sym == sequence) return i;
    return -1;
}

int past_axis(const Type *type, int sequence) {
    int own = own_axis(type, sequence);
    for (int i = own + 1; own >= 0 && i < type->rank; i++)
        if (type->dim[i].sym == sequence) return i;
    return -1;
}

static const Type *type_of(const Graph *g, int node) { return &graph_node(g, node)->type; }

char own_label(const Graph *g, const Node *node, int sequence) {
    const char *labels[3] = {node->attr.out, node->attr.a, node->attr.b};
    char own = 0;
    for (int i = 0; i < 3; i++) {
        const Type *type = i ? type_of(g, node->in[i - 1]) : &node->type;
        int axis = own_axis(type, sequence);
        if (axis < 0) continue;
        if (past_axis(type, sequence) >= 0) return labels[i][axis];
        if (!own) own = labels[i][axis];
    }
    return own;
}

/* The axis of an EXPAND's result that axis number `axis` of its operand becomes. */
static int expanded_axis(const Node *expand, int axis) {
    for (int i = 0; i < expand->type.rank; i++)
        if (expand->attr.kept >> i & 1 && axis-- == 0) return i;
    return -1;
}

bool reads_past(const Graph *g, const Node *node, int k, int sequence) {
    const Type *type = type_of(g, node->in[k]);
    int axis = own_axis(type, sequence);
    if (axis < 0 || past_axis(type, sequence) >= 0) return false;
    if (node->op == OP_CONTRACT)
        return (k ? node->attr.b : node->attr.a)[axis] != own_label(g, node, sequence);
    return node->op == OP_EXPAND && expanded_axis(node, axis) != own_axis(&node->type, sequence);
}

/* ---- behind the step ---- */

static Future value(double number) { return (Future){true, number}; }

/* Whether a node is the position of a step, the own one or (past) any. */
static bool is_position(const Graph *g, int node, bool past, int sequence) {
    const Node *n = graph_node(g, node);
    return n->op == OP_EXPAND && graph_node(g, n->in[0])->op == OP_POSITION &&
           own_axis(type_of(g, n->in[0]), sequence) >= 0 && reads_past(g, n, 0, sequence) == past;
}

static Future future_of(const Graph *g, int i, const Future *known, int sequence) {
    const Node *n = graph_node(g, i);
    const Future none = {0};
    const Future *in[3] = {&none, &none, &none};
    for (int k = 0; k < n->count && k < 3; k++) in[k] = &known[n->in[k]];
    switch (n->op) {
        case OP_CONST:
            return value(n->attr.value);
        case OP_EXPAND:
            return past_axis(&n->type, sequence) < 0 ||
                           past_axis(type_of(g, n->in[0]), sequence) >= 0 ||
                           graph_node(g, n->in[0])->op == OP_CONST
                       ? *in[0]
                       : none;
        case OP_LESS: /* the own position is less than any behind it */
            if (is_position(g, n->in[0], false, sequence) &&
                is_position(g, n->in[1], true, sequence))
                return value(1);
            if (is_position(g, n->in[0], true, sequence) &&
                is_position(g, n->in[1], false, sequence))
                return value(0);
            return none;
        case OP_SELECT:
            return !in[0]->known ? none : in[0]->value != 0 ? *in[1] : *in[2];
        case OP_MUL:
            if (in[1]->known && in[1]->value == 0) return value(0);
            return in[0]->known && in[0]->value == 0 ? value(0) : none;
        case OP_DIV:
            return in[0]->known && in[0]->value == 0 ? value(0) : none;
        default:
            return none;
    }
}

Future *known_future(const Graph *g, int sequence) {
    Future *known = ARENA_ARRAY(g->arena, Future, g->nodes.len + 1);
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *n = graph_node(g, i);
        if (n->op != OP_DELAY) known[i] = future_of(g, i, known, sequence);
    }
    return known;
}

static bool is_zero(const Future *future) { return future->known && future->value == 0; }

/* A maximum is over the step itself too, which is larger than what stands for minus infinity. */
static bool is_low(const Future *future) { return future->known && future->value <= low; }

bool needs_future(const Graph *g, int i, const Future *known, int sequence) {
    const Node *n = graph_node(g, i);
    int past = n->count ? past_axis(type_of(g, n->in[0]), sequence) : -1;
    if (n->op == OP_SUM) return n->attr.axis == past && past >= 0 && !is_zero(&known[n->in[0]]);
    if (n->op == OP_MAX) return n->attr.axis == past && past >= 0 && !is_low(&known[n->in[0]]);
    if (n->op != OP_CONTRACT) return false;
    for (int k = 0; k < 2; k++) {
        int axis = past_axis(type_of(g, n->in[k]), sequence);
        if (axis < 0) continue;
        char label = (k ? n->attr.b : n->attr.a)[axis];
        if (!strchr(n->attr.out, label))
            return !is_zero(&known[n->in[0]]) && !is_zero(&known[n->in[1]]);
    }
    return false;
}
