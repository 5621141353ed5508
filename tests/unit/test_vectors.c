#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_models.h"
#include "scratch.h"
#include "vectors.h"

/* Files of word vectors, for `mood`, whose embedding.weight is [vocabulary, 3]. */

TestSuite(vectors, .init = scratch_open, .fini = scratch_close);

enum { UNK, THE, FILM, NAIVE, WORDS };

typedef struct {
    RdVocab vocab[2];
    RdLayout layout;
    float *stretch;
    RdVectors vectors;
    RdError error;
} Setup;

static Setup set_up(void) {
    Setup s = {0};
    cr_assert(rd_vocab_from_text("<unk>\nthe\nFilm\nnaïve", &s.vocab[TEXT], NULL));
    int sizes[] = {0, s.vocab[TEXT].size};
    s.layout = rd_layout(&mood, sizes);
    s.stretch = rd_layout_zeros(&s.layout, &mood);
    return s;
}

static void tear_down(Setup *s) {
    rd_vocab_free(&s->vocab[TEXT]);
    rd_layout_free(&s->layout);
    free(s->stretch);
}

static bool try(Setup *s, const char *given) {
    return rd_vectors_read(given, &mood, s->vocab, &s->layout, s->stretch, &s->vectors, &s->error);
}

static void expect_row(const Setup *s, int row, float first) {
    for (int i = 0; i < 3; i++)
        cr_expect_eq(s->stretch[row * 3 + i], first == 0 ? 0 : first + (float)i, "row %d", row);
}

static void expect_rows(const char *given, int found, const float *first) {
    Setup s = set_up();
    cr_assert(try(&s, given), "%s", s.error.text);
    cr_expect_eq(s.vectors.param, 0);
    cr_expect_eq(s.vectors.words, WORDS - 1);
    cr_expect_eq(s.vectors.found, found);
    for (int i = 0; i < WORDS; i++) expect_row(&s, i, first[i]);
    tear_down(&s);
}

Test(vectors, of_glove) {
    const char *text = "of 9 9 9\nthe 1 2 3\n. . 7 8 9\nnaïve 4 5 6\nthe 8 8 8\n";
    expect_rows(scratch_text("v.txt", text), 2, (float[]){0, 1, 0, 4});
    expect_rows(scratch_gzip("v.gz", text), 2, (float[]){0, 1, 0, 4});
}

Test(vectors, of_word2vec) {
    expect_rows(scratch_text("v", "3 3\n</s> 0 0 0 \nthe 1 2 3 \nnaïve\t4\t5\t6\n"), 2,
                (float[]){0, 1, 0, 4});
}

/* The word itself goes before its lower case, wherever they stand. */
Test(vectors, lower_case_where_the_word_is_not_there) {
    expect_rows(scratch_text("a", "film 1e0 2 3\n"), 1, (float[]){0, 0, 1, 0});
    expect_rows(scratch_text("b", "film 1 2 3\nFilm 4 5 6\n"), 1, (float[]){0, 0, 4, 0});
    expect_rows(scratch_text("c", "Film 4 5 6\nfilm 1 2 3\nThe 1 2 3\n"), 1, (float[]){0, 0, 4, 0});
}

Test(vectors, of_unknown_words) {
    expect_rows(scratch_text("v", "<unk> 5 6 7\n"), 0, (float[]){5, 0, 0, 0});
}

Test(vectors, for_a_named_parameter) {
    char given[512];
    const char *path = scratch_text("a=b", "the 1 2 3\n");
    snprintf(given, sizeof given, "embedding.weight=%s", path);
    expect_rows(given, 1, (float[]){0, 1, 0, 0});
    expect_rows(path, 1, (float[]){0, 1, 0, 0});
}

static void expect_error(const char *given, const char *message) {
    Setup s = set_up();
    cr_assert_not(try(&s, given));
    cr_expect(strstr(s.error.text, message), "%s", s.error.text);
    tear_down(&s);
}

Test(vectors, errors_have_their_line) {
    expect_error(scratch_text("a", "the 1 2 3\nof 1 2\n"),
                 "a:2: 2 numbers behind 'of'; embedding.weight has 3 columns");
    expect_error(scratch_text("b", "the 1 2 3 4\n"), "b:1: 4 numbers behind 'the'");
    expect_error(scratch_text("c", "400000 50\nthe 1 2 3\n"),
                 "c:1: vectors of 50 numbers; embedding.weight has 3 columns");
    expect_error(scratch_text("d", "the 1 x 3\n"), "d:1: 'x' is no number");
    expect_error(scratch_text("e", "the 1 nan 3\n"), "e:1: 'nan' is no number");
    expect_error(scratch_text("f", "the 1 2 3\n\xff 1 2 3\n"), "f:2: ");
    expect_error("linear.weight=x", "parameter linear.weight has no row a word");
    expect_error(scratch_path("none"), "none: ");
}

Test(vectors, the_parameter_must_be_clear) {
    RdParam params[] = {mood_params[0], mood_params[0]};
    params[1].name = "second.weight";
    RdModel model = mood;
    model.params = params;
    model.param_count = 2;
    Setup s = set_up();
    cr_expect_not(
        rd_vectors_read("v", &model, s.vocab, &s.layout, s.stretch, &s.vectors, &s.error));
    cr_expect_str_eq(s.error.text,
                     "--vectors: 2 parameters have a row a word: embedding.weight, "
                     "second.weight; write --vectors embedding.weight=FILE");
    model.params = &mood_params[1];
    cr_expect_not(
        rd_vectors_read("v", &model, s.vocab, &s.layout, s.stretch, &s.vectors, &s.error));
    cr_expect_str_eq(s.error.text, "--vectors: the model has no parameter with a row a word");
    tear_down(&s);
}
