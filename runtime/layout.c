#include "layout.h"

#include <stdlib.h>

#include "alloc.h"
#include "random.h"

enum { ALIGNMENT = 16 }; /* reals: 64 bytes of float, 128 of double */

int rd_param_dim(const RdParam *param, int d, const int *vocab) {
    int dim = param->dims[d];
    return dim < 0 ? vocab[-1 - dim] : dim;
}

RdLayout rd_layout(const RdModel *model, const int *vocab) {
    RdLayout layout = {.param_count = model->param_count};
    layout.start = rd_zeros((size_t)model->param_count, sizeof *layout.start);
    layout.size = rd_zeros((size_t)model->param_count, sizeof *layout.size);
    for (int i = 0; i < model->param_count; i++) {
        size_t size = 1;
        for (int d = 0; d < model->params[i].rank; d++)
            size *= (size_t)rd_param_dim(&model->params[i], d, vocab);
        layout.start[i] = layout.count;
        layout.size[i] = size;
        layout.numbers += size;
        layout.count += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    return layout;
}

void rd_layout_free(RdLayout *layout) {
    free(layout->start);
    free(layout->size);
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

/* FNV-1a: names a parameter's stream of random numbers. */
static uint64_t name_hash(const char *name) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash;
}

static double start_value(const RdParam *param, RdRandom *random) {
    switch (param->init) {
        case RD_UNIFORM:
            return (2 * rd_random_unit(random) - 1) * param->scale;
        case RD_NORMAL:
            return rd_random_normal(random) * param->scale;
        case RD_CONSTANT:
            return param->scale;
    }
    return 0;
}

void rd_layout_init(const RdLayout *layout, const RdModel *model, uint64_t seed, void *stretch) {
    for (int i = 0; i < layout->param_count; i++) {
        const RdParam *param = &model->params[i];
        RdRandom random = rd_random(seed, name_hash(param->name));
        for (size_t k = 0; k < layout->size[i]; k++) {
            double value = start_value(param, &random);
            if (model->real_size == sizeof(double))
                ((double *)stretch)[layout->start[i] + k] = value;
            else
                ((float *)stretch)[layout->start[i] + k] = (float)value;
        }
    }
}
