/* Kernels: which nodes share a loop over rows, found by dependence alone.
 *
 * A recurrence (a cycle through DELAYs) is one kernel that runs step by step. It takes along what
 * feeds only it, where that pays, and what follows row by row from what it computes. All other
 * work goes into kernels over rows in any order, as large as dependence allows. A reduction over an
 * example's steps (a fold) is computed by any kernel that runs step by step. */
#include "loop/fuse.h"

#include <stdlib.h>

#include "base/die.h"
#include "graph/cycles.h"
#include "graph/rewrite.h"

/* ---- dependences ---- */

static bool computed(const Fuse *fuse, int node) {
    return is_computed(fuse->graph, node) && fuse->program->space[node] != SPACE_SHARED;
}

bool product_of_pairs(const Fuse *fuse, int node) {
    return is_wide_product(fuse->graph, graph_node(fuse->graph, node));
}

static void find_reads(Fuse *fuse, int node) {
    const Node *n = graph_node(fuse->graph, node);
    Arena *arena = fuse->graph->arena;
    Dependences *reads = &fuse->reads[node];
    for (int k = 0; k < n->count; k++) {
        Access access = access_of(fuse->program, n->in[k]);
        if (graph_node(fuse->graph, access.node)->op == OP_ONEHOT)
            access.node = graph_node(fuse->graph, access.node)->in[0];
        bool direct = is_same_place(fuse->program, n->in[k], access);
        if (is_across(fuse->program, node) || product_of_pairs(fuse, node))
            access.row = ROW_LAST, direct = false;
        if (computed(fuse, access.node))
            vec_push(arena, reads, (Dependence){access.node, access.row, direct});
        if (access.init < 0) continue;
        Access init = access_of(fuse->program, access.init);
        if (computed(fuse, init.node))
            vec_push(
                arena, reads,
                (Dependence){init.node, is_pair(access.axis) ? ROW_OTHER : ROW_EXAMPLE, false});
    }
}

static void find_dependences(Fuse *fuse) {
    Graph *g = fuse->graph;
    int nodes = g->nodes.len, total = 0;
    fuse->reads = ARENA_ARRAY(g->arena, Dependences, nodes + 1);
    fuse->user_start = ARENA_ARRAY(g->arena, int, nodes + 2);
    for (int i = 0; i < nodes; i++) {
        if (computed(fuse, i)) find_reads(fuse, i);
        const Dependences *reads = &fuse->reads[i];
        for (int k = 0; k < reads->len; k++) fuse->user_start[reads->at[k].node + 2]++;
        total += reads->len;
    }
    for (int i = 2; i <= nodes + 1; i++) fuse->user_start[i] += fuse->user_start[i - 1];
    fuse->users = ARENA_ARRAY(g->arena, int, total + 1);
    for (int i = 0; i < nodes; i++) {
        const Dependences *reads = &fuse->reads[i];
        for (int k = 0; k < reads->len; k++)
            fuse->users[fuse->user_start[reads->at[k].node + 1]++] = i;
    }
}

int loop_axis(const Fuse *fuse, int node) {
    bool fold = is_fold(fuse->program, node);
    return fuse->program->axis[fold ? graph_node(fuse->graph, node)->in[0] : node];
}

bool of_own_step(const Fuse *fuse, Dependence d, int node, int axis) {
    int pair = loop_axis(fuse, node), its = fuse->program->axis[d.node];
    if (!is_pair(pair) || axis_parent(fuse->program, pair) != axis) return false;
    return (d.row == ROW_EXAMPLE && its == axis) || (d.row == ROW_SHIFTED && its == pair);
}

/* ---- what a recurrence takes along ---- */

/* A product that does not depend on the state may leave the loop and become one product over all
 * rows. That pays when a step has too few rows to fill a tile, or when the loop's weights would
 * not stay in the second-level cache. */
static bool leaves_loop(const Fuse *fuse, int node, const long *weights) {
    if (graph_node(fuse->graph, node)->op != OP_CONTRACT) return false;
    return fuse->program->rows_a_step < SEVERAL_ROWS || weights[fuse->absorbed[node]] > L2_REALS;
}

