/* Texts that are produced: their mark, what comes before each word, windows of a long one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "batch.h"
#include "sample_models.h"
#include "scratch.h"
#include "tokens.h"

TestSuite(text, .init = scratch_open, .fini = scratch_close);

static const RdReadOptions all = {.need_targets = true};
static const RdReadOptions inputs = {.keep_text = true};

typedef struct {
    RdData data;
    RdVocab vocab[RD_MAX_COLUMNS];
    RdExamples examples;
} Read;

static Read read_with(const RdModel *model, const char *path, RdReadOptions options) {
    Read r = {.data = {0}};
    RdError error;
    cr_assert(rd_data_read(path, model, options, &r.data, &error), "%s", error.text);
    for (int c = 0; c < model->column_count; c++)
        if (r.data.has[c] && rd_column_learned(&model->columns[c]))
            cr_assert(rd_vocab_learn(&r.data, model, c, &r.vocab[c], &error));
    rd_encode(model, &r.data, r.vocab, &r.examples);
    return r;
}

static void close_read(Read *r) {
    rd_examples_free(&r->examples);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) rd_vocab_free(&r->vocab[c]);
    rd_data_free(&r->data);
}

/* "a b </s> | c </s>": what the numbers of a column of text stand for, example by example. */
static const char *shown(const Read *r, int column, int names) {
    static char out[4096];
    int n = r->examples.per_step[column], length = 0;
    out[0] = '\0';
    for (int i = 0; i < r->examples.count; i++) {
        if (i) length += sprintf(out + length, " | ");
        size_t first = rd_examples_first(&r->examples, n, i);
        for (size_t k = first; k < rd_examples_first(&r->examples, n, i + 1); k++)
            length += sprintf(out + length, "%s%s", k > first ? " " : "",
                              r->vocab[names].word[r->examples.number[column][k]]);
    }
    return out;
}

Test(text, ends_with_the_mark) {
    Read r = read_with(&said, scratch_text("a.tsv", "Ein Haus\ta house .\nja\tyes\n"), all);
    cr_expect_str_eq(shown(&r, 0, 0), "ein haus | ja");
    cr_expect_str_eq(shown(&r, 1, 1), "a house . </s> | yes </s>");
    cr_expect_str_eq(shown(&r, 2, 1), "</s> a house . | </s> yes");
    cr_expect_str_eq(r.vocab[1].word[RD_MARK], rd_mark);
    close_read(&r);
}

Test(text, mark_is_known_whatever_the_limits) {
    Read r = read_with(&said, scratch_text("a.tsv", "a\tp q r s\nb\tp </s> <unk>\nc\tt u v"), all);
    cr_expect_eq(r.vocab[1].size, 6);
    cr_expect_str_eq(r.vocab[1].word[1], "</s>");
    cr_expect_str_eq(shown(&r, 1, 1), "p q r </s> | p </s> <unk> </s> | t <unk> <unk> </s>");
    cr_expect_eq(r.data.words[1].cut, 1);
    close_read(&r);
}

Test(text, without_the_target_there_is_one_step) {
    Read r = read_with(&said, scratch_text("a.txt", "ein Haus\nja\n"), inputs);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(r.examples.sequence[1].length[i], 1);
        cr_expect_eq(r.examples.number[2][i], RD_MARK);
    }
    close_read(&r);
}

/* ---- a text for itself ---- */

static const RdColumn alone_columns[] = {
    {.name = "y", .kind = RD_WORDS, .target = true, .marked = true, .per_step = 1},
};
static const RdSequence alone_sequences[] = {{.column = 0}};
static const RdModel alone = {.name = "alone",
                              .column_count = 1,
                              .columns = alone_columns,
                              .sequence_count = 1,
                              .sequences = alone_sequences,
                              .loss_per_step = 1};

Test(text, lines_with_gaps_and_tabs) {
    Read r = read_with(&alone, scratch_text("a.txt", "a\tb c\n\n\nd\n"), all);
    cr_expect_str_eq(shown(&r, 0, 0), "a b c </s> | d </s>");
    close_read(&r);
    r = read_with(&alone, scratch_text("a.tsv", "n\ty\n1\ta b\n"), all);
    cr_expect_str_eq(shown(&r, 0, 0), "a b </s>");
    close_read(&r);
}

/* ---- long texts ---- */

/* A text of characters or words, cut as the tests say; and what comes before, and a state. */
static RdColumn long_columns[] = {
    {.name = "y", .kind = RD_WORDS, .target = true, .marked = true, .per_step = 1},
    {.name = "y.previous", .kind = RD_PREVIOUS, .per_step = 1, .previous = 0},
    {.name = "h", .kind = RD_CARRIED, .numbers = 2, .start = 0.5},
};
static const RdSequence long_sequences[] = {{.column = 0}};
static const RdCarried long_carried[] = {{.column = 2, .stride = 4}};
static const RdModel long_text = {.name = "long",
                                  .real_size = sizeof(float),
                                  .column_count = 3,
                                  .columns = long_columns,
                                  .sequence_count = 1,
                                  .sequences = long_sequences,
                                  .carried_count = 1,
                                  .carried = long_carried,
                                  .loss_per_step = 1};

static Read read_long(RdTokens tokens, int window, int stride, bool stream, const char *text) {
    long_columns[0].tokens = tokens;
    long_columns[0].window = window;
    long_columns[0].stride = stride;
    long_columns[0].stream = stream;
    return read_with(&long_text, scratch_text("a.txt", text), all);
}

