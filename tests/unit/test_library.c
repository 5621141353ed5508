/* The library's layers, interpreted, against the numbers of PyTorch in tests/reference. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "graph/eval.h"
#include "graph/grad.h"

/* ---- reference files ---- */

typedef struct {
    const char *header, *data;
} Reference;

static Reference open_reference(Arena *arena, const char *name) {
    const char *path = arena_printf(arena, "%s/tests/reference/%s.safetensors", RONDO_SOURCE, name);
    size_t length;
    const char *bytes = read_file(arena, path, &length);
    cr_assert(bytes, "cannot read %s", path);
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    return (Reference){arena_copy(arena, bytes + 8, header), bytes + 8 + header};
}

/* The bytes of a tensor and the number of its elements, all of which have four bytes. */
static const char *find(Arena *arena, Reference file, const char *name, int *count) {
    const char *key = arena_printf(arena, "\"%s\":{", name);
    const char *entry = strstr(file.header, key);
    if (!entry) return NULL;
    const char *offsets = strstr(entry, "\"data_offsets\":[");
    char *end;
    long from = strtol(offsets + strlen("\"data_offsets\":["), &end, 10);
    long to = strtol(end + 1, NULL, 10);
    *count = (int)((to - from) / 4);
    return file.data + from;
}

static const int32_t *integers(Arena *arena, Reference file, const char *name, int *count) {
    const char *bytes = find(arena, file, name, count);
    cr_assert(bytes, "no %s", name);
    int32_t *values = ARENA_ARRAY(arena, int32_t, *count + 1);
    memcpy(values, bytes, 4 * (size_t)*count);
    return values;
}

/* NULL when there is no such tensor. */
static const float *reals(Arena *arena, Reference file, const char *name, int *count) {
    const char *bytes = find(arena, file, name, count);
    if (!bytes) return NULL;
    float *values = ARENA_ARRAY(arena, float, *count + 1);
    memcpy(values, bytes, 4 * (size_t)*count);
    return values;
}

/* ---- running ---- */

typedef struct {
    Arena *arena;
    Graph *graph;
    Reference file;
    int *sizes;
    Tensor *params;
} Case;

static Case open_case(Arena *arena, const char *name) {
    const char *path =
        arena_printf(arena, "%s/tests/reference/models/%s.rondo", RONDO_SOURCE, name);
    const char *text = read_file(arena, path, NULL);
    cr_assert(text, "cannot read %s", path);
    Compiled compiled = compile(arena, path, text);
    cr_assert_str_empty(compiled.said, "%s", compiled.said);
    Case c = {arena, compiled.graph, open_reference(arena, name), NULL, NULL};
    c.sizes = ARENA_ARRAY(arena, int, c.graph->syms.len);
    for (int i = 0; i < c.graph->syms.len; i++) c.sizes[i] = c.graph->syms.at[i].max;
    c.params = ARENA_ARRAY(arena, Tensor, c.graph->params.len);
    for (int i = 0; i < c.graph->params.len; i++) {
        const Param *param = &c.graph->params.at[i];
        int count;
        const float *values =
            reals(arena, c.file, arena_printf(arena, "param.%s", param->name), &count);
        cr_assert(values, "the reference has no parameter %s", param->name);
        c.params[i] = tensor_new(arena, &param->type, c.sizes);
        cr_assert_eq(tensor_size(&c.params[i]), count, "another size of %s", param->name);
        for (int k = 0; k < count; k++) c.params[i].at[k] = values[k];
    }
    return c;
}

/* All values of the graph for one sentence. */
static Tensor *run(Case *c, const int32_t *words, int length, int label) {
    Graph *graph = c->graph;
    Tensor *inputs = ARENA_ARRAY(c->arena, Tensor, graph->inputs.len);
    for (int i = 1; i < graph->syms.len; i++)
        if (graph->syms.at[i].kind == SYM_LENGTH) c->sizes[i] = length;
    for (int i = 0; i < graph->inputs.len; i++) {
        inputs[i] = tensor_new(c->arena, &graph->inputs.at[i].type, c->sizes);
        if (graph->inputs.at[i].target) inputs[i].index[0] = label;
        for (int k = 0; !graph->inputs.at[i].target && k < length; k++)
            inputs[i].index[k] = words[k];
    }
    EvalInput in = {.sizes = c->sizes, .inputs = inputs, .params = c->params, .training = true};
    Tensor *results = ARENA_ARRAY(c->arena, Tensor, graph->nodes.len);
    graph_eval(c->arena, graph, &in, results);
    return results;
}

static const Tensor *output(const Case *c, const Tensor *results, const char *name) {
    for (int i = 0; i < c->graph->outputs.len; i++)
        if (strcmp(c->graph->outputs.at[i].name, name) == 0)
            return &results[c->graph->outputs.at[i].node];
    cr_assert_fail("no output %s", name);
    return NULL;
}

static void compare(const char *what, const Tensor *got, const float *wanted) {
    for (int i = 0; i < tensor_size(got); i++)
        cr_assert(fabs(got->at[i] - wanted[i]) < 1e-6, "%s: %.9g instead of %.9g", what, got->at[i],
                  wanted[i]);
}

