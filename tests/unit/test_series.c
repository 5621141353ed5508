/* Columns of numbers: their fields, sequences of lines, windows, and how they are scaled. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "learn.h"
#include "sample_models.h"
#include "scale.h"
#include "scratch.h"

TestSuite(series, .init = scratch_open, .fini = scratch_close);

static const RdReadOptions all = {.need_targets = true};
static const RdReadOptions inputs = {.keep_text = true};
static const RdReadOptions lenient = {.need_targets = true, .skip_bad = true};

static char *put_row(char *at, const RdData *data, int c, int width, int row) {
    for (int k = 0; k < width; k++)
        at += sprintf(at, "%s%g", k ? "," : "", data->real[c][row * width + k]);
    return at;
}

/* "CLASS: number,number number,number = number | …": the frames, then what else there is. */
static const char *show(const RdModel *model, const RdData *data) {
    static char out[4096];
    char *at = out;
    *at = '\0';
    for (int i = 0, row = 0; i < data->count; i++) {
        if (i) at += sprintf(at, " | ");
        for (int c = 0; c < model->column_count; c++) {
            const RdColumn *column = &model->columns[c];
            if (!data->has[c]) continue;
            if (column->kind == RD_CLASS) at += sprintf(at, "%d: ", data->number[c][i]);
            if (column->kind != RD_NUMBERS) continue;
            int count = column->per_step ? data->frames[i] : 1;
            if (!column->per_step) at += sprintf(at, "=");
            for (int k = 0; k < count; k++) {
                at = put_row(at, data, c, column->numbers, column->per_step ? row++ : i);
                at += sprintf(at, " ");
            }
        }
    }
    return out;
}

static RdData read_good(const char *path, const RdModel *model, RdReadOptions options) {
    RdData data;
    RdError error;
    cr_assert(rd_data_read(path, model, options, &data, &error), "%s", error.text);
    return data;
}

static void expect(const char *text, const RdModel *model, RdReadOptions options,
                   const char *expected) {
    RdData data = read_good(scratch_text("a.csv", text), model, options);
    cr_expect_str_eq(show(model, &data), expected);
    rd_data_free(&data);
}

static void expect_error(const char *text, const RdModel *model, RdReadOptions options,
                         const char *message) {
    RdData data;
    RdError error;
    const char *path = scratch_text("a.csv", text);
    cr_expect_not(rd_data_read(path, model, options, &data, &error), "expected%s", message);
    cr_expect_str_eq(error.text + strlen(path), message);
    rd_data_free(&data);
}

/* ---- fields ---- */

Test(series, fields_of_numbers) {
    expect("size_1,text,size_2,score\n1,a,2,3\n", &score, all, "=3 =1,2 ");
    expect("score,size0,size1,size2,text\n3,1,2,9,a\n", &score, all, "=3 =1,2 ");
    expect("score,size,text\n3,\"1,-2e1\",a\n", &score, all, "=3 =1,-20 ");
    expect("3,1,2,a\n4,5,6,b\n", &score, all, "=3 =1,2  | =4 =5,6 ");
    expect("3,1 2,a\n", &score, all, "=3 =1,2 ");
    expect("1,2,a\n", &score, inputs, "=1,2 ");
}

Test(series, bad_fields) {
    expect_error("score,size1,text\n3,1,a\n", &score, all,
                 ":1: the header has no column 'size2'; is it 'size1'? needed: score, size, text");
    expect_error("score,size.0,size.1,size.1,text\n", &score, all,
                 ":1: the header names the column 'size_1' twice");
    expect_error("score,size0,size1,text\n3,1,NA,a\n", &score, all,
                 ":2: column 'size': 'NA' in field 3 is not a number");
    expect_error("score,size0,size1,text\n3,0x1,2,a\n", &score, all,
                 ":2: column 'size': '0x1' in field 2 is not a number");
}

/* ---- sequences ---- */

static const char takes[] =
    "take,mfcc0,mfcc1,mood,age\n7,1,2,negative,30\n7,3,4,negative,30\n"
    "8,5,6,positive,4\n9,0,0,positive,5\n9,1,1,positive,5\n"
    "9,2,2,positive,5\n9,3,3,positive,5\n";

Test(series, sequences) {
    expect(takes, &take, all, "0: 1,2 3,4 =30  | 1: 5,6 =4  | 1: 0,0 1,1 2,2 =5 ");
    RdData data = read_good(scratch_text("b.csv", takes), &take, inputs);
    cr_expect_eq(data.frames_cut, 1);
    cr_expect_eq(data.line[1], 4);
    cr_expect_str_eq(data.shown[1], "8");
    rd_data_free(&data);
}

