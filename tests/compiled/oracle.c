#define RD_REAL double
#include "oracle.h"

#include <criterion/criterion.h>
#include <string.h>

#include "random_graph.h"
#include "simd.h"

/* ---- the packed batch ---- */

/* Where the data lies, and where its rows are in the packed batch, for examples (0) and for each
 * sequence. */
typedef struct {
    const Graph *graph;
    const Data *data;
    int parent[RD_MAX_SEQUENCES + 1], count[RD_MAX_SEQUENCES + 1]; /* rows */
    const int *length[RD_MAX_SEQUENCES + 1];                       /* [owners] */
    int *first[RD_MAX_SEQUENCES + 1]; /* [owners + 1] where the steps of each begin */
    int *row[RD_MAX_SEQUENCES + 1];   /* [rows] the packed row of each */
    int sequences;
    uint64_t key;
    int example; /* the one at hand */
} Place;

static int *sums_of(Arena *arena, const int *length, int owners) {
    int *first = ARENA_ARRAY(arena, int, owners + 1);
    for (int i = 0; i < owners; i++) first[i + 1] = first[i] + length[i];
    return first;
}

/* How many owners go before this one: by falling length, then by their own rows. */
static int before(const int *length, const int *row, int owners, int owner) {
    int result = 0;
    for (int i = 0; i < owners; i++)
        result += length[i] > length[owner] || (length[i] == length[owner] && row[i] < row[owner]);
    return result;
}

/* Step t of an owner lies behind all rows of the steps before, those of the longest first. */
static void place_sequence(Arena *arena, Place *place, int n) {
    const int *length = place->length[n] = lengths_of(place->data, n);
    int parent = place->parent[n], owners = place->count[parent];
    place->first[n] = sums_of(arena, length, owners);
    place->count[n] = place->first[n][owners];
    place->row[n] = ARENA_ARRAY(arena, int, place->count[n] + 1);
    for (int i = 0; i < owners; i++)
        for (int t = 0; t < length[i]; t++) {
            int row = before(length, place->row[parent], owners, i);
            for (int k = 0; k < owners; k++) row += length[k] < t ? length[k] : t;
            place->row[n][place->first[n][i] + t] = row;
        }
}

/* Every step of the one has a row for each step of the other; owner after owner. */
static void place_pair(Arena *arena, Place *place, int n, int first, int other) {
    int owners = place->count[first], *length = ARENA_ARRAY(arena, int, owners + 1);
    if (place->parent[first] || place->parent[other]) return;
    for (int e = 0; e < place->data->count; e++)
        for (int k = place->first[first][e]; k < place->first[first][e + 1]; k++)
            length[k] = place->length[other][e];
    place->parent[n] = first;
    place->length[n] = length;
    place->first[n] = sums_of(arena, length, owners);
    place->count[n] = place->first[n][owners];
    place->row[n] = ARENA_ARRAY(arena, int, place->count[n] + 1);
    for (int i = 0; i < owners; i++)
        for (int k = 0; k < owners; k++)
            for (int t = 0; t < length[i]; t++)
                if (place->row[first][k] < place->row[first][i])
                    place->row[n][place->first[n][i] + t] += length[k];
    for (int i = 0; i < owners; i++)
        for (int t = 0; t < length[i]; t++) place->row[n][place->first[n][i] + t] += t;
}

static Place place_of(Arena *arena, const Graph *graph, const Data *data, uint64_t key) {
    Place place = {.graph = graph, .data = data, .key = key, .count = {data->count}};
    int *order = ARENA_ARRAY(arena, int, data->count), *file = ARENA_ARRAY(arena, int, data->count);
    for (int i = 0; i < data->count; i++) file[i] = i;
    for (int i = 0; i < data->count; i++)
        order[i] = data->length ? before(data->length, file, data->count, i) : i;
    place.row[0] = order;
    for (int i = 1; i < graph->syms.len; i++) {
        if (graph->syms.at[i].kind != SYM_LENGTH) continue;
        place.parent[++place.sequences] = sequence_number(graph, graph->syms.at[i].parent);
        place_sequence(arena, &place, place.sequences);
    }
    for (int pair = 0; pair < place.sequences * place.sequences; pair++)
        if (place.sequences + pair < RD_MAX_SEQUENCES)
            place_pair(arena, &place, place.sequences + pair + 1, pair / place.sequences + 1,
                       pair % place.sequences + 1);
    return place;
}

