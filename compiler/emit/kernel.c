/* A kernel as C: one function for a few rows, stage by stage, and one that walks the rows. */
#include <stdlib.h>

#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* ---- products ---- */

static bool same_operand(const Access *a, const Access *b) {
    return a->node == b->node && a->row == b->row && a->column == b->column && a->init == b->init;
}

int tile_phases(const Stage *stage, TilePhase phases[64]) {
    int count = 0;
    for (int s = 0; s < stage->accumulators.len; s++) {
        const Accumulator *sum = &stage->accumulators.at[s];
        for (int i = 0; i < sum->products.len; i++) {
            const Product *product = &sum->products.at[i];
            int p = 0;
            while (p < count && (!same_operand(&phases[p].operand, &product->operand) ||
                                 phases[p].depth != product->depth ||
                                 phases[p].sum[phases[p].count - 1] == s))
                p++;
            if (p == 64 || (p < count && phases[p].count == 64)) die("too many products in a stage");
            if (p == count)
                phases[count++] = (TilePhase){.operand = product->operand, .depth = product->depth};
            phases[p].sum[phases[p].count] = s;
            phases[p].product[phases[p].count++] = product;
        }
    }
    return count;
}

long panel_depth(const Stage *stage) {
    TilePhase *phases = calloc(64, sizeof *phases);
    if (!phases) die("out of memory");
    int count = tile_phases(stage, phases);
    long depth = 0;
    for (int p = 0; p < count; p++) depth += (long)phases[p].depth * phases[p].count;
    free(phases);
    return depth;
}

static const char *sum_name(const Writer *writer, const Stage *stage, int s) {
    return writer->names[stage->accumulators.at[s].node];
}

static void emit_start(Writer *writer, const Stage *stage) {
    Text *out = writer->out;
    for (int s = 0; s < stage->accumulators.len; s++)
        text_printf(out, "vec %s[6][4];\n", sum_name(writer, stage, s));
    text_puts(out, "for (int u = 0; u < BLOCKS; u++) {\n");
    out->indent++;
    for (int s = 0; s < stage->accumulators.len; s++) {
        const Accumulator *sum = &stage->accumulators.at[s];
        const char *start = NULL;
        for (int i = 0; i < sum->shared.len; i++) {
            const char *term = operand(writer, sum->shared.at[i], "column + u * LANES");
            start = start ? PRINT("%s + %s", start, term) : term;
        }
        text_printf(out, "const vec start_%d = %s;\n", s, start ? start : "rd_splat(0)");
        text_printf(out, "for (int r = 0; r < ROWS; r++) %s[r][u] = start_%d;\n",
                    sum_name(writer, stage, s), s);
    }
    out->indent--;
    text_puts(out, "}\n");
}

static const char *product_text(const Writer *writer, const TilePhase *phase) {
    const Node *contract = graph_node(writer->graph, phase->product[0]->node);
    const Node *left = graph_node(writer->graph, phase->operand.node);
    const char *name = left->name ? left->name : writer->names[phase->operand.node];
    const char *when = phase->operand.row == ROW_PREVIOUS ? "[t-1]"
                       : phase->operand.row == ROW_NEXT   ? "[t+1]"
                                                          : "";
    (void)contract;
    return PRINT("%s @ %s%s", writer->graph->params.at[phase->product[0]->param].name, name, when);
}

static void emit_phase(Writer *writer, const Stage *stage, const TilePhase *phase) {
    Text *out = writer->out;
    text_printf(out, "for (int r = 0; r < ROWS; r++) { /* %s */\n", product_text(writer, phase));
    out->indent++;
    text_puts(out, "const long at = row + r;\n");
    text_printf(out, "left[r] = %s;\n", row_pointer(writer, phase->operand, "at"));
    out->indent--;
    text_puts(out, "}\n");
    text_printf(out, "for (int k = 0; k < %d; k++, panel += %d * BLOCKS * LANES)\n", phase->depth,
                phase->count);
    out->indent++;
    text_puts(out, "for (int u = 0; u < BLOCKS; u++) {\n");
    out->indent++;
    for (int i = 0; i < phase->count; i++)
        text_printf(out, "const vec weight_%d = rd_load(panel + (%d * BLOCKS + u) * LANES);\n", i, i);
    text_puts(out, "for (int r = 0; r < ROWS; r++) {\n");
    out->indent++;
    text_puts(out, "const vec x = rd_splat(left[r][k]);\n");
    for (int i = 0; i < phase->count; i++) {
        const char *name = sum_name(writer, stage, phase->sum[i]);
        text_printf(out, "%s[r][u] = rd_fma(x, weight_%d, %s[r][u]);\n", name, i, name);
    }
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
}

