/* A kernel as C: a function a stage for a few rows, one that runs the stages for a stretch of rows,
 * and one that walks the rows of a part of the batch. */
#include <stdlib.h>

#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* ---- products ---- */

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

/* Where vector u of sum number s stands in a row of sums. */
static const char *vector_of(const Writer *writer, int s) {
    return s == 0 ? "u" : s == 1 ? "blocks + u" : PRINT("%d * blocks + u", s);
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

/* ---- what follows the products ---- */

static const Accumulator *sum_of(const Stage *stage, int node) {
    for (int s = 0; s < stage->accumulators.len; s++)
        if (stage->accumulators.at[s].node == node) return &stage->accumulators.at[s];
    return NULL;
}

/* A sum over all steps of the first of a pair. */
static const char *across(const Writer *writer, int node, const char *column) {
    const Program *program = writer->program;
    int from = graph_node(writer->graph, node)->in[0], pair = program->axis[from];
    Access access = access_of(program, from);
    int width = width_of(program, node);
    const char *at = writer->lines && width > 1 ? PRINT("line * %d + %s", width, column)
                     : writer->lines            ? "line"
                     : width == 1               ? "0"
                                                : column;
    return PRINT("rd_sum_across(%s, %s, %s, at, w->%s + %d + %s, %s, %s)",
                 packing_of(writer, "w->", pair),
                 packing_of(writer, "w->", axis_outer(writer->graph, pair)),
                 packing_of(writer, "w->", pair_other(pair)), writer->names[access.node],
                 access.column, at, stride_of(writer, access.node), width == 1 ? "1" : "LANES");
}

static const char *node_value(Writer *writer, const Stage *stage, int node, const char *column) {
    const Accumulator *sum = sum_of(stage, node);
    const Node *n = graph_node(writer->graph, node);
    if (!sum) {
        if (is_across(writer->program, node)) return across(writer, node, column);
        if (n->op == OP_PICK) {
            Access from = access_of(writer->program, n->in[0]);
            return PRINT("rd_splat((%s)[%s])", line_pointer(writer, from, "at"),
                         index_at(writer, n->in[1], "at"));
        }
        return value(writer, node, column);
    }
    const char *text = PRINT("sums[r][%s]", vector_of(writer, (int)(sum - stage->accumulators.at)));
    for (int i = 0; i < sum->others.len; i++)
        text = PRINT("%s + %s", text, operand(writer, sum->others.at[i], column));
    return text;
}

static const char *own_row(const Writer *writer, int node) {
    Access access = {.node = node, .row = ROW_SAME, .init = -1};
    return row_pointer(writer, access, "at");
}

/* Where the line at hand of a node's own row begins. */
static const char *own_line(const Writer *writer, int node) {
    int width = width_of(writer->program, node);
    if (!writer->lines) return own_row(writer, node);
    return width == 1 || lines_of(writer->program, node) == 1
               ? PRINT("%s + line", own_row(writer, node))
               : PRINT("%s + line * %d", own_row(writer, node), width);
}

/* The numbers of a line from `column` on, at most a vector: what stands behind them is not its. */
static const char *rest_of_line(const Writer *writer, int node, const char *column) {
    int width = width_of(writer->program, node);
    return width == 1 ? "1" : PRINT("%s - %s", size_text(writer, width), column);
}

static void emit_store(Writer *writer, int node, const char *column) {
    if (writer->program->buffer_of[node] < 0) return;
    const char *name = writer->names[node];
    const Node *n = graph_node(writer->graph, node);
    bool each_line = n->op == OP_PICK && writer->lines; /* one number a line */
    if (width_of(writer->program, node) == 1 || each_line)
        text_printf(writer->out, "*(%s) = %s[0];\n", own_line(writer, node), name);
    else if (writer->lines)
        text_printf(writer->out, "rd_store_head(%s + %s, %s, %s);\n", own_line(writer, node),
                    column, name, rest_of_line(writer, node, column));
    else
        text_printf(writer->out, "rd_store(%s + %s, %s);\n", own_row(writer, node), column, name);
}

/* value and op= over an example's steps, the first step starting it. */
static void emit_fold(Writer *writer, int node, const char *column) {
    const Node *n = graph_node(writer->graph, node);
    const Kernel *kernel = &writer->program->kernels.at[writer->kernel];
    Access target = {.node = node, .row = ROW_EXAMPLE, .axis = writer->axis, .up = 1, .init = -1};
    int add = steps_add(writer->program, n->in[0]);
    bool forward = kernel->direction > 0 || is_pair(writer->axis);
    const char *first = forward ? PRINT("%sprevious[at] < 0", packing(writer, "w->", writer->axis))
                                : last_step(writer, writer->axis, add, "at");
    int columns = writer->program->columns[node];
    const char *function = n->op == OP_SUM   ? "rd_fold_sum"
                           : n->op == OP_MAX ? "rd_fold_max"
                                             : "rd_fold_argmax";
    const char *extra =
        n->op == OP_ARGMAX ? PRINT(", RD_STRIDE(%s), at", size_text(writer, columns)) : "";
    int width = width_of(writer->program, node);
    const char *count = width == 1 ? "1" : "LANES", *to = row_pointer(writer, target, "at");
    if (writer->lines && width > 1) count = PRINT("RD_MIN(LANES, %d - %s)", width, column);
    if (writer->lines)
        to = width == 1 ? PRINT("%s + line", to) : PRINT("%s + line * %d", to, width);
    const char *x = operand(writer, n->in[0], column);
    if (add)
        text_printf(writer->out, "if (rd_within(%s, at, %d))\n  ",
                    packing_of(writer, "w->", writer->axis), add);
    text_printf(writer->out, "%s(%s + %s, %s, %s, %s%s);\n", function, to,
                width == 1 ? "0" : column, x, first, count, extra);
}

/* Takes the line at hand into a reduction over lines; the argmax keeps the best apart. */
static void emit_line_reduction(Writer *writer, int node, const char *column) {
    const Node *n = graph_node(writer->graph, node);
    const char *name = writer->names[node], *x = operand(writer, n->in[0], column);
    if (n->op == OP_SUM)
        text_printf(writer->out, "%s = %s + %s;\n", name, name, x);
    else if (n->op == OP_MAX)
        text_printf(writer->out, "%s = rd_max(%s, %s);\n", name, name, x);
    else
        text_printf(writer->out,
                    "%s = rd_choose(%s > best_%s, rd_splat((real)line), %s);\n"
                    "best_%s = rd_max(best_%s, %s);\n",
                    name, x, name, name, name, name, x);
}

static void emit_row_reduction(Writer *writer, int node, const char *column) {
    const Node *n = graph_node(writer->graph, node);
    if (is_line_reduction(writer->program, node)) {
        emit_line_reduction(writer, node, column);
        return;
    }
    int width = width_of(writer->program, n->in[0]);
    const char *name = writer->names[node], *x = operand(writer, n->in[0], column);
    const char *head = PRINT("rd_head(%s, %s - %s, rd_splat(%s))", x, size_text(writer, width),
                             column, n->op == OP_SUM ? "0" : "-RD_HUGE");
    if (n->op == OP_SUM)
        text_printf(writer->out, "%s = %s + %s;\n", name, name, head);
    else
        text_printf(writer->out, "%s = rd_max(%s, %s);\n", name, name, head);
}

static bool is_row_sum(const Writer *writer, int node) {
    return is_row_reduction(writer->program, node) &&
           (graph_node(writer->graph, node)->op != OP_ARGMAX ||
            is_line_reduction(writer->program, node));
}

/* An index that is picked among others, or copied. */
static void emit_index(Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    const char *value =
        n->op == OP_PICK ? picked_index(writer, node) : index_at(writer, n->in[0], "at");
    text_printf(writer->out, "*(%s) = %s;\n", own_line(writer, node), value);
}

static void emit_node(Writer *writer, const Stage *stage, int node, const char *column) {
    if (is_fold(writer->program, node)) {
        emit_fold(writer, node, column);
        return;
    }
    if (is_row_sum(writer, node)) {
        emit_row_reduction(writer, node, column);
        return;
    }
    const Node *n = graph_node(writer->graph, node);
    if (n->type.kind == TYPE_INDEX && n->op != OP_ARGMAX) {
        emit_index(writer, node);
        return;
    }
    if (n->op == OP_ARGMAX) {
        Access from = access_of(writer->program, n->in[0]);
        text_printf(writer->out, "*(%s) = rd_argmax(%s, %s);\n", own_line(writer, node),
                    line_pointer(writer, from, "at"),
                    size_text(writer, width_of(writer->program, n->in[0])));
        return;
    }
    text_printf(writer->out, "const vec %s = %s;\n", writer->names[node],
                node_value(writer, stage, node, column));
    writer->known[node] = true;
    emit_store(writer, node, column);
}

static void forget(Writer *writer, const Stage *stage) {
    for (int i = 0; i < stage->nodes.len; i++) writer->known[stage->nodes.at[i]] = false;
}

/* The equations of a stage as a comment. */
static void emit_equations(Writer *writer, const Stage *stage) {
    const char *open = "/* ";
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        bool shown = graph_node(writer->graph, node)->name || sum_of(stage, node) ||
                     writer->program->buffer_of[node] >= 0;
        if (!shown) continue;
        const char *place = place_of(writer, node), *text = equation(writer, node);
        if (strlen(text) > 160) text = PRINT("%.*s …", 156, text);
        text_printf(writer->out, "%s%s%s%s", open, text, *place ? "    # " : "", place);
        open = "\n * ";
    }
    if (*open == '\n') text_puts(writer->out, " */\n");
}