/* Where the rows of an example begin in the data. */
static int first_row(const Place *place, int n, int example) {
    return n ? place->first[n][first_row(place, place->parent[n], example)] : example;
}

static int sequence_of(const Graph *graph, int node) {
    return sequence_number(graph, step_sym(graph, &graph_node(graph, node)->type));
}

/* The row of the data at these positions of the step axes, in example `place->example`. */
static int data_row(const Place *place, int n, const int *at, int axes) {
    if (n == 0 || axes < 1) return place->example;
    return place->first[n][data_row(place, place->parent[n], at, axes - 1)] + at[axes - 1];
}

/* ---- masks ---- */

static const Node *mask_of(const Graph *graph, int stream) {
    for (int i = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op == OP_MASK && graph_node(graph, i)->attr.index == stream)
            return graph_node(graph, i);
    cr_assert_fail("no mask of stream %d", stream);
    return NULL;
}

/* The lengths of a type first, then all other axes, both as they stand; so are the positions. */
static Type lengths_first(const Graph *graph, const Type *type, const int *at, int *to) {
    Type result = *type;
    int next = 0;
    for (int lengths = 1; lengths >= 0; lengths--)
        for (int i = 0; i < type->rank; i++) {
            if ((graph->syms.at[type->dim[i].sym].kind == SYM_LENGTH) != lengths) continue;
            result.dim[next] = type->dim[i];
            to[next++] = at[i];
        }
    return result;
}

/* Masks are numbered by rows and by columns within them; those of pairs have a row a step of the
 * first sequence. */
static double packed_mask(void *user, int stream, double zero, const int *where) {
    const Place *place = user;
    const Graph *graph = place->graph;
    int at[MAX_RANK] = {0}, column = 0;
    Type type = lengths_first(graph, &mask_of(graph, stream)->type, where, at);
    int axis = step_sym(graph, &type), axes = step_axes(graph, &type);
    for (int i = axes; i < type.rank; i++) column = column * type.dim[i].add + at[i];
    if (is_pair(axis)) {
        column = column * axis_max(graph, axis) + at[--axes];
        axis = axis_outer(graph, axis);
    }
    int n = sequence_number(graph, axis);
    long row = place->row[n][data_row(place, n, at, axes)];
    return rd_mask(place->key, stream, row, (uint32_t)column, 1, zero)[0];
}

void separate_masks(Graph *graph) {
    for (int i = 0, streams = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op == OP_MASK) graph_node(graph, i)->attr.index = streams++;
}

/* ---- one example ---- */

/* The lengths of this example, a nested one's being its largest; `inner` is where those are. */
static void set_sizes(const Place *place, int *sizes, const int **inner) {
    for (int i = 1, n = 0; i < place->graph->syms.len; i++) {
        const Sym *sym = &place->graph->syms.at[i];
        sizes[i] = sym->kind == SYM_VOCAB ? place->data->vocab[sym->input] : 0;
        if (sym->kind != SYM_LENGTH) continue;
        int parent = place->parent[++n];
        int from = first_row(place, parent, place->example);
        int to = first_row(place, parent, place->example + 1);
        inner[i] = lengths_of(place->data, n) + from;
        for (int k = from; k < to; k++)
            if (lengths_of(place->data, n)[k] > sizes[i]) sizes[i] = lengths_of(place->data, n)[k];
    }
}

/* Whether there is a row at these positions: the interpreter's tensors are as large as the longest
 * nested sequence. */
static bool exists(const Place *place, int n, const int *at, int axes) {
    if (n == 0 || axes < 1) return true;
    int parent = place->parent[n];
    return exists(place, parent, at, axes - 1) &&
           at[axes - 1] < place->length[n][data_row(place, parent, at, axes - 1)];
}

/* Calls `copy` for each row of the data and the elements of a tensor where it is. */
typedef void (*CopyRow)(void *context, const Tensor *tensor, long element, int columns, int row);

