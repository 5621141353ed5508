#include "evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "scale.h"

/* ---- the answer ---- */

static const RdAnswer no_answer = {
    .column = -1, .index = -1, .probability = -1, .number = -1, .weight = -1};

RdAnswer rd_answer(const RdModel *model) {
    RdAnswer answer = no_answer;
    for (int i = 0; i < model->output_count; i++) {
        const RdOutput *output = &model->outputs[i];
        bool numbers = output->of >= 0 && model->columns[output->of].kind == RD_NUMBERS;
        bool counts = output->of >= 0 && !numbers && (output->index || output->columns != 1);
        if (numbers && answer.column < 0) answer.number = i;
        if (numbers && answer.column < 0) answer.column = output->of;
        if (counts && answer.column < 0) answer.column = output->of;
        bool answers = counts && answer.column == output->of;
        if (answers && output->index && answer.index < 0) answer.index = i;
        if (answers && !output->index && answer.probability < 0) answer.probability = i;
        bool one_a_step = output->per_step && !output->index && output->columns == 1 &&
                          model->sequences[output->per_step - 1].column >= 0;
        if (one_a_step && answer.weight < 0) answer.weight = i;
    }
    return answer;
}

static const RdOutput *answer_output(const RdModel *model, const RdAnswer *answer) {
    int output = answer->number >= 0  ? answer->number
                 : answer->index >= 0 ? answer->index
                                      : answer->probability;
    return &model->outputs[output];
}

bool rd_answer_per_step(const RdModel *model, const RdAnswer *answer) {
    return answer->column >= 0 && answer_output(model, answer)->per_step;
}

int rd_output_columns(const RdSession *session, int output) {
    int columns = session->model->outputs[output].columns;
    return columns < 0 ? session->run.sizes.vocab[-1 - columns] : columns;
}

double rd_output_real(const RdSession *session, int output, int columns, int row, int column) {
    int stride = session->model->outputs[output].stride;
    if (stride == 0) stride = columns;
    if (stride < 0) stride = (columns - 1 - stride) / -stride * -stride;
    size_t at = (size_t)row * (size_t)stride + (size_t)column;
    const void *values = session->run.output[output];
    if (session->model->real_size == sizeof(double)) return ((const double *)values)[at];
    return ((const float *)values)[at];
}

int rd_answer_number(const RdSession *session, const RdAnswer *answer, int row) {
    if (answer->index >= 0) return ((const int *)session->run.output[answer->index])[row];
    int columns = rd_output_columns(session, answer->probability), best = 0;
    double most = -INFINITY;
    for (int i = 0; i < columns; i++) {
        double value = rd_output_real(session, answer->probability, columns, row, i);
        if (value > most) best = i;
        if (value > most) most = value;
    }
    return best;
}

/* ---- measuring ---- */

/* Tags mark chunks or they do not: that their names tell. */
static bool chunks_init(RdChunks *chunks, const RdColumn *column, const RdVocab *vocab) {
    const char **name = calloc((size_t)column->class_count, sizeof *name);
    for (int i = 0; name && i < column->class_count; i++) name[i] = rd_value_name(column, vocab, i);
    bool done = name && rd_chunks_init(chunks, name, column->class_count);
    free((void *)name);
    return done;
}

int rd_produced_text(const RdModel *model) {
    for (int c = 0; c < model->column_count; c++)
        if (rd_text_produced(&model->columns[c]) &&
            model->columns[c].per_step == model->loss_per_step)
            return c;
    return -1;
}

/* The same as a column; NULL for none. */
static const RdColumn *produced_text(const RdModel *model) {
    int column = rd_produced_text(model);
    return column < 0 ? NULL : &model->columns[column];
}

/* Whether there is an answer for each value of the column that is asked for. */
static bool compares(const RdModel *model, const RdAnswer *answer) {
    if (answer->column < 0) return true;
    return answer_output(model, answer)->per_step == model->columns[answer->column].per_step;
}

bool rd_evaluation_init(RdEvaluation *evaluation, const RdModel *model, const RdVocab *vocab,
                        const RdExamples *examples) {
    *evaluation = (RdEvaluation){.answer = rd_answer(model), .text = produced_text(model)};
    size_t places = (size_t)examples->count + 1;
    evaluation->example_loss = calloc(places, sizeof *evaluation->example_loss);
    evaluation->example_weight = calloc(places, sizeof *evaluation->example_weight);
    evaluation->example_right = calloc(places, sizeof *evaluation->example_right);
    if (!compares(model, &evaluation->answer)) evaluation->answer = no_answer;
    int column = evaluation->answer.column;
    bool classes = column >= 0 && model->columns[column].class_count > 0;
    if (classes && !rd_confusion_init(&evaluation->confusion, model->columns[column].class_count))
        return false;
    if (classes && model->columns[column].kind == RD_TAGS &&
        !chunks_init(&evaluation->chunks, &model->columns[column], &vocab[column]))
        return false;
    if (evaluation->answer.number >= 0) {
        size_t rows =
            rd_examples_rows(examples, answer_output(model, &evaluation->answer)->per_step);
        if (!rd_numbers_init(&evaluation->numbers, rows, model->columns[column].numbers))
            return false;
    }
    return evaluation->example_loss && evaluation->example_weight && evaluation->example_right;
}

