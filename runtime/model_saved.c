/* What a model file holds, in memory; and how the file calls it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "model_keys.h"
#include "tokens.h"

/* ---- names ---- */

bool rd_is_own_key(const char *key) {
    return strcmp(key, "format") == 0 || strcmp(key, "model") == 0 || strcmp(key, "columns") == 0 ||
           strncmp(key, "words.", 6) == 0 || strncmp(key, "merges.", 7) == 0 ||
           strncmp(key, "scale.", 6) == 0;
}

const char *rd_kind_name(const RdColumn *column) {
    if (column->kind == RD_CLASS) return "class";
    if (column->kind == RD_NUMBERS) return column->per_step ? "frames" : "real";
    if (column->kind == RD_TAGS) return "tags";
    if (column->kind == RD_PREVIOUS) return "previous";
    if (column->kind == RD_CARRIED) return "carried";
    return rd_tokens_name(column);
}

RdPrefix rd_prefix_of(const RdModel *model, int stretch) {
    RdPrefix prefix = {""};
    const char *slot = stretch >= RD_SLOT ? model->training.slot[stretch - RD_SLOT] : NULL;
    if (stretch == RD_LATEST) strcpy(prefix.text, RD_LATEST_PREFIX);
    if (slot) snprintf(prefix.text, sizeof prefix.text, "%s%s.", RD_OPTIMIZER_PREFIX, slot);
    return prefix;
}

bool rd_is_in_stretch(const RdModel *model, int stretch, int param) {
    return stretch < RD_SLOT ||
           (model->training.slot[stretch - RD_SLOT] && !model->params[param].frozen);
}

/* ---- entries, stretches, vocabularies ---- */

void rd_saved_set(RdSaved *saved, const char *key, const char *value) {
    for (int i = 0; i < saved->entry_count; i++) {
        if (strcmp(saved->entry[i].key, key) != 0) continue;
        free((void *)saved->entry[i].value);
        saved->entry[i].value = rd_copy(value);
        return;
    }
    size_t room = (size_t)saved->entry_count;
    saved->entry = rd_grow(saved->entry, &room, room + 1, sizeof *saved->entry);
    saved->entry[saved->entry_count++] = (RdEntry){rd_copy(key), rd_copy(value)};
}

const char *rd_saved_get(const RdSaved *saved, const char *key) {
    for (int i = 0; i < saved->entry_count; i++)
        if (strcmp(saved->entry[i].key, key) == 0) return saved->entry[i].value;
    return NULL;
}

void rd_saved_free(RdSaved *saved) {
    for (int c = 0; c < RD_MAX_COLUMNS; c++) rd_vocab_free(&saved->vocab[c]);
    for (int s = 0; s < RD_STRETCHES; s++) free(saved->stretch[s]);
    for (int c = 0; c < RD_MAX_COLUMNS; c++) free(saved->state[c]);
    for (int i = 0; i < saved->entry_count; i++) {
        free((void *)saved->entry[i].key);
        free((void *)saved->entry[i].value);
    }
    free(saved->entry);
    *saved = (RdSaved){0};
}

void rd_saved_vocab_sizes(const RdSaved *saved, int *sizes) {
    for (int c = 0; c < RD_MAX_COLUMNS; c++) sizes[c] = saved->vocab[c].size;
}

RdTensor rd_expected_tensor(const RdModel *model, const RdSaved *saved, int p) {
    int sizes[RD_MAX_COLUMNS];
    rd_saved_vocab_sizes(saved, sizes);
    RdTensor tensor = {.rank = model->params[p].rank, .count = 1};
    for (int d = 0; d < tensor.rank; d++) {
        tensor.dims[d] = (size_t)rd_param_dim(&model->params[p], d, sizes);
        tensor.count *= tensor.dims[d];
    }
    return tensor;
}
