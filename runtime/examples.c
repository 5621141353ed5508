/* Data as numbers. */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "batch.h"
#include "columns.h"

/* The first column of words that was read, or -1. */
static int column_of_words(const RdModel *model, const RdData *data) {
    for (int c = 0; c < model->column_count; c++)
        if (model->columns[c].kind == RD_WORDS && data->has[c]) return c;
    return -1;
}

static void set_lengths(const RdModel *model, const RdData *data, RdExamples *examples) {
    int words = column_of_words(model, data);
    for (int i = 0; i < data->count; i++) {
        int length = words < 0 ? 1 : data->words[words].word_count[i];
        examples->length[i] = length;
        examples->first[i + 1] = examples->first[i] + (size_t)length;
        if (length > examples->longest) examples->longest = length;
    }
}

static void encode_words(const RdColumn *of, const RdData *data, int column, const RdVocab *vocab,
                         int *number) {
    for (int i = 0; i < data->count; i++) {
        const char *word = rd_first_word(data, column, i);
        for (int k = 0; k < data->words[column].word_count[i]; k++, word = rd_next_word(word))
            *number++ = of->classes ? rd_class_number(of, word) : rd_vocab_lookup(vocab, word);
    }
}

void rd_encode(const RdModel *model, const RdData *data, const RdVocab *vocab,
               RdExamples *examples) {
    size_t count = (size_t)data->count;
    *examples = (RdExamples){
        .count = data->count, .column_count = model->column_count, .real_size = model->real_size};
    examples->length = rd_zeros(count, sizeof *examples->length);
    examples->first = rd_zeros(count + 1, sizeof *examples->first);
    set_lengths(model, data, examples);
    for (int c = 0; c < model->column_count; c++) {
        bool words = examples->per_step[c] = rd_column_of_words(&model->columns[c]);
        examples->number[c] = rd_zeros(words ? examples->first[count] : count, sizeof(int));
        size_t each = (size_t)model->columns[c].numbers;
        examples->numbers[c] = (int)each;
        if (each) examples->real[c] = rd_zeros(count * each, sizeof(double));
        if (!data->has[c]) continue;
        if (each)
            memcpy(examples->real[c], data->real[c], count * each * sizeof(double));
        else if (words)
            encode_words(&model->columns[c], data, c, &vocab[c], examples->number[c]);
        else
            memcpy(examples->number[c], data->number[c], count * sizeof(int));
    }
}

void rd_examples_free(RdExamples *examples) {
    free(examples->length);
    free(examples->first);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) {
        free(examples->number[c]);
        free(examples->real[c]);
    }
    *examples = (RdExamples){0};
}
