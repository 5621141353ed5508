/* From one example to a packed batch: every value gets its space, and the gradient of a parameter,
 * which is a sum over the batch, is taken apart into the few kinds of sums that there are. Values
 * that must lie in memory, but are only views of something else, are copied by a STOP node. */
#include "graph/rewrite.h"
#include "loop/program.h"

typedef struct {
    Program *program;
    Rebuild rebuild;
    Diag *diag;
    int annotated; /* nodes of the new graph that have a space */
    int cap;
    bool *refused; /* of these: an error was reported for it, or for what it is computed from */
    bool wrong;    /* an error was reported for the node in the making */
} Pack;

/* ---- spaces ---- */

static bool shared_op(Op op) {
    return op_info[op].class == OP_ELEMENTWISE || op == OP_SLICE || op == OP_RESHAPE ||
           op == OP_EXPAND || op == OP_PARAM || op == OP_TABLE || op == OP_CONST || op == OP_SEED;
}

static Space space_of(const Program *program, const Graph *g, int i) {
    const Node *node = graph_node(g, i);
    if (step_axes(g, &node->type)) return SPACE_STEPS;
    bool shared = shared_op(node->op);
    for (int k = 0; k < node->count && shared; k++)
        shared = program->space[node->in[k]] == SPACE_SHARED;
    return shared ? SPACE_SHARED : SPACE_EXAMPLES;
}

/* A parameter or a part of one, whose rows do not have a vocabulary's size. */
static bool is_part_of_param(const Graph *g, const Node *node) {
    const Type *type = &node->type;
    if (node->op == OP_SLICE && type->rank > 1 && type->dim[type->rank - 1].sym) return false;
    while (node->op == OP_SLICE) node = graph_node(g, node->in[0]);
    return node->op == OP_PARAM;
}

/* Of a value of pairs: steps along the first of the two, or a shift of the second to as many. */
static bool fits_pairs(const Graph *g, const Node *node) {
    bool shift = node->op == OP_SHIFT;
    const Type *type = &node->type;
    const Type *from = shift || node->op == OP_FINAL ? &graph_node(g, node->in[0])->type : type;
    if (!is_pair(step_sym(g, from))) return true;
    return node->attr.axis == shift && !step_add(g, from) && (!shift || !step_add(g, type));
}

/* Why the values of a node have no place in a packed batch, or NULL. */
static const char *misfit(const Graph *g, const Node *node) {
    const Type *type = &node->type;
    const char *shape = type_string(g, type);
    int first = step_axes(g, type);
    if (is_part_of_param(g, node)) return NULL;
    if (type->rank - first > 2)
        return arena_printf(g->arena,
                            "a value of shape %s is not supported here: apart from the sequence, "
                            "a value that depends on the input can have two axes",
                            shape);
    if (step_add(g, type) > 0)
        return arena_printf(g->arena,
                            "a sequence that is longer than its input's can only be made into "
                            "windows yet, as many as the input has steps: %s",
                            shape);
    for (int i = 0; i + 1 < first; i++)
        if (type->dim[i].add || (node->op == OP_SHIFT && node->attr.axis == i))
            return arena_printf(g->arena,
                                "windows and shifts of a sequence of sequences are not supported "
                                "yet: %s",
                                shape);
    if (is_pair(step_sym(g, type)) && sequence_number(g, step_sym(g, type)) > MAX_SEQUENCES)
        return arena_printf(g->arena, "a value of shape %s needs fewer sequences in the model",
                            shape);
    if (op_info[node->op].class == OP_TIME && !fits_pairs(g, node))
        return arena_printf(g->arena,
                            "of the two sequences in %s, only the first can be stepped through and "
                            "only the second be shifted yet",
                            shape);
    for (int i = first; i < type->rank - is_wide(g, type); i++) {
        const Sym *sym = &g->syms.at[type->dim[i].sym];
        if (sym->parent)
            return arena_printf(g->arena,
                                "a value of shape %s is not possible: '%s' has another length at "
                                "each step of '%s'",
                                shape, sym->name, g->syms.at[sym->parent].name);
        bool words = sym->kind == SYM_VOCAB && !type->dim[i].add && type->rank - first == 1;
        if (type->dim[i].sym && !words)
            return arena_printf(g->arena,
                                sym->kind == SYM_VOCAB
                                    ? "a value of shape %s is not supported here: apart from the "
                                      "sequence, %s must be its only axis"
                                    : "a value of shape %s is not supported here: %s must be a "
                                      "constant",
                                shape, dim_string(g, type->dim[i]));
    }
    return NULL;
}

