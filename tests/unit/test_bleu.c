/* BLEU and error rates against sacrebleu and jiwer: tests/reference/make_bleu.py. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>

#include "bleu.h"

static json_t *reference;

static void start(void) {
    reference = json_load_file(RONDO_SOURCE "/tests/reference/bleu.json", 0, NULL);
    cr_assert(reference);
}

static void stop(void) { json_decref(reference); }

TestSuite(bleu, .init = start, .fini = stop);

static const char *text_at(const json_t *list, size_t i) {
    return json_string_value(json_array_get(list, i));
}

Test(bleu, words_of_13a) {
    RdTokenizer t = {0};
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(reference, "tokens"), i, pair) {
        const json_t *words = json_array_get(pair, 1);
        rd_tokenize_13a(&t, text_at(pair, 0));
        cr_assert_eq(t.count, (int)json_array_size(words), "of <%s>", text_at(pair, 0));
        for (int k = 0; k < t.count; k++)
            cr_expect_str_eq(t.word[k], text_at(words, (size_t)k), "of <%s>", text_at(pair, 0));
    }
    rd_tokenizer_free(&t);
}

Test(bleu, of_a_corpus) {
    size_t i;
    json_t *set;
    json_array_foreach(json_object_get(reference, "bleu"), i, set) {
        RdBleu bleu = {0};
        const json_t *produced = json_array_get(set, 0), *wanted = json_array_get(set, 1);
        for (size_t k = 0; k < json_array_size(wanted); k++)
            rd_bleu_add(&bleu, text_at(produced, k), text_at(wanted, k));
        cr_expect(fabs(rd_bleu(&bleu) - json_number_value(json_array_get(set, 2))) < 1e-9,
                  "corpus %zu: %g", i, rd_bleu(&bleu));
    }
}

Test(bleu, error_rates) {
    size_t i;
    json_t *set;
    json_array_foreach(json_object_get(reference, "rates"), i, set) {
        RdErrorRate words = {0}, chars = {0};
        const json_t *produced = json_array_get(set, 0), *wanted = json_array_get(set, 1);
        for (size_t k = 0; k < json_array_size(wanted); k++) {
            rd_words_add(&words, text_at(produced, k), text_at(wanted, k));
            rd_chars_add(&chars, text_at(produced, k), text_at(wanted, k));
        }
        cr_expect(fabs(rd_error_rate(&words) - json_number_value(json_array_get(set, 2))) < 1e-12);
        cr_expect(fabs(rd_error_rate(&chars) - json_number_value(json_array_get(set, 3))) < 1e-12);
    }
}

Test(bleu, distances) {
    static const struct {
        const char *a, *b;
        long distance;
    } cases[] = {{"", "", 0},   {"abc", "", 3},     {"", "ab", 2}, {"kitten", "sitting", 3},
                 {"é", "e", 1}, {"flaw", "lawn", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        RdErrorRate rate = {0};
        rd_chars_add(&rate, cases[i].a, cases[i].b);
        cr_expect_eq(rate.errors, cases[i].distance);
    }
}