Test(series, bad_sequences) {
    expect_error(
        "take,mfcc1,mfcc2,mood,age\n7,1,2,negative,3\n8,1,2,negative,3\n7,1,2,negative,3\n", &take,
        all,
        ":4: take '7' comes back, after other lines than those from line 2 on; the lines of "
        "a sequence must follow each other");
    expect_error("take,mfcc1,mfcc2,mood,age\n7,1,2,negative,3\n7,1,2,positive,3\n", &take, all,
                 ":3: column 'mood' has 'positive' here, but another value at the sequence's start "
                 "in line 2");
    expect_error(
        "take,mfcc1,mfcc2,mood,age\n7,1,2,negative,3\n7,1,2,negative,4\n", &take, all,
        ":3: column 'age' has '4' here, but another value at the sequence's start in line 2");
    expect_error("take,mfcc1,mfcc2,mood,age\n,1,2,negative,3\n", &take, all,
                 ":2: column 'take' is empty; expected the id of a sequence");
    expect_error(
        "1,2,3,positive,5\n", &take, all,
        ":1: this is no header; expected one that names the column 'take', which tells the "
        "sequences apart");
    expect_error("mfcc1,mfcc2,mood,age\n1,2,negative,3\n", &take, all,
                 ":1: the header has no column 'take'; is it 'age'? needed: mood, take, mfcc, age");
}

/* A sequence with a line that cannot be used is left out; where it cannot be told whose line it is,
 * those on both sides are. */
Test(series, skipped_lines) {
    expect(
        "take,mfcc0,mfcc1,mood,age\n1,1,2,negative,3\n1,1,NA,negative,3\n1,1,2,negative,3\n"
        "2,5,6,positive,4\n3,x,6,positive,4\n3,5,6,positive,4\n4,7,8,positive,4\n",
        &take, lenient, "1: 5,6 =4  | 1: 7,8 =4 ");
    expect(
        "take,mfcc0,mfcc1,mood,age\n1,1,2,negative,3\n2,5,6,positive,4\nsix\n3,5,6,positive,4\n"
        "4,7,8,positive,4\n",
        &take, lenient, "0: 1,2 =3  | 1: 7,8 =4 ");
}

/* ---- texts of sequences ---- */

/* "a b | c": the words of column c, or the characters of each word of it. */
static const char *words_of(const RdData *data, int c) {
    static char out[1024];
    const RdWords *words = &data->words[c];
    const char *word = words->bytes;
    char *at = out;
    for (int i = 0; i < words->owners; i++) {
        if (i) at += sprintf(at, "| ");
        for (int k = 0; k < words->word_count[i]; k++, word = rd_next_word(word))
            at += sprintf(at, "%s ", word);
    }
    return out;
}

static const char spoken[] =
    "take,mfcc0,mfcc1,words,tag,said\n1,1,2,a cd,X Y,uv\n1,3,4,a cd,X Y,uv\n"
    "2,5,6,bad,X,w\n2,5,NA,bad,X,w\n"
    "3,0,0,ef g h,Y X X,xy z\n3,1,1,ef g h,Y X X,xy z\n4,9,9,i,Y,q\n";

Test(series, texts_of_sequences) {
    RdData data = read_good(scratch_text("a.csv", spoken), &speech, lenient);
    cr_expect_str_eq(show(&speech, &data), "1,2 3,4  | 0,0 1,1  | 9,9 ");
    cr_expect_str_eq(words_of(&data, 1), "a cd | ef g | i ");
    cr_expect_str_eq(words_of(&data, 2), "a | c d | e f | g | i ");
    cr_expect_str_eq(words_of(&data, 3), "X Y | Y X | Y ");
    cr_expect_str_eq(words_of(&data, 4), "u v | x y   z | q ");
    cr_expect_str_eq(rd_first_word(&data, 4, 2), "q");
    cr_expect_eq(data.words[4].cut, 0);

    RdVocab vocab[RD_MAX_COLUMNS] = {{0}};
    RdExamples examples;
    cr_assert(rd_learn_columns(&speech, &data, vocab, NULL));
    cr_expect_eq(rd_vocab_lookup(&vocab[4], "</s>"), 0, "an unmarked text");
    rd_encode(&speech, &data, vocab, &examples);
    cr_expect_eq(rd_examples_rows(&examples, 1), 5u);
    cr_expect_eq(rd_examples_rows(&examples, 2), 5u);
    cr_expect_eq(rd_examples_rows(&examples, 3), 7u);
    cr_expect_eq(rd_examples_rows(&examples, 4), 7u);
    rd_examples_free(&examples);
    for (int c = 0; c < speech.column_count; c++) rd_vocab_free(&vocab[c]);
    rd_data_free(&data);
}