/* In a kernel of this direction, a row that was computed before or that is being computed. */
static bool in_reach(RowKind row, int direction) {
    return row == ROW_SAME || (row == ROW_PREVIOUS && direction > 0) ||
           (row == ROW_NEXT && direction < 0);
}

/* `user` reads `node` only where a kernel of this direction has it already. */
static bool reads_in_reach(const Fuse *fuse, int user, int node, int direction) {
    const Dependences *reads = &fuse->reads[user];
    for (int k = 0; k < reads->len; k++)
        if (reads->at[k].node == node && !in_reach(reads->at[k].row, direction)) return false;
    return true;
}

static void absorb(Fuse *fuse, const long *weights) {
    for (int i = fuse->graph->nodes.len - 1; i >= 0; i--) {
        if (!computed(fuse, i) || fuse->cycle[i] || !loop_axis(fuse, i)) continue;
        if (is_fold(fuse->program, i) || product_of_pairs(fuse, i)) continue;
        int target = 0;
        bool one = true;
        for (int u = fuse->user_start[i]; u < fuse->user_start[i + 1] && one; u++) {
            int user = fuse->users[u];
            int its = fuse->cycle[user] ? fuse->cycle[user] : fuse->absorbed[user];
            one = its && (!target || its == target) &&
                  reads_in_reach(fuse, user, i, fuse->direction[its]);
            target = its;
        }
        fuse->absorbed[i] = one ? target : 0;
        fuse->hoisted[i] = 0;
        if (!fuse->absorbed[i] || !leaves_loop(fuse, i, weights)) continue;
        fuse->absorbed[i] = 0;
        fuse->hoisted[i] = target;
    }
}

/* Reals of weights that each recurrence and all that feeds only it would read in a step. */
static void find_absorbed(Fuse *fuse) {
    Graph *g = fuse->graph;
    long *weights = ARENA_ARRAY(g->arena, long, fuse->cycles + 1);
    absorb(fuse, weights);
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *n = graph_node(g, i);
        int owner = fuse->cycle[i] ? fuse->cycle[i] : fuse->absorbed[i];
        if (n->op != OP_CONTRACT || !owner) continue;
        const Type *weight = &graph_node(g, n->in[1])->type;
        if (weight->rank == 2)
            weights[owner] += (long)(size_for(g, size_of(g, weight->dim[0]), -1) *
                                     size_for(g, size_of(g, weight->dim[1]), -1));
    }
    memset(fuse->absorbed, 0, sizeof(int) * (size_t)g->nodes.len);
    absorb(fuse, weights);
}

/* Finds the terms of sums of products, which want to be computed in one register. */
static void find_summands(Fuse *fuse) {
    for (int i = 0; i < fuse->graph->nodes.len; i++) {
        const Node *n = graph_node(fuse->graph, i);
        fuse->product_sum[i] =
            (n->op == OP_CONTRACT && !product_of_pairs(fuse, i)) ||
            (n->op == OP_ADD && (fuse->product_sum[n->in[0]] || fuse->product_sum[n->in[1]]));
    }
    for (int i = 0; i < fuse->graph->nodes.len; i++) {
        if (!computed(fuse, i) || fuse->user_start[i + 1] - fuse->user_start[i] != 1) continue;
        int user = fuse->users[fuse->user_start[i]];
        const Node *sum = graph_node(fuse->graph, user);
        if (sum->op != OP_ADD || fuse->cycle[user] || fuse->absorbed[user]) continue;
        fuse->summand[i] = fuse->product_sum[sum->in[0]] && fuse->product_sum[sum->in[1]] &&
                           loop_axis(fuse, user) == loop_axis(fuse, i);
    }
}

/* Finds what is in memory whichever kernels read it. */
static void find_kept(Fuse *fuse) {
    const Graph *g = fuse->graph;
    for (int i = 0; i < g->outputs.len; i++)
        fuse->kept[access_of(fuse->program, g->outputs.at[i].node).node] = true;
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *n = graph_node(g, i);
        if (computed(fuse, i) || op_info[n->op].class != OP_REDUCE) continue;
        for (int k = 0; k < n->count; k++)
            fuse->kept[access_of(fuse->program, n->in[k]).node] = true;
    }
}

