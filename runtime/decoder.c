#include "decoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "batch.h"
#include "ctc.h"
#include "evaluate.h"
#include "tokens.h"

/* A batch whose scores were computed. */
typedef struct {
    const RdSession *session;
    const RdDecoding *decoding;
    const RdVocab *vocab; /* of the text */
    const int *position;  /* which record each example is */
    int width;
    RdMadeTexts *texts;
} Decoder;

/* The scores of example b, step by step; freed with free. */
static double *scores_of(const Decoder *d, int b, int steps, int choices) {
    int output = d->decoding->output, n = d->session->model->outputs[output].per_step;
    double *scores = rd_zeros((size_t)steps * (size_t)choices, sizeof *scores), *to = scores;
    for (int t = 0; t < steps; t++) {
        int row = rd_batch_row(d->session->run.batch, n, b, t);
        for (int k = 0; k < choices; k++)
            *to++ = rd_output_real(d->session, output, choices, row, k);
    }
    return scores;
}

static char *text_of(const RdColumn *column, const RdVocab *vocab, const RdLabels *labels) {
    size_t size = 1;
    for (int i = 0; i < labels->count; i++) size += strlen(vocab->word[labels->label[i]]) + 2;
    char *text = rd_zeros(size, 1), *at = text;
    for (int i = 0; i < labels->count; i++)
        at += rd_token_text(column, vocab->word[labels->label[i]], i == 0, at);
    return text;
}

static void decode_example(void *context, int b) {
    const Decoder *d = context;
    const RdModel *model = d->session->model;
    const RdDecoding *decoding = d->decoding;
    int steps = rd_batch_steps(d->session->run.batch, model->outputs[decoding->output].per_step, b);
    int choices = rd_output_columns(d->session, decoding->output);
    double *scores = scores_of(d, b, steps, choices);
    RdLabels labels = {.label = rd_zeros((size_t)steps, sizeof *labels.label)};
    if (d->width > 1)
        rd_prefix_search(scores, steps, choices, decoding->blank, d->width, &labels);
    else
        rd_best_path(scores, steps, choices, decoding->blank, &labels);
    int i = d->position[b];
    d->texts->token[i] = labels.label;
    d->texts->tokens[i] = labels.count;
    d->texts->text[i] = text_of(&model->columns[decoding->column], d->vocab, &labels);
    d->texts->score[i] = labels.logp;
    free(scores);
}

static void decode_plan(Decoder *d, RdSession *session, RdPlan *plan) {
    RdBatch batch;
    session->model->prepare(&session->run, false);
    session->run.batch = &batch;
    rd_plan_sorted(plan);
    for (int k = 0; k < plan->batch_count; k++) {
        rd_plan_batch(plan, k, &batch);
        session->model->infer(&session->run);
        d->position = rd_plan_positions(plan, k);
        rd_parallel(session->run.pool, batch.examples, decode_example, d);
    }
    session->run.batch = NULL;
}

bool rd_decode(RdTrained *trained, const RdOptions *options, const RdData *data, RdMadeTexts *texts,
               RdError *error) {
    const RdDecoding *decoding = trained->model->decoding;
    const RdVocab *vocab = &trained->saved.vocab[decoding->column];
    Decoder decoder = {&trained->session, decoding, vocab, NULL, options->beam, texts};
    RdExamples examples;
    RdPlan plan;
    *texts = rd_made_texts(data->count);
    if (decoding->blank >= vocab->size)
        return rd_fail(error, "the blank is number %d, but '%s' has %d values", decoding->blank,
                       trained->model->columns[decoding->column].name, vocab->size);
    rd_encode(trained->model, data, trained->saved.vocab, &examples);
    rd_plan_new(&examples, options->batch, &plan);
    bool good = rd_trained_fit(trained, rd_plan_sizes(&plan, trained->saved.vocab), error);
    if (good) decode_plan(&decoder, &trained->session, &plan);
    rd_plan_free(&plan);
    rd_examples_free(&examples);
    return good;
}
