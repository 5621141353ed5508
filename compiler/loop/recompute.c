/* Long rows are dear to keep: one written to memory and read again costs more than a few operations
 * on it. So an elementwise value of long rows that later stages of its kernel read in place is
 * computed again there, from what is in memory already, and has no buffer. */
#include "loop/program.h"

typedef struct {
    Program *program;
    Graph *graph;
    bool *kept; /* of each node: it has a buffer, since it is not only read in place and stage */
} Recompute;

bool is_computed_in(const Program *program, int stage, int node) {
    int kernel = program->kernel_of[node];
    if (kernel < 0) return false;
    if (program->stage_of[node] == stage) return true;
    if (!program->repeated[node]) return false;
    return place_in(&program->kernels.at[kernel].stages.at[stage].nodes, node) >= 0;
}

static bool may_repeat(const Recompute *r, int node) {
    const Program *program = r->program;
    Op op = graph_node(r->graph, node)->op;
    return (op_info[op].class == OP_ELEMENTWISE || op == OP_GATHER) &&
           program->kernel_of[node] >= 0 && lines_of(program, node) == 1 &&
           size_for(r->graph, width_of(program, node), -1) >= LONG_ROW;
}

bool reads_in_place(const Program *program, int user, int operand, Access access) {
    Op op = graph_node(program->graph, user)->op;
    if (op == OP_CONTRACT || op == OP_CONCAT || op == OP_PICK || op == OP_ARGMAX) return false;
    return program->kernel_of[user] == program->kernel_of[access.node] &&
           is_same_place(program, operand, access) && !is_across(program, user);
}

/* Calls `visit` for each operand of a computed node. */
typedef void Visit(Recompute *r, int user, int operand, Access access, void *context);

static void each_operand(Recompute *r, int user, Visit *visit, void *context) {
    const Node *n = graph_node(r->graph, user);
    for (int k = 0; k < n->count; k++) {
        Access access = access_of(r->program, n->in[k]);
        visit(r, user, n->in[k], access, context);
        if (access.init >= 0)
            visit(r, user, access.init, access_of(r->program, access.init), context);
    }
}

static void note_kept(Recompute *r, int user, int operand, Access access, void *context) {
    const int *stage_of = r->program->stage_of;
    (void)context;
    if (!reads_in_place(r->program, user, operand, access) ||
        stage_of[user] != stage_of[access.node])
        r->kept[access.node] = true;
}

/* Everything that `node` is computed from is there in a stage behind its own. */
static bool can_repeat(const Recompute *r, int node) {
    const Node *n = graph_node(r->graph, node);
    for (int k = 0; k < n->count; k++) {
        Access access = access_of(r->program, n->in[k]);
        if (r->program->kernel_of[access.node] < 0 || r->kept[access.node]) continue;
        if (!may_repeat(r, access.node) || !can_repeat(r, access.node)) return false;
    }
    return true;
}

/* The readers of one node: which stages they are in, and whether all of them read in place. */
typedef struct {
    int node;
    bool in_place;
    bool *stages;
} Readers;

static void note_reader(Recompute *r, int user, int operand, Access access, void *context) {
    Readers *readers = context;
    const Program *program = r->program;
    if (access.node != readers->node) return;
    readers->in_place &= reads_in_place(program, user, operand, access);
    if (!readers->in_place) return;
    const Kernel *kernel = &program->kernels.at[program->kernel_of[user]];
    const Stage *own = &kernel->stages.at[program->stage_of[access.node]];
    for (int s = 0; s < kernel->stages.len; s++) {
        const Stage *stage = &kernel->stages.at[s];
        if (!is_computed_in(program, s, user)) continue;
        readers->stages[s] = true;
        readers->in_place &= stage->lines == 1 && stage->columns == own->columns;
    }
}

static void insert(Arena *arena, NodeList *nodes, int node) {
    vec_push(arena, nodes, node);
    int i = nodes->len - 1;
    for (; i > 0 && nodes->at[i - 1] > node; i--) nodes->at[i] = nodes->at[i - 1];
    nodes->at[i] = node;
}

/* Puts the node into the stages that read it, instead of its own unless that is one of them. */
static void repeat(Recompute *r, int node, const bool *stages) {
    Program *program = r->program;
    Kernel *kernel = &program->kernels.at[program->kernel_of[node]];
    int own = program->stage_of[node], first = -1;
    for (int s = kernel->stages.len - 1; s >= 0; s--) {
        if (!stages[s]) continue;
        first = s;
        if (s != own) insert(r->graph->arena, &kernel->stages.at[s].nodes, node);
    }
    program->repeated[node] = first >= 0;
    if (stages[own] || first < 0) return;
    remove_node(&kernel->stages.at[own].nodes, node);
    program->stage_of[node] = first;
}

static void consider(Recompute *r, int node, const bool *output) {
    Program *program = r->program;
    if (output[node] || !may_repeat(r, node) || !can_repeat(r, node)) return;
    const Kernel *kernel = &program->kernels.at[program->kernel_of[node]];
    Readers readers = {node, true, ARENA_ARRAY(r->graph->arena, bool, kernel->stages.len + 1)};
    for (int i = 0; i < r->graph->nodes.len && readers.in_place; i++)
        if (program->kernel_of[i] >= 0) each_operand(r, i, note_reader, &readers);
    if (!readers.in_place) return;
    r->kept[node] = false;
    repeat(r, node, readers.stages);
}

/* Stages that have nothing left to compute go. */
static void drop_empty(Program *program, Kernel *kernel, int index) {
    int kept = 0, *to = ARENA_ARRAY(program->graph->arena, int, kernel->stages.len + 1);
    for (int s = 0; s < kernel->stages.len; s++) {
        to[s] = kept;
        if (kernel->stages.at[s].nodes.len) kernel->stages.at[kept++] = kernel->stages.at[s];
    }
    kernel->stages.len = kept;
    for (int i = 0; i < program->graph->nodes.len; i++)
        if (program->kernel_of[i] == index) program->stage_of[i] = to[program->stage_of[i]];
}

void recompute(Program *program) {
    Graph *g = program->graph;
    Recompute r = {.program = program, .graph = g};
    bool *output = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    r.kept = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    program->repeated = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    for (int i = 0; i < g->nodes.len; i++)
        if (program->kernel_of[i] >= 0) each_operand(&r, i, note_kept, NULL);
    for (int i = 0; i < g->outputs.len; i++)
        output[access_of(program, g->outputs.at[i].node).node] = true;
    for (int i = 0; i < g->nodes.len; i++) r.kept[i] |= output[i];
    for (int i = g->nodes.len - 1; i >= 0; i--) consider(&r, i, output);
    for (int k = 0; k < program->kernels.len; k++) drop_empty(program, &program->kernels.at[k], k);
}
