/* Which nodes compute, and where the operands of those that do are found. */
#include <string.h>

#include "base/die.h"
#include "graph/rewrite.h"
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

bool is_across(const Program *program, int node) {
    const Node *n = graph_node(program->graph, node);
    return reduces(n) && n->attr.axis == 0 && is_pair(program->axis[n->in[0]]);
}

bool is_row_reduction(const Program *program, int node) {
    return reduces(graph_node(program->graph, node)) && !is_fold(program, node) &&
           !is_across(program, node);
}

int steps_add(const Program *program, int node) {
    return step_add(program->graph, &graph_node(program->graph, node)->type);
}

bool same_access(const Access *a, const Access *b) {
    return a->node == b->node && a->row == b->row && a->column == b->column && a->line == b->line &&
           a->splat == b->splat && a->init == b->init && a->axis == b->axis && a->up == b->up &&
           a->by == b->by && a->add == b->add;
}

int buffer_of(const Program *program, int node) {
    int buffer = program->buffer_of[node];
    if (buffer < 0) die("%s: node %%%d has no buffer", program->name, node);
    return buffer;
}

int axis_parent(const Program *program, int axis) { return axis_outer(program->graph, axis); }

int levels_up(const Program *program, int axis, int to) {
    int levels = 0;
    for (; axis && axis != to; axis = axis_parent(program, axis)) levels++;
    return levels;
}

int inner_rank(const Program *program, int node) {
    const Type *type = &graph_node(program->graph, node)->type;
    return type->rank - step_axes(program->graph, type);
}

int lines_of(const Program *program, int node) {
    const Type *type = &graph_node(program->graph, node)->type;
    return inner_rank(program, node) < 2 ? 1 : type->dim[type->rank - 2].add;
}

int width_of(const Program *program, int node) {
    const Type *type = &graph_node(program->graph, node)->type;
    return inner_rank(program, node) < 1 ? 1 : size_of(program->graph, type->dim[type->rank - 1]);
}

bool is_line_reduction(const Program *program, int node) {
    const Node *n = graph_node(program->graph, node);
    if (!is_row_reduction(program, node) || lines_of(program, n->in[0]) == 1) return false;
    return n->attr.axis == graph_node(program->graph, n->in[0])->type.rank - 2;
}

/* The way from a reader through views to what they show: which of the axes within a row each of
 * the reader's two counts (line, column; -1: neither changes it), and where it begins along each.
 * Behind a RESHAPE there are no axes any more, only distances. */
typedef struct {
    const Program *program;
    Access access;
    int axis[2], start[MAX_RANK];
    bool flat;
    int distance[2];
} Walk;

/* From axes to distances in the contiguous row of the node at hand. */
static void flatten(Walk *walk) {
    if (walk->flat) return;
    const Node *n = graph_node(walk->program->graph, walk->access.node);
    int rank = inner_rank(walk->program, walk->access.node), distance = 1;
    for (int a = rank - 1; a >= 0; a--) {
        walk->access.column += walk->start[a] * distance;
        for (int r = 0; r < 2; r++)
            if (walk->axis[r] == a) walk->distance[r] = distance;
        if (a == 0) break; /* how large the outermost axis is matters to none */
        int size = size_of(walk->program->graph, n->type.dim[n->type.rank - rank + a]);
        distance = is_length(size) ? size : distance * size;
    }
    walk->flat = true;
}

static void through_slice(Walk *walk, const Node *slice) {
    int from = slice->in[0], rank = inner_rank(walk->program, from);
    int axis = slice->attr.axis - (graph_node(walk->program->graph, from)->type.rank - rank);
    if (!walk->flat)
        walk->start[axis] += slice->attr.start;
    else /* along the first axis: pack has seen to it */
        walk->access.column += slice->attr.start * (rank < 2 ? 1 : width_of(walk->program, from));
    walk->access.node = from;
}

/* Where the rows of what an EXPAND repeats are. */
static void row_of_expanded(const Program *program, const Node *expand, int to, Access *access) {
    int from = expand->in[0], axis = program->axis[to];
    if (program->space[from] == SPACE_SHARED) {
        access->row = ROW_SHARED;
    } else if (program->axis[from] != axis) {
        if (access->row == ROW_OTHER) /* to the example: the same way from either of a pair */
            access->up = 1;
        else if (access->row != ROW_EXAMPLE)
            access->axis = axis;
        bool other = is_pair(axis) && (expand->attr.kept & 3) == 2;
        access->row = other ? ROW_OTHER : ROW_EXAMPLE;
        if (!other) access->up += levels_up(program, axis, program->axis[from]);
    }
}

