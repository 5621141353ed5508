/* The loop program: what is computed for a whole packed batch, in which loops, in which order.
 *
 * Packing gives every value a space: SHARED (one for all examples), EXAMPLES (a row an example) or
 * STEPS (a row a step of a sequence; rows are ordered by time, RdPacking in the runtime says how).
 * Each length of the model has its own packing; in one that is nested in another, every row of the
 * other has a sequence. A sequence that is shorter than its input's has rows for the steps that it
 * lacks too; what stands there nobody may look at.
 * A row holds `columns` numbers: `width` of them, or, of a value with two axes within a row,
 * `lines` times `width`, line behind line. A vocabulary's axis is the only one within a row.
 * Everything between a batch's rows and its sums over the batch is row-local: a row is computed
 * from its own operands alone, by the same operations in the same order wherever it lies. This is
 * why outputs do not depend on the batch or on the threads.
 *
 * A kernel is one loop over rows. It computes its nodes in stages; a stage is one sweep over the
 * lines and columns, all its nodes being of one shape. What a later stage, another kernel or
 * another row needs has a buffer; everything else lives in registers. */
#ifndef RONDO_PROGRAM_H
#define RONDO_PROGRAM_H

#include "base/text.h"
#include "graph/graph.h"

enum { MAX_SEQUENCES = 24 }; /* RD_MAX_SEQUENCES: lengths and pairs of them */

/* Columns, and the depths of products, may be as many as a vocabulary has words, which is known
 * when the data was read. VOCABULARY and the number of its input stand for that; every constant is
 * smaller. LENGTH_OF and the sym of a length stand for the steps that the row's example has: they
 * are the columns of a value with a number for each of a step's pairs (widen_pairs). Its rows lie
 * example by example, each line as long as the longest. */
enum { VOCABULARY = 1 << 30, LENGTH_OF = VOCABULARY + (1 << 20) };

/* A step with so many rows fills a tile, so that products need not leave a loop. */
enum { SEVERAL_ROWS = 4 };

enum { L2_REALS = 2 * 1024 * 1024 / 4 }; /* the second-level cache of a core */

typedef enum { SPACE_SHARED, SPACE_EXAMPLES, SPACE_STEPS } Space;

typedef enum {
    REDUCE_OUTER,   /* sum over rows of a ⊗ b: the gradient of a weight */
    REDUCE_COLUMNS, /* sum over rows of a: the gradient of a bias */
    REDUCE_SCATTER, /* rows of a added to the rows of a table that the index b names */
} ReduceKind;

/* A sum over all rows of the batch, added to a block of a parameter's gradient. */
typedef struct {
    ReduceKind kind;
    int param;
    int row, column;     /* where the block starts in the parameter (matrices; vectors: column) */
    int rows, columns;   /* its size, may be VOCABULARY; of COLUMNS, rows are the lines of a */
    int a, b;            /* graph nodes; b is -1 for REDUCE_COLUMNS */
    bool a_once, b_once; /* the operand is an EXAMPLES value summed over steps (never both) */
} Reduction;

/* Where the rows of an operand are, as seen from the row being computed. Of a pair, the steps are
 * those of its first sequence, the step of the second staying the same; but of ROW_SHIFTED. */
typedef enum {
    ROW_SAME,     /* the same row of a buffer of the same space */
    ROW_EXAMPLE,  /* the row of this step's example, or of the step that it is nested in */
    ROW_PREVIOUS, /* the row one step earlier; at the first step the initial value */
    ROW_NEXT,     /* the row one step later; at the last step the initial value */
    ROW_FIRST,    /* the example's first step */
    ROW_LAST,     /* the example's last step */
    ROW_AT_FIRST, /* the example's row at its first step, zero at all others */
    ROW_AT_LAST,
    ROW_SHIFTED, /* the row `by` steps later, zero where there is none */
    ROW_OTHER,   /* of a pair: the row of the second sequence's step */
    ROW_SHARED,  /* no rows */
    ROW_COLUMNS, /* a POSITION among the columns of values of pairs: its own number */
} RowKind;

/* An operand resolved through the nodes that only say where it lies. */
typedef struct {
    int node; /* what computes or holds it: a computed node, a PARAM, an INPUT or a leaf */
    RowKind row;
    int axis;   /* the sequence whose packing tells the row: its length's sym */
    int up;     /* ROW_EXAMPLE: how many times from a row to what has its sequence */
    int column; /* the first number in that row */
    int line;   /* how far the reader's lines are apart; 0: all of them see the same */
    bool splat; /* one number, repeated over all columns (of a line) */
    int by;     /* ROW_SHIFTED */
    int add;    /* the steps of the sequence whose rows are meant: its input's length and so many */
    int init;   /* ROW_PREVIOUS, ROW_NEXT: the initial value's node, -1 for zero */
} Access;

