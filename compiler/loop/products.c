/* Accumulators: sums of products and what is added to them become one register each, so that four
 * gates written as four equations cost what one packed product costs. */
#include "base/die.h"
#include "graph/rewrite.h"
#include "loop/program.h"

typedef struct {
    Program *program;
    const int *uses;
    const int *user; /* the one node that uses each node, where there is one */
    Stage *stage;
    int kernel, stage_index;
} Find;

static bool here(const Find *find, int node) {
    return find->program->kernel_of[node] == find->kernel &&
           find->program->stage_of[node] == find->stage_index;
}

/* The sum that `node` is a term of, or the node itself. */
static int root_of(const Find *find, int node) {
    const Graph *g = find->program->graph;
    while (find->uses[node] == 1 && find->user[node] >= 0 && here(find, find->user[node]) &&
           graph_node(g, find->user[node])->op == OP_ADD)
        node = find->user[node];
    return node;
}

/* The weight's element (column, depth) in its parameter's memory. */
static Product product_of(const Program *program, int node) {
    const Graph *g = program->graph;
    const Node *n = graph_node(g, node);
    Product product = {.node = node, .operand = access_of(program, n->in[0])};
    long row = 0, column = 0;
    int weight = n->in[1];
    while (graph_node(g, weight)->op == OP_SLICE) {
        const Attr *attr = &graph_node(g, weight)->attr;
        *(attr->axis == 0 ? &row : &column) += attr->start;
        weight = graph_node(g, weight)->in[0];
    }
    const Node *param = graph_node(g, weight);
    const Type *type = &graph_node(g, n->in[1])->type;
    bool columns_first = n->attr.b[0] == n->attr.out[strlen(n->attr.out) - 1];
    int stride = size_of(g, param->type.dim[1]);
    product.param = param->attr.index;
    product.base = row ? row * stride + column : column;
    product.column_stride = columns_first ? stride : 1;
    product.depth_stride = columns_first ? 1 : stride;
    product.depth = size_of(g, type->dim[columns_first ? 1 : 0]);
    product.sparse = is_mostly_zero(program, product.operand.node);
    return product;
}

static void add_term(Find *find, Accumulator *sum, int node, bool root) {
    Program *program = find->program;
    Graph *g = program->graph;
    const Node *n = graph_node(g, node);
    bool inner = here(find, node) && (root || find->uses[node] == 1);
    if (inner && n->op == OP_ADD) {
        int left = n->in[0], right = n->in[1];
        add_term(find, sum, left, false);
        add_term(find, sum, right, false);
    } else if (inner && n->op == OP_CONTRACT) {
        vec_push(g->arena, &sum->products, product_of(program, node));
    } else if (access_of(program, node).row == ROW_SHARED) {
        vec_push(g->arena, &sum->shared, node);
    } else {
        vec_push(g->arena, &sum->others, node);
    }
}

/* Products of values that are there before the loop come first, those of the loop's own last. */
static void order_products(const Program *program, Accumulator *sum, int kernel) {
    int count = sum->products.len, next = 0;
    Product *sorted = ARENA_ARRAY(program->graph->arena, Product, count + 1);
    for (int late = 0; late < 2; late++)
        for (int i = 0; i < count; i++) {
            int from = program->kernel_of[sum->products.at[i].operand.node];
            if ((from == kernel) == late) sorted[next++] = sum->products.at[i];
        }
    memcpy(sum->products.at, sorted, sizeof *sorted * (size_t)count);
}

static bool inner_of_sum(const Find *find, int node) {
    Op op = graph_node(find->program->graph, node)->op;
    return (op == OP_ADD || op == OP_CONTRACT) && root_of(find, node) != node;
}

double depth_of(const Graph *graph, const Stage *stage) {
    double depth = 0;
    for (int s = 0; s < stage->accumulators.len; s++)
        for (int i = 0; i < stage->accumulators.at[s].products.len; i++)
            depth += size_for(graph, stage->accumulators.at[s].products.at[i].depth, -1);
    return depth;
}

/* Large weights are read once for many rows, in a recurrence for those of a step. A part of a panel
 * that is a tile's columns wide must be small beside the cache, or it is parted by depth. */
static TileOrder tile_order(const Find *find) {
    const Graph *g = find->program->graph;
    const Kernel *kernel = &find->program->kernels.at[find->kernel];
    const Stage *stage = find->stage;
    double depth = depth_of(g, stage);
    if (stage->lines > 1 || stage->axis != kernel->axis) return TILES_BY_ROWS;
    if (depth * size_for(g, stage->columns, -1) <= L2_REALS / 4.0) return TILES_BY_ROWS;
    return depth * stage->blocks * 16 <= L2_REALS / 4.0 ? TILES_BY_COLUMNS : TILES_BY_DEPTH;
}

