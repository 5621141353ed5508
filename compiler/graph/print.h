/* A graph as text. The text is a language: graph_read reads it back to the same text.
 *
 *     model sentiment "sentiment.rondo"
 *     length text of 0 max 256
 *     vocab text of 0 max 20000
 *     input text: words [text] index(vocab text) max_vocab 20000 min_count 1 max_length 256
 *     target label: class [] index(2) "negative" "positive"
 *     param embedding.weight [vocab text, 100] normal 1
 *     train epochs 5 batch 32 patience 0 clip_norm 5 clip_value 0
 *     optimizer adam rate 0.001 …
 *     schedule linear start_factor 0.1 …
 *     metric accuracy
 *     nodes {
 *       %0 [text] index(vocab text) = input{text}
 *       %5 [128] = const{0}
 *       scan 1 forward over text {
 *         %6 [text, 128] = delay{axis 0, +1} %9 %5      # forward.h  sentiment.rondo:7:13
 *         …
 *         %9 [text, 128] = tanh %8
 *       }
 *     }
 *     loss %40
 *     output "argmax(logits)" %41
 *     gradient forward.weight_ih %99
 *     operand 0 %95
 *
 * What lies on one recurrence stands in a block of its own, so that a reader sees what loops and
 * in which direction; a node between two of its members that does not loop stands further out.
 * A recurrence that others interrupt has several blocks with one number. Behind # stand the
 * source's name for the value and the place it comes from. */
#ifndef RONDO_PRINT_H
#define RONDO_PRINT_H

#include "graph/graph.h"

/* The whole program as text, in the graph's arena. Prints broken graphs too. */
const char *graph_print(const Graph *graph);

/* One node as graph_print shows it, without indentation and comment: for messages. */
const char *graph_print_node(const Graph *graph, int node);

/* A type as graph_print shows it: "[text, 128]", "[text] index(vocab text)". */
const char *graph_print_type(const Graph *graph, const Type *type);

/* The shortest decimal that reads back to the same double. */
const char *graph_print_number(Arena *arena, double value);

#endif
