#include <string.h>

#include "graph/rewrite.h"

/* Marks the sums over the batch that are gradients of parameters: what is added up or joined there
 * stays a product. */
static void mark_gradients(const Graph *graph, bool *gradient) {
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_GRADIENT) gradient[graph->outputs.at[i].node] = true;
    for (int i = graph->nodes.len - 1; i >= 0; i--) {
        const Node *node = graph_node(graph, i);
        if (!gradient[i] || (node->op != OP_ADD && node->op != OP_CONCAT)) continue;
        for (int k = 0; k < node->count; k++) gradient[node->in[k]] = true;
    }
}

/* `label` is the next of `labels` behind those in `taken`, or not among them. */
static bool comes_next(const char *labels, const char *taken, char label) {
    while (*labels && strchr(taken, *labels)) labels++;
    return *labels == label || !strchr(labels, label);
}

/* All labels of a product in an order that each of its values has too; false when there is none. */
static bool merge_labels(const Attr *l, char all[2 * MAX_LABELS]) {
    char wanted[2 * MAX_LABELS] = "";
    strcat(strcat(wanted, l->a), l->b);
    memset(all, 0, 2 * MAX_LABELS);
    for (size_t n = 0;; n++) {
        char next = '\0';
        bool left = false;
        for (const char *p = wanted; *p && !next; p++) {
            if (strchr(all, *p)) continue;
            left = true;
            if (comes_next(l->a, all, *p) && comes_next(l->b, all, *p) &&
                comes_next(l->out, all, *p))
                next = *p;
        }
        if (!left) return n <= MAX_RANK;
        if (!next) return false;
        all[n] = next;
    }
}

/* An operand with these labels, repeated along all labels that it lacks. */
static int repeated(Graph *g, int node, const char *labels, const char *all, Type type, Span span) {
    unsigned kept = 0;
    for (int i = 0; all[i]; i++)
        if (strchr(labels, all[i])) kept |= 1u << i;
    return graph_expand(g, node, type, kept, span);
}

/* "ti,tij->tj" = sum_i(a_ti * b_tij), the axes in the order `all`. */
static int as_sum(Graph *g, const int *in, const Node *node, const char *all) {
    Type type = {.kind = TYPE_REAL};
    const Attr *l = &node->attr;
    for (int i = 0; all[i]; i++) {
        const char *at = strchr(l->a, all[i]);
        Dim dim = at ? graph_node(g, in[0])->type.dim[at - l->a]
                     : graph_node(g, in[1])->type.dim[strchr(l->b, all[i]) - l->b];
        type = type_with(type, type.rank, dim);
    }
    int a = repeated(g, in[0], l->a, all, type, node->span);
    int sum =
        graph_binary(g, OP_MUL, a, repeated(g, in[1], l->b, all, type, node->span), node->span);
    for (int axis = (int)strlen(all) - 1; axis >= 0; axis--)
        if (!strchr(l->out, all[axis])) sum = graph_reduce(g, OP_SUM, sum, axis, node->span);
    return sum;
}

bool along_rows(const char *row, const char *weight, const char *out) {
    if (!*row) return false;
    size_t lead = strlen(row) - 1;
    char summed = row[lead];
    const char *column = *weight == summed ? weight + 1 : weight;
    return strlen(weight) == 2 && strchr(weight, summed) && strlen(out) == lead + 1 &&
           memcmp(row, out, lead) == 0 && out[lead] == *column;
}

/* A matrix of weights, or a part of one. */
static bool is_weight(const Graph *graph, int node) {
    while (graph_node(graph, node)->op == OP_SLICE) node = graph_node(graph, node)->in[0];
    return graph_node(graph, node)->op == OP_PARAM && graph_node(graph, node)->type.rank == 2;
}

/* A product of rows with weights, which stays one. */
static bool is_dense(const Graph *graph, const Node *node) {
    const Attr *l = &node->attr;
    return (is_weight(graph, node->in[1]) && along_rows(l->a, l->b, l->out)) ||
           (is_weight(graph, node->in[0]) && along_rows(l->b, l->a, l->out));
}

/* ---- products whose parts are products too ---- */

typedef VEC(int) NodeNumbers;

/* Which operand of a dense product is its weight. */
static int weight_of(const Graph *graph, const Node *node) {
    return is_weight(graph, node->in[1]) && along_rows(node->attr.a, node->attr.b, node->attr.out);
}