/* Of the calls of a stage, those of the one with the fewest: they must fill a tile, too. */
static int fewest_sums(const Find *find) {
    const TilePhases phases = tile_phases(find->program->graph->arena, find->stage);
    int fewest = find->stage->accumulators.len;
    for (int p = 0; p < phases.len; p++)
        if (phases.at[p].sums.len < fewest) fewest = phases.at[p].sums.len;
    return fewest;
}

static void find_in_stage(Find *find) {
    Stage *stage = find->stage;
    Graph *g = find->program->graph;
    stage->blocks = 1;
    if (find->program->kernels.at[find->kernel].pairs) return;
    bool *seen = ARENA_ARRAY(g->arena, bool, g->nodes.len + 1);
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        if (graph_node(g, node)->op != OP_CONTRACT) continue;
        int root = root_of(find, node);
        if (seen[root]) continue;
        seen[root] = true;
        Accumulator sum = {.node = root, .start = -1};
        add_term(find, &sum, root, true);
        order_products(find->program, &sum, find->kernel);
        vec_push(g->arena, &stage->accumulators, sum);
    }
    int kept = 0;
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        int root = root_of(find, node);
        if (inner_of_sum(find, node) && seen[root]) continue;
        stage->nodes.at[kept++] = node;
    }
    stage->nodes.len = kept;
    int sums = fewest_sums(find);
    stage->blocks = sums == 0 || sums > 2 ? 1 : sums == 2 ? 2 : 4;
    stage->tiles = tile_order(find);
}

void find_products(Program *program) {
    bool *live = graph_live(program->graph);
    Find find = {.program = program,
                 .uses = graph_uses(program->graph, live),
                 .user = graph_user(program->graph, live)};
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++) {
            find.kernel = k;
            find.stage_index = s;
            find.stage = &program->kernels.at[k].stages.at[s];
            find_in_stage(&find);
        }
}

/* The phase of `product`, in which no other product of sum number s is yet; a new one at need. */
static TilePhase *phase_for(Arena *arena, TilePhases *phases, const Product *product, int s) {
    for (int p = 0; p < phases->len; p++) {
        TilePhase *phase = &phases->at[p];
        if (same_access(&phase->operand, &product->operand) && phase->depth == product->depth &&
            phase->sums.at[phase->sums.len - 1] != s)
            return phase;
    }
    vec_push(arena, phases,
             (TilePhase){
                 .operand = product->operand, .depth = product->depth, .sparse = product->sparse});
    return &phases->at[phases->len - 1];
}

TilePhases tile_phases(Arena *arena, const Stage *stage) {
    TilePhases phases = {0};
    for (int s = 0; s < stage->accumulators.len; s++) {
        const Accumulator *sum = &stage->accumulators.at[s];
        for (int i = 0; i < sum->products.len; i++) {
            TilePhase *phase = phase_for(arena, &phases, &sum->products.at[i], s);
            vec_push(arena, &phase->sums, s);
            vec_push(arena, &phase->products, &sum->products.at[i]);
        }
    }
    return phases;
}

static bool same_sums(const TilePhase *a, const TilePhase *b) {
    return a->sparse == b->sparse && a->sums.len == b->sums.len &&
           memcmp(a->sums.at, b->sums.at, sizeof *a->sums.at * (size_t)a->sums.len) == 0;
}

int end_of_call(const TilePhases *phases, int first) {
    int end = first + 1;
    while (end < phases->len && same_sums(&phases->at[first], &phases->at[end])) end++;
    return end;
}

/* A size when the vocabulary of input `only` (below zero: each of them) has `words` words. */
static double counted(const Graph *g, int size, int only, double words) {
    bool other = is_vocabulary(size) && only >= 0 && vocabulary_of(size) != only;
    return other ? 0 : size_for(g, size, words);
}

void count_flops(const Program *program, int only, double words, double *per_step,
                 double *per_example) {
    const Graph *g = program->graph;
    *per_step = *per_example = 0;
    for (int i = 0; i < g->nodes.len; i++) {
        if (graph_node(g, i)->op != OP_CONTRACT || program->kernel_of[i] < 0) continue;
        if (is_wide_product(g, graph_node(g, i))) continue;
        double flops = 2.0 * counted(g, product_of(program, i).depth, only, words) *
                       counted(g, program->columns[i], only, words);
        *(program->space[i] == SPACE_STEPS ? per_step : per_example) += flops;
    }
    for (int i = 0; i < program->reductions.len; i++) {
        const Reduction *r = &program->reductions.at[i];
        if (r->kind != REDUCE_OUTER) continue;
        double flops = 2.0 * counted(g, r->rows, only, words) * counted(g, r->columns, only, words);
        *(program->space[r->a] == SPACE_STEPS ? per_step : per_example) += flops;
    }
}
