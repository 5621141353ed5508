/* What each kernel costs: as a table of the generated program, and as text for a person. */
#include <string.h>

#include "base/die.h"
#include "emit/emit.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* ---- which equation stands for a kernel ---- */

/* The value that a reader would look for: one with a name, rather
 * a product than another. */
static int worth(const Writer *writer, const Stage *stage, int node) {
    const Node *n = graph_node(writer->graph, node);
    if (writer->program->buffer_of[node] < 0 && !sum_of(stage, node)) return 0;
    return 1 + (n->name != NULL) + 2 * (sum_of(stage, node) != NULL);
}

static int main_node(const Writer *writer, int kernel) {
    const Kernel *k = &writer->program->kernels.at[kernel];
    int best = -1, most = 0;
    for (int s = 0; s < k->stages.len; s++)
        for (int i = 0; i < k->stages.at[s].nodes.len; i++) {
            int node = k->stages.at[s].nodes.at[i];
            int here = worth(writer, &k->stages.at[s], node);
            if (here > most) most = here, best = node;
        }
    return best;
}

/* "h = tanh(v9)", as much of it as a line holds. */
static const char *kernel_text(const Writer *writer, int kernel) {
    enum { MOST = 76 };
    int node = main_node(writer, kernel);
    const char *text = node < 0 ? "" : equation(writer, node);
    return strlen(text) > MOST ? PRINT("%.*s …", MOST - 2, text) : text;
}

static const char *kernel_place(const Writer *writer, int kernel) {
    int node = main_node(writer, kernel);
    return node < 0 ? "" : place_of(writer, node);
}

/* ---- numbers that may depend on the vocabularies ---- */

typedef struct {
    const Writer *writer;
    int kernel; /* or -1: the sums over the rows of `axis` */
    int stage;  /* one that a loop may take in; or -1: all others */
    int axis;
    double *words; /* [unknown_sizes] */
} Item;

enum { NUMBERS = 4 }; /* of a cost */

static void numbers_of(const Item *item, double numbers[NUMBERS]) {
    const Program *program = item->writer->program;
    Cost cost = item->kernel < 0  ? sums_cost(program, item->axis, item->words)
                : item->stage < 0 ? kernel_cost(program, item->kernel, item->words)
                                  : stage_cost(program, item->kernel, item->stage, item->words);
    const double all[NUMBERS] = {cost.products, cost.others, cost.bytes, cost.weights};
    memcpy(numbers, all, sizeof all);
}

/* Vocabularies, by input, and behind them lengths, by symbol. */
static int unknown_sizes(const Graph *g) { return g->inputs.len + g->syms.len; }

static const char *unknown_size(const Writer *writer, int i) {
    const Graph *g = writer->graph;
    if (i < g->inputs.len) return PRINT("sizes->vocab[%d]", i);
    return PRINT("sizes->longest[%d]", sequence_number(g, i - g->inputs.len) - 1);
}

/* The numbers as C: "51200 + 512 * sizes->vocab[1], 17, 400, 2000". */
static const char *amounts(const Item *item) {
    const Writer *writer = item->writer;
    double fixed[NUMBERS], more[NUMBERS];
    const char *text[NUMBERS], *all = "";
    numbers_of(item, fixed);
    for (int k = 0; k < NUMBERS; k++) text[k] = PRINT("%.17g", fixed[k]);
    for (int i = 0; i < unknown_sizes(writer->graph); i++) {
        item->words[i] = 1;
        numbers_of(item, more);
        item->words[i] = 0;
        for (int k = 0; k < NUMBERS; k++)
            if (more[k] > fixed[k])
                text[k] =
                    PRINT("%s + %.17g * %s", text[k], more[k] - fixed[k], unknown_size(writer, i));
    }
    for (int k = 0; k < NUMBERS; k++) all = PRINT("%s%s%s", all, k ? ", " : "", text[k]);
    return all;
}

static const char *rows_of_axis(const Writer *writer, int axis) {
    return axis ? PRINT("sizes->rows[%d]", sequence_number(writer->graph, axis) - 1)
                : "sizes->examples";
}

/* ---- the table ---- */

static int axis_of(const Program *program, int node) {
    return program->space[node] == SPACE_STEPS ? program->axis[node] : 0;
}

/* A line for each axis over whose rows there are sums. */
static void emit_sum_costs(Writer *writer) {
    const Program *p = writer->program;
    bool *seen = ARENA_ARRAY(writer->graph->arena, bool, writer->graph->syms.len *MAX_SEQUENCES);
    double *words = ARENA_ARRAY(writer->graph->arena, double, unknown_sizes(writer->graph) + 1);
    for (int i = 0; i < p->reductions.len; i++) {
        int axis = axis_of(p, p->reductions.at[i].a);
        int number = axis ? sequence_number(writer->graph, axis) : 0;
        if (seen[number]) continue;
        seen[number] = true;
        Item item = {writer, -1, -1, axis, words};
        text_printf(writer->out, "rd_add_cost(&cost[%d], %s, %s);\n", p->kernels.len,
                    rows_of_axis(writer, axis), amounts(&item));
    }
}

