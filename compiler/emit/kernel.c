/* A kernel as C: a function a stage for a few rows, one that runs the stages for a stretch of rows,
 * and one that walks the rows of a part of the batch. */
#include "base/die.h"
#include "emit/writer.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

static void forget(Writer *writer, const Stage *stage) {
    for (int i = 0; i < stage->nodes.len; i++) writer->known[stage->nodes.at[i]] = false;
}

/* The equations of a stage as a comment, and whose function computes them if not its own. */
static void emit_equations(Writer *writer, const Stage *stage, const char *function) {
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
    if (function) {
        text_printf(writer->out, "%sby %s */\n\n", open, function);
    } else if (*open == '\n') {
        text_puts(writer->out, " */\n");
    }
}

void begin_lines(Writer *writer, const Stage *stage) {
    if (!writer->lines) return;
    text_printf(writer->out, "RD_ROLLED for (int line = 0; line < %d; line++) {\n", stage->lines);
    writer->out->indent++;
}

void end_lines(Writer *writer) {
    if (!writer->lines) return;
    writer->out->indent--;
    text_puts(writer->out, "}\n");
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
        emit_row_sums(writer, stage, NULL);
        begin_lines(writer, stage);
        emit_nodes(writer, stage, column);
        end_lines(writer);
        emit_sum_ends(writer, stage);
        end_columns(writer, stage);
    } else {
        begin_lines(writer, stage);
        emit_wide_places(writer, stage);
        emit_row_sums(writer, stage, NULL);
        begin_columns(writer, stage);
        emit_nodes(writer, stage, column);
        end_columns(writer, stage);
        emit_sum_ends(writer, stage);
        end_lines(writer);
        writer->wide_lines = 0;
    }
}

/* The columns that values of pairs have in a row, where the stage computes or searches some. */
static void emit_width(Writer *writer, const Stage *stage) {
    int width = stage->columns;
    for (int i = 0; i < stage->nodes.len && !is_length(width); i++) {
        const Node *n = graph_node(writer->graph, stage->nodes.at[i]);
        if (n->op == OP_ARGMAX) width = width_of(writer->program, n->in[0]);
    }
    if (is_length(width))
        text_printf(writer->out, "const int width = rd_length(%s, %sexample[at]);\n",
                    packing_of(writer, "w->", width - LENGTH_OF),
                    packing(writer, "w->", stage->axis));
}

