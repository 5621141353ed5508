#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "columns.h"
#include "conll.h"
#include "data.h"
#include "sample_models.h"
#include "scratch.h"
#include "vocab.h"

TestSuite(conll, .init = scratch_open, .fini = scratch_close);

static const RdReadOptions all = {.need_targets = true};
static const RdReadOptions inputs = {.keep_text = true};
static const RdReadOptions lenient = {.need_targets = true, .skip_bad = true};

enum { WORDS = 0, LETTERS = 1, TAG = 2 };

/* The words, and the tags behind slashes, of each sentence: "the/DET dog/NOUN | it/PRON". */
static const char *show(const RdData *data, int tags) {
    static char out[4096];
    char *at = out;
    *at = '\0';
    for (int i = 0; i < data->count; i++) {
        const char *word = rd_first_word(data, WORDS, i);
        const char *tag = data->has[tags] ? rd_first_word(data, tags, i) : NULL;
        if (i) at += sprintf(at, " |");
        for (int k = 0; k < data->words[WORDS].word_count[i]; k++, word = rd_next_word(word)) {
            at += sprintf(at, "%s%s", i || k ? " " : "", word);
            if (tag) at += sprintf(at, "/%s", tag);
            if (tag) tag = rd_next_word(tag);
        }
        if (tag) cr_expect_eq(data->words[tags].word_count[i], data->words[WORDS].word_count[i]);
    }
    return out;
}

static void expect_data(const char *path, const RdModel *model, RdReadOptions options,
                        const char *expected) {
    RdData data;
    RdError error;
    cr_assert(rd_data_read(path, model, options, &data, &error), "%s", error.text);
    cr_expect_str_eq(show(&data, model->column_count - 1), expected);
    rd_data_free(&data);
}

static void expect_error(const char *path, const RdModel *model, const char *message) {
    RdData data;
    RdError error;
    bool good = rd_data_read(path, model, all, &data, &error);
    cr_expect_not(good, "expected%s", message);
    if (!good && strncmp(error.text, path, strlen(path)) == 0)
        cr_expect_str_eq(error.text + strlen(path), message);
    else
        cr_expect_fail("%s", error.text);
    rd_data_free(&data);
}

#define ROW(id, form, upos, xpos) id "\t" form "\tlemma\t" upos "\t" xpos "\t_\t0\t_\t_\t_\n"

static const char treebank[] =
    "# sent_id = a\n"
    "# text = The dogs don't.\n" ROW("1", "The", "DET", "DT") ROW("2", "dogs", "NOUN", "NNS")
        ROW("3-4", "don't", "_", "_") ROW("3", "do", "VERB", "VBP") ROW("3.1", "gone", "_", "_")
            ROW("4", "n't", "PUNCT", "RB") "\n"
                                            "\n"
                                            "# newpar\n" ROW("1", "20 000", "NOUN", "CD");

/* ---- what is read ---- */

Test(conll, columns_of_conllu) {
    const char *expected = "The/DET dogs/NOUN do/VERB n't/PUNCT | 20 000/NOUN";
    expect_data(scratch_text("a.conllu", treebank), &listed, all, expected);
    expect_data(scratch_gzip("a.conllu.gz", treebank), &tagger, all, expected);
    expect_data(scratch_text("a.txt", treebank), &tagger, all, expected); /* by its comments */
    expect_data(scratch_text("b", ROW("1", "It", "NOUN", "PRP")), &tagger, all, "It/NOUN");
}

Test(conll, columns_of_conll) {
    static const char expected[] = "#/NOUN goes/VERB | it/NOUN";
    expect_data(scratch_text("a.conll", "#\tNOUN\ngoes\tVERB\n\nit\tNOUN\n"), &tagger, all,
                expected);
    expect_data(scratch_text("a.bio", "#   NOUN\ngoes VERB \n  \n\n\nit NOUN"), &listed, all,
                expected);
    expect_data(scratch_text("a.txt", "# x NOUN\r\ngoes y VERB\r\n\r\nit z NOUN\r\n"), &tagger, all,
                expected); /* the last one */
    expect_data(scratch_text("c.conll", "-DOCSTART- -X-\n\n#\tNOUN\ngoes\tVERB\n\nit\tNOUN\n"),
                &tagger, all, expected);
}

