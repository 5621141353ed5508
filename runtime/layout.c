#include "layout.h"

#include <stdlib.h>

#include "alloc.h"
#include "initialize.h"

enum { ALIGNMENT = 16 }; /* reals: 64 bytes of float, 128 of double */

int rd_param_dim(const RdParam *param, int d, const int *vocab) {
    int dim = param->dims[d];
    return dim < 0 ? vocab[-1 - dim] : dim;
}

static void add_param(RdLayout *layout, const RdParam *param, int i, const int *vocab) {
    size_t size = 1;
    for (int d = 0; d < param->rank; d++)
        size *= (size_t)(layout->dims[i][d] = rd_param_dim(param, d, vocab));
    layout->start[i] = layout->count;
    layout->size[i] = size;
    layout->numbers += size;
    layout->count += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void add_params(RdLayout *layout, const RdModel *model, bool frozen, const int *vocab) {
    for (int i = 0; i < model->param_count; i++)
        if (model->params[i].frozen == frozen) add_param(layout, &model->params[i], i, vocab);
}

RdLayout rd_layout(const RdModel *model, const int *vocab) {
    RdLayout layout = {.param_count = model->param_count};
    layout.start = rd_zeros((size_t)model->param_count, sizeof *layout.start);
    layout.size = rd_zeros((size_t)model->param_count, sizeof *layout.size);
    layout.dims = rd_zeros((size_t)model->param_count, sizeof *layout.dims);
    add_params(&layout, model, false, vocab);
    layout.trained = layout.count;
    add_params(&layout, model, true, vocab);
    return layout;
}

void rd_layout_free(RdLayout *layout) {
    free(layout->start);
    free(layout->size);
    free(layout->dims);
    *layout = (RdLayout){0};
}

void *rd_layout_zeros(const RdLayout *layout, const RdModel *model) {
    return rd_zeros_aligned(layout->count, model->real_size);
}

void rd_layout_pointers(const RdLayout *layout, const RdModel *model, void *stretch,
                        void **pointers) {
    for (int i = 0; i < layout->param_count; i++)
        pointers[i] = (char *)stretch + layout->start[i] * model->real_size;
}

/* A parameter's place in a stretch. */
typedef struct {
    const RdModel *model;
    void *stretch;
    size_t start;
} Place;

static void put(void *context, size_t i, double value) {
    const Place *place = context;
    if (place->model->real_size == sizeof(double))
        ((double *)place->stretch)[place->start + i] = value;
    else
        ((float *)place->stretch)[place->start + i] = (float)value;
}

void rd_layout_init(const RdLayout *layout, const RdModel *model, uint64_t seed, void *stretch) {
    for (int i = 0; i < layout->param_count; i++)
        rd_initialize(&model->params[i], layout->dims[i], seed, put,
                      &(Place){model, stretch, layout->start[i]});
}

void rd_layout_balance(const RdLayout *layout, const RdModel *model, const RdExamples *examples,
                       void *stretch) {
    for (int p = 0; p < layout->param_count; p++) {
        const RdParam *param = &model->params[p];
        if (param->init != RD_BALANCED) continue;
        int classes = layout->dims[p][0];
        double *weight = rd_zeros((size_t)classes, sizeof *weight);
        rd_balanced(examples->number[param->of],
                    rd_examples_rows(examples, examples->per_step[param->of]), classes, weight);
        for (int c = 0; c < classes; c++)
            put(&(Place){model, stretch, layout->start[p]}, (size_t)c, weight[c]);
        free(weight);
    }
}