static void expect_cut(Read r, int streams, const char *words, const char *before) {
    rd_examples_cut(&r.examples, &long_text, streams);
    cr_expect_str_eq(shown(&r, 0, 0), words);
    cr_expect_str_eq(shown(&r, 1, 0), before);
    close_read(&r);
}

Test(text, lines_of_a_long_text) {
    expect_cut(read_long(RD_BY_WORDS, 99, 99, false, "A b\n\n c\n"), 1, "a b </s> </s> c </s>",
               "</s> a b </s> </s> c");
    expect_cut(read_long(RD_BY_CHARS, 99, 99, false, "A\n\nb"), 1, "A \n \n b \n",
               "</s> A \n \n b");
    expect_cut(read_long(RD_BY_BYTES, 99, 99, false, "\xC3\xA4\n"), 1, "\xC3\x83 \xC2\xA4 \xC4\x8A",
               "</s> \xC3\x83 \xC2\xA4");
}

Test(text, windows) {
    expect_cut(read_long(RD_BY_WHITESPACE, 3, 3, false, "a b c d e f g"), 9,
               "a b c | d e f | g </s>", "</s> a b | c d e | f g");
    expect_cut(read_long(RD_BY_WHITESPACE, 3, 3, false, "a b"), 9, "a b </s>", "</s> a b");
}

Test(text, overlapping_windows) {
    expect_cut(read_long(RD_BY_WHITESPACE, 4, 2, false, "a b c d e f g"), 9,
               "a b c d | c d e f | e f g </s>", "</s> a b c | b c d e | d e f g");
    expect_cut(read_long(RD_BY_WHITESPACE, 4, 3, false, "a b c d"), 9, "a b c d | d </s>",
               "</s> a b c | c d");
}

Test(text, streams) {
    expect_cut(read_long(RD_BY_WHITESPACE, 2, 2, true, "a b c d e f g"), 2,
               "a b | e f | c d | g </s>", "</s> a | d e | b c | f g");
    expect_cut(read_long(RD_BY_WHITESPACE, 2, 2, true, "a b c d e f"), 3, "a b | d e | f </s> | c",
               "</s> a | c d | e f | b");
    expect_cut(read_long(RD_BY_WHITESPACE, 9, 9, true, "a b"), 5, "a | b | </s>", "</s> | a | b");
}

Test(text, streams_stay_in_order_and_keep_their_state) {
    Read r = read_long(RD_BY_WHITESPACE, 2, 2, true, "a b c d e f");
    RdPlan plan;
    RdBatch batch;
    rd_examples_cut(&r.examples, &long_text, 3);
    rd_plan_new(&r.examples, 3, &plan);
    rd_plan_shuffle(&plan, 1, 1);
    rd_plan_start(&plan, &long_text);
    rd_plan_batch(&plan, 0, &batch);
    cr_expect_eq(batch.examples, 3);
    const float *before = batch.real[2];
    for (int i = 0; i < 6; i++) cr_expect_eq(before[i], 0.5F);
    float after[3][4] = {{1, 2, 9, 9}, {3, 4, 9, 9}, {5, 6, 9, 9}};
    const void *carried[] = {after};
    rd_plan_carry(&plan, &long_text, &(RdRun){.batch = &batch, .carried = carried});
    rd_plan_batch(&plan, 1, &batch);
    cr_expect_eq(batch.examples, 1, "the third and last window of the first stream");
    before = batch.real[2];
    for (int i = 0; i < 6; i++) cr_expect_eq(before[i], (float)i + 1);
    cr_expect_str_eq(r.vocab[0].word[batch.index[0][0]], "c");
    rd_plan_free(&plan);
    close_read(&r);
}

/* ---- two files side by side ---- */

static const char *pair_of(const char *left, const char *right) {
    static char path[1024];
    snprintf(path, sizeof path, "%s", scratch_text("a.de", left));
    size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, ",%s", scratch_text("a.en", right));
    return path;
}

Test(text, files_side_by_side) {
    Read r = read_with(&said, pair_of("Ein Haus\nja\n", "a house .\nyes\n"), all);
    cr_expect_str_eq(shown(&r, 0, 0), "ein haus | ja");
    cr_expect_str_eq(shown(&r, 1, 1), "a house . </s> | yes </s>");
    close_read(&r);
}

static void expect_refused(const char *path, const char *message) {
    RdData data;
    RdError error;
    cr_expect_not(rd_data_read(path, &said, all, &data, &error));
    cr_expect(strstr(error.text, message), "%s", error.text);
    rd_data_free(&data);
}

Test(text, files_that_do_not_go_together) {
    expect_refused(pair_of("a\nb\n", "a\n"), "a.en: ends after line 1, but ");
    expect_refused(pair_of("a\n", "a\nb\n"), "a.de: ends after line 1, but ");
    expect_refused(pair_of("a\nb\n", "a\n\n"), ":2: the text in column 'to' is empty");
    expect_refused(pair_of("a\nb\n", "a\n\xff\n"), "a.en:2: byte 1 (0xFF) is not valid UTF-8");
    expect_refused("no.de,no.en", "no.de: cannot open: No such file");
    expect_refused(",", ": cannot open: No such file");
}
