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

/* from: words; to: words that are produced; what comes before these */
static const RdColumn said_columns[] = {
    {.name = "from", .kind = RD_WORDS, .per_step = 1, .max_length = 4},
    {.name = "to",
     .kind = RD_WORDS,
     .target = true,
     .marked = true,
     .per_step = 2,
     .max_vocab = 6,
     .max_length = 3},
    {.name = "to.previous", .kind = RD_PREVIOUS, .per_step = 2, .previous = 1},
};
static const RdSequence said_sequences[] = {{.column = 0}, {.column = 1}};
static const RdModel said = {.name = "said",
                             .column_count = 3,
                             .columns = said_columns,
                             .sequence_count = 2,
                             .sequences = said_sequences,
                             .loss_per_step = 2};

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
