/* n-gram models against tests/reference/make_ngram.py. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "ngram.h"

static json_t *reference;

static void start(void) {
    reference = json_load_file(RONDO_SOURCE "/tests/reference/ngram.json", 0, NULL);
    cr_assert(reference);
}

static void stop(void) { json_decref(reference); }

TestSuite(ngram, .init = start, .fini = stop);

enum { LONGEST = 100 };

static size_t text_of(const char *of, size_t number, int text[LONGEST]) {
    const json_t *list = json_array_get(json_object_get(reference, of), number);
    size_t length = json_array_size(list);
    for (size_t i = 0; i < length; i++) text[i] = (int)json_integer_value(json_array_get(list, i));
    return length;
}

static int whole(const char *name) {
    return (int)json_integer_value(json_object_get(reference, name));
}

static RdNgram *counted(int n) {
    int text[LONGEST];
    RdNgram *ngram = rd_ngram_new(n, whole("vocab"), whole("mark"));
    for (size_t i = 0; i < json_array_size(json_object_get(reference, "train")); i++)
        rd_ngram_count(ngram, text, text_of("train", i, text));
    rd_ngram_finish(ngram);
    return ngram;
}

Test(ngram, agrees) {
    int text[LONGEST];
    size_t i;
    json_t *wanted;
    json_array_foreach(json_object_get(reference, "cases"), i, wanted) {
        int n = (int)json_integer_value(json_array_get(wanted, 0));
        double k = json_number_value(json_array_get(wanted, 1));
        size_t length =
            text_of("test", (size_t)json_integer_value(json_array_get(wanted, 2)), text);
        RdNgram *ngram = counted(n);
        double loss = rd_ngram_loss(ngram, k, text, length);
        double truth = json_real_value(json_array_get(wanted, 3));
        cr_expect(fabs(loss - truth) < 1e-9 * (1 + truth), "case %zu: %g, expected %g", i, loss,
                  truth);
        rd_ngram_free(ngram);
    }
}

/* The probabilities of what may follow a text add up to 1, whatever the text. */
Test(ngram, adds_up) {
    int text[LONGEST], vocab = whole("vocab");
    size_t length = text_of("test", 0, text);
    for (int n = 1; n <= 5; n++)
        for (int add = 0; add < 2; add++) {
            RdNgram *ngram = counted(n);
            for (size_t end = 0; end < length; end++) {
                double sum = 0, before = rd_ngram_loss(ngram, add * 0.5, text, end);
                int kept = text[end];
                for (text[end] = 0; text[end] < vocab; text[end]++)
                    sum += exp(before - rd_ngram_loss(ngram, add * 0.5, text, end + 1));
                text[end] = kept;
                cr_expect(fabs(sum - 1) < 1e-9, "order %d, behind %zu words: %g", n, end, sum);
            }
            rd_ngram_free(ngram);
        }
}

/* What was never counted at all. */
Test(ngram, knows_nothing) {
    RdNgram *ngram = rd_ngram_new(3, 8, 1);
    rd_ngram_finish(ngram);
    const int text[] = {1, 2};
    cr_expect_float_eq(rd_ngram_loss(ngram, 0, text, 2), 2 * log(8), 1e-12);
    cr_expect_float_eq(rd_ngram_loss(ngram, 0.1, text, 2), 2 * log(8), 1e-12);
    rd_ngram_free(ngram);
}
