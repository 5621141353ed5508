/* What a person wants to know of a new program: its size, its work, its memory. */
#include "summary.h"

#include <math.h>
#include <stdio.h>

#include "base/text.h"
#include "graph/print.h"

/* ---- size and work, which may grow with vocabularies ---- */

/* "1200", "1200 + 300 a word"; with several vocabularies "1200 + 300 a word of text + …". */
static const char *amount(const Graph *g, double fixed, const double *a_word) {
    int vocabularies = 0;
    const char *text = arena_printf(g->arena, "%.0f", fixed);
    for (int i = 0; i < g->inputs.len; i++) vocabularies += a_word[i] > 0;
    for (int i = 0; i < g->inputs.len; i++)
        if (a_word[i] > 0)
            text = arena_printf(g->arena, "%s + %.0f a word%s%s", text, a_word[i],
                                vocabularies > 1 ? " of " : "",
                                vocabularies > 1 ? g->inputs.at[i].name : "");
    return text;
}

static const char *parameters(const Graph *g) {
    double fixed = 0, *a_word = ARENA_ARRAY(g->arena, double, g->inputs.len + 1);
    for (int i = 0; i < g->params.len; i++) {
        const Type *type = &g->params.at[i].type;
        double size = 1, *to = &fixed;
        for (int k = 0; k < type->rank; k++)
            if (type->dim[k].sym)
                to = &a_word[g->syms.at[type->dim[k].sym].input];
            else
                size *= type->dim[k].add;
        *to += size;
    }
    return amount(g, fixed, a_word);
}

/* Of products, for a token. */
static const char *work(const Program *program) {
    const Graph *g = program->graph;
    double fixed, more, example, *a_word = ARENA_ARRAY(g->arena, double, g->inputs.len + 1);
    count_flops(program, -1, 0, &fixed, &example);
    for (int i = 0; i < g->inputs.len; i++) {
        count_flops(program, i, 1, &more, &example);
        a_word[i] = more - fixed;
    }
    return amount(g, fixed, a_word);
}

/* ---- memory ---- */

/* The most rows of a batch: its examples, or the steps of a sequence, of which each step of what it
 * is nested in has one. */
static double most_rows(const Graph *g, int axis, int examples) {
    double rows = examples;
    for (; axis; axis = axis_outer(g, axis)) rows *= axis_max(g, axis);
    return rows;
}

/* Bytes of the training program's buffers for its largest batch, rows padded to 16 numbers. */
static double training_bytes(const Graph *g, const Program *train) {
    double bytes = 0;
    bool *seen = ARENA_ARRAY(g->arena, bool, train->slots + 1);
    for (int i = 0; i < train->buffers.len; i++) {
        const Buffer *b = &train->buffers.at[i];
        if (seen[b->slot]) continue;
        seen[b->slot] = true;
        double columns = size_for(g, b->columns, -1);
        long padded = columns == 1 ? 1 : ((long)columns + 15) / 16 * 16;
        if (is_length(b->columns)) padded *= lines_of(train, b->node);
        int examples = b->local ? 1 : g->training.batch;
        bytes += 4 * most_rows(g, b->axis, examples) * (double)padded;
    }
    return bytes;
}

/* Bytes of the weights that products read, in panels of 16 numbers for each depth; int8 has a scale
 * for each column beside them. */
static double weight_bytes(const Program *program, int precision) {
    static const double each[] = {4, 2, 1};
    const Graph *g = program->graph;
    double bytes = 0;
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++) {
            const Stage *stage = &program->kernels.at[k].stages.at[s];
            double columns = ceil(size_for(g, stage->columns, -1) / 16) * 16;
            for (int a = 0; a < stage->accumulators.len; a++)
                for (int i = 0; i < stage->accumulators.at[a].products.len; i++) {
                    int depth = stage->accumulators.at[a].products.at[i].depth;
                    bytes += columns * size_for(g, depth, -1) * each[precision];
                    if (precision == 2) bytes += columns * 4;
                }
        }
    return bytes;
}

/* Bytes of all parameters with the largest vocabularies, of those of the best epoch, of gradients
 * and what the optimizer keeps, and of what products read. */
static double param_bytes(const Graph *g, const Program *train) {
    double total = weight_bytes(train, 0);
    int arrays = 3;
    for (int i = 0; i < MAX_SLOTS; i++) arrays += choice_slot(&g->training.optimizer, i) != NULL;
    for (int i = 0; i < g->params.len; i++) {
        double size = 4;
        for (int k = 0; k < g->params.at[i].type.rank; k++) {
            Dim dim = g->params.at[i].type.dim[k];
            size *= dim.sym ? g->syms.at[dim.sym].max : dim.add;
        }
        total += size * (is_frozen(train, i) ? 2 : arrays);
    }
    return total;
}

static void print_weights(const Program *infer, int precision) {
    static const char *const names[] = {"f32", "bf16", "int8"};
    if (precision)
        printf("  weights     %.3f MB of products, %.3f MB as %s\n", weight_bytes(infer, 0) / 1e6,
               weight_bytes(infer, precision) / 1e6, names[precision]);
}

void print_summary(const Compilation *c, const char *output, int precision) {
    int max_length = 1;
    for (int i = 0; i < c->graph->inputs.len; i++)
        if (c->graph->inputs.at[i].max_length > max_length)
            max_length = c->graph->inputs.at[i].max_length;
    double values = training_bytes(c->graph, c->train);
    double arrays = param_bytes(c->graph, c->train);
    printf("%s\n", output);
    printf("  parameters  %s\n", parameters(c->graph));
    printf("  flops       %s a token to predict, %s to train\n", work(c->infer), work(c->train));
    fputs(print_recurrences(c->infer, c->train), stdout);
    printf(
        "  memory      at most %.1f MB to train: %.1f MB of values for batches of %d x %d, "
        "%.1f MB of parameters\n",
        (values + arrays) / 1e6, values / 1e6, c->graph->training.batch, max_length, arrays / 1e6);
    print_weights(c->infer, precision);
    printf("  compiled    in %.1f ms, without the C compiler's time\n", c->milliseconds);
}

/* ---- libraries ---- */

static void list_inputs(Text *out, const Graph *g) {
    for (int i = 0; i < g->inputs.len; i++) {
        const Input *input = &g->inputs.at[i];
        bool hidden = input->kind == INPUT_PREVIOUS || input->kind == INPUT_CARRIED;
        if (hidden || (input->target && input->kind != INPUT_WORDS)) continue;
        text_printf(out, " *   %s %s: %s\n", input->target ? "produces" : "reads", input->name,
                    graph_print_type(g, &input->type));
    }
}

static void list_outputs(Text *out, const Graph *g) {
    for (int i = 0, n = 0; i < g->outputs.len; i++) {
        const Output *output = &g->outputs.at[i];
        if (output->role != ROLE_OUTPUT) continue;
        text_printf(out, " *   output %d is %s: %s\n", n++, output->name,
                    graph_print_type(g, &graph_node(g, output->node)->type));
    }
}

const char *library_about(const Compilation *c, const char *name) {
    Text out = text_new(c->arena);
    text_printf(&out, "/* %s: the model `%s`, which\n *\n", name, c->graph->name);
    list_inputs(&out, c->graph);
    list_outputs(&out, c->graph);
    text_printf(&out, " *\n * %s\n",
                c->steps.step
                    ? "A name in [] is the length of that sequence. The model is causal: it "
                      "can be taken step by step."
                    : "A name in [] is the length of that sequence. The model is not "
                      "causal: it has no steps.");
    text_puts(&out, " */\n");
    return text_string(&out);
}