Test(conll, words_alone) {
    expect_data(scratch_text("a.conll", "one\ntwo\n\nthree\n"), &tagger, inputs, "one two | three");
    expect_data(scratch_text("a.txt", "One two\nit's\n"), &tagger, inputs, "One two | it's");
}

/* In a TSV a sentence is a line, its tags stand in one field. */
Test(conll, tags_in_one_field) {
    expect_data(scratch_text("a.tsv", "The dog\tDET NOUN\nGo !\tVERB PUNCT\n"), &tagger, all,
                "The/DET dog/NOUN | Go/VERB !/PUNCT");
    expect_data(scratch_text("b.csv", "part,words\nDET  NOUN,The dog\n"), &listed, all,
                "The/DET dog/NOUN");
    expect_error(scratch_text("c.tsv", "The dog\tDET\n"), &tagger,
                 ":1: column 'words' has 2 words, column 'tag' 1; expected equal numbers"
                 " (a header must name the columns words, tag)");
}

Test(conll, which_column) {
    RdColumn columns[] = {parts_columns[0], tagger_columns[2]};
    RdModel model = listed;
    model.columns = columns;
    columns[1].field = "XPOS";
    const char *path = scratch_text("a.conllu", treebank);
    expect_data(path, &model, all, "The/DT dogs/NNS do/VBP n't/RB | 20 000/CD");
    columns[1].field = NULL;
    columns[1].name = "xpos"; /* its own name */
    columns[0].field = "lemma";
    expect_data(path, &model, all, "lemma/DT lemma/NNS lemma/VBP lemma/RB | lemma/CD");
    columns[0].field = NULL;
    columns[1].field = "4";
    expect_data(path, &model, all, "The/DET dogs/NOUN do/VERB n't/PUNCT | 20 000/NOUN");
    expect_data(scratch_text("b.conll", "a b c d\n"), &model, all, "a/d");
    columns[1].field = "5";
    expect_error(scratch_text("b.conll", "a b c d\n"), &model,
                 ": has no column '5' for 'xpos'; expected a number, the first being 1");
    columns[1].field = "POS";
    expect_error(
        path, &model,
        ": has no column 'POS' for 'xpos'; expected FORM, LEMMA, UPOS, XPOS, FEATS, DEPREL…");
    columns[1].field = "FORM";
    expect_error(path, &model,
                 ": column 2 is both 'words' and 'xpos'; the model can say which is which, as in"
                 " words(column = 1)");
    columns[1].field = NULL;
    expect_error(scratch_text("c.conll", "a\nb\n"), &model,
                 ": has 1 column, none for 'xpos'; expected one more");
}

Test(conll, texts_of_the_command_line_are_split) {
    const char *const texts[] = {"Don't go .", "  \t"};
    RdData data;
    RdError error;
    cr_assert(rd_data_from_texts(texts, 1, &tagger, inputs, &data, &error));
    cr_expect_str_eq(show(&data, TAG), "Don't go .");
    rd_data_free(&data);
    cr_expect(!rd_data_from_texts(texts, 2, &tagger, inputs, &data, &error));
    cr_expect_str_eq(error.text,
                     "text 2: the text in column 'words' is empty; expected at least one word");
    rd_data_free(&data);
}

Test(conll, the_text_is_kept) {
    RdData data;
    RdError error;
    cr_assert(rd_data_read(scratch_text("a.conllu", treebank), &tagger, inputs, &data, &error));
    cr_expect_str_eq(data.text[WORDS][0], "The dogs do n't");
    cr_expect_eq(data.line[0], 3);
    cr_expect_eq(data.line[1], 12);
    rd_data_free(&data);
}

