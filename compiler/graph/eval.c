#include "graph/eval.h"

#include <math.h>
#include <string.h>

#include "base/die.h"
#include "graph/cycles.h"

typedef struct {
    const Graph *graph;
    const EvalInput *in;
    Tensor *results;
    int *cycles; /* the recurrence of each node, or 0 */
    int *axes;   /* the axis along which it steps */
    bool *done;
} Eval;

/* ---- tensors ---- */

long tensor_size(const Tensor *tensor) {
    long size = 1;
    for (int i = 0; i < tensor->rank; i++) size *= tensor->dim[i];
    return size;
}

Tensor tensor_new(Arena *arena, const Type *type, const int *sizes) {
    Tensor tensor = {.rank = type->rank};
    for (int i = 0; i < type->rank; i++) tensor.dim[i] = dim_size(type->dim[i], sizes);
    long size = tensor_size(&tensor);
    if (size < 0) die("a tensor of a negative size");
    if (type->kind == TYPE_INDEX)
        tensor.index = ARENA_ARRAY(arena, int, size + 1);
    else
        tensor.at = ARENA_ARRAY(arena, double, size + 1);
    return tensor;
}

static long offset(const Tensor *tensor, const int *at) {
    long result = 0;
    for (int i = 0; i < tensor->rank; i++) result = result * tensor->dim[i] + at[i];
    return result;
}

static double get(const Tensor *tensor, const int *at) {
    return tensor->at ? tensor->at[offset(tensor, at)] : tensor->index[offset(tensor, at)];
}

/* Element `at` of an index tensor, which must be below `limit`. */
static int get_index(const Tensor *tensor, const int *at, int limit) {
    int index = tensor->index[offset(tensor, at)];
    if (index < 0 || index >= limit) die("index %d is not below %d", index, limit);
    return index;
}

/* Counts `at` up inside the box [low, high), last axis first; false when the box is through. */
static bool next(int rank, int *at, const int *low, const int *high) {
    for (int i = rank - 1; i >= 0; i--) {
        if (++at[i] < high[i]) return true;
        at[i] = low[i];
    }
    return false;
}

static bool next_in(const Tensor *tensor, int *at) {
    static const int zero[MAX_RANK];
    return next(tensor->rank, at, zero, tensor->dim);
}

/* `at` without axis `axis`, and with a new one at `position`. */
static void drop(int *to, const int *at, int rank, int axis) {
    for (int i = 0; i < rank; i++)
        if (i != axis) *to++ = at[i];
}

static void put(int *to, const int *at, int rank, int axis, int position) {
    for (int i = 0; i < rank; i++) to[i] = i < axis ? at[i] : i == axis ? position : at[i - 1];
}

/* ---- one element of one node ----
 *
 * Each function computes the element `at` of a node's result from the operands x, y. */

typedef struct {
    const Eval *eval;
    const Node *node;
    const Tensor *result, *x, *y;
} Rule;

/* How many steps the length `sym` has; for a nested one at step `outer`. */
static int steps_at(const Eval *eval, int sym, int outer) {
    bool nested = eval->graph->syms.at[sym].parent && eval->in->inner;
    return nested ? eval->in->inner[sym][outer] : eval->in->sizes[sym];
}

/* How long operand 0, or the result, is along `axis` at the position `at`. */
static int size_at(const Rule *r, bool result, int axis, const int *at) {
    const Node *node = result ? r->node : graph_node(r->eval->graph, r->node->in[0]);
    Dim dim = node->type.dim[axis];
    return dim_from(dim, dim.sym ? steps_at(r->eval, dim.sym, axis ? at[axis - 1] : 0) : 0);
}

static double elementwise(const Rule *r, const int *at) {
    const Tensor *results = r->eval->results;
    const int *in = r->node->in, count = r->node->count;
    double a = count > 0 ? get(&results[in[0]], at) : 0;
    double b = count > 1 ? get(&results[in[1]], at) : 0;
    double c = count > 2 ? get(&results[in[2]], at) : 0;
    switch (r->node->op) {
#define OP(id, name, in, class, surface, shape, grad, value, vector) \
    case OP_##id:                                                    \
        return value;
#include "op/ops.def"
#undef OP
        default:
            die("no such op");
    }
}

