/* What the files of simplify share. A rule looks at a node about to be added to the new graph, its
 * operands being there already, and gives an equal node of a better shape, or NONE. Rules add nodes
 * by the functions here, so they apply again. */
#ifndef RONDO_SIMPLIFY_H
#define RONDO_SIMPLIFY_H

#include "graph/rewrite.h"

enum { NONE = -1 };

static inline const Node *at(const Graph *g, int node) { return graph_node(g, node); }

static inline bool is_const(const Graph *g, int node, double value) {
    return at(g, node)->op == OP_CONST && at(g, node)->attr.value == value;
}

int simplify_add(Graph *g, Op op, int count, const int *in, Attr attr, const Type *type, Span span);

int add_unary(Graph *g, Op op, int a, Span span);
int add_binary(Graph *g, Op op, int a, int b, Span span);
int add_slice(Graph *g, int a, int axis, int start, int size, Span span);
int add_concat(Graph *g, int count, const int *in, int axis, Span span);
int add_expand(Graph *g, int a, Type to, unsigned kept, Span span);

/* arithmetic.c: nodes of class ELEMENTWISE; and what is known when the model is compiled. */
int simplify_elementwise(Graph *g, Op op, int count, const int *in, Span span);
int known_table(Graph *g, int node, Span span);

/* quotient.c: products and sums of quotients, choices and masks. */
int simplify_quotients(Graph *g, Op op, const int *in, Span span);
int sum_of_quotients(Graph *g, int a, int axis, Span span);

#endif