/* ---- characters of words ---- */

Test(conll, characters_of_each_word) {
    RdData data;
    RdError error;
    RdVocab vocab[3] = {{0}};
    RdExamples examples;
    cr_assert(rd_data_read(scratch_text("a.conll", "Ab\tX\nc\tY\n\nblüte\tX\n"), &tagger, all,
                           &data, &error));
    const RdWords *letters = &data.words[LETTERS];
    cr_assert_eq(letters->owners, 3);
    cr_expect_eq(letters->word_count[0], 2);
    cr_expect_eq(letters->word_count[1], 1);
    cr_expect_eq(letters->word_count[2], 4); /* the model reads so many */
    cr_expect_eq(letters->cut, 1);
    for (int c = 0; c < 3; c++) cr_assert(rd_vocab_learn(&data, &tagger, c, &vocab[c], &error));
    rd_encode(&tagger, &data, vocab, &examples);
    const char *expected[] = {"A", "b", "c", "b", "l", "ü", "t"};
    for (int i = 0; i < 7; i++)
        cr_expect_str_eq(vocab[LETTERS].word[examples.number[LETTERS][i]], expected[i]);
    cr_expect_eq(rd_examples_rows(&examples, 2), 7);
    rd_examples_free(&examples);
    for (int c = 0; c < 3; c++) rd_vocab_free(&vocab[c]);
    rd_data_free(&data);
}

Test(conll, long_sentences_lose_the_end_of_all_columns) {
    RdData data;
    RdError error;
    const char *path = scratch_text("a.conll", "a A\nb B\nc C\nd D\ne E\nf F\n\ng G\n");
    cr_assert(rd_data_read(path, &tagger, all, &data, &error));
    cr_expect_str_eq(show(&data, TAG), "a/A b/B c/C d/D e/E | g/G");
    cr_expect_eq(data.words[WORDS].cut, 1);
    cr_expect_eq(data.words[TAG].cut, 0);
    cr_expect_eq(data.words[LETTERS].owners, 6);
    rd_data_free(&data);
}

/* ---- tags as numbers ---- */

Test(conll, tags_are_learned_or_listed) {
    RdData data;
    RdError error;
    RdVocab vocab[3] = {{0}};
    RdExamples examples;
    const char *path = scratch_text("a.conll", "a NOUN\nb VERB\nc NOUN\n");
    cr_assert(rd_data_read(path, &tagger, all, &data, &error));
    cr_assert(rd_vocab_learn(&data, &tagger, TAG, &vocab[TAG], &error));
    cr_expect_eq(vocab[TAG].size, 3);
    cr_expect_str_eq(rd_value_name(&tagger.columns[TAG], &vocab[TAG], 1), "NOUN");
    cr_expect_str_eq(rd_value_name(&tagger.columns[TAG], &vocab[TAG], 4), "<unk>"); /* room left */
    rd_vocab_free(&vocab[TAG]);
    rd_data_free(&data);
    cr_assert(rd_data_read(path, &listed, all, &data, &error));
    rd_encode(&listed, &data, vocab, &examples);
    const int expected[] = {0, 1, 0};
    cr_expect_arr_eq(examples.number[1], expected, sizeof expected);
    cr_expect_str_eq(rd_value_name(&listed.columns[1], NULL, 3), "PUNCT");
    rd_examples_free(&examples);
    rd_data_free(&data);
}

Test(conll, more_tags_than_room) {
    RdData data;
    RdError error;
    RdVocab vocab;
    const char *path = scratch_text("a.conll", "a A\nb B\nc C\nd D\ne E\n");
    cr_assert(rd_data_read(path, &tagger, all, &data, &error));
    cr_expect(!rd_vocab_learn(&data, &tagger, TAG, &vocab, &error));
    cr_expect_str_eq(error.text + strlen(path),
                     ": 'tag' has 5 different tags; the model has room for 4: max_tags = 6");
    rd_vocab_free(&vocab);
    rd_data_free(&data);
}