/* ---- what follows the products ---- */

static const Accumulator *sum_of(const Stage *stage, int node) {
    for (int s = 0; s < stage->accumulators.len; s++)
        if (stage->accumulators.at[s].node == node) return &stage->accumulators.at[s];
    return NULL;
}

static const char *node_value(Writer *writer, const Stage *stage, int node, const char *column) {
    const Accumulator *sum = sum_of(stage, node);
    const Node *n = graph_node(writer->graph, node);
    if (!sum) {
        if (n->op == OP_PICK) {
            Access from = access_of(writer->program, n->in[0]);
            return PRINT("rd_splat((%s)[%s])", row_pointer(writer, from, "at"),
                         index_at(writer, n->in[1], "at"));
        }
        return value(writer, node, column);
    }
    const char *text = PRINT("%s[r][u]", writer->names[node]);
    for (int i = 0; i < sum->others.len; i++)
        text = PRINT("%s + %s", text, operand(writer, sum->others.at[i], column));
    return text;
}

static const char *own_row(const Writer *writer, int node) {
    Access access = {.node = node, .row = ROW_SAME, .init = -1};
    return row_pointer(writer, access, "at");
}

static void emit_store(Writer *writer, int node, const char *column) {
    if (writer->program->buffer_of[node] < 0) return;
    const char *name = writer->names[node];
    if (writer->program->columns[node] == 1)
        text_printf(writer->out, "*(%s) = %s[0];\n", own_row(writer, node), name);
    else
        text_printf(writer->out, "rd_store(%s + %s, %s);\n", own_row(writer, node), column, name);
}

/* value and op= over an example's steps, the first step starting it. */
static void emit_fold(Writer *writer, int node, const char *column) {
    const Node *n = graph_node(writer->graph, node);
    const Kernel *kernel = &writer->program->kernels.at[writer->kernel];
    Access target = {.node = node, .row = ROW_EXAMPLE, .init = -1};
    const char *map = kernel->direction > 0 ? "previous" : "next";
    int columns = writer->program->columns[node];
    const char *function = n->op == OP_SUM   ? "rd_fold_sum"
                           : n->op == OP_MAX ? "rd_fold_max"
                                             : "rd_fold_argmax";
    const char *extra = n->op == OP_ARGMAX ? PRINT(", RD_STRIDE(%d), at", columns) : "";
    text_printf(writer->out, "%s(%s + %s, %s, w->p->%s[at] < 0, %s%s);\n", function,
                row_pointer(writer, target, "at"), columns == 1 ? "0" : column,
                operand(writer, n->in[0], column), map, columns == 1 ? "1" : "LANES", extra);
}

static void emit_row_reduction(Writer *writer, int node, const char *column) {
    const Node *n = graph_node(writer->graph, node);
    int width = writer->program->columns[n->in[0]];
    const char *name = writer->names[node], *x = operand(writer, n->in[0], column);
    const char *head = PRINT("rd_head(%s, %d - (%s), rd_splat(%s))", x, width, column,
                             n->op == OP_SUM ? "0" : "-RD_HUGE");
    if (n->op == OP_SUM)
        text_printf(writer->out, "%s = %s + %s;\n", name, name, head);
    else
        text_printf(writer->out, "%s = rd_max(%s, %s);\n", name, name, head);
}

