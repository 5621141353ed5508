/* What choosing kernels (fuse.c) and parting them into stages (stages.c) share. */
#ifndef RONDO_FUSE_H
#define RONDO_FUSE_H

#include "loop/program.h"

typedef struct {
    int node; /* a computed node */
    RowKind row;
    bool direct; /* in the same column, not splat: can stay in a register */
} Dependence;

typedef VEC(Dependence) Dependences;

typedef struct {
    Program *program;
    Graph *graph;
    int *cycle;              /* of each node: its recurrence, 0 for none */
    int *absorbed;           /* the recurrence that takes this node along */
    int *hoisted;            /* the one that would, had this product not left it */
    bool *done;              /* computed by an earlier kernel */
    bool *inside;            /* computed by the kernel in the making */
    bool *feeds_fold;        /* used by nothing but folds */
    bool *product_sum;       /* a product, or a sum with one among its terms */
    bool *kept;              /* an output, or read by sums over the batch: it is in memory */
    bool *summand;           /* one of two products, or sums with some, that are only added up */
    Dependences *reads;      /* of each computed node: what it reads, through views */
    int *users, *user_start; /* computed nodes that use each node */
    int cycles;
    int *direction; /* of each recurrence */
    int *axis;      /* its steps */
} Fuse;

/* A product of values of pairs reads all rows of an example: it is in a kernel that goes example by
 * example. */
bool product_of_pairs(const Fuse *fuse, int node);

/* The rows that the loop around a node goes over: 0 for examples, or the steps of a sequence. */
int loop_axis(const Fuse *fuse, int node);

/* In a recurrence, what a pair of its steps with others reads of the step itself, or of another
 * pair of that step. */
bool of_own_step(const Fuse *fuse, Dependence d, int node, int axis);

/* Parts a kernel into stages; `level` is of each node of the graph, for the use of this alone. */
void make_stages(Fuse *fuse, Kernel *kernel, int *level);

#endif
