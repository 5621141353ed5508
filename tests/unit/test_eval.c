/* The interpreter against values worked out by hand. The graphs are written as text. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/eval.h"
#include "graph/read.h"

/* What all graphs here begin with: two parameters, a text and a class. */
static const char *const header =
    "model m \"m\"\n"
    "length text of 0 max 9\n"
    "input text: words [text] index(3) max_vocab 3 min_count 0 max_length 9\n"
    "target label: class [] index(3)\n"
    "param a [2, 3] uniform 1\n"
    "param b [2, 3] uniform 1\n"
    "param v [3] uniform 1\n"
    "param table [3, 2] uniform 1\n"
    "nodes {\n"
    "%0 [2, 3] = param{a}\n"
    "%1 [2, 3] = param{b}\n"
    "%2 [3] = param{v}\n"
    "%3 [3, 2] = param{table}\n"
    "%4 [text] index(3) = input{text}\n"
    "%5 [] index(3) = input{label}\n"
    "%6 [text, 2] = gather %3 %4\n";

/* Elements, rows first. */
static double a_values[] = {1, -2, 3, -4, 5, 0}, b_values[] = {2, 2, -1, -4, 0.5, 1};
static double v_values[] = {7, 8, 9}, table_values[] = {10, 11, 20, 21, 30, 31};
static int text_values[] = {2, 0, 2, 1}, label_value[] = {1};

static double half_mask(void *user, int stream, double zero, const int *at) {
    (void)user;
    return at[1] % 2 ? 0 : stream + 1 / (1 - zero);
}

static Graph *read_text(Arena *arena, const char *lines) {
    Source source = {.path = "test"};
    source.text = arena_printf(arena, "%s%s}\n", header, lines);
    source.length = strlen(source.text);
    Diag *diag = diag_new(arena);
    Graph *graph = graph_read(arena, intern_new(arena), &source, diag);
    if (!graph) diag_print(diag, stderr, 0);
    cr_assert(graph, "this graph cannot be read:\n%s", source.text);
    return graph;
}

/* The value of the last node that `lines` add to the header. */
static Tensor value_of(Arena *arena, const char *lines, bool training) {
    Tensor inputs[] = {{.rank = 1, .dim = {4}, .index = text_values}, {.index = label_value}};
    Tensor params[] = {{.rank = 2, .dim = {2, 3}, .at = a_values},
                       {.rank = 2, .dim = {2, 3}, .at = b_values},
                       {.rank = 1, .dim = {3}, .at = v_values},
                       {.rank = 2, .dim = {3, 2}, .at = table_values}};
    EvalInput in = {.sizes = (int[]){0, 4},
                    .inputs = inputs,
                    .params = params,
                    .training = training,
                    .mask = half_mask,
                    .seed = 0.25};
    Graph *graph = read_text(arena, lines);
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, &in, results);
    return results[graph->nodes.len - 1];
}

typedef struct {
    const char *lines, *expected; /* the elements, rows first */
} Case;

