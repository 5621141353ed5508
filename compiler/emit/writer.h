/* What the parts of the emitter share. */
#ifndef RONDO_WRITER_H
#define RONDO_WRITER_H

#include "emit/emit.h"

typedef struct Sharing Sharing;

typedef struct {
    const Program *program;
    Graph *graph;
    Text *out;
    const char *type;   /* "Infer" */
    const char **names; /* a C identifier for each node */
    const char **kernel_names;
    Sharing *sharing; /* of stages' functions */
    /* while a stage is being written: */
    const char *vocab;   /* where the sizes of vocabularies are: "w->vocab" */
    const char *longest; /* where the most steps of each sequence are */
    int kernel, stage;
    const char **functions; /* what computes each stage of the kernel */
    int axis;               /* of its rows */
    bool lines;             /* the stage has lines: the one at hand is `line` */
    int wide_lines;  /* a row's, while `place` (local: `here`) is where its line of pairs begins */
    bool *known;     /* nodes that are in a local variable */
    bool keep_loads; /* what is read from memory goes to a local variable, once */
    struct Loaded {
        Access access;
        const char *name;
    } * loads; /* in the scope being written */
    int load_count, load_cap;
} Writer;

/* names.c: identifiers for nodes and kernels, unique within the program. */
void choose_names(Writer *writer);
const char *identifier(Arena *arena, const char *text);

/* equation.c: the equation of a node in the source's notation. */
const char *equation(const Writer *writer, int node);
const char *place_of(const Writer *writer, int node); /* "file.rondo:12", "" for nowhere */

/* expression.c: nodes as C, for the row `at` and the columns from `column` on. */
bool in_register(const Writer *writer, int node); /* in a local variable of this stage */
const char *buffer_stride(const Writer *writer, int buffer);
const char *stride_of(const Writer *writer, int node); /* from one row in memory to the next */
const char *packing(const Writer *writer, const char *run, int axis);    /* "w->p->" */
const char *packing_of(const Writer *writer, const char *run, int axis); /* "w->p" */
const char *row_pointer(const Writer *writer, Access access, const char *at);
const char *pairs_pointer(const Writer *writer, Access access); /* to its first row */
void emit_wide_places(Writer *writer, const Stage *stage);      /* declares them */
bool is_local(const Writer *writer, int node);                  /* its buffer is */
bool is_brief(const Writer *writer, int node);
const char *line_distance(const Writer *writer, int line); /* that of an access, as C */
const char *line_pointer(const Writer *writer, Access access, const char *at);
bool is_state(const Graph *graph, int node); /* an INPUT_STATE */
const char *input_rows(const Writer *writer, const char *run,
                       int node);                         /* "w->run->batch->real[2]" */
const char *picked_index(const Writer *writer, int node); /* of a PICK among indices */
const char *last_step(const Writer *writer, int axis, int add, const char *at);
const char *index_at(const Writer *writer, int node, const char *at);
const char *operand(Writer *writer, int node, const char *column);
int mask_count(const Graph *graph);
void begin_loads(Writer *writer, bool keep); /* a new scope: what the last one loaded is gone */
const char *value(Writer *writer, int node,
                  const char *column); /* of an ELEMENTWISE node or GATHER */
const char *number(const Writer *writer, double value);
const char *size_text(const Writer *writer, int size); /* "100", "w->vocab[0]" */

/* wrap.c: the text with no line of code over 100 characters where it can be broken. */
const char *wrap_lines(Arena *arena, const char *text);

/* tables.c: a string of C; what comes before the programs (returns the number of outputs), and what
 * comes last. */
const char *quoted(Arena *arena, const char *text);
int emit_tables(Graph *graph, const Program *train, Text *out);

int emit_flows(Graph *graph, Text *out); /* of the training program; returns their number */
void emit_flops(const Program *train, Text *out);
void emit_model(Graph *graph, Text *out, int output_count, int flow_count, bool steps);
void emit_step_tables(const Emitted *programs, Text *out);
int loss_axis(const Graph *graph); /* the length of the sequence with a loss a step; or 0 */
bool weighted_loss(const Graph *graph);

/* tile.c: whether a loop computes itself what the stage would, as C. */
const char *takes_in(const Writer *writer, const Stage *hoisted, const char *run);
/* Sum number s of the row and vector at hand: "sums[r][2]". */
const char *tile_sum(const Writer *writer, const Stage *stage, int s);

/* weights.c: where each tile's panel starts, and the function that fills the panels. */
int count_tiles(const Program *program);
void emit_panel_places(Writer *writer);
void emit_pack(Writer *writer);

/* sums.c: the calls that add up the gradients. */
void emit_sums(Writer *writer);

/* node.c: the nodes of a stage, and what its reductions over columns and lines end with. */
const Accumulator *sum_of(const Stage *stage, int node); /* whose value the node is, or NULL */
const char *own_row(const Writer *writer, int node);
bool is_stored_row(const Writer *writer, int node); /* vector by vector, whole lines alone */
bool is_row_sum(const Writer *writer, int node);    /* kept in a local variable meanwhile */
void emit_row_sums(Writer *writer, const Stage *stage, const char *rows); /* those; one for each of
                                                                           * so many, or NULL */
void emit_node(Writer *writer, const Stage *stage, int node, const char *column);
void emit_sum_end(Writer *writer, int node, const char *from, const char *column);

/* pairs.c: a kernel that goes example by example; its stages for products of values of pairs. */
void emit_pairs_stage(Writer *writer, int stage);
void emit_examples_walk(Writer *writer, const Kernel *kernel);

/* tile.c */
void emit_tile_stage(Writer *writer, int stage);

/* share.c: functions that serve the stages of several kernels, with the places of values exchanged
 * in a copy of the program's struct, `as`. */
Sharing *sharing_new(const Writer *writer);
/* Puts another function into writer->functions for each stage of the kernel that has no need of its
 * own, whose text is in `c`. */
void share_stages(Writer *writer, const char **c, int count);
void emit_exchanges(Writer *writer);

/* costs.c: a table of a program's kernels, and the function that says what each costs. */
void emit_costs(Writer *writer);

/* kernel.c */
void emit_kernel(Writer *writer, int kernel);
void emit_own_memory(Writer *writer); /* of a part, for local and brief values: w gets its places */
void begin_lines(Writer *writer, const Stage *stage); /* a loop over them, if there are several */
void end_lines(Writer *writer);
const char *panel_depth(const Writer *writer, const Stage *stage);
int panel_products(const Stage *stage);

#endif
