/* A model written by hand as the compiler would: attention over the embeddings of the words, then a
 * linear layer. The runtime's tests train it. Compiled twice, as generated C is: once more with
 * RD_REAL=double and RD_MODEL=rd_model_double.
 *
 *   s_t = e_t · a    w = softmax(s)    c = Σ w_t e_t    z = W dropout(c) + b    loss = -log
 * softmax(z)_y
 */
#include <math.h>
#include <string.h>

#include "rondo.h"

#ifndef RD_MODEL
#define RD_MODEL rd_model
#endif

enum { D = 8, CLASSES = 2, APART = 5, LABEL = 0, TEXT = 1 };
enum { EMBEDDING, SCORE, WEIGHT, BIAS, PARAMS };
enum { ANSWER, PROBABILITY, ATTENTION, OUTPUTS };

static const char *const class_names[] = {"negative", "positive"};
static const RdColumn columns[] = {
    {.name = "label", .kind = RD_CLASS, .target = true, .class_count = 2, .classes = class_names},
    {.name = "text",
     .kind = RD_WORDS,
     .per_step = 1,
     .max_vocab = 1000,
     .min_count = 1,
     .max_length = 64},
};
static const RdSequence sequences[] = {{.column = TEXT}};
static const RdParam params[] = {
    {.name = "embedding.weight",
     .rank = 2,
     .dims = {-1 - TEXT, D},
     .init = RD_NORMAL,
     .spread = 0.5},
    {.name = "attention.score", .rank = 1, .dims = {D}, .init = RD_UNIFORM, .spread = 0.3},
    {.name = "linear.weight", .rank = 2, .dims = {CLASSES, D}, .init = RD_UNIFORM, .spread = 0.3},
    {.name = "linear.bias", .rank = 1, .dims = {CLASSES}, .init = RD_CONSTANT, .center = 0},
};
static const RdOutput outputs[] = {
    {.name = "answer", .index = true, .columns = 1, .of = LABEL},
    {.name = "probability", .columns = CLASSES, .stride = APART, .of = LABEL},
    {.name = "weights", .per_step = 1, .columns = 1, .of = -1},
};
static const char *const metrics[] = {"accuracy", "f1", "confusion"};

/* Memory: the attention of each row, its adjoint, and per example what follows. */
typedef struct {
    real context[D], kept[D]; /* kept: 0, or 1 / (1 - dropout) */
    real probability[CLASSES], loss;
    int answer;
} Example;

typedef struct {
    const int *label, *text;
    const RdPacking *packing;
    const real *embedding, *score, *weight, *bias;
    real *attention, *adjoint, *loss, *probability;
    int *answer;
    Example *example;
} Frame;

