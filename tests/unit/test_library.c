/* The library's layers, interpreted, against the numbers of PyTorch in tests/reference. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "graph/eval.h"

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
