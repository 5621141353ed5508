/* Where the time of a program goes, kernel by kernel, beside what bounds it. */
#ifndef RONDO_BENCH_KERNELS_H
#define RONDO_BENCH_KERNELS_H

#include "rondo.h"

/* What one core of this machine reaches. */
typedef struct {
    double peak;          /* multiply-adds, in operations a second */
    double cache, memory; /* bytes a second, read from 1 MB and from 256 MB over and over */
} RdMachine;

/* Measures it, on the calling thread; takes some tenths of a second. */
RdMachine rd_measure_machine(const RdModel *model);

/* Prints a line for each kernel of `program` (0: infer, 1: train): the nanoseconds that it took on
 * all threads in the fastest of its runs with batches of `sizes`, what it did in that time, and how
 * much of its bound that is: the time in which one core could do its products, or move its bytes,
 * whichever is longer. `seconds` is what the fastest run of all kernels takes from beginning to
 * end, with one thread, and 0 otherwise: the rest is that of no kernel. */
void rd_print_kernels(const RdModel *model, int program, const RdSizes *sizes, RdMachine machine,
                      const int64_t *took, double seconds);

#endif
