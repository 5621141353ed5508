/* Products of values of pairs as calls of the runtime, which walks the examples of a part. */
#include "emit/writer.h"
#include "graph/rewrite.h"

#define PRINT(...) arena_printf(writer->graph->arena, __VA_ARGS__)

/* {rows, distance of rows, distance of lines} of a value with a row a step. */
static const char *rows_of_value(const Writer *writer, int node) {
    Access access = access_of(writer->program, node);
    return PRINT("{%s, %s, %s}", pairs_pointer(writer, access), stride_of(writer, access.node),
                 line_distance(writer, access.line));
}

/* One of the three products of wide.c, for the sequences that a part of the batch has of the
 * result: "thd,shd->ths", "ths,shd->thd" or "ths,thd->shd". */
void emit_pairs_product(Writer *writer, const Kernel *kernel) {
    const Graph *g = writer->graph;
    Text *out = writer->out;
    int node = kernel->nodes.at[0];
    const Node *n = graph_node(g, node);
    bool scores = is_wide(g, &n->type);
    int pairs = scores ? node : n->in[0], rows = scores ? n->in[0] : node;
    const Type *type = &graph_node(g, pairs)->type;
    bool to_second = !scores && n->attr.out[0] == n->attr.a[2];
    const char *place = place_of(writer, node);
    text_printf(out, "/* %s%s%s */\n", equation(writer, node), *place ? "    # " : "", place);
    text_printf(out, "static void %s(const %s *w, int part, int parts) {\n",
                writer->kernel_names[writer->kernel], writer->type);
    out->indent++;
    const char *first = packing_of(writer, "w->", type->dim[0].sym);
    const char *second = packing_of(writer, "w->", type->dim[2].sym);
    text_puts(out, "int from, to;\n");
    text_printf(out, "rd_share_steps(%s, part, parts, &from, &to);\n", to_second ? second : first);
    text_printf(out, "const RdPairs pairs = {%s, %s, %d, %s};\n", first, second, type->dim[1].add,
                rows_of_value(writer, pairs));
    text_printf(out, "const RdRows rows[2] = {%s, %s};\n",
                rows_of_value(writer, scores ? n->in[0] : n->in[1]),
                rows_of_value(writer, scores ? n->in[1] : node));
    text_printf(out, "%s(&pairs, rows, rows + 1, %d, from, to);\n",
                scores      ? "rd_pairs_scores"
                : to_second ? "rd_pairs_to_second"
                            : "rd_pairs_to_first",
                graph_node(g, rows)->type.dim[2].add);
    out->indent--;
    text_puts(out, "}\n\n");
}
