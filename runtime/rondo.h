/* All that a generated program may call, and what it gives to the runtime: one RdModel.
 *
 * The generated C is compiled twice: with RD_REAL = float for everything a user does, and with
 * RD_REAL = double for `gradcheck`. Arrays of reals cross this border as void *; model->real_size
 * says which kind they are. */
#ifndef RONDO_H
#define RONDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef RD_REAL
#define RD_REAL float
#endif
typedef RD_REAL real;

enum { RD_MAX_COLUMNS = 16, RD_MAX_RANK = 5, RD_MAX_SEQUENCES = 24, RD_BEHIND = 256 };

/* ---- what the compiler says about a model ---- */

typedef enum {
    RD_WORDS,
    RD_CLASS,
    RD_NUMBERS,
    RD_TAGS,
    RD_PREVIOUS, /* hidden: at each step of a text the word before it */
    RD_CARRIED,  /* hidden: the state that the window before this one ended with */
} RdColumnKind;

/* The number of the mark </s> in a vocabulary that has it. */
enum { RD_MARK = 1 };

/* What the symbols of a text are: see tokens.h. */
typedef enum {
    RD_BY_WORDS,
    RD_BY_CHARS,
    RD_BY_BYTES,
    RD_BY_WHITESPACE,
    RD_BY_REGEX,
    RD_BY_BPE
} RdTokens;

/* A kind of sequence that a model has: the words of a text, the letters of each word. They are
 * numbered from 1: what belongs to 0 has a row an example, what belongs to n a row a step of
 * sequence n. */
typedef struct {
    int column; /* whose lengths it has */
    int parent; /* every step of this sequence has one; 0: every example has; before this one */
    int other;  /* a pair: every step of `parent` has all steps of this sequence of its example; its
                   column is -1. A column of -1 alone: not used */
} RdSequence;

/* A column of the data: an `input` or a `target` of the model. */
typedef struct {
    const char *name;
    RdColumnKind kind;
    RdTokens tokens; /* RD_WORDS: what its text is parted into */
    bool target;
    bool marked;  /* RD_WORDS: the vocabulary has the mark </s>, and a text ends with it */
    bool split;   /* RD_WORDS: the data part the words, at white space */
    bool inner;   /* RD_WORDS: the characters of each word of `over`; no field of its own */
    bool stream;  /* RD_WORDS: the windows of a batch's examples follow those of the one before */
    bool as_is;   /* RD_NUMBERS: not scaled */
    int previous; /* RD_PREVIOUS: of which column */
    int merges;   /* RD_BY_BPE: at most so many are learned, of what min_count pairs show */
    const char *pattern; /* RD_BY_REGEX: of a token, POSIX's extended form */
    const char *field;   /* what files call it; NULL: its name */
    int over;            /* RD_TAGS: the column whose words have one each */
    int per_step;        /* the sequence that has a number a step; 0: a number an example */
    int max_vocab, min_count, max_length; /* RD_WORDS; max_vocab counts <unk> too */
    int class_count;            /* RD_CLASS; RD_TAGS: at most so many, <unk> counted when learned */
    const char *const *classes; /* NULL: RD_TAGS that are learned from the training data */
    double start;               /* RD_CARRIED: all its numbers before the first window */
    const char *const *fields;  /* [numbers] the fields of RD_NUMBERS; NULL: named by the column */
    const char *by;             /* frames: the field of their sequence's id; NULL: none */
    int numbers;                /* RD_NUMBERS, RD_CARRIED: how many an example, or a frame, has */
    int window;                 /* frames, RD_WORDS: how many make an example; 0: all of them */
    int stride;                 /* RD_WORDS: from one window to the next */
    int ahead; /* beside windows: how many lines behind the last one the value is */
} RdColumn;

typedef enum { RD_UNIFORM, RD_NORMAL, RD_CONSTANT, RD_ORTHOGONAL, RD_BALANCED } RdInit;

enum { RD_FAN_IN = 1, RD_FAN_OUT = 2 };

/* A trained tensor, row-major. A dim below zero is the vocabulary size of column -1 - dim.
 * Starts uniform in center ± spread, normal with mean center and standard deviation spread, as
 * center, or with orthogonal rows or columns of length spread, or with the weights of classes that
 * the training data are balanced by; see initialize.h. */
typedef struct {
    const char *name;
    int rank;
    int dims[RD_MAX_RANK];
    RdInit init;
    double center, spread;
    int fans;    /* spread is over the square root of the sum of these */
    int of;      /* RD_BALANCED: the column whose classes have a weight each */
    bool frozen; /* no gradient reaches it: it keeps its starting values */
    bool sparse; /* only rows that index columns name get a gradient: an embedding */
} RdParam;

