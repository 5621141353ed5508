#define RD_REAL double
#include "oracle.h"

#include <criterion/criterion.h>
#include <string.h>

#include "random_graph.h"
#include "simd.h"

/* ---- masks ---- */

/* Where the example at hand lies in the packed batch. */
typedef struct {
    const Graph *graph;
    const Data *data;
    uint64_t key;
    int example;
} Place;

static bool is_length(const Graph *graph, Dim dim) {
    return graph->syms.at[dim.sym].kind == SYM_LENGTH;
}

/* How many examples go before this one, by falling length: its place in the packed batch. */
static int packed_example(const Data *data, int example) {
    int before = 0;
    for (int i = 0; i < data->count; i++)
        before += data->length[i] > data->length[example] ||
                  (data->length[i] == data->length[example] && i < example);
    return before;
}

/* The packed row of its step t: behind the rows of all earlier steps. */
static long packed_row(const Data *data, int example, int t) {
    long row = packed_example(data, example);
    for (int i = 0; i < data->count; i++) row += data->length[i] < t ? data->length[i] : t;
    return row;
}

static const Node *mask_of(const Graph *graph, int stream) {
    for (int i = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op == OP_MASK && graph_node(graph, i)->attr.index == stream)
            return graph_node(graph, i);
    cr_assert_fail("no mask of stream %d", stream);
    return NULL;
}

static double packed_mask(void *user, int stream, double zero, long element) {
    const Place *place = user;
    const Type *type = &mask_of(place->graph, stream)->type;
    bool steps = type->rank && is_length(place->graph, type->dim[0]);
    long columns = 1;
    for (int i = steps; i < type->rank; i++) columns *= type->dim[i].add;
    long row = steps ? packed_row(place->data, place->example, (int)(element / columns))
                     : packed_example(place->data, place->example);
    return rd_mask(place->key, stream, row, (int)(element % columns), zero)[0];
}

void separate_masks(Graph *graph) {
    for (int i = 0, streams = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op == OP_MASK) graph_node(graph, i)->attr.index = streams++;
}

/* ---- one example ---- */

static void set_sizes(const Graph *graph, const Data *data, int example, int *sizes) {
    for (int i = 1; i < graph->syms.len; i++) {
        const Sym *sym = &graph->syms.at[i];
        sizes[i] = sym->kind == SYM_VOCAB ? data->vocab[sym->input] : data->length[example];
    }
}

static Tensor *inputs_of(Arena *arena, const Graph *graph, const Data *data, int example,
                         const int *sizes, int first) {
    Tensor *inputs = ARENA_ARRAY(arena, Tensor, graph->inputs.len + 1);
    for (int i = 0; i < graph->inputs.len; i++) {
        const Type *type = &graph->inputs.at[i].type;
        inputs[i] = tensor_new(arena, type, sizes);
        if (graph->inputs.at[i].kind == INPUT_REAL) {
            long each = tensor_size(&inputs[i]);
            memcpy(inputs[i].at, data->real[i] + example * each, (size_t)each * sizeof(double));
            continue;
        }
        const int *from = data->column[i] + (type->rank ? first : example);
        memcpy(inputs[i].index, from, (size_t)tensor_size(&inputs[i]) * sizeof(int));
    }
    return inputs;
}

static void copy_numbers(const Tensor *tensor, double *to) {
    for (long k = 0; k < tensor_size(tensor); k++)
        to[k] = tensor->at ? tensor->at[k] : tensor->index[k];
}

/* ---- the batch ---- */

static bool per_step(const Graph *graph, int node) {
    const Type *type = &graph_node(graph, node)->type;
    return type->rank && is_length(graph, type->dim[0]);
}

