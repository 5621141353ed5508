#include "baseline.h"

#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "ngram.h"

/* The numbers of the words of a column, and how many each sequence has. */
typedef struct {
    int *number;
    size_t count;
} Numbers;

static Numbers numbers_of(const RdData *data, const RdVocab *vocab, int column) {
    const RdWords *words = &data->words[column];
    const char *word = words->bytes;
    Numbers numbers = {0};
    for (int i = 0; i < words->owners; i++) numbers.count += (size_t)words->word_count[i];
    numbers.number = rd_zeros(numbers.count + 1, sizeof *numbers.number);
    for (size_t i = 0; i < numbers.count; i++, word = rd_next_word(word))
        numbers.number[i] = rd_vocab_lookup(&vocab[column], word);
    return numbers;
}

static void count(RdNgram *ngram, const RdData *data, const RdVocab *vocab, int column) {
    const RdWords *words = &data->words[column];
    Numbers numbers = numbers_of(data, vocab, column);
    for (size_t i = 0, at = 0; i < (size_t)words->owners; at += (size_t)words->word_count[i++])
        rd_ngram_count(ngram, numbers.number + at, (size_t)words->word_count[i]);
    rd_ngram_finish(ngram);
    free(numbers.number);
}

static double measure(const RdNgram *ngram, double k, const RdData *data, const RdVocab *vocab,
                      int column) {
    const RdWords *words = &data->words[column];
    Numbers numbers = numbers_of(data, vocab, column);
    double loss = 0;
    for (size_t i = 0, at = 0; i < (size_t)words->owners; at += (size_t)words->word_count[i++])
        loss += rd_ngram_loss(ngram, k, numbers.number + at, (size_t)words->word_count[i]);
    free(numbers.number);
    return numbers.count ? loss / (double)numbers.count : 0;
}

void rd_baseline_measure(RdBaseline *baseline, const RdModel *model, const RdVocab *vocab,
                         int column, const RdData *train, const RdData *data) {
    int mark = model->columns[column].marked ? RD_MARK : 0;
    RdNgram *ngram = rd_ngram_new(baseline->order, vocab[column].size, mark);
    count(ngram, train, vocab, column);
    baseline->loss = measure(ngram, baseline->k, data, vocab, column);
    rd_ngram_free(ngram);
}

const char *rd_baseline_smoothing(const RdBaseline *baseline, char text[RD_BASELINE_TEXT]) {
    if (baseline->k <= 0) return "Kneser-Ney";
    snprintf(text, RD_BASELINE_TEXT, "add-%g", baseline->k);
    return text;
}
