#include "sampling.h"

#include <math.h>

#include "random.h"

double rd_sampling_probability(const RdSampling *s, int epochs, long steps) {
    double t = s->per_step ? (double)steps : epochs;
    switch (s->kind) {
        case RD_SAMPLING_NONE:
            return 0;
        case RD_SAMPLING_CONSTANT:
            return s->probability;
        case RD_SAMPLING_LINEAR:
            return s->start + (s->end - s->start) * fmin(t / s->total_iters, 1);
        case RD_SAMPLING_EXPONENTIAL:
            return 1 - pow(s->k, t);
        case RD_SAMPLING_INVERSE_SIGMOID:
            return 1 - s->k / (s->k + exp(t / s->k));
    }
    return 0;
}

void rd_plan_sample(RdPlan *plan, const RdModel *model, const RdBatch *batch, int column,
                    const int *guessed, double probability, uint64_t key) {
    int n = model->columns[column].per_step;
    const RdPacking *packing = &batch->packing[n - 1];
    const int *place = rd_plan_steps(plan, n);
    for (int row = 0; row < packing->rows; row++) {
        RdRandom random = rd_random(key, (uint64_t)place[row]);
        if (packing->previous[row] < 0 || rd_random_unit(&random) >= probability) continue;
        for (int c = 0; c < model->column_count; c++)
            if (model->columns[c].kind == RD_PREVIOUS && model->columns[c].previous == column)
                plan->index[c][row] = guessed[packing->previous[row]];
    }
}

void rd_feed_guesses(RdRun *run, const RdModel *model, const RdSampling *sampling, RdPlan *plan,
                     double probability) {
    if (probability <= 0) return;
    model->prepare(run, false);
    model->infer(run);
    rd_plan_sample(plan, model, run->batch, sampling->column, run->guessed, probability,
                   rd_mix(run->key));
}
