#include "made_up.h"

#include "alloc.h"
#include "random.h"

typedef struct {
    const RdModel *model;
    RdMadeUp wanted;
    RdRandom random;
    RdVocab *vocab;
    RdExamples *examples;
} Maker;

static int least(int a, int b) { return a < b ? a : b; }

static int bounded(int wanted, int limit) { return limit > 0 ? least(wanted, limit) : wanted; }

static void make_up_lengths(Maker *maker, int n) {
    const RdModel *model = maker->model;
    RdLengths *lengths = rd_examples_lengths(maker->examples, n);
    if (!lengths) return;
    int shortest = 1, longest = 1;
    if (n <= model->sequence_count) {
        const RdColumn *column = &model->columns[model->sequences[n - 1].column];
        longest = bounded(maker->wanted.longest, column->max_length);
        shortest = least(maker->wanted.shortest, longest);
    }
    const int range = longest - shortest + 1;
    for (size_t i = 0; i < lengths->owners; i++) {
        int any = shortest + (int)rd_random_below(&maker->random, (uint64_t)range);
        lengths->length[i] = i == 0 ? shortest : i == 1 ? longest : any;
    }
    rd_examples_sum(maker->examples, n);
}

static void make_up_numbers(Maker *maker, int c, size_t count) {
    RdExamples *examples = maker->examples;
    examples->real[c] = rd_zeros(count, sizeof(double));
    for (size_t i = 0; i < count; i++) examples->real[c][i] = rd_random_normal(&maker->random);
}

static void make_up_column(Maker *maker, int c) {
    RdExamples *examples = maker->examples;
    const RdColumn *column = &maker->model->columns[c];
    bool words = column->kind == RD_WORDS;
    int choices = words ? bounded(maker->wanted.words, column->max_vocab) : column->class_count;
    size_t count = rd_examples_rows(examples, examples->per_step[c]);
    if (words) maker->vocab[c].size = choices;
    examples->number[c] = rd_zeros(count, sizeof(int));
    examples->numbers[c] = column->numbers;
    if (column->kind == RD_CARRIED) return;
    if (column->kind == RD_PREVIOUS) {
        rd_examples_previous(examples, maker->model, c);
        return;
    }
    if (column->numbers) make_up_numbers(maker, c, count * (size_t)column->numbers);
    for (size_t i = 0; i < count && !column->numbers; i++)
        examples->number[c][i] = (int)rd_random_below(&maker->random, (uint64_t)choices);
}

void rd_make_up(const RdModel *model, RdMadeUp wanted, uint64_t seed, RdVocab *vocab,
                RdExamples *examples) {
    Maker maker = {model, wanted, rd_random(seed, 1), vocab, examples};
    rd_examples_new(model, wanted.examples, examples);
    for (int n = 1; n <= examples->sequence_count; n++) make_up_lengths(&maker, n);
    for (int c = 0; c < model->column_count; c++) make_up_column(&maker, c);
}