static Results empty_results(Arena *arena, const Graph *graph, const Data *data,
                             const Tensor *params, int steps) {
    Results r = {0};
    r.output = ARENA_ARRAY(arena, double *, graph->outputs.len + 1);
    r.output_size = ARENA_ARRAY(arena, int, graph->outputs.len + 1);
    r.gradient = ARENA_ARRAY(arena, double *, graph->params.len + 1);
    for (int i = 0, o = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        const Type *type = &graph_node(graph, output->node)->type;
        int rows = per_step(graph, output->node) ? steps : data->count, columns = 1;
        for (int k = per_step(graph, output->node); k < type->rank; k++)
            columns *= type->dim[k].add;
        if (output->role == ROLE_LOSS) r.losses = rows;
        if (output->role == ROLE_LOSS) r.loss = ARENA_ARRAY(arena, double, rows + 1);
        if (output->role == ROLE_OUTPUT) r.output_size[o] = rows * columns;
        if (output->role == ROLE_OUTPUT) r.output[o++] = ARENA_ARRAY(arena, double, rows *columns);
    }
    for (int p = 0; p < graph->params.len; p++)
        r.gradient[p] = ARENA_ARRAY(arena, double, tensor_size(&params[p]) + 1);
    return r;
}

/* Puts the values of one example, whose steps begin at `first`, where they belong. */
static void add_example(const Graph *graph, const Tensor *values, Results *r, int example,
                        int first) {
    for (int i = 0, o = 0; i < graph->outputs.len; i++) {
        const Output *output = &graph->outputs.at[i];
        const Tensor *value = &values[output->node];
        bool steps = per_step(graph, output->node);
        long columns = steps ? tensor_size(value) / value->dim[0] : tensor_size(value);
        long at = (steps ? first : example) * columns;
        if (output->role == ROLE_LOSS) copy_numbers(value, r->loss + at);
        if (output->role == ROLE_OUTPUT) copy_numbers(value, r->output[o++] + at);
        for (long k = 0; output->role == ROLE_GRADIENT && k < tensor_size(value); k++)
            r->gradient[output->param][k] += value->at[k];
    }
}

Results oracle(Arena *arena, const Graph *graph, const Data *data, const Tensor *params,
               bool training, uint64_t key) {
    int *sizes = ARENA_ARRAY(arena, int, graph->syms.len + 1), steps = 0;
    for (int e = 0; e < data->count; e++) steps += data->length[e];
    Results r = empty_results(arena, graph, data, params, steps);
    Place place = {.graph = graph, .data = data, .key = key};
    for (int e = 0, first = 0; e < data->count; first += data->length[e++]) {
        Arena *scratch = arena_new();
        Tensor *values = ARENA_ARRAY(scratch, Tensor, graph->nodes.len);
        set_sizes(graph, data, e, sizes);
        place.example = e;
        EvalInput in = {.sizes = sizes,
                        .inputs = inputs_of(scratch, graph, data, e, sizes, first),
                        .params = params,
                        .training = training,
                        .mask = packed_mask,
                        .mask_user = &place,
                        .seed = 1.0 / r.losses};
        graph_eval(scratch, graph, &in, values);
        add_example(graph, values, &r, e, first);
        arena_free(scratch);
    }
    return r;
}

Data random_data(Arena *arena, const Graph *graph, int count, const int *length, uint64_t seed) {
    Random random = {seed};
    Data data = {.count = count, .length = length};
    int steps = 0;
    for (int e = 0; e < count; e++) steps += length[e];
    for (int i = 0; i < graph->inputs.len; i++) {
        const Input *input = &graph->inputs.at[i];
        int size = input->type.rank ? steps : count;
        int range = input->type.range.sym ? graph->syms.at[input->type.range.sym].max : 0;
        data.vocab[i] = input->kind == INPUT_WORDS ? range + input->type.range.add : 0;
        if (input->kind == INPUT_REAL) {
            int reals = count * (input->type.rank ? input->type.dim[0].add : 1);
            double *real = ARENA_ARRAY(arena, double, reals);
            for (int k = 0; k < reals; k++) real[k] = random_between(&random, -2, 2);
            data.real[i] = real;
            continue;
        }
        int *column = ARENA_ARRAY(arena, int, size + 1);
        for (int k = 0; k < size; k++)
            column[k] = random_below(&random, range + input->type.range.add);
        data.column[i] = column;
    }
    return data;
}