static void through_expand(Walk *walk, const Node *expand) {
    const Program *program = walk->program;
    int from = expand->in[0], node = walk->access.node, inner = 0;
    int before = expand->type.rank - inner_rank(program, node);
    int ours = graph_node(program->graph, from)->type.rank - inner_rank(program, from);
    int to[MAX_RANK], start[MAX_RANK] = {0};
    if (is_wide(program->graph, &expand->type) && expand->attr.kept & 4) {
        walk->access.row = ROW_COLUMNS;
        walk->access.node = from;
        walk->flat = true;
        return;
    }
    row_of_expanded(program, expand, node, &walk->access);
    for (int a = 0; a < expand->type.rank; a++) {
        bool kept = expand->attr.kept >> a & 1;
        int lands = kept ? inner++ - ours : -1;
        if (a < before) continue;
        to[a - before] = lands;
        if (lands >= 0) start[lands] = walk->start[a - before];
    }
    for (int r = 0; r < 2 && !walk->flat; r++)
        if (walk->axis[r] >= 0) walk->axis[r] = to[walk->axis[r]];
    memcpy(walk->start, start, sizeof start);
    walk->access.node = from;
}

static void through_delay(const Program *program, const Node *delay, Access *access) {
    const Node *init = graph_node(program->graph, delay->in[1]);
    access->row = delay->attr.direction > 0 ? ROW_PREVIOUS : ROW_NEXT;
    access->axis = program->axis[access->node];
    access->add = steps_add(program, access->node);
    access->init = init->op == OP_CONST && init->attr.value == 0 ? -1 : delay->in[1];
    access->node = delay->in[0];
}

/* From the first step on, the steps of a sequence that is as long are in the same rows. */
static void through_shift(const Program *program, const Node *shift, Access *access) {
    int add = steps_add(program, access->node), from = steps_add(program, shift->in[0]);
    access->node = shift->in[0];
    if (shift->attr.start == 0 && add <= from) return;
    access->row = ROW_SHIFTED;
    access->axis = program->axis[access->node];
    access->by = shift->attr.start;
    access->add = from;
}

static bool through_view(Walk *walk) {
    Access *access = &walk->access;
    const Node *n = graph_node(walk->program->graph, access->node);
    switch (n->op) {
        case OP_SLICE:
            through_slice(walk, n);
            return true;
        case OP_RESHAPE:
            flatten(walk);
            access->node = n->in[0];
            return true;
        case OP_EXPAND:
            through_expand(walk, n);
            return true;
        case OP_DELAY:
            through_delay(walk->program, n, access);
            return true;
        case OP_SHIFT:
            through_shift(walk->program, n, access);
            return true;
        case OP_FINAL:
            access->row = n->attr.direction > 0 ? ROW_LAST : ROW_FIRST;
            access->add = steps_add(walk->program, n->in[0]);
            access->node = n->in[0];
            access->axis = walk->program->axis[access->node];
            return true;
        case OP_PLACE:
            access->axis = walk->program->axis[access->node];
            access->row = n->attr.direction > 0 ? ROW_AT_LAST : ROW_AT_FIRST;
            access->add = steps_add(walk->program, access->node);
            access->node = n->in[0];
            return true;
        default:
            return false;
    }
}

Access access_of(const Program *program, int node) {
    Walk walk = {.program = program, .access = {.node = node, .init = -1}};
    int rank = inner_rank(program, node);
    if (program->space[node] == SPACE_SHARED) walk.access.row = ROW_SHARED;
    walk.axis[0] = rank < 2 ? -1 : rank - 2;
    walk.axis[1] = rank - 1;
    while (through_view(&walk)) continue;
    flatten(&walk);
    walk.access.line = walk.distance[0];
    walk.access.splat = !walk.distance[1] && width_of(program, node) > 1;
    return walk.access;
}

bool is_same_place(const Program *program, int node, Access access) {
    return access.row == ROW_SAME && !access.column && !access.splat &&
           lines_of(program, node) == lines_of(program, access.node) &&
           width_of(program, node) == width_of(program, access.node) &&
           (lines_of(program, node) == 1 || access.line == width_of(program, node));
}

bool is_mostly_zero(const Program *program, int node) {
    const Node *n = graph_node(program->graph, node);
    if (n->op == OP_ONEHOT) return program->axis[node] != program->axis[n->in[0]];
    if (n->op != OP_MUL) return false;
    for (int k = 0; k < n->count; k++) {
        Access access = access_of(program, n->in[k]);
        if (is_same_place(program, n->in[k], access) && is_mostly_zero(program, access.node))
            return true;
    }
    return false;
}

bool is_frozen(const Program *train, int param) {
    for (int i = 0; i < train->reductions.len; i++)
        if (train->reductions.at[i].param == param) return false;
    return true;
}

bool is_sparse(const Program *train, int param) {
    for (int i = 0; i < train->reductions.len; i++) {
        const Reduction *r = &train->reductions.at[i];
        if (r->param == param && r->kind != REDUCE_SCATTER) return false;
    }
    return !is_frozen(train, param);
}
