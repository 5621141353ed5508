#include "graph/graph.h"

#include <string.h>

#include "base/die.h"

const char *const tokens_name[TOKENS_KINDS] = {
    [TOKENS_WORDS] = "words",           [TOKENS_CHARS] = "chars", [TOKENS_BYTES] = "bytes",
    [TOKENS_WHITESPACE] = "whitespace", [TOKENS_BPE] = "bpe",     [TOKENS_REGEX] = "regex",
};

Graph *graph_new(Arena *arena) {
    Graph *graph = ARENA_NEW(arena, Graph);
    graph->arena = arena;
    graph->name = "";
    graph->source = "";
    graph->training = training_default();
    vec_push(arena, &graph->syms, (Sym){.name = "", .kind = SYM_NONE});
    return graph;
}

Graph *graph_like(const Graph *graph) {
    Graph *copy = ARENA_NEW(graph->arena, Graph);
    *copy = *graph;
    memset(&copy->nodes, 0, sizeof copy->nodes);
    memset(&copy->outputs, 0, sizeof copy->outputs);
    copy->buckets = NULL;
    copy->bucket_count = 0;
    return copy;
}

int column_count(const Graph *graph) {
    int count = 0;
    while (count < graph->inputs.len && graph->inputs.at[count].kind != INPUT_STATE) count++;
    return count;
}

/* ---- types ---- */

int dim_from(Dim dim, int size) {
    if (!dim.sym) return dim.add;
    size += dim.add;
    return dim.add < 0 && size < 1 ? 1 : size;
}

int dim_size(Dim dim, const int *sizes) { return dim_from(dim, sizes[dim.sym]); }

bool shape_equal(const Type *a, const Type *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (!dim_equal(a->dim[i], b->dim[i])) return false;
    return true;
}

bool type_equal(const Type *a, const Type *b) {
    return a->kind == b->kind && shape_equal(a, b) &&
           (a->kind == TYPE_REAL || dim_equal(a->range, b->range));
}

Type type_real(int rank, const Dim *dims) {
    Type type = {.kind = TYPE_REAL, .rank = rank};
    for (int i = 0; i < rank; i++) type.dim[i] = dims[i];
    return type;
}

Type type_without(Type type, int axis) {
    for (int i = axis; i + 1 < type.rank; i++) type.dim[i] = type.dim[i + 1];
    type.dim[--type.rank] = (Dim){0};
    return type;
}

Type type_with(Type type, int axis, Dim size) {
    if (type.rank == MAX_RANK) die("a type of more than %d axes", MAX_RANK);
    for (int i = type.rank; i > axis; i--) type.dim[i] = type.dim[i - 1];
    type.dim[axis] = size;
    type.rank++;
    return type;
}

const char *dim_string(const Graph *graph, Dim dim) {
    if (!dim.sym) return arena_printf(graph->arena, "%d", dim.add);
    const char *name = graph->syms.at[dim.sym].name;
    return dim.add ? arena_printf(graph->arena, "%s%+d", name, dim.add) : name;
}

const char *type_string(const Graph *graph, const Type *type) {
    const char *text = "[";
    for (int i = 0; i < type->rank; i++)
        text = arena_printf(graph->arena, "%s%s%s", text, i ? ", " : "",
                            dim_string(graph, type->dim[i]));
    return arena_printf(graph->arena, "%s]", text);
}

/* ---- nodes ---- */

static unsigned hash_mix(unsigned hash, const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 16777619u;
    return hash;
}

static unsigned node_hash(const Node *node) {
    unsigned hash = hash_mix(2166136261u, &node->op, sizeof node->op);
    hash = hash_mix(hash, node->in, sizeof *node->in * (size_t)node->count);
    hash = hash_mix(hash, &node->attr.axis, sizeof node->attr.axis);
    hash = hash_mix(hash, &node->attr.start, sizeof node->attr.start);
    hash = hash_mix(hash, &node->attr.index, sizeof node->attr.index);
    return hash_mix(hash, &node->attr.value, sizeof node->attr.value);
}

