/* Where each parameter lies in one stretch of memory. The stretch holds all parameters in the
 * model's order, the frozen ones behind the others, each at a multiple of 64 bytes, with zeros
 * between them. Its beginning, all that is trained, is what RdUpdate wants. */
#ifndef RONDO_LAYOUT_H
#define RONDO_LAYOUT_H

#include "batch.h"
#include "rondo.h"

/* In reals. */
typedef struct {
    int param_count;
    size_t count;             /* of the whole stretch */
    size_t trained;           /* of its beginning, where the parameters are that are not frozen */
    size_t numbers;           /* the stretch without its gaps */
    size_t *start;            /* [param_count] */
    size_t *size;             /* [param_count] */
    int (*dims)[RD_MAX_RANK]; /* [param_count] vocabulary sizes filled in */
} RdLayout;

/* `vocab` is [model->column_count]: the vocabulary size of each RD_WORDS column (as in RdSizes).
 * Owns its memory; freed with rd_layout_free. */
RdLayout rd_layout(const RdModel *model, const int *vocab);
void rd_layout_free(RdLayout *layout);

/* Dimension d of a parameter, vocabulary sizes filled in. */
int rd_param_dim(const RdParam *param, int d, const int *vocab);

/* A stretch of zeros of the model's kind of real, 64-byte aligned; freed with free. */
void *rd_layout_zeros(const RdLayout *layout, const RdModel *model);

/* Fills pointers[param_count] with each parameter's first element in the stretch: RdRun.param. */
void rd_layout_pointers(const RdLayout *layout, const RdModel *model, void *stretch,
                        void **pointers);

/* Starting values by each parameter's init. A parameter's numbers depend on the seed and its own
 * name only, and are the same, rounded, in float and double. */
void rd_layout_init(const RdLayout *layout, const RdModel *model, uint64_t seed, void *stretch);

/* Fills in the parameters that are learned from the training data as such: weights of classes. */
void rd_layout_balance(const RdLayout *layout, const RdModel *model, const RdExamples *examples,
                       void *stretch);

#endif