static double leaf(const Rule *r, const int *at) {
    const EvalInput *in = r->eval->in;
    const Attr *attr = &r->node->attr;
    switch (r->node->op) {
        case OP_INPUT:
            return get(&in->inputs[attr->index], at);
        case OP_PARAM:
            return get(&in->params[attr->index], at);
        case OP_TABLE:
            return r->eval->graph->tables.at[attr->index].values[at[0]];
        case OP_CONST:
            return attr->value;
        case OP_LENGTH:
            return dim_from((Dim){attr->index, attr->start}, steps_at(r->eval, attr->index, at[0]));
        case OP_POSITION:
            return at[r->node->type.rank - 1];
        case OP_SEED:
            return in->seed;
        case OP_MASK:
            if (!in->training || !in->mask) return 1;
            return in->mask(in->mask_user, attr->index, attr->value, at);
        default:
            die("%s is no leaf", op_info[r->node->op].name);
    }
}

static double expand(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, rank = 0;
    for (int i = 0; i < r->result->rank; i++)
        if (r->node->attr.kept >> i & 1) from[rank++] = at[i];
    return get(r->x, from);
}

static double slice(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0};
    memcpy(from, at, sizeof from);
    from[r->node->attr.axis] += r->node->attr.start;
    return get(r->x, from);
}

static double pad(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis;
    memcpy(from, at, sizeof from);
    from[axis] -= r->node->attr.start;
    return from[axis] >= 0 && from[axis] < r->x->dim[axis] ? get(r->x, from) : 0;
}

static double concat(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis;
    memcpy(from, at, sizeof from);
    for (int i = 0; i < r->node->count; i++) {
        const Tensor *part = &r->eval->results[r->node->in[i]];
        if (from[axis] < part->dim[axis]) return get(part, from);
        from[axis] -= part->dim[axis];
    }
    die("concat: past the last part");
}

static double reshape(const Rule *r, const int *at) {
    long flat = offset(r->result, at);
    return r->x->at ? r->x->at[flat] : r->x->index[flat];
}

/* y_tk = x_(index_t)k */
static double gather(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, lead = r->y->rank;
    from[0] = get_index(r->y, at, r->x->dim[0]);
    for (int i = 1; i < r->x->rank; i++) from[i] = at[lead + i - 1];
    return get(r->x, from);
}

/* y_vk = Σ x_tk over the t with index_t = v */
static double scatter(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, lead = r->y->rank;
    for (int i = 1; i < r->result->rank; i++) from[lead + i - 1] = at[i];
    double sum = 0;
    if (!tensor_size(r->y)) return 0;
    do {
        if (get_index(r->y, from, r->result->dim[0]) == at[0]) sum += get(r->x, from);
    } while (next_in(r->y, from));
    return sum;
}

static double onehot(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis;
    drop(from, at, r->result->rank, axis);
    return get_index(r->x, from, r->result->dim[axis]) == at[axis];
}

static double pick(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, last = r->x->rank - 1;
    put(from, at, r->x->rank, last, get_index(r->y, at, r->x->dim[last]));
    return get(r->x, from);
}

/* SUM, MAX and ARGMAX; the first of equal maxima counts. */
static double reduce(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis, best = 0;
    double sum = 0, most = -INFINITY;
    for (int i = 0; i < size_at(r, false, axis, at); i++) {
        put(from, at, r->x->rank, axis, i);
        double x = get(r->x, from);
        sum += x;
        if (x > most) {
            most = x;
            best = i;
        }
    }
    return r->node->op == OP_SUM ? sum : r->node->op == OP_MAX ? most : best;
}

/* Sets the positions of an operand's axes from those of the labels. */
static void positions(int *at, const char *labels, const int *of) {
    for (int i = 0; labels[i]; i++) at[i] = of[labels[i] - 'a'];
}