static bool is_row_sum(const Writer *writer, int node) {
    return is_row_reduction(writer->program, node) &&
           graph_node(writer->graph, node)->op != OP_ARGMAX;
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
    if (n->op == OP_ARGMAX) {
        Access from = access_of(writer->program, n->in[0]);
        text_printf(writer->out, "*(%s) = rd_argmax(%s, %d);\n", own_row(writer, node),
                    row_pointer(writer, from, "at"), writer->program->columns[n->in[0]]);
        return;
    }
    const char *text = node_value(writer, stage, node, column);
    const char *name = writer->names[node];
    bool sum = sum_of(stage, node) != NULL;
    if (sum && strcmp(text, PRINT("%s[r][u]", name)) == 0 && false) return;
    text_printf(writer->out, "const vec %s = %s;\n", sum ? PRINT("%s_", name) : name, text);
    if (sum) {
        const char *kept = name;
        writer->names[node] = PRINT("%s_", name);
        if (writer->program->buffer_of[node] >= 0) {
            const char *local = writer->names[node];
            writer->names[node] = kept;
            text_printf(writer->out, "rd_store(%s + %s, %s);\n", own_row(writer, node), column,
                        local);
            writer->names[node] = local;
        }
        writer->known[node] = true;
        return;
    }
    writer->known[node] = true;
    emit_store(writer, node, column);
}

static void forget(Writer *writer, const Stage *stage, const char **kept) {
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        writer->known[node] = false;
        writer->names[node] = kept[i];
    }
}

static const char **keep_names(Writer *writer, const Stage *stage) {
    const char **kept = ARENA_ARRAY(writer->graph->arena, const char *, stage->nodes.len + 1);
    for (int i = 0; i < stage->nodes.len; i++) kept[i] = writer->names[stage->nodes.at[i]];
    return kept;
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

/* A stage with products: one tile of ROWS rows and BLOCKS vectors of columns. */
static void emit_tile(Writer *writer, int s) {
    const Kernel *kernel = &writer->program->kernels.at[writer->kernel];
    const Stage *stage = &kernel->stages.at[s];
    Text *out = writer->out;
    writer->stage = s;
    const char **kept = keep_names(writer, stage);
    emit_equations(writer, stage);
    text_printf(out, "RD_INLINE void %s_tile_%d(const %s *w, const long row, const int ROWS,\n",
                writer->kernel_names[writer->kernel], s, writer->type);
    text_puts(out, "    const int column, const int BLOCKS, const real *panel");
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, ", vec *sum_%s", writer->names[stage->nodes.at[i]]);
    text_puts(out, ") {\n");
    out->indent++;
    text_puts(out, "const real *left[6];\n");
    emit_start(writer, stage);
    TilePhase *phases = ARENA_ARRAY(writer->graph->arena, TilePhase, 64);
    int count = tile_phases(stage, phases);
    for (int p = 0; p < count; p++) emit_phase(writer, stage, &phases[p]);
    text_puts(out, "for (int r = 0; r < ROWS; r++) {\n");
    out->indent++;
    text_puts(out, "const long at = row + r;\n(void)at;\n");
    text_puts(out, "for (int u = 0; u < BLOCKS; u++) {\n");
    out->indent++;
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "vec %s = sum_%s[r];\n", writer->names[stage->nodes.at[i]],
                        writer->names[stage->nodes.at[i]]);
    for (int i = 0; i < stage->nodes.len; i++)
        emit_node(writer, stage, stage->nodes.at[i], "column + u * LANES");
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "sum_%s[r] = %s;\n", kept[i], kept[i]);
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_puts(out, "}\n");
    out->indent--;
    text_puts(out, "}\n\n");
    forget(writer, stage, kept);
}

static const char *sum_arguments(const Writer *writer, const Stage *stage) {
    const char *text = "";
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text = PRINT("%s, %s", text, writer->names[stage->nodes.at[i]]);
    return text;
}

static void emit_sum_end(Writer *writer, int node, const char *from) {
    const char *function = graph_node(writer->graph, node)->op == OP_SUM ? "rd_sum" : "rd_highest";
    text_printf(writer->out, "*(%s) = %s(%s);\n", own_row(writer, node), function, from);
}