/* ---- bad lines ---- */

Test(conll, bad_lines) {
    expect_error(scratch_text("a.conll", "a\tNOUN\n\nb\tNOUN\nc\n"), &tagger,
                 ":4: 1 column; expected 2 as in line 1");
    expect_error(scratch_text("b.conll", "a\tNOUN\nb\tVERB\nc\tVREB\n"), &listed,
                 ":3: unknown part 'VREB', did you mean 'VERB'? known: NOUN, VERB, DET, PUNCT");
    expect_error(scratch_text("c.conll", "a\tNOUN\n\tVERB\n"), &tagger,
                 ":2: column 1 is empty; expected something, or _");
    expect_error(scratch_text("d.conll", "a\tNOUN\nb\tN\xFFN\n"), &tagger,
                 ":2: byte 4 (0xFF) is not valid UTF-8");
    expect_error(scratch_text("e.conll", "\n\n"), &tagger,
                 ": the file is empty; expected records of: words, tag");
}

Test(conll, bad_lines_of_conllu) {
    expect_error(scratch_text("a.conllu", "1\ta\tNOUN\n"), &tagger,
                 ":1: 3 columns; expected the 10 of CoNLL-U, parted by tabs");
    expect_error(scratch_text("b.conllu", ROW("1", "a", "X", "X") ROW("3", "b", "X", "X")), &tagger,
                 ":2: the ID is '3'; expected 2, a range such as 2-3 or 1.1");
    expect_error(scratch_text("c.conllu", ROW("x", "a", "X", "X")), &tagger,
                 ":1: the ID is 'x'; expected 1, a range such as 1-2 or 0.1");
    expect_error(scratch_text("d.conllu", ROW("1", "a", "X", "X") "# text\n"), &tagger,
                 ":2: a comment among the words of a sentence; expected it before them");
    expect_error(scratch_text("e.conllu", "# text\n" ROW("1", "a", "NUON", "X")), &listed,
                 ":2: unknown part 'NUON', did you mean 'NOUN'? known: NOUN, VERB, DET, PUNCT");
}

Test(conll, a_bad_line_takes_its_sentence_with_it) {
    RdData data;
    RdError error;
    const char *path = scratch_text("a.conll", "a\tX\n\nb\nc\tX\n\nd\tY\n");
    cr_assert(rd_data_read(path, &tagger, lenient, &data, &error), "%s", error.text);
    cr_expect_str_eq(show(&data, TAG), "a/X | d/Y");
    cr_expect_eq(data.skipped, 1);
    cr_expect_str_eq(data.first_skipped.text + strlen(path),
                     ":3: 1 column; expected 2 as in line 1");
    rd_data_free(&data);
}

Test(conll, real_treebanks) {
    char path[512];
    snprintf(path, sizeof path, "%s/ud_ewt/en_ewt-ud-test.conllu.gz", RONDO_DATA);
    FILE *file = fopen(path, "rb");
    if (!file) cr_skip_test("no data");
    fclose(file);
    RdData universal, plain;
    RdError error;
    cr_assert(rd_data_read(path, &tagger, all, &universal, &error), "%s", error.text);
    snprintf(path, sizeof path, "%s/ud_ewt/test.pos.conll", RONDO_DATA);
    RdColumn columns[] = {tagger_columns[0], tagger_columns[1], tagger_columns[2]};
    RdModel model = tagger;
    model.columns = columns;
    columns[TAG].field = "2";
    cr_assert(rd_data_read(path, &model, all, &plain, &error), "%s", error.text);
    cr_expect_eq(universal.count, 2077);
    cr_expect_eq(plain.count, 2077);
    for (int c = 0; c < 3; c++) {
        cr_assert_eq(plain.words[c].size, universal.words[c].size);
        cr_expect_arr_eq(plain.words[c].bytes, universal.words[c].bytes, plain.words[c].size);
    }
    rd_data_free(&universal);
    rd_data_free(&plain);
}
