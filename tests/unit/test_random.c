#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "layout.h"
#include "random.h"
#include "sample_models.h"

/* The first numbers of the authors' programs, worked out apart from ours. */
Test(random, reference_numbers) {
    cr_expect_eq(rd_mix(0), UINT64_C(0xE220A8397B1DCDAF));
    cr_expect_eq(rd_mix(UINT64_C(0x9E3779B97F4A7C15)), UINT64_C(0x6E789E6AA1B965F4));
    RdRandom random = {{1, 2, 3, 4}};
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240,
                                        1216172134540287360};
    for (int i = 0; i < 5; i++) cr_expect_eq(rd_random_next(&random), expected[i]);
}

Test(random, streams_and_copies) {
    RdRandom a = rd_random(7, 0), b = rd_random(7, 1), c = rd_random(8, 0), d = rd_random(7, 0);
    uint64_t first = rd_random_next(&a);
    cr_expect_neq(first, rd_random_next(&b));
    cr_expect_neq(first, rd_random_next(&c));
    cr_expect_eq(first, rd_random_next(&d));
    RdRandom saved = a;
    uint64_t next = rd_random_next(&a);
    cr_expect_eq(rd_random_next(&saved), next);
}

Test(random, moments) {
    enum { COUNT = 1000000 };
    RdRandom random = rd_random(1, 0);
    double sum = 0, squares = 0, unit = 0, least = 1, most = 0;
    for (int i = 0; i < COUNT; i++) {
        double x = rd_random_normal(&random), u = rd_random_unit(&random);
        sum += x;
        squares += x * x;
        unit += u;
        least = fmin(least, u);
        most = fmax(most, u);
    }
    cr_expect_lt(fabs(sum / COUNT), 0.005);
    cr_expect_lt(fabs(squares / COUNT - 1), 0.01);
    cr_expect_lt(fabs(unit / COUNT - 0.5), 0.002);
    cr_expect(least >= 0 && least < 1e-4 && most < 1 && most > 1 - 1e-4);
}

Test(random, below_is_even) {
    int seen[7] = {0};
    RdRandom random = rd_random(3, 0);
    for (int i = 0; i < 70000; i++) seen[rd_random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++) cr_expect(seen[i] > 9600 && seen[i] < 10400, "%d", seen[i]);
    cr_expect_eq(rd_random_below(&random, 1), 0);
}

Test(random, shuffles_are_even) {
    int seen[4][4] = {{0}};
    RdRandom random = rd_random(5, 0);
    for (int i = 0; i < 40000; i++) {
        int values[] = {0, 1, 2, 3};
        rd_random_shuffle(&random, values, 4);
        for (int k = 0; k < 4; k++) seen[k][values[k]]++;
    }
    for (int k = 0; k < 16; k++) cr_expect(seen[k / 4][k % 4] > 9600 && seen[k / 4][k % 4] < 10400);
}

/* ---- parameters ---- */

static const int vocab[] = {0, 50};

Test(layout, places) {
    RdLayout layout = rd_layout(&mood, vocab);
    cr_expect_eq(layout.param_count, 4);
    cr_expect_eq(layout.size[0], 150);
    cr_expect_eq(layout.size[1], 6);
    cr_expect_eq(layout.size[2], 2);
    cr_expect_eq(layout.size[3], 1);
    cr_expect_eq(layout.numbers, 159);
    cr_expect_eq(layout.start[1], 160);
    cr_expect_eq(layout.start[3], 192);
    cr_expect_eq(layout.count, 208);
    float *stretch = rd_layout_zeros(&layout, &mood);
    void *pointers[4];
    rd_layout_pointers(&layout, &mood, stretch, pointers);
    for (int i = 0; i < 4; i++) {
        cr_expect_eq((uintptr_t)pointers[i] % 64, 0);
        cr_expect_eq((float *)pointers[i], stretch + layout.start[i]);
    }
    free(stretch);
    rd_layout_free(&layout);
}

Test(layout, starting_values) {
    RdModel in_double = mood;
    in_double.real_size = sizeof(double);
    RdLayout layout = rd_layout(&mood, vocab);
    float *a = rd_layout_zeros(&layout, &mood), *b = rd_layout_zeros(&layout, &mood);
    double *c = rd_layout_zeros(&layout, &in_double);
    rd_layout_init(&layout, &mood, 1, a);
    rd_layout_init(&layout, &in_double, 1, c);
    for (size_t i = 0; i < layout.count; i++) cr_expect_eq(a[i], (float)c[i]);
    for (size_t i = 0; i < 6; i++) cr_expect(fabsf(a[160 + i]) <= 0.5f && a[160 + i] != 0);
    cr_expect_eq(a[layout.start[2]], 0.25f);
    cr_expect_eq(a[layout.start[2] + 2], 0); /* the gap */
    rd_layout_init(&layout, &mood, 1, b);
    cr_expect_eq(memcmp(a, b, layout.count * sizeof *a), 0);
    rd_layout_init(&layout, &mood, 2, b);
    cr_expect_neq(memcmp(a, b, layout.count * sizeof *a), 0);
    free(a);
    free(b);
    free(c);
    rd_layout_free(&layout);
}