/* Stores a reduction: a number for the columns of a row or line, a vector for the lines. */
static void emit_sum_end(Writer *writer, int node, const char *from, const char *column) {
    Op op = graph_node(writer->graph, node)->op;
    int width = width_of(writer->program, node);
    Text *out = writer->out;
    if (!is_line_reduction(writer->program, node))
        text_printf(out, "*(%s) = %s(%s);\n", own_line(writer, node),
                    op == OP_SUM ? "rd_sum" : "rd_highest", from);
    else if (width == 1)
        text_printf(out, "*(%s) = %s%s[0];\n", own_row(writer, node),
                    op == OP_ARGMAX ? "(int)" : "", from);
    else if (op == OP_ARGMAX)
        text_printf(out, "rd_store_indices(%s + %s, %s, %d - %s);\n", own_row(writer, node), column,
                    from, width, column);
    else
        text_printf(out, "rd_store(%s + %s, %s);\n", own_row(writer, node), column, from);
}

static const char *sum_start(const Writer *writer, int node) {
    return graph_node(writer->graph, node)->op == OP_MAX ? "rd_splat(-RD_HUGE)" : "rd_splat(0)";
}

/* A local vector (a vector a row: `rows`) for each sum over the columns. */
static void emit_row_sums(Writer *writer, const Stage *stage, bool rows) {
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        const char *name = writer->names[node];
        if (!is_row_sum(writer, node)) continue;
        if (rows)
            text_printf(
                writer->out,
                "vec all_%s[RD_ROWS];\nRD_ROLLED for (int r = 0; r < rows; r++) all_%s[r] = %s;\n",
                name, name, sum_start(writer, node));
        else
            text_printf(writer->out, "vec %s = %s;\n", name, sum_start(writer, node));
        if (graph_node(writer->graph, node)->op == OP_ARGMAX)
            text_printf(writer->out, "vec best_%s = rd_splat(-RD_HUGE);\n", name);
    }
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

