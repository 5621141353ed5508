/* Passes from graph to graph. Each returns a new graph in the same arena that holds only live
 * nodes; each keeps what the graph computes (simplify up to the rounding of sums). */
#ifndef RONDO_REWRITE_H
#define RONDO_REWRITE_H

#include "graph/graph.h"

/* order.c. Afterwards the axes of each value that are lengths stand in front of all others, both in
 * the order they had: what a layer mapped over constant axes has made can be packed. */
Graph *order_axes(Graph *graph);

/* wide.c. Requires a simplified graph with ordered axes. Where values with a number for each pair
 * of steps, [T, S] or [T, S, C], come from products and go into products, and only their rows
 * matter in between, they are [T, C, S] afterwards (C being 1 when there was none): a row for each
 * step of the first sequence, which has as many columns as its example has steps of the second. */
Graph *widen_pairs(Graph *graph);

/* Such a type, and the three products that such values have: "thd,shd->ths", "ths,shd->thd" and
 * "ths,thd->shd". */
bool is_wide(const Graph *graph, const Type *type);
bool is_wide_product(const Graph *graph, const Node *node);

/* simplify.c. Requires a verified graph. Afterwards: constants are folded; slices stand only on
 * leaves, states and tables, having moved up through everything that computes (a packed product
 * becomes products with slices of its weight); concatenations have moved down, into products and
 * reductions, and are left only where a whole row is needed; there is no PAD; the only products are
 * those with a shared matrix and those of gradients, all others being sums of MULs; and what is
 * computed of a quotient or of what a mask leaves reads the result where that is there, not what it
 * was computed from (quotient.c). */
Graph *simplify(Graph *graph);

/* rotate.c. A SHIFT, and a DELAY that starts from zero, moves through sums and products with shared
 * weights towards their operands: delay(W @ x) = W @ delay(x). So the adjoint of a recurrence,
 * whose states are products, takes one stage a step, as the recurrence does; and that of a product
 * with windows is one sum of products. STOP, which only differentiation needs, is gone. */
Graph *rotate(Graph *graph);

/* products.c. Afterwards each product is one of rows with a matrix of weights, or the gradient of a
 * parameter, as far as the order of axes allows: any other, such as one of two values that both
 * depend on the example, is a sum of MULs. And none computes what parts of it compute as well: a
 * product beside products with all slices of its weight is the CONCAT of these. */
Graph *split_products(Graph *graph);

/* A product sums over the last axis of its row operand, whose other axes it keeps in front of that
 * of the weight: "tbi", "oi" or "io", "tbo". */
bool along_rows(const char *row, const char *weight, const char *out);

/* inference.c. The graph without masks, STOPs and gradients. */
Graph *for_inference(Graph *graph);

/* step.c. Requires an inference graph. The program that takes one step along a sequence, as a graph
 * of its own: the sequence's axis is gone, and each value of a step before, which a DELAY or a
 * SHIFT gives, is an INPUT_STATE that the runtime carries; ROLE_STATE outputs say what it becomes.
 * What does not depend on the sequence is computed once, by `begin`, whose ROLE_STATE outputs are
 * what the states start from (the others from zero); a state that `step` does not put out keeps its
 * value. What asks for the position of a step is given its number. Of a value of each step and all
 * steps, [T, …, T], the first axis is gone and the second has the steps so far: what is read there
 * is kept in a state that grows, a row a step. The two have the same inputs, but for the axis.
 *
 * The sequence is the one that the model generates, else its only one. Outputs stay that have a
 * value for each step and depend on no later one; where there are none, or what is generated is not
 * of this kind, `step` is NULL, and `why` says what is in the way (at `where`, perhaps nowhere). */
typedef struct {
    Graph *begin, *step;
    int sequence; /* its sym */
    const char *why;
    Span where;
} StepPrograms;

StepPrograms derive_step(Graph *graph);

/* dce.c. The live nodes alone; and those that are left without the outputs of this role. */
Graph *eliminate_dead(Graph *graph);
Graph *without_outputs(const Graph *graph, Role role);

/* carry.c. Requires that what a forward DELAY along a stream starts from is a constant. Afterwards
 * it starts from an INPUT of kind CARRIED instead, and the value of its last step is an output of
 * ROLE_CARRIED: the runtime makes the one the other for the window that follows. No gradient flows
 * from window to window. */
Graph *carry_states(Graph *graph);

/* guess.c. The graph that is trained and predicts has no logits of what is generated. Where
 * training feeds a text its own words, it puts out the most probable next word at each step in
 * their place, an output of ROLE_GUESSED. */
Graph *guess_words(Graph *graph);

/* ---- what the passes share (rewrite.c) ---- */

/* live[i] is true when an output needs node i. */
bool *graph_live(const Graph *graph);

/* How many live nodes and outputs use each node. */
int *graph_uses(const Graph *graph, const bool *live);

/* One of the nodes that use each node, in the arena; -1 for none. */
int *graph_user(const Graph *graph, const bool *live);

/* True when the node is the same for all examples of a batch: it reaches no INPUT, LENGTH,
 * POSITION or MASK. */
bool *graph_shared(const Graph *graph);

/* A pass that rebuilds a graph node by node: `map` is where each old node went (-1: not yet). */
typedef struct {
    Graph *from, *to;
    int *map;
    struct PendingDelay {
        int delay, value; /* a delay of `to` that must get the old node `value` */
    } * pending;
    int pending_count, pending_cap;
} Rebuild;

Rebuild rebuild_new(Graph *from);

/* Copies old node `i` with its operands mapped. A DELAY is opened and closed by rebuild_finish. */
int rebuild_copy(Rebuild *rebuild, int i);

/* A new DELAY whose value will be what the old node `value` becomes. */
int rebuild_delay(Rebuild *rebuild, Type type, int init, int axis, int direction, int value,
                  Span span);

/* Closes the delays, maps the outputs and returns the new graph. */
Graph *rebuild_finish(Rebuild *rebuild);

#endif
