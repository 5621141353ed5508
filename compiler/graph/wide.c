#include <string.h>

#include "graph/cycles.h"
#include "graph/rewrite.h"

/* Values with a number for each pair of steps, [T, S] or [T, S, C]. Those that are added, compared
 * or multiplied with each other are of one group, and all of them lie alike. */
typedef struct {
    Graph *graph;
    int *group; /* of each node: another of its group, up to its root, which names itself; -1 */
    bool *bad;  /* of a root: something in the group, or done with it, wants a row a pair */
    bool *good; /* of a root: a product with it is worth it */
} Wide;

static const Node *at(const Wide *w, int node) { return graph_node(w->graph, node); }

static bool is_paired(const Graph *g, const Type *type) {
    bool axes = type->rank == 2 || (type->rank == 3 && !type->dim[2].sym);
    return type->kind == TYPE_REAL && axes && is_pair(step_sym(g, type));
}

static int root_of(const Wide *w, int node) {
    while (w->group[node] != node) node = w->group[node];
    return node;
}

bool is_wide(const Graph *g, const Type *type) {
    if (type->kind != TYPE_REAL || type->rank != 3 || type->dim[1].sym) return false;
    for (int i = 0; i < 3; i += 2) {
        const Sym *sym = &g->syms.at[type->dim[i].sym];
        if (sym->kind != SYM_LENGTH || sym->parent || type->dim[i].add) return false;
    }
    return true;
}

/* ---- products ----
 *
 * Of the labels t, s, d each stands in two of the three values of a product, h in all or in none:
 * "thd,shd->ths", "ths,shd->thd", "ths,thd->shd". */

/* The place of the value of pairs: 0 and 1 the operands, 2 the result; -1 when it is no such
 * product. */
static int paired_place(const Graph *g, const Node *node, bool wide) {
    const Attr *l = &node->attr;
    const char *labels[3] = {l->a, l->b, l->out};
    int place = -1;
    if (node->op != OP_CONTRACT) return -1;
    for (int i = 0; i < 3; i++) {
        const Type *type = i == 2 ? &node->type : &graph_node(g, node->in[i])->type;
        if (type->rank != node->type.rank) return -1;
        if (!(wide ? is_wide(g, type) : is_paired(g, type))) continue;
        if (place >= 0) return -1;
        place = i;
    }
    if (place < 0) return -1;
    bool heads = node->type.rank == 3;
    const char *pair = labels[place];
    char t = pair[0], h = heads ? pair[wide ? 1 : 2] : '\0', s = pair[heads && wide ? 2 : 1];
    const char *first = labels[(place + 1) % 3], *second = labels[(place + 2) % 3];
    if (*first == s && *second == t) {
        const char *swap = first;
        first = second;
        second = swap;
    }
    char d = first[heads ? 2 : 1];
    return *first == t && *second == s && (!heads || (first[1] == h && second[1] == h)) &&
                   second[heads ? 2 : 1] == d && d != t && d != s && d != h
               ? place
               : -1;
}

bool is_wide_product(const Graph *g, const Node *node) { return paired_place(g, node, true) >= 0; }

/* ---- which groups ---- */

static bool fitting_expand(const Wide *w, const Node *expand);

/* A value [T, S] that is easily computed for each of C again, as a comparison of positions. */
static bool repeatable(const Wide *w, int node) {
    const Node *n = at(w, node);
    if (n->op == OP_CONST) return true;
    if (n->op == OP_EXPAND) return fitting_expand(w, n);
    bool all = op_info[n->op].class == OP_ELEMENTWISE;
    for (int k = 0; k < n->count && all; k++) all = repeatable(w, n->in[k]);
    return all;
}

/* An EXPAND of numbers that are the same for all steps of the second sequence, of its positions, or
 * of a value [T, S]. */
static bool fitting_expand(const Wide *w, const Node *expand) {
    if (expand->attr.kept == 3) return expand->type.rank == 3 && repeatable(w, expand->in[0]);
    return !(expand->attr.kept & 2) ||
           (expand->attr.kept == 2 && at(w, expand->in[0])->op == OP_POSITION);
}

/* A node of pairs that can be computed a row at a time. */
static bool fitting(const Wide *w, const Node *node) {
    if (op_info[node->op].class == OP_ELEMENTWISE) return true;
    if (node->op == OP_CONST || node->op == OP_MASK) return true;
    if (node->op == OP_EXPAND) return fitting_expand(w, node);
    return paired_place(w->graph, node, false) == 2;
}

/* What reads a value of pairs so. */
static bool fitting_user(const Wide *w, const Node *user) {
    if (op_info[user->op].class == OP_ELEMENTWISE) return true;
    if (user->op == OP_SUM || user->op == OP_MAX) return user->attr.axis == 1;
    int place = paired_place(w->graph, user, false);
    return place == 0 || place == 1;
}

static void join(Wide *w, int a, int b) {
    a = root_of(w, a);
    b = root_of(w, b);
    w->group[b] = a;
    w->bad[a] |= w->bad[b];
    w->good[a] |= w->good[b];
}

