#include "random.h"

#include <math.h>

/* The constant is 2^64 over the golden ratio. */
uint64_t rd_mix(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

RdRandom rd_random(uint64_t seed, uint64_t stream) {
    RdRandom random;
    uint64_t x = rd_mix(seed) ^ rd_mix(~stream);
    for (int i = 0; i < 4; i++) {
        random.state[i] = rd_mix(x);
        x += UINT64_C(0x9E3779B97F4A7C15);
    }
    return random;
}

static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t rd_random_next(RdRandom *random) {
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rd_random_below(RdRandom *random, uint64_t n) {
    uint64_t excess = (UINT64_MAX - n + 1) % n; /* 2^64 mod n */
    uint64_t x;
    do x = rd_random_next(random);
    while (x < excess);
    return x % n;
}

double rd_random_unit(RdRandom *random) { return (double)(rd_random_next(random) >> 11) * 0x1p-53; }

double rd_random_normal(RdRandom *random) {
    double radius = sqrt(-2 * log(1 - rd_random_unit(random)));
    return radius * cos(6.283185307179586 * rd_random_unit(random));
}

void rd_random_shuffle(RdRandom *random, int *values, int count) {
    for (int i = count - 1; i > 0; i--) {
        int j = (int)rd_random_below(random, (uint64_t)i + 1);
        int kept = values[i];
        values[i] = values[j];
        values[j] = kept;
    }
}