/* Reports a node that cannot be packed, unless that follows from what was reported before. */
static void refuse(Pack *pack, const Node *node, const int *in, const char *problem) {
    for (int k = 0; k < node->count; k++)
        if (in[k] < pack->annotated && pack->refused[in[k]]) return;
    diag_error(pack->diag, node->span, "%s", problem);
    pack->wrong = true;
}

static int columns_of(const Graph *g, const Node *node) {
    int columns = 1, first = step_axes(g, &node->type), axes = node->type.rank - first;
    if (axes == 1) return size_of(g, node->type.dim[first]);
    if (is_wide(g, &node->type)) return size_of(g, node->type.dim[2]);
    for (int i = first; i < node->type.rank; i++)
        if (!node->type.dim[i].sym) columns *= node->type.dim[i].add;
    return columns;
}

static void annotate_node(Pack *pack, int i) {
    Program *program = pack->program;
    const Graph *g = pack->rebuild.to;
    const Node *node = graph_node(g, i);
    program->space[i] = space_of(program, g, i);
    program->axis[i] = step_sym(g, &node->type);
    program->columns[i] = columns_of(g, node);
    const char *problem = misfit(g, node);
    if (problem && !pack->wrong) refuse(pack, node, node->in, problem);
    pack->refused[i] = pack->wrong;
    for (int k = 0; k < node->count; k++)
        pack->refused[i] |= node->in[k] < i && pack->refused[node->in[k]];
    pack->wrong = false;
}

static void annotate(Pack *pack) {
    Program *program = pack->program;
    Graph *g = pack->rebuild.to;
    for (; pack->annotated < g->nodes.len; pack->annotated++) {
        int i = pack->annotated;
        if (i >= pack->cap) {
            int cap[3] = {pack->cap, pack->cap, pack->cap}, len = i;
            vec_grow(g->arena, (void **)&program->space, &cap[0], len, sizeof(Space));
            vec_grow(g->arena, (void **)&program->columns, &cap[1], len, sizeof(int));
            vec_grow(g->arena, (void **)&program->axis, &cap[2], len, sizeof(int));
            vec_grow(g->arena, (void **)&pack->refused, &pack->cap, len, sizeof(bool));
        }
        annotate_node(pack, i);
    }
    pack->wrong = false;
}

/* ---- what must lie in memory ---- */

static int skip_slices(const Graph *g, int node) {
    while (graph_node(g, node)->op == OP_SLICE || graph_node(g, node)->op == OP_RESHAPE)
        node = graph_node(g, node)->in[0];
    return node;
}

/* A row of it can be pointed at, `here` being true when it must be a row of its own space. */
static bool addressable(const Pack *pack, int node, bool here) {
    const Graph *g = pack->rebuild.to;
    int base = skip_slices(g, node);
    const Node *n = graph_node(g, base);
    if (is_computed(g, base) || n->op == OP_INPUT)
        return pack->program->space[base] != SPACE_SHARED;
    if (here) return false;
    if (n->op == OP_DELAY || n->op == OP_FINAL || n->op == OP_SHIFT)
        return true; /* their operands were seen to */
    bool widened =
        n->op == OP_EXPAND && pack->program->columns[n->in[0]] != pack->program->columns[base];
    return n->op == OP_EXPAND && !widened && pack->program->space[n->in[0]] != SPACE_SHARED &&
           pack->program->axis[n->in[0]] != pack->program->axis[base];
}

static int copied(Pack *pack, int node) {
    int copy =
        graph_unary(pack->rebuild.to, OP_STOP, node, graph_node(pack->rebuild.to, node)->span);
    annotate(pack);
    if (pack->program->space[copy] == SPACE_SHARED) pack->program->space[copy] = SPACE_EXAMPLES;
    return copy;
}

static int in_memory(Pack *pack, int node, bool here) {
    return addressable(pack, node, here) ? node : copied(pack, node);
}