static void find_groups(Wide *w) {
    Graph *g = w->graph;
    const int *cycles = graph_cycles(g->arena, g);
    for (int i = 0; i < g->nodes.len; i++) {
        const Node *node = at(w, i);
        w->group[i] = is_paired(g, &node->type) ? i : -1;
        if (w->group[i] == i) {
            w->bad[i] = cycles[i] || !fitting(w, node);
            w->good[i] = node->op == OP_CONTRACT;
        }
        for (int k = 0; k < node->count; k++) {
            int in = node->in[k];
            if (in > i || w->group[in] < 0) continue;
            if (!fitting_user(w, node)) w->bad[root_of(w, in)] = true;
            if (node->op == OP_CONTRACT) w->good[root_of(w, in)] = true;
            if (w->group[i] >= 0 && node->op != OP_EXPAND) join(w, in, i);
        }
    }
    for (int i = 0; i < g->outputs.len; i++) {
        int node = g->outputs.at[i].node;
        if (w->group[node] >= 0) w->bad[root_of(w, node)] = true;
    }
}

static bool chosen(const Wide *w, int node) {
    if (w->group[node] < 0) return false;
    int root = root_of(w, node);
    return w->good[root] && !w->bad[root];
}

/* ---- the new nodes ---- */

/* [T, S, C] as [T, C, S], [T, S] as [T, 1, S]. */
static Type widened(Type type) {
    Dim steps = type.dim[1], lines = type.rank == 3 ? type.dim[2] : dim_const(1);
    type.rank = 3;
    type.dim[1] = lines;
    type.dim[2] = steps;
    return type;
}

/* A value with or without an axis of 1 behind its first. */
static int with_line(Graph *g, int node, Span span) {
    Type type = graph_node(g, node)->type;
    return type.rank == 3 ? node : graph_reshape(g, node, type_with(type, 1, dim_const(1)), span);
}

static int add_product(Rebuild *rebuild, const Node *node) {
    const Graph *from = rebuild->from;
    int place = paired_place(from, node, false), in[2];
    bool heads = node->type.rank == 3;
    for (int k = 0; k < 2; k++)
        in[k] = with_line(rebuild->to, rebuild->map[node->in[k]], node->span);
    if (place == 2) {
        bool swapped = node->attr.a[0] != node->attr.out[0];
        return graph_contract(rebuild->to, in[swapped], in[!swapped], "thd", "shd", "ths",
                              node->span);
    }
    const char *pair = place ? node->attr.b : node->attr.a;
    bool to_first = node->attr.out[0] == pair[0];
    int result = graph_contract(rebuild->to, in[place], in[!place], "ths", to_first ? "shd" : "thd",
                                to_first ? "thd" : "shd", node->span);
    return heads ? result : graph_reshape(rebuild->to, result, node->type, node->span);
}

static int add_reduction(Rebuild *rebuild, const Node *node) {
    int result = graph_reduce(rebuild->to, node->op, rebuild->map[node->in[0]], 2, node->span);
    return graph_reshape(rebuild->to, result, node->type, node->span);
}

/* A repeatable value, or the EXPAND of one, in the wide type. */
static int add_repeated(Rebuild *rebuild, const Wide *w, int i, Type type) {
    const Node *node = at(w, i);
    unsigned kept = node->attr.kept;
    if (node->op == OP_CONST) return graph_const(rebuild->to, node->attr.value, type, node->span);
    if (node->op == OP_EXPAND && kept == 3) return add_repeated(rebuild, w, node->in[0], type);
    if (node->op == OP_EXPAND)
        return graph_expand(rebuild->to, rebuild->map[node->in[0]], type,
                            (kept & 1) | (kept & 2) << 1 | (kept & 4) >> 1, node->span);
    int in[3] = {0};
    for (int k = 0; k < node->count; k++) in[k] = add_repeated(rebuild, w, node->in[k], type);
    return graph_add(rebuild->to, node->op, node->count, in, (Attr){0}, node->span);
}

static int add_node(Rebuild *rebuild, const Wide *w, int i) {
    Node node = *at(w, i);
    bool wide = chosen(w, i), reads = false;
    for (int k = 0; k < node.count; k++) reads |= node.in[k] < i && chosen(w, node.in[k]);
    if (!wide && !reads) return rebuild_copy(rebuild, i);
    if (node.op == OP_CONTRACT) return add_product(rebuild, &node);
    if (!wide) return add_reduction(rebuild, &node);
    Type type = widened(node.type);
    if (node.op == OP_EXPAND) return add_repeated(rebuild, w, i, type);
    int in[3] = {0};
    for (int k = 0; k < node.count; k++) in[k] = rebuild->map[node.in[k]];
    return graph_add_typed(rebuild->to, node.op, node.count, in, node.attr, &type, node.span);
}

Graph *widen_pairs(Graph *graph) {
    int nodes = graph->nodes.len;
    Wide w = {.graph = graph,
              .group = ARENA_ARRAY(graph->arena, int, nodes + 1),
              .bad = ARENA_ARRAY(graph->arena, bool, nodes + 1),
              .good = ARENA_ARRAY(graph->arena, bool, nodes + 1)};
    Rebuild rebuild = rebuild_new(graph);
    find_groups(&w);
    for (int i = 0; i < nodes; i++) rebuild.map[i] = add_node(&rebuild, &w, i);
    return rebuild_finish(&rebuild);
}
