/* Data files of any bytes, for models of every shape: they are read or refused. The first byte says
 * how to read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/sample_models.h"
#include "batch.h"
#include "data.h"
#include "scale.h"

static void check(bool good) {
    if (!good) abort();
}

/* What was read can be counted, encoded and packed. */
static void use(const RdModel *model, const RdData *data) {
    RdVocab vocab[RD_MAX_COLUMNS] = {{0}};
    RdExamples examples;
    RdPlan plan;
    check(data->count > 0);
    for (int c = 0; c < model->column_count; c++) {
        if (!data->has[c]) continue;
        if (rd_column_learned(&model->columns[c]))
            rd_vocab_build(data, c, 100, 1, model->columns[c].marked, &vocab[c]);
        if (model->columns[c].kind == RD_NUMBERS) rd_scale_build(model, data, c, &vocab[c]);
    }
    rd_encode(model, data, vocab, &examples);
    rd_examples_cut(&examples, model, 3);
    rd_plan_new(&examples, 3, &plan);
    rd_plan_shuffle(&plan, 1, 1);
    for (int k = 0; k < plan.batch_count; k++) {
        RdBatch batch;
        rd_plan_batch(&plan, k, &batch);
        check(batch.packing[0].rows > 0);
    }
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    for (int c = 0; c < model->column_count; c++) rd_vocab_free(&vocab[c]);
}

/* A model and a format that its data can have. */
static const RdModel *choose(unsigned mode, RdFormat *format) {
    static const RdModel *const models[] = {&mood,  &topic, &tag,  &table,
                                            &score, &pair,  &take, &series};
    *format = (RdFormat)(mode >> 5 & 3);
    if ((mode & 227) == 99) { /* instead of four columns in one field */
        *format = RD_FORMAT_CSV;
        return &speech;
    }
    if (!(mode & 128)) return models[mode & 3];
    if (!(mode & 32)) return models[4 + (mode & 3)];
    *format = mode & 64 ? RD_FORMAT_CONLL : RD_FORMAT_CONLLU;
    if (mode & 2) return mode & 1 ? &said : &book;
    return mode & 1 ? &tagger : &listed;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 1) return 0;
    unsigned mode = bytes[0];
    RdFormat format;
    const RdModel *model = choose(mode, &format);
    RdReadOptions options = {.need_targets = mode & 4,
                             .take_targets = mode & 16,
                             .skip_bad = mode & 8,
                             .keep_text = mode & 16,
                             .format = format};
    int fd = memfd_create("data", 0);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check(write(fd, bytes + 1, size - 1) == (ssize_t)size - 1);
    RdData data;
    RdError error = {""};
    if (rd_data_read(path, model, options, &data, &error))
        use(model, &data);
    else
        check(error.text[0] && strlen(error.text) < sizeof error.text);
    rd_data_free(&data);
    close(fd);
    return 0;
}
