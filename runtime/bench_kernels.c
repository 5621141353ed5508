#include "bench_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "units.h"

enum { TRIES = 20, CACHED = 1 << 20, LARGE = 256 << 20, ROWS = 6 };

/* The fastest of several: bytes read a second. */
static double read_speed(const RdModel *model, const char *bytes, size_t size, int tries) {
    double fastest = INFINITY;
    for (int i = 0; i < tries; i++) {
        double start = rd_now();
        model->read(bytes, size);
        fastest = fmin(fastest, rd_now() - start);
    }
    return (double)size / fastest;
}

RdMachine rd_measure_machine(const RdModel *model) {
    double fastest = INFINITY, flops = 0;
    char *bytes = rd_zeros(LARGE, 1);
    memset(bytes, 1, LARGE);
    for (int i = 0; i < TRIES; i++) {
        double start = rd_now();
        flops = model->peak();
        fastest = fmin(fastest, rd_now() - start);
    }
    RdMachine machine = {flops / fastest, read_speed(model, bytes, CACHED, 50 * TRIES),
                         read_speed(model, bytes, LARGE, 3)};
    free(bytes);
    return machine;
}

/* The seconds that one core needs at least, and for what. Weights are read once for each tile. */
static double bound_of(const RdCost *cost, RdMachine machine, const char **what) {
    double rows = cost->bytes / (cost->bytes > CACHED ? machine.memory : machine.cache);
    double weights = cost->weights / ROWS / machine.cache;
    double products = cost->products / machine.peak;
    *what = products >= rows && products >= weights ? "products"
            : rows >= weights                       ? "rows"
                                                    : "weights";
    return fmax(products, fmax(rows, weights));
}

/* What is left of the weights' bytes when the program answers. */
static double narrowed(const RdModel *model) {
    return model->precision == RD_BF16 ? 0.5 : model->precision == RD_INT8 ? 0.25 : 1;
}

void rd_print_kernels(const RdModel *model, int program, const RdSizes *sizes, RdMachine machine,
                      const int64_t *took, double seconds) {
    const RdKernels *kernels = &model->kernels[program];
    RdCost *cost = rd_zeros(kernels->count, sizeof *cost);
    double all = 0;
    kernels->costs(sizes, cost);
    for (size_t k = 0; program == 0 && k < kernels->count; k++) cost[k].weights *= narrowed(model);
    for (size_t k = 0; k < kernels->count; k++) all += 1e-9 * (double)took[k];
    const double rest = seconds - all;
    if (rest > 0) all = seconds;
    printf("\n%-26s      ms  share  GFLOP/s    GB/s  bound by  reached  computes\n",
           program ? "train" : "predict");
    for (size_t k = 0; k < kernels->count; k++) {
        const RdKernel *kernel = &kernels->kernels[k];
        const char *what;
        double here = 1e-9 * (double)took[k], bound = bound_of(&cost[k], machine, &what);
        if (took[k] == 0) continue;
        printf("%-26s%8.3f  %3.0f %%  %7.1f  %6.1f  %-8s   %4.0f %%  %s%s%s\n", kernel->name,
               1e3 * here, 100 * here / all, cost[k].products / here / 1e9,
               cost[k].bytes / here / 1e9, what, 100 * bound / here, kernel->text,
               *kernel->place ? "    # " : "", kernel->place);
    }
    if (rest > 0)
        printf("%-26s%8.3f  %3.0f %%%38s%s\n", "the rest", 1e3 * rest, 100 * rest / all, "",
               program ? "weights packed, gradients clipped, optimizer" : "");
    free(cost);
}