static const char *sum_start(const Writer *writer, int node) {
    return graph_node(writer->graph, node)->op == OP_SUM ? "rd_splat(0)" : "rd_splat(-RD_HUGE)";
}

/* Calls a tile for all columns. */
static void emit_tile_calls(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    const char *name = writer->kernel_names[writer->kernel], *sums = sum_arguments(writer, stage);
    Text *out = writer->out;
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        if (!is_row_sum(writer, node)) continue;
        text_printf(out, "vec %s[6];\n", writer->names[node]);
        text_printf(out, "for (int r = 0; r < ROWS; r++) %s[r] = %s;\n", writer->names[node],
                    sum_start(writer, node));
    }
    const char *panel = PRINT("w->panels + %s_panel_%d", name, s);
    long depth = panel_depth(stage);
    text_printf(out, "for (int v = 0; v + %d <= RD_VECTORS(%d); v += %d)\n", stage->blocks,
                stage->columns, stage->blocks);
    text_printf(out, "  %s_tile_%d(w, row, ROWS, v * LANES, %d, %s + (long)v * LANES * %ld%s);\n",
                name, s, stage->blocks, panel, depth, sums);
    if (stage->blocks > 1) {
        text_printf(out, "if (RD_VECTORS(%d) %% %d) {\n", stage->columns, stage->blocks);
        text_printf(out, "  const int v = RD_VECTORS(%d) / %d * %d;\n", stage->columns,
                    stage->blocks, stage->blocks);
        text_printf(out, "  %s_tile_%d(w, row, ROWS, v * LANES, RD_VECTORS(%d) %% %d, %s + (long)v "
                         "* LANES * %ld%s);\n",
                    name, s, stage->columns, stage->blocks, panel, depth, sums);
        text_puts(out, "}\n");
    }
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        if (!is_row_sum(writer, node)) continue;
        text_puts(out, "for (int r = 0; r < ROWS; r++) {\n  const long at = row + r;\n  ");
        emit_sum_end(writer, node, PRINT("%s[r]", writer->names[node]));
        text_puts(out, "}\n");
    }
}

static void emit_concat(Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    int offset = 0;
    for (int k = 0; k < n->count; k++) {
        int width = writer->program->columns[n->in[k]];
        text_printf(writer->out, "for (int column = 0; column < %d; column += LANES)\n", width);
        text_printf(writer->out, "  rd_store_head(%s + %d + column, %s, %d - column);\n",
                    own_row(writer, node), offset, operand(writer, n->in[k], "column"), width);
        offset += width;
    }
}

/* A stage without products, for the row `at`. */
static void emit_sweep(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    Text *out = writer->out;
    writer->stage = s;
    const char **kept = keep_names(writer, stage);
    emit_equations(writer, stage);
    if (graph_node(writer->graph, stage->nodes.at[0])->op == OP_CONCAT) {
        emit_concat(writer, stage->nodes.at[0]);
        return;
    }
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            text_printf(out, "vec %s = %s;\n", kept[i], sum_start(writer, stage->nodes.at[i]));
    bool loop = stage->columns > 1;
    if (loop) {
        text_printf(out, "for (int column = 0; column < %d; column += LANES) {\n", stage->columns);
    } else {
        text_puts(out, "{\n");
    }
    out->indent++;
    for (int i = 0; i < stage->nodes.len; i++)
        emit_node(writer, stage, stage->nodes.at[i], loop ? "column" : "0");
    out->indent--;
    text_puts(out, "}\n");
    for (int i = 0; i < stage->nodes.len; i++)
        if (is_row_sum(writer, stage->nodes.at[i]))
            emit_sum_end(writer, stage->nodes.at[i], kept[i]);
    forget(writer, stage, kept);
}

/* ---- the kernel ---- */