/* A value that the model outputs: `columns` numbers a row; a row an example, or a row a step. */
typedef struct {
    const char *name;
    bool index;   /* class or word numbers (int) instead of reals */
    int per_step; /* the sequence that has a row a step, in the order of its packing; or 0 */
    int columns;  /* 1 for a scalar; below zero: as a dim of RdParam */
    int stride; /* reals: from one row to the next; 0 stands for `columns`, below zero for `columns`
                   rounded up to a multiple of so many */
    int of;     /* the column whose classes or words an index, or the columns, count; or the
                   target whose numbers these are; or -1 */
} RdOutput;

/* A state that goes on from one window of a stream to the next. */
typedef struct {
    int column; /* its value before a window */
    int stride; /* reals: from one row of its value after the window to the next */
} RdCarried;

/* How the learning rate goes on: schedule.h says what each computes. */
typedef enum {
    RD_SCHEDULE_CONSTANT,
    RD_SCHEDULE_STEPS,
    RD_SCHEDULE_COSINE,
    RD_SCHEDULE_LINEAR,
    RD_SCHEDULE_PLATEAU
} RdScheduleKind;

/* Those of its numbers that the kind has; the others are 0. */
typedef struct {
    RdScheduleKind kind;
    bool per_step;                                          /* counts steps instead of epochs */
    double step_size, gamma;                                /* STEPS */
    double T_max, eta_min;                                  /* COSINE */
    double start_factor, end_factor, total_iters;           /* LINEAR */
    double factor, patience, threshold, cooldown, min_rate; /* PLATEAU */
} RdSchedule;

/* How often a text is fed its own words instead of those of the data: sampling.h says what each
 * computes. */
typedef enum {
    RD_SAMPLING_NONE,
    RD_SAMPLING_CONSTANT,
    RD_SAMPLING_LINEAR,
    RD_SAMPLING_EXPONENTIAL,
    RD_SAMPLING_INVERSE_SIGMOID
} RdSamplingKind;

typedef struct {
    RdSamplingKind kind;
    int column;                     /* the text, which `infer` guesses */
    bool per_step;                  /* counts steps instead of epochs */
    double probability;             /* CONSTANT */
    double start, end, total_iters; /* LINEAR */
    double k;                       /* EXPONENTIAL, INVERSE_SIGMOID */
} RdSampling;

enum { RD_MAX_SLOTS = 3, RD_MAX_SCHEDULES = 4 };

/* A state of a recurrence, the norm of whose gradient training tells at each step. */
typedef struct {
    const char *name;
    int per_step; /* the sequence whose packing has its rows */
} RdFlow;

typedef struct {
    const char *optimizer; /* its name */
    /* Those of its numbers that the optimizer has (optimizers.h); the others are 0. */
    double rate, weight_decay, momentum, dampening, beta1, beta2, epsilon, alpha, rho, rate_decay;
    double initial_accumulator_value;
    bool nesterov, centered, amsgrad;
    const char *slot[RD_MAX_SLOTS]; /* what it keeps of each number; NULL: nothing in this place */
    const RdSchedule *schedules;    /* [schedule_count] */
    int schedule_count;
    RdSampling sampling;
    double clip_norm, clip_value; /* 0: none */
    int epochs, batch;
    int patience; /* epochs after the best one (train.h) until training stops; 0: never */
} RdTraining;

/* ---- a batch ---- */

/* Sequences packed by time step, never padded: they are sorted by falling length, row start[t] + b
 * is step t of sequence b, and step t has the rows of the first count[t] sequences. Their owners
 * are the examples of the batch, or the rows of the packing that this one is nested in.
 *
 * The rows of a pair are ordered by owner instead: those of owner i begin at start[i]. It has no
 * steps and no count. */
typedef struct {
    int examples;        /* B: sequences, and owners */
    int steps;           /* the longest length */
    int rows;            /* the sum of the lengths */
    const int *length;   /* [examples], falling; each at least 1 */
    const int *count;    /* [steps] */
    const int *start;    /* [steps + 1] */
    const int *previous; /* [rows] the row of the same example one step earlier, or -1 */
    const int *next;     /* [rows] the row one step later, or -1 */
    const int *example;  /* [rows] the owner of the row's sequence */
    const int *step;     /* [rows] the step that the row is of */
    const int *place;    /* [examples] which sequence is this owner's */
    const int *before;   /* [examples] the lengths of all sequences before this one, added up */
    const int *other;    /* of a pair: [rows] the row of the other sequence's step */
} RdPacking;

typedef struct {
    int examples;
    RdPacking packing[RD_MAX_SEQUENCES]; /* of sequence n: packing[n - 1] */
    const int *index[RD_MAX_COLUMNS]; /* each column's indices: [rows] or [examples]; never NULL */
    const void *real[RD_MAX_COLUMNS]; /* real [rows or examples][numbers]: RD_NUMBERS columns.
                                         RD_BEHIND bytes behind the last row may be read */
} RdBatch;