static const Case cases[] = {
    {"%7 [2, 3] = neg %0\n", "-1 2 -3 4 -5 0"},
    {"%7 [3] = const{0.5}\n%8 [3] = exp %7\n", "1.6487212707 1.6487212707 1.6487212707"},
    {"%7 [3] = log %2\n", "1.9459101491 2.0794415417 2.1972245773"},
    {"%7 [2, 3] = tanh %1\n",
     "0.9640275801 0.9640275801 -0.761594156 -0.9993292997 0.4621171573 0.761594156"},
    {"%7 [2, 3] = sin %1\n",
     "0.9092974268 0.9092974268 -0.8414709848 0.7568024953 0.4794255386 0.8414709848"},
    {"%7 [2, 3] = cos %1\n",
     "-0.4161468365 -0.4161468365 0.5403023059 -0.6536436209 0.8775825619 0.5403023059"},
    {"%7 [2, 3] = sigmoid %1\n",
     "0.880797078 0.880797078 0.2689414214 0.0179862099 0.6224593312 0.7310585786"},
    {"%7 [2, 3] = relu %0\n", "1 0 3 0 5 0"},
    {"%7 [3] = sqrt %2\n", "2.6457513111 2.8284271247 3"},
    {"%7 [2, 3] = abs %0\n", "1 2 3 4 5 0"},
    {"%7 [2, 3] = sign %0\n", "1 -1 1 -1 1 0"},
    {"%7 [2, 3] = step_up %0\n", "1 0 1 0 1 0"},
    {"%7 [2, 3] = stop %0\n", "1 -2 3 -4 5 0"},
    {"%7 [2, 3] = add %0 %1\n", "3 0 2 -8 5.5 1"},
    {"%7 [2, 3] = sub %0 %1\n", "-1 -4 4 0 4.5 -1"},
    {"%7 [2, 3] = mul %0 %1\n", "2 -4 -3 16 2.5 0"},
    {"%7 [2, 3] = div %0 %1\n", "0.5 -1 -3 1 10 0"},
    {"%7 [2, 3] = maximum %0 %1\n", "2 2 3 -4 5 1"},
    {"%7 [2, 3] = minimum %0 %1\n", "1 -2 -1 -4 0.5 0"},
    {"%7 [2, 3] = less %0 %1\n", "1 1 0 0 0 1"},
    {"%7 [2, 3] = const{9}\n%8 [2, 3] = select %0 %1 %7\n", "2 2 -1 -4 0.5 9"},
    {"%7 [] = length{text}\n", "4"},
    {"%7 [text] = position\n", "0 1 2 3"},
    {"%7 [text-1] index(9) = position\n", "0 1 2"},
    {"%7 [] = seed\n", "0.25"},
    {"%7 [2] = table{1 2.5}\n", "1 2.5"},
    {"%7 [2, 2] = mask{stream 3, zero 0.5}\n", "5 0 5 0"},
    {"%7 [2, 3, 2] = expand{kept 1} %2\n", "7 7 8 8 9 9 7 7 8 8 9 9"},
    {"%7 [] = seed\n%8 [text] = expand %7\n", "0.25 0.25 0.25 0.25"},
    {"%7 [2, 2] = slice{axis 1, start 1} %0\n", "-2 3 5 0"},
    {"%7 [4, 3] = pad{axis 0, start 1} %0\n", "0 0 0 1 -2 3 -4 5 0 0 0 0"},
    {"%7 [2, 6] = concat{axis 1} %0 %1\n", "1 -2 3 2 2 -1 -4 5 0 -4 0.5 1"},
    {"%7 [3, 2] = reshape %0\n", "1 -2 3 -4 5 0"},
    {"%7 [text, 2] = stop %6\n", "30 31 10 11 30 31 20 21"},
    {"%7 [3, 2] = scatter %6 %4\n", "10 11 20 21 60 62"},
    {"%7 [text, 3] = onehot{axis 1} %4\n", "0 0 1 1 0 0 0 0 1 0 1 0"},
    {"%7 [3, text] = onehot{axis 0} %4\n", "0 1 0 0 0 0 0 1 1 0 1 0"},
    {"%7 [] = pick %2 %5\n", "8"},
    {"%7 [text, 3] = onehot{axis 1} %4\n%8 [text] = pick %7 %4\n", "1 1 1 1"},
    {"%7 [2] = sum{axis 1} %0\n", "2 1"},
    {"%7 [2] = sum{axis 0} %6\n", "90 94"},
    {"%7 [2] = max{axis 0} %6\n", "30 31"},
    {"%7 [2] index(text) = argmax{axis 0} %6\n", "0 0"},
    {"%7 [3] index(2) = argmax{axis 0} %0\n", "0 1 0"},
    {"%7 [2] = contract{oi,i->o} %0 %2\n", "18 12"},
    {"%7 [2, 2] = contract{ai,bi->ba} %0 %1\n", "-5 2 -2 18.5"},
    {"%7 [2, 3, 3] = contract{ai,j->aji} %0 %2\n",
     "7 -14 21 8 -16 24 9 -18 27 -28 35 0 -32 40 0 -36 45 0"},
    {"%7 [] = contract{ti,ti->} %6 %6\n", "4784"},
    {"%7 [2] = slice{axis 0, start 0} %2\n%8 [text, 2] = delay{axis 0, +1} %6 %7\n",
     "7 8 30 31 10 11 30 31"},
    {"%7 [2] = slice{axis 0, start 0} %2\n%8 [text, 2] = delay{axis 0, -1} %6 %7\n",
     "10 11 30 31 20 21 7 8"},
    {"%7 [text-1, 2] = shift{axis 0, start 1} %6\n", "10 11 30 31 20 21"},
    {"%7 [text, 2] = shift{axis 0, start -1} %6\n", "0 0 30 31 10 11 30 31"},
    {"%7 [text+2, 2] = shift{axis 0, start -1} %6\n", "0 0 30 31 10 11 30 31 20 21 0 0"},
    {"%7 [text-9, 2] = shift{axis 0, start 3} %6\n", "20 21"},
    {"%7 [text-9, 2] = shift{axis 0, start 4} %6\n", "0 0"},
    {"%7 [] = length{text-1}\n", "3"},
    {"%7 [] = length{text-4}\n", "1"},
    {"%7 [2] = final{axis 0, +1} %6\n", "20 21"},
    {"%7 [2] = final{axis 0, -1} %6\n", "30 31"},
    {"%7 [text, 3] = place{axis 0, +1} %2\n", "0 0 0 0 0 0 0 0 0 7 8 9"},
    {"%7 [text, 3] = place{axis 0, -1} %2\n", "7 8 9 0 0 0 0 0 0 0 0 0"},
    /* sums from the left and, halved at each step, from the right */
    {"%7 [2] = const{1}\n%8 [text, 2] = delay{axis 0, +1} %9 %7\n%9 [text, 2] = add %8 %6\n",
     "31 32 41 43 71 74 91 95"},
    {"%7 [2] = const{8}\n%8 [text, 2] = delay{axis 0, -1} %11 %7\n"
     "%9 [text, 2] = const{0.5}\n%10 [text, 2] = mul %8 %9\n%11 [text, 2] = add %10 %6\n",
     "45.5 47.375 31 32.75 42 43.5 24 25"},
    /* two states that read each other */
    {"%7 [] = const{1}\n%8 [text] = delay{axis 0, +1} %11 %7\n%9 [text] = delay{axis 0, +1} %8 %7\n"
     "%10 [text] = stop %9\n%11 [text] = add %8 %10\n",
     "2 3 5 8"},
    /* a recurrence needs what stands between its nodes */
    {"%7 [] = const{0}\n%8 [text] = delay{axis 0, +1} %10 %7\n%9 [text] = sum{axis 1} %6\n"
     "%10 [text] = add %8 %9\n%11 [text] = delay{axis 0, -1} %12 %7\n%12 [text] = add %11 %10\n",
     "470 409 327 184"},
};

