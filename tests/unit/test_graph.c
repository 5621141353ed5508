/* The graph's text (print and read), its rules (verify) and its recurrences. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradient_check.h"
#include "graph/cycles.h"
#include "graph/grad.h"
#include "graph/print.h"
#include "graph/read.h"
#include "graph/verify.h"
#include "random_graph.h"

/* ---- text ---- */

/* Everything that the notation has, as it is printed. */
static const char *const sample =
    "model sample \"models/my \\\"own\\\".rondo\"\n"
    "length text of 0 max 256\n"
    "vocab text of 0 max 20000\n"
    "input text: words [text] index(vocab text) max_vocab 20000 min_count 1 max_length 256\n"
    "target label: class [] index(2) \"negative\" \"very \\x09positive\"\n"
    "param embedding.weight [vocab text, 4] normal 1\n"
    "param forward.weight_hh [4, 4] uniform 0.08838834764831845\n"
    "train epochs 5 batch 32 patience 0 clip_norm 5 clip_value 0\n"
    "optimizer adam rate 0.001 beta1 0.9 beta2 0.999 epsilon 1e-08 weight_decay 0 amsgrad 0\n"
    "schedule linear start_factor 0.1 end_factor 1 total_iters 5 per_step 1\n"
    "schedule cosine T_max 5 eta_min 0 per_step 0\n"
    "metric accuracy\n"
    "nodes {\n"
    "  %0 [text] index(vocab text) = input{text}               # text  a.rondo:3:10\n"
    "  %1 [vocab text, 4] = param{embedding.weight}\n"
    "  %2 [text, 4] = gather %1 %0                             # \"the x\"  lib/b.rondo:12:7\n"
    "  %3 [4] = const{0}                                       # a.rondo:5:1\n"
    "  %4 [4, 4] = param{forward.weight_hh}                    # forward.weight_hh\n"
    "  scan 1 backward over text {\n"
    "    %5 [text, 4] = delay{axis 0, -1} %9 %3\n"
    "    %6 [text, 4] = contract{oi,ti->to} %4 %5\n"
    "  %7 [text, 4] = mask{stream 2, zero 0.5}\n"
    "    %8 [text, 4] = add %2 %6\n"
    "    %9 [text, 4] = tanh %8                                # h'  a.rondo:6:3\n"
    "  }\n"
    "  %10 [text, 4] = mul %9 %7\n"
    "  %11 [4] = final{axis 0, -1} %10\n"
    "  %12 [2] = slice{axis 0, start 1} %11\n"
    "  %13 [] index(2) = input{label}\n"
    "  %14 [] = pick %12 %13\n"
    "  %15 [] = length{text}\n"
    "  %16 [] = div %14 %15\n"
    "  %17 [2] = expand %16\n"
    "  %18 [3, 2] = expand{kept 1} %17\n"
    "  %19 [6] = reshape %18\n"
    "  %20 [10] = concat{axis 0} %19 %11\n"
    "  %21 [] index(10) = argmax{axis 0} %20\n"
    "  %22 [text-2, 4] = shift{axis 0, start 2} %9\n"
    "  %23 [text, 4] = shift{axis 0, start -2} %22\n"
    "  %24 [] = length{text-2}\n"
    "}\n"
    "loss %16\n"
    "output \"argmax(\\\"all\\\")\" %21\n"
    "gradient forward.weight_hh %4\n"
    "operand 3 %9\n";

static Graph *read_text(Arena *arena, const char *text, char **messages) {
    Source *source = ARENA_NEW(arena, Source);
    *source = (Source){.path = "test", .text = text, .length = strlen(text)};
    Diag *diag = diag_new(arena);
    Graph *graph = graph_read(arena, intern_new(arena), source, diag);
    size_t size;
    FILE *out = open_memstream(messages, &size);
    diag_print(diag, out, 0);
    fclose(out);
    cr_assert_eq(graph != NULL, diag_errors(diag) == 0);
    return graph;
}

