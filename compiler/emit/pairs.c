/* A kernel that goes example by example, so that values of pairs stay in the caches. Their products
 * are calls of the runtime. */
#include "emit/writer.h"
#include "graph/rewrite.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* {rows, distance of rows, distance of lines} of a value with a row a step. */
static const char *rows_of_value(const Writer *writer, int node) {
    Access access = access_of(writer->program, node);
    return PRINT("{%s, %s, %s}", pairs_pointer(writer, access), stride_of(writer, access.node),
                 line_distance(writer, access.line));
}

/* One of the three products of wide.c, for an example: "thd,shd->ths", "ths,shd->thd" or
 * "ths,thd->shd". */
void emit_pairs_stage(Writer *writer, int s) {
    const Graph *g = writer->graph;
    Text *out = writer->out;
    int node = writer->program->kernels.at[writer->kernel].stages.at[s].nodes.at[0];
    const Node *n = graph_node(g, node);
    bool scores = is_wide(g, &n->type);
    int pairs = scores ? node : n->in[0], rows = scores ? n->in[0] : node;
    const Type *type = &graph_node(g, pairs)->type;
    bool to_second = !scores && n->attr.out[0] == n->attr.a[2];
    text_printf(out, "static void %s_stage_%d(const %s *w, int example) {\n",
                writer->kernel_names[writer->kernel], s, writer->type);
    out->indent++;
    text_printf(out, "const RdPairs pairs = {%s, %s, %d, %s, %s};\n",
                packing_of(writer, "w->", type->dim[0].sym),
                packing_of(writer, "w->", type->dim[2].sym), type->dim[1].add,
                is_local(writer, access_of(writer->program, pairs).node) ? "true" : "false",
                rows_of_value(writer, pairs));
    text_printf(out, "const RdRows rows[2] = {%s, %s};\n",
                rows_of_value(writer, scores ? n->in[0] : n->in[1]),
                rows_of_value(writer, scores ? n->in[1] : node));
    text_printf(out, "%s(&pairs, rows, rows + 1, %d, example);\n",
                scores      ? "rd_pairs_scores"
                : to_second ? "rd_pairs_to_second"
                            : "rd_pairs_to_first",
                graph_node(g, rows)->type.dim[2].add);
    out->indent--;
    text_puts(out, "}\n\n");
}

/* All stages for the examples of a part, one after another. */
void emit_examples_walk(Writer *writer, const Kernel *kernel) {
    Text *out = writer->out;
    const char *name = writer->kernel_names[writer->kernel];
    const char *p = packing(writer, "w->", kernel->axis);
    text_printf(out, "static void %s(const %s *w, int part, int parts) {\n", name, writer->type);
    out->indent++;
    text_puts(out, "int first, last;\n");
    text_printf(out, "rd_share_steps(%s, part, parts, &first, &last);\n",
                packing_of(writer, "w->", kernel->axis));
    emit_own_memory(writer);
    text_puts(out, "for (int b = first; b < last; b++) {\n");
    for (int s = 0; s < kernel->stages.len; s++)
        if (kernel->stages.at[s].pairs)
            text_printf(out, "    %s_stage_%d(w, %sexample[b]);\n", name, s, p);
        else
            text_printf(out,
                        "    for (int t = 0; t < %slength[b]; t++)"
                        " %s_stage_%d(w, %sstart[t] + b, 1);\n",
                        p, name, s, p);
    text_puts(out, "}\n");
    out->indent--;
    text_puts(out, "}\n\n");
}