static bool attr_equal(const Attr *a, const Attr *b) {
    return a->axis == b->axis && a->start == b->start && a->direction == b->direction &&
           a->index == b->index && a->kept == b->kept &&
           memcmp(&a->value, &b->value, sizeof a->value) == 0 && strcmp(a->a, b->a) == 0 &&
           strcmp(a->b, b->b) == 0 && strcmp(a->out, b->out) == 0;
}

static bool node_equal(const Node *a, const Node *b) {
    return a->op == b->op && a->count == b->count && attr_equal(&a->attr, &b->attr) &&
           type_equal(&a->type, &b->type) &&
           memcmp(a->in, b->in, sizeof *a->in * (size_t)a->count) == 0;
}

/* The bucket of `node`: the one of an equal node, or a free one. Open addressing, index + 1. */
static int *find_bucket(const Graph *graph, const Node *node) {
    unsigned mask = (unsigned)graph->bucket_count - 1, slot = node_hash(node) & mask;
    while (graph->buckets[slot] && !node_equal(graph_node(graph, graph->buckets[slot] - 1), node))
        slot = (slot + 1) & mask;
    return &graph->buckets[slot];
}

static void grow_buckets(Graph *graph) {
    if (2 * (graph->nodes.len + 1) < graph->bucket_count) return;
    graph->bucket_count = graph->bucket_count ? 2 * graph->bucket_count : 256;
    graph->buckets = ARENA_ARRAY(graph->arena, int, graph->bucket_count);
    for (int i = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op != OP_DELAY) *find_bucket(graph, graph_node(graph, i)) = i + 1;
}

static int insert(Graph *graph, Node node, const int *in) {
    node.in = ARENA_ARRAY(graph->arena, int, node.count ? node.count : 1);
    if (node.count) memcpy(node.in, in, sizeof *in * (size_t)node.count);
    if (node.op == OP_DELAY) {
        vec_push(graph->arena, &graph->nodes, node);
        return graph->nodes.len - 1;
    }
    grow_buckets(graph);
    int *bucket = find_bucket(graph, &node);
    if (*bucket) return *bucket - 1;
    vec_push(graph->arena, &graph->nodes, node);
    return (*bucket = graph->nodes.len) - 1;
}

int graph_add_typed(Graph *graph, Op op, int count, const int *in, Attr attr, const Type *type,
                    Span span) {
    Node node = {.op = op, .count = count, .attr = attr, .span = span};
    const char *problem = NULL;
    node.type = op_info[op].class == OP_LEAF
                    ? *type
                    : shape_infer(graph, op, count, in, &attr, type, &problem);
    if (problem) die("%s: %s", op_info[op].name, problem);
    return insert(graph, node, in);
}

int graph_add(Graph *graph, Op op, int count, const int *in, Attr attr, Span span) {
    return graph_add_typed(graph, op, count, in, attr, NULL, span);
}

int graph_find(Graph *graph, Op op, int count, const int *in) {
    const char *problem = NULL;
    int operands[3] = {0};
    memcpy(operands, in, sizeof *in * (size_t)count);
    Node node = {.op = op, .count = count, .in = operands};
    node.type = shape_infer(graph, op, count, in, &node.attr, NULL, &problem);
    return problem || !graph->bucket_count ? -1 : *find_bucket(graph, &node) - 1;
}

int graph_leaf(Graph *graph, Op op, Type type, Attr attr, Span span) {
    return graph_add_typed(graph, op, 0, NULL, attr, &type, span);
}

int graph_open_delay(Graph *graph, Type type, int init, int axis, int direction, Span span) {
    Node node = {.op = OP_DELAY, .type = type, .count = 2, .span = span};
    node.attr.axis = axis;
    node.attr.direction = direction;
    return insert(graph, node, (int[]){-1, init});
}

void graph_close_delay(Graph *graph, int delay, int value) {
    graph_node(graph, delay)->in[0] = value;
}

/* ---- shorthands ---- */

