/* The graph: what a model computes for ONE example of its natural length.
 *
 * A graph is one flat array of nodes in topological order; an operand is the index of an earlier
 * node. The one exception makes recurrences: the first operand of a DELAY may be a later node.
 * There is no loop construct: a `scan` is a cycle through DELAY nodes, and its adjoint is a cycle
 * through DELAYs of the other direction. Which work belongs into a loop is a question of
 * dependence (what lies on a cycle), answered by the passes, not written down by the front end.
 *
 * A `scan` over x: [T, I] of a cell with state h: [H] elaborates to
 *
 *     %1 = input                              [T, I]
 *     %2 = const 0                            [H]
 *     %3 = delay{axis 0, +1} %9 %2            [T, H]     h at the step before
 *     …                                                  the cell's equations, all with leading T
 *     %9 = tanh %8                            [T, H]     h'
 */
#ifndef RONDO_GRAPH_H
#define RONDO_GRAPH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/vec.h"
#include "graph/training.h"
#include "op/op.h"

enum { MAX_RANK = 5, MAX_LABELS = 8 };

/* A size: constant `add` when sym is 0, otherwise the size of graph->syms.at[sym] plus `add`, and
 * at least 1: a sequence from which steps were taken away keeps one. dim_size gives it. */
typedef struct {
    int sym, add;
} Dim;

typedef enum {
    SYM_NONE,   /* slot 0 */
    SYM_LENGTH, /* the length of an example's sequence: every example has its own */
    SYM_VOCAB,  /* a vocabulary's size: one for all examples, known once the data was read */
} SymKind;

typedef struct {
    const char *name; /* "T" of the input that brought it: the input's own name */
    SymKind kind;
    int max;    /* the declared maximum */
    int input;  /* the input it belongs to */
    int parent; /* SYM_LENGTH: the length whose every step has one; 0: every example has */
} Sym;

typedef enum { TYPE_REAL, TYPE_INDEX } TypeKind;

/* A shape with the kind of its elements; `range` is the number of values an index can have. */
typedef struct {
    TypeKind kind;
    int rank;
    Dim dim[MAX_RANK];
    Dim range;
} Type;

/* What an op needs beside its operands. Unused fields are zero. */
typedef struct {
    int axis;  /* SLICE PAD CONCAT SUM MAX ARGMAX ONEHOT DELAY SHIFT FINAL PLACE */
    int start; /* SLICE PAD: the first index along axis; SHIFT: the step that comes first, may be
                  below zero; LENGTH: what is added to the sym */
    int direction; /* DELAY FINAL PLACE: +1 in time, -1 against it */
    int index;     /* INPUT PARAM TABLE: which one; MASK: the random stream; LENGTH: the sym */
    unsigned kept; /* EXPAND: bit i is set when axis i of the result is an axis of the operand */
    double value;  /* CONST: the number; MASK: the probability of a zero */
    char a[MAX_LABELS], b[MAX_LABELS],
        out[MAX_LABELS]; /* CONTRACT: a letter an axis: "ti" "oi" "to" */
} Attr;

typedef struct {
    Op op;
    Type type;
    int count; /* operands */
    int *in;   /* operands: node indices */
    Attr attr;
    Span span;        /* where in the source this comes from */
    const char *name; /* the source's name for this value, or NULL */
} Node;

typedef enum {
    INPUT_WORDS, /* a text */
    INPUT_CLASS,
    INPUT_REAL,
    INPUT_TAGS,
    INPUT_PREVIOUS, /* hidden: at each step of a text the word before it, the mark at the first */
    INPUT_CARRIED,  /* hidden: the state that the window of a stream before this one ended with */
    INPUT_STATE,    /* no column: a value that the runtime carries from one run to the next; they
                     * stand behind all columns */
} InputKind;

/* What a text is parted into, and the word of the language for it. */
typedef enum {
    TOKENS_WORDS,
    TOKENS_CHARS,
    TOKENS_BYTES,
    TOKENS_WHITESPACE,
    TOKENS_BPE,
    TOKENS_REGEX,
    TOKENS_KINDS
} Tokens;

extern const char *const tokens_name[TOKENS_KINDS];

