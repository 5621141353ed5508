#include "learn.h"

#include <string.h>

#include "chunks.h"
#include "scale.h"

/* The first metric of a model that counts entities, or NULL. */
static const char *entity_metric(const RdModel *model) {
    for (int m = 0; m < model->metric_count; m++)
        if (strncmp(model->metrics[m], "entity_", 7) == 0) return model->metrics[m];
    return NULL;
}

/* Tags that were learned may turn out to mark no entities. */
static bool check_tags(const RdModel *model, const RdData *data, int column, const RdVocab *vocab,
                       RdError *error) {
    const char *metric = entity_metric(model);
    if (!metric || model->columns[column].kind != RD_TAGS) return true;
    RdChunks chunks;
    bool apply = rd_chunks_init(&chunks, vocab->word, vocab->size) && chunks.apply;
    rd_chunks_free(&chunks);
    if (apply) return true;
    char list[128];
    rd_list(list, sizeof list, vocab->word + 1, vocab->size - 1);
    return rd_fail(error,
                   "%s: %s counts entities, which tags such as B-person, I-person and O mark; '%s' "
                   "has %s: take accuracy instead, or another column",
                   data->path, metric, model->columns[column].name, list);
}

bool rd_learn_columns(const RdModel *model, const RdData *data, RdVocab *vocab, RdError *error) {
    bool good = true;
    for (int c = 0; good && c < model->column_count; c++) {
        if (!data->has[c]) continue;
        if (rd_column_learned(&model->columns[c]))
            good = rd_vocab_learn(data, model, c, &vocab[c], error) &&
                   check_tags(model, data, c, &vocab[c], error);
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
