#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bleu.h"
#include "decoder.h"
#include "tokens.h"

/* All that can be told of the texts. */
typedef struct {
    RdBleu bleu;
    RdErrorRate words, chars;
} Scores;

static bool score_of(const Scores *scores, const char *metric, double *value) {
    if (strcmp(metric, "bleu") == 0) return *value = rd_bleu(&scores->bleu), true;
    if (strcmp(metric, "wer") == 0) return *value = rd_error_rate(&scores->words), true;
    if (strcmp(metric, "cer") == 0) return *value = rd_error_rate(&scores->chars), true;
    return false;
}

bool rd_compares(const RdModel *model) {
    const Scores none = {0};
    double value;
    for (int m = 0; m < model->metric_count; m++)
        if (score_of(&none, model->metrics[m], &value)) return true;
    return false;
}

/* The text of record i, its mark left out; freed with free. */
static char *own_text(const RdColumn *column, const RdData *data, int c, int i) {
    const char *word = rd_first_word(data, c, i);
    int count = data->words[c].word_count[i] - column->marked;
    size_t size = 1;
    for (int k = 0; k < count; k++, word = rd_next_word(word)) size += strlen(word) + 2;
    char *text = rd_zeros(size, 1), *at = text;
    word = rd_first_word(data, c, i);
    for (int k = 0; k < count; k++, word = rd_next_word(word))
        at += rd_token_text(column, word, k == 0, at);
    return text;
}

static void compare(const RdModel *model, const RdData *data, const RdMadeTexts *texts,
                    Scores *scores) {
    int column = model->decoding ? model->decoding->column : model->steps->generated.column;
    for (int i = 0; i < data->count; i++) {
        char *wanted = own_text(&model->columns[column], data, column, i);
        rd_bleu_add(&scores->bleu, texts->text[i], wanted);
        rd_words_add(&scores->words, texts->text[i], wanted);
        rd_chars_add(&scores->chars, texts->text[i], wanted);
        free(wanted);
    }
}

bool rd_compare_texts(RdTrained *trained, const RdOptions *options, const RdData *data,
                      RdComparison *comparison, RdError *error) {
    const RdModel *model = trained->model;
    RdMadeTexts texts;
    Scores scores = {0};
    bool made = (model->decoding ? rd_decode : rd_generate)(trained, options, data, &texts, error);
    if (made) compare(model, data, &texts, &scores);
    rd_generated_free(&texts);
    *comparison = (RdComparison){0};
    for (int m = 0; made && m < model->metric_count; m++) {
        double *value = &comparison->value[comparison->count];
        if (!score_of(&scores, model->metrics[m], value)) continue;
        comparison->name[comparison->count++] = model->metrics[m];
    }
    return made;
}