/* y = Σ a b over the labels that the result lacks */
static double contract(const Rule *r, const int *at) {
    const Attr *l = &r->node->attr;
    int of[26] = {0}, low[MAX_RANK] = {0}, high[MAX_RANK], k[MAX_RANK] = {0}, count = 0;
    char summed[MAX_RANK];
    for (int i = 0; l->out[i]; i++) of[l->out[i] - 'a'] = at[i];
    for (int i = 0; l->a[i]; i++)
        if (!strchr(l->out, l->a[i])) {
            if (!r->x->dim[i]) return 0;
            summed[count] = l->a[i];
            high[count++] = r->x->dim[i];
        }
    double sum = 0;
    do {
        int left[MAX_RANK] = {0}, right[MAX_RANK] = {0};
        for (int i = 0; i < count; i++) of[summed[i] - 'a'] = k[i];
        positions(left, l->a, of);
        positions(right, l->b, of);
        sum += get(r->x, left) * get(r->y, right);
    } while (next(count, k, low, high));
    return sum;
}

/* y_t = x one step earlier in the delay's direction, the initial value at the first step */
static double delay(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis;
    memcpy(from, at, sizeof from);
    from[axis] -= r->node->attr.direction;
    if (from[axis] >= 0 && from[axis] < size_at(r, true, axis, at)) return get(r->x, from);
    drop(from, at, r->result->rank, axis);
    return get(r->y, from);
}

/* y_t = x_(t+start), zero where x has no such step */
static double shift(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis;
    memcpy(from, at, sizeof from);
    from[axis] += r->node->attr.start;
    return from[axis] >= 0 && from[axis] < size_at(r, false, axis, at) ? get(r->x, from) : 0;
}

static int last_step(const Rule *r, bool result, const int *at) {
    int axis = r->node->attr.axis;
    return r->node->attr.direction > 0 ? size_at(r, result, axis, at) - 1 : 0;
}

static double final(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, step = last_step(r, false, at);
    if (step < 0) die("final: a sequence without steps");
    put(from, at, r->x->rank, r->node->attr.axis, step);
    return get(r->x, from);
}

static double place(const Rule *r, const int *at) {
    int from[MAX_RANK] = {0}, axis = r->node->attr.axis;
    if (at[axis] != last_step(r, true, at)) return 0;
    drop(from, at, r->result->rank, axis);
    return get(r->x, from);
}

static double element(const Rule *r, const int *at) {
    if (op_info[r->node->op].class == OP_LEAF) return leaf(r, at);
    if (op_info[r->node->op].class == OP_ELEMENTWISE) return elementwise(r, at);
    switch (r->node->op) {
        case OP_EXPAND:
            return expand(r, at);
        case OP_SLICE:
            return slice(r, at);
        case OP_PAD:
            return pad(r, at);
        case OP_CONCAT:
            return concat(r, at);
        case OP_RESHAPE:
            return reshape(r, at);
        case OP_GATHER:
            return gather(r, at);
        case OP_SCATTER:
            return scatter(r, at);
        case OP_ONEHOT:
            return onehot(r, at);
        case OP_PICK:
            return pick(r, at);
        case OP_SUM:
        case OP_MAX:
        case OP_ARGMAX:
            return reduce(r, at);
        case OP_CONTRACT:
            return contract(r, at);
        case OP_DELAY:
            return delay(r, at);
        case OP_SHIFT:
            return shift(r, at);
        case OP_FINAL:
            return final(r, at);
        case OP_PLACE:
            return place(r, at);
        default:
            die("%s has no definition", op_info[r->node->op].name);
    }
}

/* ---- nodes and recurrences ---- */

/* A nested sequence may be shorter than the longest one, for which there is room. */
static bool exists(const Eval *eval, const Type *type, const int *at) {
    for (int i = 1; i < type->rank; i++)
        if (eval->graph->syms.at[type->dim[i].sym].parent &&
            at[i] >= steps_at(eval, type->dim[i].sym, at[i - 1]))
            return false;
    return true;
}