/* What feeds only folds is computed where they are, and never stored. */
static void find_fold_feeders(Fuse *fuse) {
    for (int i = fuse->graph->nodes.len - 1; i >= 0; i--) {
        Op op = graph_node(fuse->graph, i)->op;
        if (!computed(fuse, i) || fuse->kept[i] || fuse->cycle[i] || is_fold(fuse->program, i))
            continue;
        if (op_info[op].class != OP_ELEMENTWISE || !loop_axis(fuse, i)) continue;
        if (fuse->product_sum[i]) continue;
        bool only = fuse->user_start[i] < fuse->user_start[i + 1];
        for (int u = fuse->user_start[i]; u < fuse->user_start[i + 1] && only; u++)
            only = (is_fold(fuse->program, fuse->users[u]) || fuse->feeds_fold[fuse->users[u]]) &&
                   loop_axis(fuse, fuse->users[u]) == loop_axis(fuse, i);
        fuse->feeds_fold[i] = only;
    }
}

/* ---- making kernels ---- */

/* Everything that `node` reads is there when a kernel of this axis and direction computes it. A
 * fold is complete when its loop is; one over a pair, in a loop over the first of it, each time. */
static bool ready(const Fuse *fuse, int node, int axis, int direction) {
    const Dependences *reads = &fuse->reads[node];
    for (int k = 0; k < reads->len; k++) {
        Dependence d = reads->at[k];
        if (fuse->done[d.node]) continue;
        if (!fuse->inside[d.node]) return false;
        if (is_fold(fuse->program, d.node) && loop_axis(fuse, d.node) == axis) return false;
        if (!in_reach(d.row, direction) && !of_own_step(fuse, d, node, axis)) return false;
    }
    return true;
}

static void take(Fuse *fuse, Kernel *kernel, int node) {
    fuse->inside[node] = true;
    vec_push(fuse->graph->arena, &kernel->nodes, node);
}

