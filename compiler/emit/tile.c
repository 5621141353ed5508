/* A stage with products: tiles of a few rows and vectors of columns, whose sums stay in registers
 * until the equations that follow them are done. */
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* The sum of sizes, some of which may be those of vocabularies; each `times`. */
typedef struct {
    long fixed;
    const char *more;
} SizeSum;

static void add_size(const Writer *writer, SizeSum *sum, int size, int times) {
    if (!is_vocabulary(size))
        sum->fixed += (long)size * times;
    else if (times == 1)
        sum->more = PRINT("%s + %s", sum->more ? sum->more : "", size_text(writer, size));
    else
        sum->more =
            PRINT("%s + %s * %d", sum->more ? sum->more : "", size_text(writer, size), times);
}

static const char *sum_text(const Writer *writer, SizeSum sum) {
    if (!sum.more) return PRINT("%ld", sum.fixed);
    return sum.fixed ? PRINT("(%ld%s)", sum.fixed, sum.more) : PRINT("(%s)", sum.more + 3);
}

const char *panel_depth(const Writer *writer, const Stage *stage) {
    SizeSum depth = {0};
    for (int s = 0; s < stage->accumulators.len; s++)
        for (int i = 0; i < stage->accumulators.at[s].products.len; i++)
            add_size(writer, &depth, stage->accumulators.at[s].products.at[i].depth, 1);
    return sum_text(writer, depth);
}

static const char *product_text(const Writer *writer, const TilePhase *phase) {
    const Node *left = graph_node(writer->graph, phase->operand.node);
    const char *name = left->name ? left->name : writer->names[phase->operand.node];
    const char *when = phase->operand.row == ROW_PREVIOUS  ? "[t-1]"
                       : phase->operand.row == ROW_NEXT    ? "[t+1]"
                       : phase->operand.row == ROW_SHIFTED ? PRINT("[t%+d]", phase->operand.by)
                                                           : "";
    return PRINT("%s @ %s%s", writer->graph->params.at[phase->products.at[0]->param].name, name,
                 when);
}

/* The rows that the products read, which no column changes. */
static void emit_left(Writer *writer, const TilePhases *phases) {
    Text *out = writer->out;
    text_printf(out, "RdLeft left[%d];\n", phases->len);
    for (int p = 0; p < phases->len; p++)
        text_printf(out, "left[%d].depth = %s; /* %s */\n", p,
                    size_text(writer, phases->at[p].depth), product_text(writer, &phases->at[p]));
    text_puts(out, "RD_ROLLED for (int r = 0; r < rows; r++) {\n");
    out->indent++;
    text_puts(out, "const long at = row + r;\n");
    for (int p = 0; p < phases->len; p++)
        text_printf(out, "left[%d].row[r] = %s;\n", p,
                    line_pointer(writer, phases->at[p].operand, "at"));
    out->indent--;
    text_puts(out, "}\n");
}

/* What a sum starts from. */
static const char *start_of(Writer *writer, const Accumulator *sum) {
    const char *start = NULL;
    for (int i = 0; i < sum->shared.len; i++) {
        const char *term = operand(writer, sum->shared.at[i], "column");
        start = start ? PRINT("%s + %s", start, term) : term;
    }
    return start ? start : "rd_splat(0)";
}

static void emit_start(Writer *writer, const Stage *stage) {
    Text *out = writer->out;
    begin_loads(writer, false);
    int sums = stage->accumulators.len;
    const char **start = ARENA_ARRAY(writer->graph->arena, const char *, sums + 1);
    bool columns = false;
    for (int s = 0; s < sums; s++) {
        start[s] = start_of(writer, &stage->accumulators.at[s]);
        columns |= strstr(start[s], "column") != NULL;
    }
    text_puts(out, "RD_ROLLED for (int u = 0; u < blocks; u++) {\n");
    out->indent++;
    if (columns) text_puts(out, "const int column = (v + u) * LANES;\n");
    for (int s = 0; s < sums; s++) {
        text_printf(out, "const vec start_%d = %s;\n", s, start[s]);
        text_printf(out, "RD_ROLLED for (int r = 0; r < rows; r++) sums[r][%s] = start_%d;\n",
                    vector_of(writer, s), s);
    }
    out->indent--;
    text_puts(out, "}\n");
}

