/* Which nodes compute, and where the operands of those that do are found. */
#include "base/die.h"
#include "loop/program.h"

bool is_computed(const Graph *graph, int node) {
    Op op = graph_node(graph, node)->op;
    return op_info[op].class == OP_ELEMENTWISE || op == OP_GATHER || op == OP_CONTRACT ||
           op == OP_SUM || op == OP_MAX || op == OP_ARGMAX || op == OP_PICK || op == OP_CONCAT;
}

bool is_real_input(const Graph *graph, int node) {
    const Node *n = graph_node(graph, node);
    return n->op == OP_INPUT && n->type.kind == TYPE_REAL;
}

static bool reduces(const Node *node) {
    return node->op == OP_SUM || node->op == OP_MAX || node->op == OP_ARGMAX;
}

bool is_fold(const Program *program, int node) {
    const Node *n = graph_node(program->graph, node);
    if (!reduces(n) || program->space[n->in[0]] != SPACE_STEPS) return false;
    const Type *from = &graph_node(program->graph, n->in[0])->type;
    return n->attr.axis == step_axes(program->graph, from) - 1;
}

bool is_row_reduction(const Program *program, int node) {
    return reduces(graph_node(program->graph, node)) && !is_fold(program, node);
}

int buffer_of(const Program *program, int node) {
    int buffer = program->buffer_of[node];
    if (buffer < 0) die("%s: node %%%d has no buffer", program->name, node);
    return buffer;
}

int axis_parent(const Program *program, int axis) { return program->graph->syms.at[axis].parent; }

int levels_up(const Program *program, int axis, int to) {
    int levels = 0;
    for (; axis && axis != to; axis = axis_parent(program, axis)) levels++;
    return levels;
}

static void through_expand(const Program *program, const Node *expand, Access *access) {
    int from = expand->in[0], to = access->node;
    if (program->columns[from] == 1 && program->columns[to] > 1) access->splat = true;
    if (program->space[from] == SPACE_SHARED) {
        access->row = ROW_SHARED;
    } else if (program->axis[from] != program->axis[to]) {
        if (access->row != ROW_EXAMPLE) access->axis = program->axis[to];
        access->row = ROW_EXAMPLE;
        access->up += levels_up(program, program->axis[to], program->axis[from]);
    }
    access->node = from;
}

static void through_delay(const Program *program, const Node *delay, Access *access) {
    const Node *init = graph_node(program->graph, delay->in[1]);
    access->row = delay->attr.direction > 0 ? ROW_PREVIOUS : ROW_NEXT;
    access->axis = program->axis[access->node];
    access->init = init->op == OP_CONST && init->attr.value == 0 ? -1 : delay->in[1];
    access->node = delay->in[0];
}

Access access_of(const Program *program, int node) {
    Access access = {.node = node, .init = -1};
    if (program->space[node] == SPACE_SHARED) access.row = ROW_SHARED;
    for (;;) {
        const Node *n = graph_node(program->graph, access.node);
        switch (n->op) {
            case OP_SLICE:
                access.column += n->attr.start;
                access.node = n->in[0];
                break;
            case OP_RESHAPE:
                access.node = n->in[0];
                break;
            case OP_EXPAND:
                through_expand(program, n, &access);
                break;
            case OP_DELAY:
                through_delay(program, n, &access);
                break;
            case OP_FINAL:
                access.row = n->attr.direction > 0 ? ROW_LAST : ROW_FIRST;
                access.node = n->in[0];
                access.axis = program->axis[access.node];
                break;
            case OP_PLACE:
                access.axis = program->axis[access.node];
                access.row = n->attr.direction > 0 ? ROW_AT_LAST : ROW_AT_FIRST;
                access.node = n->in[0];
                break;
            default:
                return access;
        }
    }
}