/* An `input` or `target` declaration: a column of the data. */
typedef struct {
    const char *name;
    bool target;
    InputKind kind;
    Type type;
    Tokens tokens;                        /* INPUT_WORDS */
    int merges;                           /* TOKENS_BPE: at most so many */
    const char *pattern;                  /* TOKENS_REGEX */
    int max_vocab, min_count, max_length; /* INPUT_WORDS; frames have the last */
    const char **classes; /* INPUT_CLASS, INPUT_TAGS: type.range.add names; NULL: not listed */
    const char *field;    /* what files call it; NULL: its own name */
    int over;             /* INPUT_TAGS: the input of the words; INPUT_WORDS of two axes: the same,
                           * each of which has these characters */
    int previous;         /* INPUT_PREVIOUS: of which input */
    bool counts;          /* INPUT_STATE: the number of the step, from 0 */
    bool grows;          /* INPUT_STATE: a row for each step so far, the last of which is zero; what
                          * becomes it is that row */
    double start;        /* INPUT_CARRIED: all its numbers before the first window */
    bool marked;         /* INPUT_WORDS: its vocabulary has the mark, which ends it unless it is cut
                          * into windows: one step more */
    bool split;          /* INPUT_WORDS: the data say what its words are, at white space */
    const char **fields; /* INPUT_REAL: of the data, a name a number, or NULL */
    bool as_is;          /* INPUT_REAL: not scaled */
    const char *by;      /* frames: the field of their sequence's id, or NULL */
    int window;          /* frames, INPUT_WORDS: how many make an example; 0: all of them */
    int stride;          /* INPUT_WORDS: from one window to the next */
    bool stream;         /* INPUT_WORDS: a window goes on where the one before it ended */
    int ahead;           /* the line that a value is read from, counted from a window's last */
    Span span;
} Input;

typedef enum { INIT_UNIFORM, INIT_NORMAL, INIT_CONSTANT, INIT_ORTHOGONAL, INIT_BALANCED } InitKind;

enum { FAN_IN = 1, FAN_OUT = 2 };

/* What a parameter starts from: uniform in center ± spread; normal with mean center and standard
 * deviation spread; center itself; or rows or columns, whichever are fewer, that are orthogonal and
 * of length spread. Spread is over the square root of the sum of `fans`: of the elements of a row
 * (FAN_IN), of the rows times the elements behind the second axis (FAN_OUT), as PyTorch counts.
 * INIT_BALANCED waits for the training data: how rare each value of the input `column` is there. */
typedef struct {
    InitKind kind;
    double center, spread;
    int fans, column;
} Start;

/* A trained tensor: its dotted name, its shape and the distribution it starts from. */
typedef struct {
    const char *name;
    Type type;
    Start start;
    Span span;
} Param;

/* The numbers of a TABLE. */
typedef struct {
    int count;
    const double *values;
} Table;

typedef enum {
    ROLE_LOSS,
    ROLE_WEIGHT,
    ROLE_OUTPUT,
    ROLE_GRADIENT,
    ROLE_OPERAND,
    ROLE_FLOW,
    ROLE_STATE,
    ROLE_GENERATED,
    ROLE_GUESSED,
    ROLE_CARRIED
} Role;

/* What a graph is for: its loss (one value an example, or one a target position), the weight of
 * each of these where it has one (the loss of a batch is the sum of its values over the sum of
 * their weights, which no gradient flows through; without weights the mean), what `output`
 * lists, and, once differentiated, one gradient a parameter. Packing replaces the gradients by the
 * operands of the sums over the batch that they are. */
typedef struct {
    Role role;
    const char *name; /* ROLE_OUTPUT: as written; ROLE_GRADIENT: the parameter's; ROLE_FLOW: the
                         state's, of whose gradient this is the norm at each step; ROLE_STATE and
                         ROLE_CARRIED: the state's */
    int node;
    int param;    /* ROLE_GRADIENT; ROLE_OPERAND: of which of the packed program's reductions;
                     ROLE_STATE: the INPUT_STATE that this becomes; ROLE_GENERATED: the target whose
                     next element these are the logits of; ROLE_GUESSED: whose most probable next
                     element this is; ROLE_CARRIED: the INPUT_CARRIED that has this value in the next
                     window; decoded: the target */
    bool decoded; /* ROLE_OUTPUT: a score for each choice at each step of another sequence, from
                     which the runtime finds the text of a target */
    int blank;    /* decoded: the choice that says nothing */
} Output;

typedef struct Graph {
    Arena *arena;
    const char *name;   /* the model's */
    const char *source; /* the path of its file, as given */
    VEC(Node) nodes;
    VEC(Sym) syms; /* slot 0 is SYM_NONE */
    VEC(Input) inputs;
    VEC(Param) params;
    VEC(Table) tables;
    VEC(Output) outputs;
    VEC(const char *) metrics;
    Training training;
    int *buckets, bucket_count; /* hash-consing */
} Graph;

/* A new graph without nodes, and a copy of everything in `graph` but its nodes and outputs. */
Graph *graph_new(Arena *arena);
Graph *graph_like(const Graph *graph);

/* Adds a node and returns its index; the type follows from the op's shape rule. An equal node that
 * is there already is returned instead (never for DELAY). Operands must fit: a misfit is a bug of
 * the caller and ends the program; the front end checks first. LEAF ops take their type from
 * graph_leaf. */
int graph_add(Graph *graph, Op op, int count, const int *in, Attr attr, Span span);