/* The largest batch that a run must hold. */
typedef struct {
    int examples;
    int rows[RD_MAX_SEQUENCES];    /* of each packing */
    int vocab[RD_MAX_COLUMNS];     /* vocabulary size of each RD_WORDS column, <unk> included */
    int longest[RD_MAX_SEQUENCES]; /* the most steps of each sequence */
    int threads;                   /* 0 is 1 */
} RdSizes;

/* ---- threads ---- */

typedef struct RdPool RdPool;

/* Runs work(context, item) for each item below `items`, on all threads of the pool; returns when
 * all are done. A pool of NULL is the calling thread alone. Items may run in any order, so each
 * must write its own memory only. */
void rd_parallel(RdPool *pool, int items, void (*work)(void *context, int item), void *context);

/* The number of threads, the calling one included; 1 for NULL. */
int rd_pool_threads(const RdPool *pool);

/* ---- time ---- */

struct RdRun;

/* The time, when run->took asks for it; adds what has passed since then to that of a kernel. */
int64_t rd_start(const struct RdRun *run);
void rd_took(const struct RdRun *run, int kernel, int64_t start);

/* ---- one run of a model: memory and data, owned by the caller ---- */

/* A stretch of gradients has a byte for each RD_PATCH reals: most of an embedding's gradient is
 * zero at each step, and is neither written nor read. */
enum {
    RD_PATCH = 64,
    RD_PATCH_FILLED = 1, /* may hold numbers other than zero */
    RD_PATCH_USED = 2,   /* has held some: the optimizer may have kept something of them */
    RD_PATCH_WHOLE = 4   /* is filled at every step */
};

/* How products read their weights: as they are, or rounded when they are laid out for the kernels.
 * RD_BF16 keeps the upper 16 bits of each (to nearest, ties to even); RD_INT8 keeps multiples of a
 * scale that each column of a product has, 1/127 of its largest. All else stays as it is: rows of
 * embeddings that indices name, biases, other vectors. A program has two of these at most: RD_FULL,
 * and that of model->precision. */
typedef enum { RD_FULL, RD_BF16, RD_INT8 } RdPrecision;

typedef struct RdRun {
    RdSizes sizes;         /* what the memory was measured for */
    RdPrecision precision; /* of `packed`; RD_FULL for train */
    RdPool *pool;
    void *const *param;    /* real *: each parameter's first element, 64-byte aligned */
    void *const *gradient; /* real *: the same for its gradient, NULL when frozen; not for infer */
    void *gradients;       /* real *: the stretch of `trained` reals that they are parts of */
    size_t trained;
    unsigned char *patches; /* of gradients; FILLED at the start where it is not zero */
    void *packed;           /* model->packed_bytes(sizes, precision): written by prepare */
    void *memory;           /* model->memory_bytes(sizes, training) */
    const RdBatch *batch;
    uint64_t key;          /* of this step's random numbers (dropout) */
    _Atomic int64_t *took; /* NULL, or [kernels] nanoseconds, which grow by what each kernel took
                              on all threads */
    /* written by infer and train: */
    const void *loss;     /* real [examples] or [rows]: the loss of each target */
    const void *weight;   /* the same of its weight; NULL: all 1. The loss of a batch is the sum of
                             its  targets' over the sum of their weights */
    const void **output;  /* [output_count] real * or int *, into memory */
    const void **flow;    /* [flow_count] real * [rows], by train alone */
    const void **carried; /* [carried_count] real * [examples], by infer and train */
    const int
        *guessed; /* [rows] by infer, of a model with sampling: the most probable next words */
    /* of single steps: */
    const void *const *state; /* [state_count] read by step */
    const void **next;        /* [state_count] written by begin and step, into memory: what the
                                 states become; what is not written keeps its value */
    const void *generated;    /* written by step: real [examples][stride] */
} RdRun;

/* ---- single steps ---- */

/* A value that is carried from one step to the next: rows of an example, or of the steps of another
 * sequence. */
typedef struct {
    const char *name;
    bool index;   /* int instead of reals */
    bool carried; /* steps change it; otherwise it stays as it begins, */
    bool counts;  /* or is the number of the step, from 0; */
    bool grows;   /* or has a row for each step so far, the sequence being so long: of the step at
                     hand it is zero, and what is put out for it is what it becomes */
    int limit;    /* how many steps can be counted; 0: any number */
    int per_step; /* these as in RdOutput */
    int columns, stride;
} RdState;

/* The logits of what a model generates: one row an example. */
typedef struct {
    int column;          /* what is generated; -1: nothing */
    int columns, stride; /* as in RdOutput */
} RdGenerated;