/* Reads the text and compares what is printed with `expected`. */
static void check_same(const char *text, const char *expected) {
    Arena *arena = arena_new();
    char *messages;
    Graph *graph = read_text(arena, text, &messages);
    cr_assert(graph, "%s\n%s", messages, text);
    cr_assert_str_eq(graph_print(graph), expected);
    free(messages);
    arena_free(arena);
}

/* Numbers of the data and of the source, and a weighted loss. */
static const char *const of_numbers =
    "model m \"m\"\n"
    "target label: class [] index(2)\n"
    "input size: real [2]\n"
    "train epochs 5 batch 32 patience 0 clip_norm 5 clip_value 0\n"
    "optimizer sgd rate 0.001 momentum 0 dampening 0 weight_decay 0 nesterov 0\n"
    "nodes {\n"
    "  %0 [] index(2) = input{label}\n"
    "  %1 [2] = input{size}\n"
    "  %2 [2] = table{1 -2.5}\n"
    "  %3 [] = pick %1 %0\n"
    "  %4 [] = gather %2 %0\n"
    "}\n"
    "loss %3\n"
    "weight %4\n";

Test(graph_text, numbers_and_weights) { check_same(of_numbers, of_numbers); }

/* A text that is decoded, and one with the mark. */
static const char *const of_texts =
    "model m \"m\"\n"
    "length text of 0 max 8\n"
    "vocab text of 0 max 9\n"
    "length said of 1 max 7\n"
    "vocab said of 1 max 5\n"
    "target text: words [text] index(vocab text) max_vocab 9 min_count 1 max_length 8 marked\n"
    "target said: chars [said] index(vocab said) max_vocab 5 min_count 1 max_length 7\n"
    "param table [vocab text, vocab said] normal 1\n"
    "train epochs 10 batch 32 patience 0 clip_norm 0 clip_value 0\n"
    "optimizer sgd rate 0.001 momentum 0 dampening 0 weight_decay 0 nesterov 0\n"
    "nodes {\n"
    "  %0 [text] index(vocab text) = input{text}\n"
    "  %1 [vocab text, vocab said] = param{table}\n"
    "  %2 [text, vocab said] = gather %1 %0\n"
    "}\n"
    "output \"scores\" %2 decodes said blank 2\n";

Test(graph_text, texts) { check_same(of_texts, of_texts); }

Test(graph_text, everything_reads_back) { check_same(sample, sample); }

Test(graph_text, layout_and_blocks_do_not_matter) {
    check_same(
        "model m \"\" # a comment\n\n# another\n  length  n of 0 max 4\r\n"
        "input n:words[n]index(3)max_vocab 3 min_count 0 max_length 4\n"
        "train epochs 1 batch 1 patience 0 clip_norm 0 clip_value 0\n"
        "optimizer sgd rate 1e-1 momentum 0 dampening 0 weight_decay 0 nesterov 0\n"
        "nodes{\n%0[]=const{2.50}   # x y z:9\nscan 7 forward over n {\n%1 [n]=expand %0\n}\n"
        "%2 [n+1] = expand %0\n}\n",
        "model m \"\"\nlength n of 0 max 4\n"
        "input n: words [n] index(3) max_vocab 3 min_count 0 max_length 4\n"
        "train epochs 1 batch 1 patience 0 clip_norm 0 clip_value 0\n"
        "optimizer sgd rate 0.1 momentum 0 dampening 0 weight_decay 0 nesterov 0\n"
        "nodes {\n  %0 [] = const{2.5}\n  %1 [n] = expand %0\n  %2 [n+1] = expand %0\n}\n");
}

static void check_round(Graph *graph, int seed) {
    Arena *arena = arena_new();
    const char *text = graph_print(graph), *problem;
    char *messages;
    cr_assert(graph_verify(graph, &problem), "seed %d: %s\n%s", seed, problem, text);
    Graph *again = read_text(arena, text, &messages);
    cr_assert(again, "seed %d: %s\n%s", seed, messages, text);
    cr_assert_str_eq(graph_print(again), text);
    free(messages);
    arena_free(arena);
}