/* A product of a row with a weight: one term of an accumulator. */
typedef struct {
    int node;       /* the CONTRACT */
    Access operand; /* the row */
    int depth;      /* its length, may be VOCABULARY */
    bool sparse;    /* is_mostly_zero */
    int param;      /* the weight … */
    long base;      /* … from this element on; element (column n, depth k) is at */
    int column_stride, depth_stride; /* base + n * column_stride + k * depth_stride; may be
                                      * VOCABULARY */
} Product;

typedef VEC(int) NodeList;
int place_in(const NodeList *list, int node); /* -1: it is not there */
void remove_node(NodeList *list, int node);

/* A sum that a tile keeps in registers: shared vectors, then products. */
typedef struct {
    int node;        /* the ADD or CONTRACT whose value it is */
    NodeList shared; /* start values */
    int start;       /* what it starts from instead: a sum of a stage taken in, or -1 */
    NodeList others; /* what is added last */
    VEC(Product) products;
} Accumulator;

typedef enum { ORDER_ANY, ORDER_LINES, ORDER_COLUMNS } Order;

/* How the tiles of a stage follow each other. A tile has few rows; where the weights do not stay in
 * the second-level cache until the next one, many rows are done with each part of them. */
typedef enum {
    TILES_BY_ROWS,    /* all columns of a few rows, then the next rows */
    TILES_BY_COLUMNS, /* some columns of many rows, then the next columns */
    TILES_BY_DEPTH,   /* a part of the depth for many rows, then the next: sums stay in memory */
} TileOrder;

/* A phase of a tile: the products of a stage that share their operand. */
typedef struct {
    Access operand;
    int depth;
    bool sparse;   /* of rows that are mostly zero */
    NodeList sums; /* which accumulators */
    VEC(const Product *) products;
} TilePhase;
typedef VEC(TilePhase) TilePhases;

/* A stage before a recurrence whose products a stage in its loop may compute itself. */
typedef struct {
    int kernel, stage;
    NodeList sums; /* which accumulator of the loop's stage takes each of its own */
} Taken;

typedef struct {
    int axis;           /* of the rows: the kernel's, or in a recurrence a pair with its steps */
    int lines, columns; /* these may be VOCABULARY */
    Order order;        /* COLUMNS: all lines of some columns before the next columns */
    NodeList nodes; /* computed here, in order; the inner nodes of accumulators not among them */
    VEC(Accumulator) accumulators;
    TileOrder tiles;
    int level;   /* of stages.c: stages of one level do not depend on each other */
    int hoisted; /* of fuse.c: the recurrence that its products have left, 0 for none */
    int blocks;  /* vectors of columns that one tile covers, a power of two */
    VEC(Taken) taken;
    bool moves_in; /* a loop does its work where a step has SEVERAL_ROWS */
    bool pairs;    /* its one node is a product of values of pairs, which reads all of an example */
} Stage;

typedef struct {
    Space space;
    int axis;      /* SPACE_STEPS: of which sequence */
    int direction; /* +1 or -1: step by step, forward or backward in time; 0: rows in any order */
    bool recurrence;
    bool pairs; /* example by example: products of values of pairs, and what is between them */
    NodeList nodes;
    VEC(Stage) stages;
    int phase; /* kernels of one phase do not depend on each other */
} Kernel;

typedef struct {
    int node;
    const char *name;
    Space space;
    int axis;
    int columns;     /* may be VOCABULARY */
    bool index;      /* int, not real */
    bool local;      /* rows for one example at a time, in each part of the batch */
    bool brief;      /* rows for one tile at a time, in each part: no other kernel reads it */
    int first, last; /* the phases between which it must be kept */
    int slot;        /* buffers of one slot share their memory */
} Buffer;

typedef struct {
    const char *name; /* "infer" or "train" */
    Graph *graph;
    Space *space; /* of each node */
    int *axis;    /* of each node: the sequence of SPACE_STEPS, its length's sym; else 0 */
    int *columns; /* may be VOCABULARY */
    VEC(Reduction) reductions;
    VEC(Kernel) kernels; /* in order of execution */
    int *kernel_of;      /* of each node; -1 */
    int *stage_of;       /* the first one that computes it */
    bool *repeated;      /* recompute.c: further stages of its kernel compute it too */
    int phases;          /* reductions run after the last */
    VEC(Buffer) buffers;
    int *buffer_of; /* of each node; -1 */
    int slots;
    int rows_a_step; /* how many rows a step is expected to have: 1 for infer, the batch for train
                      */
} Program;