static void emit_multiply(Writer *writer, const Stage *stage, const TilePhase *phases, int first,
                          int last) {
    Text *out = writer->out;
    const NodeList *sums = &phases[first].sums;
    text_printf(out, "static const int to_%d[] = {", first);
    for (int i = 0; i < sums->len; i++) text_printf(out, "%s%d", i ? ", " : "", sums->at[i]);
    text_printf(out,
                "};\nrd_multiply(sums[0], %d, to_%d, %d, blocks, rows, left + %d, %d, panel);\n",
                stage->accumulators.len * stage->blocks, first, sums->len, first, last - first);
    SizeSum depth = {0};
    for (int p = first; p < last; p++) add_size(writer, &depth, phases[p].depth, sums->len);
    text_printf(out, "panel += %s * blocks * LANES;\n", sum_text(writer, depth));
}

/* What follows the products: the equations of a stage for each row and vector of the tile. */
static void emit_update(Writer *writer, const Stage *stage) {
    Text *out = writer->out;
    begin_loads(writer, true);
    text_puts(out, "RD_ROLLED for (int r = 0; r < rows; r++) {\n");
    out->indent++;
    text_puts(out, "const long at = row + r;\n(void)at;\n");
    text_puts(out, "RD_ROLLED for (int u = 0; u < blocks; u++) {\n");
    out->indent++;
    text_puts(out, "const int column = (v + u) * LANES;\n(void)column;\n");
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "vec %s = all_%s[r];\n", writer->names[stage->nodes.at[i]],
                        writer->names[stage->nodes.at[i]]);
    for (int i = 0; i < stage->nodes.len; i++)
        emit_node(writer, stage, stage->nodes.at[i], "column");
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "all_%s[r] = %s;\n", writer->names[stage->nodes.at[i]],
                        writer->names[stage->nodes.at[i]]);
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_puts(out, "}\n");
}

/* What a tile's rows have summed up, to memory. */
static void emit_tile_sums_end(Writer *writer, const Stage *stage) {
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        if (!is_row_sum(writer, node)) continue;
        text_puts(writer->out,
                  "RD_ROLLED for (int r = 0; r < rows; r++) {\n  const long at = row + r;\n  ");
        emit_sum_end(writer, node, PRINT("all_%s[r]", writer->names[node]), "column");
        text_puts(writer->out, "}\n");
    }
}

/* A stage with products, for at most RD_ROWS rows. */
void emit_tile(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    Text *out = writer->out;
    const TilePhases phases = tile_phases(writer->graph->arena, stage);
    begin_lines(writer, stage);
    emit_left(writer, &phases);
    emit_row_sums(writer, stage, true);
    const char *columns = size_text(writer, stage->columns);
    text_printf(out, "RD_ROLLED for (int v = 0; v < RD_VECTORS(%s); v += %d) {\n", columns,
                stage->blocks);
    out->indent++;
    if (stage->blocks > 1)
        text_printf(out, "const int blocks = RD_MIN(%d, RD_VECTORS(%s) - v);\n", stage->blocks,
                    columns);
    else
        text_puts(out, "const int blocks = 1;\n");
    text_printf(out, "const real *panel = w->panels[%s_panel_%d] + (long)v * LANES * %s;\n",
                writer->kernel_names[writer->kernel], s, panel_depth(writer, stage));
    text_printf(out, "vec sums[RD_ROWS][%d];\n", stage->accumulators.len * stage->blocks);
    emit_start(writer, stage);
    for (int p = 0, next; p < phases.len; p = next) {
        next = end_of_call(&phases, p);
        emit_multiply(writer, stage, phases.at, p, next);
    }
    emit_update(writer, stage);
    out->indent--;
    text_puts(out, "}\n");
    emit_tile_sums_end(writer, stage);
    end_lines(writer);
}
