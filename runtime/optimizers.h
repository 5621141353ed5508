/* The optimizers, each as torch.optim computes it. The generated C uses one of them.
 *
 * In the equations g is the gradient as clipping leaves it, first by norm, then by value; with
 * weight decay + weight_decay p. t is the step, which counts from 1. */
#ifndef RONDO_OPTIMIZERS_H
#define RONDO_OPTIMIZERS_H

#include "kernels.h"

/* Whether an element that never had a gradient keeps its value, and its slots their zeros: then
 * patches that were never used are left alone. */
RD_INLINE bool rd_rests(const RdTraining *t) {
    const bool divides = strcmp(t->optimizer, "sgd") != 0;
    return t->weight_decay == 0 && t->initial_accumulator_value == 0 &&
           (!divides || t->epsilon > 0);
}

/* One step of an optimizer, the arrays being padded to whole vectors. Elements that never had a
 * gradient, as the padding, keep their value but for weight decay. */
RD_HELPER void rd_update(const RdUpdate *update, void (*chunk)(void *update, int chunk)) {
    RdUpdate own = *update;
    if (own.patches && !rd_rests(&own.training)) own.patches = NULL;
    rd_parallel(own.pool, rd_chunks(own.count), chunk, &own);
}

/* Chunks copy the update: what they store could change it, for all that the compiler knows. */
RD_INLINE size_t rd_chunk_start(int chunk) { return (size_t)chunk * RD_CHUNK; }

/* The first place from i on that was ever used; the places of a chunk are taken in this order. */
RD_INLINE size_t rd_used(const RdUpdate *u, size_t i, size_t end) {
    while (u->patches && i < end && !(u->patches[i / RD_PATCH] & RD_PATCH_USED))
        i = (i / RD_PATCH + 1) * RD_PATCH;
    return i;
}
/* NOLINTBEGIN(bugprone-macro-parentheses): i is declared here */
#define RD_EACH(i, u, chunk)                                                       \
    size_t i = rd_used(u, rd_chunk_start(chunk), rd_chunk_end((u)->count, chunk)); \
    i < rd_chunk_end((u)->count, chunk);                                           \
    i = rd_used(u, i + (size_t)LANES, rd_chunk_end((u)->count, chunk))
/* NOLINTEND(bugprone-macro-parentheses) */

RD_INLINE real *rd_numbers(const RdUpdate *u, size_t i) { return (real *)u->param + i; }
RD_INLINE real *rd_slot(const RdUpdate *u, int place, size_t i) {
    return (real *)u->slot[place] + i;
}

/* The clipped gradient; a NaN stays one. */
RD_INLINE vec rd_clipped(const RdUpdate *u, size_t i) {
    if (u->patches && !(u->patches[i / RD_PATCH] & RD_PATCH_FILLED)) return rd_splat(0);
    vec g = rd_load((const real *)u->gradient + i) * rd_splat((real)u->scale);
    if (u->training.clip_value == 0) return g;
    const vec most = rd_splat((real)u->training.clip_value);
    return rd_choose(g > most, most, rd_choose(g < -most, -most, g));
}

/* g */
RD_INLINE vec rd_decayed(const RdUpdate *u, size_t i, vec p) {
    return rd_fma(rd_splat((real)u->training.weight_decay), p, rd_clipped(u, i));
}

/* a x + b y */
RD_INLINE vec rd_blend(double a, vec x, double b, vec y) {
    return rd_fma(rd_splat((real)a), x, rd_splat((real)b) * y);
}

/* Slot `place` becomes decay slot + (1 - decay) x; its new value. */
RD_INLINE vec rd_average(const RdUpdate *u, int place, size_t i, double decay, vec x) {
    real *slot = rd_slot(u, place, i);
    const vec average = rd_blend(decay, rd_load(slot), 1 - decay, x);
    rd_store(slot, average);
    return average;
}

/* b = momentum b + (1 - dampening) g, but b = g at first
 * p -= rate b, with nesterov p -= rate (g + momentum b); without momentum p -= rate g */
RD_HELPER void rd_sgd_chunk(void *context, int chunk) {
    const RdUpdate own = *(const RdUpdate *)context, *u = &own;
    const RdTraining *t = &u->training;
    const vec rate = rd_splat((real)t->rate), momentum = rd_splat((real)t->momentum);
    const double part = u->step == 1 ? 1 : 1 - t->dampening;
    for (RD_EACH(i, u, chunk)) {
        const vec p = rd_load(rd_numbers(u, i)), g = rd_decayed(u, i, p);
        vec b = g;
        if (u->slot[0]) {
            real *slot = rd_slot(u, 0, i);
            b = rd_blend(t->momentum, rd_load(slot), part, g);
            rd_store(slot, b);
        }
        if (t->nesterov) b = rd_fma(momentum, b, g);
        rd_store(rd_numbers(u, i), p - rate * b);
    }
}

/* v = alpha v + (1 - alpha) g²
 * centered: a = alpha a + (1 - alpha) g, and v - a² takes the place of v below
 * s = g / (sqrt(v) + epsilon)
 * p -= rate s, with momentum b = momentum b + s and p -= rate b */