/* The axis of the weight whose elements are the product's columns. */
static int column_axis(const Node *node, int weight) {
    const char *labels = weight ? node->attr.b : node->attr.a;
    const char *out = node->attr.out;
    return (int)(strchr(labels, out[strlen(out) - 1]) - labels);
}

/* Whether `part` is some columns of `whole`: the same rows with a slice of its weight. */
static bool is_part(const Graph *graph, const Node *whole, int weight, const Node *part) {
    const Node *slice = graph_node(graph, part->in[weight]);
    return part->in[!weight] == whole->in[!weight] && slice->op == OP_SLICE &&
           slice->in[0] == whole->in[weight] && slice->attr.axis == column_axis(whole, weight) &&
           strcmp(part->attr.a, whole->attr.a) == 0 && strcmp(part->attr.b, whole->attr.b) == 0 &&
           strcmp(part->attr.out, whole->attr.out) == 0;
}

/* The part that begins at column `start`, or NULL. */
static const Node *part_at(const Graph *graph, const NodeNumbers *products, const Node *whole,
                           int weight, int start) {
    for (int i = 0; i < products->len; i++) {
        const Node *part = graph_node(graph, products->at[i]);
        if (is_part(graph, whole, weight, part) &&
            graph_node(graph, part->in[weight])->attr.start == start)
            return part;
    }
    return NULL;
}

/* Dense products with a slice of a weight. */
static NodeNumbers sliced_products(const Graph *graph, const bool *live) {
    NodeNumbers found = {0};
    for (int i = 0; i < graph->nodes.len; i++) {
        const Node *node = graph_node(graph, i);
        if (!live[i] || node->op != OP_CONTRACT || !is_dense(graph, node)) continue;
        if (graph_node(graph, node->in[weight_of(graph, node)])->op == OP_SLICE)
            vec_push(graph->arena, &found, i);
    }
    return found;
}

/* A product all of whose columns are parts that are computed anyway is these side by side: what was
 * split into gates may be needed as a whole too, by a layer_norm. -1 when it is not so. */
static int as_parts(Rebuild *rebuild, const Graph *graph, const NodeNumbers *products, int i) {
    enum { MOST = 64 };
    const Node *node = graph_node(graph, i);
    int weight = weight_of(graph, node), axis = column_axis(node, weight), parts = 0, at = 0;
    Dim all = graph_node(graph, node->in[weight])->type.dim[axis];
    int size = all.add, part[MOST];
    if (all.sym) return -1; /* a vocabulary's columns have no slices */
    while (at < size && parts < MOST) {
        const Node *next = part_at(graph, products, node, weight, at);
        if (!next) return -1;
        int columns = next->type.dim[next->type.rank - 1].add, in[2];
        in[!weight] = rebuild->map[node->in[!weight]];
        in[weight] = graph_slice(rebuild->to, rebuild->map[node->in[weight]], axis, at, columns,
                                 graph_node(graph, next->in[weight])->span);
        part[parts++] = graph_add(rebuild->to, OP_CONTRACT, 2, in, next->attr, next->span);
        at += columns;
    }
    if (at != size) return -1;
    return graph_concat(rebuild->to, parts, part, node->type.rank - 1, node->span);
}

/* ---- the pass ---- */

Graph *split_products(Graph *graph) {
    Rebuild rebuild = rebuild_new(graph);
    bool *live = graph_live(graph);
    bool *gradient = ARENA_ARRAY(graph->arena, bool, graph->nodes.len + 1);
    char all[2 * MAX_LABELS];
    mark_gradients(graph, gradient);
    NodeNumbers sliced = sliced_products(graph, live);
    for (int i = 0; i < graph->nodes.len; i++) {
        Node node = *graph_node(graph, i);
        if (!live[i]) continue;
        bool product = node.op == OP_CONTRACT && !gradient[i] && !is_dense(graph, &node) &&
                       !is_wide_product(graph, &node) && merge_labels(&node.attr, all);
        if (node.op == OP_CONTRACT && !gradient[i] && sliced.len && is_dense(graph, &node) &&
            graph_node(graph, node.in[weight_of(graph, &node)])->op == OP_PARAM) {
            rebuild.map[i] = as_parts(&rebuild, graph, &sliced, i);
            if (rebuild.map[i] >= 0) continue;
        }
        if (!product) {
            rebuild.map[i] = rebuild_copy(&rebuild, i);
            continue;
        }
        int in[2] = {rebuild.map[node.in[0]], rebuild.map[node.in[1]]};
        rebuild.map[i] = as_sum(rebuild.to, in, &node, all);
    }
    return rebuild_finish(&rebuild);
}