static void begin_lines(Writer *writer, const Stage *stage) {
    if (!writer->lines) return;
    text_printf(writer->out, "RD_ROLLED for (int line = 0; line < %d; line++) {\n", stage->lines);
    writer->out->indent++;
}

static void end_lines(Writer *writer) {
    if (!writer->lines) return;
    writer->out->indent--;
    text_puts(writer->out, "}\n");
}

/* A stage with products, for at most RD_ROWS rows. */
static void emit_tile(Writer *writer, int s) {
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

/* Copies one operand of a concatenation; `offset` is where it begins in the row (or line). */
static void emit_part(Writer *writer, int node, int part, int offset) {
    int lines = lines_of(writer->program, part), width = width_of(writer->program, part);
    writer->lines = lines > 1;
    begin_lines(writer, &(Stage){.lines = lines});
    const char *to = own_row(writer, node);
    if (offset) to = PRINT("%s + %d", to, offset);
    if (lines > 1) to = PRINT("%s + line * %d", to, width_of(writer->program, node));
    text_printf(writer->out, "RD_ROLLED for (int column = 0; column < %d; column += LANES)\n",
                width);
    text_printf(writer->out, "  rd_store_head(%s + column, %s, %d - column);\n", to,
                operand(writer, part, "column"), width);
    end_lines(writer);
    writer->lines = false;
}

static void emit_concat(Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    bool lines = inner_rank(writer->program, node) == 2 && n->attr.axis == n->type.rank - 2;
    int offset = 0;
    for (int k = 0; k < n->count; k++) {
        emit_part(writer, node, n->in[k], offset);
        offset += lines ? writer->program->columns[n->in[k]] : width_of(writer->program, n->in[k]);
    }
}

static void emit_sum_ends(Writer *writer, const Stage *stage) {
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            emit_sum_end(writer, stage->nodes.at[i], writer->names[stage->nodes.at[i]], "column");
}

static void emit_nodes(Writer *writer, const Stage *stage, const char *column) {
    begin_loads(writer, true);
    for (int i = 0; i < stage->nodes.len; i++) emit_node(writer, stage, stage->nodes.at[i], column);
}

static void begin_columns(Writer *writer, const Stage *stage) {
    if (stage->columns == 1) return;
    text_printf(writer->out, "RD_ROLLED for (int column = 0; column < %s; column += LANES) {\n",
                size_text(writer, stage->columns));
    writer->out->indent++;
}

static void end_columns(Writer *writer, const Stage *stage) {
    if (stage->columns == 1) return;
    writer->out->indent--;
    text_puts(writer->out, "}\n");
}

/* One row of a stage without products. */
static void emit_row(Writer *writer, const Stage *stage) {
    const char *column = stage->columns > 1 ? "column" : "0";
    if (stage->order == ORDER_COLUMNS) {
        begin_columns(writer, stage);
        emit_row_sums(writer, stage, false);
        begin_lines(writer, stage);
        emit_nodes(writer, stage, column);
        end_lines(writer);
        emit_sum_ends(writer, stage);
        end_columns(writer, stage);
    } else {
        begin_lines(writer, stage);
        emit_row_sums(writer, stage, false);
        begin_columns(writer, stage);
        emit_nodes(writer, stage, column);
        end_columns(writer, stage);
        emit_sum_ends(writer, stage);
        end_lines(writer);
    }
}

/* A stage without products. */
static void emit_sweep(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    Text *out = writer->out;
    text_puts(out, "RD_ROLLED for (long at = row; at < row + rows; at++) {\n");
    out->indent++;
    if (graph_node(writer->graph, stage->nodes.at[0])->op == OP_CONCAT) {
        begin_loads(writer, false);
        emit_concat(writer, stage->nodes.at[0]);
    } else {
        emit_row(writer, stage);
    }
    out->indent--;
    text_puts(out, "}\n");
}

/* ---- the kernel ---- */

static void emit_stage(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    Text *out = writer->out;
    writer->stage = s;
    writer->axis = stage->axis;
    writer->lines = stage->lines > 1;
    emit_equations(writer, stage);
    text_printf(out, "static void %s_stage_%d(const %s *w, long row, int rows) {\n",
                writer->kernel_names[writer->kernel], s, writer->type);
    out->indent++;
    if (stage->accumulators.len)
        emit_tile(writer, s);
    else
        emit_sweep(writer, s);
    out->indent--;
    text_puts(out, "}\n\n");
    forget(writer, stage);
}

/* A stage for the pairs of the rows at hand. */
static void emit_pair_rows(Writer *writer, const char *name, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    const char *p = packing(writer, "w->", stage->axis);
    const char *most = stage->accumulators.len ? "RD_ROWS" : "last - pair";
    text_printf(writer->out,
                "    for (int n, pair = %sstart[row], last = %sstart[row + rows];"
                " pair < last; pair += n) {\n",
                p, p);
    text_printf(writer->out, "        n = rd_tile(last - pair, %s);\n", most);
    text_printf(writer->out, "        %s_stage_%d(w, pair, n);\n    }\n", name, s);
}

/* All stages for the rows from `row` to `end`, a tile at a time where there are products. */
static void emit_rows(Writer *writer, const Kernel *kernel, bool tiles) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel];
    text_printf(out, "static void %s_rows(const %s *w, long row, long end) {\n", name,
                writer->type);
    out->indent++;
    text_printf(out, "for (int rows; row < end; row += rows) {\n    rows = %s;\n",
                tiles ? "rd_tile((int)(end - row), RD_ROWS)" : "(int)(end - row)");
    for (int s = 0; s < kernel->stages.len; s++) {
        const Stage *stage = &kernel->stages.at[s];
        if (stage->axis != kernel->axis)
            emit_pair_rows(writer, name, s);
        else
            text_printf(out, "    %s_stage_%d(w, row, rows);\n", name, s);
    }
    text_puts(out, "}\n");
    out->indent--;
    text_puts(out, "}\n\n");
}

