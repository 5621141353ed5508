/* What a kernel costs: its arithmetic and the memory it touches, for one of its rows. */
#include "graph/rewrite.h"
#include "loop/program.h"

typedef struct {
    const Program *program;
    const double *words;
    int kernel;
    const Stage *stage;
    Cost cost;
    VEC(Access) read; /* each counts once a row */
} Count;

enum { BYTES = 4 };

static double count_of(const Count *count, int size) {
    if (is_length(size)) return count->words[count->program->graph->inputs.len + size - LENGTH_OF];
    return is_vocabulary(size) ? count->words[vocabulary_of(size)] : size;
}

static double columns_of(const Count *count, int node) {
    const Program *p = count->program;
    return count_of(count, p->columns[node]) *
           (is_length(p->columns[node]) ? lines_of(p, node) : 1);
}

static bool was_read(Count *count, const Access *access) {
    for (int i = 0; i < count->read.len; i++)
        if (count->read.at[i].node == access->node && count->read.at[i].row == access->row)
            return true;
    vec_push(count->program->graph->arena, &count->read, *access);
    return false;
}

/* Whether a value has rows in memory: those that a tile alone has are in the first-level cache. */
static bool has_rows(const Program *p, int node) {
    const int buffer = p->buffer_of[node];
    return buffer >= 0 && !p->buffers.at[buffer].brief;
}

/* Reads an operand unless the stage has just computed it. */
static void read_operand(Count *count, Access access) {
    const Program *p = count->program;
    int stage = (int)(count->stage - p->kernels.at[count->kernel].stages.at);
    bool here = access.row == ROW_SAME && p->kernel_of[access.node] == count->kernel &&
                p->stage_of[access.node] == stage;
    bool in_rows = has_rows(p, access.node) || is_real_input(p->graph, access.node);
    if (here || !in_rows || was_read(count, &access)) return;
    count->cost.bytes += BYTES * columns_of(count, access.node);
}

/* A product of values of pairs: each of those once with a row of the other operand. */
static void count_pairs(Count *count, const Node *product, int node) {
    const Program *p = count->program;
    bool scores = is_length(p->columns[node]);
    int pairs = scores ? node : product->in[0], rows = scores ? product->in[0] : node;
    count->cost.products += 2 * columns_of(count, pairs) * width_of(p, rows);
    for (int k = 0; k < product->count; k++) read_operand(count, access_of(p, product->in[k]));
}

static void count_node(Count *count, int node) {
    const Program *p = count->program;
    const Node *n = graph_node(p->graph, node);
    if (has_rows(p, node)) count->cost.bytes += BYTES * columns_of(count, node);
    if (n->op == OP_GATHER) count->cost.bytes += BYTES * columns_of(count, node);
    if (is_wide_product(p->graph, n)) count_pairs(count, n, node);
    if (n->op == OP_CONTRACT) return; /* its accumulator counts */
    for (int k = 0; k < n->count; k++) read_operand(count, access_of(p, n->in[k]));
    if (op_info[n->op].class == OP_ELEMENTWISE)
        count->cost.others += columns_of(count, node);
    else if (op_info[n->op].class == OP_REDUCE && n->count)
        count->cost.others += columns_of(count, n->in[0]);
}

static void count_accumulator(Count *count, const Accumulator *sum) {
    double columns = columns_of(count, sum->node);
    for (int i = 0; i < sum->products.len; i++) {
        const Product *product = &sum->products.at[i];
        double depth = count_of(count, product->depth);
        count->cost.products += 2 * depth * columns;
        count->cost.weights += BYTES * depth * columns;
        read_operand(count, product->operand);
    }
    if (sum->start >= 0) read_operand(count, access_of(count->program, sum->start));
    for (int i = 0; i < sum->others.len; i++) {
        read_operand(count, access_of(count->program, sum->others.at[i]));
        count->cost.others += columns;
    }
}

static void count_stage(Count *count, int s) {
    const Stage *stage = &count->program->kernels.at[count->kernel].stages.at[s];
    count->stage = stage;
    for (int i = 0; i < stage->nodes.len; i++) count_node(count, stage->nodes.at[i]);
    for (int i = 0; i < stage->accumulators.len; i++)
        count_accumulator(count, &stage->accumulators.at[i]);
}

Cost kernel_cost(const Program *program, int kernel, const double *words) {
    Count count = {.program = program, .words = words, .kernel = kernel};
    const Kernel *k = &program->kernels.at[kernel];
    for (int s = 0; s < k->stages.len; s++)
        if (!k->stages.at[s].moves_in) count_stage(&count, s);
    return count.cost;
}

Cost stage_cost(const Program *program, int kernel, int stage, const double *words) {
    Count count = {.program = program, .words = words, .kernel = kernel};
    count_stage(&count, stage);
    return count.cost;
}

/* Of an operand that several sums have in common a row is read once, as they read it. */
Cost sums_cost(const Program *program, int axis, const double *words) {
    Count count = {.program = program, .words = words, .kernel = -1};
    for (int i = 0; i < program->reductions.len; i++) {
        const Reduction *r = &program->reductions.at[i];
        if ((program->space[r->a] == SPACE_STEPS ? program->axis[r->a] : 0) != axis) continue;
        double rows = count_of(&count, r->rows), columns = count_of(&count, r->columns);
        if (r->kind == REDUCE_OUTER) count.cost.products += 2 * rows * columns;
        if (r->kind != REDUCE_OUTER) count.cost.others += columns;
        if (r->kind == REDUCE_SCATTER) count.cost.bytes += 2 * BYTES * columns;
        const int operands[] = {r->a, r->kind == REDUCE_OUTER ? r->b : -1};
        for (int k = 0; k < 2 && operands[k] >= 0; k++) {
            Access access = access_of(program, operands[k]);
            if (!was_read(&count, &access))
                count.cost.bytes += BYTES * columns_of(&count, operands[k]);
        }
    }
    return count.cost;
}
