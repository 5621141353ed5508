/* Buffers: what must outlive the sweep that computes it, and which of them can share memory. */
#include "loop/program.h"

static bool reads_whole_row(const Program *program, int user) {
    Op op = graph_node(program->graph, user)->op;
    return op == OP_CONTRACT || op == OP_PICK || op == OP_CONCAT ||
           (op == OP_ARGMAX && !is_fold(program, user) && !is_line_reduction(program, user));
}

typedef struct {
    Program *program;
    int *last; /* the last phase that reads each node's buffer, -1 for none */
} Plan;

static void needs(Plan *plan, int node, int phase) {
    if (phase > plan->last[node]) plan->last[node] = phase;
}

static void read_by(Plan *plan, int user, Access access) {
    Program *program = plan->program;
    const Node *n = graph_node(program->graph, access.node);
    if (n->op == OP_ONEHOT) access.node = n->in[0];
    int from = program->kernel_of[access.node];
    if (from < 0) return;
    bool elsewhere = from != program->kernel_of[user] ||
                     program->stage_of[access.node] != program->stage_of[user];
    bool index = graph_node(program->graph, access.node)->type.kind == TYPE_INDEX;
    if (elsewhere || access.row != ROW_SAME || index || reads_whole_row(program, user))
        needs(plan, access.node, program->kernels.at[program->kernel_of[user]].phase);
}

static void find_readers(Plan *plan) {
    Program *program = plan->program;
    const Graph *g = program->graph;
    for (int i = 0; i < g->nodes.len; i++) {
        if (program->kernel_of[i] < 0) continue;
        if (is_fold(program, i)) needs(plan, i, 0);
        for (int k = 0; k < graph_node(g, i)->count; k++) {
            Access access = access_of(program, graph_node(g, i)->in[k]);
            read_by(plan, i, access);
            if (access.init < 0) continue;
            Access init = access_of(program, access.init);
            init.row = ROW_EXAMPLE;
            read_by(plan, i, init);
        }
    }
    for (int i = 0; i < g->outputs.len; i++) {
        int node = access_of(program, g->outputs.at[i].node).node;
        if (program->kernel_of[node] >= 0) needs(plan, node, program->phases);
    }
}

static const char *buffer_name(const Program *program, int node) {
    Graph *g = program->graph;
    const char *name = graph_node(g, node)->name;
    return name ? name : arena_printf(g->arena, "v%d", node);
}

/* An argmax over steps keeps two rows: where the highest value is, and the value. */
static bool two_rows(const Program *program, int node) {
    return is_fold(program, node) && graph_node(program->graph, node)->op == OP_ARGMAX;
}

static void make_buffers(Plan *plan) {
    Program *program = plan->program;
    Graph *g = program->graph;
    program->buffer_of = ARENA_ARRAY(g->arena, int, g->nodes.len + 1);
    for (int i = 0; i < g->nodes.len; i++) {
        program->buffer_of[i] = -1;
        if (program->kernel_of[i] < 0 || plan->last[i] < 0) continue;
        bool index = graph_node(g, i)->type.kind == TYPE_INDEX;
        Buffer buffer = {.node = i, .name = buffer_name(program, i), .space = program->space[i]};
        buffer.axis = program->axis[i];
        buffer.columns = program->columns[i];
        buffer.index = index && !is_fold(program, i);
        buffer.first = program->kernels.at[program->kernel_of[i]].phase;
        buffer.last = plan->last[i] > buffer.first ? plan->last[i] : buffer.first;
        program->buffer_of[i] = program->buffers.len;
        vec_push(g->arena, &program->buffers, buffer);
    }
}

/* Both take the same memory, for vectors of any width. */
static bool same_size(const Program *program, const Buffer *a, const Buffer *b) {
    return a->space == b->space && a->axis == b->axis && a->columns == b->columns &&
           a->index == b->index && two_rows(program, a->node) == two_rows(program, b->node);
}

/* Gives each buffer the first slot that is free over its life, of its own kind and width. */
static void share_slots(Program *program) {
    for (int i = 0; i < program->buffers.len; i++) {
        Buffer *buffer = &program->buffers.at[i];
        for (buffer->slot = 0;; buffer->slot++) {
            bool free = true;
            for (int j = 0; j < i && free; j++) {
                const Buffer *other = &program->buffers.at[j];
                if (other->slot != buffer->slot) continue;
                free = same_size(program, buffer, other) &&
                       (other->last < buffer->first || buffer->last < other->first);
            }
            if (free) break;
        }
        if (buffer->slot >= program->slots) program->slots = buffer->slot + 1;
    }
}

void plan_memory(Program *program) {
    Plan plan = {.program = program};
    plan.last = ARENA_ARRAY(program->graph->arena, int, program->graph->nodes.len + 1);
    for (int i = 0; i < program->graph->nodes.len; i++) plan.last[i] = -1;
    find_readers(&plan);
    make_buffers(&plan);
    share_slots(program);
}
