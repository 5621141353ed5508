/* Products of a loop that do not depend on its state have left it where a step is expected to have
 * few rows. Where it has several, the hoisted values would be written and read again for nothing:
 * the tiles of the loop compute them, with the panel that is there, unless the loop's weights would
 * not stay in the second-level cache then. */
#include "graph/rewrite.h"
#include "loop/program.h"

typedef struct {
    Program *program;
    const int *uses, *user;
} Take;

static Stage *stage_at(const Take *take, int kernel, int stage) {
    return &take->program->kernels.at[kernel].stages.at[stage];
}

/* The one operand of `user` that is `node`, number by number. */
static bool reads_own_place(const Program *program, int user, int node) {
    const Node *n = graph_node(program->graph, user);
    for (int k = 0; k < n->count; k++)
        if (n->in[k] == node) return is_same_place(program, node, access_of(program, node));
    return false;
}

/* The loop's stage that alone reads the sums of a hoisted stage; or NULL. */
static Stage *reader_of(const Take *take, const Stage *hoisted) {
    const Program *program = take->program;
    int kernel = -1, stage = -1;
    for (int i = 0; i < hoisted->nodes.len; i++) {
        int node = hoisted->nodes.at[i], user = take->user[node];
        if (take->uses[node] != 1 || user < 0 || program->repeated[user]) return NULL;
        if (!reads_own_place(program, user, node)) return NULL;
        if (i && (program->kernel_of[user] != kernel || program->stage_of[user] != stage))
            return NULL;
        kernel = program->kernel_of[user];
        stage = program->stage_of[user];
    }
    return kernel < 0 || !program->kernels.at[kernel].recurrence ? NULL
                                                                 : stage_at(take, kernel, stage);
}

/* Tiles of the one can have the columns of the other, and their rows. */
static bool alike(const Stage *hoisted, const Stage *loop) {
    if (loop->accumulators.len == 0 || loop->tiles == TILES_BY_DEPTH) return false;
    for (int i = 0; i < hoisted->accumulators.len; i++)
        for (int p = 0; p < hoisted->accumulators.at[i].products.len; p++)
            if (hoisted->accumulators.at[i].products.at[p].sparse) return false;
    return hoisted->accumulators.len == hoisted->nodes.len && hoisted->lines == loop->lines &&
           hoisted->columns == loop->columns && hoisted->axis == loop->axis &&
           hoisted->blocks == loop->blocks && loop->lines == 1;
}

/* The loop's sum of which a hoisted one is a term; or as many as there are. */
static int sum_with(const Stage *loop, int node) {
    int s = 0;
    while (s < loop->accumulators.len && place_in(&loop->accumulators.at[s].others, node) < 0) s++;
    return s;
}

static bool are_free(const Stage *hoisted, const Stage *loop) {
    for (int i = 0; i < hoisted->accumulators.len; i++) {
        int s = sum_with(loop, hoisted->accumulators.at[i].node);
        if (s == loop->accumulators.len) continue;
        if (loop->accumulators.at[s].start >= 0) return false;
        for (int k = 0; k < i; k++)
            if (sum_with(loop, hoisted->accumulators.at[k].node) == s) return false;
    }
    return true;
}

/* What the loop's sum starts from now is what the hoisted one does. */
static void start_from(Take *take, Accumulator *sum, Accumulator *hoisted) {
    sum->start = hoisted->node;
    remove_node(&sum->others, hoisted->node);
    for (int i = 0; i < sum->shared.len; i++)
        vec_push(take->program->graph->arena, &hoisted->shared, sum->shared.at[i]);
    sum->shared.len = 0;
}

static void take_stage(Take *take, int kernel, int stage) {
    Graph *g = take->program->graph;
    Stage *hoisted = stage_at(take, kernel, stage);
    Stage *loop = hoisted->hoisted ? reader_of(take, hoisted) : NULL;
    if (!loop || !alike(hoisted, loop) || !are_free(hoisted, loop)) return;
    double depth = depth_of(g, hoisted) + depth_of(g, loop);
    if (depth * size_for(g, loop->columns, -1) > L2_REALS) return;
    Taken taken = {.kernel = kernel, .stage = stage};
    for (int i = 0; i < hoisted->accumulators.len; i++) {
        Accumulator *from = &hoisted->accumulators.at[i];
        int s = sum_with(loop, from->node);
        vec_push(g->arena, &taken.sums, s);
        if (s < loop->accumulators.len)
            start_from(take, &loop->accumulators.at[s], from);
        else
            vec_push(g->arena, &loop->accumulators,
                     (Accumulator){.node = from->node, .start = from->node});
    }
    vec_push(g->arena, &loop->taken, taken);
    hoisted->moves_in = true;
}

void take_products(Program *program) {
    const Graph *g = program->graph;
    bool *live = graph_live(g);
    Take take = {program, graph_uses(g, live), graph_user(g, live)};
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++) take_stage(&take, k, s);
}
