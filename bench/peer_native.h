// What the peers in C and C++ share: the arrays that peer_native.py gives them, and the clock.
// An array lies in the file as its number of dimensions, these (all int32), and float32 numbers.

#ifndef PEER_NATIVE_H
#define PEER_NATIVE_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xmmintrin.h>

typedef struct {
    int32_t dims[6];
    size_t size;
    float *data;
} Array;

static Array read_array(FILE *file) {
    Array array = {{0}, 1, NULL};
    int32_t count;
    int read = fread(&count, sizeof(count), 1, file) == 1 && count <= 6 &&
               fread(array.dims, sizeof(int32_t), count, file) == (size_t)count;
    for (int i = 0; read && i < count; i++) {
        array.size *= array.dims[i];
    }
    array.data = (float *)malloc(array.size * sizeof(float));
    if (!read || fread(array.data, sizeof(float), array.size, file) != array.size) {
        fprintf(stderr, "peer: the file of arrays ends too soon\n");
        exit(1);
    }
    return array;
}

static float largest_difference(const float *a, const float *b, size_t size) {
    float most = 0;
    for (size_t i = 0; i < size; i++) {
        most = fmaxf(most, fabsf(a[i] - b[i]));
    }
    return most;
}

static double squares(const float *x, size_t size) {
    double sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += (double)x[i] * x[i];
    }
    return sum;
}

// Ends the run unless it is.
static void must_be_close(const char *what, double apart, double most) {
    if (!(apart <= most)) {
        fprintf(stderr, "peer: %s is %g off\n", what, apart);
        exit(1);
    }
}

// Of this thread, and of those that it makes from now on.
static void flush_denormals(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_seconds(void (*work)(void *), void *on, int repeat) {
    double *seconds = (double *)malloc(repeat * sizeof(double));
    for (int i = -2; i < repeat; i++) {  // two to warm up
        double start = now();
        work(on);
        if (i >= 0) {
            seconds[i] = now() - start;
        }
    }
    qsort(seconds, repeat, sizeof(double), by_size);
    double median = seconds[repeat / 2];
    free(seconds);
    return median;
}

#endif
