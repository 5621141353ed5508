#include "learn.h"

#include <string.h>

#include "scale.h"

bool rd_learn_columns(const RdModel *model, const RdData *data, RdVocab *vocab, RdError *error) {
    bool good = true;
    for (int c = 0; good && c < model->column_count; c++) {
        if (!data->has[c]) continue;
        if (rd_column_learned(&model->columns[c]))
            good = rd_vocab_learn(data, model, c, &vocab[c], error);
        if (model->columns[c].kind == RD_NUMBERS) rd_scale_build(model, data, c, &vocab[c]);
    }
    return good;
}

/* A column whose tokens are learned, or NULL. */
static const RdColumn *learned_tokens(const RdModel *model) {
    for (int c = 0; c < model->column_count; c++)
        if (model->columns[c].kind == RD_WORDS && model->columns[c].tokens == RD_BY_BPE)
            return &model->columns[c];
    return NULL;
}

bool rd_read_and_learn(const char *path, const RdModel *model, RdReadOptions options, RdData *data,
                       RdVocab *vocab, RdError *error) {
    const RdColumn *learned = learned_tokens(model);
    options.need_targets = true;
    options.learned = NULL;
    *data = (RdData){0};
    if (learned && strcmp(path, "-") == 0)
        return rd_fail(error,
                       "the tokens of '%s' are learned, which reads the data twice; expected a "
                       "file, not the standard input",
                       learned->name);
    if (!rd_data_read(path, model, options, data, error) ||
        !rd_learn_columns(model, data, vocab, error))
        return false;
    if (!learned) return true;
    rd_data_free(data);
    options.learned = vocab;
    return rd_data_read(path, model, options, data, error);
}