void rd_evaluation_free(RdEvaluation *evaluation) {
    free(evaluation->example_loss);
    free(evaluation->example_weight);
    free(evaluation->example_right);
    rd_confusion_free(&evaluation->confusion);
    rd_chunks_free(&evaluation->chunks);
    rd_numbers_free(&evaluation->numbers);
    *evaluation = (RdEvaluation){0};
}

/* Number k of a row of the answer in the data's units. */
static double in_units(const RdExamples *examples, int column, int k, double value) {
    return examples->vocab ? rd_unscale(&examples->vocab[column], k, value) : value;
}

static double real_at(const RdModel *model, const void *reals, size_t i) {
    return model->real_size == sizeof(double) ? ((const double *)reals)[i]
                                              : (double)((const float *)reals)[i];
}

static double sum_of(const RdModel *model, const void *reals, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += real_at(model, reals, (size_t)i);
    return sum;
}

double rd_loss_sum(const RdSession *session, int count) {
    return sum_of(session->model, session->run.loss, count);
}

double rd_weight_sum(const RdSession *session, int count) {
    return session->run.weight ? sum_of(session->model, session->run.weight, count) : count;
}

double rd_mean_loss(double sum, double weight) { return weight == 0 ? 0 : sum / weight; }

/* The sum over the targets of packed example b from step `first` on, in their order, of what there
 * is for each; NULL is 1 each. */
static double sum_of_example(const RdSession *session, const void *reals, const RdBatch *batch,
                             int b, int first) {
    int n = session->model->loss_per_step;
    double sum = 0;
    for (int t = first; t < rd_batch_steps(batch, n, b); t++) {
        int row = rd_batch_row(batch, n, b, t);
        sum += reals ? real_at(session->model, reals, (size_t)row) : 1;
    }
    return sum;
}

/* Keeps the numbers of packed example b, which is example `position` of the data. */
static void keep_numbers(RdEvaluation *evaluation, const RdSession *session,
                         const RdExamples *examples, int b, size_t position) {
    const RdBatch *batch = session->run.batch;
    const RdAnswer *answer = &evaluation->answer;
    size_t columns = (size_t)evaluation->numbers.columns, at = position * columns;
    for (size_t k = 0; k < columns; k++) {
        double truth =
            real_at(session->model, batch->real[answer->column], (size_t)b * columns + k);
        double predicted = rd_output_real(session, answer->number, (int)columns, b, (int)k);
        evaluation->numbers.truth[at + k] = in_units(examples, answer->column, (int)k, truth);
        evaluation->numbers.predicted[at + k] =
            in_units(examples, answer->column, (int)k, predicted);
    }
}

/* Compares the answers for packed example b, from step `first` on, with what is true; returns how
 * many are right. */
static int compare(RdEvaluation *evaluation, const RdSession *session, const RdBatch *batch, int b,
                   int first) {
    const RdAnswer *answer = &evaluation->answer;
    if (answer->column < 0 || answer->number >= 0) return 0;
    int n = answer_output(session->model, answer)->per_step, right = 0;
    for (int t = first; t < rd_batch_steps(batch, n, b); t++) {
        int row = rd_batch_row(batch, n, b, t);
        int truth = batch->index[answer->column][row];
        int predicted = rd_answer_number(session, answer, row);
        right += truth == predicted;
        if (evaluation->confusion.classes)
            rd_confusion_add(&evaluation->confusion, truth, predicted);
        if (evaluation->chunks.apply) rd_chunks_word(&evaluation->chunks, truth, predicted);
    }
    if (evaluation->chunks.apply) rd_chunks_end(&evaluation->chunks);
    return right;
}

