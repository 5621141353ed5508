/* Equations as a reader of the model would write them, for the comments in the emitted C. */
#include "emit/writer.h"

static const char *term(const Writer *writer, int node, int depth);

static const char *name_of(const Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    if (n->name) return n->name;
    return arena_printf(writer->graph->arena, "v%d", node);
}

static const char *joined(const Writer *writer, const Node *n, int depth) {
    const char *text = "";
    for (int k = 0; k < n->count; k++)
        text = arena_printf(writer->graph->arena, "%s%s%s", text, k ? ", " : "",
                            term(writer, n->in[k], depth));
    return text;
}

static const char *slice_text(const Writer *writer, const Node *n, int depth) {
    int size = n->type.dim[n->attr.axis].add;
    const char *front = "";
    for (int i = 0; i < n->attr.axis; i++)
        front = arena_printf(writer->graph->arena, "%s:, ", front);
    return arena_printf(writer->graph->arena, "%s[%s%d:%d]", term(writer, n->in[0], depth), front,
                        n->attr.start, n->attr.start + size);
}

static const char *view_text(const Writer *writer, const Node *n, int depth) {
    Arena *arena = writer->graph->arena;
    switch (n->op) {
        case OP_SLICE:
            return slice_text(writer, n, depth);
        case OP_DELAY:
            return arena_printf(arena, "%s[t%s1]", name_of(writer, n->in[0]),
                                n->attr.direction > 0 ? "-" : "+");
        case OP_SHIFT:
            if (!n->attr.start) return term(writer, n->in[0], depth);
            return arena_printf(arena, "%s[t%+d]", name_of(writer, n->in[0]), n->attr.start);
        case OP_FINAL:
            return arena_printf(arena, "%s[%s]", term(writer, n->in[0], depth),
                                n->attr.direction > 0 ? "last" : "first");
        case OP_EXPAND:
        case OP_RESHAPE:
            return term(writer, n->in[0], depth);
        default:
            return NULL;
    }
}

/* How tightly a term binds: sums 1, products 2, all else 3. */
static int binding(const Writer *writer, int node, int depth) {
    const Node *n = graph_node(writer->graph, node);
    while (n->op == OP_EXPAND || n->op == OP_RESHAPE) {
        node = n->in[0];
        n = graph_node(writer->graph, node);
    }
    if (depth <= 0 || (n->name && is_computed(writer->graph, node))) return 3;
    if (n->op == OP_ADD || n->op == OP_SUB) return 1;
    return n->op == OP_MUL || n->op == OP_DIV || n->op == OP_CONTRACT ? 2 : 3;
}

static const char *bound(const Writer *writer, int node, int depth, int least) {
    const char *text = term(writer, node, depth);
    return binding(writer, node, depth) < least ? arena_printf(writer->graph->arena, "(%s)", text)
                                                : text;
}

static const char *operation_text(const Writer *writer, const Node *n, int depth) {
    Arena *arena = writer->graph->arena;
    const char *sign = op_info[n->op].surface;
    if (n->op == OP_CONTRACT)
        return arena_printf(arena, "%s @ %s", bound(writer, n->in[1], depth, 3),
                            bound(writer, n->in[0], depth, 3));
    if (n->count == 2 && strlen(sign) == 1 && strchr("+-*/", *sign)) {
        int least = *sign == '+' || *sign == '-' ? 1 : 2;
        int right = least + (*sign == '-' || *sign == '/');
        return arena_printf(arena, "%s %s %s", bound(writer, n->in[0], depth, least), sign,
                            bound(writer, n->in[1], depth, right));
    }
    return arena_printf(arena, "%s(%s)", op_info[n->op].name, joined(writer, n, depth));
}

/* "(1, 2.5)" */
static const char *table_text(Graph *g, const Table *table) {
    Text text = text_new(g->arena);
    for (int i = 0; i < table->count; i++)
        text_printf(&text, "%s%.6g", i ? ", " : "(", table->values[i]);
    text_puts(&text, ")");
    return text_string(&text);
}

static const char *term(const Writer *writer, int node, int depth) {
    Graph *g = writer->graph;
    const Node *n = graph_node(g, node);
    if (n->op == OP_PARAM) return g->params.at[n->attr.index].name;
    if (n->op == OP_INPUT) return g->inputs.at[n->attr.index].name;
    if (n->op == OP_TABLE) return table_text(g, &g->tables.at[n->attr.index]);
    if (n->op == OP_CONST) return arena_printf(g->arena, "%.6g", n->attr.value);
    if (n->op == OP_SEED) return "1/targets";
    const char *view = view_text(writer, n, depth);
    if (view) return view;
    if (depth <= 0 || (n->name && is_computed(g, node))) return name_of(writer, node);
    return operation_text(writer, n, depth - 1);
}

const char *equation(const Writer *writer, int node) {
    const Node *n = graph_node(writer->graph, node);
    return arena_printf(writer->graph->arena, "%s = %s", name_of(writer, node),
                        operation_text(writer, n, 4));
}

const char *place_of(const Writer *writer, int node) {
    Span span = graph_node(writer->graph, node)->span;
    if (!span.source) return "";
    const char *slash = strrchr(span.source->path, '/');
    return arena_printf(writer->graph->arena, "%s:%d", slash ? slash + 1 : span.source->path,
                        span.line);
}