static bool is_zero(const Graph *g, int node) {
    return graph_node(g, node)->op == OP_CONST && graph_node(g, node)->attr.value == 0;
}

static int initial_value(Pack *pack, int node) {
    const Graph *g = pack->rebuild.to;
    bool param = graph_node(g, skip_slices(g, node))->op == OP_PARAM;
    return is_zero(g, node) || param ? node : in_memory(pack, node, true);
}

static void swap_operands(Node *product, int *in) {
    Attr attr = product->attr;
    int first = in[0];
    in[0] = in[1], in[1] = first;
    memcpy(product->attr.a, attr.b, sizeof attr.b);
    memcpy(product->attr.b, attr.a, sizeof attr.a);
}

/* The pairs stand first, or what has the rows of those that result. */
static void place_pairs(Pack *pack, Node *node, int *in) {
    bool scores = is_wide(pack->rebuild.to, &node->type);
    bool first = is_wide(pack->rebuild.to, &graph_node(pack->rebuild.to, in[0])->type);
    if (scores ? node->attr.a[0] != node->attr.out[0] : !first) swap_operands(node, in);
    for (int i = 0; i < 2; i++) in[i] = in_memory(pack, in[i], true);
}

/* A product's row operand stands first, its weight, a parameter, second. */
static void place_product(Pack *pack, Node *node, int *in) {
    const Graph *g = pack->rebuild.to;
    Node product = *node;
    product.in = in;
    if (is_wide_product(g, &product)) {
        place_pairs(pack, node, in);
        return;
    }
    if (pack->program->space[in[0]] == SPACE_SHARED) swap_operands(node, in);
    if (graph_node(g, skip_slices(g, in[1]))->op != OP_PARAM)
        refuse(pack, node, in,
               "a product of two values that depend on the input, or with a computed weight, is "
               "not supported yet");
    else if (!along_rows(node->attr.a, node->attr.b, node->attr.out))
        refuse(
            pack, node, in,
            "this product is not supported yet: a parameter of two axes can be multiplied with the "
            "last axis of what depends on the input");
    in[0] = in_memory(pack, in[0], false);
}

/* What has no memory and is computed wherever it is needed, by line and column. */
static bool is_inline(const Pack *pack, int node) {
    const Graph *g = pack->rebuild.to;
    if (inner_rank(pack->program, node) < 2) return false;
    return graph_node(g, node)->op == OP_ONEHOT ||
           (is_computed(g, node) && pack->program->space[node] == SPACE_SHARED);
}

/* The operand of a view, copied when the way to it could not be told by lines and columns. */
static int viewed(Pack *pack, const Node *view, int from) {
    const Graph *g = pack->rebuild.to;
    int base = from;
    while (graph_node(g, base)->op == OP_SLICE || graph_node(g, base)->op == OP_EXPAND)
        base = graph_node(g, base)->in[0];
    bool same = view->op == OP_EXPAND && inner_rank(pack->program, from) == 2;
    if (is_inline(pack, base) && !same) return copied(pack, from);
    Op op = graph_node(g, from)->op;
    return view->op == OP_RESHAPE && (op == OP_SLICE || op == OP_EXPAND) ? copied(pack, from)
                                                                         : from;
}

/* Whether rows of the node can be selected: a parameter or numbers of the source, or a part. */
static bool is_table(const Pack *pack, int node) {
    Op op = graph_node(pack->rebuild.to, skip_slices(pack->rebuild.to, node))->op;
    return op == OP_PARAM || op == OP_TABLE;
}

static bool is_repeated(const Pack *pack, int node) {
    const Node *n = graph_node(pack->rebuild.to, node);
    return n->op == OP_EXPAND && n->type.kind == TYPE_REAL;
}

/* A sum over the first of a pair reads rows that lie all over its operand. */
static void place_across(Pack *pack, const Node *node, int *in) {
    if (node->attr.axis || !is_pair(pack->program->axis[in[0]])) return;
    if (node->op != OP_SUM)
        refuse(pack, node, in, "of two sequences, only a sum over the first is supported yet");
    in[0] = in_memory(pack, in[0], true);
}