Test(graph_text, random_graphs_read_back) {
    for (int seed = 1; seed <= 200; seed++) {
        Arena *arena = arena_new();
        Graph *graph = random_graph(arena, intern_new(arena), (uint64_t)seed);
        check_round(graph, seed);
        graph_differentiate(graph, loss_of(graph));
        check_round(graph, seed);
        arena_free(arena);
    }
}

/* A graph that was read is like any other: equal nodes are found again, however many there are. */
Test(graph_text, what_was_read_can_grow) {
    for (int seed = 1; seed <= 60; seed++) {
        Arena *arena = arena_new();
        Graph *graph = random_graph(arena, intern_new(arena), (uint64_t)seed);
        char *messages;
        Graph *again = read_text(arena, graph_print(graph), &messages);
        graph_differentiate(graph, loss_of(graph));
        graph_differentiate(again, loss_of(again));
        cr_assert_str_eq(graph_print(again), graph_print(graph));
        free(messages);
        arena_free(arena);
    }
}

Test(graph_text, one_seed_gives_one_graph) {
    Arena *arena = arena_new();
    Intern *names = intern_new(arena);
    cr_assert_str_eq(graph_print(random_graph(arena, names, 5)),
                     graph_print(random_graph(arena, names, 5)));
    cr_assert_str_neq(graph_print(random_graph(arena, names, 5)),
                      graph_print(random_graph(arena, names, 6)));
    arena_free(arena);
}

static const struct {
    double value;
    const char *text;
} numbers[] = {{0, "0"},
               {0.1, "0.1"},
               {-2.5, "-2.5"},
               {1e-8, "1e-08"},
               {1.0 / 3, "0.3333333333333333"},
               {1e300, "1e+300"},
               {-0.0, "-0"},
               {1 / 0.0, "inf"}};

Test(graph_text, numbers_are_as_short_as_they_can_be) {
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cr_expect_str_eq(graph_print_number(arena, numbers[i].value), numbers[i].text);
    arena_free(arena);
}

/* ---- errors in the text ---- */

/* The sample with the first `old` replaced by `new` is refused at that place. */
static const struct {
    const char *old, *new, *message;
} errors[] = {
    {"model sample", "modl sample", "test:1:1: error: 'modl' cannot stand here"},
    {"length text of", "length text off", "test:2:13: error: expected 'of'"},
    {"max 256", "max many", "test:2:22: error: expected a whole number"},
    {"max 256", "max 99999999999", "test:2:22: error: the number is not between"},
    {"very \\x09positive\"", "very \\q\"", "test:5:51: error: no such escape"},
    {"\\x09positive\"", "", "error: the string does not end"},
    {"\"negative\"", "", "test:5:53: error: expected 2 classes"},
    {": words", ": birds", "test:4:13: error: no kind of column is called 'birds'"},
    {"[vocab text, 4]", "[vocab txt, 4]", "test:6:31: error: no size is called 'txt'"},
    {"[4, 4]", "[4, 0]", "test:7:29: error: the number is not between"},
    {"[4, 4]", "[4, 4, 4, 4, 4, 4]", "error: more than 5 axes"},
    {"[4, 4]", "[9999999, 9999999]", "error: too many elements"},
    {"normal 1", "gamma 1", "error: no distribution is called 'gamma'"},
    {"optimizer adam", "optimizer lion", "test:9:11: error: nothing is called 'lion'"},
    {"rate 0.001", "rate fast", "test:9:21: error: expected a number"},
    {"%1 [vocab", "%7 [vocab", "test:15:5: error: expected node %1"},
    {"gather %1 %0", "gahter %1 %0", "test:16:18: error: no op is called 'gahter'"},
    {"gather %1 %0", "gather %1 %9", "test:16:3: error: node 2: operand 1 is not there yet"},
    {"gather %1 %0", "gather %1", "test:16:3: error: node 2: wrong number of operands"},
    {"tanh %8", "tanh{axis 0} %8", "test:24:20: error: tanh has nothing in braces"},
    {"tanh %8", "tanh %8 5", "test:24:28: error: expected '%'"},
    {"[text, 4] = add", "[text, 5] = add", "test:23:5: error: node 8, add: its type is not"},
    {"delay{axis 0, -1}", "delay{axis 1, -1}", "test:20:5: error: node 5, delay: the initial"},
    {"delay{axis 0, -1}", "delay{axis 0, 0}", "test:20:5: error: node 5, delay: the direction"},
    {"oi,ti->to", "oi,ti-to", "error: expected '->'"},
    {"oi,ti->to", "oi,tx->to", "error: node 6, contract: a label stands only once"},
    {"oi,ti->to", "oi,ti->abcdefgh", "error: too many labels"},
    {"start 1", "start 3", "test:28:3: error: node 12, slice: the slice leaves its operand"},
    {"shift{axis 0, start 2}", "shift{axis 1, start 2}", "node 22, shift: another axis changes"},
    {"[text-2, 4] = shift", "[4, 4] = shift", "node 22, shift: only the steps of a sequence"},
    {"zero 0.5", "zero 1.5", "error: node 7, mask: the probability is not in [0, 1)"},
    {"param{forward.weight_hh}", "param{weight}", "error: no parameter is called 'weight'"},
    {"input{label}", "input{labels}", "error: no input is called 'labels'"},
    {"scan 1 backward", "scan 1 sideways", "error: expected a direction"},
    {"loss %16", "loss %25", "test:42:9: error: no such node"},
    {"loss %16", "loss %9", "error: the loss is not one number, or one a step"},
    {"gradient forward.weight_hh %4", "gradient forward.weight_hh %3", "another type"},
    {"}\nloss %16", "loss %16", "test:41:1: error: 'loss' cannot stand here"},
    {"operand 3", "nodes {\n#", "error: expected '}'"},
};