/* Adds up in the order of the data. */
static void conclude(RdEvaluation *evaluation, const RdModel *model, const RdExamples *examples) {
    double loss = 0, weight = 0;
    long right = 0, answers = 0;
    for (int i = 0; i < examples->count; i++) {
        loss += evaluation->example_loss[i];
        weight += evaluation->example_weight[i];
        right += evaluation->example_right[i];
    }
    long twice = (long)examples->overlap * (examples->count - 1);
    evaluation->targets = (long)rd_examples_rows(examples, model->loss_per_step) - twice;
    if (evaluation->answer.column >= 0)
        answers =
            (long)rd_examples_rows(examples, answer_output(model, &evaluation->answer)->per_step) -
            twice;
    evaluation->loss = rd_mean_loss(loss, weight);
    evaluation->accuracy = answers ? (double)right / (double)answers : 0;
}

void rd_evaluate(RdEvaluation *evaluation, RdSession *session, RdPlan *plan) {
    const RdModel *model = session->model;
    RdBatch batch;
    if (evaluation->confusion.classes) rd_confusion_clear(&evaluation->confusion);
    if (evaluation->chunks.apply) rd_chunks_clear(&evaluation->chunks);
    rd_plan_sorted(plan);
    session->run.batch = &batch;
    model->prepare(&session->run, false);
    rd_plan_start(plan, model);
    for (int k = 0; k < plan->batch_count; k++) {
        rd_plan_batch(plan, k, &batch);
        model->infer(&session->run);
        rd_plan_carry(plan, model, &session->run);
        const int *position = rd_plan_positions(plan, k);
        for (int b = 0; b < batch.examples; b++) {
            const RdRun *run = &session->run;
            int i = position[b], first = i > 0 ? plan->examples->overlap : 0;
            evaluation->example_loss[i] = sum_of_example(session, run->loss, &batch, b, first);
            evaluation->example_weight[i] = sum_of_example(session, run->weight, &batch, b, first);
            evaluation->example_right[i] = compare(evaluation, session, &batch, b, first);
            if (evaluation->numbers.columns)
                keep_numbers(evaluation, session, plan->examples, b, (size_t)position[b]);
        }
    }
    session->run.batch = NULL;
    conclude(evaluation, model, plan->examples);
}

static bool number_metric(const RdNumbers *numbers, const char *metric, double *value) {
    static const struct {
        const char *name;
        double (*metric)(const RdNumbers *);
    } metrics[] = {
        {"rmse", rd_rmse}, {"mae", rd_mae}, {"r2", rd_r2}, {"exact_match", rd_exact_match}};
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++)
        if (!strcmp(metric, metrics[i].name)) return *value = metrics[i].metric(numbers), true;
    return false;
}

/* "f1", "macro_f1", "micro_f1" and so on. */
static bool class_metric(const RdConfusion *confusion, const char *metric, double *value) {
    static const struct {
        const char *name;
        RdClassMetric *metric;
    } metrics[] = {{"precision", rd_precision}, {"recall", rd_recall}, {"f1", rd_class_f1}};
    bool macro = strncmp(metric, "macro_", 6) == 0, micro = strncmp(metric, "micro_", 6) == 0;
    if (macro || micro) metric += 6;
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        if (strcmp(metric, metrics[i].name) || !confusion->classes) continue;
        *value = micro   ? rd_accuracy(confusion)
                 : macro ? rd_macro(confusion, metrics[i].metric)
                         : rd_binary_or_macro(confusion, metrics[i].metric);
        return true;
    }
    return false;
}

/* "entity_f1" and so on. */
static bool chunk_metric(const RdChunks *chunks, const char *metric, double *value) {
    static const struct {
        const char *name;
        double (*metric)(RdChunkCount);
    } metrics[] = {{"entity_precision", rd_chunk_precision},
                   {"entity_recall", rd_chunk_recall},
                   {"entity_f1", rd_chunk_f1}};
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        if (strcmp(metric, metrics[i].name) || !chunks->apply) continue;
        return *value = metrics[i].metric(rd_chunks_all(chunks)), true;
    }
    return false;
}

double rd_perplexity(double loss) { return exp(loss); }

double rd_bits(double loss) { return loss / M_LN2; }

bool rd_metric_value(const RdEvaluation *evaluation, const char *metric, double *value) {
    bool perplexity = !strcmp(metric, "perplexity");
    if (perplexity || !strcmp(metric, "bpc")) {
        *value = (perplexity ? rd_perplexity : rd_bits)(evaluation->loss);
        return true;
    }
    if (evaluation->answer.column < 0) return false;
    if (evaluation->numbers.columns) return number_metric(&evaluation->numbers, metric, value);
    if (!strcmp(metric, "accuracy")) {
        *value = evaluation->accuracy;
        return true;
    }
    return class_metric(&evaluation->confusion, metric, value) ||
           chunk_metric(&evaluation->chunks, metric, value);
}