/* A parameter of two axes, one being a vocabulary's, can be a weight and a table. */
static void check_tables(Pack *pack, const Node *node, const int *in) {
    const Graph *g = pack->rebuild.to;
    if (node->op == OP_CONTRACT || node->op == OP_GATHER || node->op == OP_SLICE) return;
    for (int k = 0; k < node->count; k++) {
        const Node *param = graph_node(g, skip_slices(g, in[k]));
        bool words = false;
        for (int i = 0; i < param->type.rank; i++) words |= param->type.dim[i].sym != 0;
        if (param->op == OP_PARAM && param->type.rank > 1 && words)
            refuse(pack, node, in,
                   arena_printf(g->arena,
                                "this is not supported for a parameter of shape %s yet: its rows "
                                "can be selected, and it can be multiplied with rows",
                                type_string(g, &param->type)));
    }
}

/* The operands of `node` in the new graph, copied where they must lie in memory. */
static void place_operands(Pack *pack, Node *node, int *in) {
    const Space *space = pack->program->space;
    int axis = step_sym(pack->rebuild.to, &node->type);
    check_tables(pack, node, in);
    switch (node->op) {
        case OP_CONTRACT:
            place_product(pack, node, in);
            break;
        case OP_PICK: /* of what all steps of another sequence share, where it lies */
            in[0] = in_memory(pack, in[0], !is_repeated(pack, in[0]));
            break;
        case OP_FINAL:
        case OP_PLACE:
        case OP_SHIFT:
            in[0] = in_memory(pack, in[0], true);
            break;
        case OP_ARGMAX:
            if (pack->program->axis[in[0]] == axis) in[0] = in_memory(pack, in[0], true);
            break;
        case OP_SLICE:
        case OP_RESHAPE:
            in[0] = viewed(pack, node, in[0]);
            break;
        case OP_SUM:
        case OP_MAX:
            place_across(pack, node, in);
            break;
        case OP_EXPAND:
            in[0] = viewed(pack, node, in[0]);
            if (is_wide(pack->rebuild.to, &node->type) && node->attr.kept & 4) break;
            if (space[in[0]] != SPACE_SHARED && pack->program->axis[in[0]] != axis &&
                node->type.kind == TYPE_REAL)
                in[0] = in_memory(pack, in[0], true);
            break;
        case OP_GATHER:
            if (!is_table(pack, in[0]))
                refuse(pack, node, in,
                       "selecting a row of what is computed is not supported yet, only one of a "
                       "parameter");
            break;
        default:
            break;
    }
}

/* ---- gradients are sums over the batch ---- */

static void operand(Graph *g, int which, int node) {
    vec_push(g->arena, &g->outputs,
             (Output){.role = ROLE_OPERAND, .name = "", .node = node, .param = which});
}

static void reduction(Pack *pack, Graph *g, Reduction r) {
    int index = pack->program->reductions.len;
    vec_push(g->arena, &pack->program->reductions, r);
    operand(g, 2 * index, r.a);
    if (r.kind != REDUCE_COLUMNS) operand(g, 2 * index + 1, r.b);
}

/* The operand that `node` = s * x repeats over x's columns, as a sum of rows s ⊗ x; or -1. */
static int repeated_factor(const Graph *g, const Node *node, int k) {
    if (node->op != OP_MUL || graph_node(g, node->in[k])->op != OP_EXPAND) return -1;
    const Node *expand = graph_node(g, node->in[k]);
    int axes = step_axes(g, &graph_node(g, expand->in[0])->type);
    bool steps = axes && axes == graph_node(g, expand->in[0])->type.rank &&
                 expand->type.rank == axes + 1 && expand->attr.kept == (1u << axes) - 1;
    return steps ? expand->in[0] : -1;
}

/* x_tij = a_ti b_tj : the operand a (that lacks axis 1 within a row) or b (axis 0), or -1. */
static int outer_factor(const Graph *g, const Node *node, int lacks) {
    int axes = step_axes(g, &node->type);
    unsigned kept = ((1u << node->type.rank) - 1) & ~(1u << (axes + lacks));
    for (int k = 0; k < 2 && node->op == OP_MUL && node->type.rank == axes + 2; k++) {
        const Node *expand = graph_node(g, node->in[k]);
        if (expand->op == OP_EXPAND && expand->attr.kept == kept) return expand->in[0];
    }
    return -1;
}