static const char *replaced(Arena *arena, const char *old, const char *new) {
    const char *at = strstr(sample, old);
    cr_assert(at, "the sample has no '%s'", old);
    return arena_printf(arena, "%.*s%s%s", (int)(at - sample), sample, new, at + strlen(old));
}

Test(graph_text, errors_have_places) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        Arena *arena = arena_new();
        char *messages;
        Graph *graph = read_text(arena, replaced(arena, errors[i].old, errors[i].new), &messages);
        cr_expect(!graph, "'%s' was accepted", errors[i].new);
        cr_expect(strstr(messages, errors[i].message), "'%s': expected %s, got\n%s", errors[i].new,
                  errors[i].message, messages);
        free(messages);
        arena_free(arena);
    }
}

/* Cut off anywhere, the text is refused or is a graph, and nothing crashes. */
Test(graph_text, cut_off_anywhere) {
    for (size_t length = 0; length < strlen(sample); length++) {
        Arena *arena = arena_new();
        char *messages;
        read_text(arena, arena_copy(arena, sample, length), &messages);
        free(messages);
        arena_free(arena);
    }
}

/* ---- verify ---- */

static Node *node_of(Graph *graph, Op op) {
    for (int i = 0; i < graph->nodes.len; i++)
        if (graph_node(graph, i)->op == op) return graph_node(graph, i);
    cr_assert(false, "the sample has no %s", op_info[op].name);
    return NULL;
}