static void each_row(const Place *place, const Type *type, const Tensor *tensor, CopyRow copy,
                     void *context) {
    int axes = step_axes(place->graph, type), at[MAX_RANK] = {0}, rows = 1, columns = 1;
    int n = sequence_number(place->graph, step_sym(place->graph, type));
    for (int k = 0; k < axes; k++) rows *= tensor->dim[k];
    for (int k = axes; k < tensor->rank; k++) columns *= tensor->dim[k];
    for (int row = 0; row < rows; row++) {
        for (int k = axes - 1, rest = row; k >= 0; rest /= tensor->dim[k--])
            at[k] = rest % tensor->dim[k];
        if (exists(place, n, at, axes))
            copy(context, tensor, (long)row * columns, columns, data_row(place, n, at, axes));
    }
}

static void read_index(void *context, const Tensor *tensor, long element, int columns, int row) {
    tensor->index[element] = ((const int *)context)[row * columns];
}

static void read_reals(void *context, const Tensor *tensor, long element, int columns, int row) {
    memcpy(tensor->at + element, (const double *)context + (long)row * columns,
           (size_t)columns * sizeof(double));
}

static Tensor *inputs_of(Arena *arena, const Place *place, const int *sizes) {
    const Graph *graph = place->graph;
    Tensor *inputs = ARENA_ARRAY(arena, Tensor, graph->inputs.len + 1);
    for (int i = 0; i < graph->inputs.len; i++) {
        const Type *type = &graph->inputs.at[i].type;
        inputs[i] = tensor_new(arena, type, sizes);
        bool real = graph->inputs.at[i].type.kind == TYPE_REAL;
        const void *from = real ? (const void *)place->data->real[i] : place->data->column[i];
        each_row(place, type, &inputs[i], real ? read_reals : read_index, (void *)(uintptr_t)from);
    }
    return inputs;
}

/* ---- the batch ---- */

/* How large an axis is that is no length. */
static int size_of_axis(const Place *place, Dim dim) {
    return dim.sym ? place->data->vocab[place->graph->syms.at[dim.sym].input] : dim.add;
}

static Results empty_results(Arena *arena, const Place *place, const Tensor *params) {
    const Graph *graph = place->graph;
    Results r = {0};
    r.output = ARENA_ARRAY(arena, double *, graph->outputs.len + 1);
    r.output_size = ARENA_ARRAY(arena, int, graph->outputs.len + 1);
    r.gradient = ARENA_ARRAY(arena, double *, graph->params.len + 1);
    for (int i = 0, o = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        const Type *type = &graph_node(graph, output->node)->type;
        int rows = place->count[sequence_of(graph, output->node)], columns = 1;
        for (int k = step_axes(graph, type); k < type->rank; k++)
            columns *= size_of_axis(place, type->dim[k]);
        if (output->role == ROLE_LOSS) r.losses = rows;
        r.weighted |= output->role == ROLE_WEIGHT;
        if (output->role == ROLE_LOSS) r.loss = ARENA_ARRAY(arena, double, rows + 1);
        if (output->role == ROLE_OUTPUT) r.output_size[o] = rows * columns;
        if (output->role == ROLE_OUTPUT) r.output[o++] = ARENA_ARRAY(arena, double, rows *columns);
    }
    for (int p = 0; p < graph->params.len; p++)
        r.gradient[p] = ARENA_ARRAY(arena, double, tensor_size(&params[p]) + 1);
    return r;
}

static void write_row(void *context, const Tensor *tensor, long element, int columns, int row) {
    double *to = (double *)context + (long)row * columns;
    for (int k = 0; k < columns; k++)
        to[k] = tensor->at ? tensor->at[element + k] : tensor->index[element + k];
}

/* Puts the values of one example where they belong. */
static void add_example(const Place *place, const Tensor *values, Results *r) {
    const Graph *graph = place->graph;
    for (int i = 0, o = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        const Tensor *value = &values[output->node];
        const Type *type = &graph_node(graph, output->node)->type;
        if (output->role == ROLE_LOSS) each_row(place, type, value, write_row, r->loss);
        if (output->role == ROLE_OUTPUT) each_row(place, type, value, write_row, r->output[o++]);
        for (long k = 0; output->role == ROLE_WEIGHT && k < tensor_size(value); k++)
            r->weight += value->at[k];
        for (long k = 0; output->role == ROLE_GRADIENT && k < tensor_size(value); k++)
            r->gradient[output->param][k] += value->at[k];
    }
}