static void reduce_steps(Pack *pack, Graph *g, int x, Reduction r) {
    const Node *node = graph_node(g, x);
    int left = outer_factor(g, node, 1), right = outer_factor(g, node, 0);
    r.kind = REDUCE_COLUMNS;
    r.a = x;
    if (left >= 0 && right >= 0) {
        r.kind = REDUCE_OUTER;
        r.a = left;
        r.b = right;
        reduction(pack, g, r);
        return;
    }
    for (int k = 0; k < 2 && node->op == OP_MUL; k++) {
        int factor = repeated_factor(g, node, k);
        if (factor < 0) continue;
        r.kind = REDUCE_OUTER;
        r.rows = 1;
        r.a = factor;
        r.b = node->in[!k];
        break;
    }
    reduction(pack, g, r);
}

/* A sum over the innermost steps. */
static bool sums_steps(const Graph *g, const Node *node) {
    if (node->op != OP_SUM) return false;
    int axes = step_axes(g, &graph_node(g, node->in[0])->type);
    return axes && node->attr.axis == axes - 1;
}

/* Takes the gradient `root` of (a block of) a parameter apart. */
static void reduce(Pack *pack, Graph *g, int root, Reduction r) {
    const Node *node = graph_node(g, root);
    r.b = -1;
    switch (node->op) {
        case OP_CONST:
            if (node->attr.value == 0) return;
            break;
        case OP_ADD:
            reduce(pack, g, node->in[0], r);
            reduce(pack, g, node->in[1], r);
            return;
        case OP_CONCAT:
            for (int i = 0; i < node->count; i++) {
                Reduction part = r;
                int size = graph_node(g, node->in[i])->type.dim[node->attr.axis].add;
                if (node->type.rank == 2 && node->attr.axis == 0) {
                    part.rows = size;
                    r.row += size;
                } else {
                    part.columns = size;
                    r.column += size;
                }
                reduce(pack, g, node->in[i], part);
            }
            return;
        case OP_SUM:
            if (!sums_steps(g, node)) break;
            while (sums_steps(g, graph_node(g, node->in[0]))) node = graph_node(g, node->in[0]);
            reduce_steps(pack, g, node->in[0], r);
            return;
        case OP_CONTRACT: {
            const Attr *l = &node->attr;
            size_t lead = strlen(l->a) - 1;
            bool swapped = l->a[lead] != l->out[0];
            if (node->type.rank != 2 || strlen(l->b) != lead + 1 || memcmp(l->a, l->b, lead) != 0)
                break;
            r.kind = REDUCE_OUTER;
            r.a = node->in[swapped];
            r.b = node->in[!swapped];
            reduction(pack, g, r);
            return;
        }
        case OP_SCATTER:
            r.kind = REDUCE_SCATTER;
            r.columns = 1; /* of a row of the table, whatever its axes */
            for (int i = 1; i < node->type.rank; i++) r.columns *= size_of(g, node->type.dim[i]);
            r.a = node->in[0];
            r.b = node->in[1];
            reduction(pack, g, r);
            return;
        default:
            break;
    }
    r.kind = REDUCE_COLUMNS;
    r.a = root;
    reduction(pack, g, r);
}

/* The graph with the operands of the reductions as outputs, instead of the gradients. */
static Graph *take_gradients(Pack *pack, Graph *graph) {
    Graph *g = ARENA_NEW(graph->arena, Graph);
    *g = *graph;
    memset(&g->outputs, 0, sizeof g->outputs);
    for (int i = 0; i < graph->outputs.len; i++) {
        Output output = graph->outputs.at[i];
        if (output.role != ROLE_GRADIENT) {
            vec_push(g->arena, &g->outputs, output);
            continue;
        }
        const Type *type = &graph->params.at[output.param].type;
        Reduction r = {.param = output.param, .rows = 1, .columns = 1};
        if (type->rank > 0) r.columns = size_of(g, type->dim[type->rank - 1]);
        if (type->rank > 1) r.rows = size_of(g, type->dim[0]);
        reduce(pack, g, output.node, r);
    }
    return g;
}

/* ---- the pass ---- */

