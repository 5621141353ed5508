/* Random numbers: xoshiro256**, seeded by splitmix64. The same on every machine. */
#ifndef RONDO_RANDOM_H
#define RONDO_RANDOM_H

#include <stdint.h>

/* The whole state: copy it to save it. */
typedef struct {
    uint64_t state[4];
} RdRandom;

/* The generator number `stream` of `seed`: those of different streams have nothing in common. */
RdRandom rd_random(uint64_t seed, uint64_t stream);

uint64_t rd_random_next(RdRandom *random);

/* Each number below n (at least 1) equally likely. */
uint64_t rd_random_below(RdRandom *random, uint64_t n);

/* In [0, 1), a multiple of 2^-53. */
double rd_random_unit(RdRandom *random);

/* Mean 0, standard deviation 1 (Box-Muller). */
double rd_random_normal(RdRandom *random);

/* Puts values[0 .. count) into a random order. */
void rd_random_shuffle(RdRandom *random, int *values, int count);

/* One step of splitmix64: mixes the bits of x. */
uint64_t rd_mix(uint64_t x);

#endif