static void check_batch(Case *c, const char *batch) {
    Arena *a = c->arena;
    int words, sentences, count;
    const int32_t *tokens = integers(a, c->file, arena_printf(a, "tokens.%s", batch), &words);
    const int32_t *lengths = integers(a, c->file, arena_printf(a, "lengths.%s", batch), &sentences);
    const int32_t *labels = integers(a, c->file, arena_printf(a, "labels.%s", batch), &count);
    const float *logits = reals(a, c->file, arena_printf(a, "logits.%s", batch), &count);
    const float *weights = reals(a, c->file, arena_printf(a, "attention.%s", batch), &count);
    const float *mean = reals(a, c->file, arena_printf(a, "loss.%s", batch), &count);
    cr_assert(logits && mean);
    double loss = 0;
    for (int i = 0; i < sentences; i++) {
        Tensor *results = run(c, tokens, lengths[i], labels[i]);
        compare("logits", output(c, results, "logits"), logits + 2 * i);
        if (weights) compare("attention", output(c, results, "weights"), weights);
        if (weights) weights += lengths[i];
        tokens += lengths[i];
        loss += output(c, results, "loss")->at[0] / sentences;
    }
    cr_assert(fabs(loss - *mean) < 1e-6, "loss: %.9g instead of %.9g", loss, *mean);
}

static void check_case(const char *name) {
    Arena *arena = arena_new();
    Case c = open_case(arena, name);
    check_batch(&c, "single");
    check_batch(&c, "equal");
    check_batch(&c, "ragged");
    arena_free(arena);
}

Test(library, rnn) {
    check_case("rnn_tanh");
    check_case("rnn_relu");
}
Test(library, gru) { check_case("gru"); }
Test(library, gru_reset_before) { check_case("gru_reset_before"); }
Test(library, lstm) {
    check_case("lstm_final");
    check_case("bilstm_final");
}
Test(library, pooling) {
    check_case("mean_pooling");
    check_case("max_pooling");
}
Test(library, linear) { check_case("linear"); }
Test(library, sentiment) { check_case("sentiment_small"); }

/* ---- losses ---- */

/* The losses of make_losses.py, of scores and a target y of three numbers and a label. */
static const struct {
    const char *name, *loss;
} losses[] = {
    {"cross_entropy", "cross_entropy(scores, label)"},
    {"cross_entropy", "place_cross_entropy(scores, (0, 1, 2)[label])"},
    {"smoothed", "cross_entropy(scores, label, smoothing = 0.1)"},
    {"weighted", "weighted_cross_entropy(scores, label, (1, 2.5, 0.5))"},
    {"weighted_smoothed", "weighted_cross_entropy(scores, label, (1, 2.5, 0.5), 0.1)"},
    {"binary", "mean(binary_cross_entropy(sigmoid(scores / 4), sigmoid(y)))"},
    {"binary_with_logits", "mean(binary_cross_entropy_with_logits(scores, sigmoid(y)))"},
    {"binary_pos_weight", "mean(binary_cross_entropy_with_logits(scores, sigmoid(y), 2))"},
    {"squared", "mean(squared_error(scores, y))"},
    {"absolute", "mean(absolute_error(scores, y))"},
    {"huber", "mean(huber(scores, y, delta = 0.75))"},
    {"smooth_l1", "mean(smooth_l1(scores, y, beta = 0.75))"},
    {"multi_margin", "multi_margin(scores, label)"},
    {"multi_margin_half", "multi_margin(scores, label, margin = 0.5)"},
    {"hinge", "mean(hinge(scores, sign(y)))"},
    {"one_vs_rest", "one_vs_rest_hinge(scores, label)"},
};

static Tensor numbers(Arena *arena, const float *from, int count) {
    Tensor tensor = {.rank = 1, .dim = {count}, .at = ARENA_ARRAY(arena, double, count)};
    for (int i = 0; i < count; i++) tensor.at[i] = from[i];
    return tensor;
}

static void near(const char *what, int example, double got, double wanted) {
    cr_expect(fabs(got - wanted) <= 1e-6 * fmax(1, fabs(wanted)), "%s of %d: %.9g instead of %.9g",
              what, example, got, wanted);
}

/* The value of the loss for each example, and its gradient with respect to w. */
static void check_loss(Arena *arena, Reference file, const char *name, const char *loss) {
    int count, x_count;
    const float *x = reals(arena, file, "x", &x_count), *y = reals(arena, file, "y", &count);
    const float *w = reals(arena, file, "w", &count);
    const int32_t *label = integers(arena, file, "label", &count);
    const float *value = reals(arena, file, arena_printf(arena, "value.%s", name), &count);
    const float *gradient = reals(arena, file, arena_printf(arena, "grad.%s", name), &x_count);
    cr_assert(x && y && w && value && gradient && x_count == 3 * count, "no %s", name);
    Compiled m = compile(arena, "loss.rondo",
                         arena_printf(arena,
                                      "model m {\n  target y: real[3]\n  input x: real[3]\n"
                                      "  input label: class(a, b, c)\n  param w: [3]\n"
                                      "  scores = x * w\n  loss %s\n  output scores, y, label\n}\n",
                                      loss));
    cr_assert_str_empty(m.said, "%s", m.said);
    int node = m.graph->outputs.at[0].node;
    graph_differentiate(m.graph, node);
    int slope = m.graph->outputs.at[m.graph->outputs.len - 1].node;
    Tensor weight = numbers(arena, w, 3), *results = ARENA_ARRAY(arena, Tensor, m.graph->nodes.len);
    for (int i = 0; i < count; i++) {
        int of_label = label[i];
        Tensor inputs[] = {
            numbers(arena, y + 3 * i, 3), numbers(arena, x + 3 * i, 3), {.index = &of_label}};
        EvalInput in = {.sizes = (int[]){0}, .inputs = inputs, .params = &weight, .seed = 1};
        graph_eval(arena, m.graph, &in, results);
        near(name, i, results[node].at[0], value[i]);
        for (int k = 0; k < 3; k++)
            near(arena_printf(arena, "the gradient of %s", name), i, results[slope].at[k],
                 gradient[3 * i + k]);
    }
}

Test(library, losses) {
    Arena *arena = arena_new();
    Reference file = open_reference(arena, "losses");
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        check_loss(arena, file, losses[i].name, losses[i].loss);
    arena_free(arena);
}
