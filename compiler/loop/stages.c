/* Stages: the sweeps over columns that a kernel makes for its rows. What can be handed on in a
 * register is in one stage; what reads whole rows comes a level later. */
#include "graph/rewrite.h"
#include "loop/fuse.h"

typedef struct {
    int lines, columns;
    Order order;
} Sweep;

/* Reads whole rows (or lines) of its operand, not the number at its own place. */
static bool reads_rows(const Program *program, int node) {
    Op op = graph_node(program->graph, node)->op;
    return op == OP_PICK || (op == OP_ARGMAX && is_row_reduction(program, node) &&
                             !is_line_reduction(program, node));
}

static Sweep sweep_of(const Program *program, int node) {
    const Node *n = graph_node(program->graph, node);
    if (reads_rows(program, node)) return (Sweep){lines_of(program, n->in[0]), 1, ORDER_LINES};
    if (!is_row_reduction(program, node))
        return (Sweep){lines_of(program, node), width_of(program, node),
                       n->op == OP_CONTRACT ? ORDER_LINES : ORDER_ANY};
    return (Sweep){lines_of(program, n->in[0]), width_of(program, n->in[0]),
                   is_line_reduction(program, node) ? ORDER_COLUMNS : ORDER_LINES};
}

/* `user` can read `node` from a register: both are computed in one sweep over equal columns. */
static bool one_sweep(const Program *program, Dependence d, int user) {
    Op op = graph_node(program->graph, d.node)->op, its = graph_node(program->graph, user)->op;
    bool whole_row = its == OP_CONTRACT || its == OP_CONCAT || reads_rows(program, user);
    Sweep a = sweep_of(program, d.node), b = sweep_of(program, user);
    bool late = is_row_reduction(program, d.node) || is_fold(program, d.node) || op == OP_CONCAT ||
                is_wide_product(program->graph, graph_node(program->graph, d.node)) ||
                (op == OP_PICK && a.lines > 1) ||
                graph_node(program->graph, d.node)->type.kind == TYPE_INDEX;
    bool orders = a.order == ORDER_ANY || b.order == ORDER_ANY || a.order == b.order;
    return d.direct && !whole_row && !late && orders && a.lines == b.lines &&
           a.columns == b.columns;
}

/* The earliest level at which `node` can be computed. */
static int earliest(const Fuse *fuse, const int *level, int node) {
    const Dependences *reads = &fuse->reads[node];
    int result = 0;
    for (int k = 0; k < reads->len; k++) {
        Dependence d = reads->at[k];
        int kernel = fuse->program->kernel_of[node];
        if (fuse->program->kernel_of[d.node] != kernel) continue;
        if (d.row != ROW_SAME && !fuse->program->kernels.at[kernel].pairs &&
            !of_own_step(fuse, d, node, fuse->program->kernels.at[kernel].axis))
            continue;
        int at = level[d.node] + !one_sweep(fuse->program, d, node);
        if (at > result) result = at;
    }
    return result;
}

/* Moves products and their sums to the stage that uses them, so that they meet in one register. */
static void sink_products(const Fuse *fuse, const Kernel *kernel, int *level) {
    for (int i = kernel->nodes.len - 1; i >= 0; i--) {
        int node = kernel->nodes.at[i];
        Op op = graph_node(fuse->graph, node)->op;
        if (op != OP_CONTRACT && op != OP_ADD) continue;
        if (fuse->user_start[node + 1] - fuse->user_start[node] != 1) continue;
        int user = fuse->users[fuse->user_start[node]];
        if (graph_node(fuse->graph, user)->op != OP_ADD ||
            fuse->program->kernel_of[user] != fuse->program->kernel_of[node])
            continue;
        const Dependences *reads = &fuse->reads[user];
        for (int k = 0; k < reads->len; k++)
            if (reads->at[k].node == node && one_sweep(fuse->program, reads->at[k], user))
                level[node] = level[user];
    }
}