/* The kernel whose loop takes a stage in. */
static int taker_of(const Program *program, int kernel, int stage) {
    for (int k = 0; k < program->kernels.len; k++)
        for (int s = 0; s < program->kernels.at[k].stages.len; s++) {
            const Stage *loop = &program->kernels.at[k].stages.at[s];
            for (int t = 0; t < loop->taken.len; t++)
                if (loop->taken.at[t].kernel == kernel && loop->taken.at[t].stage == stage)
                    return k;
        }
    die("a stage is taken in by no loop");
}

/* What a stage costs that one of two kernels computes. */
static void emit_taken_cost(Writer *writer, int kernel, int s, double *words) {
    const Program *p = writer->program;
    const Stage *stage = &p->kernels.at[kernel].stages.at[s];
    int number = sequence_number(writer->graph, stage->axis) - 1;
    Item item = {writer, kernel, s, 0, words};
    text_printf(
        writer->out,
        "rd_add_cost(&cost[sizes->rows[%d] >= %d * sizes->longest[%d] ? %d : %d], %s, %s);\n",
        number, SEVERAL_ROWS, number, taker_of(p, kernel, s), kernel,
        rows_of_axis(writer, stage->axis), amounts(&item));
}

static void emit_kernel_cost(Writer *writer, int k, double *words) {
    const Kernel *kernel = &writer->program->kernels.at[k];
    Item item = {writer, k, -1, 0, words};
    const char *rows = rows_of_axis(writer, kernel->space == SPACE_STEPS ? kernel->axis : 0);
    text_printf(writer->out, "rd_add_cost(&cost[%d], %s, %s);\n", k, rows, amounts(&item));
    for (int s = 0; s < kernel->stages.len; s++)
        if (kernel->stages.at[s].moves_in) emit_taken_cost(writer, k, s, words);
}

void emit_costs(Writer *writer) {
    const Program *p = writer->program;
    Arena *arena = writer->graph->arena;
    double *words = ARENA_ARRAY(arena, double, unknown_sizes(writer->graph) + 1);
    text_printf(writer->out, "static const RdKernel %s_kernels[] = {\n", p->name);
    for (int k = 0; k < p->kernels.len; k++)
        text_printf(writer->out, "  {\"%s\", %s,\n   %s},\n", writer->kernel_names[k],
                    quoted(arena, kernel_place(writer, k)), quoted(arena, kernel_text(writer, k)));
    text_printf(
        writer->out,
        "  {\"%s_sums\", \"\", \"the gradients of the parameters, added up over the batch\"}\n"
        "};\n\n"
        "/* What each kernel has to do for a batch of these sizes. */\n"
        "static void %s_costs(const RdSizes *sizes, RdCost *cost) {\n",
        p->name, p->name);
    writer->out->indent++;
    for (int k = 0; k < p->kernels.len; k++) emit_kernel_cost(writer, k, words);
    emit_sum_costs(writer);
    writer->out->indent--;
    text_puts(writer->out, "}\n\n");
}

/* ---- for a person ---- */

static void print_line(Text *out, const char *name, Cost cost, int rows, const char *text) {
    double bytes = cost.bytes + cost.weights / rows, all = cost.products + cost.others;
    text_printf(out, "  %-28s %10.0f %10.0f %10.0f %10.0f %8.1f  %s\n", name, cost.products,
                cost.others, cost.bytes, cost.weights, bytes > 0 ? all / bytes : 0, text);
}

/* Of the kernel when no loop takes a stage of it in. */
static Cost whole_cost(const Program *program, int k, const double *words) {
    Cost cost = kernel_cost(program, k, words);
    for (int s = 0; s < program->kernels.at[k].stages.len; s++) {
        if (!program->kernels.at[k].stages.at[s].moves_in) continue;
        Cost more = stage_cost(program, k, s, words);
        cost.products += more.products;
        cost.others += more.others;
        cost.bytes += more.bytes;
        cost.weights += more.weights;
    }
    return cost;
}

const char *print_costs(const Program *program, int precision) {
    enum { TILE = 6 };
    static const double narrowed[] = {1, 0.5, 0.25};
    Text out = text_new(program->graph->arena);
    Writer state = {.program = program, .graph = program->graph, .out = &out}, *writer = &state;
    choose_names(writer);
    double *words = ARENA_ARRAY(writer->graph->arena, double, unknown_sizes(writer->graph) + 1);
    for (int i = 0; i < writer->graph->inputs.len; i++)
        words[i] = writer->graph->inputs.at[i].max_vocab;
    for (int i = 0; i < writer->graph->syms.len; i++)
        words[writer->graph->inputs.len + i] = writer->graph->syms.at[i].max;
    text_printf(&out, "  %-28s %10s %10s %10s %10s %8s  %s\n", program->name, "products", "others",
                "bytes", "weights", "per byte", "a row: operations, bytes of rows and weights");
    for (int k = 0; k < program->kernels.len; k++) {
        Cost cost = whole_cost(program, k, words);
        cost.weights *= narrowed[precision];
        print_line(&out, writer->kernel_names[k], cost, TILE,
                   PRINT("%s    # %s", kernel_text(writer, k), kernel_place(writer, k)));
    }
    return text_string(&out);
}