static int by_index(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* The phase of a kernel that computes these nodes: after all that it reads from others. */
static int phase_of(const Fuse *fuse, const Kernel *kernel) {
    int phase = 0;
    for (int i = 0; i < kernel->nodes.len; i++) {
        const Dependences *reads = &fuse->reads[kernel->nodes.at[i]];
        for (int k = 0; k < reads->len; k++) {
            int other = fuse->program->kernel_of[reads->at[k].node];
            if (other >= 0 && fuse->program->kernels.at[other].phase >= phase)
                phase = fuse->program->kernels.at[other].phase + 1;
        }
    }
    return phase;
}

static void finish(Fuse *fuse, Kernel *kernel) {
    Program *program = fuse->program;
    kernel->phase = phase_of(fuse, kernel);
    if (kernel->phase >= program->phases) program->phases = kernel->phase + 1;
    qsort(kernel->nodes.at, (size_t)kernel->nodes.len, sizeof(int), by_index);
    for (int i = 0; i < kernel->nodes.len; i++) {
        int node = kernel->nodes.at[i];
        fuse->inside[node] = false;
        fuse->done[node] = true;
        program->kernel_of[node] = program->kernels.len;
    }
    vec_push(fuse->graph->arena, &program->kernels, *kernel);
}

/* All that `node` reads from other kernels is there before `phase`. */
static bool there_before(const Fuse *fuse, int node, int phase) {
    const Dependences *reads = &fuse->reads[node];
    for (int k = 0; k < reads->len; k++) {
        int other = fuse->program->kernel_of[reads->at[k].node];
        if (other >= 0 && fuse->program->kernels.at[other].phase >= phase) return false;
    }
    return true;
}

static bool reads_inside(const Fuse *fuse, int node) {
    const Dependences *reads = &fuse->reads[node];
    for (int k = 0; k < reads->len; k++)
        if (fuse->inside[reads->at[k].node]) return true;
    return false;
}

/* The nodes that follow row by row from what a recurrence computes, as far as they do not make it
 * wait for another: independent recurrences stay independent. */
static void follow(Fuse *fuse, Kernel *kernel) {
    int phase = phase_of(fuse, kernel);
    for (int i = 0; i < fuse->graph->nodes.len; i++) {
        Op op = graph_node(fuse->graph, i)->op;
        if (!computed(fuse, i) || fuse->done[i] || fuse->inside[i]) continue;
        if (fuse->cycle[i] || fuse->absorbed[i] || loop_axis(fuse, i) != kernel->axis) continue;
        if (op == OP_CONTRACT || op == OP_GATHER || op == OP_CONCAT) continue;
        if (reads_inside(fuse, i) && ready(fuse, i, kernel->axis, kernel->direction) &&
            there_before(fuse, i, phase))
            take(fuse, kernel, i);
    }
}

static bool make_recurrence(Fuse *fuse, int cycle) {
    Kernel kernel = {.space = SPACE_STEPS, .direction = fuse->direction[cycle], .recurrence = true};
    int nodes = fuse->graph->nodes.len;
    kernel.axis = fuse->axis[cycle];
    for (int i = 0; i < nodes; i++)
        if (computed(fuse, i) && (fuse->cycle[i] == cycle || fuse->absorbed[i] == cycle))
            take(fuse, &kernel, i);
    bool fits = true;
    for (int i = 0; i < kernel.nodes.len && fits; i++)
        fits = ready(fuse, kernel.nodes.at[i], kernel.axis, kernel.direction);
    if (!fits) {
        for (int i = 0; i < kernel.nodes.len; i++) fuse->inside[kernel.nodes.at[i]] = false;
        return false;
    }
    follow(fuse, &kernel);
    finish(fuse, &kernel);
    return true;
}

/* Computed by no kernel yet, and by no recurrence. */
static bool waits(const Fuse *fuse, int node) {
    return computed(fuse, node) && !fuse->done[node] && !fuse->cycle[node] && !fuse->absorbed[node];
}

/* `user` reads `node` only in place, as equations do. */
static bool equations_alone(const Fuse *fuse, int user, int node) {
    const OpClass class = op_info[graph_node(fuse->graph, user)->op].class;
    const Dependences *reads = &fuse->reads[user];
    bool alone = class == OP_ELEMENTWISE || is_row_reduction(fuse->program, user);
    for (int k = 0; k < reads->len; k++)
        if (reads->at[k].node == node) alone &= reads->at[k].direct && reads->at[k].row == ROW_SAME;
    return alone;
}

/* An elementwise operation that costs less than a store and a load. */
static bool is_cheap(const Fuse *fuse, int node) {
    const Node *n = graph_node(fuse->graph, node);
    if (op_info[n->op].class != OP_ELEMENTWISE) return false;
    for (int k = 0; k < n->count; k++)
        if (graph_node(fuse->graph, n->in[k])->op == OP_MASK) return false;
    return n->op != OP_EXP && n->op != OP_LOG && n->op != OP_SIN && n->op != OP_COS &&
           n->op != OP_TANH && n->op != OP_SIGMOID && n->op != OP_SQRT && n->op != OP_DIV;
}

/* Whether a node without a place in memory can be computed later by cheap operations on one row
 * that is there for others anyway. */
static bool can_follow(const Fuse *fuse, int node) {
    const Dependences *reads = &fuse->reads[node];
    if (!is_cheap(fuse, node) || !reads->len) return false;
    const int from = reads->at[0].node;
    for (int k = 0; k < reads->len; k++)
        if (reads->at[k].node != from || !reads->at[k].direct || reads->at[k].row != ROW_SAME)
            return false;
    bool kept = fuse->kept[from] || fuse->done[from];
    for (int u = fuse->user_start[from]; u < fuse->user_start[from + 1]; u++) {
        const int user = fuse->users[u];
        kept |= user != node && !fuse->inside[user] && !fuse->done[user];
    }
    return kept || (fuse->inside[from] && can_follow(fuse, from));
}

/* Whether a value need not be kept: only later kernels read it, in place, and can compute it. */
static bool is_for_later(const Fuse *fuse, int node) {
    if (fuse->kept[node] || fuse->program->columns[node] == 1) return false;
    for (int u = fuse->user_start[node]; u < fuse->user_start[node + 1]; u++)
        if (fuse->inside[fuse->users[u]] || !equations_alone(fuse, fuse->users[u], node))
            return false;
    return can_follow(fuse, node);
}

/* Leaves to later kernels what is for later, and the terms of sums that this one cannot complete.
 */
static void leave_to_others(Fuse *fuse, Kernel *kernel) {
    int kept = 0;
    for (int i = kernel->nodes.len - 1; i >= 0; i--) {
        int node = kernel->nodes.at[i];
        if (is_for_later(fuse, node) ||
            (fuse->summand[node] && !fuse->inside[fuse->users[fuse->user_start[node]]]))
            fuse->inside[node] = false;
        kept += fuse->inside[node];
    }
    for (int i = 0; i < kernel->nodes.len && !kept; i++) fuse->inside[kernel->nodes.at[i]] = true;
    int all = kernel->nodes.len;
    kernel->nodes.len = 0;
    for (int i = 0; i < all; i++)
        if (fuse->inside[kernel->nodes.at[i]])
            kernel->nodes.at[kernel->nodes.len++] = kernel->nodes.at[i];
}

/* A value of pairs, or what its lines are reduced to. */
static bool of_pairs(const Fuse *fuse, int node) {
    const Program *program = fuse->program;
    if (is_length(program->columns[node])) return true;
    return is_row_reduction(program, node) &&
           is_length(program->columns[graph_node(fuse->graph, node)->in[0]]);
}

/* Everything that `node` reads is there when a kernel that goes example by example computes it. */
static bool ready_in_example(const Fuse *fuse, int node, int axis) {
    const Dependences *reads = &fuse->reads[node];
    for (int k = 0; k < reads->len; k++) {
        int from = reads->at[k].node;
        if (!fuse->done[from] && !(fuse->inside[from] && loop_axis(fuse, from) == axis))
            return false;
    }
    return true;
}

/* A kernel that begins with a product of pairs: with further ones, and what is between them, the
 * values of pairs of an example stay in the caches. */
static void make_paired(Fuse *fuse, Kernel *kernel, int first) {
    kernel->pairs = true;
    for (int i = first; i < fuse->graph->nodes.len; i++) {
        if (!waits(fuse, i) || loop_axis(fuse, i) != kernel->axis) continue;
        if (is_fold(fuse->program, i) || fuse->feeds_fold[i]) continue;
        if ((product_of_pairs(fuse, i) || of_pairs(fuse, i)) &&
            ready_in_example(fuse, i, kernel->axis))
            take(fuse, kernel, i);
    }
}

static bool make_plain(Fuse *fuse) {
    Kernel kernel = {0};
    for (int i = 0; i < fuse->graph->nodes.len; i++) {
        if (!waits(fuse, i)) continue;
        bool fold = is_fold(fuse->program, i);
        bool product = graph_node(fuse->graph, i)->op == OP_CONTRACT;
        if (!kernel.nodes.len) {
            if (!ready(fuse, i, loop_axis(fuse, i), 0)) continue;
            kernel.axis = loop_axis(fuse, i);
            kernel.space = kernel.axis ? SPACE_STEPS : SPACE_EXAMPLES;
            kernel.direction = fold || fuse->feeds_fold[i] ? 1 : 0;
            if (product_of_pairs(fuse, i)) {
                make_paired(fuse, &kernel, i);
                break;
            }
        } else if (product_of_pairs(fuse, i)) {
            continue;
        }
        if (loop_axis(fuse, i) != kernel.axis) continue;
        bool folding = fold || fuse->feeds_fold[i];
        if ((folding && !kernel.direction) || (product && kernel.direction)) continue;
        if (ready(fuse, i, kernel.axis, 0)) take(fuse, &kernel, i);
    }
    if (!kernel.nodes.len) return false;
    if (!kernel.pairs) leave_to_others(fuse, &kernel);
    finish(fuse, &kernel);
    return true;
}

static void make_kernels(Fuse *fuse) {
    bool *made = ARENA_ARRAY(fuse->graph->arena, bool, fuse->cycles + 1);
    for (;;) {
        bool progress = false;
        for (int cycle = 1; cycle <= fuse->cycles; cycle++)
            if (!made[cycle]) progress |= made[cycle] = make_recurrence(fuse, cycle);
        if (!progress && !make_plain(fuse)) break;
    }
    for (int i = 0; i < fuse->graph->nodes.len; i++)
        if (computed(fuse, i) && !fuse->done[i])
            die("%s: no kernel can compute node %%%d (%s)", fuse->program->name, i,
                op_info[graph_node(fuse->graph, i)->op].name);
}

/* ---- phases ---- */

/* Orders the kernels by phase, keeping their order within one. */
static void sort_kernels(Program *program) {
    int count = program->kernels.len, next = 0;
    Kernel *sorted = ARENA_ARRAY(program->graph->arena, Kernel, count + 1);
    for (int phase = 0; phase < program->phases; phase++)
        for (int k = 0; k < count; k++)
            if (program->kernels.at[k].phase == phase) sorted[next++] = program->kernels.at[k];
    memcpy(program->kernels.at, sorted, sizeof *sorted * (size_t)count);
    for (int k = 0; k < count; k++)
        for (int i = 0; i < program->kernels.at[k].nodes.len; i++)
            program->kernel_of[program->kernels.at[k].nodes.at[i]] = k;
}

static void find_recurrences(Fuse *fuse) {
    Graph *g = fuse->graph;
    fuse->cycle = graph_cycles(g->arena, g);
    for (int i = 0; i < g->nodes.len; i++)
        if (fuse->cycle[i] > fuse->cycles) fuse->cycles = fuse->cycle[i];
    fuse->direction = ARENA_ARRAY(g->arena, int, fuse->cycles + 1);
    fuse->axis = ARENA_ARRAY(g->arena, int, fuse->cycles + 1);
    for (int i = 0; i < g->nodes.len; i++) {
        if (graph_node(g, i)->op != OP_DELAY) continue;
        fuse->direction[fuse->cycle[i]] = graph_node(g, i)->attr.direction;
        int axis = fuse->program->axis[i];
        fuse->axis[fuse->cycle[i]] = is_pair(axis) ? axis_parent(fuse->program, axis) : axis;
    }
}

void fuse(Program *program) {
    Graph *g = program->graph;
    int nodes = g->nodes.len;
    Fuse fuse = {.program = program, .graph = g};
    find_recurrences(&fuse);
    fuse.absorbed = ARENA_ARRAY(g->arena, int, nodes + 1);
    fuse.hoisted = ARENA_ARRAY(g->arena, int, nodes + 1);
    fuse.feeds_fold = ARENA_ARRAY(g->arena, bool, nodes + 1);
    fuse.product_sum = ARENA_ARRAY(g->arena, bool, nodes + 1);
    fuse.summand = ARENA_ARRAY(g->arena, bool, nodes + 1);
    fuse.kept = ARENA_ARRAY(g->arena, bool, nodes + 1);
    fuse.done = ARENA_ARRAY(g->arena, bool, nodes + 1);
    fuse.inside = ARENA_ARRAY(g->arena, bool, nodes + 1);
    program->kernel_of = ARENA_ARRAY(g->arena, int, nodes + 1);
    program->stage_of = ARENA_ARRAY(g->arena, int, nodes + 1);
    for (int i = 0; i < nodes; i++) program->kernel_of[i] = program->stage_of[i] = -1;
    find_dependences(&fuse);
    find_kept(&fuse);
    find_absorbed(&fuse);
    find_summands(&fuse);
    find_fold_feeders(&fuse);
    make_kernels(&fuse);
    int *level = ARENA_ARRAY(g->arena, int, nodes + 1);
    for (int k = 0; k < program->kernels.len; k++)
        make_stages(&fuse, &program->kernels.at[k], level);
    sort_kernels(program);
}