/* Computes the elements of `node` at position `step` of `axis`, all of them when axis is -1. */
static void compute(Eval *eval, int index, int axis, int step) {
    const Node *node = graph_node(eval->graph, index);
    Tensor *result = &eval->results[index];
    Rule rule = {.eval = eval, .node = node, .result = result};
    if (node->count > 0) rule.x = &eval->results[node->in[0]];
    if (node->count > 1) rule.y = &eval->results[node->in[1]];
    int low[MAX_RANK] = {0}, high[MAX_RANK] = {0}, at[MAX_RANK] = {0};
    if (!tensor_size(result)) return;
    memcpy(high, result->dim, sizeof high);
    if (axis >= 0) {
        low[axis] = at[axis] = step;
        high[axis] = step + 1;
    }
    do {
        if (!exists(eval, &node->type, at)) continue;
        double value = element(&rule, at);
        if (result->at)
            result->at[offset(result, at)] = value;
        else
            result->index[offset(result, at)] = (int)value;
    } while (next(result->rank, at, low, high));
}

static int first_of(const Eval *eval, int number) {
    int first = 0;
    while (eval->cycles[first] != number) first++;
    return first;
}

/* Computes recurrence `number`: step after step, all its nodes in their order. The first of them is
 * a DELAY. */
static void compute_recurrence(Eval *eval, int number) {
    int first = first_of(eval, number), steps = eval->results[first].dim[eval->axes[first]];
    bool forward = graph_node(eval->graph, first)->attr.direction > 0;
    for (int i = 0; i < steps; i++)
        for (int n = first; n < eval->graph->nodes.len; n++)
            if (eval->cycles[n] == number)
                compute(eval, n, eval->axes[n], forward ? i : steps - 1 - i);
}

/* Whether all that node `index` uses from outside of its own recurrence is there. */
static bool ready(const Eval *eval, int index) {
    const Node *node = graph_node(eval->graph, index);
    for (int k = 0; k < node->count; k++) {
        bool inside = eval->cycles[index] && eval->cycles[node->in[k]] == eval->cycles[index];
        if (!inside && !eval->done[node->in[k]]) return false;
    }
    return true;
}

static bool recurrence_ready(const Eval *eval, int number) {
    for (int i = 0; i < eval->graph->nodes.len; i++)
        if (eval->cycles[i] == number && !ready(eval, i)) return false;
    return true;
}

/* Computes what can be computed now, in order; false when there was nothing. */
static bool advance(Eval *eval) {
    bool progress = false;
    for (int i = 0; i < eval->graph->nodes.len; i++) {
        int number = eval->cycles[i];
        if (eval->done[i] || !ready(eval, i)) continue;
        if (number && !recurrence_ready(eval, number)) continue;
        if (number)
            compute_recurrence(eval, number);
        else
            compute(eval, i, -1, 0);
        for (int n = 0; n < eval->graph->nodes.len; n++)
            if (n == i || (number && eval->cycles[n] == number)) eval->done[n] = true;
        progress = true;
    }
    return progress;
}

void graph_eval(Arena *arena, const Graph *graph, const EvalInput *in, Tensor *results) {
    int count = graph->nodes.len, bad;
    Eval eval = {.graph = graph, .in = in, .results = results};
    eval.cycles = graph_cycles(arena, graph);
    eval.axes = graph_step_axes(arena, graph, eval.cycles, &bad);
    eval.done = ARENA_ARRAY(arena, bool, count + 1);
    if (bad >= 0) die("node %d: no recurrence that steps along one axis", bad);
    for (int i = 0; i < count; i++)
        results[i] = tensor_new(arena, &graph_node(graph, i)->type, in->sizes);
    while (advance(&eval)) continue;
    for (int i = 0; i < count; i++)
        if (!eval.done[i]) die("node %d depends on itself without a delay", i);
}
