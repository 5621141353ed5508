/* How the gradient flows through time: its norms in the graph, and the file that holds them. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile.h"
#include "flow.h"
#include "graph/eval.h"
#include "graph/grad.h"

enum { STEPS = 6 };

/* h halves at each step, and the loss is the sum of the last h: ∂L/∂h_t = 0.5^(T - t). */
static const char halving[] =
    "cell halving(x: [N]) {\n  state h: [N]\n  h' = 0.5 * h + x\n}\n"
    "model m {\n  target label: class(no, yes)\n  input text: words\n"
    "  s = scan halving() over embedding(text, 4)\n"
    "  loss sum(s.final.h)\n  output s.final.h\n}\n";

Test(flow, is_the_norm_of_a_states_gradient) {
    Arena *arena = arena_new();
    Graph *graph = compile(arena, "test.rondo", halving).graph;
    int loss = -1, flow = -1, *sizes = ARENA_ARRAY(arena, int, graph->syms.len);
    for (int i = 0; i < graph->outputs.len; i++)
        if (graph->outputs.at[i].role == ROLE_LOSS) loss = graph->outputs.at[i].node;
    graph_differentiate_with_flow(graph, loss);
    for (int i = 0; i < graph->outputs.len; i++) {
        if (graph->outputs.at[i].role != ROLE_FLOW) continue;
        cr_assert_str_eq(graph->outputs.at[i].name, "s.h");
        flow = graph->outputs.at[i].node;
    }
    cr_assert(flow >= 0);
    for (int i = 1; i < graph->syms.len; i++) sizes[i] = STEPS;
    Tensor *inputs = ARENA_ARRAY(arena, Tensor, graph->inputs.len), param;
    for (int i = 0; i < graph->inputs.len; i++)
        inputs[i] = tensor_new(arena, &graph->inputs.at[i].type, sizes);
    param = tensor_new(arena, &graph->params.at[0].type, sizes);
    EvalInput in = {.sizes = sizes, .inputs = inputs, .params = &param, .seed = 1};
    Tensor *results = ARENA_ARRAY(arena, Tensor, graph->nodes.len);
    graph_eval(arena, graph, &in, results);
    for (int t = 0; t < STEPS; t++)
        cr_expect_float_eq(results[flow].at[t], 2 * pow(0.5, STEPS - 1 - t), 1e-12);
    arena_free(arena);
}

/* ---- the file ---- */

static const RdFlow flows[] = {{.name = "s.h", .per_step = 1}};
static const RdModel model = {
    .real_size = sizeof(float), .sequence_count = 1, .flow_count = 1, .flows = flows};

/* Two epochs of one batch: sequences of two steps and of one. */
static bool record(const char *path, RdError *error) {
    RdExamples examples = {.sequence_count = 1, .sequence = {{.longest = 2}}};
    RdBatch batch = {.packing = {{.rows = 3, .step = (const int[]){0, 0, 1}}}};
    const float norms[] = {1, 3, 0.5f};
    RdRun run = {.batch = &batch, .flow = (const void *[]){norms}};
    RdFlowRecord flow = {0};
    bool good = rd_flow_open(&flow, &model, &examples, path, error);
    for (int epoch = 1; epoch <= 2 && good; epoch++) {
        rd_flow_add(&flow, &run, epoch);
        rd_flow_epoch(&flow, epoch);
    }
    return rd_flow_close(&flow, good ? error : NULL) && good;
}

static char *written(Arena *arena, const char *end) {
    RdError error;
    const char *path = arena_printf(arena, "/tmp/rondo-flow-%d%s", (int)getpid(), end);
    cr_assert(record(path, &error), "%s", error.text);
    char *text = read_file(arena, path, NULL);
    remove(path);
    return text;
}

Test(flow, is_written_as_csv) {
    Arena *arena = arena_new();
    cr_assert_str_eq(written(arena, ".csv"),
                     "epoch,state,step,sequences,norm\n1,s.h,1,2,2\n1,s.h,2,1,0.5\n"
                     "2,s.h,1,2,4\n2,s.h,2,1,1\n");
    arena_free(arena);
}

Test(flow, is_drawn_as_svg) {
    Arena *arena = arena_new();
    const char *text = written(arena, ".svg");
    cr_expect(strncmp(text, "<svg ", 5) == 0);
    cr_expect(strstr(text, "</svg>\n"));
    cr_expect(strstr(text, ">s.h</text>"));
    arena_free(arena);
}

Test(flow, says_why_it_cannot_be_written) {
    RdError error;
    cr_expect_not(record("flow.txt", &error));
    cr_expect(strstr(error.text, "the name must end with .csv or .svg"));
    cr_expect_not(record("/nowhere/flow.csv", &error));
    cr_expect(strstr(error.text, "cannot be written"));
    const RdModel other = {.name = "m"};
    RdFlowRecord flow;
    cr_expect_not(rd_flow_open(&flow, &other, NULL, "flow.csv", &error));
    cr_expect(strstr(error.text, "rondo build --gradient-flow"));
}