static void compare(const Tensor *tensor, const Case *c) {
    const char *at = c->expected;
    for (long i = 0; i < tensor_size(tensor); i++) {
        char *end;
        double expected = strtod(at, &end);
        double value = tensor->at ? tensor->at[i] : tensor->index[i];
        cr_assert(end != at, "%s: more than %ld elements", c->lines, i);
        cr_assert(fabs(value - expected) < 1e-9, "%s: element %ld is %.11g, not %g", c->lines, i,
                  value, expected);
        at = end;
    }
    cr_assert(!*at, "%s: elements are missing: %s", c->lines, at);
}

Test(eval, every_op_by_hand) {
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *arena = arena_new();
        Tensor value = value_of(arena, cases[i].lines, true);
        compare(&value, &cases[i]);
        arena_free(arena);
    }
}

/* Whether a node of the op `name` stands in the text. */
static bool computes(const char *text, const char *name) {
    for (const char *at = text; (at = strstr(at, " = ")) != NULL;) {
        at += 3;
        size_t length = strlen(name);
        if (strncmp(at, name, length) == 0 && strchr(" {\n", at[length])) return true;
    }
    return false;
}

Test(eval, no_op_is_left_out) {
    for (int op = 0; op < OP_COUNT; op++) {
        bool found = computes(header, op_info[op].name);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            found |= computes(cases[i].lines, op_info[op].name);
        cr_expect(found, "%s has no case", op_info[op].name);
    }
}

Test(eval, masks_are_one_outside_of_training) {
    Arena *arena = arena_new();
    Tensor value = value_of(arena, "%7 [2, 2] = mask{stream 3, zero 0.5}\n", false);
    for (int i = 0; i < 4; i++) cr_assert_eq(value.at[i], 1);
    arena_free(arena);
}