static void emit_walk(Writer *writer, const Kernel *kernel) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel];
    text_printf(out, "static void %s(const %s *w, int part, int parts) {\n", name, writer->type);
    out->indent++;
    const char *p = packing(writer, "w->", kernel->axis);
    text_puts(out, "int first, last;\n");
    if (!kernel->direction) {
        text_printf(out, "rd_share(%s%s, part, parts, &first, &last);\n", p,
                    kernel->space == SPACE_STEPS ? "rows" : "examples");
        text_printf(out, "%s_rows(w, first, last);\n", name);
    } else if (is_pair(kernel->axis)) {
        text_printf(out, "rd_share(%sexamples, part, parts, &first, &last);\n", p);
        text_printf(out, "%s_rows(w, %sstart[first], %sstart[last]);\n", name, p, p);
    } else {
        text_printf(out, "rd_share_steps(%s, part, parts, &first, &last);\n",
                    packing_of(writer, "w->", kernel->axis));
        text_printf(out,
                    kernel->direction > 0 ? "for (int t = 0; t < %ssteps; t++) {\n"
                                          : "for (int t = %ssteps - 1; t >= 0; t--) {\n",
                    p);
        text_printf(out, "    const int end = RD_MIN(%scount[t], last);\n", p);
        text_printf(out, "    %s_rows(w, %sstart[t] + first, %sstart[t] + end);\n", name, p, p);
        text_puts(out, "}\n");
    }
    out->indent--;
    text_puts(out, "}\n\n");
}

void emit_kernel(Writer *writer, int index) {
    const Kernel *kernel = &writer->program->kernels.at[index];
    bool tiles = false;
    writer->kernel = index;
    for (int s = 0; s < kernel->stages.len; s++) {
        tiles |= kernel->stages.at[s].accumulators.len > 0;
        emit_stage(writer, s);
    }
    emit_rows(writer, kernel, tiles);
    emit_walk(writer, kernel);
}
