/* Buffers: what must outlive the sweep that computes it, and which of them can share memory. */
#include "loop/program.h"

static bool reads_whole_row(const Program *program, int user) {
    Op op = graph_node(program->graph, user)->op;
    return op == OP_CONTRACT || op == OP_PICK || op == OP_CONCAT ||
           (op == OP_ARGMAX && !is_fold(program, user) && !is_line_reduction(program, user));
}

typedef struct {
    Program *program;
    int *last;  /* the last phase that reads each node's buffer, -1 for none */
    bool *kept; /* read by products that a loop takes in: not written over */
} Plan;

static void needs(Plan *plan, int node, int phase) {
    if (phase > plan->last[node]) plan->last[node] = phase;
}

static void read_by(Plan *plan, int user, int stage, Access access) {
    Program *program = plan->program;
    const Node *n = graph_node(program->graph, access.node);
    if (n->op == OP_ONEHOT) access.node = n->in[0];
    int from = program->kernel_of[access.node];
    if (from < 0) return;
    bool elsewhere =
        from != program->kernel_of[user] || !is_computed_in(program, stage, access.node);
    bool index = graph_node(program->graph, access.node)->type.kind == TYPE_INDEX;
    if (elsewhere || access.row != ROW_SAME || index || reads_whole_row(program, user))
        needs(plan, access.node, program->kernels.at[program->kernel_of[user]].phase);
}

/* What a node reads in one of the stages that compute it. */
static void find_read(Plan *plan, int node, int stage) {
    const Program *program = plan->program;
    const Node *n = graph_node(program->graph, node);
    for (int k = 0; k < n->count; k++) {
        Access access = access_of(program, n->in[k]);
        read_by(plan, node, stage, access);
        if (access.init < 0) continue;
        Access init = access_of(program, access.init);
        init.row = ROW_EXAMPLE;
        read_by(plan, node, stage, init);
    }
}

/* A loop that takes products in reads their operands. */
static void find_taken(Plan *plan, const Kernel *kernel, const Stage *stage) {
    for (int t = 0; t < stage->taken.len; t++) {
        const Taken *taken = &stage->taken.at[t];
        const Stage *from = &plan->program->kernels.at[taken->kernel].stages.at[taken->stage];
        for (int i = 0; i < from->accumulators.len; i++)
            for (int p = 0; p < from->accumulators.at[i].products.len; p++) {
                int node = from->accumulators.at[i].products.at[p].operand.node;
                plan->kept[node] = true;
                if (plan->program->kernel_of[node] >= 0) needs(plan, node, kernel->phase);
            }
    }
}

static int stages_around(const Program *program, int node) {
    return program->kernels.at[program->kernel_of[node]].stages.len;
}

static void find_readers(Plan *plan) {
    Program *program = plan->program;
    const Graph *g = program->graph;
    for (int i = 0; i < g->nodes.len; i++) {
        if (program->kernel_of[i] < 0) continue;
        if (is_fold(program, i)) needs(plan, i, 0);
        if (!program->repeated[i]) find_read(plan, i, program->stage_of[i]);
        for (int s = 0; program->repeated[i] && s < stages_around(program, i); s++)
            if (is_computed_in(program, s, i)) find_read(plan, i, s);
    }
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++)
            find_taken(plan, &program->kernels.at[k], &program->kernels.at[k].stages.at[s]);
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

/* Whether a kernel is done with a few rows before it goes on to the next. */
static bool goes_by_tiles(const Kernel *kernel) {
    bool tiles = !kernel->pairs;
    for (int s = 0; s < kernel->stages.len; s++)
        tiles &= kernel->stages.at[s].tiles == TILES_BY_ROWS &&
                 kernel->stages.at[s].axis == kernel->axis;
    return tiles;
}

/* Whether `user` reads nothing of the node but from its own row. */
static bool reads_own_row(const Program *program, int user, int node) {
    const Node *n = graph_node(program->graph, user);
    for (int k = 0; k < n->count; k++) {
        const Access access = access_of(program, n->in[k]);
        const bool delayed = access.init >= 0 && access_of(program, access.init).node == node;
        if (delayed || (access.node == node && access.row != ROW_SAME)) return false;
    }
    return true;
}

/* Whether all that reads a value does so while its kernel is at the same few rows. */
static bool is_brief(const Program *program, const Buffer *buffer) {
    const int kernel = program->kernel_of[buffer->node];
    bool brief = buffer->first == buffer->last && !buffer->index && !buffer->local &&
                 buffer->axis == program->kernels.at[kernel].axis &&
                 buffer->space == program->kernels.at[kernel].space &&
                 !is_fold(program, buffer->node) && goes_by_tiles(&program->kernels.at[kernel]);
    for (int i = 0; brief && i < program->graph->nodes.len; i++)
        if (program->kernel_of[i] >= 0) brief = reads_own_row(program, i, buffer->node);
    return brief;
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
        buffer.local = is_length(buffer.columns) && buffer.last == buffer.first &&
                       program->kernels.at[program->kernel_of[i]].pairs;
        buffer.brief = is_brief(program, &buffer);
        program->buffer_of[i] = program->buffers.len;
        vec_push(g->arena, &program->buffers, buffer);
    }
}

/* Both take the same memory, for vectors of any width. */
static bool same_size(const Program *program, const Buffer *a, const Buffer *b) {
    return a->space == b->space && a->axis == b->axis && a->columns == b->columns &&
           lines_of(program, a->node) == lines_of(program, b->node) && a->index == b->index &&
           a->local == b->local && a->brief == b->brief &&
           two_rows(program, a->node) == two_rows(program, b->node);
}

/* `user`, in a stage of its kernel, reads no number of `from` behind the one that `to` is written
 * over in that stage. */