static void no_such_op(Graph *g) { node_of(g, OP_TANH)->op = OP_COUNT; }
static void later_operand(Graph *g) { node_of(g, OP_TANH)->in[0] = 20; }
static void own_operand(Graph *g) { graph_node(g, 8)->in[0] = 8; }
static void negative_operand(Graph *g) { node_of(g, OP_GATHER)->in[0] = -1; }
static void open_delay(Graph *g) { node_of(g, OP_DELAY)->in[0] = -1; }
static void missing_operand(Graph *g) { node_of(g, OP_ADD)->count = 1; }
static void wrong_size(Graph *g) { node_of(g, OP_TANH)->type.dim[1].add = 5; }
static void wrong_rank(Graph *g) { node_of(g, OP_TANH)->type.rank = 9; }
static void empty_axis(Graph *g) { node_of(g, OP_CONST)->type.dim[0].add = 0; }
static void no_such_size(Graph *g) { node_of(g, OP_CONST)->type.dim[0].sym = 7; }
static void wrong_kind(Graph *g) {
    node_of(g, OP_EXPAND)->type = (Type){TYPE_INDEX, 1, {{0, 2}}, {0, 2}};
}
static void no_such_input(Graph *g) { node_of(g, OP_INPUT)->attr.index = 2; }
static void no_such_param(Graph *g) { node_of(g, OP_PARAM)->attr.index = -1; }
static void other_param(Graph *g) { node_of(g, OP_PARAM)->attr.index = 1; }
static void no_such_length(Graph *g) { node_of(g, OP_LENGTH)->attr.index = 0; }
static void sure_zero(Graph *g) { node_of(g, OP_MASK)->attr.value = 1; }
static void no_such_axis(Graph *g) { node_of(g, OP_ARGMAX)->attr.axis = 1; }
static void negative_start(Graph *g) { node_of(g, OP_SLICE)->attr.start = -1; }
static void no_direction(Graph *g) { node_of(g, OP_FINAL)->attr.direction = 2; }
static void odd_label(Graph *g) { node_of(g, OP_CONTRACT)->attr.a[0] = '*'; }
static void endless_labels(Graph *g) { memset(node_of(g, OP_CONTRACT)->attr.a, 'a', MAX_LABELS); }
static void kept_beyond(Graph *g) { node_of(g, OP_EXPAND)->attr.kept = 1u << 4; }
static void no_such_output(Graph *g) { g->outputs.at[1].node = 99; }
static void loss_of_rows(Graph *g) { g->outputs.at[0].node = 9; }
static void loss_is_index(Graph *g) { g->outputs.at[0].node = 13; }
static void gradient_of_none(Graph *g) { g->outputs.at[2].param = 2; }
static void gradient_differs(Graph *g) { g->outputs.at[2].node = 3; }
static void same_param_twice(Graph *g) { g->params.at[1].name = g->params.at[0].name; }
static void same_size_twice(Graph *g) { g->syms.at[2].kind = SYM_LENGTH; }
static void size_of_no_input(Graph *g) { g->syms.at[1].input = 2; }
static void endless_type(Graph *g) { g->params.at[0].type.rank = 6; }

/* A second DELAY in the recurrence that runs the other way. */
static void two_directions(Graph *g) {
    Node *add = graph_node(g, 8);
    Node delay = *node_of(g, OP_DELAY);
    delay.attr.direction = 1;
    delay.in = ARENA_ARRAY(g->arena, int, 2);
    delay.in[0] = 9;
    delay.in[1] = 3;
    *graph_node(g, 7) = delay;
    add->in[0] = 7;
}

/* A state that depends on the sum of itself over all steps. */
static void sum_over_steps(Graph *g) {
    Node sum = {.op = OP_SUM, .count = 1, .in = ARENA_ARRAY(g->arena, int, 1)};
    sum.in[0] = 6;
    sum.type = type_without(graph_node(g, 6)->type, 0);
    *graph_node(g, 7) = sum;
    Node *expand = graph_node(g, 8);
    expand->op = OP_EXPAND;
    expand->count = 1;
    expand->in[0] = 7;
    expand->attr.kept = 2;
    node_of(g, OP_MUL)->in[1] = 9;
}