/* One of the programs of single steps; its run has memory of its own. */
typedef struct {
    size_t (*packed_bytes)(const RdSizes *sizes, RdPrecision precision);
    size_t (*memory_bytes)(const RdSizes *sizes);
    void (*prepare)(RdRun *run);
    void (*run)(RdRun *run);
} RdStepProgram;

/* A model that is causal along one of its sequences can take that one step by step. All states are
 * zero; `begin` sets those that are not to begin so, from a batch of which it reads the columns
 * that do not belong to the sequence. Each `step` reads a batch of one step of each example, puts
 * out one row an example, and what the states become. In its batch the columns of the sequence have
 * one value an example; its packing is that of the steps so far, where states grow. */
typedef struct {
    int sequence; /* its number */
    int state_count, output_count;
    const RdState *states;
    const int *outputs; /* [output_count] which of the model's outputs these are */
    RdGenerated generated;
    RdStepProgram begin, step; /* begin: all NULL when all states begin with zeros */
} RdSteps;

/* The text of a target is found from an output that has a score for each of its choices at each
 * step of another sequence: see ctc.h. */
typedef struct {
    int output, column, blank;
} RdDecoding;

/* What `update` needs: arrays of `count` reals that run over all trained parameters in one stretch.
 */
typedef struct {
    RdPool *pool;
    size_t count;
    void *param, *gradient;
    const unsigned char *patches; /* of gradient; NULL: any may be filled, and used */
    void *slot[RD_MAX_SLOTS];     /* NULL where training has none; zero at the start */
    long step;                    /* counts from 1 */
    RdTraining training;          /* rate: that of this step */
    double scale;                 /* of the gradient: what clipping by norm makes of 1 */
} RdUpdate;

/* ---- what a model's kernels cost ---- */

typedef struct {
    const char *name;  /* of the function */
    const char *place; /* "file.rondo:12": where the model says it, or "" */
    const char *text;  /* the equation that says most of it */
} RdKernel;

/* Of a kernel, for all rows of a batch. */
typedef struct {
    double products; /* operations of products, a multiply-add being two */
    double others;   /* of all else, each function being one */
    double bytes;    /* of rows that it reads and writes, each once */
    double weights;  /* bytes of weights, read for each row */
} RdCost;

/* The kernels of a program. The last are the sums over the batch. */
typedef struct {
    size_t count;
    const RdKernel *kernels;
    void (*costs)(const RdSizes *sizes, RdCost *cost); /* added to cost, [count] */
} RdKernels;

typedef struct {
    const char *name;
    size_t real_size;
    RdPrecision precision; /* of weights when it does not train */
    int column_count, sequence_count, param_count, output_count, metric_count;
    const RdColumn *columns;
    const RdSequence *sequences; /* each behind its parent */
    const RdParam *params;
    const RdOutput *outputs;
    const char *const *metrics;
    const RdFlow *flows; /* [flow_count]; none in most programs */
    int flow_count;
    const RdCarried *carried; /* [carried_count]; none in most programs */
    int carried_count;
    const RdSteps *steps;       /* NULL: the model is not causal */
    const RdDecoding *decoding; /* NULL: nothing is decoded */
    RdTraining training;
    int loss_per_step; /* the sequence that has a target a step: loss is [rows]; or 0 */
    /* Of one training step's products, per row: forward and backward. */
    double (*flops_per_step)(const RdSizes *sizes);

    /* Bytes needed for batches up to `sizes`; 64-byte aligned memory is expected. */
    size_t (*packed_bytes)(const RdSizes *sizes, RdPrecision precision);
    size_t (*memory_bytes)(const RdSizes *sizes, bool training);

    /* Lays the weights out for the kernels. After every change of the parameters. */
    void (*prepare)(RdRun *run, bool training);
    /* Outputs and losses, without dropout. NULL, as `steps` is, of a model that only trains. */
    void (*infer)(RdRun *run);
    /* Losses, outputs and the gradient of the mean loss, with dropout. Overwrites gradients. */
    void (*train)(RdRun *run);
    RdKernels kernels[2]; /* of infer, of train */

    double (*peak)(void); /* works as hard as it can; returns the operations that it did */
    double (*read)(const void *bytes, size_t size); /* reads memory as fast as it can */
    /* The sum of squares of `count` reals: the same bits on any number of threads, and with
     * patches or without (NULL). */
    double (*square_sum)(RdPool *pool, const void *values, size_t count,
                         const unsigned char *patches);
    /* One step of the optimizer. */
    void (*update)(const RdUpdate *update);
} RdModel;

/* The two compilations of the generated C. */
extern const RdModel rd_model;
extern const RdModel rd_model_double;

#endif