static size_t align(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t memory_bytes(const RdSizes *sizes, bool training) {
    size_t rows = align((size_t)sizes->rows[0] * sizeof(real));
    size_t examples = (size_t)sizes->examples;
    return rows * (training ? 2 : 1) + align(examples * sizeof(Example)) +
           align(examples * sizeof(real)) + align(examples * APART * sizeof(real)) +
           align(examples * sizeof(int));
}

static double flops_per_step(const RdSizes *sizes) {
    (void)sizes;
    return 12 * D;
}

static size_t packed_bytes(const RdSizes *sizes, RdPrecision precision) {
    (void)sizes, (void)precision;
    return 64;
}

static Frame frame(RdRun *run, bool training) {
    char *at = run->memory;
    Frame f = {.label = run->batch->index[LABEL],
               .text = run->batch->index[TEXT],
               .packing = run->batch->packing,
               .embedding = run->param[EMBEDDING],
               .score = run->param[SCORE],
               .weight = run->param[WEIGHT],
               .bias = run->param[BIAS]};
    size_t rows = align((size_t)run->sizes.rows[0] * sizeof(real));
    size_t examples = (size_t)run->sizes.examples;
    f.attention = (real *)(void *)at;
    at += rows;
    f.example = (Example *)(void *)at;
    at += align(examples * sizeof(Example));
    f.loss = (real *)(void *)at;
    at += align(examples * sizeof(real));
    f.probability = (real *)(void *)at;
    at += align(examples * APART * sizeof(real));
    f.answer = (int *)(void *)at;
    at += align(examples * sizeof(int));
    if (training) f.adjoint = (real *)(void *)at;
    run->loss = f.loss;
    run->output[ANSWER] = f.answer;
    run->output[PROBABILITY] = f.probability;
    run->output[ATTENTION] = f.attention;
    return f;
}

static const real *word(const Frame *f, int row) { return f->embedding + f->text[row] * D; }

static real dot(const real *a, const real *b) {
    real sum = 0;
    for (int i = 0; i < D; i++) sum += a[i] * b[i];
    return sum;
}

static void attend(const Frame *f, int b) {
    const int *start = f->packing->start;
    int length = f->packing->length[b];
    real top = -1e30f, sum = 0;
    for (int t = 0; t < length; t++) {
        real s = f->attention[start[t] + b] = dot(word(f, start[t] + b), f->score);
        if (s > top) top = s;
    }
    for (int t = 0; t < length; t++)
        sum += f->attention[start[t] + b] = (real)exp(f->attention[start[t] + b] - top);
    real *context = f->example[b].context;
    memset(context, 0, sizeof f->example[b].context);
    for (int t = 0; t < length; t++) {
        real w = f->attention[start[t] + b] /= sum;
        for (int i = 0; i < D; i++) context[i] += w * word(f, start[t] + b)[i];
    }
}

static void classify(const Frame *f, int b) {
    Example *e = &f->example[b];
    real z[CLASSES], sum = 0;
    for (int k = 0; k < CLASSES; k++) {
        z[k] = f->bias[k];
        for (int i = 0; i < D; i++) z[k] += f->weight[k * D + i] * e->kept[i] * e->context[i];
    }
    f->answer[b] = z[1] > z[0];
    real top = z[f->answer[b]];
    for (int k = 0; k < CLASSES; k++) sum += (real)exp(z[k] - top);
    for (int k = 0; k < CLASSES; k++) f->probability[b * APART + k] = (real)exp(z[k] - top) / sum;
    f->loss[b] = (real)log(sum) - (z[f->label[b]] - top);
}

static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* A quarter of the context is dropped. */
static void drop(const Frame *f, int b, uint64_t key) {
    for (int i = 0; i < D; i++)
        f->example[b].kept[i] = mix(key + (uint64_t)(b * D + i)) >> 62 ? (real)4 / 3 : 0;
}

static void infer_example(void *context, int b) {
    const Frame *f = context;
    for (int i = 0; i < D; i++) f->example[b].kept[i] = 1;
    attend(f, b);
    classify(f, b);
}

static void infer(RdRun *run) {
    Frame f = frame(run, false);
    rd_parallel(run->pool, f.packing->examples, infer_example, &f);
}

/* The gradient of example b's loss over the batch's size. */
static void backward(const Frame *f, int b, real *const *gradient) {
    const int *start = f->packing->start;
    const Example *e = &f->example[b];
    real context[D] = {0}, mean = 0;
    for (int k = 0; k < CLASSES; k++) {
        real dz = (f->probability[b * APART + k] - (k == f->label[b])) / (real)f->packing->examples;
        gradient[BIAS][k] += dz;
        for (int i = 0; i < D; i++) {
            gradient[WEIGHT][k * D + i] += dz * e->kept[i] * e->context[i];
            context[i] += dz * e->kept[i] * f->weight[k * D + i];
        }
    }
    for (int t = 0; t < f->packing->length[b]; t++) {
        int row = start[t] + b;
        f->adjoint[row] = dot(context, word(f, row));
        mean += f->attention[row] * f->adjoint[row];
    }
    for (int t = 0; t < f->packing->length[b]; t++) {
        int row = start[t] + b;
        real ds = f->attention[row] * (f->adjoint[row] - mean);
        for (int i = 0; i < D; i++) {
            gradient[SCORE][i] += ds * word(f, row)[i];
            gradient[EMBEDDING][f->text[row] * D + i] +=
                f->attention[row] * context[i] + ds * f->score[i];
        }
    }
}

static void train(RdRun *run) {
    Frame f = frame(run, true);
    real *gradient[PARAMS];
    const size_t size[PARAMS] = {(size_t)run->sizes.vocab[TEXT] * D, D, CLASSES * D, CLASSES};
    for (int p = 0; p < PARAMS; p++)
        memset(gradient[p] = run->gradient[p], 0, size[p] * sizeof(real));
    for (int b = 0; b < f.packing->examples; b++) {
        drop(&f, b, run->key);
        attend(&f, b);
        classify(&f, b);
        backward(&f, b, gradient);
    }
}

static void prepare(RdRun *run, bool training) {
    (void)training;
    *(char *)run->packed = 1;
}

static double peak(void) { return 1; }

static double read_bytes(const void *bytes, size_t size) {
    (void)size;
    return *(const char *)bytes;
}

static const RdKernel infer_kernels[] = {{"infer", "toy.rondo:1", "logits"}};
static const RdKernel train_kernels[] = {{"train", "toy.rondo:1", "logits"}};

static void costs(const RdSizes *sizes, RdCost *cost) {
    cost->products += 2 * D * sizes->rows[0];
    cost->bytes += sizeof(real) * D * (size_t)sizes->rows[0];
}

static double square_sum(RdPool *pool, const void *values, size_t count,
                         const unsigned char *patches) {
    (void)pool;
    (void)patches;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)((const real *)values)[i] * ((const real *)values)[i];
    return sum;
}

static void update(const RdUpdate *u) {
    real *p = u->param, *m = u->slot[0], *v = u->slot[1];
    const real *gradient = u->gradient;
    const RdTraining *t = &u->training;
    double fix1 = 1 - pow(t->beta1, (double)u->step), fix2 = 1 - pow(t->beta2, (double)u->step);
    for (size_t i = 0; i < u->count; i++) {
        double g = u->scale * (double)gradient[i];
        m[i] = (real)(t->beta1 * (double)m[i] + (1 - t->beta1) * g);
        v[i] = (real)(t->beta2 * (double)v[i] + (1 - t->beta2) * g * g);
        p[i] -= (real)(t->rate * ((double)m[i] / fix1) / (sqrt((double)v[i] / fix2) + t->epsilon));
    }
}

const RdModel RD_MODEL = {
    .name = "toy",
    .real_size = sizeof(real),
    .column_count = 2,
    .param_count = PARAMS,
    .output_count = OUTPUTS,
    .metric_count = 3,
    .columns = columns,
    .sequence_count = 1,
    .sequences = sequences,
    .params = params,
    .outputs = outputs,
    .metrics = metrics,
    .training = {.optimizer = "adam",
                 .slot = {"exp_avg", "exp_avg_sq"},
                 .rate = 0.01,
                 .beta1 = 0.9,
                 .beta2 = 0.999,
                 .epsilon = 1e-8,
                 .clip_norm = 5,
                 .epochs = 5,
                 .batch = 8},
    .flops_per_step = flops_per_step,
    .packed_bytes = packed_bytes,
    .memory_bytes = memory_bytes,
    .prepare = prepare,
    .infer = infer,
    .train = train,
    .peak = peak,
    .read = read_bytes,
    .kernels = {{1, infer_kernels, costs}, {1, train_kernels, costs}},
    .square_sum = square_sum,
    .update = update,
};