/* Where a step lies is a number of a row there, which no other step can make use of. */
static void check_state(Pack *pack, const Node *delay) {
    if (delay->type.kind == TYPE_INDEX &&
        pack->rebuild.to->syms.at[delay->type.range.sym].kind == SYM_LENGTH)
        diag_error(pack->diag, delay->span, "the place of a step is not supported as a state yet");
}

static int pack_delay(Pack *pack, const Node *node) {
    check_state(pack, node);
    int init = initial_value(pack, pack->rebuild.map[node->in[1]]);
    return rebuild_delay(&pack->rebuild, node->type, init, node->attr.axis, node->attr.direction,
                         node->in[0], node->span);
}

static void pack_node(Pack *pack, int i) {
    Node node = *graph_node(pack->rebuild.from, i);
    int *map = pack->rebuild.map;
    if (node.op == OP_DELAY) {
        map[i] = pack_delay(pack, &node);
    } else {
        int *in = ARENA_ARRAY(pack->rebuild.to->arena, int, node.count + 1);
        for (int k = 0; k < node.count; k++) in[k] = map[node.in[k]];
        place_operands(pack, &node, in);
        map[i] = graph_add_typed(pack->rebuild.to, node.op, node.count, in, node.attr, &node.type,
                                 node.span);
    }
    annotate(pack);
}

/* What a delay delays must lie in memory. */
static void place_delayed(Pack *pack) {
    Rebuild *rebuild = &pack->rebuild;
    for (int i = 0; i < rebuild->pending_count; i++) {
        int *value = &rebuild->map[rebuild->pending[i].value];
        *value = in_memory(pack, *value, true);
    }
}

/* The operand of a sum over the batch: rows of a buffer, or, but of pairs, all except the first or
 * last of them. */
static int place_summed(Pack *pack, int node) {
    const Graph *g = pack->rebuild.to;
    const Node *base = graph_node(g, skip_slices(g, node));
    bool delayed = base->op == OP_DELAY && is_zero(g, base->in[1]);
    bool example = base->op == OP_EXPAND && addressable(pack, node, false) &&
                   access_of(pack->program, node).up < 2;
    bool moved = (delayed || base->op == OP_SHIFT) && !is_pair(step_sym(g, &base->type));
    if (base->op == OP_INPUT || moved || example) return node;
    return in_memory(pack, node, true);
}

/* An output lies in memory. Indices of steps are numbers of rows there, and no more than that. */
static int place_output(Pack *pack, int node) {
    const Graph *g = pack->rebuild.to;
    const Node *n = graph_node(g, node);
    if (n->type.kind == TYPE_INDEX && (n->op == OP_EXPAND || is_fold(pack->program, node))) {
        diag_error(pack->diag, n->span,
                   "an index of shape %s among %s is not supported as an output yet",
                   type_string(g, &n->type), dim_string(g, n->type.range));
        return node;
    }
    bool there = (n->op == OP_INPUT && n->type.kind == TYPE_INDEX) || is_computed(g, node);
    return there && pack->program->space[node] != SPACE_SHARED ? node : copied(pack, node);
}

static void place_outputs(Pack *pack, Graph *from) {
    for (int i = 0; i < from->outputs.len; i++) {
        Output *output = &from->outputs.at[i];
        int *node = &pack->rebuild.map[output->node];
        if (output->role == ROLE_OPERAND) {
            Reduction *r = &pack->program->reductions.at[output->param / 2];
            *node = place_summed(pack, *node);
            *(output->param % 2 ? &r->b : &r->a) = *node;
        } else {
            *node = place_output(pack, *node);
        }
    }
}

Program *pack(Graph *graph, const char *name, int rows_a_step, Diag *diag) {
    Program *program = ARENA_NEW(graph->arena, Program);
    Pack pack = {.program = program, .diag = diag};
    int errors = diag_errors(diag);
    Graph *from = take_gradients(&pack, graph);
    bool *live = graph_live(from);
    pack.rebuild = rebuild_new(from);
    program->name = name;
    program->rows_a_step = rows_a_step;
    program->graph = pack.rebuild.to;
    for (int i = 0; i < from->nodes.len; i++)
        if (live[i]) pack_node(&pack, i);
    place_delayed(&pack);
    place_outputs(&pack, from);
    rebuild_finish(&pack.rebuild);
    return diag_errors(diag) > errors ? NULL : program;
}
