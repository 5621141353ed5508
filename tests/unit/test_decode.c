/* The labels that scores say, against all alignments, one by one. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "ctc.h"
#include "random.h"

enum { CHOICES = 3, LONGEST = 5, ALL = 243, WIDE = 64 };

typedef struct {
    int label[LONGEST], count;
    double p;
} Said;

/* Of `scores`, what can be said and how probable it is: the sum over its alignments. Also the most
 * probable alignment. */
static int say_all(const double *scores, int steps, int blank, Said *said, Said *path) {
    int paths = 1, count = 0;
    double all = 0;
    for (int t = 0; t < steps; t++) paths *= CHOICES;
    path->p = 0;
    for (int i = 0; i < paths; i++) {
        Said one = {.p = 1};
        for (int t = 0, rest = i, before = blank; t < steps; t++, rest /= CHOICES) {
            int k = rest % CHOICES;
            one.p *= exp(scores[t * CHOICES + k]);
            if (k != blank && k != before) one.label[one.count++] = k;
            before = k;
        }
        all += one.p;
        if (one.p > path->p) *path = one;
        int at = 0;
        while (at < count && memcmp(&said[at], &one, offsetof(Said, p))) at++;
        if (at == count) said[count++] = (Said){.count = -1};
        one.p += said[at].count < 0 ? 0 : said[at].p;
        said[at] = one;
    }
    for (int i = 0; i < count; i++) said[i].p /= all;
    path->p /= all;
    return count;
}

static bool same(const RdLabels *labels, const Said *said) {
    return labels->count == said->count &&
           memcmp(labels->label, said->label, sizeof(int) * (size_t)said->count) == 0;
}

static const Said *find(const RdLabels *labels, const Said *said, int count) {
    for (int i = 0; i < count; i++)
        if (same(labels, &said[i])) return &said[i];
    return NULL;
}

static void check(uint64_t seed, int *differ) {
    static Said said[ALL];
    Said path;
    double scores[LONGEST * CHOICES];
    int label[LONGEST];
    RdLabels labels = {.label = label};
    RdRandom random = rd_random(7, seed);
    int steps = 1 + (int)rd_random_below(&random, LONGEST), blank = (int)(seed % CHOICES);
    for (int i = 0; i < steps * CHOICES; i++) scores[i] = 2 * rd_random_normal(&random);
    int count = say_all(scores, steps, blank, said, &path);
    const Said *best = &said[0];
    for (int i = 1; i < count; i++)
        if (said[i].p > best->p) best = &said[i];

    rd_best_path(scores, steps, CHOICES, blank, &labels);
    cr_expect(same(&labels, &path) && fabs(labels.logp - log(path.p)) < 1e-9, "seed %d: path",
              (int)seed);
    *differ += !same(&labels, best);
    rd_prefix_search(scores, steps, CHOICES, blank, WIDE, &labels);
    cr_expect(same(&labels, best) && fabs(labels.logp - log(best->p)) < 1e-9,
              "seed %d: %d labels, %g instead of %g", (int)seed, labels.count, labels.logp,
              log(best->p));
    for (int width = 1; width <= 4; width++) { /* no more than what there is */
        rd_prefix_search(scores, steps, CHOICES, blank, width, &labels);
        const Said *found = find(&labels, said, count);
        cr_assert(found, "seed %d, width %d", (int)seed, width);
        cr_expect(labels.logp <= log(found->p) + 1e-9, "seed %d, width %d", (int)seed, width);
    }
}

Test(decode, agrees_with_all_alignments) {
    int differ = 0;
    for (uint64_t seed = 0; seed < 300; seed++) check(seed, &differ);
    cr_expect_gt(differ, 20, "the best path must differ from the best labels at times");
}

/* Graves (2006), figure 2: blanks are the best path, but a label is more probable. */
Test(decode, sums_alignments) {
    const double scores[] = {log(0.6), log(0.4), log(0.6), log(0.4)};
    int label[2];
    RdLabels labels = {.label = label};
    rd_best_path(scores, 2, 2, 0, &labels);
    cr_expect_eq(labels.count, 0);
    cr_expect_float_eq(exp(labels.logp), 0.36, 1e-12);
    rd_prefix_search(scores, 2, 2, 0, 2, &labels);
    cr_expect_eq(labels.count, 1);
    cr_expect_eq(labels.label[0], 1);
    cr_expect_float_eq(exp(labels.logp), 0.64, 1e-12);
}

Test(decode, says_a_label_twice_behind_a_blank) {
    const double yes = 20, scores[] = {0, yes, 0, yes, yes, 0, 0, yes};
    int label[4];
    RdLabels labels = {.label = label};
    rd_best_path(scores, 4, 2, 0, &labels);
    cr_expect_eq(labels.count, 2);
    rd_prefix_search(scores, 4, 2, 0, 1, &labels);
    cr_expect_eq(labels.count, 2);
}

Test(decode, equal_scores) {
    const double scores[9] = {0};
    int label[3];
    RdLabels labels = {.label = label};
    rd_best_path(scores, 3, 3, 0, &labels);
    cr_expect_eq(labels.count, 0);
    rd_prefix_search(scores, 3, 3, 0, 30, &labels);
    cr_expect_eq(labels.count, 1); /* "1" and "2" have six alignments each, "12" and "21" five */
    cr_expect_eq(labels.label[0], 1);
    cr_expect_float_eq(exp(labels.logp), 6.0 / 27, 1e-12);
}