Test(series, texts_to_predict_for) {
    RdData data =
        read_good(scratch_text("a.csv", "take,mfcc0,mfcc1,words\n1,1,2,a b\n1,3,4,a b\n2,5,6,c\n"),
                  &speech, inputs);
    cr_expect_str_eq(data.text[1][0], "a b");
    cr_expect_str_eq(data.text[1][1], "c");
    cr_expect_str_eq(data.shown[1], "2");
    cr_expect_str_eq(words_of(&data, 2), "a | b | c ");
    rd_data_free(&data);
}

Test(series, bad_texts_of_sequences) {
    expect_error(
        "take,mfcc0,mfcc1,words,tag,said\n1,1,2,a,X,uv\n1,3,4,a,X,u\n", &speech, all,
        ":3: column 'said' has 'u' here, but another value at the sequence's start in line 2");
    expect_error("take,mfcc0,mfcc1,words,tag,said\n1,1,2,a,X,\n", &speech, all,
                 ":2: the text in column 'said' is empty; expected at least one character");
    expect_error("take,mfcc0,mfcc1,words,tag,said\n1,1,2,a b,X,u\n", &speech, all,
                 ":2: column 'words' has 2 words, column 'tag' 1; expected equal numbers");
    /* a sequence whose first line is left out */
    RdData data = read_good(
        scratch_text("a.csv",
                     "take,mfcc0,mfcc1,words,tag,said\n1,NA,2,a,X,u\n1,3,4,b,X,u\n1,3,4,b,X,u\n"
                     "2,5,6,c,Y,v\n"),
        &speech, lenient);
    cr_expect_str_eq(words_of(&data, 1), "c ");
    rd_data_free(&data);
}

/* ---- windows ---- */

static const char sales[] = "day,sales,pm2.5\n1,1,10\n2,2,20\n3,3,30\n4,4,40\n5,5,50\n";

Test(series, windows) {
    expect(sales, &series, all, "=4 1,10 2,20  | =5 2,20 3,30 ");
    expect(sales, &series, inputs, "1,10 2,20  | 2,20 3,30  | 3,30 4,40  | 4,40 5,50 ");
    RdData data = read_good(scratch_text("b.csv", sales), &series, inputs);
    cr_expect_eq(data.line[3], 6);
    cr_expect_str_eq(data.shown[3], "5,5,50");
    rd_data_free(&data);
}

Test(series, windows_do_not_reach_over_gaps) {
    expect("sales,pm2.5\n1,1\n2,2\n3,3\n4,4\n5,NA\n6,6\n7,7\n8,8\n9,9\n", &series, lenient,
           "=4 1,1 2,2  | =9 6,6 7,7 ");
    expect_error(
        "sales,pm2.5\n1,1\n2,2\n3,3\n", &series, all,
        ": no 4 lines follow each other without a break; a window of 2 lines and what lies "
        "ahead of it needs them");
}

/* ---- scaling ---- */

Test(series, scaling) {
    RdData data = read_good(scratch_text("a.csv", takes), &take, all);
    RdVocab vocab[RD_MAX_COLUMNS] = {{0}};
    RdExamples examples;
    cr_assert(rd_learn_columns(&take, &data, vocab, NULL));
    cr_expect_float_eq(vocab[1].mean[0], 12.0 / 6, 1e-12); /* of 1 3 5 0 1 2 */
    cr_expect_float_eq(vocab[1].deviation[0] * vocab[1].deviation[0], 16.0 / 6, 1e-12);
    cr_expect_eq(vocab[2].numbers, 0);
    rd_encode(&take, &data, vocab, &examples);
    cr_expect_float_eq(examples.real[1][4], 3 / vocab[1].deviation[0], 1e-12);
    cr_expect_float_eq(rd_unscale(&vocab[1], 0, examples.real[1][4]), 5, 1e-12);
    cr_expect_eq(examples.real[2][2], 5);
    cr_expect_eq(rd_examples_rows(&examples, 1), 6u);

    RdPlan plan;
    RdBatch batch;
    rd_plan_new(&examples, 3, &plan);
    rd_plan_batch(&plan, 0, &batch);
    const float *rows = batch.real[1]; /* the longest first, step by step */
    for (int row = 0; row < 6; row++) {
        static const double wanted[] = {0, 1, 5, 1, 3, 2};
        cr_expect_float_eq(rd_unscale(&vocab[1], 0, (double)rows[2 * row]), wanted[row], 1e-5);
    }
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    for (int c = 0; c < 3; c++) rd_vocab_free(&vocab[c]);
    rd_data_free(&data);
}

Test(series, scale_of_equal_numbers) {
    RdData data = read_good(scratch_text("a.csv", "0.5,7,1,a\n0.5,7,2,b\n"), &score, all);
    RdVocab vocab;
    rd_scale_build(&score, &data, 1, &vocab);
    cr_expect_eq(vocab.deviation[0], 1);
    cr_expect_eq(rd_scale(&vocab, 0, 9), 2);
    rd_vocab_free(&vocab);
    rd_data_free(&data);
}