int graph_unary(Graph *graph, Op op, int a, Span span) {
    return graph_add(graph, op, 1, &a, (Attr){0}, span);
}

int graph_binary(Graph *graph, Op op, int a, int b, Span span) {
    return graph_add(graph, op, 2, (int[]){a, b}, (Attr){0}, span);
}

int graph_const(Graph *graph, double value, Type like, Span span) {
    like.kind = TYPE_REAL;
    like.range = (Dim){0};
    return graph_leaf(graph, OP_CONST, like, (Attr){.value = value}, span);
}

int graph_add_table(Graph *graph, int count, const double *values) {
    size_t size = sizeof *values * (size_t)count;
    for (int i = 0; i < graph->tables.len; i++) {
        const Table *table = &graph->tables.at[i];
        if (table->count == count && memcmp(table->values, values, size) == 0) return i;
    }
    double *copy = ARENA_ARRAY(graph->arena, double, count);
    memcpy(copy, values, size);
    vec_push(graph->arena, &graph->tables, (Table){count, copy});
    return graph->tables.len - 1;
}

int graph_table(Graph *graph, int count, const double *values, Span span) {
    Dim dim = dim_const(count);
    Attr attr = {.index = graph_add_table(graph, count, values)};
    return graph_leaf(graph, OP_TABLE, type_real(1, &dim), attr, span);
}

int graph_expand(Graph *graph, int a, Type to, unsigned kept, Span span) {
    if (kept == (1u << to.rank) - 1) return a;
    return graph_add_typed(graph, OP_EXPAND, 1, &a, (Attr){.kept = kept}, &to, span);
}

int graph_slice(Graph *graph, int a, int axis, int start, int size, Span span) {
    Type to = graph_node(graph, a)->type;
    if (start == 0 && dim_equal(to.dim[axis], dim_const(size))) return a;
    to.dim[axis] = dim_const(size);
    return graph_add_typed(graph, OP_SLICE, 1, &a, (Attr){.axis = axis, .start = start}, &to, span);
}

int graph_pad(Graph *graph, int a, int axis, int start, Dim size, Span span) {
    Type to = graph_node(graph, a)->type;
    if (start == 0 && dim_equal(to.dim[axis], size)) return a;
    to.dim[axis] = size;
    return graph_add_typed(graph, OP_PAD, 1, &a, (Attr){.axis = axis, .start = start}, &to, span);
}

int graph_concat(Graph *graph, int count, const int *in, int axis, Span span) {
    if (count == 1) return in[0];
    return graph_add(graph, OP_CONCAT, count, in, (Attr){.axis = axis}, span);
}

int graph_reduce(Graph *graph, Op op, int a, int axis, Span span) {
    return graph_add(graph, op, 1, &a, (Attr){.axis = axis}, span);
}

int graph_contract(Graph *graph, int a, int b, const char *la, const char *lb, const char *lo,
                   Span span) {
    Attr attr = {0};
    if (strlen(la) >= MAX_LABELS || strlen(lb) >= MAX_LABELS || strlen(lo) >= MAX_LABELS)
        die("a contract of too many axes");
    memcpy(attr.a, la, strlen(la));
    memcpy(attr.b, lb, strlen(lb));
    memcpy(attr.out, lo, strlen(lo));
    return graph_add(graph, OP_CONTRACT, 2, (int[]){a, b}, attr, span);
}

int graph_onehot(Graph *graph, int index, int axis, Span span) {
    return graph_add(graph, OP_ONEHOT, 1, &index, (Attr){.axis = axis}, span);
}

int graph_final(Graph *graph, Op op, int a, int axis, int direction, Dim length, Span span) {
    Attr attr = {.axis = axis, .direction = direction};
    if (op == OP_FINAL) return graph_add(graph, op, 1, &a, attr, span);
    Type to = type_with(graph_node(graph, a)->type, axis, length);
    return graph_add_typed(graph, op, 1, &a, attr, &to, span);
}