static void emit_stages(Writer *writer, const Kernel *kernel, bool tiles) {
    Text *out = writer->out;
    for (int s = 0; s < kernel->stages.len; s++) {
        if (kernel->stages.at[s].accumulators.len) {
            text_puts(out, "{\n");
            out->indent++;
            emit_tile_calls(writer, s);
            out->indent--;
            text_puts(out, "}\n");
            continue;
        }
        if (tiles) {
            text_puts(out, "for (int r = 0; r < ROWS; r++) {\n");
            out->indent++;
            text_puts(out, "const long at = row + r;\n(void)at;\n");
        } else {
            text_puts(out, "{\n");
            out->indent++;
        }
        emit_sweep(writer, s);
        out->indent--;
        text_puts(out, "}\n");
    }
}

static void emit_dispatch(Writer *writer, const Kernel *kernel) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel], *most = "6";
    for (int s = 0; s < kernel->stages.len; s++) {
        const Stage *stage = &kernel->stages.at[s];
        if (!stage->accumulators.len) continue;
        const char *own = PRINT("RD_TILE_ROWS(%d, %d)", stage->accumulators.len, stage->blocks);
        most = strcmp(most, "6") == 0 ? own : PRINT("RD_MIN(%s, %s)", most, own);
    }
    text_printf(out, "static void %s_rows(const %s *w, long row, long end) {\n", name, writer->type);
    text_printf(out, "  enum { MOST = %s };\n", most);
    text_puts(out, "  while (row < end) {\n"
                   "    const int rows = rd_tile((int)(end - row), MOST);\n"
                   "    switch (rows) {\n");
    for (int rows = 6; rows > 1; rows--)
        text_printf(out, "      case %d: if (MOST >= %d) %s_tiles(w, row, %d); break;\n", rows, rows,
                    name, rows);
    text_printf(out, "      default: %s_tiles(w, row, 1); break;\n    }\n    row += rows;\n  }\n}\n\n",
                name);
}

static void emit_walk(Writer *writer, const Kernel *kernel) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel];
    text_printf(out, "static void %s(const %s *w, int part, int parts) {\n", name, writer->type);
    out->indent++;
    text_puts(out, "int first, last;\n");
    if (!kernel->direction) {
        text_printf(out, "rd_share(w->p->%s, part, parts, &first, &last);\n",
                    kernel->space == SPACE_STEPS ? "rows" : "examples");
        text_printf(out, "%s_rows(w, first, last);\n", name);
    } else {
        text_puts(out, "rd_share_steps(w->p, part, parts, &first, &last);\n");
        text_puts(out, kernel->direction > 0 ? "for (int t = 0; t < w->p->steps; t++) {\n"
                                             : "for (int t = w->p->steps - 1; t >= 0; t--) {\n");
        text_puts(out, "  const int end = w->p->count[t] < last ? w->p->count[t] : last;\n");
        text_printf(out, "  %s_rows(w, w->p->start[t] + first, w->p->start[t] + end);\n", name);
        text_puts(out, "}\n");
    }
    out->indent--;
    text_puts(out, "}\n\n");
}

void emit_kernel(Writer *writer, int index) {
    const Kernel *kernel = &writer->program->kernels.at[index];
    Text *out = writer->out;
    bool tiles = false;
    writer->kernel = index;
    for (int s = 0; s < kernel->stages.len; s++)
        if (kernel->stages.at[s].accumulators.len) {
            tiles = true;
            emit_tile(writer, s);
        }
    const char *name = writer->kernel_names[index];
    if (tiles) {
        text_printf(out, "RD_INLINE void %s_tiles(const %s *w, const long row, const int ROWS) {\n",
                    name, writer->type);
        out->indent++;
    } else {
        text_printf(out, "static void %s_rows(const %s *w, long row, long end) {\n", name,
                    writer->type);
        out->indent++;
        text_puts(out, "for (long at = row; at < end; at++) {\n");
        out->indent++;
    }
    emit_stages(writer, kernel, tiles);
    if (!tiles) {
        out->indent--;
        text_puts(out, "}\n");
    }
    out->indent--;
    text_puts(out, "}\n\n");
    if (tiles) emit_dispatch(writer, kernel);
    emit_walk(writer, kernel);
}