static const struct {
    const char *name;
    void (*corrupt)(Graph *);
    const char *problem;
} corruptions[] = {
    {"no_such_op", no_such_op, "node 9: no such op"},
    {"later_operand", later_operand, "node 9: operand 0 is not there yet"},
    {"own_operand", own_operand, "node 8: operand 0 is not there yet"},
    {"negative_operand", negative_operand, "node 2: operand 0 is not there yet"},
    {"open_delay", open_delay, "node 5: operand 0 is not there yet"},
    {"missing_operand", missing_operand, "node 8: wrong number of operands"},
    {"wrong_size", wrong_size, "node 5, delay"},
    {"wrong_rank", wrong_rank, "node 9: no valid type"},
    {"empty_axis", empty_axis, "node 3: no valid type"},
    {"no_such_size", no_such_size, "node 3: no valid type"},
    {"wrong_kind", wrong_kind, "node 17, expand: real numbers and indices are mixed"},
    {"no_such_input", no_such_input, "node 0, input: no such input"},
    {"no_such_param", no_such_param, "node 1, param: no such parameter"},
    {"other_param", other_param, "node 1, param: wrong type"},
    {"no_such_length", no_such_length, "node 15, length: no such size"},
    {"sure_zero", sure_zero, "node 7, mask: the probability"},
    {"no_such_axis", no_such_axis, "node 21, argmax: no such axis"},
    {"negative_start", negative_start, "node 12, slice: the slice leaves its operand"},
    {"no_direction", no_direction, "node 11, final: the direction"},
    {"odd_label", odd_label, "node 6, contract: the labels are no letters"},
    {"endless_labels", endless_labels, "node 6, contract: the labels are no letters"},
    {"kept_beyond", kept_beyond, "node 17, expand: keeps axes that are not there"},
    {"no_such_output", no_such_output, "output 1 is no node"},
    {"loss_of_rows", loss_of_rows, "the loss is not one number"},
    {"loss_is_index", loss_is_index, "the loss is not one number"},
    {"gradient_of_none", gradient_of_none, "output 2 is the gradient of no parameter"},
    {"gradient_differs", gradient_differs, "output 2 has another type than its parameter"},
    {"same_param_twice", same_param_twice, "the name of parameter 1 is taken"},
    {"same_size_twice", same_size_twice, "the name of size 2 is taken"},
    {"size_of_no_input", size_of_no_input, "size 1 belongs to no input"},
    {"endless_type", endless_type, "parameter 0 has no valid type"},
    {"two_directions", two_directions, "node 7, delay: relates the steps"},
    {"sum_over_steps", sum_over_steps, "node 7, sum: relates the steps"},
};

Test(verify, catches_corruptions) {
    for (size_t i = 0; i < sizeof corruptions / sizeof *corruptions; i++) {
        Arena *arena = arena_new();
        char *messages;
        const char *problem = "";
        Graph *graph = read_text(arena, sample, &messages);
        corruptions[i].corrupt(graph);
        cr_expect(!graph_verify(graph, &problem), "%s was accepted", corruptions[i].name);
        cr_expect(problem && strstr(problem, corruptions[i].problem), "%s: %s", corruptions[i].name,
                  problem);
        if (i) graph_print(graph); /* broken graphs print too; only the op must be one */
        free(messages);
        arena_free(arena);
    }
}

/* ---- recurrences ---- */

Test(cycles, numbered_by_their_first_nodes) {
    Arena *arena = arena_new();
    char *messages;
    Graph *graph = read_text(arena, sample, &messages);
    int *cycles = graph_cycles(arena, graph), bad;
    static const int expected[22] = {[5] = 1, [6] = 1, [8] = 1, [9] = 1};
    cr_assert_arr_eq(cycles, expected, sizeof expected);
    int *axes = graph_step_axes(arena, graph, cycles, &bad);
    cr_assert_eq(bad, -1);
    for (int i = 0; i < 22; i++) cr_assert_eq(axes[i], expected[i] ? 0 : -1);
    free(messages);
    arena_free(arena);
}

/* A chain of a million nodes neither overflows a stack nor takes long. */
Test(cycles, deep_graphs) {
    Arena *arena = arena_new();
    Graph *graph = graph_new(arena);
    Span nowhere = {0};
    Type type = type_real(0, NULL);
    int x = graph_const(graph, 1, type, nowhere);
    for (int i = 0; i < 1000000; i++) x = graph_unary(graph, OP_TANH, x, nowhere);
    int *cycles = graph_cycles(arena, graph);
    cr_assert_eq(cycles[x], 0);
    arena_free(arena);
}