int graph_shift(Graph *graph, int a, int axis, int start, Dim length, Span span) {
    Type to = graph_node(graph, a)->type;
    if (start == 0 && dim_equal(to.dim[axis], length)) return a;
    to.dim[axis] = length;
    return graph_add_typed(graph, OP_SHIFT, 1, &a, (Attr){.axis = axis, .start = start}, &to, span);
}

int graph_reshape(Graph *graph, int a, Type to, Span span) {
    if (shape_equal(&graph_node(graph, a)->type, &to)) return a;
    return graph_add_typed(graph, OP_RESHAPE, 1, &a, (Attr){0}, &to, span);
}

int graph_scatter(Graph *graph, int rows, int index, Dim table, Span span) {
    Type from = graph_node(graph, rows)->type;
    int lead = graph_node(graph, index)->type.rank;
    Type to = type_real(0, NULL);
    to = type_with(to, 0, table);
    for (int i = lead; i < from.rank; i++) to = type_with(to, to.rank, from.dim[i]);
    return graph_add_typed(graph, OP_SCATTER, 2, (int[]){rows, index}, (Attr){0}, &to, span);
}

/* ---- steps ---- */

/* The lengths in front of a type, each nested in the one before. */
static int nested_axes(const Graph *graph, const Type *type) {
    int count = 0;
    for (int outer = 0; count < type->rank; outer = type->dim[count++].sym) {
        const Sym *sym = &graph->syms.at[type->dim[count].sym];
        if (sym->kind != SYM_LENGTH || sym->parent != outer) break;
    }
    return count;
}

int step_add(const Graph *graph, const Type *type) {
    int count = step_axes(graph, type);
    return count ? type->dim[count - 1].add : 0;
}

int step_axes(const Graph *graph, const Type *type) {
    int count = nested_axes(graph, type);
    if (count != 1 || type->rank < 2 || type->dim[0].add || type->dim[1].add) return count;
    const Sym *sym = &graph->syms.at[type->dim[1].sym];
    return sym->kind == SYM_LENGTH && !sym->parent ? 2 : count;
}

enum { PAIRED = 16 }; /* bits of the first sym of a pair */

int step_sym(const Graph *graph, const Type *type) {
    int count = step_axes(graph, type);
    if (count > nested_axes(graph, type)) return type->dim[0].sym | type->dim[1].sym << PAIRED;
    return count ? type->dim[count - 1].sym : 0;
}

bool is_pair(int axis) { return axis >> PAIRED != 0; }

int pair_other(int axis) { return axis >> PAIRED; }

static int pair_first(int axis) { return axis & ((1 << PAIRED) - 1); }

int axis_outer(const Graph *graph, int axis) {
    return is_pair(axis) ? pair_first(axis) : graph->syms.at[axis].parent;
}

int axis_max(const Graph *graph, int axis) {
    return graph->syms.at[is_pair(axis) ? pair_other(axis) : axis].max;
}

const char *axis_name(const Graph *graph, int axis) {
    if (!is_pair(axis)) return graph->syms.at[axis].name;
    return arena_printf(graph->arena, "%s and %s", graph->syms.at[pair_first(axis)].name,
                        graph->syms.at[pair_other(axis)].name);
}

static int lengths_up_to(const Graph *graph, int sym) {
    int number = 0;
    for (int i = 1; i <= sym; i++) number += graph->syms.at[i].kind == SYM_LENGTH;
    return number;
}

int length_count(const Graph *graph) { return lengths_up_to(graph, graph->syms.len - 1); }

int sequence_number(const Graph *graph, int axis) {
    if (!is_pair(axis)) return axis ? lengths_up_to(graph, axis) : 0;
    int count = length_count(graph);
    return count + (lengths_up_to(graph, pair_first(axis)) - 1) * count +
           lengths_up_to(graph, pair_other(axis));
}

int graph_length(Graph *graph, Dim dim, Span span) {
    int parent = graph->syms.at[dim.sym].parent;
    Type type = type_real(parent != 0, (Dim[]){{parent, 0}});
    return graph_leaf(graph, OP_LENGTH, type, (Attr){.index = dim.sym, .start = dim.add}, span);
}