static bool reads_before(const Program *program, int user, int operand, Access access, int to) {
    int stage = program->stage_of[to];
    if (!reads_in_place(program, user, operand, access)) /* whole rows: in stages before */
        return program->kernel_of[user] == program->kernel_of[to] && access.row == ROW_SAME &&
               !program->repeated[user] && program->stage_of[user] < stage;
    for (int s = stage; s < stages_around(program, user); s++)
        if (is_computed_in(program, s, user) && (s > stage || user > to)) return false;
    return true;
}

/* A long row of the one can be written over that of the other, number by number: all that reads
 * `from` has read it by then. */
static bool in_place(const Program *program, const Buffer *from, const Buffer *to) {
    const Graph *g = program->graph;
    bool elementwise = op_info[graph_node(g, to->node)->op].class == OP_ELEMENTWISE;
    if (program->kernel_of[from->node] != program->kernel_of[to->node] || !elementwise ||
        from->last != to->first || lines_of(program, to->node) > 1 ||
        size_for(g, to->columns, -1) < LONG_ROW)
        return false;
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *n = graph_node(g, i);
        for (int k = 0; k < n->count && program->kernel_of[i] >= 0; k++) {
            Access access = access_of(program, n->in[k]);
            if (access.init >= 0 && access_of(program, access.init).node == from->node)
                return false;
            if (access.node == from->node && !reads_before(program, i, n->in[k], access, to->node))
                return false;
        }
    }
    return program->stage_of[from->node] < program->stage_of[to->node];
}

/* What a node reads of another: -1 nothing, 0 more than the number at its own place, in one way. */
static int way_of_reading(const Program *program, int user, int node, Access *way) {
    const Node *n = graph_node(program->graph, user);
    int reads = -1;
    for (int k = 0; k < n->count; k++) {
        Access access = access_of(program, n->in[k]);
        Access init = {.node = -1};
        if (access.init >= 0) init = access_of(program, access.init);
        if (graph_node(program->graph, access.node)->op == OP_ONEHOT)
            access.node = graph_node(program->graph, access.node)->in[0];
        if (access.node != node && init.node != node) continue;
        bool plain = access.node == node && init.node < 0 && !access.add &&
                     op_info[n->op].class == OP_ELEMENTWISE &&
                     is_same_place(program, n->in[k], access);
        if (way->node < 0) *way = access;
        if (!plain || !same_access(way, &access)) return 0;
        reads = 1;
    }
    return reads;
}

/* All that `user` reads of `node` was read when stage s of its kernel begins with the same rows. */
static bool read_in_stage_before(const Program *program, int user, int node, int s) {
    const Node *n = graph_node(program->graph, user);
    bool rows = !program->kernels.at[program->kernel_of[user]].pairs; /* of other rows, too */
    if (program->repeated[user] || program->stage_of[user] >= s) return false;
    for (int k = 0; k < n->count && rows; k++) {
        Access access = access_of(program, n->in[k]);
        if (access.init >= 0 && access_of(program, access.init).node == node) return false;
        if (graph_node(program->graph, access.node)->op == OP_ONEHOT) return false;
        if (access.node == node && access.row != ROW_SAME) return false;
    }
    return true;
}

/* Whether `next` may be written over `old`: all that still reads the old value is computed in
 * stages before, or in the same from the number at its own place, and one of them not after the new
 * one, so that the number is in a register by then. */
static bool writes_over(const Program *program, const Buffer *old, const Buffer *next) {
    const Node *n = graph_node(program->graph, next->node);
    int kernel = program->kernel_of[next->node], s = program->stage_of[next->node];
    const Stage *stage = &program->kernels.at[kernel].stages.at[s];
    int place = place_in(&stage->nodes, next->node);
    bool read = false, before = false, inside = false;
    Access way = {.node = -1};
    if (old->last != next->first || place < 0 || program->repeated[next->node]) return false;
    if (old->index || (op_info[n->op].class != OP_ELEMENTWISE && n->op != OP_CONTRACT))
        return false;
    for (int i = 0; i < program->graph->nodes.len; i++) {
        int its = program->kernel_of[i];
        if (its < 0 || program->kernels.at[its].phase != old->last) continue;
        int reads = way_of_reading(program, i, old->node, &way);
        if (reads < 0) continue;
        if (its == kernel && read_in_stage_before(program, i, old->node, s)) {
            before = true;
            continue;
        }
        inside = true;
        int at = its == kernel && program->stage_of[i] == s ? place_in(&stage->nodes, i) : -1;
        if (!reads || at < 0 || program->repeated[i]) return false;
        read |= at <= place;
    }
    return inside ? read : before;
}

static bool written_over(const Plan *plan, const Buffer *old, const Buffer *next) {
    const Program *program = plan->program;
    return !plan->kept[old->node] && !plan->kept[next->node] &&
           (in_place(program, old, next) || in_place(program, next, old) ||
            writes_over(program, old, next));
}

/* Gives each buffer the first slot that is free over its life, of its own kind and width. */
static void share_slots(Plan *plan) {
    Program *program = plan->program;
    for (int i = 0; i < program->buffers.len; i++) {
        Buffer *buffer = &program->buffers.at[i];
        for (buffer->slot = 0;; buffer->slot++) {
            bool free = true;
            for (int j = 0; j < i && free; j++) {
                const Buffer *other = &program->buffers.at[j];
                if (other->slot != buffer->slot) continue;
                free = same_size(program, buffer, other) &&
                       (other->last < buffer->first || buffer->last < other->first ||
                        written_over(plan, other, buffer));
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
    plan.kept = ARENA_ARRAY(program->graph->arena, bool, program->graph->nodes.len + 1);
    find_readers(&plan);
    make_buffers(&plan);
    share_slots(&plan);
}
