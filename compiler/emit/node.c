/* The nodes of a stage, for the row `at` and the vector of columns from `column` on: what is
 * computed goes to a local variable, and to memory where that is needed. */
#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

const Accumulator *sum_of(const Stage *stage, int node) {
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
    const char *text = tile_sum(writer, stage, (int)(sum - stage->accumulators.at));
    for (int i = 0; i < sum->others.len; i++)
        text = PRINT("%s + %s", text, operand(writer, sum->others.at[i], column));
    return text;
}

const char *own_row(const Writer *writer, int node) {
    Access access = {.node = node, .row = ROW_SAME, .init = -1};
    return row_pointer(writer, access, "at");
}

/* Where the line at hand of a node's own row begins. */
static const char *own_line(const Writer *writer, int node) {
    int width = width_of(writer->program, node);
    if (writer->wide_lines && is_length(width))
        return line_pointer(writer, access_of(writer->program, node), "at");
    if (!writer->lines) return own_row(writer, node);
    return width == 1 || lines_of(writer->program, node) == 1
               ? PRINT("%s + line", own_row(writer, node))
               : PRINT("%s + line * %s", own_row(writer, node), line_distance(writer, width));
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
    else if (writer->lines && !is_length(width_of(writer->program, node)))
        text_printf(writer->out, "rd_store_head(%s + %s, %s, %s);\n", own_line(writer, node),
                    column, name, rest_of_line(writer, node, column));
    else
        text_printf(writer->out, "rd_store(%s + %s, %s);\n", own_line(writer, node), column, name);
}

bool is_stored_row(const Writer *writer, int node) {
    return writer->program->buffer_of[node] >= 0 && !is_brief(writer, node) && !writer->lines &&
           width_of(writer->program, node) != 1 && !is_row_sum(writer, node) &&
           !is_fold(writer->program, node);
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

bool is_row_sum(const Writer *writer, int node) {
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

void emit_node(Writer *writer, const Stage *stage, int node, const char *column) {
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

/* Stores a reduction: a number for the columns of a row or line, a vector for the lines. */
void emit_sum_end(Writer *writer, int node, const char *from, const char *column) {
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
void emit_row_sums(Writer *writer, const Stage *stage, const char *rows) {
    for (int i = 0; i < stage->nodes.len; i++) {
        int node = stage->nodes.at[i];
        const char *name = writer->names[node];
        if (!is_row_sum(writer, node)) continue;
        if (rows)
            text_printf(
                writer->out,
                "vec all_%s[%s];\nRD_ROLLED for (int r = 0; r < rows; r++) all_%s[r] = %s;\n", name,
                rows, name, sum_start(writer, node));
        else
            text_printf(writer->out, "vec %s = %s;\n", name, sum_start(writer, node));
        if (graph_node(writer->graph, node)->op == OP_ARGMAX)
            text_printf(writer->out, "vec best_%s = rd_splat(-RD_HUGE);\n", name);
    }
}