RD_HELPER void rd_rmsprop_chunk(void *context, int chunk) {
    const RdUpdate own = *(const RdUpdate *)context, *u = &own;
    const RdTraining *t = &u->training;
    const vec rate = rd_splat((real)t->rate), epsilon = rd_splat((real)t->epsilon);
    for (RD_EACH(i, u, chunk)) {
        const vec p = rd_load(rd_numbers(u, i)), g = rd_decayed(u, i, p);
        vec v = rd_average(u, 0, i, t->alpha, g * g);
        if (u->slot[2]) {
            const vec a = rd_average(u, 2, i, t->alpha, g);
            v = rd_max(v - a * a, rd_splat(0)); /* below zero by rounding only */
        }
        vec s = g / (rd_sqrt(v) + epsilon);
        if (u->slot[1]) {
            real *slot = rd_slot(u, 1, i);
            s = rd_blend(t->momentum, rd_load(slot), 1, s);
            rd_store(slot, s);
        }
        rd_store(rd_numbers(u, i), p - rate * s);
    }
}

/* s += g², from initial_accumulator_value on
 * p -= rate / (1 + (t - 1) rate_decay) g / (sqrt(s) + epsilon) */
RD_HELPER void rd_adagrad_chunk(void *context, int chunk) {
    const RdUpdate own = *(const RdUpdate *)context, *u = &own;
    const RdTraining *t = &u->training;
    const vec rate = rd_splat((real)(t->rate / (1 + (double)(u->step - 1) * t->rate_decay)));
    const vec epsilon = rd_splat((real)t->epsilon);
    const vec start = rd_splat((real)t->initial_accumulator_value);
    for (RD_EACH(i, u, chunk)) {
        const vec p = rd_load(rd_numbers(u, i)), g = rd_decayed(u, i, p);
        real *slot = rd_slot(u, 0, i);
        const vec s = rd_fma(g, g, u->step == 1 ? start : rd_load(slot));
        rd_store(slot, s);
        rd_store(rd_numbers(u, i), p - rate * g / (rd_sqrt(s) + epsilon));
    }
}

/* v = rho v + (1 - rho) g²
 * d = sqrt(a + epsilon) / sqrt(v + epsilon) g
 * a = rho a + (1 - rho) d²
 * p -= rate d */
RD_HELPER void rd_adadelta_chunk(void *context, int chunk) {
    const RdUpdate own = *(const RdUpdate *)context, *u = &own;
    const RdTraining *t = &u->training;
    const vec rate = rd_splat((real)t->rate), epsilon = rd_splat((real)t->epsilon);
    for (RD_EACH(i, u, chunk)) {
        const vec p = rd_load(rd_numbers(u, i)), g = rd_decayed(u, i, p);
        const vec v = rd_average(u, 0, i, t->rho, g * g);
        const vec a = rd_load(rd_slot(u, 1, i));
        const vec d = rd_sqrt(a + epsilon) / rd_sqrt(v + epsilon) * g;
        rd_average(u, 1, i, t->rho, d * d);
        rd_store(rd_numbers(u, i), p - rate * d);
    }
}

/* m = beta1 m + (1 - beta1) g
 * v = beta2 v + (1 - beta2) g²; amsgrad: the largest v so far takes its place below
 * p -= rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon) */
RD_INLINE void rd_adam_step(const RdUpdate *u, size_t i, vec p, vec g, vec rate, vec root) {
    const RdTraining *t = &u->training;
    const vec m = rd_average(u, 0, i, t->beta1, g);
    vec v = rd_average(u, 1, i, t->beta2, g * g);
    if (u->slot[2]) {
        v = rd_max(rd_load(rd_slot(u, 2, i)), v);
        rd_store(rd_slot(u, 2, i), v);
    }
    const vec scale = rd_fma(rd_sqrt(v), root, rd_splat((real)t->epsilon));
    rd_store(rd_numbers(u, i), p - rate * m / scale);
}

/* rate / (1 - beta1^t) and 1 / sqrt(1 - beta2^t) */
RD_INLINE vec rd_adam_rate(const RdUpdate *u) {
    return rd_splat((real)(u->training.rate / (1 - pow(u->training.beta1, (double)u->step))));
}
RD_INLINE vec rd_adam_root(const RdUpdate *u) {
    return rd_splat((real)(1 / sqrt(1 - pow(u->training.beta2, (double)u->step))));
}

RD_HELPER void rd_adam_chunk(void *context, int chunk) {
    const RdUpdate own = *(const RdUpdate *)context, *u = &own;
    const vec rate = rd_adam_rate(u), root = rd_adam_root(u);
    for (RD_EACH(i, u, chunk)) {
        const vec p = rd_load(rd_numbers(u, i));
        rd_adam_step(u, i, p, rd_decayed(u, i, p), rate, root);
    }
}

/* The same with p -= rate weight_decay p in front, and none of it in g. */
RD_HELPER void rd_adamw_chunk(void *context, int chunk) {
    const RdUpdate own = *(const RdUpdate *)context, *u = &own;
    const vec rate = rd_adam_rate(u), root = rd_adam_root(u);
    const vec keep = rd_splat((real)(1 - u->training.rate * u->training.weight_decay));
    for (RD_EACH(i, u, chunk))
        rd_adam_step(u, i, rd_load(rd_numbers(u, i)) * keep, rd_clipped(u, i), rate, root);
}

#endif