/* A stage without products. */
static void emit_sweep(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    Text *out = writer->out;
    text_puts(out, "RD_ROLLED for (long at = row; at < row + rows; at++) {\n");
    out->indent++;
    emit_width(writer, stage);
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

static const char *stage_name(const Writer *writer, int s) {
    return PRINT("%s_stage_%d", writer->kernel_names[writer->kernel], s);
}

static bool is_shared(const Writer *writer, int s) {
    return strcmp(writer->functions[s], stage_name(writer, s)) != 0;
}

/* The function of a stage, as text. */
static const char *stage_text(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    Text text = text_new(writer->graph->arena), *out = writer->out;
    text.width = out->width;
    writer->out = &text;
    writer->stage = s;
    writer->axis = stage->axis;
    writer->lines = stage->lines > 1;
    if (stage->pairs) {
        emit_pairs_stage(writer, s);
    } else if (stage->accumulators.len) {
        emit_tile_stage(writer, s);
    } else {
        text_printf(&text, "static void %s(const %s *w, long row, int rows) {\n",
                    stage_name(writer, s), writer->type);
        text.indent++;
        emit_sweep(writer, s);
        text.indent--;
        text_puts(&text, "}\n\n");
    }
    forget(writer, stage);
    writer->out = out;
    return text_string(&text);
}

static void emit_stages(Writer *writer, const Kernel *kernel) {
    int count = kernel->stages.len;
    const char **c = ARENA_ARRAY(writer->graph->arena, const char *, count + 1);
    writer->functions = ARENA_ARRAY(writer->graph->arena, const char *, count + 1);
    for (int s = 0; s < count; s++) {
        writer->functions[s] = stage_name(writer, s);
        c[s] = stage_text(writer, s);
    }
    if (!kernel->pairs) share_stages(writer, c, count);
    for (int s = 0; s < count; s++) {
        writer->stage = s;
        emit_equations(writer, &kernel->stages.at[s],
                       is_shared(writer, s) ? writer->functions[s] : NULL);
        if (!is_shared(writer, s)) text_puts(writer->out, c[s]);
    }
}

/* ---- the stages for stretches of rows ---- */

/* Which of the structs the stages [first, last) need: "w, as". With `format` around each. */
static const char *structs(Writer *writer, int first, int last, const char *own,
                           const char *shared) {
    const Kernel *kernel = &writer->program->kernels.at[writer->kernel];
    bool any_own = false, any_shared = false;
    for (int s = first; s < last; s++) {
        any_shared |= is_shared(writer, s);
        any_own |= !is_shared(writer, s) || kernel->stages.at[s].axis != kernel->axis;
    }
    return PRINT("%s%s%s", any_own ? own : "", any_own && any_shared ? ", " : "",
                 any_shared ? shared : "");
}

static const char *struct_of(const Writer *writer, int s) {
    return is_shared(writer, s) ? "as" : "w";
}

/* A stage for the rows at hand, unless a loop computes it. */
static void call_stage(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    const char *w = struct_of(writer, s);
    if (stage->moves_in)
        text_printf(writer->out, "    if (!%s)\n    ", takes_in(writer, stage, PRINT("%s->", w)));
    text_printf(writer->out, "    %s(%s, row, rows);\n", writer->functions[s], w);
}

/* A stage for the pairs of the rows at hand. */
static void emit_pair_rows(Writer *writer, int s) {
    const Stage *stage = &writer->program->kernels.at[writer->kernel].stages.at[s];
    const char *p = packing(writer, "w->", stage->axis);
    const char *most = stage->accumulators.len ? "RD_ROWS" : "last - pair";
    text_printf(writer->out,
                "    for (int n, pair = %sstart[row], last = %sstart[row + rows];"
                " pair < last; pair += n) {\n",
                p, p);
    text_printf(writer->out, "        n = rd_tile(last - pair, %s);\n", most);
    text_printf(writer->out, "        %s(%s, pair, n);\n    }\n", writer->functions[s],
                struct_of(writer, s));
}

/* Stages [first, last) for the rows from `row` to `end`, `most` at a time. */
static void emit_stretch(Writer *writer, const Kernel *kernel, int first, int last,
                         const char *most) {
    Text *out = writer->out;
    text_printf(out, "for (int rows; row < end; row += rows) {\n");
    text_printf(
        out,
        most ? "    rows = rd_tile((int)(end - row), %s);\n" : "    rows = (int)(end - row);\n",
        most);
    for (int s = first; s < last; s++) {
        const Stage *stage = &kernel->stages.at[s];
        if (stage->axis != kernel->axis)
            emit_pair_rows(writer, s);
        else
            call_stage(writer, s);
    }
    text_puts(out, "}\n");
}

/* A function for the stages [first, last). */
static void begin_rows(Writer *writer, const char *suffix, int first, int last) {
    const char *own = PRINT("const %s *w", writer->type);
    const char *shared = PRINT("const %s *as", writer->type);
    text_printf(writer->out, "static void %s_rows%s(%s, long row, long end) {\n",
                writer->kernel_names[writer->kernel], suffix,
                structs(writer, first, last, own, shared));
    writer->out->indent++;
}

static void end_rows(Writer *writer) {
    writer->out->indent--;
    text_puts(writer->out, "}\n\n");
}

/* The end of the stages from `first` on that take few rows at a time. */
static int end_of_tiles(const Kernel *kernel, int first) {
    int end = first;
    while (end < kernel->stages.len && kernel->stages.at[end].tiles == TILES_BY_ROWS) end++;
    return end;
}

/* All stages for many rows: those with large weights for all of them, stretches of others for a few
 * rows at a time, so that what these hand on stays in the caches. */
static void emit_many_rows(Writer *writer, const Kernel *kernel) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel];
    for (int s = 0; s < kernel->stages.len; s++) {
        int end = end_of_tiles(kernel, s);
        if (end == s) continue;
        begin_rows(writer, PRINT("_%d", s), s, end);
        emit_stretch(writer, kernel, s, end, "RD_ROWS");
        end_rows(writer);
        s = end;
    }
    begin_rows(writer, "", 0, kernel->stages.len);
    text_puts(out,
              "for (int rows; row < end; row += rows) {\n"
              "    rows = rd_tile((int)(end - row), RD_MANY_ROWS);\n");
    for (int s = 0; s < kernel->stages.len; s++) {
        int end = end_of_tiles(kernel, s);
        if (end > s)
            text_printf(out, "    %s_rows_%d(%s, row, row + rows);\n", name, s,
                        structs(writer, s, end, "w", "as"));
        s = end;
        if (s < kernel->stages.len) call_stage(writer, s);
    }
    text_puts(out, "}\n");
    end_rows(writer);
}