/* pack.c: spaces, columns and reductions. NULL after errors (what is not supported yet). */
Program *pack(Graph *graph, const char *name, int rows_a_step, Diag *diag);

/* fuse.c: kernels and phases; stages.c: their stages. */
void fuse(Program *program);

/* recompute.c: values of long rows are computed in each stage that needs them. */
enum { LONG_ROW = 1024 }; /* numbers: some such rows exceed the first-level cache */
void recompute(Program *program);
bool is_computed_in(const Program *program, int stage, int node); /* a stage of its kernel */
bool reads_in_place(const Program *program, int user, int operand, Access access); /* the number at
                                                                       the place that it computes */

/* products.c: accumulators of each stage; the phases of its tiles, in order. Neighbours that feed
 * the same sums make one call, so that those stay in registers: the phase behind such a call. */
void find_products(Program *program);
TilePhases tile_phases(Arena *arena, const Stage *stage);
int end_of_call(const TilePhases *phases, int first);
double depth_of(const Graph *graph, const Stage *stage); /* of all its products together */

/* taken.c: where a step has several rows, products that were hoisted out of a loop for the sake of
 * one row are computed inside all the same. Either way the same terms are added in the same order:
 * the bits are the same. */
void take_products(Program *program);

/* memplan.c: buffers and their slots. */
void plan_memory(Program *program);

/* size.c: sizes that may be VOCABULARY. */
int size_of(const Graph *graph, Dim dim);
bool is_length(int size);
bool is_vocabulary(int size);
int vocabulary_of(int size);                                 /* the number of its input */
double size_for(const Graph *graph, int size, double words); /* a vocabulary having `words`,
                                                                below zero: its maximum */
const char *size_name(const Graph *graph, int size);         /* "100", "text.size" */

/* access.c */
Access access_of(const Program *program, int node);
bool is_same_place(const Program *program, int node, Access access); /* each number where it is */
int inner_rank(const Program *program, int node); /* axes within a row: at most two */
int lines_of(const Program *program, int node);   /* the first of two, else 1 */
int width_of(const Program *program, int node);   /* the last, else 1 */
bool is_computed(const Graph *graph, int node);
bool is_real_input(const Graph *graph, int node);         /* a column of numbers: rows in memory */
bool is_fold(const Program *program, int node);           /* a reduction over an example's steps */
bool is_across(const Program *program, int node);         /* a sum over the first of a pair */
bool is_row_reduction(const Program *program, int node);  /* over the columns of a row */
bool is_line_reduction(const Program *program, int node); /* over its lines, column by column */
int buffer_of(const Program *program, int node);
int axis_parent(const Program *program, int axis);       /* of the rows that have its sequences */
int levels_up(const Program *program, int axis, int to); /* how many parents to get there */
int steps_add(const Program *program, int node); /* STEPS: the length minus that of its input */
bool same_access(const Access *a, const Access *b);
bool is_mostly_zero(const Program *program, int node); /* by a factor: one of the steps alone */
bool is_frozen(const Program *train, int param);       /* no gradient reaches the parameter */
bool is_sparse(const Program *train, int param); /* one reaches rows that an index names alone */

/* loop/print.c: the packed program and the loops, for `rondo emit`. */
const char *print_packed(const Program *program);
const char *print_loops(const Program *program);

/* recurrences.c: a line for each recurrence, with the number of products that it reads from outside
 * of its loop and of those inside, and how many tile products they were merged into. */
const char *print_recurrences(const Program *infer, const Program *train);

/* cost.c: what a kernel does for one of its rows, `words` saying for each input how many words its
 * vocabulary has, and behind those for each symbol how many steps; what one of its stages does that
 * a loop may take in, which the kernel's does not contain; and all sums over the rows of an axis,
 * of examples where that is 0. */
typedef struct {
    double products; /* operations of products: multiply-adds ×2 */
    double others;   /* of all else, each function one */
    double bytes;    /* of rows that are read or written, each once */
    double weights;  /* bytes of weights, read once for a tile of rows */
} Cost;
Cost kernel_cost(const Program *program, int kernel, const double *words);
Cost stage_cost(const Program *program, int kernel, int stage, const double *words);
Cost sums_cost(const Program *program, int axis, const double *words);

/* Multiply-adds ×2 of all products, per STEPS row and per EXAMPLES row, when vocabularies have
 * `words` words: all of them, or that of input number `only`, the others then having none. */
void count_flops(const Program *program, int only, double words, double *per_step,
                 double *per_example);

#endif