/* Moves what is computed from other kernels' rows alone to the one stage that uses it. */
static void sink_equations(const Fuse *fuse, const Kernel *kernel, int *level) {
    const int *kernel_of = fuse->program->kernel_of;
    for (int i = kernel->nodes.len - 1; i >= 0; i--) {
        int node = kernel->nodes.at[i];
        const Dependences *reads = &fuse->reads[node];
        bool moves =
            op_info[graph_node(fuse->graph, node)->op].class == OP_ELEMENTWISE && !fuse->kept[node];
        for (int k = 0; k < reads->len; k++)
            moves &= kernel_of[reads->at[k].node] != kernel_of[node];
        int target = -1;
        for (int u = fuse->user_start[node]; u < fuse->user_start[node + 1] && moves; u++) {
            int user = fuse->users[u];
            moves = kernel_of[user] == kernel_of[node] && (target < 0 || level[user] == target);
            target = level[user];
            for (int k = 0; k < fuse->reads[user].len; k++)
                if (fuse->reads[user].at[k].node == node)
                    moves &= one_sweep(fuse->program, fuse->reads[user].at[k], user);
        }
        if (moves && target > level[node]) level[node] = target;
    }
}

/* Has a stage to itself. */
static bool stands_alone(const Fuse *fuse, int node) {
    return graph_node(fuse->graph, node)->op == OP_CONCAT || product_of_pairs(fuse, node);
}

/* A stage of this level and shape whose order suits, or a new one. Work that could be done in any
 * order is all in the first, so that what it feeds does not come before it. Products that have left
 * a recurrence share theirs with those that left the same. */
static Stage *stage_for(Fuse *fuse, Kernel *kernel, int level, int axis, Sweep sweep, int node) {
    const int hoisted = node < 0 ? 0 : fuse->hoisted[node];
    const bool alone = node >= 0 && stands_alone(fuse, node);
    for (int s = 0; s < kernel->stages.len && !alone; s++) {
        Stage *stage = &kernel->stages.at[s];
        bool taken = stage->nodes.len && stands_alone(fuse, stage->nodes.at[0]);
        if (stage->level != level || stage->columns != sweep.columns || taken) continue;
        if (stage->lines != sweep.lines || stage->axis != axis) continue;
        if (stage->hoisted != hoisted) continue;
        if (stage->order && sweep.order && stage->order != sweep.order) continue;
        if (!stage->order) stage->order = sweep.order;
        return stage;
    }
    Stage stage = {.lines = sweep.lines, .columns = sweep.columns, .level = level};
    stage.order = sweep.order;
    stage.axis = axis;
    stage.hoisted = hoisted;
    vec_push(fuse->graph->arena, &kernel->stages, stage);
    return &kernel->stages.at[kernel->stages.len - 1];
}

/* Stages for products go first: what is added to them joins them. */
static void make_product_stages(Fuse *fuse, Kernel *kernel, const int *level, int l) {
    for (int i = 0; i < kernel->nodes.len; i++) {
        int node = kernel->nodes.at[i];
        if (level[node] != l || graph_node(fuse->graph, node)->op != OP_CONTRACT) continue;
        if (product_of_pairs(fuse, node)) continue;
        if (lines_of(fuse->program, node) > 1)
            stage_for(fuse, kernel, l, loop_axis(fuse, node), sweep_of(fuse->program, node), -1);
    }
}

void make_stages(Fuse *fuse, Kernel *kernel, int *level) {
    int top = 0;
    for (int i = 0; i < kernel->nodes.len; i++) {
        int node = kernel->nodes.at[i];
        level[node] = earliest(fuse, level, node);
    }
    sink_products(fuse, kernel, level);
    sink_equations(fuse, kernel, level);
    for (int i = 0; i < kernel->nodes.len; i++)
        if (level[kernel->nodes.at[i]] > top) top = level[kernel->nodes.at[i]];
    for (int l = 0; l <= top; l++) {
        make_product_stages(fuse, kernel, level, l);
        for (int i = 0; i < kernel->nodes.len; i++) {
            int node = kernel->nodes.at[i];
            if (level[node] != l) continue;
            Stage *stage = stage_for(fuse, kernel, l, loop_axis(fuse, node),
                                     sweep_of(fuse->program, node), node);
            stage->pairs = product_of_pairs(fuse, node);
            vec_push(fuse->graph->arena, &stage->nodes, node);
        }
    }
    for (int s = 0; s < kernel->stages.len; s++) {
        for (int i = 0; i < kernel->stages.at[s].nodes.len; i++)
            fuse->program->stage_of[kernel->stages.at[s].nodes.at[i]] = s;
    }
}

/* ---- lists of nodes ---- */

int place_in(const NodeList *list, int node) {
    for (int i = 0; i < list->len; i++)
        if (list->at[i] == node) return i;
    return -1;
}

void remove_node(NodeList *nodes, int node) {
    int kept = 0;
    for (int i = 0; i < nodes->len; i++)
        if (nodes->at[i] != node) nodes->at[kept++] = nodes->at[i];
    nodes->len = kept;
}