/* Whether some value of the kernel is kept for a tile alone. */
static bool has_brief(const Writer *writer) {
    const Program *program = writer->program;
    for (int i = 0; i < program->buffers.len; i++)
        if (program->buffers.at[i].brief &&
            program->kernel_of[program->buffers.at[i].node] == writer->kernel)
            return true;
    return false;
}

/* All stages for the rows from `row` to `end`, a tile at a time where there are products. */
static void emit_rows(Writer *writer, const Kernel *kernel) {
    bool tiles = has_brief(writer), many = false;
    for (int s = 0; s < kernel->stages.len; s++) {
        tiles |= kernel->stages.at[s].accumulators.len > 0;
        many |= kernel->stages.at[s].tiles != TILES_BY_ROWS;
    }
    if (many) {
        emit_many_rows(writer, kernel);
        return;
    }
    begin_rows(writer, "", 0, kernel->stages.len);
    emit_stretch(writer, kernel, 0, kernel->stages.len, tiles ? "RD_ROWS" : NULL);
    end_rows(writer);
}

/* The rows that each part has of a value that is kept for one example or tile; NULL: there is one
 * for all. */
static const char *rows_of_part(const Writer *writer, const Buffer *buffer) {
    const int axis = writer->program->kernels.at[writer->kernel].axis;
    return buffer->brief ? "RD_BRIEF"
           : buffer->local
               ? PRINT("%s[%d]", writer->longest, sequence_number(writer->graph, axis) - 1)
               : NULL;
}

void emit_own_memory(Writer *writer) {
    const Program *program = writer->program;
    bool any = false;
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        if (program->kernel_of[b->node] != writer->kernel) continue;
        const char *rows = rows_of_part(writer, b);
        if (!rows) continue;
        if (!any) text_printf(writer->out, "%s own = *w;\n", writer->type);
        text_printf(writer->out, "own.%s += (long)part * %s * %s;\n", writer->names[b->node], rows,
                    buffer_stride(writer, i));
        any = true;
    }
    if (any) text_puts(writer->out, "w = &own;\n");
}

static void emit_walk(Writer *writer, const Kernel *kernel) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel];
    text_printf(out, "static void %s(const %s *w, int part, int parts) {\n", name, writer->type);
    out->indent++;
    const char *p = packing(writer, "w->", kernel->axis);
    const char *given = structs(writer, 0, kernel->stages.len, "w", "&as");
    emit_own_memory(writer);
    if (strchr(given, '&')) {
        text_printf(out, "%s as = *w;\n", writer->type);
        emit_exchanges(writer);
    }
    text_puts(out, "int first, last;\n");
    if (!kernel->direction) {
        text_printf(out, "rd_share(%s%s, part, parts, &first, &last);\n", p,
                    kernel->space == SPACE_STEPS ? "rows" : "examples");
        text_printf(out, "%s_rows(%s, first, last);\n", name, given);
    } else if (is_pair(kernel->axis)) {
        text_printf(out, "rd_share(%sexamples, part, parts, &first, &last);\n", p);
        text_printf(out, "%s_rows(%s, %sstart[first], %sstart[last]);\n", name, given, p, p);
    } else {
        text_printf(out, "rd_share_steps(%s, part, parts, &first, &last);\n",
                    packing_of(writer, "w->", kernel->axis));
        text_printf(out,
                    kernel->direction > 0 ? "for (int t = 0; t < %ssteps; t++) {\n"
                                          : "for (int t = %ssteps - 1; t >= 0; t--) {\n",
                    p);
        text_printf(out, "    const int end = RD_MIN(%scount[t], last);\n", p);
        text_printf(out, "    %s_rows(%s, %sstart[t] + first, %sstart[t] + end);\n", name, given, p,
                    p);
        text_puts(out, "}\n");
    }
    out->indent--;
    text_puts(out, "}\n\n");
}

void emit_kernel(Writer *writer, int index) {
    const Kernel *kernel = &writer->program->kernels.at[index];
    writer->kernel = index;
    emit_stages(writer, kernel);
    if (kernel->pairs) {
        emit_examples_walk(writer, kernel);
        return;
    }
    emit_rows(writer, kernel);
    emit_walk(writer, kernel);
}
