/* The packed program and the loops as text. */
#include "graph/print.h"

#include "loop/program.h"

/* "examples", or "steps" of the model's only sequence, or "steps of text" */
static const char *space_name(const Program *program, Space space, int axis) {
    static const char *const names[] = {"shared", "examples", "steps"};
    const Graph *g = program->graph;
    int count = length_count(g);
    if (!axis || count < 2) return names[space];
    return arena_printf(g->arena, "steps of %s", axis_name(g, axis));
}

const char *print_packed(const Program *program) {
    Graph *g = program->graph;
    Text out = text_new(g->arena);
    static const char *const kinds[] = {"outer", "columns", "scatter"};
    text_printf(&out, "packed %s\n%s", program->name, graph_print(g));
    text_puts(&out, "spaces\n");
    for (int i = 0; i < g->nodes.len; i++)
        text_printf(&out, "  %%%d %s %s\n", i,
                    space_name(program, program->space[i], program->axis[i]),
                    size_name(g, program->columns[i]));
    for (int i = 0; i < program->reductions.len; i++) {
        const Reduction *r = &program->reductions.at[i];
        text_printf(&out, "sum %s", g->params.at[r->param].name);
        if (r->kind != REDUCE_SCATTER)
            text_printf(&out, "[%d:%s, %d:%s]", r->row, size_name(g, r->row + r->rows), r->column,
                        size_name(g, r->column + r->columns));
        text_printf(&out, " += %s %%%d", kinds[r->kind], r->a);
        if (r->b >= 0) text_printf(&out, " %%%d", r->b);
        text_puts(&out, "\n");
    }
    return text_string(&out);
}

static void print_access(Text *out, const Program *program, Access access) {
    static const char *const rows[] = {"",       ".example", ".previous", ".next",
                                       ".first", ".last",    ".at_first", ".at_last",
                                       "",       ".other",   "",          ".columns"};
    const Node *n = graph_node(program->graph, access.node);
    if (n->op == OP_PARAM)
        text_puts(out, program->graph->params.at[n->attr.index].name);
    else
        text_printf(out, "%%%d", access.node);
    text_puts(out, rows[access.row]);
    if (access.row == ROW_SHIFTED) text_printf(out, ".shift(%d)", access.by);
    if (access.column) text_printf(out, "+%d", access.column);
    if (access.splat) text_puts(out, "*");
}

static void print_sum(Text *out, const Program *program, const Accumulator *sum) {
    text_printf(out, "sum %%%d =", sum->node);
    if (sum->start >= 0) text_printf(out, " from %%%d", sum->start);
    for (int i = 0; i < sum->shared.len; i++) {
        text_puts(out, " ");
        print_access(out, program, access_of(program, sum->shared.at[i]));
    }
    for (int i = 0; i < sum->products.len; i++) {
        const Product *p = &sum->products.at[i];
        text_printf(out, " product{%s+%ld, depth %s} ", program->graph->params.at[p->param].name,
                    p->base, size_name(program->graph, p->depth));
        print_access(out, program, p->operand);
    }
    for (int i = 0; i < sum->others.len; i++) {
        text_puts(out, " ");
        print_access(out, program, access_of(program, sum->others.at[i]));
    }
    text_puts(out, "\n");
}

static void print_node(Text *out, const Program *program, int node) {
    const Node *n = graph_node(program->graph, node);
    text_printf(out, "%%%d = %s", node, op_info[n->op].name);
    for (int k = 0; k < n->count; k++) {
        text_puts(out, " ");
        print_access(out, program, access_of(program, n->in[k]));
    }
    if (program->buffer_of[node] >= 0) text_puts(out, "  -> memory");
    if (n->name) text_printf(out, "  # %s", n->name);
    text_puts(out, "\n");
}

static void print_stage(Text *out, const Program *program, const Stage *stage) {
    const char *order = stage->order == ORDER_COLUMNS ? ", column by column" : "";
    if (stage->lines > 1)
        text_printf(out, "stage of %d lines of %s columns%s\n", stage->lines,
                    size_name(program->graph, stage->columns), order);
    else
        text_printf(out, "stage of %s columns\n", size_name(program->graph, stage->columns));
    out->indent++;
    if (is_pair(stage->axis))
        text_printf(out, "over %s\n", space_name(program, SPACE_STEPS, stage->axis));
    if (stage->moves_in)
        text_printf(out, "inside the loop where a step has %d rows\n", SEVERAL_ROWS);
    for (int i = 0; i < stage->accumulators.len; i++)
        print_sum(out, program, &stage->accumulators.at[i]);
    for (int i = 0; i < stage->nodes.len; i++) print_node(out, program, stage->nodes.at[i]);
    out->indent--;
}

const char *print_loops(const Program *program) {
    Text out = text_new(program->graph->arena);
    text_printf(&out, "loops %s\n", program->name);
    for (int k = 0; k < program->kernels.len; k++) {
        const Kernel *kernel = &program->kernels.at[k];
        text_printf(&out, "phase %d: kernel over %s%s\n", kernel->phase,
                    space_name(program, kernel->space, kernel->axis),
                    kernel->pairs           ? ", example by example"
                    : kernel->direction > 0 ? ", forward in time"
                    : kernel->direction < 0 ? ", backward in time"
                                            : "");
        out.indent++;
        for (int s = 0; s < kernel->stages.len; s++)
            print_stage(&out, program, &kernel->stages.at[s]);
        out.indent--;
    }
    for (int i = 0; i < program->buffers.len; i++) {
        const Buffer *b = &program->buffers.at[i];
        text_printf(&out, "buffer %%%d %s [%s, %s] phases %d to %d slot %d%s\n", b->node, b->name,
                    space_name(program, b->space, b->axis), size_name(program->graph, b->columns),
                    b->first, b->last, b->slot,
                    b->local   ? ", of an example"
                    : b->brief ? ", of a tile"
                               : "");
    }
    return text_string(&out);
}