/* The node of an elementwise op that graph_add would give, or -1 if it is not there yet. */
int graph_find(Graph *graph, Op op, int count, const int *in);
int graph_leaf(Graph *graph, Op op, Type type, Attr attr, Span span);

/* The same for any op, for the rewriting passes: LEAF ops take `type`; ops whose result is not
 * determined by their operands (EXPAND PAD RESHAPE SCATTER ONEHOT SHIFT PLACE) are checked against
 * it. */
int graph_add_typed(Graph *graph, Op op, int count, const int *in, Attr attr, const Type *type,
                    Span span);

/* A DELAY of a value that does not exist yet; graph_close_delay gives it that value. */
int graph_open_delay(Graph *graph, Type type, int init, int axis, int direction, Span span);
void graph_close_delay(Graph *graph, int delay, int value);

/* The number of the table with these values, which are copied; and the node that stands for it. */
int graph_add_table(Graph *graph, int count, const double *values);
int graph_table(Graph *graph, int count, const double *values, Span span);

/* Shorthands. Elementwise operands must have one shape; graph_broadcast makes it so. */
int graph_unary(Graph *graph, Op op, int a, Span span);
int graph_binary(Graph *graph, Op op, int a, int b, Span span);
int graph_const(Graph *graph, double value, Type like, Span span); /* `like`'s shape, all `value` */
int graph_expand(Graph *graph, int a, Type to, unsigned kept, Span span);
int graph_slice(Graph *graph, int a, int axis, int start, int size, Span span);
int graph_pad(Graph *graph, int a, int axis, int start, Dim size, Span span);
int graph_concat(Graph *graph, int count, const int *in, int axis, Span span);
int graph_reduce(Graph *graph, Op op, int a, int axis, Span span); /* SUM MAX ARGMAX */
int graph_contract(Graph *graph, int a, int b, const char *la, const char *lb, const char *lo,
                   Span span);
int graph_onehot(Graph *graph, int index, int axis, Span span);
int graph_final(Graph *graph, Op op, int a, int axis, int direction, Dim length, Span span);
int graph_shift(Graph *graph, int a, int axis, int start, Dim length, Span span);
int graph_reshape(Graph *graph, int a, Type to, Span span);
int graph_scatter(Graph *graph, int rows, int index, Dim table, Span span);

int column_count(const Graph *graph); /* the inputs that are no states, which stand behind them */

static inline Node *graph_node(const Graph *graph, int index) { return &graph->nodes.at[index]; }

/* Dims and types. */
static inline Dim dim_const(int size) { return (Dim){0, size}; }
int dim_from(Dim dim, int size);         /* `size` being that of its sym */
int dim_size(Dim dim, const int *sizes); /* sizes[sym] being the size of each sym */
static inline bool dim_equal(Dim a, Dim b) { return a.sym == b.sym && a.add == b.add; }
bool type_equal(const Type *a, const Type *b);  /* kind, rank and dims */
bool shape_equal(const Type *a, const Type *b); /* rank and dims */
Type type_real(int rank, const Dim *dims);
Type type_without(Type type, int axis);
Type type_with(Type type, int axis, Dim size); /* a new axis before position `axis` */

/* How many axes a value has in front that are lengths: the first of examples, each further one
 * nested in the one before it; or two of examples, for which there is a row for each step of the
 * one with each step of the other. */
int step_axes(const Graph *graph, const Type *type);

/* The size `dim` of one that has a sym, as a number: [], or for a nested length [the outer one]. */
int graph_length(Graph *graph, Dim dim, Span span);
/* What the last of these has more than its sequence; 0 without any. */
int step_add(const Graph *graph, const Type *type);

/* The sequence whose steps a value has a row for: the sym of the last of these axes, the two of a
 * pair in one number, 0 for none. */
int step_sym(const Graph *graph, const Type *type);
bool is_pair(int axis);
int pair_other(int axis);                     /* the sym of the second of a pair */
int axis_outer(const Graph *graph, int axis); /* what it is nested in; the first of a pair */
int axis_max(const Graph *graph, int axis);   /* the longest that one can be */
const char *axis_name(const Graph *graph, int axis);

/* The number of a sequence, from 1: the lengths in their order, behind them all pairs. */
int sequence_number(const Graph *graph, int axis);
int length_count(const Graph *graph);

/* "[T, 4*H]" with lengths by name: "[text, 128]". The string lives in the graph's arena. */
const char *type_string(const Graph *graph, const Type *type);
const char *dim_string(const Graph *graph, Dim dim);

/* The result type of `op`, or NULL in *problem … a message when the operands do not fit. `wanted`
 * is the declared result type where the op needs one (EXPAND PAD RESHAPE SCATTER ONEHOT SHIFT
 * PLACE). */
Type shape_infer(const Graph *graph, Op op, int count, const int *in, const Attr *attr,
                 const Type *wanted, const char **problem);

#endif
