#include "random_graph.h"

/* ---- random numbers (splitmix64) ---- */

uint64_t random_next(Random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int random_below(Random *random, int limit) { return (int)(random_next(random) % (uint64_t)limit); }

double random_between(Random *random, double low, double high) {
    return low + (high - low) * ((double)(random_next(random) >> 11) * 0x1p-53);
}

/* ---- the state of the generator ---- */

typedef VEC(int) Nodes;

typedef struct {
    Arena *arena;
    Intern *names;
    Graph *graph;
    Random random;
    Dim length;     /* T */
    Nodes rows;     /* the values [T, N] so far */
    Nodes vectors;  /* [N] */
    Nodes steps;    /* [T] */
    Nodes matrices; /* [T, M, N] */
    Nodes grids;    /* [M, N] */
} Gen;

static const Span nowhere;

static int below(Gen *g, int limit) { return random_below(&g->random, limit); }

static int any(Gen *g, const Nodes *nodes) { return nodes->at[below(g, nodes->len)]; }

static int width(const Gen *g, int node) {
    const Type *type = &graph_node(g->graph, node)->type;
    return type->dim[type->rank - 1].add;
}

static int random_width(Gen *g) {
    static const int widths[] = {1, 2, 3, 4, 5, 7, 8, 16, 17};
    return widths[below(g, (int)(sizeof widths / sizeof *widths))];
}

static Type row_type(const Gen *g, int size) {
    return type_real(2, (Dim[]){g->length, dim_const(size)});
}

static int parameter(Gen *g, Type type) {
    int index = g->graph->params.len;
    const char *name = intern(g->names, arena_printf(g->arena, "p%d.weight", index));
    vec_push(g->arena, &g->graph->params,
             (Param){.name = name, .type = type, .start = {.kind = INIT_UNIFORM, .spread = 0.5}});
    return graph_leaf(g->graph, OP_PARAM, type, (Attr){.index = index}, nowhere);
}

static int parameter_vector(Gen *g, int size) {
    return parameter(g, type_real(1, (Dim[]){dim_const(size)}));
}

static int unary(Gen *g, Op op, int a) { return graph_unary(g->graph, op, a, nowhere); }
static int binary(Gen *g, Op op, int a, int b) { return graph_binary(g->graph, op, a, b, nowhere); }

static int constant(Gen *g, double value, int like) {
    return graph_const(g->graph, value, graph_node(g->graph, like)->type, nowhere);
}

/* `a` repeated to the type of `like`: a vector along time, a step along the row, a number along
 * everything. */
static int repeat(Gen *g, int a, int like, unsigned kept) {
    return graph_expand(g->graph, a, graph_node(g->graph, like)->type, kept, nowhere);
}

/* ---- pieces that work for one step and for all ---- */

/* weight @ x, for a row [T, N] or a vector [N]. */
static int product(Gen *g, int weight, int x) {
    if (graph_node(g->graph, x)->type.rank == 2)
        return graph_contract(g->graph, weight, x, "oi", "ti", "to", nowhere);
    return graph_contract(g->graph, weight, x, "oi", "i", "o", nowhere);
}

static int weight_for(Gen *g, int x, int size) {
    return parameter(g, type_real(2, (Dim[]){dim_const(size), dim_const(width(g, x))}));
}

/* weight @ x + bias, of width `size`; without the bias half of the time */
static int linear(Gen *g, int x, int size) {
    int y = product(g, weight_for(g, x, size), x);
    if (below(g, 2)) return y;
    int bias = parameter_vector(g, size), rank = graph_node(g->graph, x)->type.rank;
    return binary(g, OP_ADD, y, repeat(g, bias, y, 1u << (rank - 1)));
}

/* A bounded function of x. */
static int activation(Gen *g, int x) {
    switch (below(g, 4)) {
        case 0:
            return unary(g, OP_SIGMOID, x);
        case 1:
            return binary(g, OP_MUL, unary(g, OP_SIGMOID, x), unary(g, OP_TANH, x));
        default:
            return unary(g, OP_TANH, x);
    }
}

/* Some other elementwise function of the bounded x. */
static int function(Gen *g, int x) {
    int one = constant(g, 1, x), square = binary(g, OP_MUL, x, x);
    switch (below(g, 10)) {
        case 0:
            return unary(g, OP_NEG, x);
        case 1:
            return unary(g, OP_EXP, unary(g, OP_TANH, x));
        case 2:
            return unary(g, OP_LOG, binary(g, OP_ADD, one, square));
        case 3:
            return unary(g, OP_SQRT, binary(g, OP_ADD, one, square));
        case 4:
            return unary(g, OP_RELU, x);
        case 5:
            return unary(g, OP_ABS, x);
        case 6:
            return binary(g, OP_DIV, x, binary(g, OP_ADD, one, square));
        case 7:
            return binary(g, OP_SUB, one, unary(g, OP_SIGMOID, x));
        case 8:
            return binary(g, OP_MUL, x, unary(g, OP_STOP, unary(g, OP_STEP, x)));
        default:
            return unary(g, OP_TANH, x);
    }
}

/* Some combination of x with y of the same type. */
static int combination(Gen *g, int x, int y) {
    int gate = unary(g, OP_SIGMOID, x), choice[3] = {unary(g, OP_STEP, x), x, y};
    switch (below(g, 8)) {
        case 0:
            return unary(g, OP_TANH, binary(g, OP_ADD, x, y));
        case 1:
            return unary(g, OP_TANH, binary(g, OP_SUB, x, y));
        case 2:
            return binary(g, OP_MAXIMUM, x, y);
        case 3:
            return binary(g, OP_MINIMUM, x, y);
        case 4:
            return graph_add(g->graph, OP_SELECT, 3, choice, (Attr){0}, nowhere);
        case 5:
            return unary(g, OP_TANH, binary(g, OP_MUL, x, y));
        default:
            return binary(g, OP_MUL, gate, y);
    }
}

/* exp(x - max x) / Σ exp(x - max x), along the axis `axis` */
static int softmax(Gen *g, int x, int axis) {
    unsigned kept = ((1u << graph_node(g->graph, x)->type.rank) - 1) & ~(1u << axis);
    int most = repeat(g, graph_reduce(g->graph, OP_MAX, x, axis, nowhere), x, kept);
    int e = unary(g, OP_EXP, binary(g, OP_SUB, x, most));
    int sum = repeat(g, graph_reduce(g->graph, OP_SUM, e, axis, nowhere), x, kept);
    return binary(g, OP_DIV, e, sum);
}

/* Some part of the last axis of x, joined to some part of the last axis of y. */
static int splice(Gen *g, int x, int y) {
    int axis = graph_node(g->graph, x)->type.rank - 1, part[2] = {x, y};
    for (int i = 0; i < 2; i++) {
        int size = 1 + below(g, width(g, part[i])), start = below(g, width(g, part[i]) - size + 1);
        part[i] = graph_slice(g->graph, part[i], axis, start, size, nowhere);
    }
    return graph_concat(g->graph, 2, part, axis, nowhere);
}

/* x itself where it has width `size`, otherwise a dense layer of it. */
static int fit(Gen *g, int x, int size) {
    return width(g, x) == size ? x : activation(g, linear(g, x, size));
}

/* ---- scans ---- */

enum { MAX_STATES = 3 };

typedef struct {
    int input; /* the row that the cell reads */
    int count; /* states */
    int size[MAX_STATES];
    int before[MAX_STATES]; /* the DELAYs */
} Cell;

/* The initial value of a state: zero, a parameter or something computed. */
static int initial(Gen *g, int size) {
    int choice = below(g, 3);
    if (choice == 0) return parameter_vector(g, size);
    if (choice == 1 && g->vectors.len) return fit(g, any(g, &g->vectors), size);
    return graph_const(g->graph, 0, type_real(1, (Dim[]){dim_const(size)}), nowhere);
}

static int any_state(Gen *g, const Cell *cell) { return cell->before[below(g, cell->count)]; }

/* weight @ input + weight @ state (+ weight @ other state), of width `size` */
static int mix(Gen *g, const Cell *cell, int size) {
    int sum = linear(g, cell->input, size);
    int state = any_state(g, cell);
    sum = binary(g, OP_ADD, sum, product(g, weight_for(g, state, size), state));
    if (below(g, 3)) return sum;
    state = any_state(g, cell);
    return binary(g, OP_ADD, sum, product(g, weight_for(g, state, size), state));
}

/* An LSTM's step: one packed product, then its slices. */
static int packed_step(Gen *g, const Cell *cell, int state) {
    int size = cell->size[state], packed = mix(g, cell, 3 * size), gate[3];
    for (int i = 0; i < 3; i++) gate[i] = graph_slice(g->graph, packed, 1, i * size, size, nowhere);
    int kept = binary(g, OP_MUL, unary(g, OP_SIGMOID, gate[0]), cell->before[state]);
    int new = binary(g, OP_MUL, unary(g, OP_SIGMOID, gate[1]), unary(g, OP_TANH, gate[2]));
    return unary(g, OP_TANH, binary(g, OP_ADD, kept, new));
}

/* A GRU's step that resets before the product: weight @ (reset * state) */
static int staged_step(Gen *g, const Cell *cell, int state) {
    int size = cell->size[state], before = cell->before[state];
    int reset = unary(g, OP_SIGMOID, mix(g, cell, size));
    int update = unary(g, OP_SIGMOID, mix(g, cell, size));
    int shown = binary(g, OP_MUL, reset, before);
    int stage = product(g, weight_for(g, shown, size), shown);
    int new = unary(g, OP_TANH, binary(g, OP_ADD, linear(g, cell->input, size), stage));
    int rest = binary(g, OP_SUB, constant(g, 1, update), update);
    return binary(g, OP_ADD, binary(g, OP_MUL, update, before), binary(g, OP_MUL, rest, new));
}

/* A step through random stages, each of which reads the one before. */
static int free_step(Gen *g, const Cell *cell, int state) {
    int size = cell->size[state], value = activation(g, mix(g, cell, random_width(g)));
    for (int stages = below(g, 3); stages > 0; stages--) {
        if (below(g, 3) == 0) value = softmax(g, value, 1);
        if (below(g, 3) == 0) value = splice(g, value, any_state(g, cell));
        if (below(g, 3) == 0) value = function(g, value);
        value = activation(g, linear(g, value, random_width(g)));
    }
    return combination(g, fit(g, value, size), cell->before[state]);
}

static int step(Gen *g, const Cell *cell, int state) {
    switch (below(g, 4)) {
        case 0:
            return packed_step(g, cell, state);
        case 1:
            return staged_step(g, cell, state);
        case 2:
            return free_step(g, cell, state);
        default:
            return activation(g, mix(g, cell, cell->size[state]));
    }
}

static void scan(Gen *g) {
    Cell cell = {.input = any(g, &g->rows), .count = 1 + below(g, MAX_STATES)};
    int direction = below(g, 2) ? 1 : -1, after[MAX_STATES];
    for (int i = 0; i < cell.count; i++) {
        cell.size[i] = random_width(g);
        int start = initial(g, cell.size[i]);
        cell.before[i] =
            graph_open_delay(g->graph, row_type(g, cell.size[i]), start, 0, direction, nowhere);
    }
    for (int i = 0; i < cell.count; i++) after[i] = step(g, &cell, i);
    for (int i = 0; i < cell.count; i++) {
        graph_close_delay(g->graph, cell.before[i], after[i]);
        vec_push(g->arena, &g->rows, after[i]);
        if (below(g, 2)) continue;
        int last = graph_final(g->graph, OP_FINAL, after[i], 0, direction, dim_const(0), nowhere);
        vec_push(g->arena, &g->vectors, last);
    }
}

/* ---- steps of the generator ---- */

static void shift(Gen *g) {
    int x = any(g, &g->rows), direction = below(g, 2) ? 1 : -1;
    int delay = graph_open_delay(g->graph, graph_node(g->graph, x)->type, initial(g, width(g, x)),
                                 0, direction, nowhere);
    graph_close_delay(g->graph, delay, x);
    vec_push(g->arena, &g->rows, delay);
}

/* Attention: softmax(rows @ score) @ rows */
static void attend(Gen *g) {
    int x = any(g, &g->rows);
    int score =
        graph_contract(g->graph, x, parameter_vector(g, width(g, x)), "td", "d", "t", nowhere);
    int weights = softmax(g, score, 0);
    vec_push(g->arena, &g->steps, weights);
    int context = graph_contract(g->graph, weights, x, "t", "td", "d", nowhere);
    vec_push(g->arena, &g->vectors, context);
}

/* A sum, mean or maximum over time. */
static void pool(Gen *g) {
    int x = any(g, &g->rows), choice = below(g, 3);
    int y = graph_reduce(g->graph, choice == 0 ? OP_MAX : OP_SUM, x, 0, nowhere);
    if (choice == 1) {
        int length = graph_leaf(g->graph, OP_LENGTH, type_real(0, NULL),
                                (Attr){.index = g->length.sym}, nowhere);
        y = binary(g, OP_DIV, y, repeat(g, length, y, 0));
    }
    vec_push(g->arena, &g->vectors, choice == 2 ? unary(g, OP_TANH, y) : y);
}

/* Scales the rows by one value a step, or adds one vector to all. */
static void broadcast(Gen *g) {
    int x = any(g, &g->rows);
    if (g->steps.len && below(g, 2)) {
        int scale = repeat(g, any(g, &g->steps), x, 1);
        vec_push(g->arena, &g->rows, binary(g, OP_MUL, x, scale));
    } else {
        int v = g->vectors.len ? any(g, &g->vectors) : parameter_vector(g, width(g, x));
        int sum = binary(g, OP_ADD, x, repeat(g, fit(g, v, width(g, x)), x, 2));
        vec_push(g->arena, &g->rows, unary(g, OP_TANH, sum));
    }
}

static void mask(Gen *g) {
    int x = any(g, &g->rows);
    int m = graph_leaf(g->graph, OP_MASK, graph_node(g->graph, x)->type, (Attr){0}, nowhere);
    vec_push(g->arena, &g->rows, binary(g, OP_MUL, x, m));
}

/* `count` neighbouring steps of x side by side, from `start` on: [length, count * N]. */
static int neighbours(Gen *g, int x, int count, int start, Dim length) {
    int part[4];
    for (int i = 0; i < count; i++)
        part[i] = graph_shift(g->graph, x, 0, start + i, length, nowhere);
    return graph_concat(g->graph, count, part, 1, nowhere);
}

/* Filters over windows of the rows: of a padded sequence, or of one that becomes shorter and is
 * then folded, or made as long as it was. */
static void convolve(Gen *g) {
    int x = any(g, &g->rows), wide = 1 + below(g, 4), size = random_width(g);
    if (below(g, 3) == 0) {
        int y = neighbours(g, x, wide, -below(g, wide), g->length);
        vec_push(g->arena, &g->rows, activation(g, linear(g, y, size)));
        return;
    }
    Dim length = {g->length.sym, 1 - wide};
    int y = activation(g, linear(g, neighbours(g, x, wide, 0, length), size));
    if (below(g, 2)) y = softmax(g, y, below(g, 2));
    int direction = below(g, 2) ? 1 : -1;
    switch (below(g, 4)) {
        case 0:
            y = graph_shift(g->graph, y, 0, -below(g, wide), g->length, nowhere);
            vec_push(g->arena, &g->rows, y);
            return;
        case 1:
            y = graph_final(g->graph, OP_FINAL, y, 0, direction, dim_const(0), nowhere);
            break;
        default:
            y = graph_reduce(g->graph, direction > 0 ? OP_MAX : OP_SUM, y, 0, nowhere);
            break;
    }
    vec_push(g->arena, &g->vectors, unary(g, OP_TANH, y));
}

/* Elementwise work or a dense layer on rows or vectors. */
static void local(Gen *g) {
    Nodes *nodes = g->vectors.len && below(g, 3) == 0 ? &g->vectors : &g->rows;
    int x = any(g, nodes), y = any(g, nodes), result;
    switch (below(g, 5)) {
        case 0:
            result = activation(g, linear(g, x, random_width(g)));
            break;
        case 1:
            result = function(g, x);
            break;
        case 2:
            result = combination(g, x, fit(g, y, width(g, x)));
            break;
        case 3:
            result = splice(g, x, y);
            break;
        default:
            result = softmax(g, x, nodes == &g->rows);
            break;
    }
    vec_push(g->arena, nodes, result);
}

/* ---- two axes within a row ---- */

/* The axes within a row start here. */
static int lead(const Gen *g, int node) {
    const Type *type = &graph_node(g->graph, node)->type;
    return type->rank && type->dim[0].sym == g->length.sym;
}

static int size_of(const Gen *g, int node, int axis) {
    return graph_node(g->graph, node)->type.dim[axis].add;
}

/* `a` repeated along one axis of `like`. */
static int along(Gen *g, int a, int like, int axis) {
    unsigned all = (1u << graph_node(g->graph, like)->type.rank) - 1;
    return repeat(g, a, like, all & ~(1u << axis));
}

/* x ⊗ y, both rows or both vectors. */
static int outer(Gen *g, int x, int y) {
    int steps = lead(g, x), m = width(g, x), n = width(g, y);
    Type type = type_real(2, (Dim[]){dim_const(m), dim_const(n)});
    if (steps) type = type_with(type, 0, g->length);
    unsigned rows = steps ? 1 : 0, first = 1u << steps, last = 2u << steps;
    int a = graph_expand(g->graph, x, type, rows | first, nowhere);
    return binary(g, OP_MUL, a, graph_expand(g->graph, y, type, rows | last, nowhere));
}

/* A matrix of a matrix' own shape. */
static int reshaped(Gen *g, int x) {
    int first = lead(g, x), m = size_of(g, x, first), n = size_of(g, x, first + 1);
    int start = below(g, m), axis = first + below(g, 2);
    Type table = type_real(2, (Dim[]){dim_const(m), dim_const(n)});
    switch (below(g, 5)) {
        case 0:
            return softmax(g, x, axis);
        case 1:
            return function(g, x);
        case 2: {
            int all = graph_expand(g->graph, parameter(g, table), graph_node(g->graph, x)->type,
                                   3u << first, nowhere);
            return binary(g, below(g, 2) ? OP_MUL : OP_ADD, x, all);
        }
        case 3: { /* its lines in another order */
            int part[2] = {graph_slice(g->graph, x, first, start, m - start, nowhere), -1};
            if (!start) return unary(g, OP_TANH, x);
            part[1] = graph_slice(g->graph, x, first, 0, start, nowhere);
            return graph_concat(g->graph, 2, part, first, nowhere);
        }
        default: {
            Op op = below(g, 2) ? OP_MAX : OP_SUM;
            return binary(g, OP_SUB, x,
                          along(g, graph_reduce(g->graph, op, x, axis, nowhere), x, axis));
        }
    }
}

/* A row (or vector) of a matrix: a sum or maximum over an axis, a product with another row, all
 * numbers behind each other. */
static int flattened(Gen *g, int x, const Nodes *rows) {
    int first = lead(g, x), m = size_of(g, x, first), n = size_of(g, x, first + 1);
    int axis = first + below(g, 2);
    Type flat = type_real(1, (Dim[]){dim_const(m * n)});
    switch (below(g, 4)) {
        case 0: {
            int y = fit(g, any(g, rows), axis == first ? m : n);
            return graph_reduce(g->graph, OP_SUM,
                                binary(g, OP_MUL, x, along(g, y, x, first + (axis == first))), axis,
                                nowhere);
        }
        case 1:
            if (first) flat = type_with(flat, 0, g->length);
            return graph_reshape(g->graph, x, flat, nowhere);
        case 2: {
            int weight = parameter(g, type_real(2, (Dim[]){dim_const(3), dim_const(n)}));
            int y = graph_contract(g->graph, weight, x, "oi", first ? "tmi" : "mi",
                                   first ? "tmo" : "mo", nowhere);
            return graph_reduce(g->graph, OP_MAX, unary(g, OP_TANH, y), axis, nowhere);
        }
        default:
            return graph_reduce(g->graph, below(g, 2) ? OP_MAX : OP_SUM, x, axis, nowhere);
    }
}

/* A state with two axes, into which each step writes. */
static int memory(Gen *g) {
    int x = fit(g, any(g, &g->rows), 1 + below(g, 4)), y = fit(g, any(g, &g->rows), 3);
    int new = unary(g, OP_TANH, outer(g, x, y));
    Type type = graph_node(g->graph, new)->type, start = type_without(type, 0);
    int init = below(g, 2) ? parameter(g, start) : graph_const(g->graph, 0, start, nowhere);
    int before = graph_open_delay(g->graph, type, init, 0, below(g, 2) ? 1 : -1, nowhere);
    int seen = unary(g, OP_SIGMOID, graph_reduce(g->graph, OP_SUM, before, 2, nowhere));
    int after = binary(g, OP_ADD, binary(g, OP_MUL, along(g, seen, before, 2), before), new);
    after = unary(g, OP_TANH, after);
    graph_close_delay(g->graph, before, after);
    return after;
}

static void matrix(Gen *g) {
    bool steps = !g->vectors.len || below(g, 3);
    Nodes *rows = steps ? &g->rows : &g->vectors, *all = steps ? &g->matrices : &g->grids;
    if (!all->len || below(g, 4) == 0) {
        int x = fit(g, any(g, rows), 1 + below(g, 5)), y = fit(g, any(g, rows), 1 + below(g, 9));
        int new = steps &&below(g, 2) ? memory(g) : unary(g, OP_TANH, outer(g, x, y));
        vec_push(g->arena, all, new);
    }
    int x = any(g, all), y = reshaped(g, x);
    vec_push(g->arena, all, y);
    int row = unary(g, OP_TANH, flattened(g, any(g, all), rows));
    vec_push(g->arena, rows, row);
    if (!steps || below(g, 2)) return;
    int grid =
        unary(g, OP_TANH, graph_reduce(g->graph, below(g, 2) ? OP_MAX : OP_SUM, x, 0, nowhere));
    vec_push(g->arena, &g->grids, grid);
    if (!g->vectors.len) return;
    int vector = flattened(g, grid, &g->vectors);
    vec_push(g->arena, &g->vectors, vector);
}

/* Scores for each word of the vocabulary, from rows or vectors, and what comes of them: the mean of
 * a table's rows, weighted so; or one number, that of a step's own word or the largest. */
static void score_words(Gen *g) {
    bool steps = !g->vectors.len || below(g, 3);
    Nodes *rows = steps ? &g->rows : &g->vectors;
    int x = any(g, rows);
    int table = parameter(g, type_real(2, (Dim[]){{2, 0}, dim_const(width(g, x))}));
    int y =
        graph_contract(g->graph, x, table, steps ? "tn" : "n", "vn", steps ? "tv" : "v", nowhere);
    if (below(g, 2)) {
        int bias = parameter(g, type_real(1, (Dim[]){{2, 0}}));
        y = binary(g, OP_ADD, y, steps ? along(g, bias, y, 0) : bias);
    }
    y = below(g, 3) ? softmax(g, y, steps) : unary(g, OP_TANH, y);
    int row, choice = below(g, 3);
    if (choice == 0) {
        row = graph_contract(g->graph, y, table, steps ? "tv" : "v", "vn", steps ? "tn" : "n",
                             nowhere);
    } else {
        Type words = g->graph->inputs.at[0].type;
        int word = graph_leaf(g->graph, OP_INPUT, words, (Attr){0}, nowhere);
        int number = steps && choice == 1
                         ? graph_add(g->graph, OP_PICK, 2, (int[]){y, word}, (Attr){0}, nowhere)
                         : graph_reduce(g->graph, OP_MAX, y, steps, nowhere);
        row = binary(g, OP_MUL, x, along(g, number, x, steps));
    }
    vec_push(g->arena, rows, unary(g, OP_TANH, row));
}

static void extend(Gen *g) {
    switch (below(g, 13)) {
        case 11:
            score_words(g);
            break;
        case 0:
            shift(g);
            break;
        case 1:
            attend(g);
            break;
        case 2:
            pool(g);
            break;
        case 3:
            broadcast(g);
            break;
        case 4:
            mask(g);
            break;
        case 9:
        case 10:
            matrix(g);
            break;
        case 5:
        case 6:
            scan(g);
            break;
        case 7:
            convolve(g);
            break;
        default:
            local(g);
            break;
    }
}

/* ---- the frame ---- */

enum { CLASSES = 3, LONGEST = 12, VOCABULARY = 11 };

static int declare(Gen *g) {
    Graph *graph = g->graph;
    Type words = {.kind = TYPE_INDEX, .rank = 1, .dim = {{1, 0}}, .range = {2, 0}};
    Type label = {.kind = TYPE_INDEX, .range = {0, CLASSES}};
    const char *text = intern(g->names, "text"), **classes = ARENA_ARRAY(g->arena, const char *, 3);
    for (int i = 0; i < CLASSES; i++)
        classes[i] = intern(g->names, arena_printf(g->arena, "class %d", i));
    vec_push(g->arena, &graph->syms, (Sym){.name = text, .kind = SYM_LENGTH, .max = LONGEST});
    vec_push(g->arena, &graph->syms, (Sym){.name = text, .kind = SYM_VOCAB, .max = VOCABULARY});
    vec_push(g->arena, &graph->inputs,
             (Input){.name = text,
                     .kind = INPUT_WORDS,
                     .type = words,
                     .max_vocab = VOCABULARY,
                     .min_count = 1,
                     .max_length = LONGEST});
    vec_push(g->arena, &graph->inputs,
             (Input){.name = intern(g->names, "label"),
                     .target = true,
                     .kind = INPUT_CLASS,
                     .type = label,
                     .classes = classes});
    graph->training = training_default();
    graph->training.batch = 4;
    g->length = (Dim){1, 0};
    int index = graph_leaf(graph, OP_INPUT, words, (Attr){0}, nowhere);
    int table = parameter(g, type_real(2, (Dim[]){{2, 0}, dim_const(random_width(g))}));
    return graph_add(graph, OP_GATHER, 2, (int[]){table, index}, (Attr){0}, nowhere);
}

static void add_output(Gen *g, Role role, const char *name, int node) {
    vec_push(g->arena, &g->graph->outputs, (Output){.role = role, .name = name, .node = node});
}

/* Cross-entropy: log Σ exp(logits) - logits[label] */
static int cross_entropy(Gen *g, int logits) {
    int label =
        graph_leaf(g->graph, OP_INPUT, g->graph->inputs.at[1].type, (Attr){.index = 1}, nowhere);
    int most = graph_reduce(g->graph, OP_MAX, logits, 0, nowhere);
    int e = unary(g, OP_EXP, binary(g, OP_SUB, logits, repeat(g, most, logits, 0)));
    int sum = unary(g, OP_LOG, graph_reduce(g->graph, OP_SUM, e, 0, nowhere));
    int chosen = graph_add(g->graph, OP_PICK, 2, (int[]){logits, label}, (Attr){0}, nowhere);
    return binary(g, OP_SUB, binary(g, OP_ADD, sum, most), chosen);
}

/* A vector that depends on the last rows and vectors. */
static int summary(Gen *g) {
    int rows = g->rows.at[g->rows.len - 1];
    int part[2] = {graph_reduce(g->graph, OP_MAX, rows, 0, nowhere), -1};
    if (!g->vectors.len) return part[0];
    part[1] = g->vectors.at[g->vectors.len - 1];
    return graph_concat(g->graph, 2, part, 0, nowhere);
}

Graph *random_graph(Arena *arena, Intern *names, uint64_t seed) {
    Gen g = {.arena = arena, .names = names, .graph = graph_new(arena), .random = {seed}};
    g.graph->name = intern(names, "random");
    g.graph->source = "random.rondo";
    vec_push(arena, &g.rows, declare(&g));
    scan(&g);
    for (int i = 2 + below(&g, 6); i > 0; i--) extend(&g);
    int logits = linear(&g, summary(&g), CLASSES);
    add_output(&g, ROLE_LOSS, NULL, cross_entropy(&g, logits));
    add_output(&g, ROLE_OUTPUT, "argmax(logits)",
               graph_reduce(g.graph, OP_ARGMAX, logits, 0, nowhere));
    add_output(&g, ROLE_OUTPUT, "softmax(logits)", softmax(&g, logits, 0));
    add_output(&g, ROLE_OUTPUT, "rows", g.rows.at[g.rows.len - 1]);
    if (g.steps.len) add_output(&g, ROLE_OUTPUT, "weights", g.steps.at[0]);
    return g.graph;
}

/* ---- values ---- */

/* Of either sign, at least a tenth of `scale`. */
static double away_from_zero(Random *random, double scale) {
    double value = random_between(random, 0.1, 1) * scale;
    return random_below(random, 2) ? value : -value;
}

int random_vocabulary(const Sym *sym) { return sym->max <= 1000 ? sym->max : 301; }

EvalInput random_input(Arena *arena, const Graph *graph, int longest, uint64_t seed) {
    Random random = {seed};
    int *sizes = ARENA_ARRAY(arena, int, graph->syms.len);
    Tensor *inputs = ARENA_ARRAY(arena, Tensor, graph->inputs.len + 1);
    Tensor *params = ARENA_ARRAY(arena, Tensor, graph->params.len + 1);
    for (int i = 1; i < graph->syms.len; i++) {
        const Sym *sym = &graph->syms.at[i];
        int limit = sym->max < longest ? sym->max : longest;
        sizes[i] =
            sym->kind == SYM_VOCAB ? random_vocabulary(sym) : 1 + random_below(&random, limit);
    }
    for (int i = 0; i < graph->inputs.len; i++) {
        const Type *type = &graph->inputs.at[i].type;
        int range = type->range.add + (type->range.sym ? sizes[type->range.sym] : 0);
        inputs[i] = tensor_new(arena, type, sizes);
        for (long k = 0; k < tensor_size(&inputs[i]); k++)
            if (inputs[i].index)
                inputs[i].index[k] = random_below(&random, range);
            else
                inputs[i].at[k] = random_between(&random, -1, 1);
    }
    for (int i = 0; i < graph->params.len; i++) {
        params[i] = tensor_new(arena, &graph->params.at[i].type, sizes);
        for (long k = 0; k < tensor_size(&params[i]); k++)
            params[i].at[k] = away_from_zero(&random, graph->params.at[i].start.spread);
    }
    return (EvalInput){
        .sizes = sizes, .inputs = inputs, .params = params, .training = true, .seed = 1};
}