/* By the sum of the weights, or to zero where there are none. */
static void divide_gradients(const Graph *graph, const Tensor *params, Results *r) {
    for (int p = 0; p < graph->params.len; p++)
        for (long k = 0; k < tensor_size(&params[p]); k++)
            r->gradient[p][k] *= r->weight == 0 ? 0 : 1 / r->weight;
}

Results oracle(Arena *arena, const Graph *graph, const Data *data, const Tensor *params,
               bool training, uint64_t key) {
    int *sizes = ARENA_ARRAY(arena, int, graph->syms.len + 1);
    const int **inner = ARENA_ARRAY(arena, const int *, graph->syms.len + 1);
    Place place = place_of(arena, graph, data, key);
    Results r = empty_results(arena, &place, params);
    for (; place.example < data->count; place.example++) {
        Arena *scratch = arena_new();
        Tensor *values = ARENA_ARRAY(scratch, Tensor, graph->nodes.len);
        set_sizes(&place, sizes, inner);
        EvalInput in = {.sizes = sizes,
                        .inner = inner,
                        .inputs = inputs_of(scratch, &place, sizes),
                        .params = params,
                        .training = training,
                        .mask = packed_mask,
                        .mask_user = &place,
                        .seed = r.weighted ? 1 : 1.0 / r.losses};
        graph_eval(scratch, graph, &in, values);
        add_example(&place, values, &r);
        arena_free(scratch);
    }
    if (r.weighted) divide_gradients(graph, params, &r);
    return r;
}

/* ---- data ---- */

/* Lengths of further sequences: about as long as the first, but others. */
static int *random_lengths(Arena *arena, const Sym *sym, int owners, Random *random) {
    int *length = ARENA_ARRAY(arena, int, owners + 1);
    int longest = sym->max < 6 ? sym->max : 6;
    for (int i = 0; i < owners; i++) length[i] = 1 + random_below(random, longest);
    return length;
}

/* Every word of the text, a step later; the mark at the first. */
static void set_previous(const Data *data, const Graph *graph, const Input *input, int *column) {
    const int *length = lengths_of(data, sequence_number(graph, step_sym(graph, &input->type)));
    const int *words = data->column[input->previous];
    for (int e = 0, row = 0; e < data->count; e++)
        for (int t = 0; t < length[e]; t++, row++) column[row] = t ? words[row - 1] : RD_MARK;
}

Data random_data(Arena *arena, const Graph *graph, int count, const int *length, uint64_t seed) {
    Random random = {seed};
    Data data = {.count = count, .length = length};
    int rows[RD_MAX_SEQUENCES + 1] = {count}, n = 0;
    for (int i = 1; i < graph->syms.len; i++) {
        const Sym *sym = &graph->syms.at[i];
        if (sym->kind != SYM_LENGTH) continue;
        int owners = rows[sequence_number(graph, sym->parent)];
        if (++n > 1) data.further[n - 1] = random_lengths(arena, sym, owners, &random);
        for (int k = 0; k < owners; k++) rows[n] += lengths_of(&data, n)[k];
    }
    for (int i = 0; i < graph->inputs.len; i++) {
        const Input *input = &graph->inputs.at[i];
        int size = rows[sequence_number(graph, step_sym(graph, &input->type))];
        const Sym *words = &graph->syms.at[input->type.range.sym];
        int range = input->type.range.sym ? random_vocabulary(words) : 0;
        data.vocab[i] = input->kind == INPUT_WORDS ? range + input->type.range.add : 0;
        if (input->type.kind == TYPE_REAL) {
            int reals = size;
            for (int k = step_axes(graph, &input->type); k < input->type.rank; k++)
                reals *= input->type.dim[k].add;
            double *real = ARENA_ARRAY(arena, double, reals);
            for (int k = 0; k < reals; k++) real[k] = random_between(&random, -2, 2);
            data.real[i] = real;
            continue;
        }
        int *column = ARENA_ARRAY(arena, int, size + 1);
        for (int k = 0; k < size; k++)
            column[k] = random_below(&random, range + input->type.range.add);
        if (input->kind == INPUT_PREVIOUS) set_previous(&data, graph, input, column);
        data.column[i] = column;
    }
    return data;
}
